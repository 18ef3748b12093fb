# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The huaweicloud.cce contributors

# Private to the collection: it may change in any release. Do not import it from outside.
"""From what the user wants to what would be sent, add-on by add-on. Pure."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Optional, TypedDict

from .._ground.errors import InputError
from .._ground.text import printable, quoted, table
from .._model.instance import ABNORMAL, FAILED_STATUSES, Instance, find_instance, listing_order, shown_name, with_ids
from .._model.values import (
    CONSISTENT,
    KEEP,
    MERGE,
    RESET,
    SYNC_STRATEGIES,
    Values,
    changed_paths,
    dotted,
    sync_strategy,
    target_values,
    tells_defaults,
    values_fingerprint,
)
from .._model.version import ClusterKind, Offer, choose_latest, is_newer, newest, same_patch_line, supports, version_key
from .wants import (
    CHANGES,
    EDIT,
    IMPOSSIBLE,
    INSTALL,
    LATEST,
    LATEST_PATCH,
    NONE,
    UPGRADE,
    Action,
    Want,
    Wants,
)


@dataclass(frozen=True)
class Step:
    """What would happen to one instance of an add-on, and why.

    `name` is the one that people see, and no other step of the plan has it. The service and policies know the add-on
    by its `addon_template_name`. `failed` says what is wrong with an add-on that is at the wanted version, but whose
    last operation failed. `changed` are the settings that would change; None if CCE does not tell the present ones.
    """

    name: str
    action: Action
    why: str
    want: Want
    instance: Instance | None = None
    version: str | None = None
    values: Values = field(default_factory=dict, repr=False)
    changed: tuple[str, ...] | None = ()
    offered: tuple[str, ...] = ()
    failed: str | None = None

    @property
    def addon_template_name(self) -> str:
        """The add-on, as CCE calls it."""
        return self.want.name

    @property
    def fingerprint(self) -> str | None:
        """The digest that ties a check to the upgrade; None if nothing would be sent."""
        if self.action not in CHANGES:
            return None
        # The check of an upgrade from another version is not a check of this one.
        present = self.instance.version if self.action == UPGRADE and self.instance is not None else None
        return values_fingerprint(f"{present} -> {self.version}" if present else self.version or "", self.values)


class StepTarget(TypedDict):
    """An add-on, and the version that it goes to."""

    name: str
    addon_template_name: str
    addon_instance_id: str | None
    to: str | None


# With the function, as `from` cannot be a name in a class.
FromVersion = TypedDict("FromVersion", {"from": Optional[str]})


class StepChange(StepTarget, FromVersion):  # pylint: disable=inherit-non-class
    """What changes about an add-on."""

    action: Action
    values_fingerprint: str | None


class TicketStep(StepChange):
    """What the gate judges of a step."""

    why: str
    failed: str | None
    previous_version: str | None
    updated_at: str | None
    status: str | None
    present_sync_strategy: str | None


class PlannedStep(TicketStep):
    """One entry of `plan`, as the module that starts checks returns it.

    `values_changed` is None if CCE does not tell the present settings.
    """

    values_changed: list[str] | None
    values_policy: str
    sync_strategy: str | None


class DetailedStep(PlannedStep):
    """One entry of `plan`, as the module that only plans returns it. `values` are masked."""

    values: Values
    offered: list[str]


def expand_wants(wants: Wants, instances: Sequence[Instance]) -> list[Want]:
    """Return a want for each instance that is wanted, in upgrade order. `all` becomes the names that it stands for."""
    by_id = {(want.name, want.addon_instance_id) for want in wants.named}
    free: dict[str, list[Instance]] = {instance.addon_template_name: [] for instance in instances}
    for instance in sorted(instances, key=listing_order):
        if (instance.addon_template_name, instance.id) not in by_id:
            free[instance.addon_template_name].append(instance)
    named = {want.name for want in wants.named if want.addon_instance_id is None} | wants.excluded
    others = sorted(free.keys() - named) if wants.all_at is not None else []
    place = wants.all_at or 0
    ordered = [*wants.named[:place], *(Want(name) for name in others), *wants.named[place:]]
    return [one for want in ordered for one in _spread(want, free.get(want.name))]


def _spread(want: Want, instances: Sequence[Instance] | None) -> list[Want]:
    """Return a want for each instance that a name means; the want itself if none is installed (None)."""
    if want.addon_instance_id is not None or instances is None:
        return [want]
    return [replace(want, addon_instance_id=instance.id) for instance in instances]


# What an add-on's template offers, by version; None if CCE shows no template of that name.
Offers = Optional[Mapping[str, Offer]]


def strangers(wants: Wants, instances: Sequence[Instance]) -> list[str]:
    """Return the exclusions that name no add-on of the cluster."""
    return sorted(wants.excluded - {instance.addon_template_name for instance in instances})


def refuse_strangers(names: Sequence[str], known: Iterable[str]) -> None:
    """Raise InputError if an exclusion names nothing: the add-on that it was to leave out would be upgraded.

    Args:
        names: Those that name no add-on of the cluster.
        known: The names of the add-ons that are installed, or that CCE offers.

    Raises:
        InputError: One of them is none of the known names.
    """
    known = frozenset(known)
    lowered = {name.lower(): name for name in sorted(known)}
    for name in names:
        if name in known:
            continue
        similar = [lowered[found] for found in difflib.get_close_matches(name.lower(), sorted(lowered))]
        raise InputError(
            f"addons: '!{printable(name)}' leaves out nothing, as no add-on of that name is installed or on offer."
            f"{f' Did you mean {quoted(similar)}?' if similar else ''} Nothing was started."
        )


def candidates(instance: Instance | None, offered: Offers, cluster: ClusterKind | None) -> list[str]:
    """Return the versions that an add-on may go to, newest first.

    These are the versions that CCE lists for the instance. If an older cloud lists none, or there is no instance yet,
    they are what the template offers for this cluster, above the present version.
    """
    if instance is not None and instance.target_versions is not None:
        return newest(instance.target_versions)
    fitting = [offer.version for offer in (offered or {}).values() if supports(offer.support_versions, cluster)]
    if instance is not None and instance.version:
        fitting = [version for version in fitting if is_newer(version, instance.version)]
    return newest(fitting)


def untold(want: Want, instance: Instance | None, offered: Offers, cluster: ClusterKind | None) -> str | None:
    """Return why an add-on may go to other versions than the candidates; None if CCE tells all of them.

    If CCE lists the versions of the instance, the template is not needed.
    """
    listed = instance.target_versions if instance is not None else None
    if listed is None and not offered:
        return (
            "CCE does not tell which versions are on offer (it shows no template of this name, or one of no versions)"
        )
    possible = (
        [offer.version for offer in (offered or {}).values() if supports(offer.support_versions, cluster) is None]
        if listed is None
        else [version for version in listed if version_key(version) is None]
    )
    present = instance.version if instance is not None else None
    if present:
        possible = [version for version in possible if _may_be_wanted(version, present, want)]
    if not possible:
        return None
    return f"CCE does not tell whether it can go to {quoted(sorted(possible))}"


def _may_be_wanted(version: str, present: str, want: Want) -> bool:
    """Whether a version may be above the present one; one that cannot be read may be."""
    if version_key(version) is None:
        return True
    return is_newer(version, present) and (want.version != LATEST_PATCH or same_patch_line(version, present))


def needs_cluster(instance: Instance | None) -> bool:
    """Whether the cluster's version and type decide what is offered."""
    return instance is None or instance.target_versions is None


@dataclass(frozen=True)
class _Target:
    version: str | None
    why: str


@dataclass(frozen=True)
class _Choice:
    """The versions that are on offer, and why there may be others, if there may be.

    `common` is the version that `latest` and `latest_patch` stand for; None means the newest one on offer.
    """

    options: Sequence[str]
    offered: Mapping[str, Offer]
    untold: str | None
    allow_unstable: bool
    common: str | None = None


def _newest_target(want: Want, present: str | None, choice: _Choice) -> _Target:
    """Return the version that `latest` or `latest_patch` means; none if CCE does not tell whether one is newer."""
    above = [version for version in choice.options if present is None or is_newer(version, present)]
    if want.version == LATEST_PATCH and present:
        above = [version for version in above if same_patch_line(version, present)]
    chosen = choose_latest(above, dict(choice.offered), allow_unstable=choice.allow_unstable)
    stable = "" if choice.allow_unstable else "stable "
    doubtful = [version for version in above if version not in choice.offered or choice.offered[version].stable is None]
    if chosen:
        newer = [] if choice.allow_unstable else [version for version in doubtful if is_newer(version, chosen)]
        doubt = choice.untold or (f"CCE does not tell whether these are stable: {quoted(newer)}" if newer else None)
        return _Target(chosen, f"{chosen} is the newest {stable}version on offer{f' ({doubt})' if doubt else ''}")
    if choice.untold:
        return _Target(None, f"{choice.untold}, so whether there is a newer {stable}version is not known")
    if doubtful:
        return _Target(
            None,
            f"CCE does not tell which of the newer versions are stable ({quoted(doubtful)}); name one of them, or set "
            "allow_unstable",
        )
    kind = "patch" if want.version == LATEST_PATCH else "version"
    unstable = f" (not stable: {quoted(above)})" if above else ""
    return _Target(present, f"no newer {stable}{kind} is on offer{unstable}")


def _common_target(want: Want, present: str | None, choice: _Choice, version: str) -> _Target:
    """Return the version that other clusters took, if this one may go to it as to the newest one."""
    took = f"the clusters before took {printable(version)}"
    if present and (_same(version, present) or is_newer(present, version)):
        return _Target(present, f"{took}, and it is at {present} already")
    if want.version == LATEST_PATCH and present and not same_patch_line(version, present):
        return _Target(None, f"{took}, which is no patch of {present}")
    if version not in choice.options or (present and not is_newer(version, present)):
        if choice.untold:
            return _Target(None, f"{took}, and {choice.untold}")
        options = quoted(choice.options) if choice.options else "nothing"
        return _Target(None, f"{took}, which is not on offer here; on offer: {options}")
    if choose_latest([version], dict(choice.offered), allow_unstable=choice.allow_unstable) is None:
        return _Target(None, f"{took}, which is not marked as stable here")
    return _Target(version, took)


def _target(want: Want, present: str | None, choice: _Choice) -> _Target:
    """Return the version that a want means, or None and why there is none."""
    if want.version is None and present:
        return _Target(present, "the version stays")
    if want.version in (None, LATEST, LATEST_PATCH):
        if choice.common is not None:
            return _common_target(want, present, choice, choice.common)
        return _newest_target(want, present, choice)
    if present and _same(want.version, present):
        return _Target(present, f"it is at {present} already")
    if want.version in choice.options and not (present and is_newer(present, want.version)):
        return _Target(want.version, f"{want.version} was asked for")
    if present and is_newer(present, want.version):
        return _Target(None, f"{want.version} is older than {present}: a downgrade breaks add-ons; roll back instead")
    if choice.untold:
        return _Target(None, f"{choice.untold}, so whether {want.version} is on offer is not known")
    options = quoted(choice.options) if choice.options else "nothing"
    return _Target(None, f"{want.version} is not on offer; on offer: {options}")


def _same(version: str, other: str) -> bool:
    return version == other or (version_key(version) is not None and version_key(version) == version_key(other))


def plan_step(
    want: Want,
    instance: Instance | None,
    offered: Offers,
    cluster: ClusterKind | None,
    *,
    allow_unstable: bool = False,
    may_install: bool = False,
    common: str | None = None,
) -> Step:
    """Return what would happen to one add-on.

    Args:
        want: What the user wants of it.
        instance: The add-on as it is, or None if it is not installed.
        offered: What its template offers; None if CCE shows no template of its name.
        cluster: The cluster's version and type, needed if `needs_cluster` says so.
        allow_unstable: Whether `latest` may be a version that is not marked stable.
        may_install: Whether an add-on that is not there may be installed.
        common: The version that `latest` and `latest_patch` stand for; None means the newest one on offer.
    """
    step = Step(name=want.name, action=IMPOSSIBLE, why="", want=want, instance=instance)
    if instance is None and want.addon_instance_id:
        return replace(step, why=f"this cluster has no instance {printable(want.addon_instance_id)} of it")
    if instance is None and not may_install:
        return replace(step, why="it is not installed in this cluster")
    if instance is None and offered is None:
        return replace(step, why="CCE knows no add-on template of this name")
    options = candidates(instance, offered, cluster)
    choice = _Choice(options, offered or {}, untold(want, instance, offered, cluster), allow_unstable, common)
    target = _target(want, instance.version if instance else None, choice)
    step = replace(step, version=target.version, why=target.why, offered=tuple(options))
    if target.version is None or (instance is not None and not instance.version):
        return replace(step, why=target.why if target.version is None else "CCE does not tell its present version")
    if instance is None:
        return _with_values(step, INSTALL, {}, choice.offered)
    if not _same(target.version, instance.version or ""):
        return _with_values(step, UPGRADE, instance.values, choice.offered)
    if not want.values and want.values_policy != RESET:
        return _nothing(step, instance)
    return _edit(step, instance, choice.offered)


def _nothing(step: Step, instance: Instance) -> Step:
    """Return the step of an add-on whose version and settings are the wanted ones; it may have failed all the same."""
    failed = None
    if instance.status in FAILED_STATUSES or instance.status == ABNORMAL:
        failed = f"its status is {instance.status}"
    elif instance.version and not instance.is_at(instance.version):
        failed = f"CCE says that {printable(str(instance.current_version))} runs"
    return replace(step, action=NONE, failed=failed, why=f"{step.why}, but {failed}" if failed else step.why)


def _template_input(offered: Mapping[str, Offer], version: str | None) -> Values | None:
    return offered[version].input if version and version in offered else None


_SETTINGS_UNTOLD = (
    "CCE does not tell its present settings (its values, or a part of them, are missing or no object), and a "
    "change would lose them; look at the add-on in the console, or give it its settings anew with values_policy 'reset'"
)


def _with_values(step: Step, action: Action, present: Values | None, offered: Mapping[str, Offer]) -> Step:
    """Return the step with the complete values that would be sent, or as impossible if they cannot be known."""
    want = step.want
    if step.instance is not None and not step.instance.id:
        return replace(step, action=IMPOSSIBLE, why="CCE does not tell its ID")
    if present is None and want.values_policy != RESET:
        return replace(step, action=IMPOSSIBLE, why=_SETTINGS_UNTOLD)
    strategy = want.strategy
    if action == UPGRADE and strategy is None and sync_strategy(present) in SYNC_STRATEGIES:
        # An earlier upgrade left a strategy behind. Nobody decided that this one may discard what was modified by hand.
        strategy = CONSISTENT
    try:
        values = target_values(
            present=present or {},
            wanted=want.values,
            policy=want.values_policy,
            template_input=_template_input(offered, step.version),
            sync_strategy=strategy,
        )
    except InputError as error:
        return replace(step, action=IMPOSSIBLE, why=error.message)
    changed = None if present is None else tuple(dotted(path) for path in changed_paths(present, values))
    return replace(step, action=action, values=values, changed=changed)


def _edit(step: Step, instance: Instance, offered: Mapping[str, Offer]) -> Step:
    """Return an edit if the user's values change what is in force, else a step with nothing to do.

    In force are the present values over the defaults, so a default that is not spelled out is no difference.
    """
    want = step.want
    template_input = _template_input(offered, step.version)
    has_defaults = tells_defaults(template_input)
    # A sync strategy says what happens to manual changes. It alone is no reason for an edit.
    edited = _with_values(replace(step, want=replace(want, sync_strategy=None)), EDIT, instance.values, offered)
    if edited.action == IMPOSSIBLE:
        return edited
    if instance.values is None:
        edited = _with_values(step, EDIT, None, offered)
        return replace(edited, why=f"{step.why}; its settings are set anew, as CCE does not tell the present ones")
    in_force = target_values(
        present=instance.values, wanted={}, policy=MERGE if has_defaults else KEEP, template_input=template_input
    )
    wanted = edited.values
    if has_defaults and want.values_policy == KEEP:
        wanted = target_values(present=wanted, wanted={}, policy=MERGE, template_input=template_input)
    changed = tuple(dotted(path) for path in changed_paths(in_force, wanted))
    if not changed:
        return _nothing(replace(step, why=f"{step.why}, with these values"), instance)
    edited = _with_values(step, EDIT, instance.values, offered)
    return replace(edited, changed=changed, why=f"its values change: {quoted(changed)}")


def needs_closer_look(step: Step) -> bool:
    """Whether the list of add-ons tells too little of one to plan with it. A request for it alone may tell more."""
    instance = step.instance
    if instance is None or not instance.id:
        return False
    if step.action == NONE:
        wants_strategy = step.want.strategy in SYNC_STRATEGIES
        return None in (instance.current_version, instance.status) or (wants_strategy and not instance.values)
    if step.action == IMPOSSIBLE and None in (instance.version, instance.target_versions):
        return True
    return not instance.values


def make_plan(
    wants: Wants,
    instances: Sequence[Instance],
    offered: Mapping[str, Mapping[str, Offer]],
    cluster: ClusterKind | None,
    *,
    allow_unstable: bool = False,
    may_install: bool = False,
    versions: Mapping[str, str] | None = None,
) -> list[Step]:
    """Return what would happen to each wanted add-on, in upgrade order.

    `offered` is by template name, and so are `versions`, which `latest` and `latest_patch` stand for.
    """
    steps = []
    for want in expand_wants(wants, instances):
        instance = find_instance(instances, addon_template_name=want.name, addon_instance_id=want.addon_instance_id)
        step = plan_step(
            want,
            instance,
            offered.get(want.name),
            cluster,
            allow_unstable=allow_unstable,
            may_install=may_install,
            common=(versions or {}).get(want.name),
        )
        if instance is not None:
            step = replace(step, name=shown_name(instance, instances))
        elif want.addon_instance_id is not None:
            step = _without_instance(step, want.addon_instance_id, instances)
        steps.append(step)
    return steps


def _without_instance(step: Step, addon_instance_id: str, instances: Sequence[Instance]) -> Step:
    """Return the step of a missing instance, with a name of its own and a list of the instances that are there."""
    others = [instance for instance in instances if instance.addon_template_name == step.addon_template_name]
    why = f"{step.why}; it has {with_ids(others)}" if others else step.why
    return replace(step, name=f"{step.addon_template_name} (no instance {printable(addon_instance_id)})", why=why)


def plan_lines(steps: Sequence[PlannedStep]) -> list[str]:
    """Return the lines of a table of steps for people."""
    if not steps:
        return ["The cluster has none of these add-ons: there is nothing to do."]
    return table(
        ("ADD-ON", "PRESENT", "TARGET", "ACTION", "WHY"),
        [(step["name"], step["from"], step["to"], step["action"], step["why"]) for step in steps],
    )


def describe_step(step: Step) -> PlannedStep:
    """Return a step without its large parts. No decision needs them: the fingerprint stands for the settings."""
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
        "values_changed": None if step.changed is None else list(step.changed),
        "values_fingerprint": step.fingerprint,
        "values_policy": step.want.values_policy,
        "sync_strategy": step.want.sync_strategy,
    }


def describe_in_detail(step: Step, values: Values) -> DetailedStep:
    """Return a step with everything that is known of it; `values` are its settings as they may be shown."""
    return {**describe_step(step), "values": values, "offered": list(step.offered)}


def want_of(wants: Wants, step: StepTarget) -> Want:
    """Return what the user wants of the instance that a step is about."""
    name = step["addon_template_name"]
    named = {want.addon_instance_id: want for want in wants.named if want.name == name}
    return named.get(step["addon_instance_id"]) or named.get(None) or Want(name)
