# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The huaweicloud.cce contributors

# Private to the collection: it may change in any release. Do not import it from outside.
"""One add-on of an upgrade, from one phase to the next.

Each phase has two functions: one sends a request and returns, the other waits for its end and judges.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace

from .._ground.errors import CceError, TimedOut
from .._model.check import ADDON_STATIC
from .._model.instance import Instance, rollback_command
from .._model.values import CONSISTENT, KEEP, SYNC_STRATEGY
from .._rules.plan import want_of
from .._rules.recovery import (
    RESTORE,
    RESUME,
    VERIFIED,
    Job,
    Verification,
    digest_of,
    no_rollback,
    recovery,
    settings_digest,
    verification,
)
from .._rules.transaction import (
    DONE,
    RESTORING,
    ROLLING_BACK,
    UPGRADING,
    VERIFYING,
    VERIFYING_BACK,
    CheckedState,
    Phase,
    Transaction,
)
from .._rules.verdict import Check, Risk
from .._rules.wants import EDIT, NONE, Want
from .awaited_change import awaited_change
from .changes import ROLLBACK, Bound, Change, await_end, diff_of, roll_back, send_wanted, until_sent
from .checks import CheckRequest, Collected, finished_in_time, start
from .survey import wait_until_idle
from .upgrade_run import UpgradeRun, discreet_risks, failure_of


def send_job(run: UpgradeRun, transaction: Transaction) -> Transaction:
    """Send what is to be done with an add-on. What was sent by others is awaited only.

    Args:
        run: The task.
        transaction: One that is ready. It comes back with the phase that is awaited next; `done` if there is none.
    """
    task = transaction.job["task"]
    if task == RESTORE:
        return _send_restore(run, transaction)
    if task == RESUME:
        return replace(transaction, phase=UPGRADING, since=run.now())
    return _send_upgrade(run, transaction)


def await_phase(run: UpgradeRun, transaction: Transaction) -> Transaction:
    """Wait for the end of what was sent to an add-on, judge it, and send what follows from that.

    Args:
        run: The task.
        transaction: One with something under way, other than new checks. It comes back with the phase that is awaited
            next; `done` if there is none.
    """
    return _AWAIT[transaction.phase](run, transaction)


def _send_upgrade(run: UpgradeRun, transaction: Transaction) -> Transaction:
    """Send the upgrade, with the settings that were checked, if CCE still shows a check that allows it."""
    job, now = transaction.job, run.now()
    bound = Bound(
        values_fingerprint=job["values_fingerprint"] or "",
        check_task_id=job["check_task_id"] or "",
        max_check_age=run.options.policy.max_check_age,
    )
    begun = replace(transaction, phase=UPGRADING, since=now, begun=now)
    try:
        sent = until_sent(run.task, lambda: send_wanted(run.access, decided_want(run, job), bound, run.tasks))
    except CceError as error:
        was_sent = bool(error.result.get("changed"))
        begun = replace(begun, sent=was_sent, writes=transaction.writes + was_sent)
        return _recovered(run, failed_by(run, begun, error))
    step, is_sent = sent.step, sent.change is not None
    if run.task.diff and is_sent:
        run.diffs.append(diff_of(run.task, step))
    return replace(
        begun,
        updated_at=step.instance.updated_at if step.instance else None,
        sent=is_sent,
        writes=transaction.writes + is_sent,
        since=run.now(),
        before={"version": step.instance.version, "status": step.instance.status} if step.instance else None,
        values_changed=step.changed if is_sent else (),
        sent_settings=digest_of(step.values) if is_sent else None,
    )


def decided_want(run: UpgradeRun, job: Job) -> Want:
    """Return what the user wants of an add-on, as the very version that was decided on."""
    named = want_of(run.options.wants, job)
    return replace(named, version=job["to"], addon_instance_id=job["addon_instance_id"])


def _upgraded(run: UpgradeRun, transaction: Transaction) -> Transaction:
    """Wait for the end of the upgrade, then start the check of the running add-on."""
    job = transaction.job
    action = job["action"] if transaction.sent else NONE
    try:
        found = _await(run, transaction, awaited_change(transaction, action, job["to"], transaction.sent_settings))
    except CceError as error:
        has_ended = "addon" in error.result and not isinstance(error, TimedOut)
        duration = _duration(run, transaction) if has_ended else None
        return _recovered(run, failed_by(run, replace(transaction, duration=duration), error))
    ended = replace(
        transaction,
        after=_state(found),
        settled=settings_digest(found),
        settled_at=found.updated_at if found else None,
        duration=_duration(run, transaction),
    )
    return _send_check(run, ended, VERIFYING) if run.options.verify else _finished(run, ended)


def _duration(run: UpgradeRun, transaction: Transaction) -> float | None:
    return None if transaction.begun is None else round(max(0.0, run.now() - transaction.begun), 1)


def _send_check(run: UpgradeRun, transaction: Transaction, phase: Phase) -> Transaction:
    """Start a check of the running add-on."""
    request = check_of_running(transaction.job)
    try:
        started = start(run.access, [request], adopt=False)
    except CceError as error:
        if phase == VERIFYING_BACK:
            return _finished(run, transaction)
        return _recovered(run, failed_by(run, transaction, error))
    ids = tuple(item.task_id for item in started if item.task_id)
    return replace(transaction, phase=phase, since=run.now(), check_ids=ids)


def check_of_running(job: Job) -> CheckRequest:
    """Return the request for a check of an add-on as it runs."""
    return CheckRequest(job["name"], job["addon_template_name"], job["addon_instance_id"] or "", ADDON_STATIC)


def _verified(run: UpgradeRun, transaction: Transaction) -> Transaction:
    """Wait for the check of the running add-on, and judge it. A risk that is new is the upgrade's."""
    found = _verification(run, transaction, transaction.known)
    transaction = replace(transaction, verification=found, after=_with_risks(transaction.after, found))
    if found["verdict"] == VERIFIED:
        return _finished(run, transaction)
    if not transaction.verified_again and _is_changed_by_others(run, transaction):
        # Another operation restarts the pods of the add-on, so its check says nothing about the upgrade.
        try:
            wait_until_idle(run.access, [_id(transaction)])
        except CceError as error:
            return _recovered(run, failed_by(run, transaction, error))
        return _send_check(run, replace(transaction, verified_again=True), VERIFYING)
    problem = f"{transaction.job['name']} is not verified: {found['reason']}"
    return _recovered(run, replace(transaction, problem=run.task.conceal(problem)))


def _is_changed_by_others(run: UpgradeRun, transaction: Transaction) -> bool:
    """Whether an operation is under way on the add-on, or has changed it since its upgrade ended."""
    found = _read(run, transaction)
    if found is None:
        return False
    is_updated = found.is_updated_since(transaction.settled_at)
    return found.is_busy or is_updated or settings_digest(found) != transaction.settled


def _verification(run: UpgradeRun, transaction: Transaction, known: Sequence[str]) -> Verification:
    collected = await_checks(run, transaction.check_ids, transaction.since)
    run.read(collected)
    return _verification_by(run, transaction, collected.checks, known)


def await_checks(run: UpgradeRun, ids: Iterable[str], since: float) -> Collected:
    """Return checks once they have finished, or once the time for them is over.

    Args:
        run: The task.
        ids: The check tasks.
        since: When they were started, in seconds since 1970: the time counts from then.
    """
    left = max(0.0, run.options.check_timeout - max(0.0, run.now() - since))
    return finished_in_time(run.access, {*ids}, left)


def _verification_by(
    run: UpgradeRun, transaction: Transaction, checks: Sequence[Check], known: Sequence[str]
) -> Verification:
    found = verification(transaction.job, checks, known)
    return {
        **found,
        "new_risks": discreet_risks(run, found["new_risks"], _id(transaction)),
        "risks": discreet_risks(run, found["risks"], _id(transaction)),
        "reason": found["reason"] and run.task.conceal(found["reason"]),
    }


def judge_later(run: UpgradeRun, transaction: Transaction, checks: Sequence[Check]) -> Transaction:
    """Judge an add-on some time after its upgrade. Nothing is rolled back then: the cause may be another one.

    Args:
        run: The task.
        transaction: One that ended well. It comes back with a problem if the add-on is not well now.
        checks: The new check of the add-on as it runs, judged; those of others are passed over.
    """
    found = _verification_by(run, transaction, checks, transaction.known)
    if found["verdict"] == VERIFIED:
        return replace(transaction, after=_with_risks(transaction.after, found))
    job, now = transaction.job, _read(run, transaction)
    problem = f"{job['name']} was upgraded and ran well. Checked again later, it is not verified: {found['reason']}"
    why = "it ran well after its upgrade, so the cause may be another one: look at it first"
    return replace(
        transaction,
        problem=run.task.conceal(problem),
        verification=found,
        recovery=no_rollback(why),
        after=_with_risks(_state(now), found),
        advice=_way_back(run, job, now),
    )


def failed_by(run: UpgradeRun, transaction: Transaction, error: CceError) -> Transaction:
    """Return a transaction with the error that it failed with, without secrets. Its phase stays as it is."""
    return replace(transaction, problem=run.said(error), failure=failure_of(error, run.task))


def _recovered(run: UpgradeRun, transaction: Transaction) -> Transaction:
    """Look at an add-on whose upgrade went wrong, decide whether it is rolled back, and send that."""
    found = _read(run, transaction)
    job = transaction.job
    decided = recovery(
        job,
        transaction.verification,
        found,
        wanted=run.options.rollback,
        sent=transaction.sent,
        sent_ago=abs(run.now() - transaction.begun) if transaction.begun is not None else 0.0,
        settled=transaction.settled,
        accept_partial=run.options.accept_partial,
    )
    seen = replace(
        transaction,
        recovery=decided,
        after=_with_risks(_state(found), transaction.verification),
        # Back from an upgrade that this run has not sent, a person goes by hand.
        advice=_way_back(run, job, found) if job["task"] == RESUME else (),
    )
    if not decided["roll_back"]:
        return _finished(run, seen)
    try:
        back = Want(job["addon_template_name"], decided["to"], addon_instance_id=_id(seen))
        sent = until_sent(run.task, lambda: roll_back(run.access, back, _id(seen), wait=False))
    except CceError as error:
        was_sent = bool(error.result.get("changed"))
        return _finished(run, replace(seen, rollback_problem=run.said(error), writes=seen.writes + was_sent))
    return replace(seen, phase=ROLLING_BACK, since=run.now(), writes=seen.writes + sent["changed"])


def _way_back(run: UpgradeRun, job: Job, found: Instance | None) -> tuple[str, ...]:
    """Return how to go back by hand to the version before an upgrade."""
    if found is None or not found.is_rollbackable or found.version != job["to"]:
        return ()
    command = rollback_command(run.cluster_id, found.id, found.previous_version)
    return (f"repair it, or go back to {found.previous_version}: {command}",) if command else ()


def _rolled_back(run: UpgradeRun, transaction: Transaction) -> Transaction:
    """Wait for the end of the rollback, then start a check of what runs."""
    to = transaction.recovery["to"] if transaction.recovery else None
    try:
        found = _await(run, transaction, awaited_change(_as_upgraded(transaction), ROLLBACK, to))
    except CceError as error:
        now = _state(_read(run, transaction))
        return _finished(run, replace(transaction, rollback_problem=run.said(error), after=now))
    return _send_check(run, replace(transaction, after=_state(found)), VERIFYING_BACK)


def _as_upgraded(transaction: Transaction) -> Transaction:
    """Return a transaction for which "before" is the add-on before its rollback."""
    return replace(transaction, before=transaction.after, updated_at=None)


def _verified_back(run: UpgradeRun, transaction: Transaction) -> Transaction:
    """Wait for the check after the rollback. Whatever it says, there is nothing more to be done by a program."""
    found = _verification(run, transaction, ())
    return _finished(run, replace(transaction, verified_back=found, after=_with_risks(transaction.after, found)))


def _finished(run: UpgradeRun, transaction: Transaction) -> Transaction:
    """Set the sync strategy back if that is left to do; otherwise the add-on is done."""
    return _send_restore(run, transaction) if transaction.restores else replace(transaction, phase=DONE)


def _send_restore(run: UpgradeRun, transaction: Transaction) -> Transaction:
    """Set the sync strategy back to `ensureConsistent`, and leave all other settings as they are."""
    job = transaction.job
    values = {"custom": {SYNC_STRATEGY: CONSISTENT}}
    want = Want(job["addon_template_name"], None, values, KEEP, addon_instance_id=job["addon_instance_id"])
    try:
        sent = until_sent(run.task, lambda: send_wanted(run.access, want, Bound()))
    except CceError as error:
        writes = transaction.writes + bool(error.result.get("changed"))
        return replace(transaction, phase=DONE, restore_problem=run.said(error), writes=writes)
    if sent.change is None:
        return replace(transaction, phase=DONE)
    before = sent.step.instance
    transaction = replace(
        transaction,
        updated_at=before.updated_at if before else None,
        sent_restore=digest_of(sent.step.values),
    )
    return replace(transaction, phase=RESTORING, since=run.now(), writes=transaction.writes + 1)


def _restored(run: UpgradeRun, transaction: Transaction) -> Transaction:
    """Wait until the sync strategy is set back."""
    after = transaction.after
    version = (after["version"] if after else None) or transaction.job["to"]
    try:
        found = _await(run, transaction, awaited_change(transaction, EDIT, version, transaction.sent_restore))
    except CceError as error:
        return replace(transaction, phase=DONE, restore_problem=run.said(error))
    return replace(transaction, phase=DONE, after=_state(found, after["risks"] if after else None))


def _await(run: UpgradeRun, transaction: Transaction, change: Change) -> Instance | None:
    """Wait for the end of what was sent. The time for it counts from when it was sent."""
    return await_end(run.access, change, _id(transaction), sent_ago=max(0.0, run.now() - transaction.since))


def _id(transaction: Transaction) -> str:
    return transaction.job["addon_instance_id"] or ""


def _read(run: UpgradeRun, transaction: Transaction) -> Instance | None:
    """Return an add-on as it is now; None if it cannot be read."""
    try:
        return run.access.instance(_id(transaction))
    except CceError:
        return None


def _state(found: Instance | None, risks: list[Risk] | None = None) -> CheckedState | None:
    return None if found is None else {"version": found.version, "status": found.status, "risks": risks}


def _with_risks(state: CheckedState | None, found: Verification | None) -> CheckedState | None:
    if state is None or found is None:
        return state
    failed = [risk for risk in found["risks"] if risk["status"] == "Failed"]
    return {**state, "risks": failed}


_AWAIT: Mapping[str, Callable[[UpgradeRun, Transaction], Transaction]] = {
    UPGRADING: _upgraded,
    VERIFYING: _verified,
    ROLLING_BACK: _rolled_back,
    VERIFYING_BACK: _verified_back,
    RESTORING: _restored,
}
