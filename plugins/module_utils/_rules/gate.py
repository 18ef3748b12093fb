# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The huaweicloud.cce contributors

# Private to the collection: it may change in any release. Do not import it from outside.
"""The gate: whether the add-ons of a cluster may be upgraded, from their plan, their checks and the policy. Pure."""

from __future__ import annotations

import datetime
from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypedDict, cast

from .._ground.errors import InputError
from .._ground.text import printable, quoted, table
from .._ground.times import instant
from .._model.check import ADDON_UPGRADE, CheckTask, Wanted, may_be_about
from .._model.instance import UPGRADE_FAILED, rollback_command
from .plan import StepChange, StepTarget, TicketStep
from .policy import AcceptanceRecord, AcceptanceSummary, Policy, describe_acceptance
from .ticket import invalid_ticket, packed, unpacked
from .verdict import (
    FATAL,
    PASSED,
    UNKNOWN,
    WARNING,
    CheckFindings,
    Judgement,
    Risk,
    UpgradeJudgement,
    Verdict,
    describe_check,
    finding_lines,
    judge_upgrade,
    worst,
    worst_of,
)
from .wants import CHANGES, IMPOSSIBLE, INSTALL, NONE


class TicketCheck(TypedDict):
    """What the gate judges of a check that was started."""

    addon_instance_id: str
    type: str
    task_id: str | None
    values_fingerprint: str | None


class StartedCheck(TicketCheck):
    """One entry of `checks_started`, as modules return it.

    `adopted` tells whether somebody else had started the check before. The `values_fingerprint` is None if the settings
    that it was made with are not known for certain.
    """

    name: str
    addon_template_name: str
    target_version: str | None
    adopted: bool


class Decision(StepChange, CheckFindings):
    """The gate's decision on one step."""

    why: str
    blocks: bool
    task_id: str | None
    checked_at: str | None
    accepted: list[AcceptanceRecord]


class GateResult(TypedDict):
    """The gate's decision on a plan, as modules return it. `judged_at` is in seconds since 1970."""

    cluster_id: str
    cluster_name: str | None
    open: bool
    proceed: bool
    verdict: Verdict
    decisions: list[Decision]
    blocked: list[str]
    passed: list[str]
    targets: list[StepTarget]
    accepted: AcceptanceSummary
    values_known: bool
    judged_at: float
    lines: list[str]


# What a ticket holds of a step, and of a check that was started.
_STEP_KEYS = tuple(TicketStep.__annotations__)
_STARTED_KEYS = tuple(TicketCheck.__annotations__)


@dataclass(frozen=True)
class Ticket:
    """What the gate has to know of a plan and of the checks that were started for it.

    Attributes:
        cluster_id: The cluster.
        cluster_name: Its name, if it is known; policies may name clusters by either.
        plan: The steps.
        started: The checks that were started; None if none were, as in check mode.
    """

    cluster_id: str
    cluster_name: str | None
    plan: Sequence[TicketStep]
    started: Sequence[TicketCheck] | None

    @property
    def needs_checks(self) -> bool:
        """Whether there is a step that CCE can check."""
        return any(step["action"] in CHANGES - {INSTALL} for step in self.plan)

    @property
    def failed(self) -> list[TicketStep]:
        """The steps of add-ons that are at the wanted version, but whose last operation failed."""
        return [step for step in self.plan if step.get("failed")]

    def parts(self) -> list[object]:
        """Return it as plain data."""
        plan = [_parts(step, _STEP_KEYS) for step in self.plan]
        started = None if self.started is None else [_parts(item, _STARTED_KEYS) for item in self.started]
        return [self.cluster_id, self.cluster_name, plan, started]

    def text(self) -> str:
        """Return it as a ticket."""
        return packed(self.parts())


def read_ticket(text: str) -> Ticket:
    """Return what a ticket holds.

    Raises:
        InputError: The text is not a ticket.
    """
    data = unpacked(text)
    try:
        return ticket_of(data["ticket"] if isinstance(data, Mapping) else data)
    except (KeyError, ValueError):
        raise invalid_ticket() from None


def ticket_of(parts: object) -> Ticket:
    """Return the ticket of `parts`; raise ValueError if they are none."""
    cluster_id, cluster_name, plan, started = _list(parts, 4)
    if not isinstance(cluster_id, str) or not isinstance(cluster_name, (str, type(None))):
        raise ValueError
    return Ticket(
        cluster_id,
        cluster_name,
        plan=[cast(TicketStep, _record(_STEP_KEYS, values)) for values in _list(plan)],
        started=None
        if started is None
        else [cast(TicketCheck, _record(_STARTED_KEYS, values)) for values in _list(started)],
    )


def _parts(record: Mapping[str, object], keys: Sequence[str]) -> list[object]:
    return [record.get(key) for key in keys]


def _list(value: object, length: int | None = None) -> list[object]:
    if not isinstance(value, list) or length not in (None, len(value)):
        raise ValueError
    return value


def _record(keys: Sequence[str], values: object) -> dict[str, object]:
    """Return a record of texts. Whatever else they are, the gate blocks what it does not know."""
    parts = _list(values, len(keys))
    if not all(value is None or isinstance(value, str) for value in parts):
        raise ValueError
    return dict(zip(keys, parts))


def _judge_checks(
    step: TicketStep, started: Sequence[TicketCheck] | None, tasks: Sequence[CheckTask], wanted: Wanted
) -> UpgradeJudgement:
    """Return what the checks of a cluster say about a step, for this instance, target version and settings.

    If checks were started, the one with the settings of the step counts, unless a newer one is worse. If none were
    started (check mode), the newest result for this instance and target counts, although its settings are not known.
    If several may be the one that counts, the worst of them does.
    """
    if started is None:
        task, judgement = worst_of(_may_be_newest(tasks, wanted), wanted)
        return UpgradeJudgement(judgement, task, task)
    mine = [
        item
        for item in started
        if item["addon_instance_id"] == wanted.addon_instance_id and item["type"] == ADDON_UPGRADE
    ]
    own = mine[0] if len(mine) == 1 else None
    decided = judge_upgrade(own["task_id"] if own else None, tasks, wanted)
    fingerprint = own["values_fingerprint"] if own else None
    if decided.judgement.blocks or (fingerprint and fingerprint == step["values_fingerprint"]):
        return decided
    reason = "the check was made with other settings than the upgrade would send"
    return replace(decided, judgement=Judgement(UNKNOWN, reason))


def _may_be_newest(tasks: Sequence[CheckTask], wanted: Wanted) -> list[CheckTask]:
    """Return the checks of what is wanted that may be the newest.

    Several checks may be from the same instant, and one whose time cannot be read may be newer than all.
    """
    mine = [(instant(task.created_at), task) for task in tasks if may_be_about(task, wanted)]
    newest = max((time for time, _task in mine if time is not None), default=None)
    return [task for time, task in mine if time in (None, newest)]


def judge_step(
    step: TicketStep,
    started: Sequence[TicketCheck] | None,
    checks: Sequence[CheckTask],
    policy: Policy,
    *,
    clusters: Sequence[str],
    now: float,
    today: datetime.date,
    resumable: Container[str] = (),
) -> Decision:
    """Return the gate's decision on one step of a plan; see `gate` for what it takes. `now` is the service's time."""
    decision: Decision = {
        "name": step["name"],
        "addon_template_name": step["addon_template_name"],
        "addon_instance_id": step["addon_instance_id"],
        "action": step["action"],
        "from": step["from"],
        "to": step["to"],
        "why": step["why"],
        "values_fingerprint": step["values_fingerprint"],
        "verdict": PASSED,
        "reason": None,
        "blocks": False,
        "task_id": None,
        "checked_at": None,
        "risks": [],
        "accepted": [],
    }
    reason = _uncheckable(step, clusters, resumable)
    if reason is not None:
        return {**decision, "verdict": UNKNOWN, "blocks": True, "reason": reason}
    if step["action"] == NONE:
        return {**decision, "reason": step["why"]}
    wanted = Wanted(
        type=ADDON_UPGRADE,
        addon_instance_id=step["addon_instance_id"],
        target_version=step["to"],
        now=now,
        max_check_age=policy.max_check_age,
    )
    decided = _judge_checks(step, started, checks, wanted)
    verdict = decided.judgement.verdict
    decision = {
        **decision,
        "verdict": verdict,
        "reason": decided.judgement.reason,
        "blocks": decided.judgement.blocks,
        # The upgrade stays bound to its own check: only of that one the settings are known.
        "task_id": decided.own.task_id if decided.own else None,
        "checked_at": decided.own.created_at if decided.own else None,
        "risks": _risks_found(decided),
    }
    if verdict == WARNING and policy.fail_on_warning:
        return _without_accepted(decision, policy, clusters=clusters, today=today)
    return decision


def _uncheckable(step: TicketStep, clusters: Sequence[str], resumable: Container[str]) -> str | None:
    """Return why a step blocks whatever the checks say; None if the checks decide, or if there is nothing to do."""
    action = step["action"]
    if action == IMPOSSIBLE:
        return f"it cannot be upgraded: {step['why']}"
    if action == INSTALL:
        return "CCE cannot check an add-on that is not installed yet; install it on its own"
    if action == NONE and step.get("failed") and step["name"] not in resumable:
        return f"{step['failed']}: roll it back or repair it first{_how_to_roll_back(step, clusters)}"
    if action != NONE and action not in CHANGES:
        return "the plan does not tell what would be done"
    return None


def _risks_found(decided: UpgradeJudgement) -> list[Risk]:
    """Return the risks that the check that counts has found, then those that newer checks warn of."""
    found = _found_by(decided.by, decided) if decided.by else []
    for task in decided.warned:
        known = {risk["name"] for risk in found}
        found += [risk for risk in _found_by(task, decided) if risk["name"] not in known]
    return found


def _found_by(task: CheckTask, decided: UpgradeJudgement) -> list[Risk]:
    return [risk for risk in describe_check(task, decided.judgement)["risks"] if risk["status"] != "Success"]


def _how_to_roll_back(step: TicketStep, clusters: Sequence[str]) -> str:
    """Return the command for an add-on whose upgrade has failed, ready to follow why it blocks."""
    previous = step.get("previous_version")
    if step.get("status") != UPGRADE_FAILED or not clusters or previous == step["from"]:
        return ""
    command = rollback_command(clusters[0], step.get("addon_instance_id"), previous)
    return f". Back to {previous}: {command}" if command else ""


def _without_accepted(decision: Decision, policy: Policy, *, clusters: Sequence[str], today: datetime.date) -> Decision:
    """Return the decision for a policy by which Warnings block unless all of them are accepted."""
    open_risks = []
    accepted = []
    for risk in decision["risks"]:
        if risk["status"] != "Failed":
            continue
        covering = [
            item for item in policy.accepted if item.until >= today and item.covers(decision, risk["name"], clusters)
        ]
        if covering:
            accepted.append(describe_acceptance(covering[0]))
        else:
            open_risks.append(risk["name"] or "a risk of no name")
    if open_risks:
        reason = f"Warnings are not allowed here, and nobody accepted {quoted(open_risks)}"
        return {**decision, "blocks": True, "reason": reason, "accepted": accepted}
    return {**decision, "accepted": accepted}


def _refuse_accepted_fatals(decisions: Sequence[Decision], policy: Policy, clusters: Sequence[str]) -> None:
    for decision in decisions:
        for risk in decision["risks"]:
            if risk["level"] != "Fatal" or risk["status"] != "Failed":
                continue
            if any(item.covers(decision, risk["name"], clusters) for item in policy.accepted):
                raise InputError(
                    f"accepted_warnings names the risk {printable(str(risk['name']))} of {decision['name']}, but it is "
                    "Fatal. A Fatal risk cannot be accepted: remove the entry, and repair the risk."
                )


def gate(
    plan: Sequence[TicketStep],
    *,
    started: Sequence[TicketCheck] | None,
    checks: Sequence[CheckTask],
    policy: Policy,
    cluster_id: str,
    cluster_name: str | None = None,
    now: float,
    service_now: float | None = None,
    run_started: float | None = None,
    resumable: Container[str] = (),
    skip_blocked: bool = False,
) -> GateResult:
    """Return whether the add-ons of a plan may be upgraded, all of them judged before any is touched.

    Args:
        plan: Described steps, as `cce_addon_plan_info` returns them.
        started: The checks that were started; None if none were, as in check mode.
        checks: All check tasks of the cluster.
        policy: What the user decides about Warnings.
        cluster_id: The cluster.
        cluster_name: Its name, if it is known; policies may name clusters by either.
        now: The present time, in seconds since 1970.
        service_now: The present time by the service's clock, from which the age of results counts. By default `now`.
        run_started: When the run started, in seconds since 1970. A warning that was accepted until then counts.
        resumable: Names of add-ons that do not run yet, and that the caller waits for and verifies.
        skip_blocked: Whether the add-ons that pass may be upgraded although others are blocked. If not, `passed` of
            a closed gate is empty, so that a play that ignores errors upgrades nothing either.

    Raises:
        InputError: The policy accepts a risk that is Fatal.
    """
    clusters = [name for name in (cluster_id, cluster_name) if name]
    today = _day(now if run_started is None else run_started)
    decisions = [
        judge_step(
            step,
            started,
            checks,
            policy,
            clusters=clusters,
            now=now if service_now is None else service_now,
            today=today,
            resumable=resumable,
        )
        for step in plan
    ]
    _refuse_accepted_fatals(decisions, policy, clusters)
    blocked = [decision["name"] for decision in decisions if decision["blocks"]]
    proceed = not blocked or skip_blocked
    judged = [decision["verdict"] for decision in decisions if decision["action"] in CHANGES or decision["blocks"]]
    result: GateResult = {
        "cluster_id": cluster_id,
        "cluster_name": cluster_name,
        "open": not blocked,
        "proceed": proceed,
        "verdict": worst(judged) if judged else PASSED,
        "decisions": decisions,
        "blocked": blocked,
        "passed": [item["name"] for item in decisions if proceed and not item["blocks"] and item["action"] in CHANGES],
        "targets": [_target(item) for item in decisions if not item["blocks"] and item["to"]],
        "accepted": _acceptances(decisions, policy, today),
        "values_known": started is not None,
        "judged_at": now,
        "lines": [],
    }
    return {**result, "lines": gate_lines(result)}


def _target(decision: Decision) -> StepTarget:
    return {
        "name": decision["name"],
        "addon_template_name": decision["addon_template_name"],
        "addon_instance_id": decision["addon_instance_id"],
        "to": decision["to"],
    }


def _day(seconds: float) -> datetime.date:
    return datetime.datetime.fromtimestamp(seconds, tz=datetime.timezone.utc).date()


def _acceptances(decisions: Sequence[Decision], policy: Policy, today: datetime.date) -> AcceptanceSummary:
    accepted = [item for decision in decisions for item in decision["accepted"]]
    # Two instances of an add-on may share one.
    used = [item for number, item in enumerate(accepted) if item not in accepted[:number]]
    described = [(item, describe_acceptance(item)) for item in policy.accepted]
    return {
        "used": used,
        "unused": [text for item, text in described if text not in used and item.until >= today],
        "expired": [text for item, text in described if item.until < today],
    }


def gate_lines(result: GateResult) -> list[str]:
    """Return the lines that tell people what the gate decided, and what to do about it."""
    name = printable(result["cluster_name"] or result["cluster_id"])
    decisions = result["decisions"]
    if not decisions:
        return [f"Cluster {name}: there is nothing to upgrade."]
    rows = table(
        ("ADD-ON", "PRESENT", "TARGET", "VERDICT", "GATE", "PLAN"),
        [
            (
                decision["name"],
                decision["from"],
                decision["to"] if decision["action"] in CHANGES else None,
                decision["verdict"] if decision["action"] in CHANGES or decision["blocks"] else None,
                "BLOCKED" if decision["blocks"] else ("open" if decision["action"] in CHANGES else "nothing to do"),
                decision["why"],
            )
            for decision in decisions
        ],
    )
    return [*rows, *gate_notes(result)]


def gate_notes(result: GateResult) -> list[str]:
    """Return the lines below the table: the risks, and what else is to be known of the decision."""
    lines: list[str] = []
    for decision in result["decisions"]:
        if decision["blocks"] or decision["verdict"] == WARNING:
            lines += finding_lines(decision, decision["name"], decision["to"])
        lines += [
            f"  accepted: {printable(item['risk'])} until {item['until']} ({printable(item['reason'])})"
            for item in decision["accepted"]
        ]
    accepted = result["accepted"]
    lines += [f"{_acceptance_in_words(item)} has expired and does not count." for item in accepted["expired"]]
    lines += [f"{_acceptance_in_words(item)} was not needed." for item in accepted["unused"]]
    if not result["values_known"]:
        lines += ["", "Judged from the newest results that CCE has; with which settings they were made is not known."]
    return lines


def _acceptance_in_words(item: AcceptanceRecord) -> str:
    of = f" (instance {printable(item['addon_instance_id'])})" if item["addon_instance_id"] else ""
    return f"Accepted warning {printable(item['addon'])}{of}/{printable(item['risk'])}"


def closed_message(result: GateResult) -> list[str]:
    """Return the lines with which a play stops at a closed gate."""
    name = printable(result["cluster_name"] or result["cluster_id"])
    count = len(result["blocked"])
    if any(decision["blocks"] and decision["verdict"] in (FATAL, WARNING) for decision in result["decisions"]):
        way_out = "Repair what is named under 'to do', then run the same command again. A Fatal risk cannot be skipped."
    else:
        way_out = (
            "See what stands behind 'why', then run the same command again. What is not known to be safe is not done."
        )
    return [
        (
            f"NOTHING WAS UPGRADED in cluster {name}: {count} add-on{'s' if count > 1 else ''} must not be upgraded "
            f"now ({quoted(result['blocked'])})."
        ),
        *result["lines"],
        "",
        way_out,
    ]
