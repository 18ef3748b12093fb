# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The huaweicloud.cce contributors

"""What is to be done with each add-on, whether it went well, and what became of it: the rules, without a cloud."""

from __future__ import annotations

import datetime
from typing import Any

import pytest

from ansible_collections.huaweicloud.cce.plugins.module_utils._ground.errors import InputError
from ansible_collections.huaweicloud.cce.plugins.module_utils._rules.recovery import (
    is_unverified,
    jobs,
    recovery,
    verification,
)
from ansible_collections.huaweicloud.cce.plugins.module_utils._rules.wants import read_wants
from ansible_collections.huaweicloud.cce.plugins.plugin_utils._outcome import result

NOW = 1_785_922_244.0  # 2026-08-05T09:30:44Z
ID = "0e7b8f2a"


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
        "previous_version": None,
        "updated_at": at(600),
        "status": "running",
        "present_sync_strategy": "ensureConsistent",
        **changes,
    }


def done(**changes: Any) -> dict[str, Any]:
    """Return the step of an add-on that is at its target."""
    at_target = {"action": "none", "from": "1.30.33", "previous_version": "1.28.7", "updated_at": at(10)}
    return step(**{**at_target, "values_fingerprint": None, **changes})


def check(kind: str = "addonUpgrade", minutes: float = 20, **changes: Any) -> dict[str, Any]:
    return {
        "type": kind,
        "task_id": f"{kind}-{minutes}",
        "addon_instance_id": ID,
        "target_version": "1.30.33" if kind == "addonUpgrade" else None,
        "created_at": at(minutes),
        "verdict": "passed",
        "reason": None,
        "risks": [],
        **changes,
    }


def started(minutes: float = 20, **changes: Any) -> list[dict[str, Any]]:
    """Return the checks that a run of the role begins with."""
    return [check("addonStatic", minutes + 0.02), check(minutes=minutes, **changes)]


def decision(**changes: Any) -> dict[str, Any]:
    plain = {"blocks": False, "task_id": "t", "checked_at": at(1), "judged_at": NOW, "verdict": "passed"}
    return {"name": "coredns", **plain, **changes}


def opened(*decisions: dict[str, Any]) -> dict[str, Any]:
    """Return what an open gate tells."""
    return {"open": True, "proceed": True, "decisions": list(decisions)}


def planned(steps: list, decisions: list, checks: list = (), wants: list = ("all",), **options: Any) -> list:
    found = jobs(steps, opened(*decisions), list(checks), read_wants(list(wants)), now=NOW, max_age=3600, **options)
    return [(job["name"], job["task"], job["restore"]) for job in found]


INHERIT = [{"name": "coredns", "sync_strategy": "inherit"}]


def test_only_what_the_gate_lets_pass_is_to_be_upgraded():
    assert planned([step()], [decision()]) == [("coredns", "upgrade", False)]
    assert planned([step()], [decision(blocks=True)]) == []
    assert planned([step()], []) == [], "without a decision there is no upgrade"
    assert planned([step(action="none")], [decision()]) == []
    assert planned([step(action="impossible")], [decision()]) == []
    assert planned([step()], [decision()], wants=INHERIT) == [("coredns", "upgrade", True)]


@pytest.mark.parametrize("word", [False, None, "true", "false", 1])
def test_behind_a_closed_gate_there_is_nothing_to_do(word):
    """Neither an upgrade of what passed, nor what an earlier run has left: each is a write."""
    left = done(name="metrics-server", present_sync_strategy="inherit")
    wants = read_wants([*INHERIT, {"name": "metrics-server", "sync_strategy": "inherit"}])
    closed = {**opened(decision()), "open": False, "proceed": word}
    for gate in (closed, {"decisions": [decision()]}, {}, None):
        assert jobs([step(), left], gate, started(), wants, now=NOW, max_age=3600) == []


def test_a_check_is_made_again_before_it_is_too_old():
    [job] = jobs([step()], opened(decision(checked_at=at(0))), [], read_wants(["all"]), now=NOW, max_age=3600)
    assert NOW + 3500 < job["recheck_after"] < NOW + 3600
    [job] = jobs([step()], opened(decision(checked_at="yesterday")), [], read_wants(["all"]), now=NOW, max_age=3600)
    assert job["recheck_after"] < NOW, "an age that cannot be read is too old"


def test_what_a_killed_run_has_left_is_found():
    assert planned([done()], [], started()) == [("coredns", "resume", False)]
    sent = done(present_sync_strategy="inherit")
    assert planned([sent], [], started(), wants=INHERIT) == [("coredns", "resume", True)]
    for strategy in ("ensureConsistent", None):
        other = done(present_sync_strategy=strategy)
        assert planned([other], [], started(), wants=INHERIT) == [("coredns", "resume", False)], "nothing to set back"
    left = done(present_sync_strategy="inherit", previous_version=None)
    assert planned([left], [], wants=INHERIT) == [("coredns", "restore", True)]
    assert planned([left], []) == [], "a strategy that this run did not ask for is the user's own"
    assert planned([done()], []) == []
    assert planned([done()], [], [check()]) == [], "a check alone is no run: somebody upgraded it otherwise"
    by_values = [{"name": "coredns", "values": {"custom": {"parameterSyncStrategy": "inherit"}}}]
    assert planned([sent], [], started(), wants=by_values) == [("coredns", "resume", True)]


def found(minutes: float, *names: str) -> dict[str, Any]:
    risks = [{"name": name, "level": "Fatal", "status": "Failed", "message": None, "remedy": None} for name in names]
    return check("addonStatic", minutes, verdict="fatal", risks=risks)


@pytest.mark.parametrize(
    ("changes", "checks", "expected"),
    [
        ({}, started(), True),
        ({}, [check()], False),
        ({}, [check(), check("addonStatic", 25)], True),
        ({}, [check(), check("addonStatic", 35)], False),
        ({}, [*started(), check("addonStatic", 5)], False),
        ({}, [*started(), check("addonStatic", 5, verdict="fatal")], False),
        ({}, [*started(), found(5, "A")], True),
        ({}, [check(), found(25, "A"), found(5, "A")], False),
        ({}, [check(), found(25, "A"), found(5, "A", "B")], True),
        ({}, [*started(), found(5, "A"), check("addonStatic", 2)], False),
        ({}, [*started(), check("addonStatic", 5), found(2, "A")], True),
        ({}, [*started(), check("addonStatic", 5, verdict="pending")], True),
        ({}, [*started(), check("addonStatic", 5, addon_instance_id="other")], True),
        ({}, started(addon_instance_id="other"), False),
        ({}, started(target_version="1.30.6"), False),
        ({}, started(25 * 60), False),
        ({}, started(created_at="never"), False),
        ({}, [], False),
        ({"previous_version": None}, started(), False),
        ({"previous_version": "1.30.33"}, started(), False),
        ({"updated_at": at(30)}, started(), False),
        ({"updated_at": None}, started(), True),
        # The gate was closed: whoever sent it, it was no run of the role.
        ({}, started(verdict="fatal"), False),
        ({}, [*started(), check(verdict="fatal")], False),
        ({}, started(verdict="warning"), True),
        # It may have expired since, or have ended after the run was killed.
        ({}, started(verdict="unknown"), True),
        ({}, [*started(30, verdict="fatal"), *started(20)], True),
        # What was checked after the change, such as an edit in the console, was not what it relied on.
        ({}, [*started(), check(minutes=5)], True),
        ({}, [*started(), check(minutes=5, verdict="fatal")], True),
        ({}, [check("addonStatic", 25), check(), found(8, "A"), check(minutes=5)], True),
        # It has ended, and badly: nothing is to be awaited.
        ({"status": "upgradeFailed"}, started(), False),
        ({"status": "unknown"}, started(), False),
        ({"status": "abnormal"}, started(), True),
    ],
)
def test_an_upgrade_that_nobody_verified(changes, checks, expected):
    assert is_unverified(done(**changes), checks, now=NOW) is expected


def test_what_is_blocked_is_left_alone():
    blocked = [decision(blocks=True)]
    assert planned([done()], blocked, started()) == []
    assert planned([done(present_sync_strategy="inherit")], blocked, wants=INHERIT) == []


def test_a_verification_compares_with_what_was_there_when_the_upgrade_was_checked():
    """What was found after the upgrade, and before the check of a later edit, is the upgrade's all the same."""
    checks = [check("addonStatic", 25), check(), found(8, "A"), check(minutes=5)]
    [job] = jobs([done()], opened(), checks, read_wants(["all"]), now=NOW, max_age=3600)
    assert (job["task"], job["checked_at"]) == ("resume", at(20))
    assert verification(job, [static(risk("A"))], checks)["verdict"] == "broken"


def test_to_verify_alone_nothing_is_upgraded():
    steps = [step(), done(name="npd"), step(name="everest", addon_instance_id=None, action="impossible")]
    tasks = planned(steps, [decision()], verify_only=True)
    assert tasks == [("coredns", "verify", False), ("npd", "verify", False)]


JOB = {
    "name": "coredns",
    "task": "upgrade",
    "action": "upgrade",
    "from": "1.28.7",
    "to": "1.30.33",
    "addon_instance_id": ID,
}


def risk(name: str, level: str = "Fatal", status: str = "Failed") -> dict[str, Any]:
    return {"name": name, "level": level, "status": status, "message": "m", "remedy": "r"}


def static(*risks: dict, verdict: str = "fatal", **changes: Any) -> dict[str, Any]:
    return check("addonStatic", 1, verdict=verdict, risks=list(risks), **changes)


@pytest.mark.parametrize(
    ("after", "before", "expected"),
    [
        ([static(verdict="passed")], [], "verified"),
        ([static(risk("A", "Warning"), verdict="warning")], [], "verified"),
        ([static(risk("A"))], [], "broken"),
        ([static(risk("A"))], [static(risk("A"))], "verified"),
        ([static(risk("A"), risk("B"))], [static(risk("A"))], "broken"),
        ([static(risk("A"))], [static(risk("A", "Warning"), verdict="warning")], "broken"),
        ([static(risk("A"))], [static(risk("A", status="Success"), verdict="passed")], "broken"),
        ([static(risk("A"))], [static(risk("A"), addon_instance_id="other")], "broken"),
        ([static(risk("A"))], [static(risk("A"), type="addonUpgrade")], "broken"),
        ([static(risk("A"))], [static(risk("A"), verdict="pending")], "broken"),
        ([static(risk("A"))], [static(risk("A")), static(verdict="passed", created_at=at(9))], "verified"),
        ([static(risk("A"))], [static(risk("A"), created_at=at(9)), static(verdict="passed")], "broken"),
        ([static(risk("A"))], [static(risk("A")), static(verdict="pending", created_at=at(0))], "verified"),
        ([static(risk("A"))], [static(risk("A"), created_at=None)], "verified"),
        ([static(risk("A"))], [check(), static(risk("A"), created_at=at(30))], "verified"),
        # One request may start both: the add-on was looked at in the very moment.
        ([static(risk("A"))], [check(), static(risk("A"), created_at=at(20))], "verified"),
        ([static(risk("A"))], [check(), static(risk("A"), created_at=at(5))], "broken"),
        ([static(verdict="unknown", reason="odd")], [], "unknown"),
        ([static(verdict="pending")], [], "unknown"),
        ([], [], "unknown"),
        ([static(verdict="passed"), static(verdict="passed")], [], "unknown"),
        ([static(verdict="passed", addon_instance_id="other")], [], "unknown"),
        ([check(verdict="passed")], [], "unknown"),
    ],
)
def test_only_new_fatal_risks_are_the_upgrades_and_no_result_is_no_verification(after, before, expected):
    found = verification(JOB, after, before)
    assert found["verdict"] == expected
    assert bool(found["new_risks"]) is (expected == "broken")
    assert (found["reason"] is None) is (expected == "verified")


def addon(**changes: Any) -> dict[str, Any]:
    broken = {"version": "1.30.33", "status": "upgradeFailed", "previous_version": "1.28.7", "is_rollbackable": True}
    return {"addon_template_name": "coredns", "addon_instance_id": ID, "values": {}, **broken, **changes}


VERIFIED, BROKEN, NOT_KNOWN = ({"verdict": word} for word in ("verified", "broken", "unknown"))


@pytest.mark.parametrize(
    ("job", "verified", "found", "wanted", "why"),
    [
        ({}, None, addon(), True, None),
        ({"task": "resume"}, None, addon(), True, "an earlier run or somebody else"),
        ({"task": "resume"}, BROKEN, addon(status="running"), True, "an earlier run or somebody else"),
        ({"task": "resume"}, None, addon(status="upgrading"), True, "run the same command again"),
        ({}, None, addon(status="upgrading", version="1.31.1"), True, "somebody else has brought it to 1.31.1"),
        ({}, BROKEN, addon(status="running"), True, None),
        ({}, None, addon(status="abnormal"), True, None),
        ({}, None, addon(previous_version=None), True, None),
        ({}, None, None, True, "could not be read"),
        ({}, None, addon(status="upgrading"), True, "run the same command again"),
        ({}, None, addon(version="1.28.7", status="running"), True, "as before"),
        ({}, None, addon(status="running"), True, "only its check is missing"),
        ({}, NOT_KNOWN, addon(status="running"), True, "only its check is missing"),
        ({}, None, addon(), False, "turned off"),
        ({}, None, addon(is_rollbackable=False), True, "cannot be rolled back"),
        ({}, None, addon(previous_version="1.25.1"), True, "not the version that ran before"),
        ({"action": "edit"}, None, addon(), True, "edit"),
        ({"task": "verify"}, BROKEN, addon(), True, "nothing was upgraded"),
        ({"task": "restore"}, None, addon(), True, "nothing was upgraded"),
    ],
)
def test_only_what_is_broken_and_can_go_back_to_where_it_was_is_rolled_back(job, verified, found, wanted, why):
    decided = recovery({**JOB, **job}, verified, found, wanted=wanted, sent=True)
    assert decided["roll_back"] is (why is None)
    assert why is None or why in decided["why"]
    assert decided["to"] == ("1.28.7" if why is None else None)


def test_what_this_run_has_not_sent_is_not_rolled_back():
    assert "has sent nothing" in recovery(JOB, None, addon(), wanted=True, sent=False)["why"]
    for sent in (True, False):
        assert not recovery({**JOB, "task": "resume"}, None, addon(), wanted=True, sent=sent)["roll_back"]
    theirs = recovery(JOB, BROKEN, addon(version="1.31.1"), wanted=True, sent=True)
    assert (theirs["roll_back"], theirs["why"]) == (False, "somebody else has brought it to 1.31.1")
    for sent in (True, False):
        untold = recovery(JOB, BROKEN, addon(version=None), wanted=True, sent=sent)
        assert not untold["roll_back"]
        assert "a version that CCE does not tell" in untold["why"]


@pytest.mark.parametrize(
    ("left", "found", "why"),
    [
        ({"custom": {"a": 1}}, {"custom": {"a": 2}}, "(custom.a)"),
        ({"custom": {"a": 1}}, {"custom": {"a": 1}, "multiAZPreferred": True}, "(multiAZPreferred)"),
        ({"custom": {"a": 1}}, {"custom": {"a": 1}}, None),
        # What CCE fills in by itself is nobody's change, and what is not told shows none.
        ({"custom": {}, "basic": {"image": "1"}}, {"custom": {}, "basic": {}, "systemAutoInject": {"user": {}}}, None),
        ({"custom": {"a": 1}}, None, None),
        (None, {"custom": {"a": 1}}, None),
    ],
)
def test_what_somebody_else_has_set_since_is_not_undone(left, found, why):
    present = addon(status="running", values=found)
    decided = recovery(JOB, BROKEN, present, wanted=True, sent=True, upgraded=addon(status="running", values=left))
    assert decided["roll_back"] is (why is None)
    assert why is None or why in decided["why"]


def test_what_runs_in_part_is_rolled_back_unless_that_is_accepted():
    partly = addon(status="available")
    assert recovery(JOB, NOT_KNOWN, partly, wanted=True, sent=True)["roll_back"]
    accepted = recovery(JOB, NOT_KNOWN, partly, wanted=True, sent=True, accept_partial=True)
    assert "only its check is missing" in accepted["why"]
    assert recovery(JOB, BROKEN, partly, wanted=True, sent=True, accept_partial=True)["roll_back"]


def told(events: list, *, plan: Any = (), gate: Any = None, todo: Any = (JOB,), problem: str | None = None) -> dict:
    return result(
        cluster_id="c",
        cluster_name="production",
        plan=None if plan is None else [step()],
        gate={"open": True, "decisions": [decision(reason=None, risks=[])]} if gate is None else gate,
        todo=list(todo),
        events=events,
        before=[addon(version="1.28.7", status="running")],
        problem=problem,
        started=NOW - 60,
        now=NOW,
        check_mode=False,
    )


def event(**changes: Any) -> dict[str, Any]:
    return {"name": "coredns", "problem": None, "done": {"addon": addon(status="running")}, **changes}


@pytest.mark.parametrize(
    ("arguments", "cluster", "of_addon"),
    [
        ({"events": [event()]}, "upgraded", "upgraded"),
        ({"events": [event(problem="no")]}, "failed", "failed"),
        ({"events": [event(problem="no", rolled_back={"changed": True})]}, "rolled_back", "rolled_back"),
        ({"events": [event(problem="no", rolled_back={"changed": True, "failed": True})]}, "failed", "failed"),
        ({"events": [event(restored={"failed": True, "msg": "no"})]}, "failed", "failed"),
        ({"events": []}, "failed", "not_reached"),
        ({"events": [], "todo": [], "problem": "no"}, "failed", "not_reached"),
        (
            {"events": [], "todo": [], "gate": {"open": False, "decisions": [decision(blocks=True, reason="x")]}},
            "blocked",
            "blocked",
        ),
        ({"events": [], "todo": [], "gate": {"open": False, "decisions": []}}, "failed", "not_reached"),
        ({"events": [], "plan": None, "problem": "no"}, "failed", None),
    ],
)
def test_one_word_for_what_became_of_a_cluster(arguments, cluster, of_addon):
    found = told(**arguments)
    assert found["outcome"] == cluster
    assert [addon["outcome"] for addon in found["addons"]] == ([of_addon] if of_addon else [])
    went_wrong = any(item.get("problem") or item.get("restored") for item in arguments["events"])
    assert bool(found["message"]) is went_wrong


def test_what_cce_says_cannot_forge_lines_of_the_story():
    hostile = "x\n  rollback:    done\x1b[2K"
    found = told([event(problem=hostile, recovery={"roll_back": False, "why": "it is at 1 as before"})])
    assert not any("\n" in line or "\x1b" in line for line in found["message"])
    assert sum(line.startswith("  rollback:") for line in found["message"]) == 1


@pytest.mark.parametrize("judged_at", [NOW + 61, 9e9, float("nan"), float("inf"), None, "9e9", "yesterday"])
def test_a_decision_from_the_future_counts_for_nothing(judged_at):
    """Nobody can have made it yet, whatever it says."""
    step = done(action="upgrade", to="1.30.33")
    assert planned([step], [decision(judged_at=NOW + 60)])
    with pytest.raises(InputError, match="does not count, as its judged_at is no time that has come yet"):
        planned([step], [decision(judged_at=judged_at)])


def test_what_this_run_has_not_sent_is_not_told_as_its_own():
    found = told([event(done={"changed": False, "addon": addon(status="running")})])
    assert found["addons"][0]["outcome"] == "upgraded"
    assert "by an earlier run or by somebody else" in found["addons"][0]["reason"]
    assert told([event(done={"changed": True, "addon": addon(status="running")})])["addons"][0]["reason"] is None


def test_the_table_does_not_show_what_is_gone_as_running():
    lines = told([event(problem="it is not there", done={"failed": True})])["lines"]
    assert lines[-1].split()[1:] == ["1.28.7", "1.30.33", "-", "-", "failed"]
