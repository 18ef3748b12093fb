# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The huaweicloud.cce contributors

"""cce_addon_check and cce_addon_plan_info: which cluster, and what a role needs of one task."""

from __future__ import annotations

import importlib
import shutil
import tempfile
from pathlib import Path

import pytest
import yaml
from support.plays import CLUSTER, COLLECTION
from support.simulation import SIMULATOR, Simulation

MODULES = ("cce_addon_check", "cce_addon_plan_info")


def task(module: str, **options: object) -> dict:
    return {"name": "it", f"huaweicloud.cce.{module}": {"addons": ["metrics-server"], **options}}


def changes(simulation) -> list[str]:
    return [item["method"] for item in simulation.requests() if item["method"] != "GET"]


@pytest.mark.parametrize("module", MODULES)
def test_a_cluster_may_be_named(play, module):
    played = play([task(module, cluster_name="production", wait=False)])
    assert played.code == 0, played.output
    assert played.result("it")["cluster_id"] == CLUSTER


@pytest.mark.parametrize("module", MODULES)
@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({}, "Which cluster? Neither cluster_id nor cluster_name is given"),
        ({"cluster_id": "", "cluster_name": ""}, "Which cluster?"),
        ({"cluster_name": "prod"}, "No cluster of project 0a1b2c3d4e5f60718293a4b5c6d7e8f9 has the name prod."),
    ],
)
def test_a_cluster_that_nobody_can_find_is_refused(play, simulation, module, options, message):
    played = play([task(module, **options)])
    assert played.code == 2
    assert message in played.result("it")["msg"]
    assert changes(simulation) == []


@pytest.mark.parametrize("module", MODULES)
def test_an_id_and_a_name_must_be_of_one_cluster(play, simulation, module):
    played = play([task(module, cluster_id=CLUSTER, cluster_name="staging")])
    assert played.code == 2
    message = f"CCE says that the cluster {CLUSTER} is called production, not staging."
    assert message in played.result("it")["msg"]
    assert changes(simulation) == []
    played = play([task(module, cluster_id=CLUSTER, cluster_name="production", wait=False)])
    assert played.code == 0, played.output


def test_a_name_that_two_clusters_share_is_refused(play):
    with Simulation(scenario=SIMULATOR / "scenarios" / "weird.yml") as weird:
        played = play([task("cce_addon_check", cluster_name="twin")], against=weird)
    assert played.code == 2
    assert "have the name twin: 00000000-0000-4000-8000-000000000021, 00000000-0000" in played.result("it")["msg"]


def test_the_rest_is_checked_only_on_demand(play, simulation):
    wanted = {"cluster_id": CLUSTER, "addons": ["metrics-server", {"name": "coredns", "version": "9.9.9"}]}
    refused = play([task("cce_addon_check", **wanted)])
    assert refused.code == 2
    assert "Nothing was checked" in refused.result("it")["msg"]
    assert changes(simulation) == []
    played = play([task("cce_addon_check", **wanted, on_impossible="report", wait=False)])
    assert played.code == 0, played.output
    result = played.result("it")
    assert [(step["name"], step["action"]) for step in result["plan"]] == [
        ("metrics-server", "upgrade"),
        ("coredns", "impossible"),
    ]
    assert [item["name"] for item in result["checks_started"]] == ["metrics-server"]
    assert "9.9.9" in result["text"]


def test_the_settings_are_in_the_plan_and_not_with_the_checks(play):
    """With a thousand clusters, they would fill the memory of the controller."""
    checked, planned = (play([task(module, cluster_id=CLUSTER)]).result("it")["plan"][0] for module in MODULES)
    assert set(planned) - set(checked) == {"values", "offered"}
    assert planned["values_fingerprint"] == checked["values_fingerprint"]


def test_an_operation_under_way_is_awaited_before_the_check(play, simulation):
    simulation.call("POST", "/instances/production/metrics-server", {"seconds": 200})
    upgrade = {
        "huaweicloud.cce.cce_addon": {
            "cluster_id": CLUSTER,
            "addon_template_name": "metrics-server",
            "version": "latest",
            "wait": False,
        }
    }
    assert play([upgrade]).code == 0
    impatient = play([task("cce_addon_check", cluster_id=CLUSTER, busy_timeout=0.5)])
    assert impatient.code == 2
    assert "or raise busy_timeout" in impatient.result("it")["msg"]
    played = play([task("cce_addon_check", cluster_id=CLUSTER, busy_timeout=60)])
    assert played.code == 0, played.output
    result = played.result("it")
    assert [(step["action"], step["from"]) for step in result["plan"]] == [("none", "1.3.90")]
    assert result["checks_started"] == []


def test_checks_in_the_background_end(play):
    """async_status takes a result with a key of its own for that of a job that goes on."""
    # What Ansible starts in the background, it starts without quotes: no space may be in the path.
    folder = tempfile.mkdtemp(prefix="cce-tests-", dir="/tmp")
    places = {"ANSIBLE_REMOTE_TMP": folder, "ANSIBLE_ASYNC_DIR": folder}
    options = {"cluster_id": CLUSTER, "addons": ["metrics-server"]}
    polled = {**task("cce_addon_check", **options), "name": "polled", "async": 40, "poll": 1}
    begun = {**task("cce_addon_check", **options), "name": "begun", "register": "job", "async": 40, "poll": 0}
    asked = {
        "name": "asked",
        "ansible.builtin.async_status": {"jid": "{{ job.ansible_job_id }}"},
        "register": "state",
        "until": "state is finished",
        "retries": 20,
        "delay": 1,
    }
    played = play([polled, begun, asked], environment=places)
    shutil.rmtree(folder)
    assert played.code == 0, played.output
    for name in ("polled", "asked"):
        result = played.result(name)
        assert [item["name"] for item in result["checks_started"]] == ["metrics-server"]
        assert result["summary"]["verdict"] == "passed"


MODULE_FILES = sorted(path.stem for path in Path(COLLECTION, "plugins", "modules").glob("cce_*.py"))


@pytest.mark.parametrize("name", MODULE_FILES)
def test_no_result_has_a_key_by_which_ansible_tells_how_a_job_goes(name):
    module = importlib.import_module(f"ansible_collections.huaweicloud.cce.plugins.modules.{name}")
    returned = set(yaml.safe_load(module.RETURN))
    assert not returned & {"started", "finished", "ansible_job_id", "results_file", "stdout", "stderr", "rc"}


def test_a_create_that_answers_with_checks_that_were_there_before_is_refused(play, simulation):
    """They were given the settings of somebody else."""
    theirs = {"cluster_id": CLUSTER, "addons": [{"name": "coredns", "sync_strategy": "inherit"}]}
    before = play([task("cce_addon_check", **theirs)]).result("it")["checks_started"][0]["task_id"]
    tasks = simulation.call("GET", "/state")["clusters"][CLUSTER]["tasks"]
    known = {"kind": "AddonCheck", "apiVersion": "v3", "status": {"items": tasks}}
    for answer in (known, {**known, "status": {"phase": "Init", "itemsStatus": tasks}}):
        simulation.fault("body", "POST", "precheck$", body=answer, status=201)
        played = play([task("cce_addon_check", cluster_id=CLUSTER, addons=["coredns"], on_running="start")])
        assert played.code == 2
        message = played.result("it")["msg"]
        assert f"with tasks that were there before ({before})" in message
        assert "do not count" in message
        assert "checks" not in played.result("it")


def test_one_task_is_not_the_check_of_an_upgrade_and_of_what_runs(play, simulation):
    checked = {"cluster_id": CLUSTER, "addons": ["metrics-server"], "baseline": True, "on_running": "start"}
    play([task("cce_addon_check", **checked)])
    [static] = [
        item
        for item in simulation.call("GET", "/state")["clusters"][CLUSTER]["tasks"]
        if item["metadata"]["type"] == "addonStatic"
    ]
    static["metadata"].update(taskID="00000000-0000-4000-8000-00000000000a", type=None)
    static["spec"] = {"addonTargetVersion": "1.3.90"}
    answer = {"status": {"items": [static]}}
    simulation.fault("body", "POST", "precheck$", body=answer, status=201, times=2)
    played = play([task("cce_addon_check", **checked)])
    assert played.code == 2
    assert "with tasks that were there before (00000000-0000-4000-8000-00000000000a)" in played.result("it")["msg"]
