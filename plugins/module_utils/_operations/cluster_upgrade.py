# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The huaweicloud.cce contributors

# Private to the collection: it may change in any release. Do not import it from outside.
"""Takes the upgrade of a cluster's add-ons from one wait to the next.

A task can end between a request and its end, so the clusters of a fleet wait side by side.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from .._ground.errors import CceError
from .._model.cluster import Cluster, why_unavailable
from .._module.task import Task
from .._rules.gate import GateResult, Ticket, closed_message, ticket_of
from .._rules.plan import Step, describe_step
from .._rules.recovery import CARRY_OUT, RESUME, Job, known_fatals, no_rollback
from .._rules.transaction import (
    ADDONS,
    CHECKS,
    DONE,
    LATER,
    OVER,
    PREDICTED,
    READY,
    RECHECK,
    ROLLING_BACK,
    VERIFY,
    ClusterUpgrade,
    Mode,
    Transaction,
)
from .._rules.wants import Wants
from .access import ClusterAccess
from .checks import start
from .gating import (
    await_and_gate,
    await_running,
    checks_for,
    decide,
    jobs_for,
    plan_and_start,
    requests_for_upgrade,
    start_checks,
)
from .survey import plan_when_idle
from .transactions import (
    await_checks,
    await_phase,
    check_of_running,
    decided_want,
    failed_by,
    judge_later,
    send_job,
)
from .upgrade_run import Options, UpgradeRun, failure_of


def begin(access: ClusterAccess, cluster: Cluster, options: Options, mode: Mode) -> ClusterUpgrade:
    """Return a new upgrade of a cluster: planned, and its checks started.

    In check mode no check is started. If an operation is under way on one of the add-ons, it is awaited first.

    Args:
        access: The cluster.
        cluster: The same, as CCE shows it.
        options: What the user decides.
        mode: What is done with it.

    Returns:
        One that awaits its checks; one that is over, with its problem, if it could not begin.
    """
    now = access.task.clock.now()
    ticket = Ticket(access.cluster_id, access.task.params["cluster_name"] or None, [], None)
    upgrade = ClusterUpgrade(ticket, now, since=now, mode=mode)
    problem = why_unavailable(cluster)
    if problem is not None:
        return replace(upgrade, stage=OVER, unavailable=True, problem=problem)
    return _guarded(UpgradeRun(access, options), upgrade, plan_and_start)


def advance(access: ClusterAccess, options: Options, upgrade: ClusterUpgrade) -> ClusterUpgrade:
    """Take an upgrade through the rounds that are allowed.

    Nothing that goes wrong with it is raised: it is noted down in the upgrade. In check mode, what is under way is left
    as it is.

    Args:
        access: The cluster.
        options: What the user decides. It tells how many rounds to go.
        upgrade: The upgrade, as far as it has come.
    """
    run = UpgradeRun(access, options)
    if not run.task.check_mode:
        upgrade = _in_earnest(run, upgrade)
    gone = 0
    while not upgrade.is_over and not (run.task.check_mode and upgrade.stage == ADDONS):
        if options.rounds is not None and gone >= max(1, options.rounds):
            break
        upgrade = _guarded(run, upgrade, _one_round)
        gone += 1
        if options.judge_only and upgrade.stage != CHECKS:
            break
    return replace(upgrade, diffs=tuple(run.diffs))


def _in_earnest(run: UpgradeRun, upgrade: ClusterUpgrade) -> ClusterUpgrade:
    """Return an upgrade without what was left out, or only predicted, because a task of it was in check mode."""
    has_no_checks = upgrade.settings is not None and upgrade.ticket.started is None
    if has_no_checks and upgrade.stage in (CHECKS, PREDICTED):
        return _guarded(run, replace(upgrade, gate=None), plan_and_start)
    return replace(upgrade, stage=CHECKS, gate=None) if upgrade.stage == PREDICTED else upgrade


def _guarded(
    run: UpgradeRun, upgrade: ClusterUpgrade, act: Callable[[UpgradeRun, ClusterUpgrade], ClusterUpgrade]
) -> ClusterUpgrade:
    try:
        return act(run, upgrade)
    except CceError as error:
        return stopped(upgrade, error, run.task)


def stopped(upgrade: ClusterUpgrade, error: CceError, task: Task) -> ClusterUpgrade:
    """Return an upgrade that an error has stopped, with what is known of the add-on that was under way.

    Args:
        upgrade: The upgrade, as far as it has come.
        error: The error.
        task: The task. It knows the secrets that must not go into the ticket.
    """
    problem, failure = task.conceal(error.message), failure_of(error, task)
    position = upgrade.current if upgrade.stage == ADDONS else None
    if position is None:
        still_well = False if upgrade.stage == LATER else upgrade.still_well
        return replace(upgrade, stage=OVER, problem=problem, failure=failure, still_well=still_well)
    transaction = upgrade.transactions[position]
    why = "its state could not be read: look at it, then run the same command again"
    if transaction.phase in (READY, RECHECK):
        why = "nothing was sent"
    failed = replace(
        transaction,
        phase=DONE,
        problem=transaction.problem or problem,
        failure=transaction.failure or failure,
        recovery=transaction.recovery or no_rollback(why),
        rollback_problem=problem if transaction.phase == ROLLING_BACK else transaction.rollback_problem,
    )
    return upgrade.with_transaction(position, failed)


def _one_round(run: UpgradeRun, upgrade: ClusterUpgrade) -> ClusterUpgrade:
    """Wait for what is under way, judge it, and send what is next.

    Without a wait, checks are judged if they have finished, and what was sent to an add-on is left as it is.
    """
    run.tasks = None
    if upgrade.stage == LATER:
        return _seen_later(run, upgrade) if run.options.waits else upgrade
    if upgrade.stage == CHECKS or (run.options.waits and not run.options.judge_only and _is_under_way(upgrade)):
        upgrade = _wait_once(run, upgrade)
    return upgrade if run.options.judge_only else _send_next(run, upgrade)


def _is_under_way(upgrade: ClusterUpgrade) -> bool:
    position = upgrade.current
    return position is not None and upgrade.transactions[position].phase != READY


def _wait_once(run: UpgradeRun, upgrade: ClusterUpgrade) -> ClusterUpgrade:
    """Wait for what is under way, and judge it."""
    if upgrade.stage == CHECKS:
        return await_running(run, upgrade) if upgrade.mode == VERIFY else await_and_gate(run, upgrade)
    position = upgrade.current
    if position is None:
        return replace(upgrade, stage=OVER)
    transaction = upgrade.transactions[position]
    if transaction.phase == RECHECK:
        return _rechecked(run, upgrade, position)
    return upgrade.with_transaction(position, await_phase(run, transaction))


def _send_next(run: UpgradeRun, upgrade: ClusterUpgrade) -> ClusterUpgrade:
    """Send what is next, add-on by add-on, until there is something to wait for."""
    while upgrade.stage == ADDONS:
        position = upgrade.current
        if position is None or upgrade.transactions[position].phase != READY:
            break
        transaction = _begun(run, upgrade.transactions[position])
        upgrade = upgrade.with_transaction(position, transaction)
    return upgrade


def _begun(run: UpgradeRun, transaction: Transaction) -> Transaction:
    """Send the first request of an add-on. If its check is too old by now, that is a new check."""
    job = transaction.job
    if job["task"] == CARRY_OUT and run.service_now() > job["recheck_after"]:
        return _send_recheck(run, transaction)
    return send_job(run, transaction)


def _send_recheck(run: UpgradeRun, transaction: Transaction) -> Transaction:
    """Start the checks of an add-on again, with the settings that its upgrade would send now."""
    job = transaction.job
    try:
        steps = _steps_again(run, job)
        started = start_checks(run, requests_for_upgrade(run, steps))
    except CceError as error:
        return replace(failed_by(run, transaction, error), phase=DONE, recovery=no_rollback("nothing was sent"))
    told = [describe_step(step) for step in steps]
    ticket = Ticket(run.cluster_id, None, told, started)
    return replace(transaction, phase=RECHECK, since=run.now(), again=ticket.parts())


def _steps_again(run: UpgradeRun, job: Job) -> list[Step]:
    """Plan an add-on again, once no operation is under way on it."""
    steps = plan_when_idle(run.access, Wants((decided_want(run, job),)), timeout_option="busy_timeout")
    # It keeps its name, also if somebody has installed a second instance of the add-on since.
    return [replace(step, name=job["name"]) for step in steps]


def _rechecked(run: UpgradeRun, upgrade: ClusterUpgrade, position: int) -> ClusterUpgrade:
    """Wait for the new checks of an add-on, and judge it with the same policy."""
    transaction = upgrade.transactions[position]
    job = transaction.job
    ticket = replace(ticket_of(transaction.again), cluster_name=upgrade.ticket.cluster_name)
    collected = checks_for(run, ticket)
    checks = collected.all_checks if collected else []
    decision = decide(run, ticket, collected, run_started=upgrade.started_at)
    if not decision["proceed"]:
        problem, stays = "\n".join(closed_message(decision)), no_rollback("nothing was sent")
        blocked = replace(transaction, phase=DONE, problem=problem, recovery=stays)
        return upgrade.with_transaction(position, blocked)
    todo = jobs_for(run, ticket, decision, [])
    # Somebody else has upgraded it in the meantime, so it is verified only.
    fresh: Job = todo[0] if todo else {**job, "task": RESUME, "restore": False}
    known = {*transaction.known, *known_fatals(fresh, checks)}
    ready = replace(transaction, job=fresh, phase=READY, known=tuple(sorted(known)), again=None)
    # At once, and without another look at its age: if that is too much, the write itself is refused.
    return _with_decision(upgrade.with_transaction(position, send_job(run, ready)), decision)


def _with_decision(upgrade: ClusterUpgrade, decision: GateResult) -> ClusterUpgrade:
    """Return an upgrade with what was decided anew about some of its add-ons: that is what they relied on."""
    if upgrade.gate is None:
        return upgrade
    anew = {item["name"]: item for item in decision["decisions"]}
    decisions = [anew.get(item["name"], item) for item in upgrade.gate["decisions"]]
    return replace(upgrade, gate={**upgrade.gate, "decisions": decisions})


def look_again(access: ClusterAccess, options: Options, upgrade: ClusterUpgrade) -> ClusterUpgrade:
    """Start checks of the add-ons that an upgrade that is over has brought to an end well.

    Args:
        access: The cluster.
        options: What the user decides.
        upgrade: One that is over. It comes back awaiting the checks; as it was if there are none, and in check mode,
            in which no check is started.
    """
    run = UpgradeRun(access, options)
    if run.task.check_mode or not _ended_well(upgrade):
        return upgrade
    # With add-ons that ended well, a problem of the cluster is one of an earlier look.
    seen = _guarded(run, replace(upgrade, problem=None, failure=None), _send_later)
    return replace(seen, still_well=False) if seen.problem is not None else seen


def _send_later(run: UpgradeRun, upgrade: ClusterUpgrade) -> ClusterUpgrade:
    """Start checks of all add-ons that ended well, in one go."""
    watched = _ended_well(upgrade)
    requests = [check_of_running(transaction.job) for transaction in watched]
    started = start(run.access, requests, adopt=False)
    ids = {item.request.addon_instance_id: item.task_id for item in started}
    transactions = [
        replace(item, check_ids=tuple(filter(None, [ids.get(item.job["addon_instance_id"] or "")])))
        if item in watched
        else item
        for item in upgrade.transactions
    ]
    return replace(upgrade, stage=LATER, since=run.now(), transactions=tuple(transactions))


def _seen_later(run: UpgradeRun, upgrade: ClusterUpgrade) -> ClusterUpgrade:
    """Wait for the checks, and judge each add-on. A risk that is new has come since its upgrade."""
    watched = _ended_well(upgrade)
    collected = await_checks(run, [id for item in watched for id in item.check_ids], upgrade.since)
    transactions = [
        judge_later(run, item, collected.checks) if item in watched else item for item in upgrade.transactions
    ]
    still_well = not any(item.is_bad for item, before in zip(transactions, upgrade.transactions) if before in watched)
    return replace(upgrade, stage=OVER, transactions=tuple(transactions), still_well=still_well)


def _ended_well(upgrade: ClusterUpgrade) -> list[Transaction]:
    return [item for item in upgrade.transactions if item.phase == DONE and not item.is_bad]
