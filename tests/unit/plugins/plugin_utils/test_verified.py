# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The huaweicloud.cce contributors

"""What a run tells that only verifies: a word for each add-on, and everything that is to be repaired."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.huaweicloud.cce.plugins.plugin_utils._outcome import cluster_outcome
from ansible_collections.huaweicloud.cce.plugins.plugin_utils._verified import verified_outcome

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


def told(plan: list | None, *checks: dict, **changes: Any) -> dict[str, Any]:
    known: dict[str, Any] = {"cluster_id": "id-1", "cluster_name": "prod", "problem": None, "check_mode": False}
    return dict(verified_outcome(plan=plan, checks=list(checks), started=NOW - 2, now=NOW, **{**known, **changes}))


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


@pytest.mark.parametrize("plan", [None, [], [step()]])
def test_what_stopped_the_run_is_told_first(plan):
    result = told(plan, problem="everest is not installed in this cluster")
    assert result["outcome"] == "failed"
    assert result["message"][0] == "NOT VERIFIED: cluster prod. everest is not installed in this cluster"


def test_a_run_that_did_not_get_as_far_as_the_plan_has_failed():
    assert told(None)["message"][0] == "NOT VERIFIED: cluster prod. the run ended before the add-ons were read"
    assert told([])["outcome"] == "verified", "a cluster without add-ons has none that is not well"


def test_check_mode_starts_no_check_and_predicts():
    result = told([step()], check_mode=True, cluster_name=None)
    assert (result["outcome"], result["addons"][0]["verdict"]) == ("verified", None)
    assert result["addons"][0]["reason"] == "predicted, as this is check mode"
    assert result["lines"][0] == "Cluster id-1: verified (predicted) after 2 s"


def test_the_result_has_the_keys_of_that_of_an_upgrade():
    result = told([step()], check())
    upgrade = cluster_outcome(
        cluster_id="id-1", cluster_name=None, plan=[step()], gate=None, todo=[], events=[], before=[], problem=None,
        started=NOW, now=NOW, check_mode=False,
    )  # fmt: skip
    assert set(result) == set(upgrade)
    assert set(result["addons"][0]) == set(upgrade["addons"][0])
