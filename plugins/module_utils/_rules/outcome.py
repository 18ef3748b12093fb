# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The huaweicloud.cce contributors

# Private to the collection: it may change in any release. Do not import it from outside.
"""The outcome of an upgrade for a cluster and each of its add-ons, as a record and as lines for people. Pure."""

from __future__ import annotations

import datetime
from collections.abc import Mapping, Sequence
from typing import Any, Final, Literal, TypedDict

from .._ground.text import printable, quoted, table
from .gate import Decision, GateResult, closed_message, gate_lines, gate_notes
from .plan import FromVersion, StepTarget, TicketStep
from .policy import AcceptanceRecord, AcceptanceSummary
from .recovery import CARRY_OUT, RESTORE, RESUME, VERIFIED, Job
from .transaction import DONE, READY, AddonState, CheckedState, ClusterUpgrade, Transaction
from .verdict import Risk, Verdict
from .wants import CHANGES, Action

# The outcome for a cluster or an add-on. Only a cluster is `unavailable`.
Outcome = Literal[
    "upgraded",
    "verified",
    "nothing_to_do",
    "blocked",
    "rolled_back",
    "failed",
    "unavailable",
    "not_reached",
    "under_way",
]
UPGRADED: Final = "upgraded"
NOTHING_TO_DO: Final = "nothing_to_do"
BLOCKED: Final = "blocked"
ROLLED_BACK: Final = "rolled_back"
FAILED: Final = "failed"
UNAVAILABLE: Final = "unavailable"
NOT_REACHED: Final = "not_reached"
UNDER_WAY: Final = "under_way"
# What needs nobody.
WELL: frozenset[Outcome] = frozenset((UPGRADED, VERIFIED, NOTHING_TO_DO))

# The reason of a blocked add-on whose decision has none.
RISKS_TELL = "its check found Fatal risks"


class AddonOutcome(StepTarget, FromVersion):
    """The outcome for one add-on. `duration` is in seconds.

    `before` and `after` are None if they are not known. `values_changed` are the settings that the upgrade changes, by
    dotted path, and None if CCE does not tell those before it. `settings_kept` tells whether CCE shows the settings
    that were sent; None if nothing was sent, if CCE does not show them, or if a sync strategy lets CCE change them.
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
    after: CheckedState | None
    values_changed: list[str] | None
    settings_kept: bool | None
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
    still_well: bool | None
    problem: str | None


class ClusterOutcome(_ClusterFacts):
    """The outcome for one cluster. `duration` is in seconds.

    `still_well` tells whether its add-ons ran well when they were checked again some time later; None if they were not.
    `lines` are for people. `message` is empty if all is well: it says what is not, whether anything was changed, and
    what to do.
    """

    lines: list[str]
    message: list[str]


def cluster_outcome(upgrade: ClusterUpgrade, *, now: float, check_mode: bool) -> ClusterOutcome:
    """Return the outcome of an upgrade as far as it has come.

    Args:
        upgrade: That of a cluster, as far as it has come.
        now: The present time, in seconds since 1970.
        check_mode: Whether nothing was to be changed.
    """
    gate = upgrade.gate
    decisions = {decision["name"]: decision for decision in (gate["decisions"] if gate else ())}
    transactions = {transaction.job["name"]: transaction for transaction in upgrade.transactions}
    addons = [
        _addon_outcome(step, decisions.get(step["name"]), transactions.get(step["name"]), upgrade, check_mode)
        for step in upgrade.ticket.plan
    ]
    facts: _ClusterFacts = {
        "cluster_id": upgrade.ticket.cluster_id,
        "cluster_name": upgrade.ticket.cluster_name,
        "outcome": _of_cluster(upgrade, [addon["outcome"] for addon in addons]),
        "check_mode": check_mode,
        "started_at": utc(upgrade.started_at),
        "duration": round(max(0.0, (upgrade.ended_at or now) - upgrade.started_at), 1),
        "verdict": gate["verdict"] if gate else None,
        "accepted": gate["accepted"] if gate else {"used": [], "unused": [], "expired": []},
        "addons": addons,
        "still_well": upgrade.still_well,
        "problem": upgrade.problem,
    }
    lines = outcome_lines(facts)
    message = _message(facts, upgrade, lines)
    # Warnings do not block, and are shown all the same.
    notes = gate_notes(gate) if gate and upgrade.is_over and not message else []
    return {**facts, "lines": [*lines, *notes], "message": message}


def utc(seconds: float) -> str:
    """Return a time, in seconds since 1970, as people read it."""
    return datetime.datetime.fromtimestamp(seconds, tz=datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


def _of_cluster(upgrade: ClusterUpgrade, outcomes: Sequence[Outcome]) -> Outcome:
    """Return the outcome for a cluster: the worst of those for its add-ons."""
    if upgrade.unavailable:
        return UNAVAILABLE
    if not upgrade.is_over:
        return UNDER_WAY
    for outcome in (FAILED, ROLLED_BACK, BLOCKED):
        if outcome in outcomes:
            return outcome
    if upgrade.problem or NOT_REACHED in outcomes:
        return FAILED
    return UPGRADED if UPGRADED in outcomes else NOTHING_TO_DO


def _addon_outcome(
    step: TicketStep,
    decision: Decision | None,
    transaction: Transaction | None,
    upgrade: ClusterUpgrade,
    check_mode: bool,
) -> AddonOutcome:
    job = transaction.job if transaction else None
    outcome, reason = _judged(step, decision, transaction, upgrade, check_mode)
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
        "verdict": decision["verdict"] if decision else None,
        "check_task_id": decision["task_id"] if decision else None,
        "checked_at": decision["checked_at"] if decision else None,
        "risks": list(decision["risks"]) if decision else [],
        "accepted": list(decision["accepted"]) if decision else [],
        "before": _before(step, transaction),
        "after": transaction.after if transaction else None,
        "values_changed": _values_changed(transaction),
        "settings_kept": _settings_kept(transaction),
        "rolled_back": outcome == ROLLED_BACK,
        "duration": transaction.duration if transaction else None,
        "failure": transaction.failure if transaction else None,
    }


def _before(step: TicketStep, transaction: Transaction | None) -> AddonState | None:
    if transaction is not None and transaction.before is not None:
        return transaction.before
    if step["from"] is None:
        return None
    return {"version": step["from"], "status": step["status"]}


def _values_changed(transaction: Transaction | None) -> list[str] | None:
    if transaction is None:
        return []
    changed = transaction.values_changed
    return None if changed is None else list(changed)


def _settings_kept(transaction: Transaction | None) -> bool | None:
    if transaction is None or transaction.sent_settings is None or transaction.settled is None:
        return None
    if transaction.job["restore"]:  # with a sync strategy, CCE puts what was modified by hand into the settings
        return None
    return transaction.sent_settings == transaction.settled


def _judged(
    step: TicketStep,
    decision: Decision | None,
    transaction: Transaction | None,
    upgrade: ClusterUpgrade,
    check_mode: bool,
) -> tuple[Outcome, str | None]:
    """Return the outcome for an add-on, and the reason if it is not obvious."""
    if transaction is not None and (transaction.phase != READY or transaction.is_bad):
        return _judged_transaction(transaction)
    gate = upgrade.gate
    if decision is not None and decision["blocks"]:
        return BLOCKED, decision["reason"] or RISKS_TELL
    if transaction is None and step["action"] not in CHANGES:
        return NOTHING_TO_DO, step["why"]
    if gate is not None and not gate["proceed"]:
        return NOT_REACHED, "other add-ons are blocked"
    if check_mode and gate is not None:
        return UPGRADED, "predicted, as this is check mode"
    return NOT_REACHED, "the run ended before" if upgrade.is_over else "its turn has not come"


_WITHOUT_SENDING: Mapping[str, str] = {
    RESUME: "it was upgraded already, by an earlier run or by somebody else",
    RESTORE: "its sync strategy was set back",
}


def _judged_transaction(transaction: Transaction) -> tuple[Outcome, str | None]:
    if transaction.problem is not None:
        if transaction.phase != DONE:
            return UNDER_WAY, transaction.problem
        return (ROLLED_BACK if is_rolled_back(transaction) else FAILED), _what_happened(transaction)[0]
    if transaction.restore_problem is not None:
        return FAILED, transaction.restore_problem
    if transaction.phase != DONE:
        return UNDER_WAY, None
    # If it is at its target although this run has sent nothing, somebody else has brought it there.
    task = transaction.job["task"]
    task = task if task != CARRY_OUT or transaction.sent else RESUME
    verified = transaction.verification
    also = ", and is verified now" if task == RESUME and verified and verified["verdict"] == VERIFIED else ""
    reason = _WITHOUT_SENDING.get(task)
    return UPGRADED, f"{reason}{also}" if reason else None


def is_rolled_back(transaction: Transaction) -> bool:
    """Whether the add-on was rolled back."""
    recovery = transaction.recovery
    return transaction.phase == DONE and bool(recovery and recovery["roll_back"]) and not transaction.rollback_problem


def _what_happened(transaction: Transaction) -> list[str]:
    """Return what went wrong as lines, without the advice to roll back if that was done."""
    first, *more = (transaction.problem or "it was upgraded").split("\n")
    details = transaction.failure.get("details") if transaction.failure else None
    advice = details.get("way_out") if details else None
    return [first.removesuffix(f" {advice}") if advice and is_rolled_back(transaction) else first, *more]


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


def _message(facts: _ClusterFacts, upgrade: ClusterUpgrade, lines: list[str]) -> list[str]:
    """Return what is not well: what was asked, what happened, whether anything was changed, and what to do."""
    gate = upgrade.gate
    if not upgrade.is_over:
        return [_left_out(gate, ""), *gate_lines(gate)] if gate is not None and not gate["open"] else []
    bad = [transaction for transaction in upgrade.transactions if transaction.is_bad]
    if upgrade.problem is not None and not bad:
        return [upgrade.problem] if not upgrade.transactions else [upgrade.problem, "", *lines]
    if gate is not None and not gate["proceed"]:
        return closed_message(gate)
    told = _story(facts, upgrade, bad) if bad else []
    if gate is not None and not gate["open"]:
        rest = "" if bad else " What passed the gate was upgraded."
        rest = " What passes the gate would be upgraded." if facts["check_mode"] else rest
        told += [*([""] if told else []), _left_out(gate, rest), *gate_lines(gate)]
    return [*told, "", *lines] if told else []


def _left_out(gate: GateResult, rest: str) -> str:
    """Return what was blocked, followed by what became of the rest."""
    return f"NOT UPGRADED: {quoted(gate['blocked'])}.{rest}"


def _story(facts: _ClusterFacts, upgrade: ClusterUpgrade, bad: Sequence[Transaction]) -> list[str]:
    name = printable(facts["cluster_name"] or facts["cluster_id"])
    addons = {addon["name"]: addon for addon in facts["addons"]}
    told: list[str] = []
    for transaction in bad:
        told += [*_what_failed(name, transaction, addons[transaction.job["name"]]), *_to_do(transaction)]
    waiting = [addon["name"] for addon in facts["addons"] if addon["outcome"] == NOT_REACHED]
    if waiting:
        told.append(f"  not touched: {quoted(waiting)}")
    return told


def _asked(job: Job) -> str:
    if job["task"] == RESTORE:
        return "parameterSyncStrategy back to ensureConsistent"
    way = f"{job['from']} -> {job['to']}"
    if job["task"] == RESUME:
        return f"{way}, sent by an earlier run that did not end, or by somebody else"
    return f"{way}, with all settings kept"


def _what_failed(cluster: str, transaction: Transaction, addon: AddonOutcome) -> list[str]:
    job = transaction.job
    happened, *more = _what_happened(transaction)
    lines = [
        f"{job['name']} in cluster {cluster}: {addon['outcome'].upper()}",
        f"  asked:       {_asked(job)}",
        f"  happened:    {printable(happened)}",
    ]
    lines += [f"               {printable(line)}" for line in more]
    lines += _before_and_now(addon)
    for risk in transaction.verification["new_risks"] if transaction.verification else []:
        lines += [
            f"  new risk:    {printable(str(risk['name']))}: {printable(str(risk['message'] or '(no message)'))}",
            f"  to do:       {risk['remedy']}",
        ]
    return [*lines, f"  rollback:    {_rollback(transaction)}"]


def _before_and_now(addon: AddonOutcome) -> list[str]:
    was, now = addon["before"], addon["after"]
    if not was or not now:
        return []
    states = [f"{state['version']} {printable(str(state['status']))}" for state in (was, now)]
    return [f"  before/now:  {' / '.join(states)}"]


def _rollback(transaction: Transaction) -> str:
    recovery = transaction.recovery
    if transaction.rollback_problem is not None:
        return f"FAILED: {printable(transaction.rollback_problem)}"
    if recovery is None:
        return "none: it did not come to that"
    return f"{'done,' if recovery['roll_back'] else 'none:'} {recovery['why']}"


def _to_do(transaction: Transaction) -> list[str]:
    """Return what is left for a person to do after an add-on failed."""
    lines = [f"  to do:       {advice}" for advice in transaction.advice]
    again = transaction.verified_back
    if is_rolled_back(transaction) and (again is None or again["verdict"] != VERIFIED):
        reason = again["reason"] if again else "it was not checked"
        lines.append(f"  to do:       look at its pods and events: after the rollback, {reason}")
    if transaction.restore_problem is not None:
        problem = printable(transaction.restore_problem)
        lines.append(f"  to do:       set parameterSyncStrategy back to ensureConsistent: {problem}")
    return lines
