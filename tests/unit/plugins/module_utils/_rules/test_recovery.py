# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The huaweicloud.cce contributors

"""The jobs of a run, the verification of an upgrade, and whether it is rolled back."""

from __future__ import annotations

from typing import Any

import pytest
from support.records import (
    DAY,
    ID,
    NOW,
    addon,
    at,
    check,
    decision,
    gate,
    job,
    risk,
    step,
    step_at_target,
)

from ansible_collections.huaweicloud.cce.plugins.module_utils._rules.recovery import (
    is_unverified,
    jobs,
    known_fatals,
    recovery,
    settings_digest,
    verification,
)
from ansible_collections.huaweicloud.cce.plugins.module_utils._rules.wants import read_wants


def started(minutes: float = 20, **changes: Any) -> list[dict[str, Any]]:
    """Return the checks that a run of the role begins with."""
    return [check("addonStatic", minutes + 0.02), check(minutes=minutes, **changes)]


def planned(steps: list, decisions: list, checks: list = (), wants: list = ("all",), **options: Any) -> list:
    found = jobs(steps, gate(*decisions), list(checks), read_wants(list(wants)), now=NOW, max_check_age=3600, **options)
    return [(item["name"], item["task"], item["restore"]) for item in found]


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
    left = step_at_target(name="metrics-server", present_sync_strategy="inherit")
    wants = read_wants([*INHERIT, {"name": "metrics-server", "sync_strategy": "inherit"}])
    closed = gate(decision(), open=False, proceed=word)
    assert jobs([step(), left], closed, started(), wants, now=NOW, max_check_age=3600) == []


def test_a_check_is_made_again_before_it_is_too_old():
    [found] = jobs([step()], gate(decision(checked_at=at(0))), [], read_wants(["all"]), now=NOW, max_check_age=3600)
    assert NOW + 3500 < found["recheck_after"] < NOW + 3600
    [found] = jobs(
        [step()], gate(decision(checked_at="yesterday")), [], read_wants(["all"]), now=NOW, max_check_age=3600
    )
    assert found["recheck_after"] < NOW, "an age that cannot be read is too old"


def test_what_a_killed_run_has_left_is_found():
    assert planned([step_at_target()], [], started()) == [("coredns", "resume", False)]
    sent = step_at_target(present_sync_strategy="inherit")
    assert planned([sent], [], started(), wants=INHERIT) == [("coredns", "resume", True)]
    for strategy in ("ensureConsistent", None):
        other = step_at_target(present_sync_strategy=strategy)
        assert planned([other], [], started(), wants=INHERIT) == [("coredns", "resume", False)], "nothing to set back"
    left = step_at_target(present_sync_strategy="inherit", previous_version=None)
    assert planned([left], [], wants=INHERIT) == [("coredns", "restore", True)]
    assert planned([left], []) == [], "a strategy that this run did not ask for is the user's own"
    assert planned([step_at_target()], []) == []
    assert planned([step_at_target()], [], [check()]) == [], "a check alone is no run: somebody upgraded it otherwise"
    by_values = [{"name": "coredns", "values": {"custom": {"parameterSyncStrategy": "inherit"}}}]
    assert planned([sent], [], started(), wants=by_values) == [("coredns", "resume", True)]


def fatal(minutes: float, *names: str) -> dict[str, Any]:
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
        ({}, [*started(), fatal(5, "A")], True),
        ({}, [check(), fatal(25, "A"), fatal(5, "A")], False),
        ({}, [check(), fatal(25, "A"), fatal(5, "A", "B")], True),
        ({}, [*started(), fatal(5, "A"), check("addonStatic", 2)], False),
        ({}, [*started(), check("addonStatic", 5), fatal(2, "A")], True),
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
        ({}, [check("addonStatic", 25), check(), fatal(8, "A"), check(minutes=5)], True),
        # It has ended, and badly: nothing is to be awaited.
        ({"status": "upgradeFailed"}, started(), False),
        ({"status": "unknown"}, started(), False),
        ({"status": "abnormal"}, started(), True),
    ],
)
def test_an_upgrade_that_nobody_verified(changes, checks, expected):
    assert is_unverified(step_at_target(**changes), checks, now=NOW) is expected


def test_what_is_blocked_is_left_alone():
    blocked = [decision(blocks=True)]
    assert planned([step_at_target()], blocked, started()) == []
    assert planned([step_at_target(present_sync_strategy="inherit")], blocked, wants=INHERIT) == []


def test_a_verification_compares_with_what_was_there_when_the_upgrade_was_checked():
    """What was found after the upgrade, and before the check of a later edit, is the upgrade's all the same."""
    checks = [check("addonStatic", 25), check(), fatal(8, "A"), check(minutes=5)]
    [found] = jobs([step_at_target()], gate(), checks, read_wants(["all"]), now=NOW, max_check_age=3600)
    assert (found["task"], found["checked_at"]) == ("resume", at(20))
    assert verification(found, [static(risk("A"))], known_fatals(found, checks))["verdict"] == "broken"


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
    found = verification(job(), after, known_fatals(job(), before))
    assert found["verdict"] == expected
    assert bool(found["new_risks"]) is (expected == "broken")
    assert (found["reason"] is None) is (expected == "verified")


VERIFIED, BROKEN, NOT_KNOWN = ({"verdict": word} for word in ("verified", "broken", "unknown"))


@pytest.mark.parametrize(
    ("changes", "verified", "found", "wanted", "why"),
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
        ({}, None, addon(is_rollbackable=None), True, "does not tell whether it can be rolled back"),
        ({}, None, addon(previous_version="1.25.1"), True, "not the version that ran before"),
        ({"action": "edit"}, None, addon(), True, "edit"),
        ({"task": "restore"}, None, addon(), True, "nothing was upgraded"),
    ],
)
def test_only_what_is_broken_and_can_go_back_to_where_it_was_is_rolled_back(changes, verified, found, wanted, why):
    decided = recovery(job(**changes), verified, found, wanted=wanted, sent=True)
    assert decided["roll_back"] is (why is None)
    assert why is None or why in decided["why"]
    assert decided["to"] == ("1.28.7" if why is None else None)


def test_what_this_run_has_not_sent_is_not_rolled_back():
    assert "has sent nothing" in recovery(job(), None, addon(), wanted=True, sent=False)["why"]
    for sent in (True, False):
        assert not recovery(job(task="resume"), None, addon(), wanted=True, sent=sent)["roll_back"]
    theirs = recovery(job(), BROKEN, addon(version="1.31.1"), wanted=True, sent=True)
    assert (theirs["roll_back"], theirs["why"]) == (False, "somebody else has brought it to 1.31.1")
    for sent in (True, False):
        untold = recovery(job(), BROKEN, addon(version=None), wanted=True, sent=sent)
        assert not untold["roll_back"]
        assert "a version that CCE does not tell" in untold["why"]


@pytest.mark.parametrize(
    ("left", "found", "is_theirs"),
    [
        ({"custom": {"a": 1}}, {"custom": {"a": 2}}, True),
        ({"custom": {"a": 1}}, {"custom": {"a": 1}, "multiAZPreferred": True}, True),
        ({"custom": {"a": 1}}, {"custom": {"a": 1}}, False),
        # What CCE fills in by itself is nobody's change, and what is not told shows none.
        ({"custom": {}, "basic": {"image": "1"}}, {"custom": {}, "basic": {}, "systemAutoInject": {"user": {}}}, False),
        ({"custom": {"a": 1}}, None, False),
        (None, {"custom": {"a": 1}}, False),
    ],
)
def test_what_somebody_else_has_set_since_is_not_undone(left, found, is_theirs):
    settled = settings_digest(addon(status="running", values=left))
    decided = recovery(job(), BROKEN, addon(status="running", values=found), wanted=True, sent=True, settled=settled)
    assert decided["roll_back"] is not is_theirs
    assert ("somebody else has changed its settings since" in decided["why"]) is is_theirs


def test_settings_that_are_not_told_have_no_digest():
    assert settings_digest(None) is None
    assert settings_digest(addon(values=None)) is None
    assert settings_digest(addon(values={})) is None


def test_what_runs_in_part_is_rolled_back_unless_that_is_accepted():
    partly = addon(status="available")
    assert recovery(job(), NOT_KNOWN, partly, wanted=True, sent=True)["roll_back"]
    accepted = recovery(job(), NOT_KNOWN, partly, wanted=True, sent=True, accept_partial=True)
    assert "only its check is missing" in accepted["why"]
    assert recovery(job(), BROKEN, partly, wanted=True, sent=True, accept_partial=True)["roll_back"]


def test_a_job_says_all_that_a_transaction_needs():
    wants = read_wants([{"name": "coredns", "sync_strategy": "inherit"}])
    (found,) = jobs([step()], gate(decision()), [], wants, now=NOW, max_check_age=3600)
    assert found == {
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
    (found,) = jobs([step()], gate(decision(checked_at=None)), [], read_wants(["all"]), now=NOW, max_check_age=3600)
    assert (found["recheck_after"], found["restore"]) == (0.0, False)


def test_nothing_is_done_without_a_decision():
    assert jobs([step()], gate(), [], read_wants(["all"]), now=NOW, max_check_age=3600) == []
    assert jobs([step()], gate(decision(blocks=True)), [], read_wants(["all"]), now=NOW, max_check_age=3600) == []
    assert jobs([step()], gate(decision(name="other")), [], read_wants(["all"]), now=NOW, max_check_age=3600) == []


BESIDE = check("addonStatic", 20.1)


def test_an_upgrade_that_was_not_verified_is_resumed_and_a_strategy_restored():
    inherit = read_wants([{"name": "coredns", "sync_strategy": "inherit"}])
    steps = [step_at_target(present_sync_strategy="inherit")]
    (found,) = jobs(steps, gate(), [check("addonUpgrade", 20), BESIDE], inherit, now=NOW, max_check_age=3600)
    assert (found["task"], found["from"], found["to"], found["restore"]) == ("resume", "1.28.7", "1.30.33", True)
    (found,) = jobs(steps, gate(), [], inherit, now=NOW, max_check_age=3600)
    assert (found["task"], found["from"], found["restore"]) == ("restore", "1.30.33", True)
    for strategy, expected in (("force", 1), ("ensureConsistent", 0), (None, 0)):
        steps = [step_at_target(present_sync_strategy=strategy)]
        assert len(jobs(steps, gate(), [], inherit, now=NOW, max_check_age=3600)) == expected
        assert jobs(steps, gate(), [], read_wants(["all"]), now=NOW, max_check_age=3600) == []


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
    found = step_at_target(**{"updated_at": at(-1), **changes})
    assert is_unverified(found, checks, now=NOW) is expected


def test_a_verification_says_what_it_found():
    new, old = risk("New"), risk("Old")
    warned = risk("Mild", "Warning")
    fine = risk("Fine", status="Success")
    after = [check("addonStatic", 1, verdict="fatal", risks=[new, old, warned, fine, risk(None)])]
    before = [check("addonStatic", 9, verdict="fatal", risks=[old, warned])]
    assert verification(job(), after, known_fatals(job(), before)) == {
        "verdict": "broken",
        "reason": "new Fatal risks: New, None",
        "new_risks": [new, risk(None)],
        "risks": [new, old, warned, fine, risk(None)],
    }
    passed = check("addonStatic", 1, risks=[fine])
    assert verification(job(), [passed], known_fatals(job(), before)) == {
        "verdict": "verified",
        "reason": None,
        "new_risks": [],
        "risks": [fine],
    }
    missing = {"verdict": "unknown", "reason": "CCE shows no result of its check", "new_risks": [], "risks": []}
    assert verification(job(), [], known_fatals(job(), before)) == missing
    pending = check("addonStatic", 1, verdict="pending", reason="under way", risks=[fine])
    assert verification(job(), [pending], known_fatals(job(), before)) == {
        **missing,
        "reason": "under way",
        "risks": [fine],
    }


@pytest.mark.parametrize(
    ("changes", "found", "wanted", "why"),
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
        ({}, addon(), False, "rollbacks are turned off"),
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
        (
            {},
            addon(is_rollbackable=None),
            True,
            "CCE does not tell whether it can be rolled back: look at it in the console",
        ),
        ({"task": "upgrade"}, addon(version=None), True, "it is at a version that CCE does not tell"),
    ],
)
def test_why_nothing_is_rolled_back(changes, found, wanted, why):
    assert recovery(job(**changes), None, found, wanted=wanted, sent=True) == {
        "roll_back": False,
        "to": None,
        "why": why,
    }


@pytest.mark.parametrize(("sent_ago", "goes_back"), [(0.0, True), (24 * 3600.0, True), (24 * 3600.0 + 1, False)])
def test_what_was_sent_more_than_a_day_ago_is_not_rolled_back(sent_ago, goes_back):
    found = recovery(job(), BROKEN, addon(), wanted=True, sent=True, sent_ago=sent_ago)
    why = "it was sent more than a day ago (it is at 1.30.33), so what was done since is not known"
    assert found["roll_back"] is goes_back
    assert goes_back or found["why"] == why


def test_what_somebody_else_has_set_since_is_the_whole_reason():
    settled = settings_digest(addon(values={"custom": {"a": 1}}))
    found = recovery(job(), BROKEN, addon(values={"custom": {"a": 2}}), wanted=True, sent=True, settled=settled)
    assert found["why"] == "somebody else has changed its settings since, and a rollback would undo that"


def test_what_was_sent_before_this_run_is_never_rolled_back():
    why = "this run has not sent the upgrade, and CCE does not tell whether an earlier run or somebody else has"
    for found in (addon(), addon(status="running"), addon(version="1.28.7"), addon(status="abnormal")):
        assert recovery(job(task="resume"), None, found, wanted=True, sent=True) == {
            "roll_back": False,
            "to": None,
            "why": why,
        }


def test_a_rollback_says_where_to():
    for previous in ("1.28.7", None):
        found = recovery(job(), None, addon(previous_version=previous), wanted=True, sent=True)
        assert found == {"roll_back": True, "to": "1.28.7", "why": "back to 1.28.7, which ran before"}
    assert recovery(job(**{"from": None}), None, addon(previous_version="1.2"), wanted=True, sent=True)["to"] == "1.2"
    # What ended badly at the old version is to be rolled back, too.
    assert recovery(job(), None, addon(version="1.28.7"), wanted=True, sent=True)["roll_back"]
