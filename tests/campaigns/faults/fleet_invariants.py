# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The huaweicloud.cce contributors

"""What must hold for every run over a fleet, whatever goes wrong. Pure.

Judged by the simulator's log and state, and not by what the client says of itself.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from campaigns.faults.fleet_plans import ASLEEP, NAMES, FleetPlan, cluster_id

Request = Mapping[str, Any]
States = Mapping[str, Mapping[str, Mapping[str, Any]]]


@dataclass(frozen=True)
class FleetAttempt:
    """One start of a playbook, and what the simulator saw of it.

    Args:
        code: The exit code; None if it was killed, or only sent something.
        requests: Its part of the log.
        states: The add-ons of each cluster afterwards.
        failures: The messages of its failed tasks, in order.
        output: All that it printed.
    """

    code: int | None
    requests: Sequence[Request]
    states: States
    failures: Sequence[str] = ()
    output: str = ""


@dataclass(frozen=True)
class FleetStory:
    """A run over the fleet: the attempt that was disturbed, and those after it that nothing disturbed.

    Args:
        by_hand: How often a person has rolled back an add-on, as an attempt has advised, by cluster and add-on.
    """

    plan: FleetPlan
    attempts: Sequence[FleetAttempt]
    by_hand: Mapping[tuple[str, str], int] = field(default_factory=dict)


@dataclass(frozen=True)
class FleetWrite:
    """A request that would change an add-on."""

    cluster: str
    addon: str
    kind: str
    version: str | None
    worked: bool
    at: float


def fleet_writes(attempt: FleetAttempt) -> list[FleetWrite]:
    """Return the requests of an attempt that would change an add-on, oldest first."""
    where = {addon["id"]: (name, own) for name, addons in attempt.states.items() for own, addon in addons.items()}
    found = []
    for request in attempt.requests:
        if request["method"] not in ("PUT", "POST", "DELETE") or "/v3/addons/" not in request["path"]:
            continue
        instance = request["path"].split("/v3/addons/")[1].split("/")[0].split("?")[0]
        cluster, addon = where.get(instance, ("?", instance))
        kind = "rollback" if request["path"].endswith("/rollback") else request["method"]
        version = ((request["body"] or {}).get("spec") or {}).get("version")
        worked = request["worked"] is not None and request["worked"] < 300
        found.append(FleetWrite(cluster, addon, kind, version, worked, request["at"]))
    return found


def _numbered(story: FleetStory) -> Iterator[tuple[int, FleetAttempt]]:
    yield from enumerate(story.attempts, start=1)


def budget_holds(story: FleetStory) -> list[str]:
    """No write to a cluster of a later batch once more clusters than allowed were touched and are not well."""
    plan, found = story.plan, []
    for number, attempt in _numbered(story):
        sent = [write for write in fleet_writes(attempt) if write.worked]
        bad = {write.cluster for write in sent if write.kind == "rollback"}
        spent = 0
        for place, batch in enumerate(plan.batches):
            late = sorted({write.cluster for write in fleet_writes(attempt)} & set(batch))
            if spent > plan.max_failures and late:
                found.append(f"attempt {number} wrote {late} of batch {place + 1}, after {spent} clusters had failed")
            spent += len(bad & set(batch))
    return found


def left_out_are_left_alone(story: FleetStory) -> list[str]:
    """No write to a blocked cluster or one that hibernates, and not even a check of the latter."""
    plan, found = story.plan, []
    for number, attempt in _numbered(story):
        found += [
            f"attempt {number} wrote {write.addon} of {write.cluster}, which is {plan.conditions[write.cluster]}"
            for write in fleet_writes(attempt)
            if write.cluster in plan.left_out
        ]
        asleep = [cluster_id(name) for name in NAMES if plan.conditions[name] == ASLEEP]
        found += [
            f"attempt {number} had something checked in a cluster that hibernates"
            for request in attempt.requests
            if request["method"] == "POST" and any(f"/clusters/{key}/" in request["path"] for key in asleep)
        ]
    return found


def one_set_of_versions(story: FleetStory) -> list[str]:
    """All batches of an attempt upgrade an add-on to one version."""
    if not story.plan.same_versions:
        return []
    found = []
    for number, attempt in _numbered(story):
        versions: dict[str, set[str | None]] = defaultdict(set)
        for write in fleet_writes(attempt):
            if write.kind == "PUT":
                versions[write.addon].add(write.version)
        found += [
            f"attempt {number} upgraded {addon} to {sorted(map(str, several))}"
            for addon, several in versions.items()
            if len(several) > 1
        ]
    return found


def nothing_is_sent_twice(story: FleetStory) -> list[str]:
    """Over all attempts, each upgrade of an add-on is carried out once, and once more only after a rollback."""
    done = [write for attempt in story.attempts for write in fleet_writes(attempt) if write.worked]
    found = []
    for what in dict.fromkeys((write.cluster, write.addon) for write in done):
        mine = [write for write in done if (write.cluster, write.addon) == what]
        upgrades = sum(write.kind == "PUT" for write in mine)
        back = sum(write.kind == "rollback" for write in mine) + story.by_hand.get(what, 0)
        if upgrades > 1 + back:
            found.append(f"{what[1]} of {what[0]} was upgraded {upgrades} times, with {back} rollbacks")
    return found


def own_upgrades_are_rolled_back_only(story: FleetStory) -> list[str]:
    """An attempt rolls back nothing but what it has sent itself."""
    found = []
    for number, attempt in _numbered(story):
        sent: set[tuple[str, str]] = set()
        for write in fleet_writes(attempt):
            what = (write.cluster, write.addon)
            if write.kind == "PUT" and write.worked:
                sent.add(what)
            elif write.kind == "rollback" and what not in sent:
                found.append(f"attempt {number} rolled back {write.addon} of {write.cluster}, which it had not sent")
    return found


def fleet_unexpected(plan: FleetPlan, attempt: FleetAttempt) -> list[str]:
    """Return how the end of an attempt differs from that of an undisturbed one."""
    found = [] if attempt.code == plan.code else [f"the exit code is {attempt.code}, not {plan.code}"]
    for name in plan.reached:
        for addon, version in plan.targets(name).items():
            now = attempt.states[name][addon]
            if (now["version"], now["status"]) != (version, "running"):
                found.append(f"{addon} of {name} is {now['status']} at {now['version']}, not running at {version}")
    return found


def fleet_converges(story: FleetStory) -> list[str]:
    """The last attempt leaves what an undisturbed run leaves."""
    return [
        f"after {len(story.attempts)} attempts, {text}" for text in fleet_unexpected(story.plan, story.attempts[-1])
    ]


FLEET_INVARIANTS: Mapping[str, Callable[[FleetStory], list[str]]] = {
    "fleet: no batch after the budget is spent": budget_holds,
    "fleet: no write to a cluster that is left out": left_out_are_left_alone,
    "fleet: one set of versions for all batches": one_set_of_versions,
    "fleet: nothing is sent twice, whatever was killed": nothing_is_sent_twice,
    "fleet: only what an attempt has sent is rolled back": own_upgrades_are_rolled_back_only,
    "fleet: a rerun without faults finishes it": fleet_converges,
}


def fleet_broken(story: FleetStory) -> dict[str, list[str]]:
    """Return the invariants that do not hold, with what breaks them."""
    found = {name: invariant(story) for name, invariant in FLEET_INVARIANTS.items()}
    return {name: texts for name, texts in found.items() if texts}
