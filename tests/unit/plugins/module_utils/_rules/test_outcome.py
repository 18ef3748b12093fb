# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The huaweicloud.cce contributors

"""The result of a run, with every line that an operator reads."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
from support.records import CLUSTER, ID, NOW, at, decision, gate, job, risk, state, step, transaction

from ansible_collections.huaweicloud.cce.plugins.module_utils._rules.gate import Ticket
from ansible_collections.huaweicloud.cce.plugins.module_utils._rules.outcome import cluster_outcome, outcome_lines
from ansible_collections.huaweicloud.cce.plugins.module_utils._rules.transaction import (
    ADDONS,
    READY,
    ClusterUpgrade,
    Transaction,
)

BACK = {"roll_back": True, "to": "1.28.7", "why": "back to 1.28.7, which ran before"}
OPEN = gate(decision(risks=[risk("Known", "Warning")]))
BLOCKED = gate(decision(blocks=True, verdict="unknown", reason="odd"))


def upgrade(*transactions: Transaction, plan: Sequence[dict] = (step(),), **changes: Any) -> ClusterUpgrade:
    """Return an upgrade that is over."""
    ticket = Ticket(CLUSTER, changes.pop("cluster_name", "production"), list(plan), [])
    over: dict[str, Any] = {"started_at": NOW - 60.04, "stage": "over", "gate": OPEN, "transactions": transactions}
    return ClusterUpgrade(**{"ticket": ticket, **over, **changes})


def told(*transactions: Transaction, now: float = NOW, check_mode: bool = False, **changes: Any) -> dict[str, Any]:
    return dict(cluster_outcome(upgrade(*transactions, **changes), now=now, check_mode=check_mode))


def not_begun(**changes: Any) -> Transaction:
    untouched: dict[str, Any] = {"phase": "ready", "sent": False, "writes": 0, "before": None, "after": None}
    return transaction(**{**untouched, "duration": None, **changes})


def back(**changes: Any) -> Transaction:
    """Return a transaction that failed, and whose add-on was rolled back."""
    return transaction(**{"problem": "broken", "recovery": BACK, "after": state("1.28.7"), **changes})


def verified(verdict: str = "verified", *risks: dict, new: Sequence[dict] = (), reason: str | None = None) -> dict:
    return {"verdict": verdict, "reason": reason, "new_risks": list(new), "risks": list(risks)}


def test_the_result_of_an_upgrade_is_whole():
    failed = [risk("Mild", "Warning")]
    found = told(
        transaction(
            after=state(risks=failed),
            verification=verified("verified", *failed, risk("Fine", status="Success")),
            values_changed=("basic.image", "custom.b"),
            sent_settings="digest",
            settled="digest",
        )
    )
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
                "before": {"version": "1.28.7", "status": "running"},
                "after": {"version": "1.30.33", "status": "running", "risks": failed},
                "values_changed": ["basic.image", "custom.b"],
                "settings_kept": True,
                "rolled_back": False,
                "duration": 7.5,
                "failure": None,
            }
        ],
        "still_well": None,
        "problem": None,
        "lines": lines,
        "message": [],
    }


def test_a_run_that_ended_before_its_plan_is_told():
    found = told(plan=[], gate=None, problem="no", cluster_name=None, now=NOW - 3600)
    assert (found["outcome"], found["verdict"], found["addons"], found["problem"]) == ("failed", None, [], "no")
    assert found["accepted"] == {"used": [], "unused": [], "expired": []}
    assert found["duration"] == 0.0
    assert found["lines"] == ["Cluster cluster-1: failed after 0 s"]
    assert found["message"] == ["no"]
    accepted = {"used": [{"addon": "a", "risk": "r"}], "unused": [], "expired": []}
    assert told(gate={**OPEN, "accepted": accepted})["accepted"] == accepted


def test_a_cluster_whose_phase_allows_nothing_is_unavailable():
    found = told(plan=[], gate=None, unavailable=True, problem="it hibernates: wake it up")
    assert (found["outcome"], found["addons"]) == ("unavailable", [])
    assert found["message"] == ["it hibernates: wake it up"]
    assert found["lines"] == ["Cluster production: unavailable after 60 s"]


@pytest.mark.parametrize(
    ("transactions", "changes", "outcome", "addon_outcome", "reason"),
    [
        ([not_begun()], {}, "failed", "not_reached", "the run ended before"),
        ([not_begun()], {"stage": "addons"}, "under_way", "not_reached", "its turn has not come"),
        ([], {"stage": "checks", "gate": None}, "under_way", "not_reached", "its turn has not come"),
        ([], {"check_mode": True}, "upgraded", "upgraded", "predicted, as this is check mode"),
        ([], {"check_mode": True, "gate": None}, "failed", "not_reached", "the run ended before"),
        (
            [],
            {"gate": gate(decision(), open=False, proceed=False)},
            "failed",
            "not_reached",
            "other add-ons are blocked",
        ),
        ([], {"gate": gate(decision(blocks=True))}, "blocked", "blocked", "its check found Fatal risks"),
        ([], {"gate": BLOCKED}, "blocked", "blocked", "odd"),
        ([], {"plan": [step(action="none")]}, "nothing_to_do", "nothing_to_do", "asked for"),
        ([], {"plan": [step(action="none")], "problem": "no"}, "failed", "nothing_to_do", "asked for"),
    ],
)
def test_what_became_of_an_add_on_that_was_not_begun(transactions, changes, outcome, addon_outcome, reason):
    found = told(*transactions, **changes)
    (of_addon,) = found["addons"]
    assert (found["outcome"], of_addon["outcome"], of_addon["reason"]) == (outcome, addon_outcome, reason)
    assert (of_addon["after"], of_addon["values_changed"], of_addon["duration"]) == (None, [], None)
    assert of_addon["before"] == {"version": "1.28.7", "status": "running"}


@pytest.mark.parametrize(
    ("transactions", "settings"),
    [
        ([], ([], None)),
        ([transaction(values_changed=())], ([], None)),
        ([transaction(values_changed=("a",), sent_settings="1", settled="1")], (["a"], True)),
        ([transaction(values_changed=("a",), sent_settings="1", settled="2")], (["a"], False)),
        # What CCE does not tell is not unchanged.
        ([transaction(values_changed=None, sent_settings="1", settled=None)], (None, None)),
        ([transaction(sent_settings=None, settled="1")], ([], None)),
        # A sync strategy lets CCE change them.
        ([transaction(job=job(restore=True), sent_settings="1", settled="2")], ([], None)),
    ],
)
def test_settings_that_cce_does_not_tell_are_not_unchanged(transactions, settings):
    (of_addon,) = told(*transactions)["addons"]
    assert (of_addon["values_changed"], of_addon["settings_kept"]) == settings


@pytest.mark.parametrize(
    ("task", "changes", "outcome", "reason"),
    [
        ("upgrade", {}, "upgraded", None),
        ("resume", {"sent": False}, "upgraded", "it was upgraded already, by an earlier run or by somebody else"),
        (
            "resume",
            {"sent": False, "verification": verified()},
            "upgraded",
            "it was upgraded already, by an earlier run or by somebody else, and is verified now",
        ),
        ("restore", {"sent": False}, "upgraded", "its sync strategy was set back"),
        ("upgrade", {"restore_problem": "locked"}, "failed", "locked"),
        ("upgrade", {"problem": "broken"}, "failed", "broken"),
        ("upgrade", {"problem": "first\nsecond"}, "failed", "first"),
        ("upgrade", {"problem": "broken", "recovery": BACK}, "rolled_back", "broken"),
        ("upgrade", {"problem": "broken", "recovery": {**BACK, "roll_back": False}}, "failed", "broken"),
        ("upgrade", {"problem": "broken", "recovery": BACK, "rollback_problem": "locked"}, "failed", "broken"),
    ],
)
def test_what_became_of_an_add_on(task, changes, outcome, reason):
    found = told(transaction(job=job(task=task), **changes))
    (of_addon,) = found["addons"]
    assert (found["outcome"], of_addon["outcome"], of_addon["reason"]) == (outcome, outcome, reason)
    assert of_addon["rolled_back"] is (outcome == "rolled_back")
    assert of_addon["resumed"] is (task == "resume")


@pytest.mark.parametrize("phase", ["recheck", "upgrade", "verify", "rollback", "verify_back", "restore"])
@pytest.mark.parametrize("problem", [None, "broken"])
def test_an_add_on_that_is_not_done_is_under_way(phase, problem):
    found = told(transaction(phase=phase, problem=problem, recovery=BACK), stage="addons")
    (of_addon,) = found["addons"]
    assert (found["outcome"], of_addon["outcome"], of_addon["reason"]) == ("under_way", "under_way", problem)
    assert (found["message"], of_addon["rolled_back"]) == ([], False)


@pytest.mark.parametrize(
    ("changes", "advised"),
    [
        ({"recovery": BACK}, False),
        ({"recovery": BACK, "rollback_problem": "locked"}, True),
        ({"recovery": None}, True),
        ({"recovery": {**BACK, "roll_back": False}}, True),
    ],
)
def test_who_was_rolled_back_is_not_advised_to_roll_back(changes, advised):
    advice = "It can be rolled back to 1.28.7: state: rolled_back."
    failure = {"details": {"way_out": advice}}
    found = told(transaction(problem=f"It ended badly. {advice}", failure=failure, **changes))
    said = f"It ended badly. {advice}" if advised else "It ended badly."
    assert found["addons"][0]["reason"] == said
    assert f"  happened:    {said}" in found["message"]


def test_what_was_read_last_is_the_state_of_an_add_on():
    last = state("second", risks=[risk("Front")])
    found = told(transaction(problem="p", failure={"status_code": 500}, after=last))
    assert found["addons"][0]["after"] == last
    assert found["addons"][0]["failure"] == {"status_code": 500}
    assert told(transaction(after=None))["addons"][0]["after"] is None


def test_what_was_read_before_the_upgrade_is_the_state_before_it():
    seen = {"version": "1.28.8", "status": "abnormal"}
    assert told(transaction(before=seen))["addons"][0]["before"] == seen
    planned = {"version": "1.28.7", "status": "running"}
    assert told(transaction(before=None))["addons"][0]["before"] == planned
    assert told(plan=[step(**{"from": None})])["addons"][0]["before"] is None


def test_several_add_ons_end_as_the_worst_of_them():
    names = ("a", "b", "c")
    plan = [step(name=name) for name in names]
    gate_result = gate(*(decision(name=name) for name in names))

    def outcome(*transactions: Transaction, **changes: Any) -> str:
        return told(*transactions, **{"plan": plan, "gate": gate_result, **changes})["outcome"]

    a, b, c = (transaction(job=job(name=name)) for name in names)
    assert outcome(a, back(job=job(name="b")), not_begun(job=job(name="c"))) == "rolled_back"
    assert outcome(a, back(job=job(name="b")), replace(c, problem="p")) == "failed"
    assert outcome(a, b, not_begun(job=job(name="c"))) == "failed"
    assert outcome(a, b, c) == "upgraded"
    assert outcome(a, b, c, problem="p") == "failed"
    assert outcome(a, b, c, plan=[*plan, step(name="d", action="none")]) == "upgraded"
    blocked = gate(decision(name="b", blocks=True), decision(name="a"), proceed=True)
    assert outcome(a, gate=blocked) == "blocked"


def test_the_story_of_a_rollback():
    names = ("coredns", "everest", "npd")
    new = [risk("New"), risk(None, message=None)]
    found = told(
        back(
            problem="It is broken.\nLook.",
            verification=verified("broken", *new, new=new),
            verified_back=verified("unknown", reason="no answer"),
            restore_problem="locked",
        ),
        *(not_begun(job=job(name=name)) for name in names[1:]),
        plan=[step(name=name) for name in names],
    )
    assert found["message"] == [
        "coredns in cluster production: ROLLED_BACK",
        "  asked:       1.28.7 -> 1.30.33, with all settings kept",
        "  happened:    It is broken.",
        "               Look.",
        "  before/now:  1.28.7 running / 1.28.7 running",
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
        "everest  1.28.7  1.30.33  1.28.7  running  not_reached",
        "npd      1.28.7  1.30.33  1.28.7  running  not_reached",
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
    found = told(transaction(job=job(task=task), problem="p", after=None), cluster_name=None)
    assert found["message"][:4] == [
        "coredns in cluster cluster-1: FAILED",
        f"  asked:       {asked}",
        "  happened:    p",
        "  rollback:    none: it did not come to that",
    ]


def test_who_is_not_rolled_back_learns_what_is_left_to_do():
    """The advice comes with the transaction: what it says is tested with what finds it out."""
    why = {"roll_back": False, "to": None, "why": "not ours"}
    advice = ("repair it, or go back to 1.28.7: command",)
    found = told(transaction(job=job(task="resume"), problem="p", recovery=why, advice=advice))
    place = found["message"].index("  rollback:    none: not ours")
    assert found["message"][place + 1] == "  to do:       repair it, or go back to 1.28.7: command"


def test_the_story_of_a_rollback_that_failed_and_of_a_strategy_that_stayed():
    found = told(back(problem="p", rollback_problem="locked"))
    assert "  rollback:    FAILED: locked" in found["message"]
    assert not any("after the rollback" in line or "rollback:    done" in line for line in found["message"])
    why = {"roll_back": False, "to": None, "why": "turned off"}
    found = told(transaction(restore_problem="locked", recovery=why))
    assert found["message"][:6] == [
        "coredns in cluster production: FAILED",
        "  asked:       1.28.7 -> 1.30.33, with all settings kept",
        "  happened:    it was upgraded",
        "  before/now:  1.28.7 running / 1.30.33 running",
        "  rollback:    none: turned off",
        "  to do:       set parameterSyncStrategy back to ensureConsistent: locked",
    ]
    assert not any("after the rollback" in line for line in told(back(verified_back=verified()))["message"])
    unchecked = "  to do:       look at its pods and events: after the rollback, it was not checked"
    assert unchecked in told(back(verified_back=None))["message"]


def test_the_story_tells_all_that_went_wrong():
    names = ("a", "b")
    found = told(
        *(transaction(job=job(name=name), problem=f"{name} is broken") for name in names),
        plan=[step(name=name) for name in names],
    )
    told_of = [line for line in found["message"] if line.startswith("  happened:")]
    assert told_of == ["  happened:    a is broken", "  happened:    b is broken"]


def test_what_is_blocked_is_told_beside_what_was_upgraded():
    plan = [step(), step(name="npd")]
    blocked = gate(decision(), decision(name="npd", blocks=True, reason="odd"), proceed=True)
    found = told(transaction(), plan=plan, gate=blocked)
    assert found["outcome"] == "blocked"
    assert found["message"][0] == "NOT UPGRADED: npd. What passed the gate was upgraded."
    assert found["message"][-len(found["lines"]) :] == found["lines"]
    failed = told(transaction(problem="p"), plan=plan, gate=blocked)["message"]
    assert failed[0] == "coredns in cluster production: FAILED"
    assert "NOT UPGRADED: npd. What passed the gate was upgraded." not in failed
    assert "NOT UPGRADED: npd." in failed
    predicted = told(plan=plan, gate=blocked, check_mode=True)
    assert [addon["outcome"] for addon in predicted["addons"]] == ["upgraded", "blocked"]
    assert predicted["message"][0] == "NOT UPGRADED: npd. What passes the gate would be upgraded."
    judged = told(transaction(phase=READY), plan=plan, gate=blocked, stage=ADDONS)
    assert judged["message"][0] == "NOT UPGRADED: npd.", "the rest may still be upgraded"


def test_warnings_are_shown_although_all_is_well():
    warned = gate(decision(verdict="warning", risks=[risk("Snippets", "Warning")]))
    found = told(transaction(), gate=warned)
    assert (found["outcome"], found["message"]) == ("upgraded", [])
    assert "  Warning: Snippets" in found["lines"]
    assert "  Warning: Snippets" not in told(transaction(phase=READY), gate=warned, stage=ADDONS)["lines"]


def test_a_closed_gate_says_that_nothing_was_upgraded():
    found = told(gate=BLOCKED)
    assert found["message"][0] == (
        "NOTHING WAS UPGRADED in cluster production: 1 add-on must not be upgraded now (coredns)."
    )
    assert "  why:     odd" in found["message"]
    assert found["message"][-1].startswith("See what stands behind 'why', then run the same command again.")


def test_what_stopped_an_upgrade_from_outside_is_told():
    found = told(transaction(), not_begun(job=job(name="npd")), plan=[step(), step(name="npd")], problem="no answer")
    assert found["outcome"] == "failed"
    assert found["message"] == ["no answer", "", *found["lines"]]


def test_a_run_is_dated_in_utc_and_lasts_tenths_of_a_second(monkeypatch):
    monkeypatch.setenv("TZ", "Asia/Shanghai")
    time.tzset()
    try:
        found = told(started_at=NOW - 60.26)
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
    ("transactions", "changes", "cluster", "of_addon"),
    [
        ([transaction()], {}, "upgraded", "upgraded"),
        ([transaction(problem="no")], {}, "failed", "failed"),
        ([back()], {}, "rolled_back", "rolled_back"),
        ([back(rollback_problem="no")], {}, "failed", "failed"),
        ([transaction(restore_problem="no")], {}, "failed", "failed"),
        ([], {"problem": "no"}, "failed", "not_reached"),
        ([], {"gate": BLOCKED}, "blocked", "blocked"),
        ([], {"plan": [], "gate": None, "problem": "no"}, "failed", None),
        ([], {"plan": [], "gate": None, "problem": "no", "unavailable": True}, "unavailable", None),
        ([], {"plan": []}, "nothing_to_do", None),
        ([], {"plan": [step(action="none")]}, "nothing_to_do", "nothing_to_do"),
    ],
)
def test_one_word_for_what_became_of_a_cluster(transactions, changes, cluster, of_addon):
    found = told(*transactions, **changes)
    assert found["outcome"] == cluster
    assert [addon["outcome"] for addon in found["addons"]] == ([of_addon] if of_addon else [])
    assert bool(found["message"]) is (cluster not in ("upgraded", "nothing_to_do"))


def test_what_cce_says_cannot_forge_lines_of_the_story():
    hostile = "x\x1b[2K\r  rollback:    done"
    why = {"roll_back": False, "to": None, "why": "it is at 1 as before"}
    found = told(transaction(problem=hostile, recovery=why))
    assert not any("\n" in line or "\r" in line or "\x1b" in line for line in found["message"])
    assert sum(line.startswith("  rollback:") for line in found["message"]) == 1


def test_what_this_run_has_not_sent_is_not_told_as_its_own():
    found = told(transaction(sent=False))
    assert found["addons"][0]["outcome"] == "upgraded"
    assert "by an earlier run or by somebody else" in found["addons"][0]["reason"]
    assert told(transaction(sent=True))["addons"][0]["reason"] is None


def test_the_table_does_not_show_what_is_gone_as_running():
    lines = told(transaction(problem="it is not there", after=None))["lines"]
    assert lines[-1].split()[1:] == ["1.28.7", "1.30.33", "-", "-", "failed"]
