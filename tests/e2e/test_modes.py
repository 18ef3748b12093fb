# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The huaweicloud.cce contributors

"""What a run does is the value of a variable. Tags leave out work that follows the gate, and never the gate."""

from __future__ import annotations

import re
from typing import Any

import pytest
from support.plays import writes
from support.simulation import CLUSTER

PRECHECK, UPGRADE = "huaweicloud.cce.addon_precheck", "huaweicloud.cce.addon_upgrade"
ROLES = [PRECHECK, UPGRADE]
PLAYBOOKS = ["huaweicloud.cce.precheck", "huaweicloud.cce.upgrade"]
ONE = ["metrics-server"]
TAGS = [("--tags", "deploy"), ("--skip-tags", "precheck"), ("--tags", "verfy"), ("--tags", "upgrade"), ()]
DEPLOY = {"name": "Deploy", "ansible.builtin.copy": {"dest": "deployed", "content": ""}, "tags": ["deploy", "upgrade"]}


def change(simulation, addon: str, **attributes: object) -> None:
    simulation.call("POST", f"/instances/{CLUSTER}/{addon}", attributes)


def wanted(*names: str) -> dict[str, Any]:
    return {"addon_precheck_addons": list(names), "addon_upgrade_addons": list(names)}


def mode(playbook: str, value: str) -> dict[str, str]:
    return {f"addon_{playbook.rpartition('.')[2]}_mode": value}


def result_of(played) -> dict[str, Any]:
    told: dict[str, Any] = played.module("cce_addon_upgrade")
    return told


def asked(simulation) -> set[str]:
    return {f"{item['method']} {item['path'].rpartition('/')[2]}" for item in simulation.requests()}


# Tags


@pytest.mark.parametrize("options", TAGS, ids=" ".join)
@pytest.mark.parametrize("role", ROLES)
def test_no_tag_of_a_play_leaves_out_the_gate(play, simulation, tmp_path, role, options):
    tasks = [{"name": "Check", "ansible.builtin.import_role": {"name": role}}, DEPLOY]
    played = play(tasks, *options, variables=wanted("coredns"))
    assert played.code == 2, played.output
    assert "NOTHING WAS UPGRADED" in played.output
    assert not (tmp_path / "deployed").exists()


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("way", ["roles", "include_role"])
def test_however_a_role_is_used_a_tag_does_not_leave_out_its_gate(play, simulation, tmp_path, role, way):
    # Ansible itself leaves out an include_role that has no such tag.
    include = {"name": "Check", "ansible.builtin.include_role": {"name": role}, "tags": ["always"]}
    settings = {"roles": [role]} if way == "roles" else {"pre_tasks": [include]}
    played = play([DEPLOY], "--tags", "deploy", variables=wanted("coredns"), settings=settings)
    assert played.code == 2, played.output
    assert "NOTHING WAS UPGRADED" in played.output
    assert not (tmp_path / "deployed").exists()


@pytest.mark.parametrize("role", ROLES)
def test_behind_an_open_gate_a_tag_does_what_it_says(play, simulation, tmp_path, role):
    tasks = [{"name": "Check", "ansible.builtin.import_role": {"name": role}}, DEPLOY]
    played = play(tasks, "--tags", "deploy", variables=wanted(*ONE))
    assert played.code == 0, played.output
    assert (tmp_path / "deployed").exists()
    assert writes(simulation) == [], "what writes is not tagged always"


def test_what_is_blocked_stops_a_play_whose_tags_leave_out_the_upgrade(play, simulation, tmp_path):
    tasks = [{"name": "Check", "ansible.builtin.import_role": {"name": UPGRADE}}, DEPLOY]
    variables = {**wanted("coredns", *ONE), "addon_upgrade_skip_blocked": True}
    played = play(tasks, "--tags", "deploy", variables=variables)
    assert played.code == 2, played.output
    assert "NOT UPGRADED: coredns." in played.output
    assert "What passed the gate was upgraded" not in played.output
    assert not (tmp_path / "deployed").exists()


@pytest.mark.parametrize("way", ["block", "role"])
def test_a_tag_on_the_role_runs_all_of_it(play, simulation, way):
    role = {"name": "Upgrade", "ansible.builtin.import_role": {"name": UPGRADE}}
    tasks = [{**role, "tags": ["addons"]}] if way == "role" else [{"block": [role], "tags": ["addons"]}]
    played = play(tasks, "--tags", "addons", variables=wanted(*ONE))
    assert played.code == 0, played.output
    assert simulation.addons(CLUSTER)["metrics-server"]["version"] == "1.3.90"


def test_the_playbook_does_not_end_well_if_a_tag_left_out_the_upgrade(play, simulation):
    played = play("huaweicloud.cce.upgrade", "--tags", "verify", variables=wanted(*ONE))
    assert played.code == 2, played.output
    assert writes(simulation) == []
    again = play("huaweicloud.cce.precheck", "--tags", "verify", variables=wanted("coredns"))
    assert again.code == 2, again.output


# Modes


@pytest.mark.parametrize("playbook", PLAYBOOKS)
def test_a_plan_starts_no_check(play, simulation, playbook):
    played = play(playbook, variables={**wanted("coredns", *ONE), **mode(playbook, "plan")})
    assert played.code == 0, played.output
    assert "ADD-ON          PRESENT  TARGET   ACTION   WHY" in played.output
    assert asked(simulation) == {"GET projects", "GET addons", "GET addontemplates"}


def test_a_precheck_by_the_upgrade_decides_and_changes_nothing(play, simulation):
    variables = {**wanted(*ONE), **mode("upgrade", "precheck")}
    played = play("huaweicloud.cce.upgrade", variables=variables)
    assert played.code == 0, played.output
    assert "POST precheck" in asked(simulation)
    assert writes(simulation) == []
    assert played.module("cce_addon_gate_info")["open"] is True


@pytest.mark.parametrize("playbook", PLAYBOOKS)
def test_a_misspelt_mode_is_refused(play, simulation, playbook):
    played = play(playbook, variables={**wanted(*ONE), **mode(playbook, "verfy")})
    assert played.code == 2
    assert re.search(rf"{next(iter(mode(playbook, '')))} must be one of:? plan, precheck", played.output)
    assert simulation.requests() == []


@pytest.mark.parametrize("role", ROLES)
def test_a_mode_that_nobody_validates_opens_no_gate(play, simulation, role):
    variables = {**wanted("coredns"), **mode(role.replace("addon_", ""), "verfy")}
    task = {"name": "Check", "ansible.builtin.import_role": {"name": role, "rolespec_validate": False}}
    played = play([task], variables=variables)
    assert played.code == 2, played.output
    assert "NOTHING WAS UPGRADED" in played.output or "value of mode must be one of: upgrade, verify" in played.output


# Verification alone


def test_verification_says_that_the_add_ons_are_verified(play, simulation):
    played = play("huaweicloud.cce.upgrade", variables={**wanted("all"), **mode("upgrade", "verify")})
    assert played.code == 0, played.output
    result = result_of(played)
    assert (result["outcome"], {addon["outcome"] for addon in result["addons"]}) == ("verified", {"verified"})
    assert f"Cluster {CLUSTER}: verified after" in played.output
    assert "WANTED" not in played.output
    assert writes(simulation) == []
    assert len([item for item in simulation.requests() if item["method"] == "POST"]) == 1, "one request checks all"


def test_verification_looks_at_all_add_ons(play, simulation):
    for addon in ("coredns", "nginx-ingress"):
        change(simulation, addon, pods_ready=False)
    played = play("huaweicloud.cce.upgrade", variables={**wanted("all"), **mode("upgrade", "verify")})
    assert played.code == 2, played.output
    result = result_of(played)
    assert result["outcome"] == "failed"
    assert {addon["name"]: addon["outcome"] for addon in result["addons"]} == {
        "coredns": "failed",
        "metrics-server": "verified",
        "nginx-ingress": "failed",
    }
    message = played.failure()
    assert message.startswith(f"NOT VERIFIED: cluster {CLUSTER}. coredns, nginx-ingress must be repaired.")
    assert "coredns: fatal\n  Fatal: AddonStatus" in message
    assert "nginx-ingress: fatal\n  Fatal: AddonStatus" in message
    assert writes(simulation) == []


def test_an_add_on_that_is_not_there_is_not_verified(play, simulation):
    played = play("huaweicloud.cce.upgrade", variables={**wanted("everest", *ONE), **mode("upgrade", "verify")})
    assert played.code == 2
    assert "everest: it is not installed" in played.output


def test_a_report_on_a_verification(play, simulation, tmp_path):
    change(simulation, "coredns", pods_ready=False)
    variables = {**wanted("all"), **mode("upgrade", "verify"), "cce_report": True}
    assert play("huaweicloud.cce.upgrade", variables=variables).code == 2
    text = (tmp_path / "reports" / "addon_report.md").read_text(encoding="utf-8")
    assert "verified" in text
    assert "AddonStatus" in text
