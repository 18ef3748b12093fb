# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The huaweicloud.cce contributors

# Private to the collection: it may change in any release. Do not import it from outside.
"""Reads a cluster's add-ons and their templates, and plans with them, in as few requests as possible."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from .._api.cce import Cce
from .._ground.errors import BadAnswer, Forbidden, InputError, NotFound, TimedOut
from .._ground.text import printable
from .._model.cluster import read_cluster, read_clusters
from .._model.instance import (
    Addon,
    Instance,
    completed,
    describe_instance,
    find_instance,
    read_instance,
    read_instances,
    shown_name,
)
from .._model.secrets import masked, secrets
from .._model.values import sync_strategy
from .._model.version import ClusterKind, Offer, offers
from .._module.task import Result, Task
from .._operations import waiting
from .._rules import plan as rules
from .._rules.plan import Step
from .._rules.wants import Want, Wants


def which_cluster(cce: Cce, task: Task) -> str:
    """Return the id of the cluster that a task means by `cluster_id`, by `cluster_name`, or by both.

    Raises:
        InputError: It names none, the name is not that of exactly one cluster, or id and name are of two clusters.
    """
    cluster_id, name = task.params["cluster_id"], task.params["cluster_name"]
    if cluster_id and name:
        _refuse_other_name(cce, cluster_id, name)
    if cluster_id:
        return str(cluster_id)
    if not name:
        raise InputError(
            "Which cluster? Neither cluster_id nor cluster_name is given. Set one of them, for a role its variable of "
            "that name, or use an inventory of clusters."
        )
    found = [cluster.id for cluster in read_clusters(cce.clusters()) if cluster.name == name and cluster.id]
    if not found:
        raise InputError(f"No cluster of project {cce.project_id()} has the name {name}. Look at region and project.")
    if len(found) > 1:
        raise InputError(
            f"{len(found)} clusters have the name {name}: {', '.join(found)}. Set cluster_id to one of them."
        )
    return found[0]


def _refuse_other_name(cce: Cce, cluster_id: str, name: str) -> None:
    """Refuse an id and a name that are of two clusters, as one of them must be a mistake."""
    cluster = read_cluster(cce.cluster(cluster_id))
    # The console shows the alias, and lets people change it.
    if name not in (cluster.name, cluster.alias):
        called = printable(cluster.name or "(no name)")
        raise InputError(
            f"Nothing was changed: cluster_id and cluster_name are of two clusters. CCE says that the cluster "
            f"{printable(cluster_id)} is called {called}, not {printable(name)}. Leave out the one that is wrong."
        )


@dataclass(frozen=True)
class Survey:
    """What a plan is made from."""

    instances: list[Instance]
    offered: dict[str, dict[str, Offer]]
    cluster: ClusterKind | None


def survey(cce: Cce, cluster_id: str, wants: Wants, *, may_install: bool = False) -> Survey:
    """Read the add-ons of a cluster and what may become of those that are wanted.

    Two requests; a third where the cluster's version decides what is offered, which CCE usually tells per instance.

    Raises:
        InputError: What is to be left out is neither installed nor on offer.
    """
    instances = read_instances(cce.addons(cluster_id))
    wanted = rules.expand_wants(wants, instances)
    templates = known_templates(cce, cluster_id, wants, instances)
    if not wanted:
        return Survey(instances, {}, None)
    offered = _offered(cce, cluster_id, wanted, templates)
    found = [
        find_instance(instances, addon_template_name=want.name, addon_instance_id=want.addon_instance_id)
        for want in wanted
    ]
    asked = any(rules.needs_cluster(instance) for instance in found if instance is not None or may_install)
    cluster = read_cluster(cce.cluster(cluster_id)) if asked else None
    return Survey(instances, offered, cluster)


def known_templates(
    cce: Cce, cluster_id: str, wants: Wants, instances: Sequence[Instance]
) -> list[dict[str, Any]] | None:
    """Return all templates, or None if they need not be read: they tell whether an exclusion was misspelt.

    Raises:
        InputError: What is to be left out is neither installed nor on offer.
    """
    strangers = rules.strangers(wants, instances)
    if not strangers:
        return None
    templates = cce.templates(cluster_id)
    names = {instance.addon_template_name for instance in instances}
    rules.refuse_strangers(strangers, names.union(name for name in map(_template_name, templates) if name))
    return templates


def _template_name(template: dict[str, Any]) -> str | None:
    metadata = template.get("metadata")
    name = metadata.get("name") if isinstance(metadata, dict) else None
    return name if isinstance(name, str) else None


def _offered(
    cce: Cce, cluster_id: str, wanted: Sequence[Want], templates: list[dict[str, Any]] | None
) -> dict[str, dict[str, Offer]]:
    """Return what the templates offer, by template name. For one add-on, its template alone is asked for."""
    names = {want.name for want in wanted}
    if templates is None:
        templates = cce.templates(cluster_id, next(iter(names)) if len(names) == 1 else None)
    found: dict[str, dict[str, Offer]] = {}
    for template in templates:
        name = _template_name(template)
        if name is not None and name in names:
            found[name] = {**found.get(name, {}), **offers(template)}
    return found


def plan(
    cce: Cce, task: Task, cluster_id: str, wants: Wants, *, allow_unstable: bool = False, may_install: bool = False
) -> list[Step]:
    """Read a cluster and return what would happen to each wanted add-on. Secrets in values are hidden from results.

    Where the list of add-ons tells too little of one, it is one request more for each of those.
    """
    read = survey(cce, cluster_id, wants, may_install=may_install)

    def steps_for(instances: Sequence[Instance]) -> list[Step]:
        return rules.make_plan(
            wants, instances, read.offered, read.cluster, allow_unstable=allow_unstable, may_install=may_install
        )

    steps = steps_for(read.instances)
    untold = {step.instance.id for step in steps if step.instance and rules.needs_closer_look(step)}
    if untold:
        steps = steps_for(
            [look_closer(cce, task, cluster_id, item) if item.id in untold else item for item in read.instances]
        )
    hide_values(task, steps)
    return steps


def look_closer(cce: Cce, task: Task, cluster_id: str, listed: Instance) -> Instance:
    """Return an add-on with what CCE tells of it where it is asked for it alone.

    Raises:
        BadAnswer: CCE tells of another one.
    """
    try:
        shown = read_instance(cce.addon(cluster_id, listed.id))
    except (Forbidden, NotFound, InputError) as error:  # an id of the answer may be none
        task.warn(f"The list of add-ons tells too little of {listed.addon_template_name}. {error.message}")
        return replace(listed, values=listed.values or None)
    if shown.id not in ("", listed.id):
        raise BadAnswer(
            f"CCE was asked for add-on instance {listed.id} of cluster {cluster_id}, and answers with {shown.id}. "
            "Nothing of it is used. Run the task again; if it stays, ask the cloud's support.",
            retryable=True,
        )
    return completed(listed, shown)


def hide_values(task: Task, steps: Sequence[Step]) -> None:
    """Hide every secret in the values of steps, also in what the user gave."""
    marked = marked_secret(task)
    for step in steps:
        present = step.instance.values if step.instance else None
        for values in (step.values, step.want.values, present):
            task.hide(secrets(values, marked))


def marked_secret(task: Task) -> list[str]:
    """Return the keys of values that the user marked as secret."""
    return list(task.params.get("secret_values") or [])


def shown_instance(task: Task, instance: Instance) -> Addon:
    """Return an instance as results show it: secrets are masked in its values, and in what CCE says of it."""
    marked = marked_secret(task)
    task.hide(secrets(instance.values, marked))
    reason, message = (text and task.conceal(text) for text in (instance.reason, instance.message))
    return describe_instance(replace(instance, reason=reason, message=message), masked(instance.values, marked))


def describe_step(step: Step, task: Task) -> dict[str, Any]:
    """Return a step as the modules return it: one entry of `plan`. Secrets in its values are masked."""
    instance = step.instance
    return {
        "name": step.name,
        "addon_template_name": step.addon_template_name,
        "action": step.action,
        "why": step.why,
        "failed": step.failed,
        "from": instance.version if instance else None,
        "to": step.version,
        "status": instance.status if instance else None,
        "previous_version": instance.previous_version if instance else None,
        "updated_at": instance.updated_at if instance else None,
        "present_sync_strategy": sync_strategy(instance.values) if instance else None,
        "addon_instance_id": instance.id if instance else None,
        "values": masked(step.values, marked_secret(task)),
        "values_changed": None if step.changed is None else list(step.changed),
        "values_fingerprint": step.fingerprint,
        "values_policy": step.want.values_policy,
        "sync_strategy": step.want.sync_strategy,
        "offered": list(step.offered),
    }


def plan_when_idle(
    cce: Cce, task: Task, cluster_id: str, wants: Wants, *, timeout_option: str | None, **options: bool
) -> list[Step]:
    """Plan with what is there, or with what will be there once no operation is under way on a wanted add-on.

    Args:
        cce: The client.
        task: The run.
        cluster_id: The cluster.
        wants: What is wanted.
        timeout_option: Name of the option that tells how many seconds to wait at the most. None to plan at once.
        **options: Those of `plan`.

    Raises:
        TimedOut: The time was over first.
    """
    steps = plan(cce, task, cluster_id, wants, **options)
    under_way = [step.instance.id for step in steps if step.instance is not None and step.instance.is_busy]
    if timeout_option and under_way:
        wait_until_idle(cce, task, cluster_id, under_way, timeout_option)
        steps = plan(cce, task, cluster_id, wants, **options)
    return steps


# They need much memory and no decision needs them: the fingerprint stands for the settings.
_LEFT_OUT_IN_BRIEF = frozenset({"values", "offered"})


def described(task: Task, cluster_id: str, steps: Sequence[Step], *, brief: bool = False) -> Result:
    """Return the part of a task's result that tells the plan."""
    told = [describe_step(step, task) for step in steps]
    if brief:
        told = [{key: value for key, value in step.items() if key not in _LEFT_OUT_IN_BRIEF} for step in told]
    return {"cluster_id": cluster_id, "plan": told, "text": "\n".join(rules.plan_lines(told))}


def busy(steps: Sequence[Step]) -> list[str]:
    """Return the names of the add-ons on which an operation is under way."""
    return [step.name for step in steps if step.instance is not None and step.instance.is_busy]


def wait_until_idle(
    cce: Cce, task: Task, cluster_id: str, ids: Sequence[str], timeout_option: str = "wait_timeout"
) -> list[Instance]:
    """Wait until no operation is under way on any of some instances, and return all instances of the cluster.

    Raises:
        TimedOut: The time that the option grants was over first.
    """
    timeout = task.params[timeout_option]

    def still_busy(instances: Sequence[Instance]) -> list[Instance]:
        return [item for item in instances if item.id in ids and item.is_busy]

    def in_words(instances: Sequence[Instance]) -> str:
        states = [f"{shown_name(item, instances)} is {item.status}" for item in still_busy(instances)]
        return f"cluster {cluster_id}: {', '.join(states) or 'no operation is under way'}"

    waited = waiting.poll(
        lambda: read_instances(cce.addons(cluster_id)),
        lambda state: not still_busy(state),
        timeout=timeout,
        clock=task.clock.monotonic,
        sleep=task.clock.sleep,
        progress=task.progress,
        describe=in_words,
        not_after=cce.http.not_after,
        fixed_interval=task.params["wait_interval"],
    )
    if not waited.is_done:
        raise TimedOut(
            f"An operation was still under way after {timeout:g} s in {in_words(waited.state)}. "
            f"Nothing was changed by this task. Wait for the operation to end, or raise {timeout_option}.{waited.doubt}"
        )
    return waited.state
