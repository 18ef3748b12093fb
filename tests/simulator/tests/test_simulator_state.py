# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The huaweicloud.cce contributors

"""What the simulator answers depends on the state of an add-on: what a check finds, and what an upgrade does to it."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest
from support.driving import (
    ANCIENT,
    AUTOPILOT,
    CHECK_SECONDS,
    CHECKS,
    CLUSTER,
    OPERATION_SECONDS,
    PROJECT,
    SCENARIO,
    YOUNG,
    Driver,
    Simulation,
    check_body,
    post_body,
    put_body,
)
from support.simulation import SIMULATOR

DRIFT = {"stub_domains": {"lab.example": ["10.9.0.53"]}}
TASKS = f"{CHECKS}/tasks"


@pytest.fixture(scope="module")
def running() -> Iterator[Simulation]:
    with Simulation(scenario=SCENARIO) as simulation:
        yield simulation


@pytest.fixture
def service(running: Simulation) -> Driver:
    return Driver(running)


def levels(risks: dict[str, dict[str, Any]]) -> dict[str, str]:
    return {name: risk["level"] for name, risk in risks.items()}


# What a check finds


@pytest.mark.parametrize("name", ["coredns", "nginx-ingress", "metrics-server", "node-local-dns"])
@pytest.mark.parametrize("is_upgrade", [False, True], ids=["static", "upgrade"])
def test_nothing_is_found_where_nothing_is_the_matter(service, name, is_upgrade):
    target = service.addon(name)["target_versions"][0] if is_upgrade else None
    assert service.risks(name, target) == {}


@pytest.mark.parametrize("target", [None, "1.3.37"], ids=["static", "upgrade"])
@pytest.mark.parametrize(
    ("changes", "level"),
    [
        ({"pods_ready": False}, "Fatal"),
        ({"pods_ready": "partly"}, "Warning"),
        ({"status": "available"}, "Warning"),
        ({"status": "available", "pods_ready": False}, "Fatal"),
        ({"status": "abnormal"}, "Fatal"),
        ({"status": "upgradeFailed"}, "Fatal"),
    ],
    ids=str,
)
def test_pods_that_are_not_ready_are_found_by_both_kinds_of_checks(service, target, changes, level):
    service.change("metrics-server", **changes)
    found = service.risks("metrics-server", target)
    assert levels(found) == {"AddonStatus": level}
    assert "metrics-server is not ready" in found["AddonStatus"]["message"]


def test_an_upgrade_that_is_under_way_is_found(service):
    service.upgrade("metrics-server", "1.3.37", service.careful_values("metrics-server", "1.3.37"))
    assert levels(service.risks("metrics-server")) == {"AddonStatus": "Fatal"}


@pytest.mark.parametrize(("version", "found"), [("v1.13.10-r0", {}), ("v1.15.0-r0", {"AddonStatus": "Fatal"})])
def test_the_status_of_an_add_on_is_looked_at_from_a_certain_version_of_the_cluster(service, version, found):
    service.simulation.call("POST", f"/clusters/{ANCIENT}", {"version": version})
    service.simulation.call("POST", f"/instances/{ANCIENT}/metrics-server", {"pods_ready": False})
    assert levels(service.risks("metrics-server", cluster=ANCIENT)) == found


@pytest.mark.parametrize(
    ("custom", "level"),
    [
        ({}, "Fatal"),
        ({"parameterSyncStrategy": "ensureConsistent"}, "Fatal"),
        ({"parameterSyncStrategy": "inherit"}, None),
        ({"parameterSyncStrategy": "force"}, None),
    ],
    ids=str,
)
def test_a_drifted_config_map_is_fatal_unless_the_values_say_what_becomes_of_it(service, custom, level):
    service.change("coredns", drift=DRIFT)
    values = service.careful_values("coredns", "1.30.6", custom)
    found = service.risks("coredns", "1.30.6", values=values)
    assert levels(found).get("AddonValidate") == level
    assert ("K8sResourceModified" in found) is (level is not None)
    if level:
        message = found["AddonValidate"]["message"]
        assert all(word in message for word in ("ConfigMap", "parameterSyncStrategy", "inherit", "force"))


def test_a_check_without_values_looks_at_those_of_the_add_on(service):
    service.change("coredns", drift=DRIFT)
    assert "AddonValidate" in service.risks("coredns", "1.30.6")
    values = service.addon("coredns")["values"]
    service.change("coredns", values={**values, "custom": {**values["custom"], "parameterSyncStrategy": "inherit"}})
    assert service.risks("coredns", "1.30.6") == {}


def test_a_drift_is_a_warning_for_a_running_add_on_that_nobody_upgrades(service):
    service.change("coredns", drift=DRIFT)
    assert levels(service.risks("coredns")) == {"K8sResourceModified": "Warning"}


@pytest.mark.parametrize(
    ("name", "custom", "text"),
    [
        ("coredns", {"stub_domains": "none"}, "values.custom.stub_domains must be an object, not a string"),
        ("coredns", {"servers": {}}, "values.custom.servers must be an array, not an object"),
        ("coredns", {"parameterSyncStrategy": "hope"}, "must be one of ensureConsistent, inherit, force, not 'hope'"),
        ("metrics-server", {"logLevel": "4"}, "values.custom.logLevel must be a number, not a string"),
        ("metrics-server", {"logLevel": True}, "values.custom.logLevel must be a number, not a boolean"),
        ("nginx-ingress", {"service": {"annotations": []}}, "values.custom.service.annotations must be an object"),
    ],
    ids=str,
)
def test_values_that_the_upgrade_would_refuse_are_found_by_its_check(service, name, custom, text):
    target = service.addon(name)["target_versions"][0]
    values = service.careful_values(name, target, custom)
    found = service.risks(name, target, values=values)
    assert levels(found) == {"AddonValidate": "Fatal"}
    assert text in found["AddonValidate"]["message"]
    refused = service.upgrade(name, target, values)
    assert (refused.status_code, refused.json()["message"]) == (400, found["AddonValidate"]["message"])


@pytest.mark.parametrize(
    ("values", "text"),
    [
        ({"flavor": {"replicas": 0}}, "values.flavor.replicas must be a number from 1, not 0"),
        ({"flavor": {"replicas": True}}, "values.flavor.replicas must be a number from 1, not True"),
        ({"flavor": []}, "values.flavor must be an object"),
        ({"basic": "x"}, "values.basic must be an object"),
        ({"custom": None}, "values.custom must be an object"),
    ],
    ids=str,
)
def test_parts_of_the_values_that_make_no_sense_are_found(service, values, text):
    found = service.risks("metrics-server", "1.3.37", values=values)
    assert found["AddonValidate"]["message"] == text


def test_a_static_check_does_not_validate_values(service):
    values = service.addon("coredns")["values"]
    service.change("coredns", values={**values, "custom": {"stub_domains": "none"}})
    assert service.risks("coredns") == {}
    assert "AddonValidate" in service.risks("coredns", "1.30.6")


@pytest.mark.parametrize(
    ("name", "target", "found"),
    [
        ("nginx-ingress", None, {"K8sResourceModified": "Fatal"}),
        ("nginx-ingress", "3.0.8", {"K8sResourceModified": "Fatal"}),
        ("coredns", "1.30.6", {"K8sResourceModified": "Fatal"}),
        ("metrics-server", "1.3.37", {}),
    ],
)
def test_resources_changed_with_kubectl_are_found_for_two_add_ons(service, name, target, found):
    service.change(name, resources_modified=True)
    if target == "3.0.8":
        service.change(name, target_versions=["3.0.8"])
    assert levels(service.risks(name, target)) == found


def test_resources_changed_with_kubectl_are_found_from_a_certain_version_of_the_cluster(service):
    for name in ("coredns", "nginx-ingress"):
        service.simulation.call("POST", f"/instances/{YOUNG}/{name}", {"resources_modified": True})
        assert service.risks(name, cluster=YOUNG) == {}
    service.simulation.call("POST", f"/clusters/{YOUNG}", {"version": "v1.19.0-r0"})
    assert levels(service.risks("nginx-ingress", cluster=YOUNG)) == {"K8sResourceModified": "Fatal"}


# nginx-ingress


def crossing(service: Driver, version: str, target: str, **condition: bool) -> None:
    """Let nginx-ingress be of a version that another one can follow."""
    service.change("nginx-ingress", version=version, target_versions=[target], **condition)


@pytest.mark.parametrize(
    ("version", "target", "config", "is_found"),
    [
        ("2.6.4", "3.0.8", {}, True),
        ("2.6.4", "3.0.8", {"ssl-ciphers": "HIGH"}, True),
        ("2.6.4", "3.0.8", {"ssl-ciphers": "@SECLEVEL=0:HIGH"}, False),
        ("2.4.6", "2.6.4", {}, False),
        ("3.0.8", None, {}, False),
    ],
)
def test_a_weak_certificate_stops_the_upgrade_to_a_newer_openssl(service, version, target, config, is_found):
    crossing(service, version, target or "3.0.8", weak_certificate=True)
    values = service.careful_values("nginx-ingress", target, {"config": config}) if target else {}
    more = {"values": values} if target else {}
    found = service.risks("nginx-ingress", target, **more)
    assert levels(found) == ({"CertificateKeyLength": "Fatal"} if is_found else {})
    if target:
        assert service.upgrade("nginx-ingress", target, values).status_code == 200
        service.advance(OPERATION_SECONDS)
        addon = service.addon("nginx-ingress")
        assert (addon["status"], "ee key too small" in addon["message"]) == (
            ("abnormal", True) if is_found else ("running", False)
        )


@pytest.mark.parametrize("target", [None, "2.6.4"], ids=["static", "upgrade"])
def test_a_missing_default_backend_is_found_by_both_kinds_of_checks(service, target):
    crossing(service, "2.4.6", "2.6.4", default_backend_missing=True)
    assert levels(service.risks("nginx-ingress", target)) == {"DefaultBackend": "Fatal"}


@pytest.mark.parametrize(
    ("version", "target", "is_found"),
    [("1.2.1", "2.2.9", True), ("1.2.1", None, False), ("2.2.9", "2.4.6", False), ("2.2.9", None, False)],
)
def test_ingresses_without_a_class_stop_the_upgrade_to_the_second_generation(service, version, target, is_found):
    crossing(service, version, target or "2.6.4", unclassed_ingresses=True)
    assert levels(service.risks("nginx-ingress", target)) == ({"IngressClass": "Fatal"} if is_found else {})


@pytest.mark.parametrize(
    ("version", "target", "config", "is_found"),
    [
        ("2.4.6", None, {}, True),
        ("2.2.9", "2.4.6", {}, True),
        ("2.2.9", None, {}, False),
        ("1.2.1", "2.2.9", {}, False),
        ("2.2.9", "2.4.6", {"allow-snippet-annotations": "true"}, True),
        ("2.2.9", "2.4.6", {"annotations-risk-level": "Critical"}, True),
        ("2.2.9", "2.4.6", {"allow-snippet-annotations": "true", "annotations-risk-level": "Critical"}, False),
    ],
)
def test_snippets_are_a_warning_unless_the_values_allow_them(service, version, target, config, is_found):
    crossing(service, version, target or "2.6.4", snippets=True)
    more = {"values": service.careful_values("nginx-ingress", target, {"config": config})} if target else {}
    assert levels(service.risks("nginx-ingress", target, **more)) == (
        {"SnippetAnnotations": "Warning"} if is_found else {}
    )


def test_risks_with_any_name_can_be_added_for_one_kind_of_check_or_both(service):
    risks = [
        {"name": "Both", "message": "look"},
        {"name": "Static", "type": "addonStatic", "level": "Warning"},
        {"riskName": "Upgrade", "type": "addonUpgrade"},
        {"name": "Fine", "status": "Success"},
    ]
    service.change("metrics-server", risks=risks)
    assert levels(service.risks("metrics-server")) == {"Both": "Fatal", "Static": "Warning"}
    assert levels(service.risks("metrics-server", "1.3.37")) == {"Both": "Fatal", "Upgrade": "Fatal"}


# The tasks themselves


def test_a_check_finds_what_was_there_when_it_began(service):
    service.check("metrics-server")
    service.change("metrics-server", pods_ready=False)
    service.advance(CHECK_SECONDS)
    [task] = service.ask("GET", TASKS).json()["items"]
    assert task["status"]["status"] == "Success"


def test_a_check_can_be_one_of_the_present_version_as_before_an_edit(service):
    values = service.careful_values("metrics-server", "1.3.6", {"logLevel": "high"})
    assert levels(service.risks("metrics-server", "1.3.6", values=values)) == {"AddonValidate": "Fatal"}


def test_old_tasks_are_kept_and_the_newest_is_first(service):
    for pods_ready in (False, True, False):
        service.change("coredns", pods_ready=pods_ready)
        service.check("coredns")
        service.advance(CHECK_SECONDS)
    items = service.ask("GET", TASKS).json()["items"]
    assert [item["status"]["status"] for item in items] == ["Failed", "Success", "Failed"]
    times = [item["metadata"]["createTimeStamp"] for item in items]
    assert times == sorted(times, reverse=True)


def test_one_request_checks_many_add_ons_and_each_has_a_task_id(service):
    names = ["coredns", "nginx-ingress", "metrics-server"]
    entries = [
        {"addonTemplateName": name, "addonInstanceID": service.addon(name)["id"], "type": "addonStatic"}
        for name in names
    ]
    answer = service.ask("POST", CHECKS, check_body(*entries))
    assert answer.status_code == 201
    body = answer.json()
    assert (body["kind"], body["apiVersion"], body["spec"]) == (
        "AddonCheck",
        "v3",
        {"clusterID": CLUSTER, "addonList": entries},
    )
    tasks = body["status"]["items"]
    assert [task["metadata"]["addonTemplateName"] for task in tasks] == names
    assert {task["status"]["status"] for task in tasks} == {"Init"}
    ids = {task["metadata"]["taskID"] for task in tasks}
    assert len(ids) == 3
    assert ids == {item["metadata"]["taskID"] for item in service.ask("GET", TASKS).json()["items"]}


# What an upgrade does with what it was sent


def test_an_upgrade_with_nothing_but_a_version_breaks_the_add_on(service):
    before = service.addon("metrics-server")["values"]
    answer = service.upgrade("metrics-server", "1.3.37")
    assert (answer.status_code, answer.json()["status"]["status"]) == (200, "upgrading")
    service.advance(OPERATION_SECONDS)
    addon = service.addon("metrics-server")
    assert (addon["status"], addon["reason"]) == ("abnormal", "ImagePullBackOff")
    assert (before["custom"]["logLevel"], addon["values"]["custom"]["logLevel"]) == (4, 2), "the template's default"
    assert addon["settings_lost"] == ["custom.logLevel"]
    shown = service.ask("GET", service.path("metrics-server")).json()["status"]
    assert (shown["status"], shown["Reason"], shown["isRollbackable"]) == ("abnormal", "ImagePullBackOff", True)
    assert "1.3.37 cannot be pulled" in shown["message"]


@pytest.mark.parametrize("missing", ["image_version", "swr_addr", "swr_user"])
def test_an_upgrade_without_part_of_the_image_data_breaks_the_add_on(service, missing):
    values = service.careful_values("metrics-server", "1.3.37")
    del values["basic"][missing]
    service.upgrade("metrics-server", "1.3.37", values)
    service.advance(OPERATION_SECONDS)
    assert (service.addon("metrics-server")["status"], service.addon("metrics-server")["reason"]) == (
        "abnormal",
        "ImagePullBackOff",
    )


def test_an_upgrade_without_required_settings_breaks_the_add_on(service):
    values = service.careful_values("node-local-dns", "1.6.7")
    del values["custom"]["clusterDnsIP"]
    service.upgrade("node-local-dns", "1.6.7", values)
    service.advance(OPERATION_SECONDS)
    addon = service.addon("node-local-dns")
    assert (addon["status"], addon["reason"]) == ("abnormal", "CrashLoopBackOff")
    assert addon["message"] == "required settings are empty: clusterDnsIP"
    assert addon["settings_lost"] == ["custom.clusterDnsIP"]


def test_each_part_that_is_left_out_falls_back_to_the_defaults_of_the_target(service):
    values = service.addon("coredns")["values"]
    service.change("coredns", values={**values, "flavor": {**values["flavor"], "replicas": 5}})
    sent = service.careful_values("coredns", "1.30.6")
    del sent["flavor"], sent["custom"]["stub_domains"]
    service.upgrade("coredns", "1.30.6", sent)
    service.advance(OPERATION_SECONDS)
    addon = service.addon("coredns")
    assert addon["status"] == "running", "nothing that pods need is missing"
    assert addon["values"]["flavor"]["replicas"] == 2
    assert addon["values"]["custom"]["stub_domains"] == {}
    assert addon["settings_lost"] == ["custom.stub_domains.corp.example", "flavor.replicas"]


def test_an_edit_with_nothing_but_a_version_breaks_the_add_on_too(service):
    service.upgrade("metrics-server", "1.3.6")
    service.advance(OPERATION_SECONDS)
    addon = service.addon("metrics-server")
    assert (addon["status"], addon["settings_lost"]) == ("abnormal", ["custom.logLevel"])


def test_an_upgrade_with_all_values_keeps_everything(service):
    for name, target in (("coredns", "1.30.6"), ("metrics-server", "1.3.37"), ("node-local-dns", "1.6.7")):
        before = service.addon(name)["values"]["custom"]
        service.upgrade(name, target, service.careful_values(name, target))
        service.advance(OPERATION_SECONDS)
        addon = service.addon(name)
        assert (addon["status"], addon["version"], addon["settings_lost"]) == ("running", target, [])
        assert before.items() <= addon["values"]["custom"].items()


# A ConfigMap that somebody modified by hand


@pytest.mark.parametrize(
    ("strategy", "status", "domains", "drift", "lost"),
    [
        (None, "upgradeFailed", ["corp.example", "lab.example"], DRIFT, []),
        ("ensureConsistent", "upgradeFailed", ["corp.example", "lab.example"], DRIFT, []),
        ("inherit", "running", ["corp.example", "lab.example"], None, []),
        ("force", "running", ["corp.example"], None, ["custom.stub_domains.lab.example"]),
    ],
)
def test_the_strategy_decides_what_becomes_of_a_drift(service, strategy, status, domains, drift, lost):
    service.change("coredns", drift=DRIFT)
    custom = {"parameterSyncStrategy": strategy} if strategy else {}
    service.upgrade("coredns", "1.30.6", service.careful_values("coredns", "1.30.6", custom))
    service.advance(OPERATION_SECONDS)
    addon = service.addon("coredns")
    assert addon["status"] == status
    assert sorted(addon["effective"]["stub_domains"]) == domains
    assert (addon["drift"], addon["settings_lost"]) == (drift, lost)


def test_an_edit_does_not_fail_for_a_drift_that_stays(service):
    service.change("coredns", drift=DRIFT)
    service.upgrade("coredns", "1.28.7", service.careful_values("coredns", "1.28.7"))
    service.advance(OPERATION_SECONDS)
    addon = service.addon("coredns")
    assert (addon["status"], addon["drift"]) == ("running", DRIFT)


# How operations end


@pytest.mark.parametrize(
    ("key", "begin", "ending"),
    [
        ("next_upgrade", "upgrade", "upgradeFailed"),
        ("next_upgrade", "upgrade", "available"),
        ("next_upgrade", "upgrade", "abnormal"),
        ("next_upgrade", "upgrade", "unknown"),
        ("next_edit", "edit", "upgradeFailed"),
        ("next_delete", "delete", "deleteFailed"),
    ],
)
def test_an_operation_ends_as_it_was_told_to_and_the_next_one_well(service, key, begin, ending):
    begins = {
        "upgrade": lambda: service.upgrade("coredns", "1.30.6", service.careful_values("coredns", "1.30.6")),
        "edit": lambda: service.upgrade("coredns", "1.28.7", service.careful_values("coredns", "1.28.7")),
        "delete": lambda: service.ask("DELETE", f"{service.path('coredns')}?cluster_id={CLUSTER}"),
    }
    service.change("coredns", **{key: {"status": ending, "reason": "Fate", "message": "as foretold"}})
    assert begins[begin]().status_code == 200
    service.advance(OPERATION_SECONDS)
    status = service.ask("GET", service.path("coredns")).json()["status"]
    assert (status["status"], status["Reason"], status["message"]) == (ending, "Fate", "as foretold")
    version = service.addon("coredns")["version"]
    service.upgrade("coredns", version, service.careful_values("coredns", version))
    service.advance(OPERATION_SECONDS)
    assert service.addon("coredns")["status"] == "running"


def test_abnormal_can_show_in_the_middle_of_an_upgrade(service):
    service.change("coredns", next_upgrade={"abnormal_seconds": OPERATION_SECONDS / 3})
    service.upgrade("coredns", "1.30.6", service.careful_values("coredns", "1.30.6"))
    seen = []
    for _third in range(4):
        seen.append(service.ask("GET", service.path("coredns")).json()["status"]["status"])
        service.advance(OPERATION_SECONDS / 3 + 1)
    assert seen == ["upgrading", "abnormal", "upgrading", "running"]


def test_an_upgrade_can_leave_something_behind(service):
    service.change("metrics-server", next_upgrade={"then": {"pods_ready": False}})
    service.upgrade("metrics-server", "1.3.37", service.careful_values("metrics-server", "1.3.37"))
    assert service.addon("metrics-server")["condition"] == {}
    service.advance(OPERATION_SECONDS)
    assert service.addon("metrics-server")["status"] == "running"
    assert levels(service.risks("metrics-server")) == {"AddonStatus": "Fatal"}


# Rolling back


def test_a_rollback_brings_back_version_and_values_of_a_broken_add_on(service):
    before = service.addon("metrics-server")["values"]
    service.upgrade("metrics-server", "1.3.37")
    service.advance(OPERATION_SECONDS)
    assert service.addon("metrics-server")["status"] == "abnormal"
    back = f"{service.path('metrics-server')}/operation/rollback"
    assert service.ask("POST", back, {"clusterID": CLUSTER}).status_code == 200
    service.advance(OPERATION_SECONDS)
    addon = service.addon("metrics-server")
    assert (addon["status"], addon["version"], addon["values"]) == ("running", "1.3.6", before)


def test_a_rollback_that_fails_can_be_tried_again(service):
    service.upgrade("coredns", "1.30.6", service.careful_values("coredns", "1.30.6"))
    service.advance(OPERATION_SECONDS)
    service.change("coredns", next_rollback="rollbackFailed")
    back = f"{service.path('coredns')}/operation/rollback"
    for ending in ("rollbackFailed", "running"):
        assert service.ask("GET", service.path("coredns")).json()["status"]["isRollbackable"]
        assert service.ask("POST", back, {"clusterID": CLUSTER}).status_code == 200
        service.advance(OPERATION_SECONDS)
        assert service.addon("coredns")["status"] == ending
    assert service.addon("coredns")["version"] == "1.28.7"


def test_during_an_operation_there_is_no_way_back(service):
    service.upgrade("coredns", "1.30.6", service.careful_values("coredns", "1.30.6"))
    assert service.ask("GET", service.path("coredns")).json()["status"]["isRollbackable"] is False


def test_the_version_before_is_shown(service):
    service.upgrade("coredns", "1.30.6", service.careful_values("coredns", "1.30.6"))
    service.advance(OPERATION_SECONDS)
    service.upgrade("coredns", "1.30.33", service.careful_values("coredns", "1.30.33"))
    service.advance(OPERATION_SECONDS)
    status = service.ask("GET", service.path("coredns")).json()["status"]
    assert (status["previousVersion"], status["isRollbackable"]) == ("1.30.6", True)


# Installing


def test_an_install_without_values_is_listed_and_broken(service):
    answer = service.ask("POST", "/api/v3/addons", post_body("npd", "1.19.8", {}))
    assert answer.status_code == 201
    service.advance(OPERATION_SECONDS)
    addon = service.addon("npd")
    assert (addon["status"], addon["reason"]) == ("abnormal", "ImagePullBackOff")
    assert addon["values"]["flavor"]["replicas"] == 2, "the first flavor of the template"


# Autopilot


def test_the_values_of_autopilot_add_ons_fall_back_too(service):
    path = service.path("coredns", AUTOPILOT).replace("/api/", "/autopilot/")
    answer = service.ask("PUT", path, put_body("coredns", "1.30.6", {}, AUTOPILOT))
    assert (answer.status_code, answer.json()["spec"]["clusterID"]) == (200, AUTOPILOT)
    again = service.ask("PUT", path, put_body("coredns", "1.30.33", {}, AUTOPILOT))
    assert (again.status_code, again.json()["errorCode"]) == (429, "CCE.01429002")
    service.advance(OPERATION_SECONDS)
    shown = service.ask("GET", path).json()
    assert (shown["status"]["status"], shown["status"]["Reason"]) == ("abnormal", "ImagePullBackOff")


def test_autopilot_clusters_are_listed_under_their_own_paths_only(service):
    for prefix, expected in (("/api", False), ("/autopilot", True)):
        answer = service.ask("GET", f"{prefix}/v3/projects/{PROJECT}/clusters")
        assert (AUTOPILOT in {item["metadata"]["uid"] for item in answer.json()["items"]}) is expected
        one = service.ask("GET", f"{prefix}/v3/projects/{PROJECT}/clusters/{AUTOPILOT}")
        assert one.status_code == (200 if expected else 404)


# This machine only


@pytest.mark.parametrize("host", ["0.0.0.0", "192.0.2.1", "::", "example.com", ""])
def test_it_serves_loopback_addresses_only(host):
    command = [sys.executable, str(SIMULATOR), "--host", host]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stdout) == (2, "")
    assert "not a loopback address" in done.stderr


def test_the_metadata_service_is_announced_and_is_on_loopback(service):
    endpoint = service.simulation.listening["metadata_endpoint"]
    assert (urlsplit(endpoint).hostname, endpoint) == ("127.0.0.1", service.endpoint)
    seconds = {"X-Metadata-Token-Ttl-Seconds": "60"}
    token = service.send("PUT", "/meta-data/latest/api/token", None, seconds).text
    answer = service.send("GET", "/openstack/latest/securitykey", None, {"X-Metadata-Token": token})
    assert set(answer.json()["credential"]) == {"access", "secret", "securitytoken", "expires_at"}
