# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The huaweicloud.cce contributors

# Private to the collection: it may change in any release. Do not import it from outside.
"""What is to be done with each add-on, whether it runs well afterwards, and whether it is rolled back. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import Final, Literal, TypedDict

from .._ground.text import printable, quoted
from .._ground.times import from_seconds, instant, seconds_between
from .._model.check import ADDON_STATIC, ADDON_UPGRADE
from .._model.instance import AVAILABLE, FAILED_STATUSES, RUNNING, Instance
from .._model.values import SYNC_STRATEGIES, Values, values_fingerprint
from .gate import Decision, GateResult
from .plan import StepChange, TicketStep, want_of
from .verdict import FATAL, PASSED, UNKNOWN, WARNING, Check, Risk
from .wants import CHANGES, EDIT, NONE, Want, Wants

# What there is to do with an add-on.
JobTask = Literal["upgrade", "resume", "restore"]
CARRY_OUT: Final = "upgrade"  # send the upgrade, wait, verify
RESUME: Final = "resume"  # it was sent before this run, by an interrupted run or by somebody else: wait, verify
RESTORE: Final = "restore"  # only the sync strategy of a run that was killed is to be set back

VerificationVerdict = Literal["verified", "broken", "unknown"]
VERIFIED: Final = "verified"
BROKEN: Final = "broken"

# An upgrade that was checked earlier than this is not taken for one of an interrupted run.
_RESUME_WINDOW = 24 * 3600.0  # seconds
# A run starts the check of the upgrade and that of the running add-on right after each other.
_SAME_MOMENT = 600.0  # seconds, for requests that had to be repeated
# A check that becomes too old within this time is repeated before the write, which reads it again.
_RECHECK_MARGIN = 15.0  # seconds
_FATAL_LEVEL = "Fatal"
_OF_CCE = frozenset(("basic", "systemAutoInject"))  # the parts of an add-on's settings that only CCE fills in


class Job(StepChange):
    """What is to be done with an add-on.

    `restore` tells whether the sync strategy is set back afterwards. The check is made anew after `recheck_after`, in
    seconds since 1970.
    """

    task: JobTask
    restore: bool
    check_task_id: str | None
    checked_at: str | None
    recheck_after: float


class Verification(TypedDict):
    """Whether an add-on runs well, with the risks that its check found and those of them that are new."""

    verdict: VerificationVerdict
    reason: str | None
    new_risks: list[Risk]
    risks: list[Risk]


class Recovery(TypedDict):
    """Whether an add-on is rolled back, to which version, and why or why not."""

    roll_back: bool
    to: str | None
    why: str


def jobs(
    plan: Sequence[TicketStep],
    gate: GateResult,
    checks: Sequence[Check],
    wants: Wants,
    *,
    now: float,
    max_check_age: float,
) -> list[Job]:
    """Return what is to be done with the add-ons of a cluster, in upgrade order.

    Args:
        plan: Steps of a plan.
        gate: What the gate decided on them. Unless it says that the run may proceed, nothing is to be done.
        checks: The check tasks of the cluster, which tell what an interrupted run has left.
        wants: What the user wants.
        now: Seconds since 1970.
        max_check_age: Seconds after which the result of a check is too old.
    """
    if gate["proceed"] is not True:
        return []
    decided = {decision["name"]: decision for decision in gate["decisions"]}
    found = []
    for step in plan:
        want = want_of(wants, step)
        decision = decided.get(step["name"])
        task = _task_of(step, decision, checks, want, now=now)
        if task is not None:
            found.append(_job(task, step, decision, checks, want, max_check_age))
    return found


def _task_of(
    step: TicketStep, decision: Decision | None, checks: Sequence[Check], want: Want, *, now: float
) -> JobTask | None:
    if decision is not None and decision["blocks"]:
        return None
    if step["action"] in CHANGES:
        return CARRY_OUT if decision is not None else None
    if step["action"] == NONE and is_unverified(step, checks, now=now):
        return RESUME
    if step["action"] == NONE and _restores(RESTORE, step, want):
        return RESTORE
    return None


def _restores(task: JobTask, step: TicketStep, want: Want) -> bool:
    """Whether the sync strategy is to be set back: the upgrade sends one, or an earlier upgrade has left one behind."""
    if want.strategy not in SYNC_STRATEGIES:
        return False
    return task == CARRY_OUT or step["present_sync_strategy"] in SYNC_STRATEGIES


def _job(
    task: JobTask,
    step: TicketStep,
    decision: Decision | None,
    checks: Sequence[Check],
    want: Want,
    max_check_age: float,
) -> Job:
    checked_at = decision["checked_at"] if decision else None
    checked = instant(checked_at)
    return {
        "name": step["name"],
        "addon_template_name": step["addon_template_name"],
        "task": task,
        "action": step["action"],
        "from": step["previous_version"] if task == RESUME else step["from"],
        "to": step["to"],
        "addon_instance_id": step["addon_instance_id"],
        "restore": _restores(task, step, want),
        "values_fingerprint": step["values_fingerprint"],
        "check_task_id": decision["task_id"] if decision else None,
        "checked_at": _checks_before_change(step, checks)[0]["created_at"] if task == RESUME else checked_at,
        "recheck_after": seconds_between(0, checked) + max_check_age - _RECHECK_MARGIN if checked is not None else 0.0,
    }


def is_unverified(step: TicketStep, checks: Sequence[Check], *, now: float) -> bool:
    """Whether an add-on may have been upgraded to its present version by an interrupted run that did not verify it.

    CCE keeps traces of such a run: a check of the upgrade to the present version, with a check of the running add-on at
    the same time; a later change of the add-on; and after that no check of the running add-on, or one with a new Fatal
    risk.

    The traces do not tell who sent the upgrade: a run that ended at a closed gate leaves the same checks, and somebody
    else may have upgraded the add-on after it. So this is a reason to verify, and never one to roll back. If the check
    of the upgrade found a Fatal risk, no run of ours has sent it.
    """
    # A failed operation does not go on, so there is nothing to wait for.
    if step["status"] in FAILED_STATUSES or not step["previous_version"] or step["previous_version"] == step["from"]:
        return False
    counted = _checks_before_change(step, checks)
    if not counted or any(check["verdict"] == FATAL for check in counted):
        return False
    before = _created_at(counted[0])
    if not _has_baseline(step["addon_instance_id"], before, checks):
        return False
    if abs(seconds_between(before, from_seconds(now))) > _RESUME_WINDOW:
        return False
    since = _newest_result(
        check for check in _results(step["addon_instance_id"], checks) if _created_at(check) > before
    )
    return since is None or bool(_fatal_names(since) - _known_before(step["addon_instance_id"], before, checks))


def _checks_before_change(step: TicketStep, checks: Iterable[Check]) -> list[Check]:
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


def _has_baseline(addon_instance_id: str | None, moment: int, checks: Iterable[Check]) -> bool:
    """Whether the running add-on was checked at the moment at which its upgrade was."""
    created = [_created_at(check) for check in checks if _is_static(check, addon_instance_id)]
    return any(abs(seconds_between(moment, other)) <= _SAME_MOMENT for other in created)


def _is_static(check: Check, addon_instance_id: str | None) -> bool:
    return bool(check["type"] == ADDON_STATIC and check["addon_instance_id"] == addon_instance_id)


def _upgrade_checks(addon_instance_id: str | None, version: str | None, checks: Iterable[Check]) -> list[Check]:
    """Return the checks of an upgrade of an add-on to a version."""
    return [
        check
        for check in checks
        if check["type"] == ADDON_UPGRADE
        and check["addon_instance_id"] == addon_instance_id
        and check["target_version"] == version
    ]


def _upgrade_checked(addon_instance_id: str | None, version: str | None, checks: Iterable[Check]) -> int | None:
    """Return when the upgrade of an add-on to a version was checked last."""
    created = [instant(check["created_at"]) for check in _upgrade_checks(addon_instance_id, version, checks)]
    return max((moment for moment in created if moment is not None), default=None)


def _results(addon_instance_id: str | None, checks: Iterable[Check]) -> list[Check]:
    """Return the checks of a running add-on that have ended."""
    return [
        check
        for check in checks
        if _is_static(check, addon_instance_id) and check["verdict"] in (PASSED, WARNING, FATAL)
    ]


def _newest_result(results: Iterable[Check]) -> Check | None:
    return max(results, key=_created_at, default=None)


def _created_at(check: Check) -> int:
    return instant(check["created_at"]) or 0


def _known_before(addon_instance_id: str | None, moment: int | None, checks: Sequence[Check]) -> set[str | None]:
    """Return the Fatal risks that an add-on had when its upgrade was checked, not those that were found after it."""
    results = _results(addon_instance_id, checks)
    newest = _newest_result(item for item in results if moment is None or _created_at(item) <= moment)
    return _fatal_names(newest) if newest else set()


def known_fatals(job: Job, checks: Sequence[Check]) -> list[str]:
    """Return the names of the Fatal risks that an add-on had when its upgrade was checked: they are not the upgrade's.

    Args:
        job: What is to be done.
        checks: The check tasks of the cluster.
    """
    checked = instant(job["checked_at"])
    if checked is None:
        checked = _upgrade_checked(job["addon_instance_id"], job["to"], checks)
    return sorted(name for name in _known_before(job["addon_instance_id"], checked, checks) if name)


def verification(job: Job, checks: Sequence[Check], known: Collection[str]) -> Verification:
    """Return whether an add-on runs well: `verified`, `broken` or `unknown`, with the risks that are new.

    Args:
        job: What was to be done.
        checks: The check tasks that were started for it, as far as CCE shows them.
        known: Names of the Fatal risks that it had before.
    """
    mine = [check for check in checks if _is_static(check, job["addon_instance_id"])]
    check = mine[0] if len(mine) == 1 else None
    if check is None or check["verdict"] not in (PASSED, WARNING, FATAL):
        untold = (check and check["reason"]) or "CCE shows no result of its check"
        return {"verdict": UNKNOWN, "reason": untold, "new_risks": [], "risks": list(check["risks"]) if check else []}
    new = [risk for risk in _fatal(check) if risk["name"] not in known]
    reason = f"new Fatal risks: {quoted([str(risk['name']) for risk in new])}" if new else None
    return {"verdict": BROKEN if new else VERIFIED, "reason": reason, "new_risks": new, "risks": list(check["risks"])}


def _fatal_names(check: Check) -> set[str | None]:
    return {risk["name"] for risk in _fatal(check)}


def _fatal(check: Check) -> list[Risk]:
    return [risk for risk in check["risks"] if risk["status"] == "Failed" and risk["level"] == _FATAL_LEVEL]


def settings_digest(instance: Instance | None) -> str | None:
    """Return a digest of the settings of an add-on, without what CCE fills in by itself; None if they are not told."""
    if instance is None or not instance.values:
        return None
    return digest_of(instance.values)


def digest_of(values: Values) -> str:
    """Return a digest of settings, without what CCE fills in by itself."""
    return values_fingerprint("", {key: value for key, value in values.items() if key not in _OF_CCE})


def no_rollback(why: str) -> Recovery:
    """Return that an add-on is not rolled back, and why."""
    return {"roll_back": False, "to": None, "why": why}


def recovery(
    job: Job,
    verified: Verification | None,
    addon: Instance | None,
    *,
    wanted: bool,
    sent: bool,
    sent_ago: float = 0.0,
    settled: str | None = None,
    accept_partial: bool = False,
) -> Recovery:
    """Return whether an add-on whose upgrade went wrong is to be rolled back, and why or why not.

    Only the run that has sent an upgrade knows that what is there now is what it has sent. An upgrade that was sent
    before the run is verified, and never rolled back.

    Args:
        job: What was to be done.
        verified: What the verification found, if it came to that.
        addon: The add-on as it is now; None if that could not be read.
        wanted: Whether the user wants rollbacks.
        sent: Whether this run has sent the upgrade, or may have.
        sent_ago: How many seconds ago it has. With an old ticket, nobody knows what others have done since.
        settled: Digest of the settings that the add-on had when its upgrade had ended well; None if it has not.
        accept_partial: Whether `available` counts as running.
    """
    why_not = _nothing_to_go_back_from(job, addon)
    if addon is not None and why_not is None:
        why_not = (
            _not_ours(job, addon, sent=sent, sent_ago=sent_ago)
            or _set_since(settled, addon)
            or _no_way_back(job, verified, addon, wanted=wanted, accept_partial=accept_partial)
        )
    if addon is None or why_not is not None:
        return no_rollback(why_not or "")
    to = addon.previous_version or job["from"]
    return {"roll_back": True, "to": to, "why": f"back to {to}, which ran before"}


def _nothing_to_go_back_from(job: Job, addon: Instance | None) -> str | None:
    if job["task"] not in (CARRY_OUT, RESUME):
        return "nothing was upgraded"
    if addon is None:
        return "its state could not be read: look at it, then run the same command again"
    if job["action"] == EDIT:
        return "an edit of settings has no way back: set them as they were"
    return None


def _not_ours(job: Job, addon: Instance, *, sent: bool, sent_ago: float) -> str | None:
    """Return why an add-on is not what this run has sent, or is not yet."""
    version = printable(addon.version or "a version that CCE does not tell")
    if addon.version and addon.version not in (job["to"], job["from"]):
        return f"somebody else has brought it to {version}"
    if addon.is_busy:
        return f"CCE goes on with it (it is {printable(str(addon.status))}): run the same command again to wait on"
    if job["task"] == RESUME:
        return "this run has not sent the upgrade, and CCE does not tell whether an earlier run or somebody else has"
    if addon.version == job["from"] and addon.status not in FAILED_STATUSES:
        return f"it is at {version} as before"
    if not sent:
        return f"this run has sent nothing (it is at {version})"
    if sent_ago > _RESUME_WINDOW:
        return f"it was sent more than a day ago (it is at {version}), so what was done since is not known"
    return None if addon.version else f"it is at {version}"


def _set_since(settled: str | None, addon: Instance) -> str | None:
    """Return why settings that somebody else has made since the upgrade would be lost, or None.

    A rollback restores the earlier settings. What CCE fills in by itself is not compared.
    """
    if settled is None or settings_digest(addon) in (None, settled):
        return None
    return "somebody else has changed its settings since, and a rollback would undo that"


def _no_way_back(
    job: Job, verified: Verification | None, addon: Instance, *, wanted: bool, accept_partial: bool
) -> str | None:
    runs = addon.status == RUNNING or (accept_partial and addon.status == AVAILABLE)
    if (verified is None or verified["verdict"] == UNKNOWN) and addon.version == job["to"] and runs:
        return "it runs at the new version, and only its check is missing: run the same command again to verify it"
    if not wanted:
        return "rollbacks are turned off"
    if addon.is_rollbackable is None:
        return "CCE does not tell whether it can be rolled back: look at it in the console"
    if not addon.is_rollbackable:
        return "CCE says that it cannot be rolled back: repair it, or upgrade it to another version on offer"
    previous = addon.previous_version
    if job["from"] and previous and previous != job["from"]:
        return f"CCE would go back to {printable(previous)}, which is not the version that ran before"
    return None
