# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The huaweicloud.cce contributors

# Private to the collection: it may change in any release. Do not import it from outside.
"""The runbook of an upgrade: what is to be done with each add-on, whether it went well, and what became of it. Pure.

The roles carry out what is decided here. Everything comes in and goes out as plain data, as modules return it.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ._addons import AVAILABLE, ENDED_BADLY, RUNNING, UNDER_WAY, rollback_command
from ._checks import FATAL, PASSED, STATIC, UPGRADE, WARNING
from ._errors import InputError
from ._plan import CHANGES, EDIT, NONE, Want, Wants, want_of
from ._text import printable, quoted, table
from ._times import CLOCK_TOLERANCE, from_seconds, instant, seconds_between
from ._values import SYNC_STRATEGIES, changed_paths, dotted

Data = Mapping[str, Any]

# What there is to do with an add-on.
CARRY_OUT = "upgrade"  # send the upgrade, wait, verify
RESUME = "resume"  # it was sent before this run, by one that did not end or by somebody else: wait, verify
RESTORE = "restore"  # only the sync strategy of a run that was killed is to be set back
VERIFY = "verify"  # only look whether it runs well

# What became of an add-on, and of a cluster.
UPGRADED = "upgraded"
NOTHING_TO_DO = "nothing_to_do"
BLOCKED = "blocked"
ROLLED_BACK = "rolled_back"
FAILED = "failed"
NOT_REACHED = "not_reached"
VERIFIED = "verified"
BROKEN = "broken"
UNKNOWN = "unknown"

# The reason of an add-on whose decision names none.
RISKS_TELL = "its check found Fatal risks"

# An upgrade that was checked longer ago is not taken for one that an interrupted run has left.
_RESUME_WINDOW = 24 * 3600.0  # seconds
# A run of the role starts the checks of the upgrade and of the running add-on one right after the other.
_SAME_MOMENT = 600.0  # seconds, for requests that had to be repeated
# The write reads its check again: one that is about to become too old is made anew before.
_RECHECK_MARGIN = 15.0  # seconds
_FATAL_LEVEL = "Fatal"
_OF_CCE = frozenset(("basic", "systemAutoInject"))  # the parts of an add-on's settings that nobody but CCE fills in


# What is to be done


def jobs(
    plan: Sequence[Data],
    gate: Data | None,
    checks: Sequence[Data],
    wants: Wants,
    *,
    now: float,
    max_age: float,
    verify_only: bool = False,
) -> list[dict[str, Any]]:
    """Return what is to be done with the add-ons of a cluster, in upgrade order.

    Args:
        plan: Described steps.
        gate: What the gate decided on them. Unless it says that the run may proceed, nothing is to be done.
        checks: Described check tasks of the cluster, which tell what a killed run has left.
        wants: What the user wants.
        now: Seconds since 1970.
        max_age: Seconds after which the result of a check is too old.
        verify_only: Whether nothing is to be changed.

    Raises:
        InputError: A decision comes from the future.
    """
    decisions = (gate or {}).get("decisions") or []
    _refuse_the_future(decisions, now)
    if not verify_only and (gate or {}).get("proceed") is not True:
        return []
    decided = {decision["name"]: decision for decision in decisions}
    found = []
    for step in plan:
        want = want_of(wants, step)
        task = _task_of(step, decided.get(step["name"]), checks, want, now=now, verify_only=verify_only)
        if task is not None:
            job = _job(task, step, decided.get(step["name"]), want, max_age)
            found.append({**job, "checked_at": _counted(step, checks)[0]["created_at"]} if task == RESUME else job)
    return found


def _refuse_the_future(decisions: Sequence[Data], now: float) -> None:
    """Refuse decisions without a time, or with one in the future: how old they are is not known."""
    for decision in decisions:
        judged_at = decision.get("judged_at")
        if not isinstance(judged_at, (int, float)) or not judged_at <= now + CLOCK_TOLERANCE:
            raise InputError(
                f"Nothing was upgraded: the gate's decision on {printable(str(decision['name']))} does not count, as "
                "its judged_at is no time that has come yet. Run the same command again, without a result of an "
                "earlier run in its variables; if it stays, compare the clocks of the machines that modules run on."
            )


def _task_of(
    step: Data, decision: Data | None, checks: Sequence[Data], want: Want, *, now: float, verify_only: bool
) -> str | None:
    if verify_only:
        return VERIFY if step["addon_instance_id"] else None
    if decision is not None and decision["blocks"]:
        return None
    if step["action"] in CHANGES:
        return CARRY_OUT if decision is not None else None
    if step["action"] == NONE and is_unverified(step, checks, now=now):
        return RESUME
    if step["action"] == NONE and _restores(RESTORE, step, want):
        return RESTORE
    return None


def _restores(task: str, step: Data, want: Want) -> bool:
    """Whether the sync strategy is to be set back: the upgrade sends one, or an earlier upgrade has left one behind."""
    if task == VERIFY or want.strategy not in SYNC_STRATEGIES:
        return False
    return task == CARRY_OUT or step["present_sync_strategy"] in SYNC_STRATEGIES


def _job(task: str, step: Data, decision: Data | None, want: Want, max_age: float) -> dict[str, Any]:
    checked = instant(decision["checked_at"]) if decision else None
    return {
        "name": step["name"],
        "addon_template_name": step["addon_template_name"],
        "task": task,
        "action": step["action"],
        "from": step["previous_version"] if task == RESUME else step["from"],
        "to": step["from"] if task == VERIFY else step["to"],
        "addon_instance_id": step["addon_instance_id"],
        "restore": _restores(task, step, want),
        "values_fingerprint": step["values_fingerprint"],
        "check_task_id": decision["task_id"] if decision else None,
        "checked_at": decision["checked_at"] if decision else None,
        "recheck_after": seconds_between(0, checked) + max_age - _RECHECK_MARGIN if checked is not None else 0.0,
    }


def is_unverified(step: Data, checks: Sequence[Data], *, now: float) -> bool:
    """Whether an add-on was perhaps upgraded to its present version by a run of the role that did not verify it.

    CCE keeps traces: the check of an upgrade to the version that is installed now, with a check of the running add-on
    beside it, as a run of the role starts both; a change of the add-on after that; and no check of the running add-on
    since, or one that has found a new Fatal risk, on which nobody acted.

    Nothing of this tells who has sent the upgrade. A run that ended at its gate leaves the same checks, and so does one
    whose request was refused; after that, anybody may have upgraded the add-on. So this is a reason to verify, and
    never one to roll back. Where the check found a Fatal risk, it was certainly somebody else.
    """
    # What ended badly cannot be awaited.
    if step["status"] in ENDED_BADLY or not step["previous_version"] or step["previous_version"] == step["from"]:
        return False
    counted = _counted(step, checks)
    if not counted or any(check["verdict"] == FATAL for check in counted):
        return False
    before = _created(counted[0])
    if not _has_baseline(step["addon_instance_id"], before, checks):
        return False
    if abs(seconds_between(before, from_seconds(now))) > _RESUME_WINDOW:
        return False
    since = _newest_result(check for check in _results(step["addon_instance_id"], checks) if _created(check) > before)
    return since is None or bool(_names(since) - _known_before(step["addon_instance_id"], before, checks))


def _counted(step: Data, checks: Iterable[Data]) -> list[Data]:
    """Return the last check of the upgrade to the present version before the add-on changed, or several of one instant.

    What was checked after that change, such as an edit of settings, was not what the upgrade relied on.
    """
    changed = instant(step["updated_at"])
    created = [
        (moment, check)
        for check in _upgrade_checks(step["addon_instance_id"], step["to"], checks)
        if (moment := instant(check["created_at"])) is not None and (changed is None or moment <= changed)
    ]
    last = max((moment for moment, _check in created), default=None)
    return [check for moment, check in created if moment == last]


def _has_baseline(addon_instance_id: str, moment: int, checks: Iterable[Data]) -> bool:
    """Whether the running add-on was checked at the moment at which its upgrade was."""
    created = [_created(check) for check in checks if _is_static(check, addon_instance_id)]
    return any(abs(seconds_between(moment, other)) <= _SAME_MOMENT for other in created)


def _is_static(check: Data, addon_instance_id: str) -> bool:
    return bool(check["type"] == STATIC and check["addon_instance_id"] == addon_instance_id)


def _upgrade_checks(addon_instance_id: str, version: str, checks: Iterable[Data]) -> list[Data]:
    """Return the checks of an upgrade of an add-on to a version."""
    return [
        check
        for check in checks
        if check["type"] == UPGRADE
        and check["addon_instance_id"] == addon_instance_id
        and check["target_version"] == version
    ]


def _upgrade_checked(addon_instance_id: str, version: str, checks: Iterable[Data]) -> int | None:
    """Return when the upgrade of an add-on to a version was checked last."""
    created = [instant(check["created_at"]) for check in _upgrade_checks(addon_instance_id, version, checks)]
    return max((moment for moment in created if moment is not None), default=None)


def _results(addon_instance_id: str, checks: Iterable[Data]) -> list[Data]:
    """Return the checks of a running add-on that have ended."""
    return [
        check
        for check in checks
        if _is_static(check, addon_instance_id) and check["verdict"] in (PASSED, WARNING, FATAL)
    ]


def _newest_result(results: Iterable[Data]) -> Data | None:
    return max(results, key=_created, default=None)


def _created(check: Data) -> int:
    return instant(check["created_at"]) or 0


def _known_before(addon_instance_id: str, moment: int | None, checks: Sequence[Data]) -> set[str | None]:
    """Return the Fatal risks that an add-on had when its upgrade was checked, not those that were found after it."""
    results = _results(addon_instance_id, checks)
    return _names(_newest_result(item for item in results if moment is None or _created(item) <= moment) or {})


# Whether it went well


def verification(job: Data, checks: Sequence[Data], baseline: Sequence[Data]) -> dict[str, Any]:
    """Return whether an add-on runs well: `verified`, `broken` or `unknown`, with the risks that are new.

    Args:
        job: What was done.
        checks: Described checks of the running add-on, afterwards.
        baseline: Those that CCE has besides. What was found last before the upgrade was checked is not the upgrade's.
    """
    mine = _static(job, checks)
    if mine is None or mine["verdict"] not in (PASSED, WARNING, FATAL):
        reason = (mine or {}).get("reason") or "CCE shows no result of its check"
        return {"verdict": UNKNOWN, "reason": reason, "new_risks": [], "risks": list((mine or {}).get("risks") or [])}
    checked = instant(job.get("checked_at"))
    if checked is None:
        checked = _upgrade_checked(job["addon_instance_id"], job["to"], baseline)
    known = _known_before(job["addon_instance_id"], checked, baseline)
    new = [risk for risk in _fatal(mine) if risk["name"] not in known]
    reason = f"new Fatal risks: {quoted([str(risk['name']) for risk in new])}" if new else None
    return {"verdict": BROKEN if new else VERIFIED, "reason": reason, "new_risks": new, "risks": list(mine["risks"])}


def _static(job: Data, checks: Sequence[Data]) -> Data | None:
    mine = [check for check in checks if _is_static(check, job["addon_instance_id"])]
    return mine[0] if len(mine) == 1 else None


def _names(check: Data) -> set[str | None]:
    return {risk["name"] for risk in _fatal(check)}


def _fatal(check: Data) -> list[Data]:
    return [risk for risk in check.get("risks") or [] if risk["status"] == "Failed" and risk["level"] == _FATAL_LEVEL]


def recovery(
    job: Data,
    verified: Data | None,
    addon: Data | None,
    *,
    wanted: bool,
    sent: bool,
    upgraded: Data | None = None,
    accept_partial: bool = False,
) -> dict[str, Any]:
    """Return whether an add-on whose upgrade went wrong is to be rolled back, and why or why not.

    Only a run that has sent an upgrade, and has looked at the add-on ever since, knows that what is there now is what
    it has sent. What was sent before it began is verified, and never rolled back.

    Args:
        job: What was to be done.
        verified: What the verification found, if it came to that.
        addon: The add-on as it is now; None where that could not be read.
        wanted: Whether the user wants rollbacks.
        sent: Whether this run has sent the upgrade, or may have.
        upgraded: The add-on as it was when its upgrade had ended well; None where it has not.
        accept_partial: Whether `available` counts as running.
    """
    why_not = _nothing_to_go_back_from(job, addon) or _not_ours(job, addon or {}, sent=sent)
    why_not = why_not or _set_since(upgraded or {}, addon or {})
    if why_not is None:
        why_not = _no_way_back(job, verified, addon or {}, wanted=wanted, accept_partial=accept_partial)
    if why_not is not None:
        return {"roll_back": False, "to": None, "why": why_not}
    to = (addon or {}).get("previous_version") or job["from"]
    return {"roll_back": True, "to": to, "why": f"back to {to}, which ran before"}


def _nothing_to_go_back_from(job: Data, addon: Data | None) -> str | None:
    if job["task"] not in (CARRY_OUT, RESUME):
        return "nothing was upgraded"
    if addon is None:
        return "its state could not be read: look at it, then run the same command again"
    if job["action"] == EDIT:
        return "an edit of settings has no way back: set them as they were"
    return None


def _not_ours(job: Data, addon: Data, *, sent: bool) -> str | None:
    """Return why an add-on is not what this run has sent, or is not yet."""
    version, status = printable(addon["version"] or "a version that CCE does not tell"), addon["status"]
    if addon["version"] and addon["version"] not in (job["to"], job["from"]):
        return f"somebody else has brought it to {version}"
    if status in UNDER_WAY:
        return f"CCE goes on with it (it is {printable(status)}): run the same command again to wait on"
    if job["task"] == RESUME:
        return "this run has not sent the upgrade, and CCE does not tell whether an earlier run or somebody else has"
    if addon["version"] == job["from"] and status not in ENDED_BADLY:
        return f"it is at {version} as before"
    if not sent:
        return f"this run has sent nothing (it is at {version})"
    return None if addon["version"] else f"it is at {version}"


def _set_since(upgraded: Data, addon: Data) -> str | None:
    """Return why settings that somebody else has made since the upgrade would be lost, or None.

    A rollback brings the settings of before back. What CCE fills in by itself is left out of the comparison.
    """
    values = [(shown.get("values") or {}) for shown in (upgraded, addon)]
    if not all(values):
        return None
    old, new = ({key: value for key, value in told.items() if key not in _OF_CCE} for told in values)
    changed = [dotted(path) for path in changed_paths(old, new)]
    if not changed:
        return None
    return f"somebody else has changed its settings since ({quoted(changed)}), and a rollback would undo that"


def _no_way_back(job: Data, verified: Data | None, addon: Data, *, wanted: bool, accept_partial: bool) -> str | None:
    runs = addon["status"] == RUNNING or (accept_partial and addon["status"] == AVAILABLE)
    if (verified is None or verified["verdict"] == UNKNOWN) and addon["version"] == job["to"] and runs:
        return "it runs at the new version, and only its check is missing: run the same command again to verify it"
    if not wanted:
        return "rollbacks are turned off (addon_upgrade_rollback)"
    if addon["is_rollbackable"] is None:
        return "CCE does not tell whether it can be rolled back: look at it in the console"
    if not addon["is_rollbackable"]:
        return "CCE says that it cannot be rolled back: repair it, or upgrade it to another version on offer"
    previous = addon["previous_version"]
    if job["from"] and previous and previous != job["from"]:
        return f"CCE would go back to {printable(previous)}, which is not the version that ran before"
    return None


# What became of it


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
    told["lines"] = report(told)
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
    last = _static(job, event.get("checked_back") or [])
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


def report(told: Data) -> list[str]:
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
