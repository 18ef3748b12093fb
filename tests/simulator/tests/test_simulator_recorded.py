# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The huaweicloud.cce contributors

"""What recorded answers have that the API page does not say: each can be switched on, at the start and at run time."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any
from urllib.error import HTTPError

import pytest
from scenario import ScenarioError, read
from support.driving import (
    CHECK_SECONDS,
    CHECKS,
    CLUSTER,
    OPERATION_SECONDS,
    PROJECT,
    SCENARIO,
    Driver,
    check_body,
    post_body,
    put_body,
)
from support.simulation import SIMULATOR, Simulation

SECOND = "nginx-second"
INGRESS = "nginx-ingress"
OPERATOR = ("operator", "password-of-the-simulator", "example-account")


@pytest.fixture(scope="module")
def running() -> Iterator[Simulation]:
    with Simulation(scenario=SCENARIO) as simulation:
        yield simulation


@pytest.fixture
def service(running: Simulation) -> Driver:
    return Driver(running)


class Visitor(Driver):
    """A driver of one of the scenarios that come with the simulator."""

    def token(self) -> str:
        if self._token is None:
            self._token = self.log_in(*OPERATOR).headers["X-Subject-Token"]
        return self._token


@pytest.fixture(scope="module")
def twins_running() -> Iterator[Simulation]:
    with Simulation(scenario=SIMULATOR / "scenarios" / "twins.yml") as simulation:
        yield simulation


@pytest.fixture
def twins(twins_running: Simulation) -> Driver:
    return Visitor(twins_running)


@pytest.fixture(scope="module")
def recorded_running() -> Iterator[Simulation]:
    with Simulation(scenario=SIMULATOR / "scenarios" / "recorded.yml") as simulation:
        yield simulation


@pytest.fixture
def recorded(recorded_running: Simulation) -> Driver:
    return Visitor(recorded_running)


def listed(service: Driver, name: str = "coredns") -> dict[str, Any]:
    """Return an add-on as the list answer has it."""
    items = service.ask("GET", f"/api/v3/addons?cluster_id={CLUSTER}").json()["items"]
    found: dict[str, Any] = next(item for item in items if item["metadata"]["name"] == name)
    return found


def shown(service: Driver, name: str = "coredns") -> dict[str, Any]:
    """Return an add-on as the answer of show has it."""
    found: dict[str, Any] = service.ask("GET", service.path(name)).json()
    return found


def change_cluster(service: Driver, **changes: Any) -> None:
    service.simulation.call("POST", f"/clusters/{CLUSTER}", changes)


def tasks(service: Driver, **shape: Any) -> dict[str, Any]:
    """Return the list of checks, in another shape if one is given."""
    if shape:
        service.simulation.fault("shape", path="precheck/tasks", **shape)
    found: dict[str, Any] = service.ask("GET", f"{CHECKS}/tasks").json()
    return found


def finished_check(service: Driver) -> None:
    assert service.check("coredns", "1.30.6").status_code == 201
    service.advance(CHECK_SECONDS)


# After a rollback


def test_after_a_rollback_the_version_before_is_the_one_that_was_left(service):
    service.upgrade("coredns", "1.30.6", service.careful_values("coredns", "1.30.6"))
    service.advance(OPERATION_SECONDS)
    answer = service.ask("POST", f"{service.path('coredns')}/operation/rollback", {"clusterID": CLUSTER}).json()
    assert (answer["spec"]["version"], answer["status"]["previousVersion"]) == ("1.28.7", "1.30.6")
    assert answer["status"]["isRollbackable"] is False
    service.advance(OPERATION_SECONDS)
    status = shown(service)["status"]
    assert (status["status"], status["previousVersion"], status["isRollbackable"]) == ("running", "1.30.6", False)
    addon = service.addon("coredns")
    assert (addon["previous_version"], addon["previous_values"], addon["rollbackable"]) == ("1.30.6", None, False)
    again = service.ask("POST", f"{service.path('coredns')}/operation/rollback", {"clusterID": CLUSTER})
    assert again.status_code == 400


def test_after_a_rollback_that_failed_the_way_back_is_still_shown(service):
    service.upgrade("coredns", "1.30.6", service.careful_values("coredns", "1.30.6"))
    service.advance(OPERATION_SECONDS)
    service.change("coredns", next_rollback="rollbackFailed")
    service.ask("POST", f"{service.path('coredns')}/operation/rollback", {"clusterID": CLUSTER})
    service.advance(OPERATION_SECONDS)
    status = shown(service)["status"]
    assert (status["status"], status["previousVersion"], status["isRollbackable"]) == ("rollbackFailed", "1.28.7", True)


# What a list or show leaves out


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"drop": ["spec.values", "status.currentVersion"]}, None),
        ({"null": "spec.values"}, None),
        ({"as_list": "spec.values"}, list),
        ({"as_text": "spec.values"}, str),
    ],
    ids=["not told", "null", "a list", "text"],
)
@pytest.mark.parametrize("whose", ["cluster", "add-on"])
def test_a_list_answer_can_tell_less_than_show(service, options, expected, whose):
    if whose == "cluster":
        change_cluster(service, listed=options)
    else:
        service.change("coredns", listed=options)
    values = service.addon("coredns")["values"]
    spec = listed(service)["spec"]
    if expected is None:
        assert spec.get("values") is None
        assert ("values" in spec) is ("null" in options)
    else:
        assert isinstance(spec["values"], expected)
        assert (json.loads(spec["values"]) if expected is str else spec["values"][0]) == values
    assert shown(service)["spec"]["values"] == values
    assert ("values" in listed(service, "metrics-server")["spec"]) is (whose == "add-on" or "drop" not in options)
    change_cluster(service, listed={})
    service.change("coredns", listed={})
    assert listed(service)["spec"]["values"] == values


def test_neither_list_nor_show_may_tell_nor_the_answer_to_a_write(service):
    service.change("coredns", listed={"drop": "spec.values"}, shown={"drop": ["spec.values", "status.currentVersion"]})
    answer = service.upgrade("coredns", "1.30.6", service.careful_values("coredns", "1.30.6"))
    for spec in (answer.json()["spec"], listed(service)["spec"], shown(service)["spec"]):
        assert "values" not in spec
    assert service.addon("coredns")["settings_lost"] == []


def test_a_part_of_the_values_can_be_text(service):
    service.change("coredns", listed={"as_text": "spec.values.custom"})
    custom = listed(service)["spec"]["values"]["custom"]
    assert json.loads(custom) == service.addon("coredns")["values"]["custom"]


def test_what_is_not_there_is_not_made_text_or_a_list(service):
    change_cluster(service, listed={"as_text": "spec.nothing", "as_list": "nowhere.nothing"})
    assert "nothing" not in listed(service)["spec"]


def test_a_shape_follows_reads_that_lag_behind(service):
    service.change("coredns", stale_seconds=100, listed={"drop": "spec.values"})
    service.upgrade("coredns", "1.30.6", service.careful_values("coredns", "1.30.6"))
    assert (listed(service)["spec"]["version"], "values" in listed(service)["spec"]) == ("1.28.7", False)


def test_target_versions_can_be_null_and_still_count(service):
    service.change("coredns", target_versions=None)
    assert shown(service)["status"]["targetVersions"] is None
    assert service.addon("coredns")["target_versions"] == ["1.30.6", "1.30.33", "1.31.0-beta"]
    assert service.upgrade("coredns", "1.30.6").status_code == 200


@pytest.mark.parametrize("route", [f"/clusters/{CLUSTER}", f"/instances/{CLUSTER}/coredns"])
@pytest.mark.parametrize(
    "wrong", [{"listed": {"dorp": "spec"}}, {"shown": {"drop": 7}}, {"listed": "all"}, {"shown": {"fatal_at": ""}}]
)
def test_a_shape_that_is_not_understood_is_refused(service, route, wrong):
    with pytest.raises(HTTPError, match="400"):
        service.simulation.call("POST", route, wrong)


# Reasons and settings of the service's own


def test_reasons_are_filled_where_all_is_well(service):
    service.change("coredns", reasons=True, reason="Install complete")
    assert shown(service)["status"]["Reason"] == "Install complete"
    service.upgrade("coredns", "1.30.6", service.careful_values("coredns", "1.30.6"))
    for expected in ("upgrading", "running"):
        status = shown(service)["status"]
        assert (status["status"], status["Reason"]) == (expected, "addon upgrading")
        service.advance(OPERATION_SECONDS)
    service.ask("POST", f"{service.path('coredns')}/operation/rollback", {"clusterID": CLUSTER})
    service.advance(OPERATION_SECONDS)
    status = shown(service)["status"]
    assert (status["status"], status["Reason"]) == ("running", "Rollback to 3")


def test_a_reason_of_a_failure_is_that_of_the_failure(service):
    service.change("coredns", reasons=True, next_upgrade="upgradeFailed")
    service.upgrade("coredns", "1.30.6", service.careful_values("coredns", "1.30.6"))
    service.advance(OPERATION_SECONDS)
    assert shown(service)["status"]["Reason"] == "OperationFailed"


def test_settings_of_the_services_own_are_written_anew_and_others_are_lost_if_they_are_not_sent(service):
    service.change("metrics-server", system_values=True)
    before = service.addon("metrics-server")["values"]
    service.change("metrics-server", values={**before, "multiAZPreferred": True, "tolerations": [{"key": "a"}]})
    change_cluster(service, version="v1.28.13-r0")
    values = service.careful_values("metrics-server", "1.3.37")
    service.upgrade("metrics-server", "1.3.37", values)
    addon = service.addon("metrics-server")
    assert addon["settings_lost"] == ["multiAZPreferred", "tolerations"]
    inject = addon["values"]["systemAutoInject"]
    assert inject["cluster"]["clusterVersion"] == "v1.28.13-r0"
    assert (inject["cluster"]["clusterID"], inject["user"]) == (CLUSTER, {"projectID": PROJECT})


# Several instances of a template


def test_twins_have_names_ids_versions_and_values_of_their_own(twins):
    first, second = listed(twins, INGRESS), listed(twins, SECOND)
    assert [item["metadata"]["alias"] for item in (first, second)] == [INGRESS, SECOND]
    assert [item["spec"]["addonTemplateName"] for item in (first, second)] == [INGRESS, INGRESS]
    assert first["metadata"]["uid"] != second["metadata"]["uid"]
    assert [item["spec"]["version"] for item in (first, second)] == ["2.2.9", "2.4.6"]
    assert [item["spec"]["values"]["flavor"]["replicas"] for item in (first, second)] == [3, 2]
    assert twins.addon(SECOND)["template"] == INGRESS
    [template] = twins.ask("GET", f"/api/v3/addontemplates?addon_template_name={INGRESS}").json()["items"]
    assert template["metadata"]["maxInstanceNum"] == 3


def test_twins_are_checked_one_by_one(twins):
    kind = {"addonTemplateName": INGRESS, "type": "addonUpgrade", "targetVersion": "2.6.4"}
    entries = [{**kind, "addonInstanceID": twins.addon(name)["id"]} for name in (INGRESS, SECOND)]
    assert twins.ask("POST", CHECKS, check_body(*entries)).status_code == 201
    twins.advance(60)
    found = {task["metadata"]["addonInstanceName"]: task for task in tasks(twins)["items"]}
    assert {name: task["status"]["status"] for name, task in found.items()} == {INGRESS: "Success", SECOND: "Failed"}
    one = twins.ask("GET", f"{CHECKS}/tasks?addon_instance_id={entries[1]['addonInstanceID']}").json()["items"]
    assert one == [found[SECOND]]


def test_twins_are_written_one_by_one_and_do_not_lock_each_other(twins):
    before = twins.addon(INGRESS)
    values = twins.addon(SECOND)["values"]
    for name in (SECOND, INGRESS):
        answer = twins.ask("PUT", twins.path(name), put_body(INGRESS, "2.6.4", values))
        assert answer.status_code == 200
        if name == SECOND:
            assert twins.addon(INGRESS) == before
    assert twins.ask("PUT", twins.path(SECOND), put_body(INGRESS, "2.6.4", values)).status_code == 429
    twins.advance(60)
    assert [twins.addon(name)["version"] for name in (INGRESS, SECOND)] == ["2.6.4", "2.6.4"]


def test_as_many_instances_can_be_installed_as_the_template_allows(twins):
    body = post_body(INGRESS, "2.6.4", {})
    assert twins.ask("POST", "/api/v3/addons", body).status_code == 409, "the name is that of the first"
    body["metadata"]["name"] = "nginx-third"
    answer = twins.ask("POST", "/api/v3/addons", body)
    assert (answer.status_code, answer.json()["metadata"]["name"]) == (201, "nginx-third")
    body["metadata"]["name"] = "nginx-fourth"
    assert twins.ask("POST", "/api/v3/addons", body).status_code == 409, "there are three"
    dns = post_body("coredns", "1.28.7", {})
    dns["metadata"]["name"] = "coredns-second"
    assert twins.ask("POST", "/api/v3/addons", dns).status_code == 409, "a template that does not tell allows one"


def test_the_simulators_own_endpoints_know_twins_by_name_and_id(twins):
    second = twins.addon(SECOND)
    for name in (SECOND, second["id"]):
        assert twins.simulation.call("GET", f"/instances/{CLUSTER}/{name}") == second
    twins.simulation.call("DELETE", f"/instances/{CLUSTER}/{SECOND}")
    assert sorted(twins.simulation.addons(CLUSTER)) == ["coredns", INGRESS]


def cluster_of(*addons: dict[str, Any], **scenario: Any) -> dict[str, Any]:
    project = {"id": "p", "name": "ap-southeast-1", "clusters": [{"name": "c", "addons": list(addons)}]}
    account = {"domain_name": "d", "access_key": "a", "secret_key": "s", "username": "u", "password": "p"}
    return {"accounts": [{**account, "projects": [project]}], **scenario}


@pytest.mark.parametrize(
    ("addons", "scenario", "complaint"),
    [
        ([{"template": INGRESS}, {"template": INGRESS}], {"max_instances": {INGRESS: 2}}, "nginx-ingress twice"),
        ([{"template": INGRESS}, {"template": INGRESS, "name": SECOND}], {}, "max_instances"),
        ([], {"max_instances": {"nowhere": 2}}, "no template nowhere"),
        ([], {"max_instances": {INGRESS: 0}}, "a number from 1"),
        ([], {"max_instances": 2}, "must be a dictionary"),
        ([], {"listed": {"drop": 7}}, "listed: drop"),
        ([], {"shape": {"next_marker": 7}}, "shape: next_marker"),
        ([], {"reasons": "yes"}, "reasons must be true or false"),
        ([{"template": INGRESS, "checks": [{"type": "addonUpgrade"}]}], {}, "targetVersion"),
    ],
)
def test_a_scenario_that_cannot_be_is_refused(addons, scenario, complaint):
    with pytest.raises(ScenarioError, match=complaint):
        read(cluster_of(*addons, **scenario))


# Clusters


@pytest.mark.parametrize(
    ("endpoints", "expected"),
    [
        ("urls", [{"url": "https://192.0.2.10:5443", "type": "Internal"}]),
        ("pairs", [{"Internal": "https://192.0.2.10:5443"}]),
        ("object", {"Internal": "https://192.0.2.10:5443", "External": "https://198.51.100.10:5443"}),
        ("lower_case", {"internal": "https://192.0.2.10:5443", "external": "https://198.51.100.10:5443"}),
        (
            "bare",
            {
                "Internal": "192.0.2.10:5443",
                "External": "198.51.100.10:5443",
                "external_otc": "198.51.100.10:5443",
            },
        ),
        (None, None),
        ({"Internal": 7}, {"Internal": 7}),
    ],
)
def test_endpoints_have_the_form_that_is_asked_for(service, endpoints, expected):
    change_cluster(service, endpoints=endpoints)
    answer = service.ask("GET", f"/api/v3/projects/{PROJECT}/clusters/{CLUSTER}").json()
    assert answer["status"]["endpoints"] == expected


def test_endpoints_in_a_form_that_nobody_knows_are_refused(service):
    with pytest.raises(HTTPError, match="400"):
        change_cluster(service, endpoints="upper_case")


def test_a_cluster_that_hibernates_is_read_and_not_written(service):
    change_cluster(service, phase="Hibernation")
    assert listed(service)["spec"]["version"] == "1.28.7"
    refused = service.upgrade("coredns", "1.30.6")
    assert (refused.status_code, "Hibernation" in refused.json()["message"]) == (400, True)
    assert service.check("coredns", "1.30.6").status_code == 400


# Checks


def test_an_upgrade_of_the_cluster_leaves_tasks_in_the_same_list(service):
    service.change(
        "coredns",
        checks=[
            {"type": "addonUpgrade", "cluster_target_version": "v1.31.1-r4"},
            {"type": "addonUpgrade", "target_version": "1.32.1", "cluster_target_version": "v1.31.1-r4"},
            {"type": "addonUpgrade", "target_version": "1.30.6"},
        ],
    )
    assert [task["spec"] for task in tasks(service)["items"]] == [
        {"addonTargetVersion": "1.30.6"},
        {"addonTargetVersion": "1.32.1", "clusterTargetVersion": "v1.31.1-r4"},
        {"clusterTargetVersion": "v1.31.1-r4"},
    ]


def test_a_client_cannot_make_a_task_of_an_upgrade_of_the_cluster(service):
    refused = service.check("coredns", None, type="addonUpgrade", clusterTargetVersion="v1.31.1-r4")
    assert refused.status_code == 400


def test_a_check_of_somebody_else_that_makes_no_sense_is_refused(service):
    with pytest.raises(HTTPError, match="400"):
        service.change("coredns", checks=[{"type": "addonUpgrade", "target_version": "9.9.9"}])


@pytest.mark.parametrize("path", ["status.RiskList", "risks", "metadata.riskItems", "spec.risk_list"])
def test_risks_can_be_at_another_place(service, path):
    service.change("coredns", pods_ready=False)
    finished_check(service)
    [task] = tasks(service, risks_at=path)["items"]
    assert "riskList" not in task["status"]
    *way, last = path.split(".")
    place = task[way[0]] if way else task
    assert [risk["level"] for risk in place[last] if risk["status"] == "Failed"] == ["Fatal"]
    assert task["status"]["status"] == "Failed"


@pytest.mark.parametrize("path", ["metadata.risks", "status.detail.risks", "answer.risks", "answer.riskList"])
def test_something_fatal_can_be_at_a_place_that_no_document_names(service, path):
    finished_check(service)
    answer = tasks(service, fatal_at=path)
    [task] = answer["items"]
    place: Any = answer if path.startswith("answer.") else task
    for key in path.removeprefix("answer.").split("."):
        place = place[key]
    assert [(risk["level"], risk["status"]) for risk in place] == [("Fatal", "Failed")]
    assert task["status"]["status"] == "Success"
    assert {risk["status"] for risk in task["status"]["riskList"]} == {"Success"}


def test_something_fatal_does_not_get_into_other_answers(service):
    service.simulation.fault("shape", fatal_at="status.risks", next_marker="page-2")
    assert "risks" not in listed(service)["status"]


def test_a_list_can_say_that_there_is_more_or_that_it_failed(service):
    finished_check(service)
    answer = tasks(service, next_marker="page-2", error_beside="CCE.01500001")
    assert answer["pageInfo"] == {"currentCount": 1, "nextMarker": "page-2"}
    assert (answer["errorCode"], len(answer["items"])) == ("CCE.01500001", 1)


# A colleague


def test_a_colleague_upgrades_in_the_console_with_all_settings_kept_and_no_client_has_asked(service):
    asked = len(service.simulation.requests())
    service.change("metrics-server", console={"version": "1.3.37", "custom": {"logLevel": 7}})
    addon = service.addon("metrics-server")
    assert (addon["status"], addon["version"], addon["settings_lost"]) == ("upgrading", "1.3.37", ["custom.logLevel"])
    assert addon["values"]["custom"]["logLevel"] == 7
    assert (addon["values"]["basic"]["image_version"], addon["writes"]) == ("1.3.37", 1)
    service.advance(OPERATION_SECONDS)
    addon = service.addon("metrics-server")
    assert (addon["status"], addon["previous_version"], addon["rollbackable"]) == ("running", "1.3.6", True)
    assert len(service.simulation.requests()) == asked
    service.change("metrics-server", console={"custom": {"logLevel": 3}})
    assert service.addon("metrics-server")["version"] == "1.3.37", "an edit"


@pytest.mark.parametrize(
    "console", [{"version": "9.9.9"}, {"version": "1.3.5"}, {"target": "1.3.37"}, {"ends": "soon"}, 7]
)
def test_what_cannot_be_done_in_the_console_is_refused(service, console):
    with pytest.raises(HTTPError, match="400"):
        service.change("metrics-server", console=console)


def test_an_upgrade_in_the_console_ends_as_it_was_told_to_and_that_of_the_client_as_that_was_told_to(service):
    service.change("metrics-server", next_upgrade="available", console={"version": "1.3.37", "ends": "upgradeFailed"})
    service.advance(OPERATION_SECONDS)
    assert service.addon("metrics-server")["status"] == "upgradeFailed"
    service.upgrade("metrics-server", "1.3.90", service.careful_values("metrics-server", "1.3.90"))
    service.advance(OPERATION_SECONDS)
    assert service.addon("metrics-server")["status"] == "available"


def test_a_colleague_is_locked_out_while_a_write_is_under_way_and_locks_others_out(service):
    service.change("metrics-server", console={"version": "1.3.37"})
    assert service.upgrade("metrics-server", "1.3.90").status_code == 429
    with pytest.raises(HTTPError, match="400"):
        service.change("metrics-server", console={"version": "1.3.90"})


# Errors


@pytest.mark.parametrize(
    ("shape", "expected"),
    [
        ("flat", {"code": "SVCSTG.CCE-ADDONMGR.500", "message": "internal error"}),
        ("nested", {"error": {"message": "internal error", "code": "SVCSTG.CCE-ADDONMGR.5000002"}}),
    ],
)
def test_errors_have_the_shapes_that_were_recorded(service, shape, expected):
    service.simulation.fault("status", path="/addons/", status=500, shape=shape, message="internal error")
    assert service.ask("GET", service.path("coredns")).json() == expected


# All at once


def test_the_recorded_scenario_tells_in_show_what_its_list_does_not(recorded):
    for name, addon in recorded.simulation.addons(CLUSTER).items():
        brief, whole = listed(recorded, name), shown(recorded, name)
        assert "values" not in brief["spec"]
        assert "currentVersion" not in brief["status"]
        assert brief["status"]["targetVersions"] is None
        assert whole["spec"]["values"] == addon["values"]
        assert {"systemAutoInject", "multiAZPreferred", "multiAZRequired", "tolerations"} <= set(addon["values"])
        assert whole["status"]["currentVersion"]["supportVersions"] is None
        assert (whole["status"]["status"], bool(whole["status"]["Reason"])) == ("running", True)


def test_the_recorded_scenario_has_an_addon_that_was_rolled_back(recorded):
    status = shown(recorded, "metrics-server")["status"]
    assert (status["previousVersion"], status["isRollbackable"]) == ("1.3.37", False)


def test_the_recorded_scenario_has_flavors_of_today(recorded):
    values = recorded.addon("cie-collector")["values"]
    assert set(values["flavor"]) == {"category", "description", "name", "resources", "size"}
    parameters = recorded.version("cie-collector", "1.30.62001")["input"]["parameters"]
    assert (parameters["common"], parameters["flavor1"]["replicas"]) == ({"region": "example"}, 2)


def test_each_addon_of_the_recorded_scenario_can_be_upgraded_without_a_loss(recorded):
    targets = {"coredns": "1.30.33", INGRESS: "2.6.4", SECOND: "2.6.4", "metrics-server": "1.3.90"}
    targets["cie-collector"] = "1.30.62002"
    for name, target in targets.items():
        whole = shown(recorded, name)
        template = whole["spec"]["addonTemplateName"]
        offered = recorded.version(template, target)["input"]
        custom = {**offered["parameters"]["custom"], **whole["spec"]["values"]["custom"]}
        values = {**whole["spec"]["values"], "basic": offered["basic"], "custom": custom}
        assert recorded.ask("PUT", recorded.path(name), put_body(template, target, values)).status_code == 200
    recorded.advance(60)
    for name, addon in recorded.simulation.addons(CLUSTER).items():
        assert (addon["version"], addon["status"], addon["settings_lost"]) == (targets[name], "running", [])


def test_the_recorded_scenario_has_a_cluster_that_tells_nothing_and_one_that_hibernates(recorded):
    state = recorded.simulation.call("GET", "/state")["clusters"]
    clusters = {cluster["name"]: (uid, cluster) for uid, cluster in state.items()}
    uid, silent = clusters["silent"]
    assert "values" not in recorded.ask("GET", f"/api/v3/addons/{silent['addons']['coredns']['id']}").json()["spec"]
    assert clusters["asleep"][1]["phase"] == "Hibernation"
    assert sorted(clusters) == ["asleep", "production", "silent"]
    assert (
        recorded.ask("GET", f"/api/v3/addons?cluster_id={uid}").json()["items"][0]["spec"].keys() & {"values"} == set()
    )
