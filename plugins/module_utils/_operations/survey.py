# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The huaweicloud.cce contributors

# Private to the collection: it may change in any release. Do not import it from outside.
"""Read the add-ons of a cluster and their templates, and plan with them, in as few requests as possible."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from .._ground.errors import BadAnswer, Forbidden, InputError, NotFound, TimedOut
from .._ground.typed import ApiObject, as_mapping, as_text
from .._model.cluster import read_cluster
from .._model.instance import (
    Addon,
    Instance,
    completed,
    describe_instance,
    find_instance,
    shown_name,
)
from .._model.secrets import masked, secrets
from .._model.version import ClusterKind, Offer, offers
from .._module.task import Task
from .._rules import plan as rules
from .._rules.plan import Step
from .._rules.wants import Want, Wants
from .access import ClusterAccess


@dataclass(frozen=True)
class Survey:
    """What a plan is made from."""

    instances: list[Instance]
    offered: dict[str, dict[str, Offer]]
    cluster: ClusterKind | None


def survey(access: ClusterAccess, wants: Wants, *, may_install: bool = False) -> Survey:
    """Read the add-ons of a cluster and the versions that are on offer for those that are wanted.

    It takes two requests, and a third if the cluster's version decides what is offered: usually CCE tells that for each
    instance.

    Raises:
        InputError: An exclusion names an add-on that is neither installed nor on offer.
    """
    instances = access.instances()
    wanted = rules.expand_wants(wants, instances)
    templates = known_templates(access, wants, instances)
    if not wanted:
        return Survey(instances, {}, None)
    offered = _offered(access, wanted, templates)
    found = [
        find_instance(instances, addon_template_name=want.name, addon_instance_id=want.addon_instance_id)
        for want in wanted
    ]
    asked = any(rules.needs_cluster(instance) for instance in found if instance is not None or may_install)
    cluster = read_cluster(access.cce.cluster(access.cluster_id)) if asked else None
    return Survey(instances, offered, cluster)


def known_templates(access: ClusterAccess, wants: Wants, instances: Sequence[Instance]) -> list[ApiObject] | None:
    """Return all templates if they are needed to tell whether an exclusion is misspelt, else None.

    Raises:
        InputError: An exclusion names an add-on that is neither installed nor on offer.
    """
    strangers = rules.strangers(wants, instances)
    if not strangers:
        return None
    templates = access.cce.templates(access.cluster_id)
    names = {instance.addon_template_name for instance in instances}
    rules.refuse_strangers(strangers, names.union(name for name in map(_template_name, templates) if name))
    return templates


def _template_name(template: ApiObject) -> str | None:
    return as_text(as_mapping(template.get("metadata")).get("name"))


def _offered(
    access: ClusterAccess, wanted: Sequence[Want], templates: list[ApiObject] | None
) -> dict[str, dict[str, Offer]]:
    """Return what the templates offer, by template name. For one add-on, only its template is requested."""
    names = {want.name for want in wanted}
    if templates is None:
        templates = access.cce.templates(access.cluster_id, next(iter(names)) if len(names) == 1 else None)
    found: dict[str, dict[str, Offer]] = {}
    for template in templates:
        name = _template_name(template)
        if name is not None and name in names:
            found[name] = {**found.get(name, {}), **offers(template)}
    return found


def plan(
    access: ClusterAccess,
    wants: Wants,
    *,
    allow_unstable: bool = False,
    may_install: bool = False,
    versions: Mapping[str, str] | None = None,
) -> list[Step]:
    """Read a cluster and return what would happen to each wanted add-on. Secrets in values are hidden from results.

    It takes one request more for each add-on of which the list tells too little.
    """
    read = survey(access, wants, may_install=may_install)

    def steps_for(instances: Sequence[Instance]) -> list[Step]:
        return rules.make_plan(
            wants,
            instances,
            read.offered,
            read.cluster,
            allow_unstable=allow_unstable,
            may_install=may_install,
            versions=versions,
        )

    steps = steps_for(read.instances)
    untold = {step.instance.id for step in steps if step.instance and rules.needs_closer_look(step)}
    if untold:
        steps = steps_for([look_closer(access, item) if item.id in untold else item for item in read.instances])
    hide_values(access.task, steps)
    return steps


def look_closer(access: ClusterAccess, listed: Instance) -> Instance:
    """Return an add-on with what a request for it alone tells.

    Raises:
        BadAnswer: CCE answers with another one.
    """
    try:
        shown = access.instance(listed.id)
    except (Forbidden, NotFound, InputError) as error:  # an id in the answer may not be a valid one
        access.task.warn(f"The list of add-ons tells too little of {listed.addon_template_name}. {error.message}")
        return replace(listed, values=listed.values or None)
    if shown.id not in ("", listed.id):
        raise BadAnswer(
            f"CCE was asked for add-on instance {listed.id} of cluster {access.cluster_id}, and answers with "
            f"{shown.id}. Nothing of it is used. Run the task again; if it stays, ask the cloud's support.",
            retryable=True,
        )
    return completed(listed, shown)


def hide_values(task: Task, steps: Sequence[Step]) -> None:
    """Hide every secret in the values of steps, and in what the user gave."""
    marked = marked_secret(task)
    for step in steps:
        present = step.instance.values if step.instance else None
        for values in (step.values, step.want.values, present):
            task.hide(secrets(values, marked))


def marked_secret(task: Task) -> list[str]:
    """Return the keys of values that the user marked as secret."""
    return list(task.params.get("secret_values") or [])


def shown_instance(task: Task, instance: Instance) -> Addon:
    """Return an instance as modules return it. Secrets are masked in its values, and in what CCE says of it."""
    marked = marked_secret(task)
    task.hide(secrets(instance.values, marked))
    reason, message = (text and task.conceal(text) for text in (instance.reason, instance.message))
    return describe_instance(replace(instance, reason=reason, message=message), masked(instance.values, marked))


def plan_when_idle(
    access: ClusterAccess,
    wants: Wants,
    *,
    timeout_option: str | None,
    allow_unstable: bool = False,
    may_install: bool = False,
    versions: Mapping[str, str] | None = None,
) -> list[Step]:
    """Plan, at once or after operations on wanted add-ons have ended.

    Args:
        access: The cluster.
        wants: What is wanted.
        timeout_option: Name of the option with the seconds to wait for operations at most; None to plan at once.
        allow_unstable: Whether `latest` may be a version that is not marked stable.
        may_install: Whether an add-on that is not there may be installed.
        versions: What `latest` stands for, by template name.

    Raises:
        TimedOut: The operations did not end in time.
    """

    def planned() -> list[Step]:
        return plan(access, wants, allow_unstable=allow_unstable, may_install=may_install, versions=versions)

    steps = planned()
    under_way = [step.instance.id for step in steps if step.instance is not None and step.instance.is_busy]
    if timeout_option and under_way:
        wait_until_idle(access, under_way, timeout_option)
        steps = planned()
    return steps


def busy(steps: Sequence[Step]) -> list[str]:
    """Return the names of the add-ons on which an operation is under way."""
    return [step.name for step in steps if step.instance is not None and step.instance.is_busy]


def wait_until_idle(access: ClusterAccess, ids: Sequence[str], timeout_option: str = "wait_timeout") -> list[Instance]:
    """Wait until no operation is under way on the instances of some ids, and return all instances of the cluster.

    Raises:
        TimedOut: The operations did not end within the time of the option.
    """

    def still_busy(instances: Sequence[Instance]) -> list[Instance]:
        return [item for item in instances if item.id in ids and item.is_busy]

    def in_words(instances: Sequence[Instance]) -> str:
        states = [f"{shown_name(item, instances)} is {item.status}" for item in still_busy(instances)]
        return ", ".join(states) or "no operation is under way"

    waited = access.wait_for(
        access.instances,
        lambda state: not still_busy(state),
        in_words,
        timeout=access.task.params[timeout_option],
    )
    if not waited.is_done:
        raise TimedOut(
            f"An operation was still under way after {access.task.params[timeout_option]:g} s in cluster "
            f"{access.cluster_id}: {in_words(waited.state)}. Nothing was sent in the meantime. Wait for the operation "
            f"to end, or raise {timeout_option}.{waited.doubt}"
        )
    return waited.state
