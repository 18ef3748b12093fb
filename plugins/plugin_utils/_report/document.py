# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The huaweicloud.cce contributors

# Private to the collection: it may change in any release. Do not import it from outside.
"""The report on one cluster or a fleet, as plain data: what the roles found, worst first. Pure.

It has every host that was asked for. A cluster without a result is `unknown`, which is bad: somebody may use the report
as a gate, so it must not leave out a cluster that was not judged. A cluster that the play has certainly not begun with
is `not_reached`, which is bad as well, although the problem is in another cluster.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Container, Iterable, Sequence
from typing import TypedDict, Union

from ansible_collections.huaweicloud.cce.plugins.module_utils._rules.gate import Decision
from ansible_collections.huaweicloud.cce.plugins.module_utils._rules.outcome import (
    BLOCKED,
    FAILED,
    NOT_REACHED,
    NOTHING_TO_DO,
    RISKS_TELL,
    ROLLED_BACK,
    UNAVAILABLE,
    UNDER_WAY,
    UPGRADED,
    AddonOutcome,
    ClusterOutcome,
    Outcome,
)
from ansible_collections.huaweicloud.cce.plugins.module_utils._rules.plan import FromVersion
from ansible_collections.huaweicloud.cce.plugins.module_utils._rules.policy import AcceptanceRecord
from ansible_collections.huaweicloud.cce.plugins.module_utils._rules.recovery import VERIFIED
from ansible_collections.huaweicloud.cce.plugins.module_utils._rules.verdict import (
    FATAL,
    PASSED,
    PENDING,
    UNKNOWN,
    VERDICTS,
    WARNING,
    Risk,
    Verdict,
)
from ansible_collections.huaweicloud.cce.plugins.module_utils._rules.wants import CHANGES

from .results import Held, Key, PrecheckResult, Variables, held, number, outcome_of_host, shared_by_hosts

SCHEMA_VERSION = 1

# One word for an add-on or a cluster: the verdict of the gate, or the outcome of the upgrade.
State = Union[Outcome, Verdict]
# Worst first.
STATES: tuple[State, ...] = (
    FAILED, ROLLED_BACK, FATAL, UNKNOWN, UNDER_WAY, PENDING, BLOCKED, UNAVAILABLE, NOT_REACHED, WARNING, PASSED,
    UPGRADED, VERIFIED, NOTHING_TO_DO,
)  # fmt: skip
BAD: frozenset[State] = frozenset(STATES[: STATES.index(WARNING)])

NO_RESULT = "there is no result: the run failed earlier, has not reached this cluster, or is still working on it"
NOT_BEGUN = "the run ended before it reached this cluster, so nothing was changed"
LATER_GATE = "a precheck after the upgrade has closed the gate"
_UNREADABLE = "its result cannot be read"


class ReportedAcceptance(TypedDict):
    """An accepted warning in a report."""

    risk: str | None
    reason: str | None
    owner: str | None
    until: str | None


class ReportedAddon(FromVersion):
    """An add-on in a report. `duration` is in seconds. docs/schemas/addon_report.json describes every key."""

    name: str
    addon_template_name: str
    addon_instance_id: str | None
    state: State
    verdict: str | None
    outcome: str | None
    reason: str | None
    to: str | None
    now: str | None
    status: str | None
    duration: float | None
    checked_at: str | None
    check_task_id: str | None
    accepted: list[ReportedAcceptance]
    risks: list[Risk]


class _Told(TypedDict):
    """What the results of a host tell about its cluster."""

    name: str | None
    id: str | None
    state: State
    reason: str | None
    check_mode: bool
    started_at: str | None
    duration: float | None
    addons: list[ReportedAddon]


class ReportedCluster(_Told):
    """A cluster in a report. `duration` is in seconds. docs/schemas/addon_report.json describes every key."""

    host: str
    label: str
    region: str | None
    outcome: Outcome | None
    ok: bool


class Counts(TypedDict):
    """How many clusters and add-ons there are in each state."""

    clusters: dict[State, int]
    addons: dict[State, int]


class Report(TypedDict):
    """The report, as its JSON has it. `generated_at` is in UTC. docs/schemas/addon_report.json describes every key."""

    schema_version: int
    title: str
    generated_at: str
    ok: bool
    state: State
    counts: Counts
    clusters: list[ReportedCluster]


def report(
    hosts: Iterable[tuple[str, Variables]], *, title: str, generated_at: str, waiting: Container[str] = ()
) -> Report:
    """Return the report.

    Args:
        hosts: Each host with its variables, as far as it has them: `addon_upgrade_result`, `addon_precheck_result`,
            `addon_report_problem`, `cce_cluster_id`, `cce_cluster_name`, `cce_region`, and `addon_report_begun`, the
            time at which the run began with it. Older results do not count.
        title: The heading.
        generated_at: The present time, in UTC, such as 2026-08-05T09:30:44Z.
        waiting: The hosts with which the play has certainly not begun.
    """
    found = list(hosts)
    shared = shared_by_hosts(found)
    clusters = [_cluster(host, variables, shared, waits=host in waiting) for host, variables in found]
    _label(clusters)
    clusters.sort(key=lambda cluster: (STATES.index(cluster["state"]), cluster["label"]))
    addons = [addon for cluster in clusters for addon in cluster["addons"]]
    return {
        "schema_version": SCHEMA_VERSION,
        "title": title,
        "generated_at": generated_at,
        "ok": bool(clusters) and all(cluster["ok"] for cluster in clusters),
        "state": clusters[0]["state"] if clusters else UNKNOWN,
        "counts": {
            "clusters": _counted(cluster["state"] for cluster in clusters),
            "addons": _counted(addon["state"] for addon in addons),
        },
        "clusters": clusters,
    }


def _counted(states: Iterable[State]) -> dict[State, int]:
    counted = Counter(states)
    return {state: counted[state] for state in STATES}


def _label(clusters: Sequence[ReportedCluster]) -> None:
    """Give each cluster a label that no other has: its name, or else its host. `localhost` is replaced by the ID."""
    names = Counter(cluster["name"] for cluster in clusters)
    usual = [(cluster["id"] if cluster["host"] == "localhost" else None) or cluster["host"] for cluster in clusters]
    taken = frozenset(usual)
    for cluster, other in zip(clusters, usual):
        name = cluster["name"]
        is_own = names[name] == 1 and (name == other or name not in taken)
        cluster["label"] = name if name and is_own else other


def _cluster(host: str, variables: Variables, shared: Container[Key], *, waits: bool) -> ReportedCluster:
    found = held(variables, shared)
    told = _told(variables, found, waits=waits)
    return {
        "host": host,
        "label": host,
        "name": told["name"] or _text(variables.get("cce_cluster_name")),
        "id": told["id"] or _text(variables.get("cce_cluster_id")),
        "region": _text(variables.get("cce_region")),
        "state": told["state"],
        "outcome": _outcome(variables, found, told["state"], waits=waits),
        "ok": told["state"] not in BAD,
        "reason": told["reason"],
        "check_mode": told["check_mode"],
        "started_at": told["started_at"],
        "duration": told["duration"],
        "addons": told["addons"],
    }


def _outcome(variables: Variables, found: Held, state: State, *, waits: bool) -> Outcome | None:
    """Return the outcome for a cluster; None if its gate was only looked at, and is open."""
    if found.upgraded is None and found.prechecked is not None and not found.has_no_decision:
        return BLOCKED if state in BAD else None
    outcome = outcome_of_host(variables, found)
    # Without a mark of the play, it is not known that nothing was changed.
    return FAILED if outcome == NOT_REACHED and not waits else outcome


def _told(variables: Variables, found: Held, *, waits: bool) -> _Told:
    """Return what is known about the cluster of a host."""
    problem = _prose(variables.get("addon_report_problem"))
    try:
        told = _from_results(found)
    except (AttributeError, KeyError, TypeError, ValueError):
        # No role of this collection has set this variable, so nothing is known about the cluster.
        return _without_result(UNKNOWN, problem or _UNREADABLE)
    if told is None:
        if waits and not problem and not found.refused:
            return _without_result(NOT_REACHED, NOT_BEGUN)
        if problem and variables.get("addon_report_unavailable"):
            return _without_result(UNAVAILABLE, problem)
        return _without_result(UNKNOWN, problem or found.refused or NO_RESULT)
    if problem and told["state"] not in BAD:
        return {**told, "state": FAILED if found.upgraded else UNKNOWN, "reason": problem}
    return told


def _without_result(state: State, reason: str) -> _Told:
    return {
        "name": None,
        "id": None,
        "state": state,
        "reason": reason,
        "check_mode": False,
        "started_at": None,
        "duration": None,
        "addons": [],
    }


def _from_results(found: Held) -> _Told | None:
    """Return the outcome of the upgrade, else the gate's decision; both if a precheck came after the upgrade."""
    if found.upgraded is None:
        return None if found.prechecked is None else _from_precheck(found.prechecked)
    upgraded = _from_upgrade(found.upgraded)
    if found.prechecked is None:
        return upgraded
    if found.has_no_decision and upgraded["state"] not in BAD:
        return {**upgraded, "state": UNKNOWN, "reason": _prose(found.prechecked.get("msg")) or NO_RESULT}
    return _with_later_gate(upgraded, _from_precheck(found.prechecked)) if found.has_later_gate else upgraded


def _with_later_gate(upgraded: _Told, later: _Told) -> _Told:
    """Return the outcome of an upgrade, with what a later precheck has found to be worse."""
    if later["state"] not in BAD:
        return upgraded
    if later["id"] != upgraded["id"]:
        return later if _is_worse(later["state"], upgraded["state"]) else upgraded
    addons = {addon["name"]: addon for addon in upgraded["addons"]}
    for addon in later["addons"]:
        before = addons.get(addon["name"])
        if _is_worse(addon["state"], before["state"] if before else None):
            addons[addon["name"]] = addon
    return {
        **upgraded,
        "state": _worst([upgraded["state"], later["state"]]),
        "reason": upgraded["reason"] or LATER_GATE,
        "addons": list(addons.values()),
    }


def _is_worse(state: State, other: State | None) -> bool:
    """Whether a state is bad, and worse than another."""
    return state in BAD and (other is None or STATES.index(state) < STATES.index(other))


def _from_upgrade(result: ClusterOutcome) -> _Told:
    addons = [_upgraded_addon(addon, predicted=result["check_mode"]) for addon in result["addons"]]
    states = [addon["state"] for addon in addons]
    outcome = result["outcome"]
    if outcome in (FAILED, ROLLED_BACK, UNAVAILABLE, UNDER_WAY):
        states.append(outcome)
    elif outcome == BLOCKED and not set(states) & BAD:
        states.append(BLOCKED)
    elif outcome not in (BLOCKED, UPGRADED, VERIFIED, NOTHING_TO_DO):
        states.append(UNKNOWN)
    return {
        "name": _text(result["cluster_name"]),
        "id": _text(result["cluster_id"]),
        "state": _worst(states),
        "reason": _prose(result["problem"]),
        "check_mode": bool(result["check_mode"]),
        "started_at": _text(result["started_at"]),
        "duration": number(result["duration"]),
        "addons": addons,
    }


def _upgraded_addon(addon: AddonOutcome, *, predicted: bool) -> ReportedAddon:
    outcome, verdict = addon["outcome"], addon["verdict"]
    if outcome == BLOCKED:
        state = _blocked(verdict)
    elif outcome in (UPGRADED, VERIFIED) and predicted:
        state = _known(verdict, VERDICTS)
    else:
        state = _known(outcome, STATES)
    # If the upgrade failed, the add-on is perhaps not as it was before.
    seen = addon["after"] or (None if outcome == FAILED else addon["before"])
    unread = None if outcome == FAILED else addon["from"]
    return {
        "name": str(addon["name"]),
        "addon_template_name": str(addon["addon_template_name"]),
        "addon_instance_id": _text(addon["addon_instance_id"]),
        "state": state,
        "verdict": _text(verdict),
        "outcome": _text(outcome),
        "reason": None if addon["reason"] == RISKS_TELL else _prose(addon["reason"]),
        "from": _text(addon["from"]),
        "to": _text(addon["to"]),
        "now": _text(seen.get("version") if seen else unread),
        "status": _text(seen.get("status") if seen else None),
        "duration": number(addon["duration"]),
        "checked_at": _text(addon["checked_at"]),
        "check_task_id": _text(addon["check_task_id"]),
        "accepted": [_accepted(item) for item in addon["accepted"]],
        "risks": _risks(addon["risks"]),
    }


def _from_precheck(result: PrecheckResult) -> _Told:
    addons = [_decided_addon(decision) for decision in result["decisions"]]
    states = [addon["state"] for addon in addons]
    if not result["open"] and not set(states) & BAD:
        states.append(UNKNOWN)
    return {
        "name": _text(result["cluster_name"]),
        "id": _text(result["cluster_id"]),
        "state": _worst(states),
        "reason": None,
        # In check mode no check was started, and those that CCE had already were judged.
        "check_mode": not result["values_known"],
        "started_at": None,
        "duration": None,
        "addons": addons,
    }


def _decided_addon(decision: Decision) -> ReportedAddon:
    verdict = decision["verdict"]
    if decision["blocks"]:
        state = _blocked(verdict)
    else:
        state = _known(verdict, VERDICTS) if decision["action"] in CHANGES else NOTHING_TO_DO
    return {
        "name": str(decision["name"]),
        "addon_template_name": str(decision["addon_template_name"]),
        "addon_instance_id": _text(decision["addon_instance_id"]),
        "state": state,
        "verdict": _text(verdict),
        "outcome": None,
        "reason": _prose(decision["reason"]),
        "from": _text(decision["from"]),
        "to": _text(decision["to"]),
        "now": _text(decision["from"]),
        "status": None,
        "duration": None,
        "checked_at": _text(decision["checked_at"]),
        "check_task_id": _text(decision["task_id"]),
        "accepted": [_accepted(item) for item in decision["accepted"]],
        "risks": _risks(decision["risks"]),
    }


def _blocked(verdict: object) -> State:
    """Return the state of an add-on that must not be upgraded."""
    return next((state for state in (FATAL, UNKNOWN, PENDING) if state == verdict), BLOCKED)


def _known(word: object, known: Iterable[State]) -> State:
    return next((state for state in known if state == word), UNKNOWN)


def _worst(states: Iterable[State]) -> State:
    found = set(states)
    return next((state for state in STATES if state in found), NOTHING_TO_DO)


def _risks(risks: Sequence[Risk]) -> list[Risk]:
    """Return the risks that were found: `Success` means that there was none."""
    return [
        {
            "name": _prose(risk["name"]),
            "level": _prose(risk["level"]),
            "status": _prose(risk["status"]),
            "message": _prose(risk["message"]),
            "remedy": _prose(risk["remedy"]),
        }
        for risk in risks
        if risk["status"] != "Success"
    ]


def _accepted(item: AcceptanceRecord) -> ReportedAcceptance:
    return {
        "risk": _prose(item["risk"]),
        "reason": _prose(item["reason"]),
        "owner": _prose(item["owner"]),
        "until": _prose(item["until"]),
    }


def _text(value: object) -> str | None:
    return value if isinstance(value, str) and value else None


def _prose(value: object) -> str | None:
    """Return text for people. The message of a task that failed may be a list of lines."""
    if value is None or value == "":
        return None
    return "\n".join(str(line) for line in value) if isinstance(value, (list, tuple)) else str(value)
