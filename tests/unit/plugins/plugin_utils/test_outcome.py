# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The huaweicloud.cce contributors

"""What an operator is told of a run, whole and to the letter, and the edges of the rules behind it."""

from __future__ import annotations

import datetime
import time
from typing import Any

import pytest

from ansible_collections.huaweicloud.cce.plugins.module_utils._rules.recovery import (
    is_unverified,
    jobs,
    recovery,
    verification,
)
from ansible_collections.huaweicloud.cce.plugins.module_utils._rules.wants import read_wants
from ansible_collections.huaweicloud.cce.plugins.plugin_utils._outcome import result, result_lines

NOW = 1_785_922_244.0  # 2026-08-05T09:30:44Z
DAY = 24 * 60
ID = "instance-1"


def at(minutes: float) -> str:
    """Return a time so many minutes before now, as the API writes it."""
    return datetime.datetime.fromtimestamp(NOW - 60 * minutes, tz=datetime.timezone.utc).isoformat()


def step(**changes: Any) -> dict[str, Any]:
    return {
        "name": "coredns",
        "addon_template_name": "coredns",
        "action": "upgrade",
        "why": "asked for",
        "from": "1.28.7",
        "to": "1.30.33",
        "addon_instance_id": ID,
        "values_fingerprint": "3f1c",
        "previous_version": "1.25.1",
        "updated_at": at(600),
        "status": "running",
        "present_sync_strategy": "ensureConsistent",
        **changes,
    }


def decision(**changes: Any) -> dict[str, Any]:
    plain = {
        "blocks": False,
        "task_id": "task-1",
        "checked_at": at(1),
        "judged_at": NOW,
        "verdict": "passed",
        "reason": None,
        "risks": [],
    }
    return {"name": "coredns", **plain, **changes}


def opened(*decisions: dict[str, Any]) -> dict[str, Any]:
    return {"open": True, "proceed": True, "decisions": list(decisions)}


def check(kind: str, minutes: float, **changes: Any) -> dict[str, Any]:
    return {
        "type": kind,
        "addon_instance_id": ID,
        "target_version": "1.30.33",
        "created_at": at(minutes),
        "verdict": "passed",
        "reason": None,
        "risks": [],
        **changes,
    }


def risk(
    name: str | None = "AddonStatus", level: str = "Fatal", status: str = "Failed", **changes: Any
) -> dict[str, Any]:
    return {"name": name, "level": level, "status": status, "message": "not ready", "remedy": "wait", **changes}


# Jobs


def test_a_job_says_all_that_the_role_needs():
    wants = read_wants([{"name": "coredns", "sync_strategy": "inherit"}])
    (job,) = jobs([step()], opened(decision()), [], wants, now=NOW, max_age=3600)
    assert job == {
        "name": "coredns",
        "addon_template_name": "coredns",
        "task": "upgrade",
        "action": "upgrade",
        "from": "1.28.7",
        "to": "1.30.33",
        "addon_instance_id": ID,
        "restore": True,
        "values_fingerprint": "3f1c",
        "check_task_id": "task-1",
        "checked_at": at(1),
        "recheck_after": NOW - 60 + 3600 - 15,
    }


def test_a_job_without_a_check_is_checked_at_once():
    (job,) = jobs([step()], opened(decision(checked_at=None)), [], read_wants(["all"]), now=NOW, max_age=3600)
    assert (job["recheck_after"], job["restore"]) == (0.0, False)
    (job,) = jobs([step()], opened(), [], read_wants(["coredns"]), now=NOW, max_age=3600, verify_only=True)
    assert (job["task"], job["from"], job["to"], job["check_task_id"]) == ("verify", "1.28.7", "1.28.7", None)
    assert job["recheck_after"] == 0.0


def test_nothing_is_done_without_a_decision():
    assert jobs([step()], opened(), [], read_wants(["all"]), now=NOW, max_age=3600) == []
    assert jobs([step()], opened(decision(blocks=True)), [], read_wants(["all"]), now=NOW, max_age=3600) == []
    assert jobs([step()], opened(decision(name="other")), [], read_wants(["all"]), now=NOW, max_age=3600) == []


BESIDE = check("addonStatic", 20.1)
DONE = {"action": "none", "from": "1.30.33", "previous_version": "1.28.7", "updated_at": at(10)}


def test_an_upgrade_that_was_not_verified_is_resumed_and_a_strategy_restored():
    inherit = read_wants([{"name": "coredns", "sync_strategy": "inherit"}])
    steps = [step(**DONE, present_sync_strategy="inherit")]
    (job,) = jobs(steps, opened(), [check("addonUpgrade", 20), BESIDE], inherit, now=NOW, max_age=3600)
    assert (job["task"], job["from"], job["to"], job["restore"]) == ("resume", "1.28.7", "1.30.33", True)
    (job,) = jobs(steps, opened(), [], inherit, now=NOW, max_age=3600)
    assert (job["task"], job["from"], job["restore"]) == ("restore", "1.30.33", True)
    for strategy, expected in (("force", 1), ("ensureConsistent", 0), (None, 0)):
        steps = [step(**DONE, present_sync_strategy=strategy)]
        assert len(jobs(steps, opened(), [], inherit, now=NOW, max_age=3600)) == expected
        assert jobs(steps, opened(), [], read_wants(["all"]), now=NOW, max_age=3600) == []


@pytest.mark.parametrize(
    ("changes", "checks", "expected"),
    [
        ({}, [check("addonUpgrade", 20), BESIDE], True),
        ({}, [], False),
        ({}, [check("addonStatic", 20)], False),
        ({}, [check("addonUpgrade", 20, addon_instance_id="other"), BESIDE], False),
        ({}, [check("addonUpgrade", 20, target_version="1.28.7"), BESIDE], False),
        ({"to": "1.31"}, [check("addonUpgrade", 20, target_version="1.31"), BESIDE], True),
        ({}, [check("addonUpgrade", 20, created_at=None), BESIDE], False),
        ({"previous_version": None}, [check("addonUpgrade", 20), BESIDE], False),
        ({"previous_version": "1.30.33"}, [check("addonUpgrade", 20), BESIDE], False),
        ({"updated_at": at(20.1)}, [check("addonUpgrade", 20), BESIDE], False),
        ({"updated_at": at(20)}, [check("addonUpgrade", 20), BESIDE], True),
        ({"updated_at": None}, [check("addonUpgrade", 20), BESIDE], True),
        ({}, [check("addonUpgrade", DAY), check("addonStatic", DAY)], True),
        ({}, [check("addonUpgrade", DAY + 0.1)], False),
        ({}, [check("addonUpgrade", -DAY - 0.1)], False),
        ({}, [check("addonUpgrade", 20), check("addonStatic", 19)], False),
        ({}, [check("addonUpgrade", 20), check("addonStatic", 20)], True),
        ({}, [check("addonUpgrade", 20), check("addonStatic", 29.9)], True),
        ({}, [check("addonUpgrade", 20), check("addonStatic", 30.1)], False),
        ({}, [check("addonUpgrade", 20), check("addonStatic", 20, addon_instance_id="other")], False),
        ({}, [check("addonUpgrade", 20)], False),
        ({}, [check("addonUpgrade", 20), check("addonStatic", 19, verdict="warning")], False),
        ({}, [check("addonUpgrade", 20), check("addonStatic", 19, verdict="fatal")], False),
        ({}, [check("addonUpgrade", 20), BESIDE, check("addonStatic", 19, verdict="unknown")], True),
        ({}, [check("addonUpgrade", 20), check("addonStatic", 21), check("addonStatic", 19)], False),
        ({}, [check("addonUpgrade", 30), check("addonUpgrade", 20), check("addonStatic", 25)], True),
        ({}, [check("addonUpgrade", 20, verdict="fatal"), BESIDE], False),
    ],
)
def test_an_upgrade_is_unverified_where_the_traces_say_so(changes, checks, expected):
    found = {**DONE, "updated_at": at(-1), **changes}
    assert is_unverified(step(**found), checks, now=NOW) is expected


# Verification and recovery

JOB = {
    "name": "coredns",
    "task": "upgrade",
    "action": "upgrade",
    "from": "1.28.7",
    "to": "1.30.33",
    "addon_instance_id": ID,
}


def test_a_verification_says_what_it_found():
    new, old = risk("New"), risk("Old")
    warned = risk("Mild", "Warning")
    fine = risk("Fine", status="Success")
    after = [check("addonStatic", 1, verdict="fatal", risks=[new, old, warned, fine, risk(None)])]
    before = [check("addonStatic", 9, verdict="fatal", risks=[old, warned])]
    assert verification(JOB, after, before) == {
        "verdict": "broken",
        "reason": "new Fatal risks: New, None",
        "new_risks": [new, risk(None)],
        "risks": [new, old, warned, fine, risk(None)],
    }
    passed = check("addonStatic", 1, risks=[fine])
    assert verification(JOB, [passed], before) == {
        "verdict": "verified",
        "reason": None,
        "new_risks": [],
        "risks": [fine],
    }
    missing = {"verdict": "unknown", "reason": "CCE shows no result of its check", "new_risks": [], "risks": []}
    assert verification(JOB, [], before) == missing
    pending = check("addonStatic", 1, verdict="pending", reason="under way", risks=[fine])
    assert verification(JOB, [pending], before) == {**missing, "reason": "under way", "risks": [fine]}


def addon(**changes: Any) -> dict[str, Any]:
    broken = {"version": "1.30.33", "status": "upgradeFailed", "previous_version": "1.28.7", "is_rollbackable": True}
    return {"addon_template_name": "coredns", "addon_instance_id": ID, "values": {}, **broken, **changes}


@pytest.mark.parametrize(
    ("job", "found", "wanted", "why"),
    [
        ({"task": "restore"}, addon(), True, "nothing was upgraded"),
        ({}, None, True, "its state could not be read: look at it, then run the same command again"),
        (
            {},
            addon(status="upgrading"),
            True,
            "CCE goes on with it (it is upgrading): run the same command again to wait on",
        ),
        ({"action": "edit"}, addon(), True, "an edit of settings has no way back: set them as they were"),
        ({}, addon(version="1.28.7", status="running"), True, "it is at 1.28.7 as before"),
        (
            {},
            addon(status="running"),
            True,
            "it runs at the new version, and only its check is missing: run the same command again to verify it",
        ),
        ({}, addon(), False, "rollbacks are turned off (addon_upgrade_rollback)"),
        (
            {},
            addon(is_rollbackable=False),
            True,
            "CCE says that it cannot be rolled back: repair it, or upgrade it to another version on offer",
        ),
        (
            {},
            addon(previous_version="1.2"),
            True,
            "CCE would go back to 1.2, which is not the version that ran before",
        ),
    ],
)
def test_why_nothing_is_rolled_back(job, found, wanted, why):
    assert recovery({**JOB, **job}, None, found, wanted=wanted, sent=True) == {
        "roll_back": False,
        "to": None,
        "why": why,
    }


def test_what_was_sent_before_this_run_is_never_rolled_back():
    why = "this run has not sent the upgrade, and CCE does not tell whether an earlier run or somebody else has"
    for found in (addon(), addon(status="running"), addon(version="1.28.7"), addon(status="abnormal")):
        assert recovery({**JOB, "task": "resume"}, None, found, wanted=True, sent=True) == {
            "roll_back": False,
            "to": None,
            "why": why,
        }


def test_a_rollback_says_where_to():
    for previous in ("1.28.7", None):
        found = recovery(JOB, None, addon(previous_version=previous), wanted=True, sent=True)
        assert found == {"roll_back": True, "to": "1.28.7", "why": "back to 1.28.7, which ran before"}
    assert recovery({**JOB, "from": None}, None, addon(previous_version="1.2"), wanted=True, sent=True)["to"] == "1.2"
    # What ended badly at the old version is to be rolled back, too.
    assert recovery(JOB, None, addon(version="1.28.7"), wanted=True, sent=True)["roll_back"]


# The result


def event(**changes: Any) -> dict[str, Any]:
    plain = {"problem": None, "done": {"addon": addon(status="running", values={"custom": {"a": 2}}), "duration": 7.5}}
    return {"name": "coredns", **plain, **changes}


def told(*events: dict, **changes: Any) -> dict[str, Any]:
    return result(
        **{
            "cluster_id": "cluster-1",
            "cluster_name": "production",
            "plan": [step()],
            "gate": {"open": True, "verdict": "passed", "decisions": [decision(risks=[risk("Known", "Warning")])]},
            "todo": [JOB],
            "events": events,
            "before": [addon(version="1.28.7", status="running", values={"custom": {"a": 1, "b": 3}})],
            "problem": None,
            "started": NOW - 60.04,
            "now": NOW,
            "check_mode": False,
            **changes,
        }
    )


def test_the_result_of_an_upgrade_is_whole():
    verified = {"verdict": "verified", "risks": [risk("Mild", "Warning"), risk("Fine", status="Success")]}
    found = told(event(verification=verified))
    lines = [
        "Cluster production: upgraded after 60 s",
        "ADD-ON   BEFORE  WANTED   NOW      STATUS   OUTCOME",
        "coredns  1.28.7  1.30.33  1.30.33  running  upgraded",
    ]
    assert found == {
        "cluster_id": "cluster-1",
        "cluster_name": "production",
        "outcome": "upgraded",
        "check_mode": False,
        "started_at": "2026-08-05T09:29:43Z",
        "duration": 60.0,
        "verdict": "passed",
        "accepted": {"used": [], "unused": [], "expired": []},
        "addons": [
            {
                "name": "coredns",
                "addon_template_name": "coredns",
                "addon_instance_id": ID,
                "outcome": "upgraded",
                "reason": None,
                "action": "upgrade",
                "why": "asked for",
                "from": "1.28.7",
                "to": "1.30.33",
                "resumed": False,
                "verdict": "passed",
                "check_task_id": "task-1",
                "checked_at": at(1),
                "risks": [risk("Known", "Warning")],
                "accepted": [],
                "before": {"version": "1.28.7", "status": "running", "risks": []},
                "after": {"version": "1.30.33", "status": "running", "risks": [risk("Mild", "Warning")]},
                "values_changed": {
                    "custom.a": {"before": 1, "after": 2},
                    "custom.b": {"before": 3, "after": None},
                },
                "rolled_back": False,
                "duration": 7.5,
                "failure": None,
            }
        ],
        "problem": None,
        "lines": lines,
        "message": [],
    }


def test_a_run_that_ended_before_its_plan_is_told():
    found = told(plan=None, gate=None, todo=[], before=[], problem="no", cluster_name=None, now=NOW - 3600)
    assert (found["outcome"], found["verdict"], found["addons"], found["problem"]) == ("failed", None, [], "no")
    assert found["accepted"] == {"used": [], "unused": [], "expired": []}
    assert found["duration"] == 0.0
    assert found["lines"] == ["Cluster cluster-1: failed after 0 s"]
    accepted = {"used": [1], "unused": [2], "expired": [3]}
    assert told(gate={"open": True, "accepted": accepted, "decisions": []})["accepted"] == accepted


@pytest.mark.parametrize(
    ("changes", "outcome", "addon_outcome", "reason"),
    [
        ({}, "failed", "not_reached", "the run ended before"),
        ({"check_mode": True}, "upgraded", "upgraded", "predicted, as this is check mode"),
        ({"todo": [], "check_mode": True, "gate": None}, "failed", "not_reached", "the run ended before"),
        (
            {"todo": [], "gate": {"open": False, "decisions": [decision()]}},
            "failed",
            "not_reached",
            "other add-ons are blocked",
        ),
        (
            {"todo": [], "gate": {"open": False, "decisions": [decision(blocks=True)]}},
            "blocked",
            "blocked",
            "its check found Fatal risks",
        ),
        (
            {"todo": [], "gate": {"open": False, "decisions": [decision(blocks=True, reason="odd")]}},
            "blocked",
            "blocked",
            "odd",
        ),
        ({"todo": [], "plan": [step(action="none")]}, "nothing_to_do", "nothing_to_do", "asked for"),
        ({"todo": [], "plan": [step(action="none")], "problem": "no"}, "failed", "nothing_to_do", "asked for"),
    ],
)
def test_what_became_of_an_add_on_that_was_not_begun(changes, outcome, addon_outcome, reason):
    found = told(**changes)
    (of_addon,) = found["addons"]
    assert (found["outcome"], of_addon["outcome"], of_addon["reason"]) == (outcome, addon_outcome, reason)
    assert (of_addon["after"], of_addon["values_changed"], of_addon["duration"]) == (None, {}, None)


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ({"custom": {"a": 1}}, {"custom": {"a": 1}}, {}),
        ({}, {"a": 1}, {"a": {"before": None, "after": 1}}),
        (None, {"a": 1}, None),
        ({"a": 1}, None, None),
        (None, None, None),
    ],
)
def test_settings_that_cce_does_not_tell_are_not_unchanged(before, after, expected):
    found = told(event(done={"addon": addon(values=after)}), before=[addon(values=before)])
    assert found["addons"][0]["values_changed"] == expected


@pytest.mark.parametrize(
    ("job", "changes", "outcome", "reason"),
    [
        ({}, {}, "upgraded", None),
        ({"task": "resume"}, {}, "upgraded", "it was upgraded already, by an earlier run or by somebody else"),
        (
            {"task": "resume"},
            {"verification": {"verdict": "verified"}},
            "upgraded",
            "it was upgraded already, by an earlier run or by somebody else, and is verified now",
        ),
        ({"task": "restore"}, {}, "upgraded", "its sync strategy was set back"),
        ({"task": "verify"}, {}, "nothing_to_do", "it was not verified"),
        ({"task": "verify"}, {"verification": {"verdict": "verified"}}, "nothing_to_do", "it runs well"),
        ({}, {"restored": {"failed": True, "msg": "locked"}}, "failed", "locked"),
        ({}, {"problem": "broken"}, "failed", "broken"),
        ({}, {"problem": ["first", "second"]}, "failed", "first"),
        ({}, {"problem": "broken", "rolled_back": {"changed": True}}, "rolled_back", "broken"),
        ({}, {"problem": "broken", "rolled_back": {"changed": False}}, "failed", "broken"),
        ({}, {"problem": "broken", "rolled_back": {"changed": True, "failed": True}}, "failed", "broken"),
    ],
)
def test_what_became_of_an_add_on(job, changes, outcome, reason):
    found = told(event(**changes), todo=[{**JOB, **job}])
    (of_addon,) = found["addons"]
    assert (found["outcome"], of_addon["outcome"], of_addon["reason"]) == (outcome, outcome, reason)
    assert of_addon["rolled_back"] is (outcome == "rolled_back")
    assert of_addon["resumed"] is (job.get("task") == "resume")


@pytest.mark.parametrize(("rolled_back", "advised"), [({"changed": True}, False), ({}, True), ({"failed": True}, True)])
def test_who_was_rolled_back_is_not_advised_to_roll_back(rolled_back, advised):
    advice = "It can be rolled back to 1.28.7: state: rolled_back."
    done = {"failure": {"details": {"way_out": advice}}}
    found = told(event(problem=f"It ended badly. {advice}", done=done, rolled_back=rolled_back))
    said = f"It ended badly. {advice}" if advised else "It ended badly."
    assert found["addons"][0]["reason"] == said
    assert f"  happened:    {said}" in found["message"]


def test_what_was_read_last_is_the_state_of_an_add_on():
    first = {"addon": addon(version="first"), "failure": {"status_code": 500}, "duration": 1.0}
    back = [check("addonStatic", 1, risks=[risk("Back")])]
    verified = {"risks": [risk("Front")]}
    found = told(event(problem="p", done=first, found=addon(version="second"), verification=verified))
    assert found["addons"][0]["after"]["version"] == "second"
    assert found["addons"][0]["after"]["risks"] == [risk("Front")]
    assert found["addons"][0]["failure"] == {"status_code": 500}
    third = {"changed": True, "addon": addon(version="third")}
    found = told(
        event(problem="p", done=first, found=addon(), rolled_back=third, checked_back=back, verification=verified)
    )
    assert found["addons"][0]["after"]["version"] == "third"
    assert found["addons"][0]["after"]["risks"] == [risk("Back")]
    assert told(event(done=None))["addons"][0]["after"] is None


def test_several_add_ons_end_as_the_worst_of_them():
    names = ("a", "b", "c")
    plan = [step(name=name) for name in names]
    todo = [{**JOB, "name": name} for name in names]
    gate = {"open": True, "verdict": "passed", "decisions": [decision(name=name) for name in names]}
    back = event(name="b", problem="p", rolled_back={"changed": True})

    def outcome(*events: dict, **changes: Any) -> str:
        return told(*events, **{"plan": plan, "todo": todo, "gate": gate, **changes})["outcome"]

    assert outcome(event(name="a"), back) == "rolled_back"
    assert outcome(event(name="a"), back, event(name="c", problem="p")) == "failed"
    assert outcome(event(name="a"), event(name="b")) == "failed"
    assert outcome(*(event(name=name) for name in names)) == "upgraded"
    assert outcome(*(event(name=name) for name in names), problem="p") == "failed"
    blocked = {**gate, "open": False, "decisions": [decision(name="b", blocks=True)]}
    assert outcome(event(name="a"), gate=blocked, todo=todo[:1]) == "blocked"


def test_the_story_of_a_rollback():
    verified = {"verdict": "broken", "new_risks": [risk("New"), risk(None, message=None)], "risks": []}
    found = told(
        event(
            problem=["It is broken.", "Look."],
            verification=verified,
            recovery={"roll_back": True, "why": "back to 1.28.7, which ran before"},
            rolled_back={"changed": True, "addon": addon(version="1.28.7", status="running", values={"x": 1})},
            checked_back=[check("addonStatic", 1, verdict="unknown", reason="no answer")],
            restored={"failed": True, "msg": "locked"},
        ),
        plan=[step(), step(name="everest", addon_instance_id="e"), step(name="npd", addon_instance_id="n")],
    )
    assert found["message"] == [
        "coredns in cluster production: ROLLED_BACK",
        "  asked:       1.28.7 -> 1.30.33, with all settings kept",
        "  happened:    It is broken.",
        "               Look.",
        "  before/now:  1.28.7 running / 1.28.7 running; settings that differ: custom, x",
        "  new risk:    New: not ready",
        "  to do:       wait",
        "  new risk:    None: (no message)",
        "  to do:       wait",
        "  rollback:    done, back to 1.28.7, which ran before",
        "  to do:       look at its pods and events: after the rollback, no answer",
        "  to do:       set parameterSyncStrategy back to ensureConsistent: locked",
        "  not touched: everest, npd",
        "",
        "Cluster production: rolled_back after 60 s",
        "ADD-ON   BEFORE  WANTED   NOW     STATUS   OUTCOME",
        "coredns  1.28.7  1.30.33  1.28.7  running  rolled_back",
        "everest  1.28.7  1.30.33  1.28.7  -        not_reached",
        "npd      1.28.7  1.30.33  1.28.7  -        not_reached",
    ]


@pytest.mark.parametrize(
    ("task", "asked"),
    [
        ("upgrade", "1.28.7 -> 1.30.33, with all settings kept"),
        ("resume", "1.28.7 -> 1.30.33, sent by an earlier run that did not end, or by somebody else"),
        ("restore", "parameterSyncStrategy back to ensureConsistent"),
        ("verify", "whether 1.30.33 runs well"),
    ],
)
def test_the_story_says_what_was_asked(task, asked):
    found = told(event(problem="p", done=None), todo=[{**JOB, "task": task}], cluster_name=None)
    assert found["message"][:4] == [
        "coredns in cluster cluster-1: FAILED",
        f"  asked:       {asked}",
        "  happened:    p",
        "  rollback:    none: it did not come to that",
    ]


@pytest.mark.parametrize(
    ("changes", "advised"),
    [
        ({}, True),
        ({"is_rollbackable": False}, False),
        ({"version": "1.31.1"}, False),
        ({"previous_version": None}, False),
        # Ansible would take it for a template, a shell for another command.
        ({"previous_version": "{{ 1 }}"}, False),
        ({"previous_version": "1.2'; true"}, False),
    ],
)
def test_who_is_not_rolled_back_learns_how(changes, advised):
    why = {"roll_back": False, "why": "not ours"}
    found = told(event(problem="p", found=addon(**changes), recovery=why), todo=[{**JOB, "task": "resume"}])
    command = (
        "ansible localhost -m huaweicloud.cce.cce_addon -a "
        "'cluster_id=cluster-1 addon_instance_id=instance-1 version=1.28.7 state=rolled_back'"
    )
    assert (f"  to do:       repair it, or go back to 1.28.7: {command}" in found["message"]) is advised
    assert any("ansible localhost" in line for line in found["message"]) is advised


def test_the_story_of_a_rollback_that_failed_and_of_a_strategy_that_stayed():
    failed = {"recovery": {"roll_back": True, "why": "w"}, "rolled_back": {"failed": True, "msg": "locked"}}
    found = told(event(problem="p", **failed))
    assert "  rollback:    FAILED: locked" in found["message"]
    assert not any("after the rollback" in line or "rollback:    done" in line for line in found["message"])
    found = told(event(restored={"failed": True, "msg": "locked"}, recovery={"why": "turned off"}))
    assert found["message"][:6] == [
        "coredns in cluster production: FAILED",
        "  asked:       1.28.7 -> 1.30.33, with all settings kept",
        "  happened:    it was upgraded",
        "  before/now:  1.28.7 running / 1.30.33 running; settings that differ: custom.a, custom.b",
        "  rollback:    none: turned off",
        "  to do:       set parameterSyncStrategy back to ensureConsistent: locked",
    ]
    verified = told(
        event(
            problem="p",
            recovery={"roll_back": True, "why": "w"},
            rolled_back={"changed": True},
            checked_back=[check("addonStatic", 1)],
        ),
        before=[addon()],
    )
    assert not any("after the rollback" in line for line in verified["message"])
    same = told(event(problem="p", done={"addon": addon()}), before=[addon()])
    assert "  before/now:  1.30.33 upgradeFailed / 1.30.33 upgradeFailed" in same["message"]


def test_the_story_tells_all_that_went_wrong():
    names = ("a", "b")
    found = told(
        *(event(name=name, problem=f"{name} is broken") for name in names),
        plan=[step(name=name) for name in names],
        todo=[{**JOB, "name": name} for name in names],
    )
    told_of = [line for line in found["message"] if line.startswith("  happened:")]
    assert told_of == ["  happened:    a is broken", "  happened:    b is broken"]


def test_a_run_is_dated_in_utc_and_lasts_tenths_of_a_second(monkeypatch):
    monkeypatch.setenv("TZ", "Asia/Shanghai")
    time.tzset()
    try:
        found = told(started=NOW - 60.26)
    finally:
        monkeypatch.undo()
        time.tzset()
    assert (found["started_at"], found["duration"]) == ("2026-08-05T09:29:43Z", 60.3)


def test_the_table_of_a_run():
    base = {"cluster_id": "cluster-1", "cluster_name": None, "outcome": "upgraded", "check_mode": True, "duration": 1.5}
    row = {"name": "a", "from": "1", "to": "2", "outcome": "upgraded", "before": None, "after": None}
    assert result_lines({**base, "addons": [row]}) == [
        "Cluster cluster-1: upgraded (predicted) after 1.5 s",
        "ADD-ON  BEFORE  WANTED  NOW  STATUS  OUTCOME",
        "a       1       2       1    -       upgraded",
    ]
    row["before"] = {"version": "0", "status": "running"}
    assert result_lines({**base, "addons": [row]})[2].split() == ["a", "1", "2", "0", "running", "upgraded"]
    row["after"] = {"version": "3", "status": "abnormal"}
    assert result_lines({**base, "addons": [row]})[2].split() == ["a", "1", "2", "3", "abnormal", "upgraded"]
