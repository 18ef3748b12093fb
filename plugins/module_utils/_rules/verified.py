# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The huaweicloud.cce contributors

# Private to the collection: it may change in any release. Do not import it from outside.
"""The outcome of a run that only verifies, as a record and as lines for people. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from .._ground.text import printable, quoted, table
from .outcome import FAILED, UNAVAILABLE, UNDER_WAY, AddonOutcome, ClusterOutcome, Outcome, utc
from .plan import TicketStep
from .recovery import VERIFIED
from .transaction import ClusterUpgrade
from .verdict import (
    FATAL,
    PASSED,
    WARNING,
    Check,
    finding_lines,
)


def verified_outcome(upgrade: ClusterUpgrade, *, now: float, check_mode: bool) -> ClusterOutcome:
    """Return whether the add-ons of a cluster run without a Fatal risk.

    The keys are those of the outcome of an upgrade. An add-on is `verified` or `failed`, and so is the cluster.

    Args:
        upgrade: That of a cluster, in the mode `verify`.
        now: The present time, in seconds since 1970.
        check_mode: Whether the run was in check mode, in which no check is started.
    """
    ticket, problem = upgrade.ticket, upgrade.problem
    by_id = {check["addon_instance_id"]: check for check in upgrade.checks}
    predicted = "predicted, as this is check mode" if check_mode else None
    addons = [_addon(step, by_id.get(step["addon_instance_id"]), upgrade, predicted) for step in ticket.plan]
    bad = [addon["name"] for addon in addons if addon["outcome"] == FAILED]
    outcome = _of_cluster(upgrade, is_bad=bool(bad or problem))
    duration = round(max(0.0, (upgrade.ended_at or now) - upgrade.started_at), 1)
    name = printable(ticket.cluster_name or ticket.cluster_id)
    lines = [f"Cluster {name}: {outcome}{' (predicted)' if check_mode else ''} after {duration:g} s"]
    if addons:
        lines += _table(addons)
    for addon in addons:
        lines += _findings(addon, by_id.get(addon["addon_instance_id"]))
    why = problem or f"{quoted(bad)} must be repaired."
    message = f"NOT VERIFIED: cluster {name}. {printable(why)}"
    return {
        "cluster_id": ticket.cluster_id,
        "cluster_name": ticket.cluster_name,
        "outcome": outcome,
        "check_mode": check_mode,
        "started_at": utc(upgrade.started_at),
        "duration": duration,
        "verdict": None,
        "accepted": {"used": [], "unused": [], "expired": []},
        "addons": addons,
        "still_well": None,
        "problem": problem,
        "lines": lines,
        "message": [] if outcome in (VERIFIED, UNDER_WAY) else [message, *lines],
    }


def _of_cluster(upgrade: ClusterUpgrade, *, is_bad: bool) -> Outcome:
    if upgrade.unavailable:
        return UNAVAILABLE
    if not upgrade.is_over:
        return UNDER_WAY
    return FAILED if is_bad else VERIFIED


def _addon(step: TicketStep, check: Check | None, upgrade: ClusterUpgrade, predicted: str | None) -> AddonOutcome:
    outcome, reason = _judged(step, check, upgrade, predicted)
    risks = list(check["risks"]) if check else []
    failed = [risk for risk in risks if risk["status"] == "Failed"]
    return {
        "name": step["name"],
        "addon_template_name": step["addon_template_name"],
        "addon_instance_id": step["addon_instance_id"],
        "outcome": outcome,
        "reason": reason,
        "action": step["action"],
        "why": step["why"],
        "from": step["from"],
        "to": step["from"],
        "resumed": False,
        "verdict": check["verdict"] if check else None,
        "check_task_id": check["task_id"] if check else None,
        "checked_at": check["created_at"] if check else None,
        "risks": risks,
        "accepted": [],
        "before": None,
        "after": {"version": step["from"], "status": step["status"], "risks": failed},
        "values_changed": [],
        "settings_kept": None,
        "rolled_back": False,
        "duration": None,
        "failure": None,
    }


def _judged(
    step: TicketStep, check: Check | None, upgrade: ClusterUpgrade, predicted: str | None
) -> tuple[Outcome, str | None]:
    if not upgrade.is_over:
        return UNDER_WAY, None
    if predicted:
        return VERIFIED, predicted
    reason = step["why"] if step["addon_instance_id"] is None else _why_not(check)
    return FAILED if reason else VERIFIED, reason


def _why_not(check: Check | None) -> str | None:
    """Return why a check does not verify its add-on; None if it does."""
    if check is None:
        return "there is no result of its check"
    if check["verdict"] in (PASSED, WARNING):
        return None
    fatal = [str(risk["name"]) for risk in check["risks"] if risk["status"] == "Failed" and risk["level"] == "Fatal"]
    if check["verdict"] == FATAL and fatal:
        return f"Fatal risks: {quoted(fatal)}"
    return check["reason"] or f"the verdict on its check is {check['verdict']}"


def _table(addons: Sequence[AddonOutcome]) -> list[str]:
    return table(
        ("ADD-ON", "VERSION", "STATUS", "VERDICT", "OUTCOME"),
        [
            (
                addon["name"],
                addon["from"],
                addon["after"]["status"] if addon["after"] else None,
                addon["verdict"],
                addon["outcome"],
            )
            for addon in addons
        ],
    )


def _findings(addon: AddonOutcome, check: Check | None) -> list[str]:
    if check is None:
        return [f"{addon['name']}: {addon['reason']}"] if addon["outcome"] == FAILED else []
    return finding_lines(check, addon["name"], check["target_version"])
