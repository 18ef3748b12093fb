# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The huaweicloud.cce contributors

"""cce_addon_check_info: check results as facts, whatever shape they come in."""

from __future__ import annotations

import itertools

import pytest
from support.plays import CLUSTER
from support.simulation import Simulation

CHECK = {"huaweicloud.cce.cce_addon_check": {"cluster_id": CLUSTER, "addons": ["all"], "wait": True}}
TASKS = r"precheck/tasks$"


def info(name: str = "info", **options: object) -> dict:
    return {"name": name, "huaweicloud.cce.cce_addon_check_info": {"cluster_id": CLUSTER, **options}}


def test_results_are_facts(play):
    show = {"name": "fact", "ansible.builtin.debug": {"var": "cce_addon_check_summary.verdict"}}
    played = play([CHECK, info(), show])
    assert played.code == 0, played.output
    result = played.result("info")
    assert result["changed"] is False
    assert result["ansible_facts"]["cce_addon_checks"] == result["checks"]
    assert result["ansible_facts"]["cce_addon_check_summary"] == result["summary"]
    assert "raw" not in result["ansible_facts"]
    assert {check["addon_template_name"]: check["verdict"] for check in result["checks"]} == {
        "coredns": "fatal",
        "metrics-server": "passed",
        "nginx-ingress": "warning",
    }
    assert result["summary"]["verdict"] == "fatal"
    assert result["raw"]["kind"] == "AddonCheck"
    assert played.result("fact")["cce_addon_check_summary.verdict"] == "fatal"


def test_filters_latest_and_query(play):
    coredns = info("name", addon_template_name="coredns")
    played = play([CHECK, CHECK, coredns, info("latest", latest=True), info("query", query="summary.total")])
    assert len(played.result("name")["checks"]) == 2
    assert played.result("latest")["summary"]["total"] == 3
    assert played.result("query")["query_result"] == 6
    one = played.result("name")["checks"][0]
    filters = {"task_id": one["task_id"], "addon_instance_id": one["addon_instance_id"], "type": "addonUpgrade"}
    played = play([info("all", **filters)])
    assert [check["task_id"] for check in played.result("all")["checks"]] == [one["task_id"]]


def test_wait_waits_and_says_when_it_took_too_long(play):
    start = {"huaweicloud.cce.cce_addon_check": {"cluster_id": CLUSTER, "addons": ["coredns"], "wait": False}}
    with Simulation(time_scale=0.5) as slow:
        played = play([start, info("pending"), info("waited", wait=True)], against=slow)
        assert played.result("pending")["summary"]["verdict"] == "pending"
        assert played.result("waited")["summary"]["verdict"] == "fatal"
        played = play([start, info("late", wait=True, wait_timeout=0.01)], against=slow)
    assert played.code == 2
    assert "raise wait_timeout" in played.result("late")["msg"]
    assert played.result("late")["summary"]["pending"] == 1


def test_no_result_at_all_blocks(play):
    assert play([info()]).result("info")["summary"]["verdict"] == "unknown"


SHAPES = ("single_item", "risks_beside_status", "create_timestamp", "nanoseconds")


def test_every_shape_gives_the_same_result(play, simulation):
    one = {"huaweicloud.cce.cce_addon_check": {"cluster_id": CLUSTER, "addons": ["coredns"]}}
    expected = play([one, info()]).result("info")["checks"]
    shapes = [dict.fromkeys(some, True) for count in range(1, 5) for some in itertools.combinations(SHAPES, count)]
    for shape in shapes:
        simulation.fault("shape", "GET", TASKS, **shape)
    played = play([info(str(number)) for number in range(len(shapes))])
    assert played.code == 0, played.output
    for number, shape in enumerate(shapes):
        checks = played.result(str(number))["checks"]
        for check, wanted in zip(checks, expected):
            assert {**check, "created_at": 0} == {**wanted, "created_at": 0}, shape


@pytest.mark.parametrize(
    "shape", [{"task_status": "Skipped"}, {"risk_level": "Critical"}, {"drop": "status"}, {"null_risks": True}]
)
def test_what_is_not_known_blocks(play, simulation, shape):
    play([{"huaweicloud.cce.cce_addon_check": {"cluster_id": CLUSTER, "addons": ["nginx-ingress"]}}])
    simulation.fault("shape", "GET", TASKS, **shape)
    check = play([info()]).result("info")["checks"][0]
    assert check["verdict"] == "unknown"
    assert check["reason"]


def test_task_ids_hidden_by_the_create_answer_are_found(play, simulation):
    simulation.fault("shape", "POST", "precheck$", items_status=True)
    assert play([{"name": "check", **CHECK}]).result("check")["summary"]["total"] == 3
    simulation.fault("body", "POST", "precheck$", body='{"status": {"phase": "Init"}}', status=201)
    played = play([{"name": "check", **CHECK}])
    assert "shows no check task of" in played.result("check")["msg"], "nothing was created: found out, not assumed"


def test_where_tasks_are_counted_but_not_returned_nothing_is_known(play, simulation):
    play([CHECK])
    simulation.fault("shape", "GET", TASKS, current_count=99)
    result = play([info()]).result("info")
    assert result["summary"]["passed"] == result["summary"]["warning"] == 0
    assert result["summary"]["verdict"] == "fatal", "what is known to be Fatal stays so"
    assert "CCE counts 99 check tasks but returned 3" in result["warnings"][0]


COREDNS = {
    "type": "addonUpgrade",
    "addon_template_name": "coredns",
    "target_version": "1.30.33",
    "max_check_age": 3600,
    "latest": True,
}
INHERIT = {
    "huaweicloud.cce.cce_addon_check": {
        "cluster_id": CLUSTER,
        "addons": [{"name": "coredns", "sync_strategy": "inherit"}],
    }
}
# As the module's documentation has it.
STOP = {
    "name": "stop",
    "ansible.builtin.assert": {"that": "info.summary.verdict in ['passed', 'warning']"},
}


def test_what_was_asked_for_and_is_there_passes(play):
    played = play([INHERIT, {**info(**COREDNS), "register": "info"}, STOP])
    assert played.code == 0, played.output
    [check] = played.result("info")["checks"]
    assert (check["verdict"], check["target_version"]) == ("passed", "1.30.33")
    others = [info(version, target_version=version) for version in ("1.30.6", "", "1.30.33")]
    played = play(others)
    assert [played.result(name)["summary"]["total"] for name in ("1.30.6", "1.30.33")] == [0, 1]


NEVER = "2099-01-01T00:00:00.000000+08:00"


NOT_THERE: tuple[tuple[dict, str], ...] = (
    ({"drop": "metadata.addonTemplateName"}, "it checked the add-on of no name, not coredns"),
    ({"drop": "metadata.type"}, "it is a check of type unknown, not addonUpgrade"),
    ({"drop": "spec"}, "it checked an upgrade to no version, not to 1.30.33"),
    ({"set": {"spec.clusterTargetVersion": "v1.31.1-r4"}}, "an upgrade of the cluster to v1.31.1-r4 made it"),
    ({"drop": "metadata.createTimeStamp"}, "it does not say when it was made"),
    ({"set": {"metadata.createTimeStamp": "2020-01-01T00:00:00Z"}}, "more than 3600 s ago"),
    ({"set": {"metadata.createTimeStamp": NEVER}}, "in the future: the clocks differ"),
    ({"current_count": 2}, "CCE counts 2 check tasks but returned 1"),
    ({"set": {"answer.nextMarker": "x"}}, "the list has further pages (nextMarker)"),
    ({"set": {"answer.errorCode": "CCE.01500001"}}, "an error beside the list of checks (errorCode)"),
    ({"set": {"status.RiskList": [{"riskName": "A", "level": "Fatal", "status": "Failed"}]}}, "something Fatal"),
)


def test_what_was_asked_for_and_is_not_there_is_unknown(play, simulation):
    started = play([{"name": "check", **INHERIT}]).result("check")["checks"][0]
    tasks = []
    for shape, reason in NOT_THERE:
        simulation.fault("shape", "GET", TASKS, **shape)
        tasks += [
            {**info(reason, **COREDNS), "register": "info"},
            {**STOP, "name": f"after {reason}", "register": "so"},
        ]
        tasks[-1]["ignore_errors"] = True
    played = play(tasks)
    assert played.code == 0, played.output
    for _shape, reason in NOT_THERE:
        assert played.result(f"after {reason}")["evaluated_to"] is False, reason
        result = played.result(reason)
        [check] = result["checks"]
        assert check["verdict"] == "unknown"
        assert reason in check["reason"]
        assert result["summary"]["blocking"] == [started["task_id"]]


def test_a_task_without_the_instance_that_was_asked_for_is_unknown(play, simulation):
    started = play([{"name": "check", **INHERIT}]).result("check")["checks"][0]
    simulation.fault("shape", "GET", TASKS, drop="metadata.addonInstanceID")
    result = play([info(addon_instance_id=started["addon_instance_id"])]).result("info")
    assert result["checks"][0]["reason"].startswith("it checked the instance of no name")


def test_a_check_that_was_asked_for_by_its_id_and_does_not_show_is_unknown(play):
    started = play([{"name": "check", **INHERIT}]).result("check")["checks"][0]["task_id"]
    result = play([info(task_ids=[started, "gone"])]).result("info")
    assert [(check["task_id"], check["verdict"]) for check in result["checks"]] == [
        (started, "passed"),
        ("gone", "unknown"),
    ]
    assert result["summary"]["blocking"] == ["gone"]
    assert "CCE does not show this check" in result["summary"]["text"]
