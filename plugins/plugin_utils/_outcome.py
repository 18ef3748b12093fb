# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The huaweicloud.cce contributors

# Private to the collection: it may change in any release. Do not import it from outside.
"""The outcome of a run for a cluster and each of its add-ons, as a record and as lines for people. Pure."""

from __future__ import annotations

import datetime
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal, TypedDict

from ansible_collections.huaweicloud.cce.plugins.module_utils._ground.text import printable, quoted, table
from ansible_collections.huaweicloud.cce.plugins.module_utils._model.instance import Addon, rollback_command
from ansible_collections.huaweicloud.cce.plugins.module_utils._model.values import changed_paths, dotted
from ansible_collections.huaweicloud.cce.plugins.module_utils._rules.gate import Decision, GateResult
from ansible_collections.huaweicloud.cce.plugins.module_utils._rules.plan import FromVersion, PlannedStep, StepTarget
from ansible_collections.huaweicloud.cce.plugins.module_utils._rules.policy import AcceptanceRecord, AcceptanceSummary
from ansible_collections.huaweicloud.cce.plugins.module_utils._rules.recovery import (
    CARRY_OUT,
    RESTORE,
    RESUME,
    VERIFIED,
    Job,
    Recovery,
    Verification,
    running_check,
    verification,
)
from ansible_collections.huaweicloud.cce.plugins.module_utils._rules.verdict import Check, Risk, Verdict
from ansible_collections.huaweicloud.cce.plugins.module_utils._rules.wants import CHANGES, Action

# The outcome for an add-on. That for a cluster is one of them, too.
Outcome = Literal["upgraded", "verified", "nothing_to_do", "blocked", "rolled_back", "failed", "not_reached"]
UPGRADED: Final = "upgraded"
NOTHING_TO_DO: Final = "nothing_to_do"
BLOCKED: Final = "blocked"
ROLLED_BACK: Final = "rolled_back"
FAILED: Final = "failed"
NOT_REACHED: Final = "not_reached"

# The reason of a blocked add-on whose decision has none.
RISKS_TELL = "its check found Fatal risks"


class AddonState(TypedDict):
    """An add-on before or after a run. `risks` are those that failed in its last check."""

    version: str | None
    status: str | None
    risks: list[Risk]


class ValueChange(TypedDict):
    """One setting that differs after a run. None means that it was, or is, not set."""

    before: Any
    after: Any


class AddonOutcome(StepTarget, FromVersion):
    """The outcome for one add-on, as the role publishes it. `duration` is in seconds.

    `before` and `after` are None if they are not known. `values_changed` is by dotted path, and None if CCE does not
    tell the settings before or after.
    """

    outcome: Outcome
    reason: str | None
    action: Action
    why: str
    resumed: bool
    verdict: Verdict | None
    check_task_id: str | None
    checked_at: str | None
    risks: list[Risk]
    accepted: list[AcceptanceRecord]
    before: AddonState | None
    after: AddonState | None
    values_changed: dict[str, ValueChange] | None
    rolled_back: bool
    duration: float | None
    failure: Mapping[str, Any] | None


class _ClusterFacts(TypedDict):
    cluster_id: str
    cluster_name: str | None
    outcome: Outcome
    check_mode: bool
    started_at: str
    duration: float
    verdict: Verdict | None
    accepted: AcceptanceSummary
    addons: list[AddonOutcome]
    problem: str | None


class ClusterOutcome(_ClusterFacts):
    """The outcome for one cluster, as the role publishes it. `duration` is in seconds.

    `lines` are for people. `message` is empty unless an add-on failed: it is what the play then ends with.
    """

    lines: list[str]
    message: list[str]


class Event(TypedDict, total=False):
    """What the role recorded about an add-on that it started on. A step that was skipped left out its key, or `{}`.

    `done`, `rolled_back` and `restored` are results of `cce_addon`.
    """

    name: str
    problem: str | list[str] | None
    done: Mapping[str, Any] | None
    verification: Verification | None
    recovery: Recovery | None
    rolled_back: Mapping[str, Any] | None
    checked_back: list[Check] | None
    found: Addon | None
    restored: Mapping[str, Any] | None


@dataclass(frozen=True)
class _Course:
    """All that is known about one add-on of a run. What the run did not get to is None."""

    step: PlannedStep
    decision: Decision | None
    job: Job | None
    event: Event | None
    before: Addon | None


def cluster_outcome(
    *,
    cluster_id: str,
    cluster_name: str | None,
    plan: Sequence[PlannedStep] | None,
    gate: GateResult | None,
    todo: Sequence[Job],
    events: Sequence[Event],
    before: Sequence[Addon],
    problem: str | None,
    started: float,
    now: float,
    check_mode: bool,
) -> ClusterOutcome:
    """Return the outcome of a run for a cluster and each of its add-ons: the fact `addon_upgrade_result`.

    Args:
        cluster_id: The cluster.
        cluster_name: Its name, if it is known.
        plan: The steps; None if the run did not get that far.
        gate: The gate's decision; None likewise.
        todo: The jobs.
        events: What the role recorded about each job that it started.
        before: The add-ons before the run.
        problem: What else stopped the run, in words.
        started: When the run started, in seconds since 1970.
        now: The present time, likewise.
        check_mode: Whether the run was in check mode.
    """
    happened = {event["name"]: event for event in events}
    jobs = {job["name"]: job for job in todo}
    decisions = {decision["name"]: decision for decision in (gate["decisions"] if gate else ())}
    # By ID: `before` may be that of another cluster, read by an earlier use of the role. Names would match there.
    was: dict[str | None, Addon] = {addon["addon_instance_id"]: addon for addon in before}
    addons = []
    for step in plan or []:
        name = step["name"]
        course = _Course(
            step, decisions.get(name), jobs.get(name), happened.get(name), was.get(step["addon_instance_id"])
        )
        addons.append(_addon_outcome(course, gate, check_mode=check_mode))
    facts: _ClusterFacts = {
        "cluster_id": cluster_id,
        "cluster_name": cluster_name,
        "outcome": _worst([addon["outcome"] for addon in addons], planned=plan is not None, problem=problem),
        "check_mode": check_mode,
        "started_at": utc_time(started),
        "duration": round(max(0.0, now - started), 1),
        "verdict": gate.get("verdict") if gate else None,
        "accepted": (gate.get("accepted") if gate else None) or {"used": [], "unused": [], "expired": []},
        "addons": addons,
        "problem": problem,
    }
    lines = outcome_lines(facts)
    return {**facts, "lines": lines, "message": _failure_lines(facts, events, todo, lines)}


def utc_time(seconds: float) -> str:
    """Return a time, given in seconds since 1970, in UTC, such as 2026-08-05T09:30:44Z."""
    return datetime.datetime.fromtimestamp(seconds, tz=datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


def _worst(outcomes: Sequence[Outcome], *, planned: bool, problem: str | None) -> Outcome:
    """Return the outcome for a cluster: the worst of those for its add-ons."""
    if FAILED in outcomes or not planned:
        return FAILED
    if ROLLED_BACK in outcomes:
        return ROLLED_BACK
    if BLOCKED in outcomes:
        return BLOCKED
    if problem or NOT_REACHED in outcomes:
        return FAILED
    return UPGRADED if UPGRADED in outcomes else NOTHING_TO_DO


def _addon_outcome(course: _Course, gate: GateResult | None, *, check_mode: bool) -> AddonOutcome:
    step, decision, job, event, before = course.step, course.decision, course.job, course.event, course.before
    done = (event.get("done") if event else None) or {}
    after = _last_read(event) if event else None
    outcome, reason = _judged(course, gate, check_mode=check_mode)
    return {
        "name": step["name"],
        "addon_template_name": step["addon_template_name"],
        "addon_instance_id": step["addon_instance_id"],
        "outcome": outcome,
        "reason": reason,
        "action": step["action"],
        "why": step["why"],
        "from": job["from"] if job else step["from"],
        "to": step["to"],
        "resumed": job is not None and job["task"] == RESUME,
        "verdict": decision.get("verdict") if decision else None,
        "check_task_id": decision.get("task_id") if decision else None,
        "checked_at": decision.get("checked_at") if decision else None,
        "risks": list(decision.get("risks") or []) if decision else [],
        "accepted": list(decision.get("accepted") or []) if decision else [],
        "before": _state(before, []),
        "after": _state(after, _risks_after(job, event)),
        "values_changed": _values_changed(before, after) if after or (event and event.get("problem")) else {},
        "rolled_back": outcome == ROLLED_BACK,
        "duration": done.get("duration"),
        "failure": done.get("failure"),
    }


def _last_read(event: Event) -> Addon | None:
    """Return an add-on as it was read last: a rollback comes after the upgrade, and `restored` after both."""
    done, rolled_back, restored = event.get("done"), event.get("rolled_back"), event.get("restored")
    read = ((restored or {}).get("addon"), (rolled_back or {}).get("addon"), event.get("found"))
    return next(filter(None, (*read, (done or {}).get("addon"))), None)


def _risks_after(job: Job | None, event: Event | None) -> Sequence[Risk]:
    """Return the risks of the last check of the running add-on."""
    if job is None or event is None:
        return []
    last = running_check(job, event.get("checked_back") or []) or event.get("verification")
    return last.get("risks") or [] if last else []


def _state(addon: Addon | None, risks: Sequence[Risk]) -> AddonState | None:
    if addon is None:
        return None
    failed = [risk for risk in risks if risk["status"] == "Failed"]
    return {"version": addon["version"], "status": addon["status"], "risks": failed}


def _values_changed(before: Addon | None, after: Addon | None) -> dict[str, ValueChange] | None:
    """Return the settings that differ, by dotted path; None if those of one side are not known.

    Secrets are masked already, on both sides.
    """
    old, new = ((addon.get("values") if addon else None) for addon in (before, after))
    if old is None or new is None:
        return None
    return {dotted(path): {"before": _at(old, path), "after": _at(new, path)} for path in changed_paths(old, new)}


def _at(document: Any, path: Sequence[str]) -> Any:
    for key in path:
        document = document.get(key) if isinstance(document, Mapping) else None
    return document


def _judged(course: _Course, gate: GateResult | None, *, check_mode: bool) -> tuple[Outcome, str | None]:
    """Return the outcome for an add-on, and the reason if it is not obvious."""
    step, decision, job = course.step, course.decision, course.job
    if course.event is not None and job is not None:
        return _judged_event(job, course.event)
    if decision is not None and decision["blocks"]:
        return BLOCKED, decision["reason"] or RISKS_TELL
    if job is None and step["action"] not in CHANGES:
        return NOTHING_TO_DO, step["why"]
    if gate is not None and not gate["open"] and job is None:
        return NOT_REACHED, "other add-ons are blocked"
    if check_mode and gate is not None and gate["open"]:
        return UPGRADED, "predicted, as this is check mode"
    return NOT_REACHED, "the run ended earlier"


_WITHOUT_SENDING: Mapping[str, str] = {
    RESUME: "it was upgraded already, by an earlier run or by somebody else",
    RESTORE: "its sync strategy was set back",
}


def _judged_event(job: Job, event: Event) -> tuple[Outcome, str | None]:
    if event.get("problem"):
        return ROLLED_BACK if _is_rolled_back(event) else FAILED, _what_happened(event)
    restored = event.get("restored") or {}
    if restored.get("failed"):
        return FAILED, str(restored.get("msg"))
    # Nothing is verified in check mode and with addon_upgrade_verify: false.
    verified = event.get("verification")
    is_verified = bool(verified and verified.get("verdict") == VERIFIED)
    # If it is at its target although this run has sent nothing, somebody else has brought it there.
    has_sent = job["task"] != CARRY_OUT or (event.get("done") or {}).get("changed", True)
    task = job["task"] if has_sent else RESUME
    also = ", and is verified now" if task == RESUME and is_verified else ""
    reason = _WITHOUT_SENDING.get(task)
    return UPGRADED, f"{reason}{also}" if reason else None


def _is_rolled_back(event: Event) -> bool:
    rolled_back = event.get("rolled_back") or {}
    return bool(rolled_back.get("changed")) and not rolled_back.get("failed")


def _what_happened(event: Event) -> str:
    """Return what failed in one line, without the advice to roll back if that was done."""
    line = _first_line(event["problem"])
    failure = (event.get("done") or {}).get("failure") or {}
    advice = (failure.get("details") or {}).get("way_out")
    return line.removesuffix(f" {advice}") if advice and _is_rolled_back(event) else line


def _first_line(message: object) -> str:
    """Return the first line of the message of a failed task. A closed gate returns a list of lines."""
    return str(message[0] if isinstance(message, (list, tuple)) and message else message)


def outcome_lines(facts: _ClusterFacts) -> list[str]:
    """Return the outcome for a cluster as lines for people: a heading, and a table of the add-ons."""
    name = printable(facts["cluster_name"] or facts["cluster_id"])
    heading = f"Cluster {name}: {facts['outcome']}{' (predicted)' if facts['check_mode'] else ''}"
    lines = [f"{heading} after {facts['duration']:g} s"]
    if facts["addons"]:
        columns = ("ADD-ON", "BEFORE", "WANTED", "NOW", "STATUS", "OUTCOME")
        lines += table(columns, [_row(addon) for addon in facts["addons"]])
    return lines


def _row(addon: AddonOutcome) -> tuple[str | None, ...]:
    before, now = addon["from"], addon["after"]
    if addon["outcome"] == FAILED:
        # What failed, and could not be read afterwards, is perhaps not as it was.
        version, status = (now["version"], now["status"]) if now else (None, None)
    else:
        seen = now or addon["before"]
        version, status = (seen["version"] or before, seen["status"]) if seen else (before, None)
    return addon["name"], before, addon["to"], version, status, addon["outcome"]


def _failure_lines(facts: _ClusterFacts, events: Sequence[Event], todo: Sequence[Job], lines: list[str]) -> list[str]:
    """Return the lines that a play ends with after a failure: what was asked, what happened, and what to do.

    They are empty if nothing failed.
    """
    bad = [event for event in events if event.get("problem") or (event.get("restored") or {}).get("failed")]
    if not bad:
        return []
    name = printable(facts["cluster_name"] or facts["cluster_id"])
    jobs = {job["name"]: job for job in todo}
    addons = {addon["name"]: addon for addon in facts["addons"]}
    told: list[str] = []
    for event in bad:
        job = jobs[event["name"]]
        told += [*_what_failed(name, job, event, addons[event["name"]]), *_to_do(facts["cluster_id"], job, event)]
    waiting = [addon["name"] for addon in facts["addons"] if addon["outcome"] == NOT_REACHED]
    if waiting:
        told.append(f"  not touched: {quoted(waiting)}")
    return [*told, "", *lines]


def _what_failed(cluster: str, job: Job, event: Event, addon: AddonOutcome) -> list[str]:
    asked = {
        CARRY_OUT: f"{job['from']} -> {job['to']}, with all settings kept",
        RESUME: f"{job['from']} -> {job['to']}, sent by an earlier run that did not end, or by somebody else",
        RESTORE: "parameterSyncStrategy back to ensureConsistent",
    }[job["task"]]
    problem = event["problem"]
    lines = [
        f"{job['name']} in cluster {cluster}: {addon['outcome'].upper()}",
        f"  asked:       {asked}",
        f"  happened:    {printable(_what_happened(event) if problem else 'it was upgraded')}",
    ]
    if isinstance(problem, (list, tuple)):
        lines += [f"               {line}" for line in problem[1:]]
    lines += _before_and_now(addon)
    verified = event.get("verification")
    for risk in (verified.get("new_risks") if verified else None) or []:
        lines += [
            f"  new risk:    {printable(str(risk['name']))}: {printable(str(risk['message'] or '(no message)'))}",
            f"  to do:       {risk['remedy']}",
        ]
    return [*lines, f"  rollback:    {_rollback(event)}"]


def _before_and_now(addon: AddonOutcome) -> list[str]:
    was, now, changed = addon["before"], addon["after"], addon["values_changed"]
    if not was or not now:
        return []
    states = [f"{state['version']} {printable(str(state['status']))}" for state in (was, now)]
    settings = f"; settings that differ: {quoted(list(changed))}" if changed else ""
    return [f"  before/now:  {' / '.join(states)}{settings}"]


def _rollback(event: Event) -> str:
    recovery, rolled_back = event.get("recovery"), event.get("rolled_back") or {}
    if rolled_back.get("failed"):
        return f"FAILED: {printable(str(rolled_back.get('msg')))}"
    if not recovery:
        return "none: the run ended earlier"
    return f"{'done,' if recovery.get('roll_back') else 'none:'} {recovery['why']}"


def _to_do(cluster_id: str, job: Job, event: Event) -> list[str]:
    """Return what is left for a person to do after an add-on failed."""
    recovery, found = event.get("recovery"), event.get("found")
    rolled_back, restored = event.get("rolled_back") or {}, event.get("restored") or {}
    lines = []
    if recovery and recovery.get("roll_back") and not rolled_back.get("failed"):
        again = verification(job, event.get("checked_back") or [], [])
        if again["verdict"] != VERIFIED:
            lines.append(f"  to do:       look at its pods and events: after the rollback, {again['reason']}")
    if job["task"] == RESUME and found and found["is_rollbackable"] and found["version"] == job["to"]:
        command = rollback_command(cluster_id, job["addon_instance_id"], found["previous_version"])
        if command:
            lines.append(f"  to do:       repair it, or go back to {found['previous_version']}: {command}")
    if restored.get("failed"):
        lines.append(
            f"  to do:       set parameterSyncStrategy back to ensureConsistent: {printable(str(restored.get('msg')))}"
        )
    return lines
