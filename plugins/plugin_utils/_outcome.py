# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The huaweicloud.cce contributors

# Private to the collection: it may change in any release. Do not import it from outside.
"""What became of a cluster and of each of its add-ons, as a record and as lines for people. Pure."""

from __future__ import annotations

import datetime
from collections.abc import Mapping, Sequence
from typing import Any

from ansible_collections.huaweicloud.cce.plugins.module_utils._ground.text import printable, quoted, table
from ansible_collections.huaweicloud.cce.plugins.module_utils._model.instance import (
    rollback_command,
)
from ansible_collections.huaweicloud.cce.plugins.module_utils._model.values import (
    changed_paths,
    dotted,
)
from ansible_collections.huaweicloud.cce.plugins.module_utils._rules.recovery import (
    CARRY_OUT,
    RESTORE,
    RESUME,
    VERIFIED,
    VERIFY,
    Data,
    running_check,
    verification,
)
from ansible_collections.huaweicloud.cce.plugins.module_utils._rules.wants import (
    CHANGES,
)

# What became of an add-on, and of a cluster.
UPGRADED = "upgraded"
NOTHING_TO_DO = "nothing_to_do"
BLOCKED = "blocked"
ROLLED_BACK = "rolled_back"
FAILED = "failed"
NOT_REACHED = "not_reached"

# The reason of an add-on whose decision names none.
RISKS_TELL = "its check found Fatal risks"


def result(
    *,
    cluster_id: str,
    cluster_name: str | None,
    plan: Sequence[Data] | None,
    gate: Data | None,
    todo: Sequence[Data],
    events: Sequence[Data],
    before: Sequence[Data],
    problem: str | None,
    started: float,
    now: float,
    check_mode: bool,
) -> dict[str, Any]:
    """Return what became of a cluster and each of its add-ons, as the fact `addon_upgrade_result`.

    Args:
        cluster_id: The cluster.
        cluster_name: Its name, if it is known.
        plan: Described steps; None where the run did not get so far.
        gate: The gate's decision; None likewise.
        todo: The jobs.
        events: What the role noted down of each job that it has begun.
        before: The add-ons as they were, as `cce_addon_info` returns them.
        problem: What else stopped the run, in words.
        started: When the run started, in seconds since 1970.
        now: The present time, likewise.
        check_mode: Whether nothing was to be changed.
    """
    happened = {event["name"]: event for event in events}
    jobs_by_name = {job["name"]: job for job in todo}
    decisions = {decision["name"]: decision for decision in (gate or {}).get("decisions") or []}
    # By id, so that an add-on of another cluster, read by an earlier use of the role, is not taken for one of this.
    was = {addon["addon_instance_id"]: addon for addon in before}
    addons = [
        _addon_result(
            step,
            decisions.get(step["name"]),
            jobs_by_name.get(step["name"]),
            happened.get(step["name"]),
            was.get(step["addon_instance_id"]),
            gate,
            check_mode=check_mode,
        )
        for step in plan or []
    ]
    outcome = _outcome([addon["outcome"] for addon in addons], planned=plan is not None, problem=problem)
    told: dict[str, Any] = {
        "cluster_id": cluster_id,
        "cluster_name": cluster_name,
        "outcome": outcome,
        "check_mode": check_mode,
        "started_at": _iso(started),
        "duration": round(max(0.0, now - started), 1),
        "verdict": (gate or {}).get("verdict"),
        "accepted": (gate or {}).get("accepted") or {"used": [], "unused": [], "expired": []},
        "addons": addons,
        "problem": problem,
    }
    told["lines"] = result_lines(told)
    return {**told, "message": story(told, events, todo)}


def _iso(seconds: float) -> str:
    return datetime.datetime.fromtimestamp(seconds, tz=datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


def _outcome(outcomes: Sequence[str], *, planned: bool, problem: str | None) -> str:
    """Return the one word for a cluster: the worst that happened to one of its add-ons."""
    if FAILED in outcomes or not planned:
        return FAILED
    for word in (ROLLED_BACK, BLOCKED):
        if word in outcomes:
            return word
    if problem or NOT_REACHED in outcomes:
        return FAILED
    return UPGRADED if UPGRADED in outcomes else NOTHING_TO_DO


def _addon_result(
    step: Data,
    decision: Data | None,
    job: Data | None,
    event: Data | None,
    was: Data | None,
    gate: Data | None,
    *,
    check_mode: bool,
) -> dict[str, Any]:
    done = (event or {}).get("done") or {}
    # What was read last is the truth.
    last = [((event or {}).get(key) or {}).get("addon") for key in ("restored", "rolled_back")]
    after = next(filter(None, (*last, (event or {}).get("found"), done.get("addon"))), None)
    outcome, reason = _addon_outcome(step, decision, job, event, gate, check_mode=check_mode)
    return {
        "name": step["name"],
        "addon_template_name": step["addon_template_name"],
        "addon_instance_id": step["addon_instance_id"],
        "outcome": outcome,
        "reason": reason,
        "action": step["action"],
        "why": step["why"],
        "from": (job or step)["from"],
        "to": step["to"],
        "resumed": bool(job) and (job or {})["task"] == RESUME,
        "verdict": (decision or {}).get("verdict"),
        "check_task_id": (decision or {}).get("task_id"),
        "checked_at": (decision or {}).get("checked_at"),
        "risks": list((decision or {}).get("risks") or []),
        "accepted": list((decision or {}).get("accepted") or []),
        "before": _state(was, None),
        "after": _state(after, _risks_after(job, event)),
        "values_changed": _differences(was, after) if after or (event or {}).get("problem") else {},
        "rolled_back": outcome == ROLLED_BACK,
        "duration": done.get("duration"),
        "failure": done.get("failure"),
    }


def _risks_after(job: Data | None, event: Data | None) -> Any:
    """Return the risks of the last check of the running add-on."""
    if job is None or event is None:
        return []
    last = running_check(job, event.get("checked_back") or [])
    return last["risks"] if last else (event.get("verification") or {}).get("risks")


def _state(addon: Data | None, risks: Any) -> dict[str, Any] | None:
    if addon is None:
        return None
    failed = [risk for risk in risks or [] if risk["status"] == "Failed"]
    return {"version": addon["version"], "status": addon["status"], "risks": failed}


def _differences(was: Data | None, after: Data | None) -> dict[str, Any] | None:
    """Return the settings that differ, by dotted path; None where one side does not tell them.

    Secrets are masked already, on both sides.
    """
    old, new = ((addon or {}).get("values") for addon in (was, after))
    if old is None or new is None:
        return None
    return {dotted(path): {"before": _at(old, path), "after": _at(new, path)} for path in changed_paths(old, new)}


def _at(document: Any, path: Sequence[str]) -> Any:
    for key in path:
        document = document.get(key) if isinstance(document, Mapping) else None
    return document


def _addon_outcome(
    step: Data, decision: Data | None, job: Data | None, event: Data | None, gate: Data | None, *, check_mode: bool
) -> tuple[str, str | None]:
    """Return what became of an add-on in one word, and why where that is not plain."""
    if event is not None and job is not None:
        return _event_outcome(step, job, event)
    if decision is not None and decision["blocks"]:
        return BLOCKED, decision["reason"] or RISKS_TELL
    if job is None and step["action"] not in CHANGES:
        return NOTHING_TO_DO, step["why"]
    if gate is not None and not gate["open"] and job is None:
        return NOT_REACHED, "other add-ons are blocked"
    if check_mode and gate is not None and gate["open"]:
        return UPGRADED, "predicted, as this is check mode"
    return NOT_REACHED, "the run ended before"


_WITHOUT_SENDING = {
    RESUME: "it was upgraded already, by an earlier run or by somebody else",
    RESTORE: "its sync strategy was set back",
}


def _event_outcome(step: Data, job: Data, event: Data) -> tuple[str, str | None]:
    problem = event.get("problem") or None
    restored = event.get("restored") or {}
    if problem is None and restored.get("failed"):
        return FAILED, str(restored.get("msg"))
    # Check mode and addon_upgrade_verify: false leave the verification out.
    is_verified = (event.get("verification") or {}).get("verdict") == VERIFIED
    if problem is None and job["task"] == VERIFY:
        return NOTHING_TO_DO, "it runs well" if is_verified else "it was not verified"
    if problem is None:
        # What is at its target without a write of this run was brought there by somebody else.
        has_sent = job["task"] != CARRY_OUT or (event.get("done") or {}).get("changed", True)
        task = job["task"] if has_sent else RESUME
        verified = ", and is verified now" if task == RESUME and is_verified else ""
        reason = _WITHOUT_SENDING.get(task)
        return UPGRADED, f"{reason}{verified}" if reason else None
    return ROLLED_BACK if _is_rolled_back(event) else FAILED, _what_happened(event)


def _is_rolled_back(event: Data) -> bool:
    rolled_back = event.get("rolled_back") or {}
    return bool(rolled_back.get("changed")) and not rolled_back.get("failed")


def _what_happened(event: Data) -> str:
    """Return what went wrong in one line, without the advice to roll back where that was done."""
    line = _first_line(event["problem"])
    failure = (event.get("done") or {}).get("failure") or {}
    advice = (failure.get("details") or {}).get("way_out")
    return line.removesuffix(f" {advice}") if advice and _is_rolled_back(event) else line


def _first_line(message: Any) -> str:
    """Return what a failed task says in one line; the message of a closed gate is a list of them."""
    return str(message[0] if isinstance(message, (list, tuple)) and message else message)


def result_lines(told: Data) -> list[str]:
    """Return the lines that tell a person what became of a cluster."""
    name = printable(told["cluster_name"] or told["cluster_id"])
    words = f"Cluster {name}: {told['outcome']}{' (predicted)' if told['check_mode'] else ''}"
    lines = [f"{words} after {told['duration']:g} s"]
    # What went wrong and could not be read since is not known to be as it was.
    now = [addon["after"] or (None if addon["outcome"] == FAILED else addon["before"]) for addon in told["addons"]]
    if told["addons"]:
        lines += table(
            ("ADD-ON", "BEFORE", "WANTED", "NOW", "STATUS", "OUTCOME"),
            [
                (
                    addon["name"],
                    addon["from"],
                    addon["to"],
                    (seen or {}).get("version") or (None if addon["outcome"] == FAILED else addon["from"]),
                    (seen or {}).get("status"),
                    addon["outcome"],
                )
                for addon, seen in zip(told["addons"], now)
            ],
        )
    return lines


def story(told: Data, events: Sequence[Data], todo: Sequence[Data]) -> list[str]:
    """Return the lines with which a play ends after something went wrong: what was asked, said, done, and is to do.

    There are none where nothing went wrong.
    """
    bad = [event for event in events if event.get("problem") or (event.get("restored") or {}).get("failed")]
    if not bad:
        return []
    name = printable(told["cluster_name"] or told["cluster_id"])
    tasks = {job["name"]: job for job in todo}
    lines: list[str] = []
    for event in bad:
        job = tasks[event["name"]]
        addon = next(item for item in told["addons"] if item["name"] == event["name"])
        lines += [*_chapter(name, job, event, addon), *_to_do(told["cluster_id"], job, event)]
    waiting = [addon["name"] for addon in told["addons"] if addon["outcome"] == NOT_REACHED]
    if waiting:
        lines.append(f"  not touched: {quoted(waiting)}")
    return [*lines, "", *told["lines"]]


def _chapter(cluster: str, job: Data, event: Data, addon: Data) -> list[str]:
    recovered, rolled_back = event.get("recovery") or {}, event.get("rolled_back") or {}
    asked = {
        CARRY_OUT: f"{job['from']} -> {job['to']}, with all settings kept",
        RESUME: f"{job['from']} -> {job['to']}, sent by an earlier run that did not end, or by somebody else",
        RESTORE: "parameterSyncStrategy back to ensureConsistent",
        VERIFY: f"whether {job['to']} runs well",
    }[job["task"]]
    lines = [
        f"{job['name']} in cluster {cluster}: {addon['outcome'].upper()}",
        f"  asked:       {asked}",
        f"  happened:    {printable(_what_happened(event) if event['problem'] else 'it was upgraded')}",
    ]
    if isinstance(event["problem"], (list, tuple)):
        lines += [f"               {line}" for line in event["problem"][1:]]
    if addon["before"] and addon["after"]:
        was, now = addon["before"], addon["after"]
        lines.append(
            f"  before/now:  {was['version']} {printable(str(was['status']))} / "
            f"{now['version']} {printable(str(now['status']))}"
            + (f"; settings that differ: {quoted(list(addon['values_changed']))}" if addon["values_changed"] else "")
        )
    for risk in (event.get("verification") or {}).get("new_risks") or []:
        lines += [
            f"  new risk:    {printable(str(risk['name']))}: {printable(str(risk['message'] or '(no message)'))}",
            f"  to do:       {risk['remedy']}",
        ]
    if rolled_back.get("failed"):
        lines.append(f"  rollback:    FAILED: {printable(str(rolled_back.get('msg')))}")
    elif recovered.get("roll_back"):
        lines.append(f"  rollback:    done, {recovered['why']}")
    else:
        lines.append(f"  rollback:    none: {recovered.get('why') or 'it did not come to that'}")
    return lines


def _to_do(cluster_id: str, job: Data, event: Data) -> list[str]:
    """Return what is left to do for a person after an add-on went wrong."""
    recovered, rolled_back, restored = (event.get(key) or {} for key in ("recovery", "rolled_back", "restored"))
    found = event.get("found") or {}
    lines = []
    if recovered.get("roll_back") and not rolled_back.get("failed"):
        again = verification(job, event.get("checked_back") or [], [])
        if again["verdict"] != VERIFIED:
            lines.append(f"  to do:       look at its pods and events: after the rollback, {again['reason']}")
    command = rollback_command(cluster_id, job["addon_instance_id"], found.get("previous_version"))
    if job["task"] == RESUME and found.get("is_rollbackable") and found.get("version") == job["to"] and command:
        lines.append(f"  to do:       repair it, or go back to {found['previous_version']}: {command}")
    if restored.get("failed"):
        lines.append(
            f"  to do:       set parameterSyncStrategy back to ensureConsistent: {printable(str(restored.get('msg')))}"
        )
    return lines
