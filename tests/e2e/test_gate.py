# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The huaweicloud.cce contributors

"""The gate: nothing gets past a Fatal risk, and everything that blocks is said at once."""

from __future__ import annotations

import datetime

import pytest
from support.plays import CLUSTER, writes

UPGRADE = "huaweicloud.cce.upgrade"
PRECHECK = "huaweicloud.cce.precheck"
INHERIT = [{"name": "coredns", "sync_strategy": "inherit"}, "all"]


def test_a_fatal_risk_stops_the_play_before_anything_is_changed(play, simulation):
    before = simulation.addons(CLUSTER)
    played = play(UPGRADE)
    assert played.code == 2
    assert writes(simulation) == []
    assert simulation.addons(CLUSTER) == before
    message = played.failure()
    for text in ("NOTHING WAS UPGRADED", "coredns", "AddonValidate", "modified outside", "sync_strategy 'inherit'"):
        assert text in message


def test_all_blocking_add_ons_are_named_at_once(play, simulation):
    simulation.call("POST", f"/instances/{CLUSTER}/metrics-server", {"pods_ready": False})
    simulation.call("POST", f"/instances/{CLUSTER}/nginx-ingress", {"resources_modified": True})
    played = play(UPGRADE)
    message = played.failure()
    assert "3 add-ons must not be upgraded now (coredns, metrics-server, nginx-ingress)" in message
    for risk, remedy in (("AddonValidate", "inherit"), ("AddonStatus", "pods"), ("K8sResourceModified", "kubectl")):
        assert risk in message
        assert remedy in message
    assert writes(simulation) == []


def test_warnings_are_shown_and_pass(play, simulation):
    played = play(UPGRADE, variables={"addon_upgrade_addons": ["nginx-ingress"]})
    assert played.code == 0, played.output
    assert "SnippetAnnotations" in played.output
    assert simulation.addons(CLUSTER)["nginx-ingress"]["version"] == "2.6.4"


def test_warnings_close_the_gate_where_the_user_forbids_them(play, simulation):
    variables = {"addon_upgrade_addons": ["nginx-ingress"], "addon_upgrade_fail_on_warning": True}
    played = play(UPGRADE, variables=variables)
    assert played.code == 2
    assert "nobody accepted SnippetAnnotations" in played.output
    assert writes(simulation) == []


ACCEPTED = {"addon": "nginx-ingress", "risk": "SnippetAnnotations", "reason": "reviewed", "until": "2999-12-31"}


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({}, 0),
        ({"cluster": "7c1d*", "target_version": "2.6.4", "owner": "platform"}, 0),
        ({"until": "2020-01-01"}, 2),
        ({"cluster": "staging-*"}, 2),
        ({"target_version": "2.4.6"}, 2),
        ({"risk": "AddonStatus"}, 2),
    ],
)
def test_an_accepted_warning_counts_for_what_it_names_until_its_end(play, simulation, changes, code):
    variables = {
        "addon_precheck_addons": ["nginx-ingress"],
        "addon_precheck_fail_on_warning": True,
        "addon_precheck_accepted_warnings": [{**ACCEPTED, **changes}],
    }
    played = play(PRECHECK, variables=variables)
    assert played.code == code, played.output
    if changes.get("until"):
        assert "has expired and does not count" in played.output


@pytest.mark.parametrize(("playbook", "prefix"), [(PRECHECK, "addon_precheck"), (UPGRADE, "addon_upgrade")])
def test_a_date_needs_no_quotes(play, playbook, prefix):
    variables = {
        f"{prefix}_addons": ["nginx-ingress"],
        f"{prefix}_fail_on_warning": True,
        f"{prefix}_accepted_warnings": [{**ACCEPTED, "until": datetime.date(2999, 12, 31)}],
    }
    played = play(playbook, variables=variables)
    assert played.code == 0, played.output


@pytest.mark.parametrize(
    ("entry", "text"),
    [
        ({"addon": "coredns", "risk": "AddonValidate", "reason": "x", "until": "2999-01-01"}, "cannot be accepted"),
        ({**ACCEPTED, "reason": ""}, "has no 'reason'"),
        ({**ACCEPTED, "until": ""}, "has no 'until'"),
        ({**ACCEPTED, "risk": "*"}, "must name one risk"),
        ({**ACCEPTED, "level": "Fatal"}, "unknown key level"),
    ],
)
def test_a_policy_that_accepts_too_much_is_an_error(play, simulation, entry, text):
    played = play(UPGRADE, variables={"addon_upgrade_accepted_warnings": [entry]})
    assert played.code == 2
    assert text in played.output
    assert writes(simulation) == []


def test_a_variable_that_is_misspelt_is_refused(play, simulation):
    played = play(PRECHECK, variables={"addon_precheck_fail_on_warnings": True})
    assert played.code == 2
    assert (
        "Unknown variable addon_precheck_fail_on_warnings. Did you mean addon_precheck_fail_on_warning?"
        in played.output
    )
    assert simulation.requests() == []


def test_skip_blocked_upgrades_what_passes_and_still_fails(play, simulation):
    played = play(UPGRADE, variables={"addon_upgrade_skip_blocked": True})
    assert played.code == 2
    addons = simulation.addons(CLUSTER)
    assert {name: addon["version"] for name, addon in addons.items()} == {
        "coredns": "1.28.7",
        "metrics-server": "1.3.90",
        "nginx-ingress": "2.6.4",
    }
    assert "NOT UPGRADED: coredns" in played.output


def test_an_upgrade_keeps_every_setting_and_sets_the_strategy_back(play, simulation):
    played = play(UPGRADE, variables={"addon_upgrade_addons": INHERIT})
    assert played.code == 0, played.output
    addons = simulation.addons(CLUSTER)
    for addon in addons.values():
        assert addon["status"] == "running"
        assert addon["settings_lost"] == []
    custom = addons["coredns"]["values"]["custom"]
    assert custom["stub_domains"] == {"corp.example": ["10.0.0.53"], "lab.example": ["10.9.0.53"]}
    assert custom["parameterSyncStrategy"] == "ensureConsistent"
    assert addons["coredns"]["values"]["flavor"]["replicas"] == 3
    again = play(UPGRADE, variables={"addon_upgrade_addons": INHERIT})
    assert again.code == 0
    assert "changed=0" in again.output


def test_the_check_gets_the_values_of_the_upgrade(play, simulation):
    play(UPGRADE, variables={"addon_upgrade_addons": INHERIT})
    asked = simulation.requests()
    checked = next(
        item
        for item in asked
        if (item["method"], item["path"].rpartition("/")[2]) == ("POST", "precheck")
        and item["body"]["spec"]["addonList"][0]["type"] == "addonUpgrade"
    )
    upgraded = [item["body"]["spec"] for item in asked if item["method"] == "PUT"]
    for add_on in checked["body"]["spec"]["addonList"]:
        sent = next(item for item in upgraded if item["addonTemplateName"] == add_on["addonTemplateName"])
        assert sent["values"] == add_on["values"]
        assert sent["version"] == add_on["targetVersion"]


def test_the_strategy_is_set_back_when_the_upgrade_fails(play, simulation):
    simulation.call("POST", f"/instances/{CLUSTER}/coredns", {"next_upgrade": "upgradeFailed"})
    played = play(UPGRADE, variables={"addon_upgrade_addons": INHERIT})
    assert played.code == 2
    assert "failed: " in played.output
    assert "the pods of the new version do not start" in played.output
    addons = simulation.addons(CLUSTER)
    assert addons["coredns"]["values"]["custom"]["parameterSyncStrategy"] == "ensureConsistent"
    assert addons["metrics-server"]["writes"] == 0, "the first failure stops the rest"


def test_settings_changed_after_the_check_stop_the_upgrade(play, simulation):
    wanted = {"cluster_id": CLUSTER, "addons": ["metrics-server"]}
    ticket = play([{"name": "check", "huaweicloud.cce.cce_addon_check": wanted}]).result("check")["ticket"]
    simulation.call(
        "POST", f"/instances/{CLUSTER}/metrics-server", {"values": {"basic": {}, "custom": {"logLevel": 9}}}
    )
    played = play([{"huaweicloud.cce.cce_addon_upgrade": {"ticket": ticket, "addons": wanted["addons"]}}])
    assert played.code == 2
    assert "checked with other settings" in played.output
    assert writes(simulation) == []


def test_check_mode_writes_nothing_at_all(play, simulation):
    played = play(UPGRADE, "--check", "--diff", variables={"addon_upgrade_addons": ["metrics-server"]})
    assert played.code == 2, "without a result there is nothing to judge, and that blocks"
    play(PRECHECK, variables={"addon_precheck_addons": ["metrics-server"]})
    simulation.call("DELETE", "/requests")
    played = play(UPGRADE, "--check", "--diff", variables={"addon_upgrade_addons": ["metrics-server"]})
    assert played.code == 0, played.output
    assert "with which settings they were made is not known" in played.output
    assert {item["method"] for item in simulation.requests()} == {"GET"}


def test_nothing_to_do_ends_happily_without_a_check(play, simulation):
    variables = {"addon_upgrade_addons": [{"name": "metrics-server", "version": "1.3.6"}]}
    played = play(UPGRADE, variables=variables)
    assert played.code == 0, played.output
    assert not [item for item in simulation.requests() if "precheck" in item["path"]]


@pytest.mark.parametrize(
    ("addons", "text"),
    [
        ([{"name": "coredns", "versoin": "1"}], "unknown key versoin"),
        ([{"name": "coredns", "version": 1.3}], "in quotes"),
        (["coredns", "coredns"], "is there twice"),
        ([{"name": "coredns", "version": "9.9.9"}], "on offer: 1.31.0-beta, 1.30.33, 1.30.6"),
        (["no-such-addon"], "not installed"),
    ],
)
def test_what_cannot_be_wanted_is_said(play, simulation, addons, text):
    played = play(UPGRADE, variables={"addon_upgrade_addons": addons})
    assert played.code == 2
    assert text in played.output
    assert writes(simulation) == []


# A newer check of the same upgrade, which somebody else has made

OURS = {"cluster_id": CLUSTER, "addons": [{"name": "coredns", "sync_strategy": "inherit"}]}
# CCE finds a Fatal risk with the settings that somebody else would send.
THEIRS = {"cluster_id": CLUSTER, "addons": ["coredns"], "on_running": "start"}


def check(name: str, options: dict) -> dict:
    return {"name": name, "huaweicloud.cce.cce_addon_check": options, "register": name}


def judge(name: str) -> dict:
    return {
        "name": name,
        "huaweicloud.cce.cce_addon_gate_info": {"ticket": "{{ ours.ticket }}"},
        "register": name,
    }


UPGRADE_BOUND_TO_IT = {
    "name": "upgrade",
    "huaweicloud.cce.cce_addon_upgrade": {"ticket": "{{ ours.ticket }}", "addons": OURS["addons"]},
}


def test_a_newer_fatal_of_the_same_upgrade_closes_the_gate_and_stops_the_write(play, simulation):
    played = play(
        [check("ours", OURS), judge("decision"), check("theirs", THEIRS), judge("later"), UPGRADE_BOUND_TO_IT]
    )
    assert played.code == 2
    assert played.result("decision")["open"]
    later = played.result("later")
    newer = played.result("theirs")["checks_started"][0]["task_id"]
    assert (later["open"], later["verdict"]) == (False, "fatal")
    assert f"a newer check of the same upgrade ({newer}, made at" in later["decisions"][0]["reason"]
    assert later["decisions"][0]["task_id"] == played.result("ours")["checks_started"][0]["task_id"]
    message = played.result("upgrade")["msg"]
    assert f"a newer check of the same upgrade ({newer}, made at" in message
    assert "AddonValidate" in message
    assert writes(simulation) == [] or all("precheck" in item["path"] for item in writes(simulation))
    assert simulation.addons(CLUSTER)["coredns"]["writes"] == 0
    # Once it is checked anew, what somebody else found before does not count any more.
    played = play([check("ours", OURS), judge("decision"), UPGRADE_BOUND_TO_IT])
    assert played.code == 0, played.output
    assert simulation.addons(CLUSTER)["coredns"]["version"] == "1.30.33"


@pytest.mark.parametrize(
    "shape",
    [
        {"current_count": 9},
        {"set": {"answer.nextMarker": "x"}},
        {"set": {"answer.kind": "Status"}},
        {"set": {"answer.errorCode": "CCE.01500001"}},
        {"set": {"answer.riskList": [{"riskName": "A", "level": "Fatal", "status": "Failed"}]}},
        {"set": {"status.risk_list": [{"riskName": "A", "level": "FATAL", "status": "Failed"}]}},
        {"set": {"metadata.riskItems": [{"riskName": "A", "Level": "Fatal", "status": "Failed"}]}},
        {"set": {"metadata.createTimeStamp": "2099-01-01T00:00:00Z"}},
    ],
    ids=str,
)
def test_an_answer_that_is_not_what_it_seems_closes_the_gate_and_stops_the_write(play, simulation, shape):
    first = [check("ours", OURS), judge("decision")]
    simulation.fault("shape", "GET", "precheck/tasks$", skip=3, times=None, **shape)
    played = play([*first, UPGRADE_BOUND_TO_IT])
    assert played.code == 2
    assert "NOTHING WAS UPGRADED" in played.result("upgrade")["msg"]
    assert simulation.addons(CLUSTER)["coredns"]["writes"] == 0
    simulation.call("DELETE", "/faults")
    simulation.fault("shape", "GET", "precheck/tasks$", times=None, **shape)
    role = {"ansible.builtin.import_role": {"name": "huaweicloud.cce.addon_upgrade"}}
    variables = {"addon_upgrade_cluster_id": CLUSTER, "addon_upgrade_addons": OURS["addons"]}
    played = play([role], variables=variables)
    assert played.code == 2
    assert "NOTHING WAS UPGRADED" in played.output
    assert simulation.addons(CLUSTER)["coredns"]["writes"] == 0
