# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The huaweicloud.cce contributors

"""cce_addon_upgrade: in order, verified, rolled back, resumed. Each task is a new one that knows its ticket alone."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from requests import Session
from support.operators import PERMANENT, Operator
from support.plays import writes
from support.simulation import CLUSTER, Simulation

from ansible_collections.huaweicloud.cce.plugins.module_utils._module.task import execute
from ansible_collections.huaweicloud.cce.plugins.module_utils._rules.ticket import packed, unpacked
from ansible_collections.huaweicloud.cce.plugins.modules import (
    cce_addon_check,
    cce_addon_gate_info,
    cce_addon_upgrade,
)

BOTH = ["coredns", "metrics-server"]
METRICS = ["metrics-server"]
TARGETS = {"coredns": "1.30.33", "metrics-server": "1.3.90"}
INHERIT = {"name": "coredns", "sync_strategy": "inherit"}
# How an upgrade ends that CCE takes for done, and after which the pods are not ready.
THEN_BREAKS = {"next_upgrade": {"status": "running", "then": {"pods_ready": False}}}
Result = dict[str, Any]


class Upgrader(Operator):
    """Somebody who upgrades add-ons. Their clock is that of the service; others may act while they wait."""

    def __init__(self, simulation: Simulation) -> None:
        super().__init__(simulation)
        self.in_between: dict[Callable[[], bool], Callable[[], None]] = {}

    def now(self) -> float:
        return super().now() + sum(self.pauses)

    def sleep(self, seconds: float) -> None:
        super().sleep(seconds)
        for comes, acts in [*self.in_between.items()]:
            if comes():
                del self.in_between[comes]
                acts()

    def upgrade(
        self, addons: list | None = None, *, fails: bool = False, check_mode: bool = False, **options: Any
    ) -> Result:
        """Run the module as Ansible does, and return its result as it passes it on."""
        given = {**PERMANENT, "addons": METRICS if addons is None else addons, **options}
        task = self.task(cce_addon_upgrade, check_mode=check_mode, **given)
        result: Result = json.loads(json.dumps(execute(task, cce_addon_upgrade.run)))
        assert result.get("failed", False) is fails, result.get("msg", result)
        return result

    def rounds(self, addons: list | None = None, *, most: int = 30, **options: Any) -> list[Result]:
        """Run the module as the role does: each round is a task of its own, with the ticket of the one before."""
        results = [self.upgrade(addons, rounds=1, wait=False, **options)]
        while results[-1]["rounds_left"] and len(results) < most:
            results.append(self.upgrade(addons, rounds=1, **{**options, "ticket": results[-1]["ticket"]}))
        assert results[-1]["completed"], f"it is not finished after {most} rounds"
        return results

    def rounds_until(self, phase: str, addons: list | None = None, **options: Any) -> Result:
        """Return the result of the first round after which an add-on is in a phase."""
        result = self.upgrade(addons, rounds=1, wait=False, **options)
        while phase not in [item["phase"] for item in unpacked(result["ticket"])["transactions"]]:
            assert result["rounds_left"], f"no add-on came to the phase {phase}"
            result = self.upgrade(addons, rounds=1, ticket=result["ticket"])
        return result

    def change(self, addon: str = "metrics-server", **what: Any) -> None:
        """Let something happen to an add-on behind the back of the module."""
        self.simulation.call("POST", f"/instances/{CLUSTER}/{addon}", what)

    def addon(self, name: str = "metrics-server") -> dict[str, Any]:
        found: dict[str, Any] = self.simulation.addons(CLUSTER)[name]
        return found

    def sent(self) -> list[str]:
        """Return what was sent to add-ons, in order."""
        return [f"{item['method']} {_about(item)}" for item in writes(self.simulation)]

    def checked(self) -> list[list[str]]:
        """Return the requests for checks: their kind, and the add-ons."""
        lists = [item["body"]["spec"]["addonList"] for item in self.asked("POST", "precheck")]
        return [[added[0]["type"], *(item["addonTemplateName"] for item in added)] for added in lists]


def _about(item: Mapping[str, Any]) -> str:
    spec = (item["body"] or {}).get("spec")
    return f"{spec['addonTemplateName']} {spec['version']}" if spec else item["path"].rsplit("/", 1)[-1]


def outcomes(result: Result) -> dict[str, str]:
    return {addon["name"]: addon["outcome"] for addon in result["addons"]}


def story(result: Result) -> str:
    return "\n".join(result["message"])


@pytest.fixture
def upgrader(accounts: Simulation) -> Upgrader:
    """Somebody who upgrades the add-ons of the cluster `production`, CoreDNS and metrics-server."""
    accounts.reset()
    return Upgrader(accounts)


# A whole run


def test_add_ons_are_upgraded_in_the_given_order_each_awaited_and_verified(upgrader):
    result = upgrader.upgrade(["metrics-server", "coredns"])
    assert upgrader.sent() == ["PUT metrics-server 1.3.90", "PUT coredns 1.30.33"]
    assert upgrader.checked() == [
        ["addonStatic", "metrics-server", "coredns"],
        ["addonUpgrade", "metrics-server", "coredns"],
        ["addonStatic", "metrics-server"],
        ["addonStatic", "coredns"],
    ]
    assert (result["outcome"], result["changed"], result["completed"]) == ("upgraded", True, True)
    assert (result["rounds_left"], result["message"], result["problem"]) == (0, [], None)
    assert (result["cluster_id"], result["verdict"], result["check_mode"]) == (CLUSTER, "passed", False)
    [metrics, _coredns] = result["addons"]
    assert (metrics["from"], metrics["to"], metrics["outcome"]) == ("1.3.6", "1.3.90", "upgraded")
    assert metrics["before"] == {"version": "1.3.6", "status": "running"}
    assert metrics["after"] == {"version": "1.3.90", "status": "running", "risks": []}
    assert "basic.swr_addr" in metrics["values_changed"]
    assert metrics["settings_kept"] is True
    assert upgrader.addon()["settings_lost"] == []
    assert upgrader.addon()["values"]["custom"]["logLevel"] == 4
    assert 5 <= metrics["duration"] < 30
    assert metrics["duration"] < result["duration"]
    record = result["ansible_stats"]["data"]["cce_upgrade"][CLUSTER]
    assert record == {key: result[key] for key in record}


def test_a_second_run_finds_nothing_to_do(upgrader):
    upgrader.upgrade(BOTH)
    asked = len(upgrader.checked())
    again = upgrader.upgrade(BOTH)
    assert (again["outcome"], again["changed"], again["message"]) == ("nothing_to_do", False, [])
    assert outcomes(again) == dict.fromkeys(BOTH, "nothing_to_do")
    assert (len(upgrader.sent()), len(upgrader.checked())) == (2, asked)


def test_the_settings_that_the_user_wants_are_sent_with_the_upgrade(upgrader):
    wanted = [{"name": "metrics-server", "version": "1.3.37", "values": {"custom": {"logLevel": 7}}}]
    result = upgrader.rounds(wanted)[-1]
    assert upgrader.sent() == ["PUT metrics-server 1.3.37"]
    assert upgrader.addon()["values"]["custom"]["logLevel"] == 7
    assert "custom.logLevel" in result["addons"][0]["values_changed"]


def test_an_edit_of_settings_is_awaited_and_verified_too(upgrader):
    wanted = [{"name": "metrics-server", "version": "1.3.6", "values": {"custom": {"logLevel": 7}}}]
    result = upgrader.rounds(wanted)[-1]
    assert (result["outcome"], upgrader.sent()) == ("upgraded", ["PUT metrics-server 1.3.6"])
    [addon] = result["addons"]
    assert (addon["action"], addon["values_changed"], addon["settings_kept"]) == ("edit", ["custom.logLevel"], True)


def test_a_stale_read_of_the_time_before_an_edit_is_not_its_end(upgrader):
    upgrader.change(stale_seconds=4, seconds=8)
    wanted = [{"name": "metrics-server", "version": "1.3.6", "values": {"custom": {"logLevel": 7}}}]
    result = upgrader.rounds(wanted)[-1]
    assert result["outcome"] == "upgraded"
    assert result["addons"][0]["duration"] >= 8


# Rounds


@pytest.mark.parametrize("verify", [True, False])
def test_rounds_come_to_the_same_end_as_one_task(upgrader, verify):
    results = upgrader.rounds(BOTH, verify=verify)
    assert upgrader.sent() == ["PUT coredns 1.30.33", "PUT metrics-server 1.3.90"]
    by_rounds = results[-1]
    upgrader.simulation.reset()
    at_once = upgrader.upgrade(BOTH, verify=verify)
    for key in ("outcome", "verdict", "message", "completed", "rounds_left", "problem"):
        assert by_rounds[key] == at_once[key]
    of_time = {"duration", "check_task_id", "checked_at"}
    for one, other in zip(by_rounds["addons"], at_once["addons"]):
        assert {**one, **dict.fromkeys(of_time)} == {**other, **dict.fromkeys(of_time)}


@pytest.mark.parametrize(("verify", "most"), [(True, 5), (False, 3)])
def test_every_round_is_one_less_to_go_and_only_the_last_one_is_finished(upgrader, verify, most):
    results = upgrader.rounds(BOTH, verify=verify)
    judged = results[1:]
    assert [result["rounds_left"] for result in judged] == [*range(most - 1, -1, -1)]
    assert [result["completed"] for result in results] == [*[False] * (len(results) - 1), True]
    assert ["ansible_stats" in result for result in results] == [*[False] * (len(results) - 1), True]
    assert {result["outcome"] for result in results[:-1]} == {"under_way"}
    assert all(result["message"] == [] for result in results)


def test_a_round_tells_whether_it_has_changed_something(upgrader):
    results = upgrader.rounds(BOTH)
    assert [result["changed"] for result in results] == [False, True, False, True, False, False]


def test_no_round_sleeps_before_it_has_looked(upgrader):
    result = upgrader.upgrade(rounds=1, wait=False)
    for _round in range(3):
        upgrader.sleep(30)
        result = upgrader.upgrade(rounds=1, ticket=result["ticket"])
    assert (result["outcome"], upgrader.pauses) == ("upgraded", [30, 30, 30])


def test_the_time_for_an_upgrade_counts_from_when_it_was_sent_and_it_is_read_once_in_any_case(upgrader):
    upgrader.change(seconds=400)
    started = upgrader.upgrade(rounds=1, wait=False, wait_timeout=300)
    sent = upgrader.upgrade(rounds=1, ticket=started["ticket"])
    upgrader.sleep(250)
    waited = sum(upgrader.pauses)
    late = upgrader.upgrade(rounds=1, ticket=sent["ticket"])
    assert 40 <= sum(upgrader.pauses) - waited <= 60
    assert (late["outcome"], late["completed"]) == ("failed", True)
    assert "did not end within 300 s" in story(late)
    assert "run the same command again to wait on" in story(late)
    upgrader.sleep(500)
    ended = upgrader.upgrade(rounds=1, ticket=sent["ticket"])
    assert ended["outcome"] == "under_way", "the end is seen, although the time is over"
    assert upgrader.sent() == ["PUT metrics-server 1.3.90"]


def test_an_upgrade_that_is_finished_stays_as_it_is(upgrader):
    ended = upgrader.rounds()[-1]
    asked = len(upgrader.simulation.requests())
    again = upgrader.upgrade(rounds=1, ticket=ended["ticket"])
    assert (again["changed"], again["completed"], again["rounds_left"]) == (False, True, 0)
    for key in ("outcome", "addons", "message", "verdict"):
        assert again[key] == ended[key]
    assert len(upgrader.simulation.requests()) - asked <= 1, "nothing but the login is asked for"


def test_an_upgrade_keeps_the_options_that_it_began_with(upgrader):
    upgrader.change(next_upgrade="upgradeFailed", risks=[{"name": "Mild", "level": "Warning"}])
    began = {"rollback": False, "verify": False, "max_check_age": 1800.0, "wait_timeout": 100.0}
    result = upgrader.upgrade(rounds=1, wait=False, **began)
    other = {"rollback": True, "verify": True, "fail_on_warning": True, "wait_timeout": 1.0}
    for _round in range(2):
        result = upgrader.upgrade(rounds=1, ticket=result["ticket"], **other)
    assert (result["outcome"], upgrader.sent()) == ("failed", ["PUT metrics-server 1.3.90"])
    assert "rollbacks are turned off" in story(result)


# Some time after an upgrade


def looked_again(upgrader: Upgrader, ended: Result) -> list[Result]:
    """Check what an upgrade has changed once more: one task starts the checks, the other waits for them."""
    started = upgrader.upgrade(BOTH, mode="verify", ticket=ended["ticket"], wait=False)
    return [started, upgrader.upgrade(BOTH, mode="verify", ticket=started["ticket"], rounds=1)]


def test_what_was_upgraded_still_runs_well_some_time_later(upgrader):
    ended = upgrader.rounds(BOTH)[-1]
    assert ended["still_well"] is None
    checks = len(upgrader.checked())
    started, seen = looked_again(upgrader, ended)
    assert upgrader.checked()[checks:] == [["addonStatic", "coredns", "metrics-server"]], "side by side"
    assert (started["completed"], started["rounds_left"], started["outcome"]) == (False, 1, "under_way")
    assert (seen["completed"], seen["outcome"], seen["changed"], seen["still_well"]) == (True, "upgraded", False, True)
    assert seen["message"] == []
    assert seen["duration"] == ended["duration"], "an upgrade does not last longer because somebody looks at it"
    assert seen["ansible_stats"]["data"]["cce_upgrade"][CLUSTER]["still_well"] is True


def test_a_fatal_risk_that_came_later_is_found_and_nothing_is_rolled_back(upgrader):
    upgrader.change(
        "coredns", risks=[{"name": "Old", "level": "Fatal", "message": "since then", "type": "addonStatic"}]
    )
    ended = upgrader.rounds(BOTH)[-1]
    assert ended["outcome"] == "upgraded"
    upgrader.change("metrics-server", pods_ready=False)
    sent = upgrader.sent()
    _started, seen = looked_again(upgrader, ended)
    assert (seen["completed"], seen["outcome"], seen["still_well"]) == (True, "failed", False)
    assert outcomes(seen) == {"coredns": "upgraded", "metrics-server": "failed"}, "the old one is not new"
    assert upgrader.sent() == sent
    for part in (
        "happened:    metrics-server was upgraded and ran well. Checked again later, it is not verified: new Fatal",
        "new risk:    AddonStatus",
        "rollback:    none: it ran well after its upgrade, so the cause may be another one",
        "to do:       repair it, or go back to 1.3.6: ",
    ):
        assert part in story(seen)


def test_a_later_check_without_a_result_is_not_good(upgrader):
    ended = upgrader.rounds(check_timeout=20)[-1]
    upgrader.simulation.fault("shape", "GET", "precheck/tasks", task_status="Running", times=None)
    _started, seen = looked_again(upgrader, ended)
    assert (seen["outcome"], seen["still_well"]) == ("failed", False)


def test_a_later_check_that_cannot_be_started_is_not_good(upgrader):
    ended = upgrader.rounds()[-1]
    upgrader.simulation.fault("status", "POST", "precheck", status=403, times=9)
    _started, seen = looked_again(upgrader, ended)
    assert (seen["outcome"], seen["still_well"], seen["completed"]) == ("failed", False, True)
    assert "403" in story(seen)


def test_an_upgrade_keeps_the_versions_that_it_began_with(upgrader):
    predicted = upgrader.upgrade(versions={"metrics-server": "1.3.37"}, rounds=1, check_mode=True)
    ended = upgrader.upgrade(rounds=9, ticket=predicted["ticket"])
    assert (ended["outcome"], upgrader.sent()) == ("upgraded", ["PUT metrics-server 1.3.37"])


def test_a_later_look_that_fails_may_be_repeated(upgrader):
    ended = upgrader.rounds()[-1]
    assert looked_again(upgrader, ended)[-1]["still_well"] is True
    started = upgrader.upgrade(mode="verify", ticket=ended["ticket"], wait=False)
    upgrader.simulation.fault("status", "GET", "precheck/tasks", status=403, times=9)
    seen = upgrader.upgrade(mode="verify", ticket=started["ticket"], rounds=1)
    assert (seen["outcome"], seen["still_well"]) == ("failed", False)
    upgrader.simulation.call("DELETE", "/faults")
    _started, seen = looked_again(upgrader, seen)
    assert (seen["outcome"], seen["still_well"], seen["problem"]) == ("upgraded", True, None)


def test_in_one_task_a_fatal_risk_that_came_later_fails(upgrader):
    ended = upgrader.upgrade()
    assert upgrader.upgrade(mode="verify", ticket=ended["ticket"])["still_well"] is True
    upgrader.change(pods_ready=False)
    result = upgrader.upgrade(mode="verify", ticket=ended["ticket"], fails=True)
    assert result["still_well"] is False


@pytest.mark.parametrize("situation", ["blocked", "nothing", "check mode", "rolled back"])
def test_what_was_not_upgraded_is_not_looked_at_again(upgrader, situation):
    if situation == "blocked":
        upgrader.change(risks=[{"name": "Trouble", "level": "Fatal", "message": "it is in trouble"}])
    elif situation == "rolled back":
        upgrader.change(next_upgrade="upgradeFailed")
    addons = [{"name": "metrics-server", "version": "1.3.6"}] if situation == "nothing" else METRICS
    ended = upgrader.rounds(addons, check_mode=situation == "check mode")[-1]
    checks, sent = upgrader.checked(), upgrader.sent()
    for seen in looked_again(upgrader, ended):
        assert (seen["completed"], seen["outcome"], seen["still_well"]) == (True, ended["outcome"], None)
    assert (upgrader.checked(), upgrader.sent()) == (checks, sent)


@pytest.mark.parametrize("phase", [None, "checks", "upgrade", "verify"])
def test_who_wants_to_verify_only_goes_on_with_no_upgrade(upgrader, phase):
    if phase is None:
        ticket = upgrader.run(cce_addon_check, addons=METRICS, baseline=True, wait=False)["ticket"]
    elif phase == "checks":
        ticket = upgrader.upgrade(rounds=1, wait=False)["ticket"]
    else:
        ticket = upgrader.rounds_until(phase)["ticket"]
    asked, sent = upgrader.checked(), upgrader.sent()
    result = upgrader.upgrade(fails=True, mode="verify", ticket=ticket)
    assert result["msg"].startswith("Nothing was changed: with mode=verify, ticket must be that of an upgrade that is")
    assert (upgrader.checked(), upgrader.sent()) == (asked, sent)


# Without waiting


def test_without_waiting_it_ends_once_the_checks_or_the_first_upgrade_was_sent(upgrader):
    started = upgrader.upgrade(BOTH, wait=False)
    assert (upgrader.sent(), len(upgrader.checked()), upgrader.pauses) == ([], 2, [])
    assert (started["outcome"], started["changed"], started["rounds_left"]) == ("under_way", False, 5)
    again = upgrader.upgrade(BOTH, wait=False, ticket=started["ticket"])
    assert (upgrader.sent(), again["rounds_left"], upgrader.pauses) == ([], 5, []), "they have not finished"
    upgrader.sleep(10)
    sent = upgrader.upgrade(BOTH, wait=False, ticket=again["ticket"])
    assert (upgrader.sent(), upgrader.pauses) == (["PUT coredns 1.30.33"], [10])
    assert (sent["outcome"], sent["changed"], sent["rounds_left"]) == ("under_way", True, 4)
    assert outcomes(sent) == {"coredns": "under_way", "metrics-server": "not_reached"}
    done = upgrader.upgrade(BOTH, ticket=sent["ticket"])
    assert (done["outcome"], upgrader.sent()[1:]) == ("upgraded", ["PUT metrics-server 1.3.90"])


def test_without_waiting_a_closed_gate_is_told_at_once(upgrader):
    upgrader.change(risks=[{"name": "Trouble", "level": "Fatal", "type": "addonUpgrade"}])
    started = upgrader.upgrade(wait=False)
    upgrader.sleep(10)
    judged = upgrader.upgrade(wait=False, ticket=started["ticket"])
    assert (judged["outcome"], judged["completed"], upgrader.sent()) == ("blocked", True, [])


def test_it_goes_on_with_the_checks_of_cce_addon_check(upgrader):
    started = upgrader.run(cce_addon_check, addons=BOTH, baseline=True, on_running="start", wait=False)
    gate = upgrader.run(cce_addon_gate_info, ticket=started["ticket"])
    assert gate["open"]
    asked = len(upgrader.checked())
    sent = upgrader.upgrade(BOTH, ticket=started["ticket"], wait=False)
    assert (upgrader.sent(), len(upgrader.checked())) == (["PUT coredns 1.30.33"], asked)
    assert upgrader.upgrade(BOTH, ticket=sent["ticket"])["outcome"] == "upgraded"


def test_it_only_judges(upgrader):
    judged = upgrader.upgrade(BOTH, judge_only=True)
    assert (judged["outcome"], judged["verdict"], judged["completed"]) == ("under_way", "passed", False)
    assert (judged["changed"], upgrader.sent()) == (False, [])
    assert outcomes(judged) == dict.fromkeys(BOTH, "not_reached")
    assert judged["rounds_left"] == 5
    again = upgrader.upgrade(BOTH, judge_only=True, rounds=1, ticket=judged["ticket"])
    assert (again["rounds_left"], upgrader.sent()) == (5, [])
    done = upgrader.upgrade(BOTH, ticket=again["ticket"])
    assert (done["outcome"], len(upgrader.sent())) == ("upgraded", 2)


def test_the_rounds_that_are_left_after_the_judgement_are_those_that_it_takes(upgrader):
    judged = upgrader.upgrade([INHERIT, "metrics-server"], judge_only=True, rounds=1)
    result, count = judged, 0
    while result["rounds_left"]:
        result = upgrader.upgrade([INHERIT, "metrics-server"], rounds=1, ticket=result["ticket"])
        count += 1
    assert (result["outcome"], count) == ("upgraded", judged["rounds_left"])


# The gate


FATAL = [{"name": "Trouble", "level": "Fatal", "message": "the disk is full", "type": "addonUpgrade"}]


def test_a_fatal_risk_of_one_add_on_keeps_all_from_being_touched(upgrader):
    upgrader.change(risks=FATAL)
    result = upgrader.upgrade(BOTH, fails=True)
    assert (result["outcome"], result["changed"], upgrader.sent()) == ("blocked", False, [])
    assert outcomes(result) == {"coredns": "not_reached", "metrics-server": "blocked"}
    assert result["msg"] == "\n".join(result["message"])
    assert result["msg"].startswith(f"NOTHING WAS UPGRADED in cluster {CLUSTER}: 1 add-on must not be upgraded now")
    assert "the disk is full" in result["msg"]
    assert result["ansible_stats"]["data"]["cce_upgrade"][CLUSTER]["outcome"] == "blocked"


def test_in_rounds_a_closed_gate_is_a_part_of_the_record(upgrader):
    upgrader.change(risks=FATAL)
    at_once = upgrader.upgrade(BOTH, fails=True)
    upgrader.simulation.reset()
    upgrader.change(risks=FATAL)
    result = upgrader.rounds(BOTH)[-1]
    assert (result["outcome"], result["message"]) == ("blocked", at_once["message"])
    again = upgrader.upgrade(BOTH, rounds=1, ticket=result["ticket"])
    assert (again["message"], again["changed"], upgrader.sent()) == (result["message"], False, [])
    assert upgrader.upgrade(BOTH, fails=True, ticket=result["ticket"])["msg"] == at_once["msg"]


def test_what_passes_is_upgraded_beside_what_is_blocked_if_the_user_wants_it(upgrader):
    upgrader.change(risks=FATAL)
    result = upgrader.upgrade(BOTH, fails=True, skip_blocked=True)
    assert upgrader.sent() == ["PUT coredns 1.30.33"]
    assert (result["outcome"], result["changed"]) == ("blocked", True)
    assert outcomes(result) == {"coredns": "upgraded", "metrics-server": "blocked"}
    assert "NOT UPGRADED: metrics-server. What passed the gate was upgraded." in result["message"]


@pytest.mark.parametrize(("accepted", "is_open"), [(None, False), ("metrics-server", True), ("coredns", False)])
def test_warnings_block_those_who_want_that(upgrader, accepted, is_open):
    upgrader.change(risks=[{"name": "Mild", "level": "Warning", "type": "addonUpgrade"}])
    entry = {"addon": accepted, "risk": "Mild", "reason": "known", "until": "2999-12-31"}
    result = upgrader.upgrade(fails=not is_open, fail_on_warning=True, accepted_warnings=[entry] if accepted else [])
    assert result["outcome"] == ("upgraded" if is_open else "blocked")
    assert [item["addon"] for item in result["accepted"]["used"]] == (["metrics-server"] if is_open else [])


def test_what_is_not_installed_blocks(upgrader):
    result = upgrader.upgrade(["npd", "coredns"], fails=True)
    assert outcomes(result) == {"npd": "blocked", "coredns": "not_reached"}
    assert upgrader.sent() == []


# Check mode


def test_check_mode_sends_nothing_and_predicts_from_what_cce_has(upgrader):
    blocked = upgrader.upgrade(BOTH, fails=True, check_mode=True)
    assert (blocked["outcome"], blocked["check_mode"]) == ("blocked", True), "nobody has checked it yet"
    for addon in BOTH:
        upgrader.change(addon, checks=[{"type": "addonUpgrade", "target_version": TARGETS[addon], "age": 60}])
    predicted = upgrader.upgrade(BOTH, check_mode=True)
    assert (predicted["outcome"], predicted["changed"], predicted["completed"]) == ("upgraded", True, True)
    assert {addon["reason"] for addon in predicted["addons"]} == {"predicted, as this is check mode"}
    assert [item for item in upgrader.simulation.requests() if item["method"] != "GET"] == []


def test_check_mode_predicts_what_is_upgraded_beside_what_is_blocked(upgrader):
    upgrader.change("coredns", checks=[{"type": "addonUpgrade", "target_version": "1.30.33", "age": 60}])
    predicted = upgrader.upgrade(BOTH, fails=True, check_mode=True, skip_blocked=True)
    assert outcomes(predicted) == {"coredns": "upgraded", "metrics-server": "blocked"}
    assert "What passes the gate would be upgraded." in story(predicted)


@pytest.mark.parametrize("number", range(5))
def test_check_mode_leaves_what_is_under_way_as_it_is(upgrader, number):
    upgrader.change(**THEN_BREAKS)
    result = upgrader.upgrade(rounds=1, wait=False)
    for _round in range(number):
        result = upgrader.upgrade(rounds=1, ticket=result["ticket"])
    before = [item for item in upgrader.simulation.requests() if item["method"] != "GET"]
    looked = upgrader.upgrade(check_mode=True, ticket=result["ticket"])
    assert [item for item in upgrader.simulation.requests() if item["method"] != "GET"] == before
    assert looked["changed"] == (number == 0), "it predicts what would be changed"
    if number:
        assert (looked["ticket"], looked["outcome"]) == (result["ticket"], "under_way")


def test_what_check_mode_has_predicted_is_carried_out_by_a_task_that_is_not_in_check_mode(upgrader):
    started = upgrader.upgrade(rounds=1, wait=False)
    upgrader.sleep(10)
    looked = upgrader.upgrade(rounds=1, check_mode=True, ticket=started["ticket"])
    assert (looked["outcome"], looked["completed"], upgrader.sent()) == ("upgraded", True, [])
    done = upgrader.upgrade(ticket=looked["ticket"])
    assert (done["outcome"], upgrader.sent()) == ("upgraded", ["PUT metrics-server 1.3.90"])
    assert done["addons"][0]["reason"] is None


@pytest.mark.parametrize("rounds", [None, 1])
def test_what_began_in_check_mode_is_checked_by_the_task_that_carries_it_out(upgrader, rounds):
    """Check mode judges by what others have checked. There may be no check of the add-on as it runs among that."""
    upgrader.change(checks=[{"type": "addonUpgrade", "target_version": "1.3.90", "age": 60}])
    looked = upgrader.upgrade(check_mode=True, wait=rounds is None)
    done = upgrader.upgrade(ticket=looked["ticket"])
    assert upgrader.checked()[:2] == [["addonStatic", "metrics-server"], ["addonUpgrade", "metrics-server"]]
    assert (done["outcome"], upgrader.sent()) == ("upgraded", ["PUT metrics-server 1.3.90"])


# Without an upgrade


def test_what_runs_is_verified_without_a_change(upgrader):
    result = upgrader.upgrade(BOTH, mode="verify")
    assert (result["outcome"], result["changed"], result["message"]) == ("verified", False, [])
    assert (upgrader.sent(), upgrader.checked()) == ([], [["addonStatic", *BOTH]])
    assert outcomes(result) == dict.fromkeys(BOTH, "verified")
    [coredns, _metrics] = result["addons"]
    assert (coredns["verdict"], coredns["after"]["version"], coredns["to"]) == ("passed", "1.28.7", "1.28.7")
    assert coredns["check_task_id"]


def test_one_sick_add_on_is_found_among_several(upgrader):
    upgrader.change(pods_ready=False)
    result = upgrader.upgrade(["all"], fails=True, mode="verify")
    assert outcomes(result) == {"coredns": "verified", "metrics-server": "failed"}
    assert result["addons"][1]["reason"] == "Fatal risks: AddonStatus"
    assert result["msg"].startswith(f"NOT VERIFIED: cluster {CLUSTER}. metrics-server must be repaired.")
    assert upgrader.sent() == []


def test_a_verification_goes_by_rounds_too(upgrader):
    upgrader.change(pods_ready=False)
    results = upgrader.rounds(BOTH, mode="verify")
    assert [result["rounds_left"] for result in results] == [1, 0]
    assert (results[0]["outcome"], results[0]["message"]) == ("under_way", [])
    assert set(outcomes(results[0]).values()) == {"under_way"}
    assert (results[1]["outcome"], results[1]["completed"]) == ("failed", True)
    assert outcomes(results[1]) == {"coredns": "verified", "metrics-server": "failed"}


def test_a_check_that_does_not_end_verifies_nothing(upgrader):
    upgrader.simulation.fault("shape", "GET", "precheck/tasks", task_status="Running", times=None)
    result = upgrader.upgrade(fails=True, mode="verify", check_timeout=20)
    assert outcomes(result) == {"metrics-server": "failed"}
    assert sum(upgrader.pauses) < 60


def test_in_check_mode_a_verification_starts_no_check(upgrader):
    result = upgrader.upgrade(BOTH, mode="verify", check_mode=True)
    assert (result["outcome"], upgrader.checked()) == ("verified", [])
    assert {addon["reason"] for addon in result["addons"]} == {"predicted, as this is check mode"}


def test_what_is_not_to_be_verified_is_not_checked_while_it_runs(upgrader):
    upgrader.change(**THEN_BREAKS)
    result = upgrader.upgrade(verify=False)
    assert (result["outcome"], upgrader.checked()) == ("upgraded", [["addonUpgrade", "metrics-server"]])
    assert result["addons"][0]["after"] == {"version": "1.3.90", "status": "running", "risks": None}


# What goes wrong


def test_what_fails_is_rolled_back_and_verified_and_the_rest_is_not_touched(upgrader):
    upgrader.change(next_upgrade={"status": "upgradeFailed", "message": "the hook did not end"})
    result = upgrader.upgrade(["metrics-server", "coredns"], fails=True)
    assert upgrader.sent() == ["PUT metrics-server 1.3.90", "POST rollback"]
    assert upgrader.checked()[2:] == [["addonStatic", "metrics-server"]]
    assert outcomes(result) == {"metrics-server": "rolled_back", "coredns": "not_reached"}
    assert (result["outcome"], result["changed"]) == ("rolled_back", True)
    addon = result["addons"][0]
    assert addon["after"] == {"version": "1.3.6", "status": "running", "risks": []}
    assert addon["failure"]["details"]["status"] == "upgradeFailed"
    assert result["failure"] == addon["failure"]
    assert addon["duration"] > 0, "it has ended, although not well"
    assert upgrader.addon()["values"]["custom"]["logLevel"] == 4
    text = story(result)
    for part in ("asked:       1.3.6 -> 1.3.90", "the hook did not end", "rollback:    done", "not touched: coredns"):
        assert part in text
    assert "state: rolled_back" not in text, "that was done"
    assert "to do:" not in text


def test_a_rollback_goes_by_rounds_and_no_round_fails(upgrader):
    upgrader.change(next_upgrade="upgradeFailed")
    results = upgrader.rounds(["metrics-server", "coredns"])
    assert [result["rounds_left"] for result in results] == [5, 4, 2, 1, 0]
    assert (results[-1]["outcome"], upgrader.sent()) == ("rolled_back", ["PUT metrics-server 1.3.90", "POST rollback"])


def test_a_new_fatal_risk_after_the_upgrade_is_rolled_back(upgrader):
    """The add-on runs, says CCE, but the check of the running add-on finds what was not there before."""
    upgrader.change(**THEN_BREAKS)
    result = upgrader.rounds()[-1]
    assert (result["outcome"], upgrader.sent()) == ("rolled_back", ["PUT metrics-server 1.3.90", "POST rollback"])
    text = story(result)
    assert "metrics-server is not verified: new Fatal risks: AddonStatus" in text
    assert "new risk:    AddonStatus" in text


def test_what_still_does_not_run_after_its_rollback_is_told(upgrader):
    upgrader.change(next_upgrade="upgradeFailed", next_rollback={"status": "running", "then": {"pods_ready": False}})
    result = upgrader.rounds()[-1]
    assert result["outcome"] == "rolled_back"
    assert "to do:       look at its pods and events: after the rollback, new Fatal risks: AddonStatus" in story(result)


def test_a_fatal_risk_that_was_there_before_is_not_the_upgrades(upgrader):
    upgrader.change(risks=[{"name": "OldTrouble", "level": "Fatal", "message": "since then", "type": "addonStatic"}])
    result = upgrader.rounds()[-1]
    assert (result["outcome"], upgrader.sent()) == ("upgraded", ["PUT metrics-server 1.3.90"])
    assert [risk["name"] for risk in result["addons"][0]["after"]["risks"]] == ["OldTrouble"]


@pytest.mark.parametrize(
    ("changes", "options", "why"),
    [
        ({}, {"rollback": False}, "rollbacks are turned off"),
        ({"rollbackable": False}, {}, "CCE says that it cannot be rolled back: repair it"),
    ],
)
def test_what_is_not_to_go_back_stays_and_the_story_says_why(upgrader, changes, options, why):
    upgrader.change(next_upgrade="upgradeFailed", **changes)
    result = upgrader.upgrade(fails=True, **options)
    assert (result["outcome"], upgrader.sent()) == ("failed", ["PUT metrics-server 1.3.90"])
    assert upgrader.addon()["version"] == "1.3.90"
    assert why in story(result)


@pytest.mark.parametrize(
    ("shape", "why"),
    [
        ({"set": {"status.previousVersion": "1.2.1"}}, "CCE would go back to 1.2.1, which is not the version that ran"),
        ({"drop": ["status.isRollbackable"]}, "CCE does not tell whether it can be rolled back"),
    ],
)
def test_where_a_rollback_would_go_must_be_known(upgrader, shape, why):
    upgrader.change(next_upgrade="upgradeFailed")
    upgrader.simulation.fault("shape", "GET", "/v3/addons", times=None, **shape)
    result = upgrader.upgrade(fails=True)
    assert (result["outcome"], upgrader.sent()) == ("failed", ["PUT metrics-server 1.3.90"])
    assert why in story(result)


def test_a_rollback_that_fails_is_told_with_both_failures(upgrader):
    upgrader.change(next_upgrade="upgradeFailed", next_rollback="rollbackFailed")
    result = upgrader.rounds()[-1]
    assert (result["outcome"], result["addons"][0]["after"]["status"]) == ("failed", "rollbackFailed")
    text = story(result)
    assert "rollback:    FAILED" in text
    for part in ("upgradeFailed", "rollbackFailed"):
        assert part in text


def test_a_rollback_that_is_refused_is_told(upgrader):
    upgrader.change(next_upgrade="upgradeFailed")
    upgrader.simulation.fault("status", "POST", "rollback", status=403)
    result = upgrader.rounds()[-1]
    assert (result["outcome"], upgrader.addon()["version"]) == ("failed", "1.3.90")
    assert "rollback:    FAILED" in story(result)
    assert not result["changed"], "the refused request has changed nothing"


def test_an_upgrade_that_is_refused_has_changed_nothing(upgrader):
    upgrader.simulation.fault("status", "PUT", "addons", status=403)
    result = upgrader.upgrade(BOTH, fails=True)
    assert (result["outcome"], result["changed"]) == ("failed", False)
    assert outcomes(result) == {"coredns": "failed", "metrics-server": "not_reached"}
    assert result["failure"]["status_code"] == 403
    assert "it is at 1.28.7 as before" in story(result)


# A write of which nobody knows what became of it


@pytest.mark.parametrize("when", ["after", "during"])
def test_a_write_that_was_carried_out_without_an_answer_is_recognised(upgrader, when):
    upgrader.simulation.fault("reset", "PUT", "", when=when)
    result = upgrader.rounds()[-1]
    assert (result["outcome"], upgrader.sent()) == ("upgraded", ["PUT metrics-server 1.3.90"])


def test_a_write_that_never_arrived_is_not_repeated(upgrader):
    upgrader.simulation.fault("reset", "PUT", "", when="before")
    result = upgrader.rounds(BOTH)[-1]
    assert upgrader.sent() == ["PUT coredns 1.30.33"]
    assert outcomes(result) == {"coredns": "failed", "metrics-server": "not_reached"}
    assert "It was not sent again" in story(result)
    assert "it is at 1.28.7 as before" in story(result)
    done = upgrader.upgrade(BOTH)
    assert done["outcome"] == "upgraded"


def test_a_rollback_without_an_answer_is_not_repeated_either(upgrader):
    upgrader.change(next_upgrade="upgradeFailed")
    upgrader.simulation.fault("reset", "POST", "rollback", when="after")
    result = upgrader.rounds()[-1]
    assert (result["outcome"], upgrader.sent()) == ("rolled_back", ["PUT metrics-server 1.3.90", "POST rollback"])


def test_an_upgrade_that_is_refused_for_a_lock_is_sent_once_it_is_free(upgrader):
    upgrader.simulation.fault("throttle", "PUT", "addons", locked=True, times=2)
    result = upgrader.rounds()[-1]
    assert (result["outcome"], upgrader.addon()["writes"]) == ("upgraded", 1)


# A check that is too old by now


def test_a_check_that_is_too_old_by_now_is_made_again_before_the_write(upgrader):
    upgrader.change("coredns", seconds=100)
    results = upgrader.rounds(BOTH, max_check_age=60)
    assert (results[-1]["outcome"], upgrader.sent()[1:]) == ("upgraded", ["PUT metrics-server 1.3.90"])
    assert upgrader.checked()[3:5] == [["addonStatic", "metrics-server"], ["addonUpgrade", "metrics-server"]]
    asked = [item["check_task_id"] for item in results[-1]["addons"]]
    judged = [item["check_task_id"] for item in results[1]["addons"]]
    assert (asked[0], asked[1] != judged[1]) == (judged[0], True), "the record names the check that it relied on"


def test_the_gate_closes_if_a_check_that_is_made_again_finds_something(upgrader):
    upgrader.change("coredns", seconds=100)
    upgrader.in_between[lambda: bool(upgrader.sent())] = lambda: upgrader.change(risks=FATAL)
    result = upgrader.rounds(BOTH, max_check_age=60)[-1]
    assert (result["outcome"], upgrader.sent()) == ("failed", ["PUT coredns 1.30.33"])
    assert outcomes(result) == {"coredns": "upgraded", "metrics-server": "failed"}
    assert "Fatal: Trouble" in story(result)
    assert "rollback:    none: nothing was sent" in story(result)


def test_what_somebody_else_has_brought_to_its_target_by_then_is_verified_only(upgrader):
    upgrader.change("coredns", seconds=100)
    upgrader.in_between[lambda: bool(upgrader.sent())] = lambda: upgrader.change(console={"version": "1.3.90"})
    result = upgrader.rounds(BOTH, max_check_age=60)[-1]
    assert (result["outcome"], upgrader.sent()) == ("upgraded", ["PUT coredns 1.30.33"])
    assert "by an earlier run or by somebody else, and is verified now" in result["addons"][1]["reason"]


def test_a_check_is_not_made_again_for_ever(upgrader):
    """What is allowed is younger than the time that a check and its write take."""
    upgrader.simulation.call("POST", f"/instances/{CLUSTER}/metrics-server", {"seconds": 5})
    result = upgrader.rounds(max_check_age=16, most=12)[-1]
    assert result["outcome"] in ("upgraded", "failed")
    assert len(upgrader.checked()) <= 5


def test_a_worse_check_that_somebody_starts_while_the_write_waits_for_an_operation_counts(upgrader):
    """An edit that changes nothing keeps the add-on busy between the judgement and the write."""
    upgrader.change(seconds=60)
    started = upgrader.upgrade(rounds=1, wait=False)
    edited = {"console": {"custom": {"logLevel": 4}}}
    upgrader.in_between[lambda: upgrader.addon()["status"] == "running"] = lambda: upgrader.change(**edited)
    found = {"risks": FATAL, "checks": [{"type": "addonUpgrade", "target_version": "1.3.90", "age": 10}]}
    upgrader.in_between[lambda: sum(upgrader.pauses) > 30] = lambda: upgrader.change(**found)
    result = upgrader.upgrade(rounds=1, ticket=started["ticket"])
    assert (result["verdict"], result["outcome"], upgrader.sent()) == ("passed", "failed", [])
    assert "does not allow to upgrade metrics-server" in story(result)


# Runs that were interrupted, and others who do the same


@pytest.mark.parametrize("lost_after", [2, 3, 4, 5])
def test_what_an_interrupted_run_has_left_is_finished_and_nothing_is_sent_twice(upgrader, lost_after):
    result = upgrader.upgrade(BOTH, rounds=1, wait=False)
    for _round in range(lost_after - 1):
        result = upgrader.upgrade(BOTH, rounds=1, ticket=result["ticket"])
    done = upgrader.upgrade(BOTH)
    assert (done["outcome"], upgrader.sent()) == ("upgraded", ["PUT coredns 1.30.33", "PUT metrics-server 1.3.90"])
    assert done["addons"][0]["resumed"] is (lost_after == 2), "once its check has passed, it is verified"


def test_what_an_interrupted_run_has_sent_and_does_not_run_is_never_rolled_back(upgrader):
    upgrader.change(**THEN_BREAKS)
    result = upgrader.upgrade(rounds=1, wait=False)
    result = upgrader.upgrade(rounds=1, ticket=result["ticket"])
    done = upgrader.upgrade(BOTH[::-1], fails=True)
    assert (outcomes(done), upgrader.sent()) == (
        {"metrics-server": "failed", "coredns": "not_reached"},
        ["PUT metrics-server 1.3.90"],
    )
    assert done["addons"][0]["resumed"]
    text = story(done)
    assert "this run has not sent the upgrade" in text
    assert (
        f"repair it, or go back to 1.3.6: ansible localhost -m huaweicloud.cce.cce_addon -a 'cluster_id={CLUSTER}"
        in text
    )


def test_an_old_ticket_sends_nothing_twice(upgrader):
    """Two tasks with the same ticket, as of somebody who repeats a play with a ticket that was kept."""
    started = upgrader.upgrade(BOTH, rounds=1, wait=False)
    judged = upgrader.upgrade(BOTH, rounds=1, judge_only=True, ticket=started["ticket"])
    done = upgrader.upgrade(BOTH, ticket=judged["ticket"])
    again = upgrader.upgrade(BOTH, ticket=judged["ticket"], rounds=20)
    assert (done["outcome"], upgrader.sent()) == ("upgraded", ["PUT coredns 1.30.33", "PUT metrics-server 1.3.90"])
    assert not again["changed"]


@pytest.mark.parametrize("began", [None, "checks", "judged", "sent"])
def test_a_task_that_is_repeated_with_the_same_ticket_sends_nothing_twice(upgrader, began):
    """As of a loop with `until`: Ansible does not look at what the task has returned before it repeats it."""
    started = upgrader.upgrade(BOTH, rounds=1, wait=False)
    tickets = {
        None: None,
        "checks": started["ticket"],
        "judged": upgrader.upgrade(BOTH, rounds=1, judge_only=True, ticket=started["ticket"])["ticket"],
    }
    ticket = tickets[began] if began != "sent" else upgrader.upgrade(BOTH, rounds=1, ticket=tickets["judged"])["ticket"]
    for rounds in (1, 1, 1, 2, 2, 9, 9):
        result = upgrader.upgrade(BOTH, rounds=rounds, ticket=ticket)
    assert (result["outcome"], result["completed"]) in (("upgraded", True), ("nothing_to_do", True))
    assert upgrader.sent() == ["PUT coredns 1.30.33", "PUT metrics-server 1.3.90"]


def test_what_somebody_else_upgrades_between_check_and_write_is_not_overwritten(upgrader):
    """The check was one of the way from 1.3.6, and not from where the colleague has brought it."""
    started = upgrader.upgrade(rounds=1, wait=False)
    judged = upgrader.upgrade(rounds=1, judge_only=True, ticket=started["ticket"])
    upgrader.change(version="1.3.37")
    result = upgrader.upgrade(fails=True, ticket=judged["ticket"])
    assert (result["outcome"], upgrader.sent()) == ("failed", [])
    assert "check again" in story(result)


def test_what_somebody_else_brings_to_the_target_between_check_and_write_is_not_sent_again(upgrader):
    started = upgrader.upgrade(rounds=1, wait=False)
    judged = upgrader.upgrade(rounds=1, judge_only=True, ticket=started["ticket"])
    upgrader.change(console={"version": "1.3.90"})
    result = upgrader.upgrade(ticket=judged["ticket"])
    assert (result["outcome"], result["changed"], upgrader.sent()) == ("upgraded", False, [])
    assert "by an earlier run or by somebody else, and is verified now" in result["addons"][0]["reason"]
    assert result["addons"][0]["settings_kept"] is None


@pytest.mark.parametrize("version", ["1.3.90", "1.3.6"])
def test_a_wait_for_what_somebody_else_has_superseded_ends_and_rolls_nothing_back(upgrader, version):
    upgrader.change(seconds=7200)
    wants = [{"name": "metrics-server", "version": "1.3.37"}, "coredns"]
    sent = upgrader.upgrade(wants, rounds=1, ticket=upgrader.upgrade(wants, rounds=1, wait=False)["ticket"])
    upgrader.sleep(20)
    looked = len(upgrader.pauses)
    # As somebody sees it who has looked at it while it was under way.
    upgrader.in_between[lambda: len(upgrader.pauses) > looked + 2] = lambda: upgrader.change(
        version=version, status="running", seconds=1
    )
    result = upgrader.upgrade(wants, rounds=9, ticket=sent["ticket"])
    assert (upgrader.sent(), outcomes(result)) == (
        ["PUT metrics-server 1.3.37"],
        {"metrics-server": "failed", "coredns": "not_reached"},
    )
    assert f"somebody else has brought it to {version}" in result["addons"][0]["reason"]
    assert result["addons"][0]["after"]["version"] == version


def test_what_somebody_else_has_set_since_the_upgrade_is_not_rolled_back(upgrader):
    """A rollback brings back the settings of before, too: what was set in between would be gone."""
    upgrader.change(**THEN_BREAKS)
    verifying = upgrader.rounds_until("verify")
    upgrader.change(console={"custom": {"logLevel": 7}})
    upgrader.sleep(30)
    upgrader.change(pods_ready=False)
    result = upgrader.upgrade(rounds=9, ticket=verifying["ticket"])
    assert (result["outcome"], upgrader.sent()) == ("failed", ["PUT metrics-server 1.3.90"])
    assert "somebody else has changed its settings since, and a rollback would undo that" in story(result)
    assert upgrader.addon()["values"]["custom"]["logLevel"] == 7


def _verified_while_pods_start(upgrader: Upgrader) -> Result:
    """Return the round whose check has found pods that are not ready, as somebody else has just begun an operation."""
    sent = upgrader.rounds_until("upgrade")
    upgrader.sleep(30)
    upgrader.change(pods_ready=False)
    verifying = upgrader.upgrade(rounds=1, ticket=sent["ticket"])
    upgrader.change(pods_ready=True)
    return verifying


def test_a_verification_that_an_edit_of_somebody_else_has_disturbed_is_made_again(upgrader):
    verifying = _verified_while_pods_start(upgrader)
    upgrader.change(console={"custom": {"logLevel": 7}})
    checks = len(upgrader.checked())
    result = upgrader.upgrade(rounds=9, ticket=verifying["ticket"])
    assert (result["outcome"], upgrader.sent()) == ("upgraded", ["PUT metrics-server 1.3.90"])
    assert len(upgrader.checked()) == checks + 1
    assert upgrader.addon()["values"]["custom"]["logLevel"] == 7


def test_an_operation_of_somebody_else_that_does_not_end_is_left_to_them(upgrader):
    upgrader.change(**THEN_BREAKS)
    verifying = upgrader.rounds_until("verify", wait_timeout=60)
    upgrader.sleep(5)
    upgrader.change(seconds=7200, console={"custom": {"logLevel": 7}})
    result = upgrader.upgrade(rounds=9, ticket=verifying["ticket"])
    assert (result["outcome"], upgrader.sent()) == ("failed", ["PUT metrics-server 1.3.90"])
    assert "An operation was still under way after 60 s" in story(result)
    assert "rollback:    none: CCE goes on with it" in story(result)


def test_what_is_gone_after_the_upgrade_is_told_and_not_installed_again(upgrader):
    upgrader.change(seconds=60)
    sent = upgrader.rounds_until("upgrade")
    upgrader.simulation.call("DELETE", f"/instances/{CLUSTER}/metrics-server")
    result = upgrader.upgrade(rounds=9, ticket=sent["ticket"])
    assert (result["outcome"], upgrader.sent()) == ("failed", ["PUT metrics-server 1.3.90"])
    assert result["lines"][-1].split()[3:5] == ["-", "-"]


@pytest.mark.parametrize("status", ["upgradeFailed", "rollbackFailed", "unknown"])
def test_an_add_on_whose_last_operation_ended_badly_blocks_although_it_is_at_its_target(upgrader, status):
    upgrader.change(console={"version": "1.3.90", "ends": status})
    upgrader.sleep(30)
    result = upgrader.upgrade(fails=True)
    assert (result["outcome"], upgrader.sent()) == ("blocked", [])
    assert f"its status is {status}: roll it back or repair it first" in result["addons"][0]["reason"]


def test_an_operation_that_is_under_way_is_awaited_before_the_plan(upgrader):
    upgrader.change(seconds=60)
    upgrader.change(console={"version": "1.3.37"})
    upgrader.sleep(1)
    result = upgrader.upgrade()
    assert (result["outcome"], upgrader.sent()) == ("upgraded", ["PUT metrics-server 1.3.90"])
    assert result["addons"][0]["from"] == "1.3.37"


def test_an_operation_that_does_not_end_is_not_awaited_for_ever(upgrader):
    upgrader.change(seconds=3600)
    upgrader.change(console={"version": "1.3.37"})
    result = upgrader.rounds(busy_timeout=100)[-1]
    assert (result["outcome"], result["addons"], upgrader.sent()) == ("failed", [], [])
    assert "raise busy_timeout" in story(result)


def test_an_add_on_that_runs_in_part_counts_as_upgraded_for_those_who_accept_it_only(upgrader):
    upgrader.change(next_upgrade="available")
    result = upgrader.upgrade(fails=True, wait_timeout=60)
    assert (result["outcome"], upgrader.sent()) == ("rolled_back", ["PUT metrics-server 1.3.90", "POST rollback"])
    upgrader.change(next_upgrade="available")
    assert upgrader.upgrade(accept_partial=True)["outcome"] == "upgraded"


def test_two_who_do_the_same_send_it_once(upgrader):
    mine, other = (upgrader.upgrade(BOTH, rounds=1, wait=False) for _who in range(2))
    for _round in range(10):
        mine = upgrader.upgrade(BOTH, rounds=1, ticket=mine["ticket"])
        other = upgrader.upgrade(BOTH, rounds=1, ticket=other["ticket"])
    assert upgrader.sent() == ["PUT coredns 1.30.33", "PUT metrics-server 1.3.90"]
    assert (mine["outcome"], other["outcome"]) == ("upgraded", "upgraded")


@pytest.mark.parametrize("ending", [{"status": "upgradeFailed"}, {"status": "running", "then": {"pods_ready": False}}])
def test_of_two_who_do_the_same_only_the_one_who_has_sent_it_rolls_back(upgrader, ending):
    upgrader.change(next_upgrade=ending, seconds=30)
    mine, other = (upgrader.upgrade(rounds=1, wait=False) for _who in range(2))
    for _round in range(6):
        mine = upgrader.upgrade(rounds=1, ticket=mine["ticket"])
        other = upgrader.upgrade(rounds=1, ticket=other["ticket"])
    assert upgrader.sent().count("POST rollback") == 1
    assert (mine["outcome"], other["outcome"]) == ("rolled_back", "failed")
    assert upgrader.addon()["version"] == "1.3.6"


# Several instances of an add-on

TWINS = Path(__file__).resolve().parents[1] / "simulator" / "scenarios" / "twins.yml"


def test_each_instance_of_an_add_on_is_a_transaction_of_its_own(upgrader):
    with Simulation(scenario=TWINS) as twins:
        other = Upgrader(twins)
        keys = {name: twins.listening[name] for name in ("access_key", "secret_key")}
        result = other.rounds(["nginx-ingress"], skip_blocked=True, **keys)[-1]
        assert outcomes(result) == {
            "nginx-ingress (nginx-ingress)": "upgraded",
            "nginx-ingress (nginx-second)": "blocked",
        }
        assert len(other.sent()) == 1
        ids = [addon["addon_instance_id"][:8] for addon in result["addons"]]
        assert ids == ["11111111", "22222222"]


def test_a_verification_that_an_edit_without_a_change_has_disturbed_is_made_again(upgrader):
    """The pods start anew, and the settings are as before."""
    verifying = _verified_while_pods_start(upgrader)
    upgrader.change(console={"custom": {}})
    upgrader.sleep(60)
    result = upgrader.upgrade(rounds=9, ticket=verifying["ticket"])
    assert (result["outcome"], upgrader.sent()) == ("upgraded", ["PUT metrics-server 1.3.90"])


def test_what_others_keep_busy_while_it_is_verified_is_left_to_them(upgrader):
    verifying = _verified_while_pods_start(upgrader)
    upgrader.change(seconds=7200)
    upgrader.change(console={"custom": {"logLevel": 7}})
    result = upgrader.upgrade(rounds=9, ticket=verifying["ticket"])
    assert (result["outcome"], upgrader.sent()) == ("failed", ["PUT metrics-server 1.3.90"])
    assert "An operation was still under way after 600 s" in story(result)
    assert "CCE goes on with it" in story(result)
    assert "Nothing was changed" not in story(result)


# The sync strategy


def test_the_strategy_of_the_upgrade_is_set_back(upgrader):
    results = upgrader.rounds([INHERIT])
    assert upgrader.sent() == ["PUT coredns 1.30.33", "PUT coredns 1.30.33"], "the second is an edit"
    assert upgrader.addon("coredns")["values"]["custom"]["parameterSyncStrategy"] == "ensureConsistent"
    assert [result["rounds_left"] for result in results[1:]] == [3, 2, 1, 0]
    assert results[-1]["outcome"] == "upgraded"


def test_a_strategy_that_an_interrupted_run_has_left_is_set_back(upgrader):
    upgrader.rounds_until("verify", [INHERIT])
    upgrader.sleep(30)
    done = upgrader.upgrade([INHERIT])
    assert (done["outcome"], len(upgrader.sent())) == ("upgraded", 2)
    assert upgrader.addon("coredns")["values"]["custom"]["parameterSyncStrategy"] == "ensureConsistent"


def test_a_strategy_alone_is_set_back(upgrader):
    upgrader.rounds([INHERIT])
    values = upgrader.addon("coredns")["values"]
    values["custom"]["parameterSyncStrategy"] = "inherit"
    upgrader.change("coredns", values=values)
    results = upgrader.rounds([INHERIT])
    assert len(upgrader.sent()) == 3
    assert [result["rounds_left"] for result in results[1:]] == [1, 0]
    assert results[-1]["addons"][0]["reason"] == "its sync strategy was set back"
    assert upgrader.addon("coredns")["values"]["custom"]["parameterSyncStrategy"] == "ensureConsistent"


def test_a_strategy_among_the_values_is_set_back_too(upgrader):
    upgrader.rounds([{"name": "coredns", "values": {"custom": {"parameterSyncStrategy": "force"}}}])
    assert upgrader.addon("coredns")["values"]["custom"]["parameterSyncStrategy"] == "ensureConsistent"


def test_the_strategy_of_an_upgrade_that_is_rolled_back_is_set_back(upgrader):
    upgrader.change("coredns", next_upgrade="upgradeFailed")
    result = upgrader.rounds([INHERIT])[-1]
    assert result["outcome"] == "rolled_back"
    strategy = upgrader.addon("coredns")["values"]["custom"].get("parameterSyncStrategy")
    assert strategy in (None, "ensureConsistent")


def test_a_strategy_that_cannot_be_set_back_is_left_to_do(upgrader):
    upgrader.simulation.fault("status", "PUT", "addons", status=403, skip=1)
    result = upgrader.rounds([INHERIT, "metrics-server"])[-1]
    assert outcomes(result) == {"coredns": "failed", "metrics-server": "not_reached"}
    assert "to do:       set parameterSyncStrategy back to ensureConsistent:" in story(result)
    assert "happened:    it was upgraded" in story(result)


# Clusters with which nothing can be done


@pytest.mark.parametrize("mode", ["upgrade", "verify"])
@pytest.mark.parametrize("phase", ["Hibernation", "Awaking", "Upgrading", "Deleting", "Unavailable"])
def test_a_cluster_in_a_phase_that_allows_nothing_is_unavailable(upgrader, phase, mode):
    upgrader.simulation.call("POST", f"/clusters/{CLUSTER}", {"phase": phase})
    result = upgrader.rounds(BOTH, mode=mode)[-1]
    assert (result["outcome"], result["addons"], result["completed"]) == ("unavailable", [], True)
    assert f"Nothing was changed in cluster production ({phase})" in story(result)
    assert upgrader.checked() == []
    failed = upgrader.upgrade(BOTH, fails=True, mode=mode)
    assert (failed["outcome"], failed["changed"]) == ("unavailable", False)


@pytest.mark.parametrize("phase", ["ScalingUp", "ScalingDown", "SomethingNew"])
def test_other_phases_are_left_to_cce(upgrader, phase):
    upgrader.simulation.call("POST", f"/clusters/{CLUSTER}", {"phase": phase})
    result = upgrader.rounds()[-1]
    assert result["outcome"] in ("upgraded", "failed", "blocked")


def test_a_cluster_that_falls_asleep_in_between_is_told(upgrader):
    judged = upgrader.upgrade(rounds=1, judge_only=True, ticket=upgrader.upgrade(rounds=1, wait=False)["ticket"])
    upgrader.simulation.call("POST", f"/clusters/{CLUSTER}", {"phase": "Hibernation"})
    result = upgrader.upgrade(rounds=9, ticket=judged["ticket"])
    assert (result["outcome"], result["completed"], result["changed"]) == ("failed", True, False)


# Tickets of other days and other clusters


@pytest.mark.parametrize("option", ["cluster_id", "cluster_name"])
def test_the_ticket_of_another_cluster_is_refused(upgrader, option):
    started = upgrader.upgrade(rounds=1, wait=False, cluster_name="production")
    upgrader.sleep(10)
    other = {option: "0a0a0a0a-0000-0000-0000-000000000000"}
    result = upgrader.upgrade(rounds=1, ticket=started["ticket"], **other)
    assert (result["outcome"], result["completed"], upgrader.sent()) == ("failed", True, [])
    assert f"{option} is 0a0a0a0a-0000-0000-0000-000000000000, but the ticket is about" in story(result)


@pytest.mark.parametrize(("days", "sent"), [(0.9, ["POST rollback"]), (1.1, []), (-1.1, [])])
def test_what_an_old_ticket_has_sent_is_not_rolled_back(upgrader, days, sent):
    """Nobody knows what others have done since. A ticket of the future comes from a clock that was put back."""
    upgrader.change(**THEN_BREAKS)
    known = unpacked(upgrader.rounds_until("upgrade")["ticket"])
    for item in known["transactions"]:
        item["since"] -= days * 86400
        item["begun"] -= days * 86400
    upgrader.sleep(30)
    result = upgrader.upgrade(rounds=9, ticket=packed(known))
    assert upgrader.sent()[1:] == sent
    assert ("it was sent more than a day ago" in story(result)) is not bool(sent)


class Skewed(Upgrader):
    """An upgrader whose clock can jump."""

    skew = 0.0

    def now(self) -> float:
        return super().now() + self.skew


# More is refused by the service, as the time is a part of the signature.
@pytest.mark.parametrize("seconds", [-800, 800])
@pytest.mark.parametrize("phase", ["upgrade", "verify", "rollback"])
def test_a_clock_that_jumps_sends_nothing_twice_and_rolls_nothing_back(accounts, phase, seconds):
    accounts.reset()
    upgrader = Skewed(accounts)
    upgrader.change(**(THEN_BREAKS if phase == "rollback" else {}))
    before = upgrader.rounds_until(phase, BOTH[::-1])
    sent = upgrader.sent()
    upgrader.skew = seconds
    result = upgrader.upgrade(BOTH[::-1], rounds=20, ticket=before["ticket"])
    assert upgrader.sent() in (sent, [*sent, "PUT coredns 1.30.33"])
    assert result["completed"]
    # Put forward, it seems that the time to wait is over.
    assert result["outcome"] == ("failed" if seconds > 0 else "rolled_back" if phase == "rollback" else "upgraded")
    assert outcomes(result)["coredns"] == ("upgraded" if result["outcome"] == "upgraded" else "not_reached")
    upgrader.sleep(60)
    again = upgrader.upgrade(BOTH[::-1], rounds=20)
    assert again["completed"]
    assert upgrader.sent().count("PUT metrics-server 1.3.90") == 1


@pytest.mark.parametrize("seconds", [-800, 800])
def test_a_clock_that_is_wrong_makes_no_difference(accounts, seconds):
    accounts.reset()
    upgrader = Skewed(accounts)
    upgrader.skew = seconds
    results = upgrader.rounds(BOTH)
    assert (results[-1]["outcome"], len(results), len(upgrader.checked())) == ("upgraded", 6, 4)
    assert upgrader.sent() == ["PUT coredns 1.30.33", "PUT metrics-server 1.3.90"]


@pytest.mark.parametrize("addons", [["coredns"], ["all"], ["npd"], [{"name": "metrics-server", "version": "1.3.37"}]])
def test_other_wishes_in_between_do_not_change_what_was_decided(upgrader, addons):
    judged = upgrader.upgrade(BOTH, judge_only=True)
    result = upgrader.upgrade(addons, rounds=20, ticket=judged["ticket"])
    assert (result["outcome"], upgrader.sent()) == ("upgraded", ["PUT coredns 1.30.33", "PUT metrics-server 1.3.90"])


def test_other_settings_in_between_are_not_sent(upgrader):
    judged = upgrader.upgrade(judge_only=True)
    other = [{"name": "metrics-server", "values": {"custom": {"logLevel": 9}}}]
    result = upgrader.upgrade(other, rounds=20, ticket=judged["ticket"])
    assert (result["outcome"], upgrader.sent()) == ("failed", [])
    assert "was checked with other settings than those that would be sent now" in story(result)


def test_a_check_that_was_made_while_the_add_on_was_awaited_counts(upgrader):
    """Somebody edits the add-on while it is judged, and has its upgrade checked before that ends."""
    started = upgrader.upgrade(rounds=1, wait=False)
    upgrader.sleep(10)
    upgrader.change(seconds=60)
    upgrader.change(console={"custom": {}})
    looked = len(upgrader.pauses)
    check = {"type": "addonUpgrade", "target_version": "1.3.90", "age": 10}

    def checks_again() -> None:
        upgrader.change(risks=FATAL)
        upgrader.change(checks=[check])

    upgrader.in_between[lambda: len(upgrader.pauses) > looked + 2] = checks_again
    result = upgrader.upgrade(rounds=1, ticket=started["ticket"])
    assert (result["outcome"], upgrader.sent()) == ("failed", [])
    assert "does not allow to upgrade" in story(result)


# Tickets and options that are none


def _masked(ticket: str) -> str:
    return ticket[:40] + "********" + ticket[48:]


def _cut(ticket: str) -> str:
    return ticket[: len(ticket) // 2]


@pytest.mark.parametrize("broken", [_masked, _cut, lambda ticket: "********", lambda ticket: "{{ ticket }}"])
def test_a_broken_ticket_sends_nothing_and_what_was_sent_is_found_without_it(upgrader, broken):
    sent = upgrader.rounds_until("upgrade", BOTH)
    result = upgrader.upgrade(BOTH, rounds=1, ticket=broken(sent["ticket"]))
    assert (result["outcome"], result["completed"], result["changed"]) == ("failed", True, False)
    assert (result["cluster_id"], result["rounds_left"]) == (CLUSTER, 0)
    assert "ticket is invalid" in story(result)
    assert "ticket is invalid" in upgrader.upgrade(BOTH, fails=True, ticket=broken(sent["ticket"]))["msg"]
    assert upgrader.sent() == ["PUT coredns 1.30.33"]
    assert upgrader.upgrade(BOTH)["outcome"] == "upgraded"
    assert len(upgrader.sent()) == 2


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"addons": ["no-such-addon"]}, "no-such-addon"),
        ({"addons": [{"name": "metrics-server", "version": "9.9.9"}]}, "9.9.9 is not on offer"),
        ({"addons": ["all", "!cordns"]}, "'!cordns' leaves out nothing"),
        ({"cluster_id": "0a0a0a0a-0000-0000-0000-000000000000"}, "404"),
    ],
)
def test_what_nobody_can_mean_changes_nothing(upgrader, options, message):
    result = upgrader.upgrade(fails=True, **options)
    assert message in result["msg"]
    in_rounds = upgrader.rounds(**options)[-1]
    assert message in story(in_rounds)
    assert in_rounds["outcome"] in ("failed", "blocked")
    assert upgrader.sent() == []


@pytest.mark.parametrize("rounds", [0, -1])
@pytest.mark.parametrize("wait", [True, False])
def test_less_than_one_round_is_refused(upgrader, rounds, wait):
    result = upgrader.upgrade(fails=True, rounds=rounds, wait=wait)
    assert f"rounds must be at least 1, not {rounds}" in result["msg"]
    assert upgrader.simulation.requests() == []


@pytest.mark.parametrize("addons", [[], [{"version": "1"}], ["coredns", "coredns"]])
def test_a_list_that_is_none_is_refused_before_anything_is_asked(upgrader, addons):
    assert upgrader.upgrade(addons, fails=True)["msg"].startswith("addons: ")
    result = upgrader.upgrade(addons, rounds=1)
    assert (result["outcome"], result["completed"], result["cluster_id"]) == ("failed", True, CLUSTER)
    assert story(result).startswith("addons: ")
    assert upgrader.simulation.requests() == []


# What CCE says


HOSTILE = "x\x1b[2K\n  rollback:    done"


@pytest.mark.parametrize("place", ["GET", "PUT", "POST"])
def test_what_cce_says_cannot_forge_a_line_or_move_the_cursor(upgrader, place):
    upgrader.simulation.fault("status", place, "addons", status=403, message=HOSTILE)
    result = upgrader.rounds()[-1]
    assert result["outcome"] == "failed"
    assert "\\x1b" in story(result)
    texts = [*result["message"], *result["lines"], result["problem"] or "", *(a["reason"] for a in result["addons"])]
    assert not any(sign in text for text in texts for sign in ("\x1b", "\n"))
    assert not any(line.startswith("  rollback:    done") for line in result["message"])


# Secrets


def test_what_cce_says_goes_into_no_ticket_with_a_secret_in_it(upgrader):
    canary = "canary-0123456789"
    said = {"name": "Trouble", "level": "Warning", "message": f"the value {canary} is deprecated"}
    upgrader.change(risks=[said], next_upgrade={"status": "upgradeFailed", "message": f"{canary} is refused"})
    wants = [{"name": "metrics-server", "values": {"custom": {"password": canary}}}]
    upgrader.change("coredns", seconds=100)
    results = upgrader.rounds([{"name": "coredns"}, *wants], max_check_age=60)
    assert results[-1]["outcome"] == "rolled_back"
    for result in results:
        assert canary not in json.dumps(unpacked(result["ticket"]))
        assert canary not in json.dumps(result)


def test_a_failure_for_programs_goes_into_no_ticket_with_a_secret_in_it(upgrader):
    canary = "canary-0123456789"
    upgrader.simulation.fault("status", "PUT", "addons", status=403, code=canary)
    wants = [{"name": "metrics-server", "values": {"custom": {"password": canary}}}]
    result = upgrader.rounds(wants)[-1]
    assert result["addons"][0]["failure"]["status_code"] == 403
    assert canary not in json.dumps(unpacked(result["ticket"]))
    assert canary not in json.dumps(result)


def test_what_is_blocked_when_it_is_checked_again_is_told_without_secrets(upgrader):
    canary = "canary-0123456789"
    said = {"name": "Trouble", "level": "Fatal", "message": f"the value {canary} is wrong", "type": "addonUpgrade"}
    upgrader.change("coredns", seconds=100)
    upgrader.in_between[lambda: bool(upgrader.sent())] = lambda: upgrader.change(risks=[said])
    wants = [{"name": "metrics-server", "values": {"custom": {"password": canary}}}]
    results = upgrader.rounds(["coredns", *wants], max_check_age=60)
    assert results[-1]["outcome"] == "failed"
    for result in results:
        assert canary not in json.dumps(unpacked(result["ticket"]))
        assert canary not in json.dumps(result)


PRESENT = "canary-of-what-is-there-01"


class Forgetful(Upgrader):
    """An upgrader whose results are as Ansible shows them: each task masks the secrets that it has come to know."""

    def upgrade(self, addons: list | None = None, **options: Any) -> Result:
        self.hidden = set()
        text = json.dumps(super().upgrade(addons, **options))
        for secret in self.hidden:
            text = text.replace(secret, "********")
        result: Result = json.loads(text)
        return result


def _quoting(*, level: str = "Warning", kind: str = "addonUpgrade") -> dict[str, Any]:
    said = {"name": f"Trouble{level}", "level": level, "type": kind}
    return {**said, "message": f"the value {PRESENT} is deprecated"}


@pytest.mark.parametrize("mode", ["upgrade", "verify"])
@pytest.mark.parametrize("ending", ["running", "upgradeFailed"])
@pytest.mark.parametrize("level", ["Warning", "Fatal"])
@pytest.mark.parametrize("kind", ["addonUpgrade", "addonStatic"])
@pytest.mark.parametrize("rounds", [1, 20])
def test_a_secret_that_the_add_on_has_is_in_no_ticket_and_no_result(accounts, mode, ending, level, kind, rounds):
    accounts.reset()
    upgrader = Forgetful(accounts)
    values = upgrader.addon()["values"]
    upgrader.change(values={**values, "custom": {**values["custom"], "password": PRESENT}})
    upgrader.change(
        risks=[_quoting(level=level, kind=kind), _quoting(kind="addonStatic")], listed={"drop": "spec.values"}
    )
    upgrader.change(next_upgrade={"status": ending, "message": f"{PRESENT} is there", "reason": f"{PRESENT} as well"})
    entry = {"addon": "metrics-server", "risk": "TroubleWarning", "reason": f"it is {PRESENT}", "until": "2999-12-31"}
    options = {"mode": mode, "accepted_warnings": [entry], "fail_on_warning": True}
    results = [upgrader.upgrade(rounds=1, wait=False, **options)]
    while results[-1]["rounds_left"]:
        results.append(upgrader.upgrade(rounds=rounds, ticket=results[-1]["ticket"]))
    quoted = [risk["message"] for addon in results[-1]["addons"] for risk in addon["risks"] if risk["message"]]
    assert "the value ******** is deprecated" in quoted or (kind == "addonStatic" and mode == "upgrade")
    for result in results:
        assert PRESENT not in json.dumps(unpacked(result["ticket"]))
        assert PRESENT not in json.dumps(result)


def test_what_cce_says_is_not_shown_if_the_settings_that_it_may_quote_cannot_be_read(accounts):
    accounts.reset()
    upgrader = Forgetful(accounts)
    values = upgrader.addon()["values"]
    upgrader.change(values={**values, "custom": {**values["custom"], "password": PRESENT}}, risks=[_quoting()])
    started = upgrader.upgrade(rounds=1, wait=False)
    upgrader.simulation.fault("status", "GET", "/v3/addons/", status=403, times=None)
    judged = upgrader.upgrade(rounds=1, judge_only=True, ticket=started["ticket"])
    [risk] = [item for item in judged["addons"][0]["risks"] if item["name"] == "TroubleWarning"]
    assert risk["message"].startswith("(not shown, as the settings of the add-on could not be read")
    assert PRESENT not in json.dumps(unpacked(judged["ticket"]))


# Wherever it is interrupted


class Killed(BaseException):
    """The process of a run has ended."""


REQUESTS = 40  # of a run that upgrades both add-ons; each test goes through a third of them


def test_the_walks_below_go_through_a_whole_run(upgrader):
    upgrader.upgrade(BOTH)
    assert len(upgrader.simulation.requests()) <= REQUESTS


def ends_well(upgrader: Upgrader) -> None:
    """Hold a run after an interrupted one against what must be so in any case."""
    again = upgrader.upgrade(BOTH)
    assert again["outcome"] in ("upgraded", "nothing_to_do")
    for name, target in TARGETS.items():
        addon = upgrader.addon(name)
        assert (addon["version"], addon["status"], addon["writes"]) == (target, "running", 1)
    assert "POST rollback" not in upgrader.sent()


@pytest.mark.parametrize("number", range(0, REQUESTS, 3))
def test_a_run_that_is_killed_after_any_request_is_finished_by_the_next_one(upgrader, monkeypatch, number):
    send, left = Session.send, [number]

    def send_or_die(*arguments: Any, **options: Any) -> Any:
        answer = send(*arguments, **options)
        left[0] -= 1
        if left[0] < 0:
            raise Killed
        return answer

    with monkeypatch.context() as patched:
        patched.setattr(Session, "send", send_or_die)
        with contextlib.suppress(Killed):
            upgrader.upgrade(BOTH)
    ends_well(upgrader)


@pytest.mark.parametrize("number", range(1, REQUESTS, 3))
def test_a_run_in_which_any_request_is_refused_ends_and_the_next_one_finishes_it(upgrader, number):
    upgrader.simulation.fault("status", status=403, skip=number)
    result = upgrader.upgrade(BOTH, rounds=20)
    upgrader.simulation.call("DELETE", "/faults")
    assert result["completed"]
    assert result["outcome"] in ("failed", "blocked", "upgraded")
    assert (result["message"] == []) is (result["outcome"] == "upgraded")
    ends_well(upgrader)
