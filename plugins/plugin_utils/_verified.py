# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The huaweicloud.cce contributors

# Private to the collection: it may change in any release. Do not import it from outside.
"""The outcome of a run that only verifies, as a record and as lines for people. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from ansible_collections.huaweicloud.cce.plugins.module_utils._ground.text import printable, quoted, table
from ansible_collections.huaweicloud.cce.plugins.module_utils._rules.plan import PlannedStep
from ansible_collections.huaweicloud.cce.plugins.module_utils._rules.recovery import VERIFIED
from ansible_collections.huaweicloud.cce.plugins.module_utils._rules.verdict import (
    FATAL,
    PASSED,
    WARNING,
    Check,
    finding_lines,
)

from ._outcome import FAILED, AddonOutcome, ClusterOutcome, Outcome, utc_time


def verified_outcome(
    *,
    cluster_id: str,
    cluster_name: str | None,
    plan: Sequence[PlannedStep] | None,
    checks: Sequence[Check],
    problem: str | None,
    started: float,
    now: float,
    check_mode: bool,
) -> ClusterOutcome:
    """Return whether the add-ons of a cluster run without a Fatal risk: the fact `addon_upgrade_result`.

    The keys are those of the outcome of an upgrade. An add-on is `verified` or `failed`, and so is the cluster.

    Args:
        cluster_id: The cluster.
        cluster_name: Its name, if it is known.
        plan: The steps, which tell the add-ons; None if the run did not get that far.
        checks: The checks of the running add-ons.
        problem: What stopped the run, in words.
        started: When the run started, in seconds since 1970.
        now: The present time, likewise.
        check_mode: Whether the run was in check mode, in which no check is started.
    """
    by_id = {check["addon_instance_id"]: check for check in checks}
    steps = list(plan or [])
    addons = [_addon(step, by_id.get(step["addon_instance_id"]), check_mode=check_mode) for step in steps]
    bad = [addon["name"] for addon in addons if addon["outcome"] == FAILED]
    outcome: Outcome = FAILED if bad or problem or plan is None else VERIFIED
    duration = round(max(0.0, now - started), 1)
    name = printable(cluster_name or cluster_id)
    lines = [f"Cluster {name}: {outcome}{' (predicted)' if check_mode else ''} after {duration:g} s"]
    if addons:
        lines += _table(addons)
    for addon in addons:
        lines += _findings(addon["name"], by_id.get(addon["addon_instance_id"]))
    why = problem or (f"{quoted(bad)} must be repaired." if bad else "the run ended before the add-ons were read")
    return {
        "cluster_id": cluster_id,
        "cluster_name": cluster_name,
        "outcome": outcome,
        "check_mode": check_mode,
        "started_at": utc_time(started),
        "duration": duration,
        "verdict": None,
        "accepted": {"used": [], "unused": [], "expired": []},
        "addons": addons,
        "problem": problem,
        "lines": lines,
        "message": [] if outcome == VERIFIED else [f"NOT VERIFIED: cluster {name}. {printable(why)}", *lines],
    }


def _addon(step: PlannedStep, check: Check | None, *, check_mode: bool) -> AddonOutcome:
    reason = "predicted, as this is check mode" if check_mode else _why_not(check)
    risks = list(check["risks"]) if check else []
    failed = [risk for risk in risks if risk["status"] == "Failed"]
    return {
        "name": step["name"],
        "addon_template_name": step["addon_template_name"],
        "addon_instance_id": step["addon_instance_id"],
        "outcome": FAILED if reason and not check_mode else VERIFIED,
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
        "values_changed": {},
        "rolled_back": False,
        "duration": None,
        "failure": None,
    }


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


def _findings(name: str, check: Check | None) -> list[str]:
    return finding_lines(check, name, check["target_version"]) if check else []
