# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The huaweicloud.cce contributors

"""The result of a run, with every line that an operator reads."""

from __future__ import annotations

import time
from typing import Any

import pytest
from support.records import (
    ID,
    JOB,
    NOW,
    addon,
    at,
    check,
    decision,
    event,
    open_gate,
    risk,
    step,
)

from ansible_collections.huaweicloud.cce.plugins.plugin_utils._outcome import cluster_outcome, outcome_lines


def closed_gate(*decisions: dict[str, Any]) -> dict[str, Any]:
    return {**open_gate(*decisions), "open": False, "proceed": False}


def told(*events: dict, **changes: Any) -> dict[str, Any]:
    return cluster_outcome(
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
        ({}, "failed", "not_reached", "the run ended earlier"),
        ({"check_mode": True}, "upgraded", "upgraded", "predicted, as this is check mode"),
        ({"todo": [], "check_mode": True, "gate": None}, "failed", "not_reached", "the run ended earlier"),
        (
            {"todo": [], "gate": closed_gate(decision())},
            "failed",
            "not_reached",
            "other add-ons are blocked",
        ),
        (
            {"todo": [], "gate": closed_gate(decision(blocks=True))},
            "blocked",
            "blocked",
            "its check found Fatal risks",
        ),
        (
            {"todo": [], "gate": closed_gate(decision(blocks=True, reason="odd"))},
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
    ],
)
def test_the_story_says_what_was_asked(task, asked):
    found = told(event(problem="p", done=None), todo=[{**JOB, "task": task}], cluster_name=None)
    assert found["message"][:4] == [
        "coredns in cluster cluster-1: FAILED",
        f"  asked:       {asked}",
        "  happened:    p",
        "  rollback:    none: the run ended earlier",
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
    assert outcome_lines({**base, "addons": [row]}) == [
        "Cluster cluster-1: upgraded (predicted) after 1.5 s",
        "ADD-ON  BEFORE  WANTED  NOW  STATUS  OUTCOME",
        "a       1       2       1    -       upgraded",
    ]
    row["before"] = {"version": "0", "status": "running"}
    assert outcome_lines({**base, "addons": [row]})[2].split() == ["a", "1", "2", "0", "running", "upgraded"]
    row["after"] = {"version": "3", "status": "abnormal"}
    assert outcome_lines({**base, "addons": [row]})[2].split() == ["a", "1", "2", "3", "abnormal", "upgraded"]


@pytest.mark.parametrize(
    ("events", "changes", "cluster", "of_addon"),
    [
        ([event()], {}, "upgraded", "upgraded"),
        ([event(problem="no")], {}, "failed", "failed"),
        ([event(problem="no", rolled_back={"changed": True})], {}, "rolled_back", "rolled_back"),
        ([event(problem="no", rolled_back={"changed": True, "failed": True})], {}, "failed", "failed"),
        ([event(restored={"failed": True, "msg": "no"})], {}, "failed", "failed"),
        ([], {}, "failed", "not_reached"),
        ([], {"todo": [], "problem": "no"}, "failed", "not_reached"),
        ([], {"todo": [], "gate": closed_gate(decision(blocks=True, reason="x"))}, "blocked", "blocked"),
        ([], {"todo": [], "gate": closed_gate()}, "failed", "not_reached"),
        ([], {"plan": None, "problem": "no"}, "failed", None),
    ],
)
def test_one_word_for_what_became_of_a_cluster(events, changes, cluster, of_addon):
    found = told(*events, **changes)
    assert found["outcome"] == cluster
    assert [addon["outcome"] for addon in found["addons"]] == ([of_addon] if of_addon else [])
    went_wrong = any(item.get("problem") or item.get("restored") for item in events)
    assert bool(found["message"]) is went_wrong


def test_what_cce_says_cannot_forge_lines_of_the_story():
    hostile = "x\n  rollback:    done\x1b[2K"
    found = told(event(problem=hostile, recovery={"roll_back": False, "why": "it is at 1 as before"}))
    assert not any("\n" in line or "\x1b" in line for line in found["message"])
    assert sum(line.startswith("  rollback:") for line in found["message"]) == 1


def test_what_this_run_has_not_sent_is_not_told_as_its_own():
    found = told(event(done={"changed": False, "addon": addon(status="running")}))
    assert found["addons"][0]["outcome"] == "upgraded"
    assert "by an earlier run or by somebody else" in found["addons"][0]["reason"]
    assert told(event(done={"changed": True, "addon": addon(status="running")}))["addons"][0]["reason"] is None


def test_the_table_does_not_show_what_is_gone_as_running():
    lines = told(event(problem="it is not there", done={"failed": True}))["lines"]
    assert lines[-1].split()[1:] == ["1.28.7", "1.30.33", "-", "-", "failed"]
