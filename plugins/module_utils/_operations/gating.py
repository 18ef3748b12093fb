# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The huaweicloud.cce contributors

# Private to the collection: it may change in any release. Do not import it from outside.
"""Before the first add-on: plan, start the checks, collect them, judge them, and list what is to be done.

A check that became too old on the way is made again with the same functions.
"""

from __future__ import annotations

from collections.abc import Container, Sequence
from dataclasses import replace

from .._model.check import ADDON_STATIC
from .._rules.gate import GateResult, Ticket, TicketCheck, gate
from .._rules.plan import Step, describe_step
from .._rules.recovery import Job, is_unverified, jobs, known_fatals
from .._rules.transaction import ADDONS, CHECKS, OVER, PREDICTED, VERIFY, ClusterUpgrade, Stage, sequence_of
from .._rules.verdict import Check
from .changes import diff_of
from .checks import (
    CheckRequest,
    Collected,
    Started,
    baseline_for,
    collect,
    finished_in_time,
    requests_for_plan,
    start,
    warn_of_the_answer,
)
from .survey import plan_when_idle
from .upgrade_run import UpgradeRun, discreet_check, discreet_decision


def plan_and_start(run: UpgradeRun, upgrade: ClusterUpgrade) -> ClusterUpgrade:
    """Plan once no operation is under way, and start the checks. In check mode none is started.

    Args:
        run: The task.
        upgrade: A new upgrade. It comes back with its plan and its checks, and awaits them.
    """
    steps = _steps(run)
    told = [describe_step(step) for step in steps]
    ticket = replace(upgrade.ticket, plan=told)
    if not run.task.check_mode:
        requests = _requests_for_running(steps) if upgrade.mode == VERIFY else requests_for_upgrade(run, steps)
        ticket = replace(ticket, started=start_checks(run, requests))
    return replace(upgrade, ticket=ticket, stage=CHECKS, since=run.now())


def _steps(run: UpgradeRun) -> list[Step]:
    return plan_when_idle(
        run.access,
        run.options.wants,
        timeout_option=None if run.task.check_mode else "busy_timeout",
        allow_unstable=run.options.allow_unstable,
        versions=run.options.versions,
    )


def _requests_for_running(steps: Sequence[Step]) -> list[CheckRequest]:
    """Return the checks of the planned add-ons as they run."""
    return [
        CheckRequest(step.name, step.addon_template_name, step.instance.id, ADDON_STATIC)
        for step in steps
        if step.instance is not None
    ]


def requests_for_upgrade(run: UpgradeRun, steps: Sequence[Step]) -> list[CheckRequest]:
    """Return the checks of upgrades and, for a comparison afterwards, of the add-ons as they run now."""
    requests = requests_for_plan(steps)
    return [*baseline_for(requests), *requests] if run.options.verify else requests


def start_checks(run: UpgradeRun, requests: Sequence[CheckRequest]) -> list[TicketCheck]:
    """Start checks, and return them as a ticket holds them. Checks that are under way already are not adopted."""
    return [_as_started(item) for item in start(run.access, requests, adopt=False)] if requests else []


def _as_started(item: Started) -> TicketCheck:
    return {
        "addon_instance_id": item.request.addon_instance_id,
        "type": item.request.type,
        "task_id": item.task_id,
        "values_fingerprint": item.fingerprint,
    }


def await_running(run: UpgradeRun, upgrade: ClusterUpgrade) -> ClusterUpgrade:
    """Wait for the checks of all running add-ons: in the mode `verify`, that is all.

    Args:
        run: The task.
        upgrade: One that awaits its checks. It comes back over, or as it was if it is to be looked at again later.
    """
    collected = _started_checks(run, upgrade.ticket) if upgrade.ticket.started else None
    if _is_early(run, upgrade, collected):
        return upgrade
    checks = collected.checks if collected else []
    return replace(upgrade, stage=OVER, checks=tuple(discreet_check(run, check) for check in checks))


def await_and_gate(run: UpgradeRun, upgrade: ClusterUpgrade) -> ClusterUpgrade:
    """Wait for the checks, judge all add-ons, and list what is to be done with each.

    Args:
        run: The task.
        upgrade: One that awaits its checks. It comes back with the decision and its transactions, or as it was if it is
            to be looked at again later.
    """
    ticket = upgrade.ticket
    collected = checks_for(run, ticket)
    if ticket.started and _is_early(run, upgrade, collected):
        return upgrade
    checks = collected.all_checks if collected else []
    now = run.now()
    resumable = [step["name"] for step in ticket.failed if is_unverified(step, checks, now=run.service_now())]
    decision = decide(
        run,
        ticket,
        collected,
        run_started=upgrade.started_at,
        resumable=resumable,
        skip_blocked=run.options.skip_blocked,
    )
    if run.task.check_mode:
        _note_predicted_diffs(run, decision)
        return replace(upgrade, gate=decision, stage=PREDICTED, since=now)
    todo = jobs_for(run, ticket, decision, checks)
    known = {job["addon_instance_id"] or "": known_fatals(job, checks) for job in todo}
    stage: Stage = ADDONS if todo else OVER
    return replace(upgrade, gate=decision, transactions=sequence_of(todo, known), stage=stage, since=now)


def checks_for(run: UpgradeRun, ticket: Ticket) -> Collected | None:
    """Return the checks of the cluster, once those that were started have finished or the time is over.

    Args:
        run: The task. It remembers them.
        ticket: The plan, and the checks that were started for it.

    Returns:
        None if nobody needs them: nothing is to be upgraded, and nothing can be left of an earlier run.
    """
    if ticket.started:
        collected = _started_checks(run, ticket)
    elif ticket.needs_checks or any(step["previous_version"] for step in ticket.plan):
        collected = collect(run.access)
    else:
        return None
    warn_of_the_answer(run.access, collected)
    run.read(collected)
    return collected


def _started_checks(run: UpgradeRun, ticket: Ticket) -> Collected:
    """Return the checks that were started, once they have finished or the time for them is over."""
    ids = {item["task_id"] for item in ticket.started or []}
    return finished_in_time(run.access, ids, run.options.check_timeout if run.options.waits else 0.0)


def _is_early(run: UpgradeRun, upgrade: ClusterUpgrade, collected: Collected | None) -> bool:
    """Whether the checks have not finished, and a run that does not wait looks at them again later."""
    if run.options.waits or collected is None or run.now() - upgrade.since > run.options.check_timeout:
        return False
    shown = {item.task_id for item in collected.tasks}
    return bool(collected.pending) or any(item["task_id"] not in shown for item in upgrade.ticket.started or [])


def decide(
    run: UpgradeRun,
    ticket: Ticket,
    collected: Collected | None,
    *,
    run_started: float,
    resumable: Container[str] = (),
    skip_blocked: bool = False,
) -> GateResult:
    """Return what the gate decides, without secrets.

    Args:
        run: The task.
        ticket: The plan, and the checks that were started for it.
        collected: The checks of the cluster; None if nobody needs them.
        run_started: When the upgrade of the cluster began, in seconds since 1970.
        resumable: Names of the add-ons that an earlier run has upgraded and not verified.
        skip_blocked: Whether add-ons that pass are let through although others are blocked.
    """
    decision = gate(
        ticket.plan,
        started=ticket.started,
        checks=collected.everything if collected else [],
        policy=run.options.policy,
        cluster_id=ticket.cluster_id,
        cluster_name=ticket.cluster_name,
        now=run.now(),
        service_now=run.service_now(),
        run_started=run_started,
        resumable=resumable,
        skip_blocked=skip_blocked,
    )
    return discreet_decision(run, decision)


def jobs_for(run: UpgradeRun, ticket: Ticket, decision: GateResult, checks: Sequence[Check]) -> list[Job]:
    """Return what is to be done with the add-ons of a plan, in its order.

    Args:
        run: The task.
        ticket: The plan.
        decision: What the gate decided about it.
        checks: All checks of the cluster, judged. They tell what an earlier run has left unverified.
    """
    options = run.options
    max_check_age = options.policy.max_check_age
    return jobs(ticket.plan, decision, checks, options.wants, now=run.service_now(), max_check_age=max_check_age)


def _note_predicted_diffs(run: UpgradeRun, decision: GateResult) -> None:
    """Note down what the upgrades would change. A ticket holds no settings, so the add-ons are read once more."""
    if run.task.diff and decision["proceed"]:
        targets = {target["name"] for target in decision["targets"]}
        run.diffs.extend(diff_of(run.task, step) for step in _steps(run) if step.name in targets)
