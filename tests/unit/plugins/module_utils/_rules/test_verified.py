# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The huaweicloud.cce contributors

"""What a run tells that only verifies: a word for each add-on, and everything that is to be repaired."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.huaweicloud.cce.plugins.module_utils._rules.gate import Ticket
from ansible_collections.huaweicloud.cce.plugins.module_utils._rules.outcome import cluster_outcome
from ansible_collections.huaweicloud.cce.plugins.module_utils._rules.transaction import OVER, VERIFY, ClusterUpgrade
from ansible_collections.huaweicloud.cce.plugins.module_utils._rules.verified import verified_outcome

NOW = 1_785_922_244.0  # 2026-08-05T09:30:44Z
FATAL = {"name": "AddonStatus", "level": "Fatal", "status": "Failed", "message": "no pods", "remedy": "Repair them."}
WARNING = {**FATAL, "name": "Old", "level": "Warning"}
GOOD = {**FATAL, "name": "Fine", "status": "Success"}


def step(name: str = "coredns") -> dict[str, Any]:
    return {
        "name": name,
        "addon_template_name": name,
        "addon_instance_id": f"id-{name}",
        "action": "upgrade",
        "why": "asked for",
        "from": "1.28.7",
        "to": "1.30.33",
        "status": "running",
    }


def check(name: str = "coredns", verdict: str = "passed", *risks: dict, reason: str | None = None) -> dict[str, Any]:
    return {
        "task_id": f"task-{name}",
        "type": "addonStatic",
        "addon_template_name": name,
        "addon_instance_name": name,
        "addon_instance_id": f"id-{name}",
        "target_version": None,
        "created_at": "2026-08-05T09:30:43Z",
        "verdict": verdict,
        "reason": reason,
        "risks": list(risks),
    }


def upgrade(plan: list, *checks: dict, cluster_name: str | None = "prod", **changes: Any) -> ClusterUpgrade:
    """Return what a run that only verifies has found."""
    over: dict[str, Any] = {"started_at": NOW - 2, "mode": VERIFY, "stage": OVER, "checks": checks}
    return ClusterUpgrade(**{"ticket": Ticket("id-1", cluster_name, plan, []), **over, **changes})


def told(plan: list, *checks: dict, check_mode: bool = False, **changes: Any) -> dict[str, Any]:
    return dict(verified_outcome(upgrade(plan, *checks, **changes), now=NOW, check_mode=check_mode))


def test_all_is_well():
    result = told([step(), step("npd")], check(verdict="passed"), check("npd", "warning", GOOD, WARNING))
    assert (result["outcome"], result["message"], result["duration"]) == ("verified", [], 2.0)
    assert [(addon["outcome"], addon["reason"]) for addon in result["addons"]] == [("verified", None)] * 2
    assert result["lines"] == [
        "Cluster prod: verified after 2 s",
        "ADD-ON   VERSION  STATUS   VERDICT  OUTCOME",
        "coredns  1.28.7   running  passed   verified",
        "npd      1.28.7   running  warning  verified",
        "",
        "npd: warning",
        "  Warning: Old",
        "  message: no pods",
        "  to do:   Repair them.",
    ]


def test_every_add_on_that_is_not_well_is_named():
    result = told([step(), step("npd"), step("everest")], check("coredns", "fatal", FATAL), check("everest"))
    assert result["message"] == [
        "NOT VERIFIED: cluster prod. coredns, npd must be repaired.",
        "Cluster prod: failed after 2 s",
        "ADD-ON   VERSION  STATUS   VERDICT  OUTCOME",
        "coredns  1.28.7   running  fatal    failed",
        "npd      1.28.7   running  -        failed",
        "everest  1.28.7   running  passed   verified",
        "",
        "coredns: fatal",
        "  Fatal: AddonStatus",
        "  message: no pods",
        "  to do:   Repair them.",
        "npd: there is no result of its check",
    ]
    assert [addon["reason"] for addon in result["addons"]] == [
        "Fatal risks: AddonStatus",
        "there is no result of its check",
        None,
    ]
    coredns = result["addons"][0]
    assert (coredns["check_task_id"], coredns["checked_at"]) == ("task-coredns", "2026-08-05T09:30:43Z")
    assert coredns["after"] == {"version": "1.28.7", "status": "running", "risks": [FATAL]}


@pytest.mark.parametrize(
    ("found", "reason"),
    [
        (check(verdict="pending", reason="the check has not finished"), "the check has not finished"),
        (check(verdict="unknown"), "the verdict on its check is unknown"),
        (check(verdict="fatal"), "the verdict on its check is fatal"),
    ],
)
def test_what_is_not_known_to_be_well_is_not_verified(found, reason):
    result = told([step()], found)
    assert (result["outcome"], result["addons"][0]["reason"]) == ("failed", reason)


def test_an_add_on_that_is_not_installed_is_told():
    missing = {**step("everest"), "addon_instance_id": None, "why": "it is not installed"}
    result = told([missing, step()], check(verdict="passed"))
    assert result["addons"][0]["reason"] == "it is not installed"
    assert "everest: it is not installed" in result["message"]


@pytest.mark.parametrize("plan", [[], [step()]])
def test_what_stopped_the_run_is_told_first(plan):
    result = told(plan, problem="everest is not installed in this cluster")
    assert result["outcome"] == "failed"
    assert result["message"][0] == "NOT VERIFIED: cluster prod. everest is not installed in this cluster"


def test_a_cluster_without_add_ons_has_none_that_is_not_well():
    assert told([])["outcome"] == "verified"


def test_a_cluster_whose_phase_allows_nothing_is_unavailable():
    result = told([], unavailable=True, problem="it hibernates: wake it up")
    assert result["outcome"] == "unavailable"
    assert result["message"][0] == "NOT VERIFIED: cluster prod. it hibernates: wake it up"


def test_as_long_as_its_checks_run_nothing_is_known():
    result = told([step()], stage="checks")
    assert (result["outcome"], result["message"]) == ("under_way", [])
    assert [(addon["outcome"], addon["reason"]) for addon in result["addons"]] == [("under_way", None)]


def test_check_mode_starts_no_check_and_predicts():
    result = told([step()], check_mode=True, cluster_name=None)
    assert (result["outcome"], result["addons"][0]["verdict"]) == ("verified", None)
    assert result["addons"][0]["reason"] == "predicted, as this is check mode"
    assert result["lines"][0] == "Cluster id-1: verified (predicted) after 2 s"


def test_the_result_has_the_keys_of_that_of_an_upgrade():
    result = told([step()], check())
    of_upgrade = cluster_outcome(upgrade([step()]), now=NOW, check_mode=False)
    assert set(result) == set(of_upgrade)
    assert set(result["addons"][0]) == set(of_upgrade["addons"][0])
