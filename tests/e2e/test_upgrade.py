# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The huaweicloud.cce contributors

"""The runbook: upgrade in order, verify, roll back, resume, and tell what became of it."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import time
from collections.abc import Iterator
from threading import Thread

import pytest
from support.plays import writes
from support.simulation import CLUSTER, Simulation

UPGRADE = "huaweicloud.cce.upgrade"
PRECHECK = "huaweicloud.cce.precheck"
INHERIT = {"name": "coredns", "sync_strategy": "inherit"}
ALL = [INHERIT, "all"]


def change(simulation, addon: str, **attributes: object) -> None:
    simulation.call("POST", f"/instances/{CLUSTER}/{addon}", attributes)


def told(played) -> dict:
    result: dict = played.module("cce_addon_upgrade")
    return result


def outcomes(played) -> dict:
    return {addon["name"]: addon["outcome"] for addon in told(played)["addons"]}


def story(played) -> str:
    return "\n".join(told(played)["message"])


def test_add_ons_are_upgraded_in_the_given_order_each_awaited(play, simulation):
    variables = {"addon_upgrade_addons": ["nginx-ingress", INHERIT, "metrics-server"]}
    played = play(UPGRADE, variables=variables)
    assert played.code == 0, played.output
    upgraded = [item["body"]["spec"]["addonTemplateName"] for item in writes(simulation)]
    assert upgraded == ["nginx-ingress", "coredns", "coredns", "metrics-server"], "the second of coredns is an edit"
    result = told(played)
    assert (result["outcome"], result["cluster_id"], result["check_mode"]) == ("upgraded", CLUSTER, False)
    assert set(outcomes(played).values()) == {"upgraded"}
    coredns = next(addon for addon in result["addons"] if addon["name"] == "coredns")
    assert (coredns["from"], coredns["to"], coredns["verdict"]) == ("1.28.7", "1.30.33", "passed")
    assert coredns["before"] == {"version": "1.28.7", "status": "running"}
    assert coredns["after"] == {"version": "1.30.33", "status": "running", "risks": []}
    assert "basic.image_version" in coredns["values_changed"]
    assert result["duration"] > 0
    assert coredns["duration"] > 0


def test_nothing_to_do(play, simulation):
    played = play(UPGRADE, variables={"addon_upgrade_addons": [{"name": "metrics-server", "version": "1.3.6"}]})
    assert played.code == 0, played.output
    assert told(played)["outcome"] == "nothing_to_do"
    assert outcomes(played) == {"metrics-server": "nothing_to_do"}


def test_a_closed_gate_is_an_outcome_too(play, simulation):
    played = play(UPGRADE)
    assert played.code == 2
    assert told(played)["outcome"] == "blocked"
    assert outcomes(played) == {
        "coredns": "blocked",
        "metrics-server": "not_reached",
        "nginx-ingress": "not_reached",
    }


def test_a_run_that_cannot_even_plan_has_failed(play, simulation):
    played = play(UPGRADE, variables={"cce_cluster_id": "no-such-cluster"})
    assert played.code == 2
    assert told(played)["outcome"] == "failed"
    assert "404" in told(played)["problem"]


def test_what_fails_is_rolled_back_and_the_rest_is_not_touched(play, simulation):
    change(simulation, "metrics-server", next_upgrade={"status": "upgradeFailed", "message": "the hook did not end"})
    played = play(UPGRADE, variables={"addon_upgrade_addons": [INHERIT, "metrics-server", "nginx-ingress"]})
    assert played.code == 2
    assert told(played)["outcome"] == "rolled_back"
    assert outcomes(played) == {
        "coredns": "upgraded",
        "metrics-server": "rolled_back",
        "nginx-ingress": "not_reached",
    }
    addons = simulation.addons(CLUSTER)
    assert (addons["metrics-server"]["version"], addons["metrics-server"]["status"]) == ("1.3.6", "running")
    assert addons["metrics-server"]["values"]["custom"]["logLevel"] == 4
    assert addons["nginx-ingress"]["writes"] == 0
    text = story(played)
    for part in ("asked:       1.3.6 -> 1.3.90", "the hook did not end", "rollback:    done", "nginx-ingress"):
        assert part in text


def test_a_new_fatal_risk_after_the_upgrade_is_rolled_back(play, simulation):
    """The add-on runs, says CCE, but the check of the running add-on finds what was not there before."""
    change(simulation, "metrics-server", next_upgrade={"status": "running", "then": {"pods_ready": False}})
    played = play(UPGRADE, variables={"addon_upgrade_addons": ["metrics-server"]})
    assert played.code == 2
    assert outcomes(played) == {"metrics-server": "rolled_back"}
    text = story(played)
    assert "new Fatal risks: AddonStatus" in text
    assert "new risk:    AddonStatus" in text
    assert [item["method"] for item in writes(simulation)] == ["PUT", "POST"]


def test_a_fatal_risk_that_was_there_before_is_not_the_upgrades(play, simulation):
    risk = {"name": "OldTrouble", "level": "Fatal", "message": "since last year", "type": "addonStatic"}
    change(simulation, "metrics-server", risks=[risk])
    played = play(UPGRADE, variables={"addon_upgrade_addons": ["metrics-server"]})
    assert played.code == 0, played.output
    assert outcomes(played) == {"metrics-server": "upgraded"}


def test_without_rollback_what_failed_stays_and_the_story_says_so(play, simulation):
    change(simulation, "metrics-server", next_upgrade="upgradeFailed")
    variables = {"addon_upgrade_addons": ["metrics-server"], "addon_upgrade_rollback": False}
    played = play(UPGRADE, variables=variables)
    assert played.code == 2
    assert told(played)["outcome"] == "failed"
    assert simulation.addons(CLUSTER)["metrics-server"]["version"] == "1.3.90"
    assert "rollbacks are turned off" in story(played)


def test_what_cannot_be_rolled_back_is_left_with_advice(play, simulation):
    change(simulation, "metrics-server", next_upgrade="upgradeFailed", rollbackable=False)
    played = play(UPGRADE, variables={"addon_upgrade_addons": ["metrics-server"]})
    assert played.code == 2
    assert told(played)["outcome"] == "failed"
    assert "CCE says that it cannot be rolled back: repair it" in story(played)
    assert [item["method"] for item in writes(simulation)] == ["PUT"]


def test_a_rollback_that_fails_is_told_with_both_failures(play, simulation):
    change(simulation, "metrics-server", next_upgrade="upgradeFailed", next_rollback="rollbackFailed")
    played = play(UPGRADE, variables={"addon_upgrade_addons": ["metrics-server"]})
    assert played.code == 2
    assert told(played)["outcome"] == "failed"
    text = story(played)
    assert "upgradeFailed" in text
    assert "rollback:    FAILED" in text
    assert "rollbackFailed" in text


def test_an_upgrade_that_takes_too_long_is_not_rolled_back_while_cce_works_on_it(play, simulation):
    change(simulation, "metrics-server", seconds=3600)
    played = play(UPGRADE, variables={"addon_upgrade_addons": ["metrics-server"], "addon_upgrade_timeout": 3})
    assert played.code == 2
    assert "run the same command again to wait on" in story(played)
    assert len(writes(simulation)) == 1
    simulation.call("POST", "/clock", {"advance": 3600})
    played = play(UPGRADE, variables={"addon_upgrade_addons": ["metrics-server"]})
    assert played.code == 0, played.output
    assert told(played)["addons"][0]["resumed"]
    assert len(writes(simulation)) == 1, "nothing is sent twice"


# What was sent before this run began: by a run that was killed, or by somebody else. CCE does not tell which


def colleague(play, addon: str = "metrics-server", version: str = "1.3.90") -> None:
    """Let somebody else upgrade an add-on, as they would in the console."""
    sends = {"cluster_id": CLUSTER, "addon_template_name": addon, "version": version}
    played = play([{"name": "Upgrade in the console", "huaweicloud.cce.cce_addon": {**sends, "wait_timeout": 300}}])
    assert played.code in (0, 2), played.output


def advised(text: str) -> list[str]:
    """Return the command that a message advises, as a shell takes it."""
    [line] = [line for line in text.splitlines() if "ansible localhost -m" in line]
    return shlex.split(line[line.index("ansible localhost -m") :])


def follow(simulation: Simulation, command: list[str]) -> None:
    environment = {**os.environ, **simulation.environment()}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def then_breaks(simulation: Simulation, addon: str = "metrics-server") -> None:
    """Let the next upgrade of an add-on end well, and its pods fail afterwards."""
    change(simulation, addon, next_upgrade={"status": "running", "then": {"pods_ready": False}})


def test_what_somebody_else_has_upgraded_after_a_closed_gate_is_left_alone(play, simulation):
    """The run before has left both its checks in CCE, and has sent nothing."""
    change(simulation, "metrics-server", risks=[{"name": "Trouble", "level": "Fatal", "type": "addonUpgrade"}])
    variables = {"addon_upgrade_addons": ["metrics-server"]}
    assert play(UPGRADE, variables=variables).code == 2
    assert writes(simulation) == []
    change(simulation, "metrics-server", risks=[])
    then_breaks(simulation)
    colleague(play)
    played = play(UPGRADE, variables=variables)
    assert [item["method"] for item in writes(simulation)] == ["PUT"], "what the colleague has sent, and nothing else"
    assert simulation.addons(CLUSTER)["metrics-server"]["version"] == "1.3.90"
    assert outcomes(played) == {"metrics-server": "nothing_to_do"}, "the role never goes past a Fatal"


def _another_blocks(play, simulation) -> None:
    """The gate is closed by another add-on: the check of this one has passed."""
    assert play(UPGRADE, variables={"addon_upgrade_addons": ["metrics-server", "coredns"]}).code == 2


def _only_prechecked(play, simulation) -> None:
    assert (
        play(UPGRADE, variables={"addon_upgrade_addons": ["metrics-server"], "addon_upgrade_mode": "precheck"}).code
        == 0
    )


def _is_refused(play, simulation) -> None:
    """Whoever runs this may check, and may not write."""
    simulation.fault("status", "PUT", "addons", status=403, times=1)
    assert play(UPGRADE, variables={"addon_upgrade_addons": ["metrics-server"]}).code == 2


@pytest.mark.parametrize("before", [_another_blocks, _only_prechecked, _is_refused])
def test_what_this_run_has_not_sent_is_verified_and_never_rolled_back(play, simulation, before):
    before(play, simulation)
    then_breaks(simulation)
    simulation.call("DELETE", "/requests")
    colleague(play)
    played = play(UPGRADE, variables={"addon_upgrade_addons": ["metrics-server", "nginx-ingress"]})
    assert played.code == 2
    assert [item["method"] for item in writes(simulation)] == ["PUT"], "what the colleague has sent, and nothing else"
    assert outcomes(played) == {"metrics-server": "failed", "nginx-ingress": "not_reached"}
    assert told(played)["addons"][0]["resumed"]
    command = advised(story(played))
    assert simulation.addons(CLUSTER)["metrics-server"]["version"] == "1.3.90"
    change(simulation, "metrics-server", pods_ready=True)
    follow(simulation, command)
    assert simulation.addons(CLUSTER)["metrics-server"]["version"] == "1.3.6"


def test_what_somebody_else_has_upgraded_well_is_verified_and_the_rest_goes_on(play, simulation):
    _only_prechecked(play, simulation)
    colleague(play)
    played = play(UPGRADE, variables={"addon_upgrade_addons": ["metrics-server", "nginx-ingress"]})
    assert played.code == 0, played.output
    [mine, other] = told(played)["addons"]
    assert (mine["outcome"], mine["resumed"], other["resumed"]) == ("upgraded", True, False)
    assert "by an earlier run or by somebody else" in mine["reason"]


def test_the_strategy_of_an_upgrade_that_is_broken_and_perhaps_somebody_elses_stays(play, simulation):
    wanted = {"addon_upgrade_addons": [INHERIT]}
    assert play(UPGRADE, variables={**wanted, "addon_upgrade_mode": "precheck"}).code == 0
    then_breaks(simulation, "coredns")
    sends = {"cluster_id": CLUSTER, "addon_template_name": "coredns", "version": "1.30.33", "sync_strategy": "inherit"}
    play([{"name": "Upgrade in the console", "huaweicloud.cce.cce_addon": sends}])
    played = play(UPGRADE, variables=wanted)
    assert played.code == 2
    assert [item["method"] for item in writes(simulation)] == ["PUT"]
    change(simulation, "coredns", pods_ready=True)
    assert play(UPGRADE, variables=wanted).code == 0
    custom = simulation.addons(CLUSTER)["coredns"]["values"]["custom"]
    assert custom["parameterSyncStrategy"] == "ensureConsistent"


def test_an_upgrade_that_a_killed_run_has_left_failed_closes_the_gate_with_the_way_out(play, simulation):
    change(simulation, "metrics-server", seconds=1200, next_upgrade="upgradeFailed")
    variables = {"addon_upgrade_addons": ["metrics-server", "nginx-ingress"]}
    play(UPGRADE, variables={**variables, "addon_upgrade_timeout": 2})
    simulation.call("POST", "/clock", {"advance": 1200})
    change(simulation, "metrics-server", seconds=1)
    looked = play(PRECHECK, variables={"addon_precheck_addons": ["metrics-server"]})
    assert looked.code == 2
    played = play(UPGRADE, variables=variables)
    assert played.code == 2
    assert outcomes(played) == {"metrics-server": "blocked", "nginx-ingress": "not_reached"}
    assert [item["method"] for item in writes(simulation)] == ["PUT"]
    [addon, _other] = told(played)["addons"]
    command = advised(addon["reason"])
    for text in (looked.output, played.output):
        assert "its status is upgradeFailed: roll it back or repair it first" in text
    follow(simulation, command)
    assert simulation.addons(CLUSTER)["metrics-server"]["version"] == "1.3.6"
    played = play(UPGRADE, variables=variables)
    assert played.code == 0, played.output
    assert set(outcomes(played).values()) == {"upgraded"}


def test_a_new_fatal_risk_on_which_nobody_acted_is_told_again_until_somebody_does(play, simulation):
    """A run that is killed between the check of the running add-on and its rollback leaves no more than this."""
    then_breaks(simulation)
    variables = {"addon_upgrade_addons": ["metrics-server"]}
    assert play(UPGRADE, variables={**variables, "addon_upgrade_rollback": False}).code == 2
    played = play(UPGRADE, variables=variables)
    assert played.code == 2
    assert outcomes(played) == {"metrics-server": "failed"}
    text = story(played)
    assert "sent by an earlier run that did not end, or by somebody else" in text
    assert simulation.addons(CLUSTER)["metrics-server"]["version"] == "1.3.90"
    follow(simulation, advised(text))
    assert simulation.addons(CLUSTER)["metrics-server"]["version"] == "1.3.6"


@pytest.mark.parametrize("version", ["1.3.90", "1.3.6"])
def test_a_wait_for_what_somebody_else_has_superseded_ends_and_rolls_nothing_back(play, simulation, version):
    change(simulation, "metrics-server", seconds=7200)

    def somebody_else() -> None:
        for _attempt in range(600):
            if writes(simulation):
                # As long as a read may be of the state before the write, it proves nothing.
                time.sleep(2)
                change(simulation, "metrics-server", version=version, status="running", seconds=1)
                return
            time.sleep(0.1)

    other = Thread(target=somebody_else)
    other.start()
    wants = [{"name": "metrics-server", "version": "1.3.37"}, "nginx-ingress"]
    played = play(UPGRADE, variables={"addon_upgrade_addons": wants, "addon_upgrade_timeout": 60})
    other.join()
    assert played.code == 2
    assert [item["method"] for item in writes(simulation)] == ["PUT"]
    assert outcomes(played) == {"metrics-server": "failed", "nginx-ingress": "not_reached"}
    [mine, _other] = told(played)["addons"]
    assert mine["after"]["version"] == version
    assert mine["duration"] < 40
    assert f"somebody else has brought it to {version}" in mine["reason"]


def test_what_somebody_else_has_set_since_the_upgrade_is_not_rolled_back(play, simulation):
    """A rollback brings back the settings of before, too: what was set in between would be gone."""
    change(simulation, "metrics-server", next_upgrade={"status": "running", "then": {"pods_ready": False}}, seconds=1)
    # The third request for checks is that of the verification.
    simulation.fault("delay", method="POST", path="precheck$", seconds=3, skip=2)

    def somebody_else() -> None:
        for _attempt in range(600):
            addon = simulation.addons(CLUSTER)["metrics-server"]
            if (addon["version"], addon["status"]) == ("1.3.90", "running"):
                # So that the run has seen it as it has sent it.
                time.sleep(1)
                change(simulation, "metrics-server", console={"custom": {"logLevel": 7}})
                return
            time.sleep(0.1)

    other = Thread(target=somebody_else)
    other.start()
    played = play(UPGRADE, variables={"addon_upgrade_addons": ["metrics-server"]})
    other.join()
    assert played.code == 2
    assert [item["path"].rsplit("/", 1)[-1] for item in writes(simulation) if item["path"].endswith("rollback")] == []
    addon = simulation.addons(CLUSTER)["metrics-server"]
    assert (addon["version"], addon["values"]["custom"]["logLevel"]) == ("1.3.90", 7)
    text = story(played)
    assert "somebody else has changed its settings since, and a rollback would undo that" in text
    assert outcomes(played) == {"metrics-server": "failed"}


def test_a_fatal_risk_from_before_is_not_the_upgrades_of_a_killed_run_either(play, simulation):
    """What the killed run has found before its upgrade is known to CCE, and to the run that takes over."""
    risk = {"name": "OldTrouble", "level": "Fatal", "message": "since last year", "type": "addonStatic"}
    change(simulation, "metrics-server", risks=[risk], seconds=3600)
    variables = {"addon_upgrade_addons": ["metrics-server"]}
    play(UPGRADE, variables={**variables, "addon_upgrade_timeout": 2})
    simulation.call("POST", "/clock", {"advance": 3600})
    played = play(UPGRADE, variables=variables)
    assert played.code == 0, played.output
    assert told(played)["addons"][0]["resumed"]
    assert len(writes(simulation)) == 1, "nothing is rolled back"


def test_a_leftover_strategy_is_set_back(play, simulation):
    play(UPGRADE, variables={"addon_upgrade_addons": [INHERIT]})
    values = simulation.addons(CLUSTER)["coredns"]["values"]
    values["custom"]["parameterSyncStrategy"] = "inherit"
    change(simulation, "coredns", values=values)
    simulation.call("DELETE", "/requests")
    played = play(UPGRADE, variables={"addon_upgrade_addons": [INHERIT]})
    assert played.code == 0, played.output
    addons = simulation.addons(CLUSTER)
    assert addons["coredns"]["values"]["custom"]["parameterSyncStrategy"] == "ensureConsistent"
    assert len(writes(simulation)) == 1


@pytest.fixture
def in_real_time() -> Iterator[Simulation]:
    """A simulator whose clock is that of the client, for what depends on the age of results."""
    with Simulation() as simulation:
        change(simulation, "metrics-server", seconds=25)
        simulation.call("POST", f"/instances/{CLUSTER}/nginx-ingress", {"seconds": 1})
        yield simulation


TOO_OLD = {"addon_upgrade_addons": ["metrics-server", "nginx-ingress"], "addon_upgrade_max_check_age": 40}


def upgrade_checks(simulation: Simulation) -> list[list[str]]:
    lists = [
        item["body"]["spec"]["addonList"]
        for item in simulation.requests()
        if item["method"] == "POST" and item["path"].endswith("precheck")
    ]
    return [[item["addonTemplateName"] for item in added] for added in lists if added[0]["type"] == "addonUpgrade"]


def test_what_somebody_else_has_upgraded_since_the_check_is_checked_anew(play, simulation):
    """The check was one of the way from 1.3.6, and not from where the colleague has brought it."""

    def somebody_else() -> None:
        for _attempt in range(600):
            if upgrade_checks(simulation):
                change(simulation, "metrics-server", version="1.3.37")
                return
            time.sleep(0.02)

    simulation.fault("delay", method="GET", path="precheck/tasks$", seconds=2, skip=1, times=2)
    other = Thread(target=somebody_else)
    other.start()
    played = play(UPGRADE, variables={"addon_upgrade_addons": ["metrics-server"]})
    other.join()
    assert played.code == 2
    assert writes(simulation) == []
    assert "Somebody changed the add-on in between: check again" in story(played)


def test_a_result_that_is_too_old_by_now_is_made_again_before_the_write(play, in_real_time):
    played = play(UPGRADE, variables=TOO_OLD, against=in_real_time)
    assert played.code == 0, played.output
    assert upgrade_checks(in_real_time) == [["metrics-server", "nginx-ingress"], ["nginx-ingress"]]
    assert outcomes(played) == {"metrics-server": "upgraded", "nginx-ingress": "upgraded"}


def test_the_gate_closes_when_a_check_that_is_made_again_finds_something(play, in_real_time):
    risk = {"name": "NewTrouble", "level": "Fatal", "message": "since a minute"}
    spoil = Thread(target=_once_checked, args=(in_real_time, risk))
    spoil.start()
    played = play(UPGRADE, variables=TOO_OLD, against=in_real_time)
    spoil.join()
    assert played.code == 2
    assert outcomes(played) == {"metrics-server": "upgraded", "nginx-ingress": "failed"}
    assert "NewTrouble" in story(played)
    assert [item["body"]["spec"]["addonTemplateName"] for item in writes(in_real_time)] == ["metrics-server"]


def _once_checked(simulation: Simulation, risk: dict) -> None:
    """Let an add-on get into trouble after the gate has opened for it."""
    for _attempt in range(600):
        if writes(simulation):
            change(simulation, "nginx-ingress", risks=[risk])
            return
        time.sleep(0.1)


def test_an_addon_that_is_at_its_target_when_it_is_checked_again_is_left_alone(play, in_real_time):
    def somebody_else() -> None:
        for _attempt in range(600):
            if writes(in_real_time):
                change(in_real_time, "nginx-ingress", version="2.6.4", target_versions=[])
                return
            time.sleep(0.1)

    other = Thread(target=somebody_else)
    other.start()
    played = play(UPGRADE, variables=TOO_OLD, against=in_real_time)
    other.join()
    assert played.code == 0, played.output
    assert outcomes(played) == {"metrics-server": "upgraded", "nginx-ingress": "upgraded"}
    assert "by somebody else, and is verified now" in told(played)["addons"][1]["reason"]
    assert [item["body"]["spec"]["addonTemplateName"] for item in writes(in_real_time)] == ["metrics-server"]


def test_what_somebody_deletes_during_its_upgrade_is_not_installed_again(play, simulation):
    change(simulation, "coredns", seconds=600)

    def somebody_else() -> None:
        for _attempt in range(600):
            if writes(simulation):
                simulation.call("DELETE", f"/instances/{CLUSTER}/coredns")
                return
            time.sleep(0.1)

    other = Thread(target=somebody_else)
    other.start()
    played = play(UPGRADE, variables={"addon_upgrade_addons": [INHERIT], "addon_upgrade_timeout": 10})
    other.join()
    assert played.code == 2
    assert [item["method"] for item in writes(simulation)] == ["PUT"], "its strategy is not set back by an install"
    assert "coredns" not in simulation.addons(CLUSTER)


def test_an_addon_whose_last_upgrade_failed_blocks_although_it_is_at_its_target(play, simulation):
    change(simulation, "metrics-server", version="1.3.90", status="upgradeFailed", target_versions=[])
    for playbook, variable in ((PRECHECK, "addon_precheck_addons"), (UPGRADE, "addon_upgrade_addons")):
        played = play(playbook, variables={variable: ["metrics-server", "nginx-ingress"]})
        assert played.code == 2
        assert "its status is upgradeFailed: roll it back or repair it first" in played.output
    assert writes(simulation) == []


def test_a_strategy_that_was_left_behind_discards_nothing(play, simulation):
    values = simulation.addons(CLUSTER)["coredns"]["values"]
    values["custom"]["parameterSyncStrategy"] = "force"
    change(simulation, "coredns", values=values)
    played = play(UPGRADE, variables={"addon_upgrade_addons": ["coredns"]})
    assert played.code == 2
    assert "AddonValidate" in played.output
    assert writes(simulation) == []


def test_a_strategy_among_the_values_is_set_back_too(play, simulation):
    wanted = {"name": "coredns", "values": {"custom": {"parameterSyncStrategy": "inherit"}}}
    played = play(UPGRADE, variables={"addon_upgrade_addons": [wanted]})
    assert played.code == 0, played.output
    custom = simulation.addons(CLUSTER)["coredns"]["values"]["custom"]
    assert custom["parameterSyncStrategy"] == "ensureConsistent"


def test_by_name(play, simulation):
    variables = {
        "cce_cluster_id": "",
        "addon_upgrade_cluster_name": "production",
        "addon_upgrade_addons": ["metrics-server"],
    }
    played = play(UPGRADE, variables=variables)
    assert played.code == 0, played.output
    assert told(played)["cluster_id"] == CLUSTER
    assert "Cluster production: upgraded" in played.output
    played = play(UPGRADE, variables={**variables, "addon_upgrade_cluster_name": "no-such"})
    assert played.code == 2
    assert told(played)["outcome"] == "failed"


def test_a_name_that_yaml_reads_as_a_number_is_a_name(play, simulation):
    variables = {"cce_cluster_id": "", "addon_upgrade_cluster_name": 2024, "addon_upgrade_addons": ["metrics-server"]}
    played = play(UPGRADE, variables=variables)
    assert played.code == 2
    assert (told(played)["cluster_name"], told(played)["outcome"]) == ("2024", "failed")


@pytest.mark.parametrize(
    ("variables", "text"),
    [
        ({"cce_cluster_id": ""}, "Which cluster?"),
        (
            {"addon_upgrade_addon": ["coredns"]},
            "Unknown variable addon_upgrade_addon. Did you mean addon_upgrade_addons?",
        ),
    ],
)
def test_what_nobody_can_mean_is_refused(play, simulation, variables, text):
    played = play(UPGRADE, variables=variables)
    assert played.code == 2
    assert text in played.output
    assert simulation.requests() == []


@pytest.mark.parametrize("zone", ["Asia/Tokyo", "America/Los_Angeles"])
def test_the_zone_of_the_controller_does_not_matter(play, simulation, zone):
    played = play(UPGRADE, variables={"addon_upgrade_addons": ["metrics-server"]}, environment={"TZ": zone})
    assert played.code == 0, played.output


def test_check_mode_predicts_and_writes_nothing(play, simulation):
    variables = {"addon_upgrade_addons": ["metrics-server"]}
    play(PRECHECK, variables={"addon_precheck_addons": ["metrics-server"]})
    simulation.call("DELETE", "/requests")
    played = play(UPGRADE, "--check", "--diff", variables=variables)
    assert played.code == 0, played.output
    assert '+    "version": "1.3.90"' in played.output
    assert (told(played)["outcome"], told(played)["check_mode"]) == ("upgraded", True)
    assert "upgraded (predicted)" in played.output
    assert {item["method"] for item in simulation.requests()} == {"GET"}


def test_the_result_is_published_for_workflows_keyed_by_cluster(play, simulation, tmp_path):
    played = play(
        UPGRADE,
        variables={"addon_upgrade_addons": ["metrics-server"]},
        environment={"ANSIBLE_SHOW_CUSTOM_STATS": "true"},
    )
    line = next(line for line in played.output.splitlines() if line.strip().startswith("RUN: "))
    stats = json.loads(line.strip().removeprefix("RUN: "))
    assert set(stats["cce_upgrade"]) == {CLUSTER}
    assert stats["cce_upgrade"][CLUSTER]["outcome"] == "upgraded"


def test_secrets_in_settings_show_nowhere(play, simulation):
    values = simulation.addons(CLUSTER)["metrics-server"]["values"]
    values["custom"].update(password="canary-present", webhook="canary-marked")
    change(simulation, "metrics-server", values=values)
    variables = {
        "addon_upgrade_addons": [{"name": "metrics-server", "values": {"custom": {"token": "canary-wanted"}}}],
        "addon_upgrade_secret_values": ["webhook"],
    }
    played = play(UPGRADE, "--diff", "-vvv", variables=variables, environment={"ANSIBLE_SHOW_CUSTOM_STATS": "true"})
    assert played.code == 0, played.output
    assert "canary" not in json.dumps(told(played))
    assert "canary" not in played.output
    custom = simulation.addons(CLUSTER)["metrics-server"]["values"]["custom"]
    assert {custom["password"], custom["webhook"], custom["token"]} == {
        "canary-present",
        "canary-marked",
        "canary-wanted",
    }


@pytest.mark.parametrize("playbook", [UPGRADE, PRECHECK])
@pytest.mark.parametrize("options", [[], ["-i", "one,", "--limit", "one"], ["-i", "one,two,", "--limit", "two"]])
def test_a_selection_that_is_empty_is_an_error(play, simulation, playbook, options):
    wanted = "no_such_group" if not options or "one" in options else "one"
    played = play(playbook, *options, variables={"cce_hosts": wanted})
    assert played.code == 2, "an exit code of 0 would open the gate of a pipeline"
    assert "No cluster is selected" in played.output
    assert simulation.requests() == []


@pytest.mark.parametrize("playbook", [UPGRADE, PRECHECK])
def test_the_word_false_opens_no_gate(play, simulation, playbook):
    role = playbook.split(".")[-1]
    played = play(playbook, "-e", f"addon_{role}_skip_blocked=false", "-e", f"addon_{role}_addons=coredns,everest")
    assert played.code == 2, played.output
    played = play(playbook, "-e", f"addon_{role}_skip_blocked=false", "-e", f"addon_{role}_addons=coredns")
    assert played.code == 2, played.output
    assert "AddonValidate" in played.output
    assert writes(simulation) == []


def test_the_word_false_turns_off_what_is_on(play, simulation):
    change(simulation, "metrics-server", next_upgrade="upgradeFailed")
    words = ["-e", "addon_upgrade_addons=metrics-server", "-e", "addon_upgrade_rollback=false"]
    played = play(UPGRADE, *words, "-e", "addon_upgrade_verify=no", "-e", "addon_upgrade_fail_on_warning=false")
    assert played.code == 2
    assert outcomes(played) == {"metrics-server": "failed"}, played.output
    assert [item["method"] for item in writes(simulation)] == ["PUT"]


def test_in_a_play_of_ones_own_a_failed_cluster_ends_the_batches(play, simulation, tmp_path):
    inventory = tmp_path / "hosts.yml"
    nothing = {"addon_upgrade_addons": [{"name": "metrics-server", "version": "1.3.6"}]}
    hosts = {"well": nothing, "blocked": {}, "rest": nothing}
    inventory.write_text(json.dumps({"all": {"hosts": hosts}}), encoding="utf-8")
    upgrade = [{"ansible.builtin.import_role": {"name": "huaweicloud.cce.addon_upgrade"}}]
    batches = {"hosts": "all", "connection": "local", "serial": 2, "max_fail_percentage": 0}
    played = play(upgrade, "-i", str(inventory), settings=batches)
    assert played.code == 2, played.output
    recap = played.output.split("PLAY RECAP")[1]
    assert "well" in recap
    assert "blocked" in recap
    assert "rest" not in recap, "one failed cluster of two is more than 0 %"
