# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The huaweicloud.cce contributors

# Private to the collection: it may change in any release. Do not import it from outside.
"""Reads a cluster's add-ons and their templates, and plans with them, in as few requests as possible."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from . import _plan, _waiting
from ._addons import Instance, find_instance, read_instances
from ._cce import Cce
from ._clusters import read_cluster
from ._errors import TimedOut
from ._plan import Step, Want, Wants
from ._task import Task
from ._values import masked, secrets, sync_strategy
from ._versions import Cluster, Offer, offers


@dataclass(frozen=True)
class Survey:
    """What a plan is made from."""

    instances: list[Instance]
    offered: dict[str, dict[str, Offer]]
    cluster: Cluster | None


def survey(cce: Cce, cluster_id: str, wants: Wants, *, may_install: bool = False) -> Survey:
    """Read the add-ons of a cluster and what may become of those that are wanted.

    Two requests; a third where the cluster's version decides what is offered, which CCE usually tells per instance.
    """
    instances = read_instances(cce.addons(cluster_id))
    wanted = _plan.in_order(wants, instances)
    if not wanted:
        return Survey(instances, {}, None)
    offered = _offered(cce, cluster_id, wanted)
    found = [find_instance(instances, addon_template_name=want.name) for want in wanted]
    asked = any(_plan.needs_cluster(instance) for instance in found if instance is not None or may_install)
    cluster = read_cluster(cce.cluster(cluster_id)) if asked else None
    return Survey(instances, offered, cluster)


def _offered(cce: Cce, cluster_id: str, wanted: Sequence[Want]) -> dict[str, dict[str, Offer]]:
    """Return what the templates offer, by template name. For one add-on, its template alone is asked for."""
    names = {want.name for want in wanted}
    templates = cce.templates(cluster_id, next(iter(names)) if len(names) == 1 else None)
    found: dict[str, dict[str, Offer]] = {}
    for template in templates:
        metadata = template.get("metadata")
        name = metadata.get("name") if isinstance(metadata, dict) else None
        if name in names:
            found[name] = {**found.get(name, {}), **offers(template)}
    return found


def plan(
    cce: Cce, task: Task, cluster_id: str, wants: Wants, *, allow_unstable: bool = False, may_install: bool = False
) -> list[Step]:
    """Read a cluster and return what would happen to each wanted add-on. Secrets in values are hidden from results."""
    read = survey(cce, cluster_id, wants, may_install=may_install)
    steps = _plan.make_plan(
        wants, read.instances, read.offered, read.cluster, allow_unstable=allow_unstable, may_install=may_install
    )
    hide_values(task, steps)
    return steps


def hide_values(task: Task, steps: Sequence[Step]) -> None:
    """Hide every secret in the values of steps, also in what the user gave."""
    marked = marked_secret(task)
    for step in steps:
        present = step.instance.values if step.instance else {}
        for values in (step.values, step.want.values, present):
            task.hide(secrets(values, marked))


def marked_secret(task: Task) -> list[str]:
    """Return the keys of values that the user marked as secret."""
    return list(task.params.get("secret_values") or [])


def describe(step: Step, task: Task) -> dict[str, Any]:
    """Return a step as the modules return it: one entry of `plan`. Secrets in its values are masked."""
    instance = step.instance
    return {
        "name": step.name,
        "action": step.action,
        "why": step.why,
        "from": instance.version if instance else None,
        "to": step.version,
        "status": instance.status if instance else None,
        "previous_version": instance.previous_version if instance else None,
        "updated_at": instance.updated_at if instance else None,
        "present_sync_strategy": sync_strategy(instance.values) if instance else None,
        "addon_instance_id": instance.id if instance else None,
        "values": masked(step.values, marked_secret(task)),
        "values_changed": list(step.changed),
        "values_fingerprint": step.fingerprint,
        "values_policy": step.want.values_policy,
        "sync_strategy": step.want.sync_strategy,
        "offered": list(step.offered),
    }


def busy(steps: Sequence[Step]) -> list[str]:
    """Return the names of the add-ons on which an operation is under way."""
    return [step.name for step in steps if step.instance is not None and step.instance.is_busy]


def wait_until_idle(cce: Cce, task: Task, cluster_id: str, names: Sequence[str]) -> list[Instance]:
    """Wait until no operation is under way on any of the add-ons, and return the instances of the cluster.

    Raises:
        TimedOut: `wait_timeout` was over first.
    """

    def still_busy(instances: Sequence[Instance]) -> list[Instance]:
        return [item for item in instances if item.addon_template_name in names and item.is_busy]

    def in_words(instances: Sequence[Instance]) -> str:
        states = [f"{item.addon_template_name} is {item.status}" for item in still_busy(instances)]
        return f"cluster {cluster_id}: {', '.join(states) or 'no operation is under way'}"

    waited = _waiting.poll(
        lambda: read_instances(cce.addons(cluster_id)),
        lambda state: not still_busy(state),
        timeout=task.params["wait_timeout"],
        clock=task.clock.monotonic,
        sleep=task.clock.sleep,
        progress=task.progress,
        describe=in_words,
        not_after=cce.http.not_after,
        fixed_interval=task.params["wait_interval"],
    )
    if not waited.is_done:
        raise TimedOut(
            f"An operation was still under way after {task.params['wait_timeout']:g} s in {in_words(waited.state)}. "
            f"Nothing was changed by this task. Wait for the operation to end, or raise wait_timeout.{waited.doubt}"
        )
    return waited.state
