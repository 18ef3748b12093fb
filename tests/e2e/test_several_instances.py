# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The huaweicloud.cce contributors

"""A cluster with two ingress controllers: two instances of one template, each of which goes its own way."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from support.plays import writes
from support.simulation import CLUSTER, SIMULATOR, Simulation

UPGRADE = "huaweicloud.cce.upgrade"
NGINX = "nginx-ingress"
FIRST, SECOND = "11111111-0000-4000-8000-000000000001", "22222222-0000-4000-8000-000000000002"
NAMES = {FIRST: "nginx-ingress (nginx-ingress)", SECOND: "nginx-ingress (nginx-second)"}
# coredns goes on with what was modified by hand, so that the gate is about the twins.
COREDNS = {"name": "coredns", "sync_strategy": "inherit"}


@pytest.fixture(scope="module")
def twins() -> Iterator[Simulation]:
    with Simulation(time_scale=20, scenario=SIMULATOR / "scenarios" / "twins.yml") as simulation:
        yield simulation


@pytest.fixture
def simulation(twins: Simulation) -> Simulation:
    twins.reset()
    return twins


def change(simulation: Simulation, instance: str, **attributes: object) -> None:
    simulation.call("POST", f"/instances/{CLUSTER}/{instance}", attributes)


def present(simulation: Simulation, instance: str) -> dict[str, Any]:
    found: dict[str, Any] = simulation.call("GET", f"/instances/{CLUSTER}/{instance}")
    return found


def repaired(simulation: Simulation) -> None:
    """What stands in the way of the second one is put right."""
    change(simulation, SECOND, default_backend_missing=False, snippets=False)


def told(played: Any) -> dict[str, Any]:
    result: dict[str, Any] = played.module("cce_addon_upgrade")
    return result


def outcomes(played: Any) -> dict[str, str]:
    return {addon["name"]: addon["outcome"] for addon in told(played)["addons"]}


def written(simulation: Simulation) -> list[str]:
    """Return the ids of the instances that were written, in this order."""
    return [item["path"].split("/addons/")[1].split("/")[0].split("?")[0] for item in writes(simulation)]


def reported(play: Any, tmp_path: Path, addons: list[Any], **variables: Any) -> tuple[Any, dict[str, Any]]:
    """Run the playbook with a report in every format, and return the run and what the JSON says of the cluster."""
    folder = tmp_path / "reports"
    variables = {"cce_report": True, "addon_report_directory": str(folder), **variables}
    played = play(UPGRADE, variables={"addon_upgrade_addons": addons, **variables})
    [cluster] = json.loads((folder / "addon_report.json").read_text(encoding="utf-8"))["clusters"]
    return played, cluster


def test_all_upgrades_each_of_them_with_its_own_settings(play, simulation, tmp_path):
    repaired(simulation)
    before = {instance: present(simulation, instance) for instance in NAMES}
    played, cluster = reported(play, tmp_path, [COREDNS, "all"])
    assert played.code == 0, played.output
    assert outcomes(played) == {"coredns": "upgraded", **dict.fromkeys(NAMES.values(), "upgraded")}
    assert [instance for instance in written(simulation) if instance in NAMES] == [FIRST, SECOND]
    for instance, was in before.items():
        now = present(simulation, instance)
        assert (now["version"], now["status"]) == ("2.6.4", "running")
        for part in ("custom", "flavor"):
            assert now["values"][part].items() >= was["values"][part].items(), "every setting is kept"
    assert before[FIRST]["values"]["custom"] != before[SECOND]["values"]["custom"]

    rows = {addon["name"]: addon for addon in cluster["addons"] if addon["addon_template_name"] == NGINX}
    assert {name: row["addon_instance_id"] for name, row in rows.items()} == {name: uid for uid, name in NAMES.items()}
    assert {row["state"] for row in rows.values()} == {"upgraded"}
    folder = tmp_path / "reports"
    cases = ElementTree.parse(folder / "addon_report.xml").iter("testcase")
    assert sorted(case.get("name") or "" for case in cases) == sorted(["coredns", *NAMES.values()])
    for suffix in ("html", "md"):
        text = (folder / f"addon_report.{suffix}").read_text(encoding="utf-8")
        assert all(name in text for name in NAMES.values()), suffix


def test_a_fatal_twin_closes_the_gate_for_the_whole_cluster(play, simulation, tmp_path):
    played, cluster = reported(play, tmp_path, [COREDNS, "all"])
    assert played.code == 2, played.output
    assert written(simulation) == []
    assert outcomes(played) == {"coredns": "not_reached", NAMES[FIRST]: "not_reached", NAMES[SECOND]: "blocked"}
    assert f"1 add-on must not be upgraded now ({NAMES[SECOND]})" in played.output
    assert {addon["name"]: addon["state"] for addon in cluster["addons"]}[NAMES[SECOND]] == "fatal"
    failures = ElementTree.parse(tmp_path / "reports" / "addon_report.xml").iter("failure")
    assert len(list(failures)) == 1


def test_where_blocked_ones_are_skipped_the_other_twin_is_upgraded(play, simulation):
    played = play(UPGRADE, variables={"addon_upgrade_addons": [NGINX], "addon_upgrade_skip_blocked": True})
    assert played.code == 2, played.output
    assert outcomes(played) == {NAMES[FIRST]: "upgraded", NAMES[SECOND]: "blocked"}
    assert written(simulation) == [FIRST]


@pytest.mark.parametrize("instance", [FIRST, SECOND])
def test_an_id_touches_that_one_alone(play, simulation, instance):
    repaired(simulation)
    played = play(UPGRADE, variables={"addon_upgrade_addons": [{"name": NGINX, "addon_instance_id": instance}]})
    assert played.code == 0, played.output
    assert outcomes(played) == {NAMES[instance]: "upgraded"}
    assert written(simulation) == [instance]


def test_the_twin_of_one_that_is_fatal_is_upgraded_by_its_id(play, simulation):
    """Nothing of the other one closes its gate, and the other one is left alone."""
    entries = [COREDNS, {"name": NGINX, "addon_instance_id": FIRST}, "all", f"!{NGINX}"]
    played = play(UPGRADE, variables={"addon_upgrade_addons": entries})
    assert played.code == 0, played.output
    assert outcomes(played) == {"coredns": "upgraded", NAMES[FIRST]: "upgraded"}
    assert SECOND not in written(simulation)


def test_a_twin_that_fails_is_rolled_back_alone(play, simulation):
    repaired(simulation)
    change(simulation, SECOND, next_upgrade="upgradeFailed")
    played = play(UPGRADE, variables={"addon_upgrade_addons": [NGINX]})
    assert played.code == 2, played.output
    assert outcomes(played) == {NAMES[FIRST]: "upgraded", NAMES[SECOND]: "rolled_back"}
    assert (present(simulation, FIRST)["version"], present(simulation, SECOND)["version"]) == ("2.6.4", "2.4.6")
    assert f"{NAMES[SECOND]} in cluster {CLUSTER}: ROLLED_BACK" in played.output


def test_a_run_that_was_interrupted_goes_on_with_the_twin_that_it_left(play, simulation):
    repaired(simulation)
    entries = {"addon_upgrade_addons": [{"name": NGINX, "addon_instance_id": SECOND}]}
    change(simulation, SECOND, seconds=3600)
    played = play(UPGRADE, variables={**entries, "addon_upgrade_timeout": 3})
    assert (played.code, written(simulation)) == (2, [SECOND]), played.output
    simulation.call("POST", "/clock", {"advance": 3600})
    day = 86400  # for the clock of the simulator is an hour ahead of ours by now
    played = play(UPGRADE, variables={"addon_upgrade_addons": [NGINX], "addon_upgrade_max_check_age": day})
    assert played.code == 0, played.output
    assert written(simulation) == [SECOND, FIRST], "what was sent is not sent again"
    assert {addon["name"]: addon["resumed"] for addon in told(played)["addons"]} == {
        NAMES[FIRST]: False,
        NAMES[SECOND]: True,
    }


def test_only_verifying_looks_at_each_of_them(play, simulation):
    played = play(UPGRADE, variables={"addon_upgrade_addons": [NGINX], "addon_upgrade_mode": "verify"})
    assert written(simulation) == []
    assert set(outcomes(played)) == set(NAMES.values())


def test_a_check_that_is_too_old_is_made_again_for_that_twin_alone(play):
    with Simulation(scenario=SIMULATOR / "scenarios" / "twins.yml") as in_real_time:
        repaired(in_real_time)
        change(in_real_time, FIRST, seconds=25)
        variables = {"addon_upgrade_addons": [NGINX], "addon_upgrade_max_check_age": 40}
        played = play(UPGRADE, variables=variables, against=in_real_time)
        assert played.code == 0, played.output
        assert outcomes(played) == dict.fromkeys(NAMES.values(), "upgraded")
        assert written(in_real_time) == [FIRST, SECOND]
        asked = [item["body"]["spec"]["addonList"] for item in in_real_time.requests() if _asks_for_checks(item)]
        checked = [[item["addonInstanceID"] for item in added if item["type"] == "addonUpgrade"] for added in asked]
        assert [ids for ids in checked if ids] == [[FIRST], [SECOND], [SECOND]], "no request names the add-on twice"


def _asks_for_checks(request: dict[str, Any]) -> bool:
    return bool(request["method"] == "POST" and request["path"].endswith("precheck"))


def test_an_accepted_warning_counts_for_the_twin_that_it_names(play, simulation):
    change(simulation, SECOND, default_backend_missing=False)
    accepted = {"addon": NGINX, "risk": "SnippetAnnotations", "reason": "known", "until": "2099-12-31"}
    variables = {"addon_upgrade_addons": [NGINX], "addon_upgrade_fail_on_warning": True}
    other = [{**accepted, "addon_instance_id": FIRST}]
    played = play(UPGRADE, variables={**variables, "addon_upgrade_accepted_warnings": other})
    assert (played.code, outcomes(played)[NAMES[SECOND]]) == (2, "blocked"), played.output
    mine = [{**accepted, "addon_instance_id": SECOND}]
    played = play(UPGRADE, variables={**variables, "addon_upgrade_accepted_warnings": mine})
    assert played.code == 0, played.output
    records = {addon["name"]: addon["accepted"] for addon in told(played)["addons"]}
    assert [item["risk"] for item in records[NAMES[SECOND]]] == ["SnippetAnnotations"]
    assert records[NAMES[FIRST]] == []


def test_a_sync_strategy_of_one_is_set_back_on_that_one(play, simulation):
    repaired(simulation)
    entries = [{"name": NGINX, "addon_instance_id": SECOND, "sync_strategy": "force"}, NGINX]
    for instance in NAMES:
        values = present(simulation, instance)["values"]
        values["custom"]["parameterSyncStrategy"] = "ensureConsistent"
        change(simulation, instance, values=values)
    played = play(UPGRADE, variables={"addon_upgrade_addons": entries})
    assert played.code == 0, played.output
    assert written(simulation) == [SECOND, SECOND, FIRST], "the second of the second is an edit"
    for instance in NAMES:
        custom = present(simulation, instance)["values"]["custom"]
        assert custom["parameterSyncStrategy"] == "ensureConsistent"


# The modules, without the roles


def module(play: Any, name: str, *, code: int = 0, **arguments: Any) -> dict[str, Any]:
    """Run a module as the only task, and return its result."""
    task = {"name": "One task", f"huaweicloud.cce.{name}": {"cluster_id": CLUSTER, **arguments}}
    played = play([task])
    assert played.code == code, played.output
    result: dict[str, Any] = played.result("One task")
    return result


AMBIGUOUS = (
    f"Nothing was changed. This cluster has 2 instances of nginx-ingress: nginx-ingress ({FIRST}), "
    f"nginx-second ({SECOND}). Say with addon_instance_id which one is meant."
)


@pytest.mark.parametrize(
    "arguments", [{"version": "2.6.4"}, {"state": "rolled_back"}, {"state": "absent"}, {"values": {"custom": {"x": 1}}}]
)
def test_a_change_needs_the_id_where_there_are_two(play, simulation, arguments):
    assert module(play, "cce_addon", code=2, addon_template_name=NGINX, **arguments)["msg"] == AMBIGUOUS
    assert written(simulation) == []


def test_a_change_with_an_id_is_about_that_one(play, simulation):
    change(simulation, SECOND, next_upgrade={"status": "running"})
    changed = module(play, "cce_addon", addon_template_name=NGINX, addon_instance_id=SECOND, version="2.6.4")
    assert (changed["changed"], changed["addon"]["addon_instance_id"]) == (True, SECOND)
    assert changed["values_sent"]["custom"]["ingressClass"] == "nginx-second"
    again = module(play, "cce_addon", addon_instance_id=SECOND, version="2.6.4")
    assert again["changed"] is False
    back = module(play, "cce_addon", addon_instance_id=SECOND, state="rolled_back")
    assert (back["version"], back["addon"]["addon_instance_id"]) == ("2.4.6", SECOND)
    module(play, "cce_addon", addon_instance_id=SECOND, state="absent")
    assert set(written(simulation)) == {SECOND}
    alone = module(play, "cce_addon", addon_template_name=NGINX, version="2.6.4")
    assert alone["addon"]["addon_instance_id"] == FIRST, "the only one needs no id"


def test_running_twins_are_checked_one_by_one(play, simulation):
    found = module(play, "cce_addon_check", addons=[NGINX], type="addonStatic")
    assert [(item["name"], item["addon_instance_id"]) for item in found["checks_started"]] == [
        (name, uid) for uid, name in NAMES.items()
    ]
    assert all(name in found["summary"]["text"] for name in NAMES.values())
    one = [{"name": NGINX, "addon_instance_id": SECOND}]
    found = module(play, "cce_addon_check", addons=one, type="addonStatic")
    assert [item["addon_instance_id"] for item in found["checks_started"]] == [SECOND]


def test_what_there_is_can_be_asked_by_name_and_by_id(play, simulation):
    found = module(play, "cce_addon_info", addon_template_name=NGINX)["addons"]
    assert [addon["addon_instance_id"] for addon in found] == [FIRST, SECOND]
    [found] = module(play, "cce_addon_info", addon_template_name=NGINX, addon_instance_id=SECOND)["addons"]
    assert found["addon_instance_name"] == "nginx-second"
    plan = module(play, "cce_addon_plan_info", addons=[NGINX])
    assert [(step["name"], step["from"]) for step in plan["plan"]] == [
        (NAMES[FIRST], "2.2.9"),
        (NAMES[SECOND], "2.4.6"),
    ]
    assert all(name in plan["text"] for name in NAMES.values())


def test_a_name_of_an_instance_is_data_whatever_it_looks_like(play, tmp_path):
    trap = tmp_path / "trap"
    hostile = "{{ lookup('pipe', 'touch " + str(trap) + "') }}\x1b[2J\n| <b>' \""
    scenario = (SIMULATOR / "scenarios" / "twins.yml").read_text(encoding="utf-8")
    path = tmp_path / "hostile.yml"
    path.write_text(scenario.replace("name: nginx-second", f"name: {json.dumps(hostile)}"), encoding="utf-8")
    with Simulation(time_scale=20, scenario=path) as simulation:
        repaired(simulation)
        variables = {"addon_upgrade_addons": [NGINX], "cce_report": True}
        played = play(UPGRADE, variables=variables, against=simulation)
        assert played.code == 0, played.output
        assert sorted(outcomes(played).values()) == ["upgraded", "upgraded"]
        assert set(written(simulation)) == {FIRST, SECOND}
    assert not trap.exists()
    assert "\x1b[2J" not in played.output
