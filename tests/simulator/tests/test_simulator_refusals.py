# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The huaweicloud.cce contributors

"""What the simulator refuses, in whose shape and with which code, and that nothing has happened then."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import requests
from support.driving import (
    ASLEEP,
    AUTOPILOT,
    CHECKS,
    CLUSTER,
    JSON,
    NOBODY,
    OPERATION_SECONDS,
    OTHER_PROJECT,
    PROJECT,
    READ_ONLY,
    SCENARIO,
    THEIRS,
    YOUNG,
    Driver,
    Simulation,
    check_body,
    checks_of,
    post_body,
    put_body,
)

ADDONS = "/api/v3/addons"
IN_CLUSTER = f"{ADDONS}?cluster_id={CLUSTER}"
CLUSTERS = f"/api/v3/projects/{PROJECT}/clusters"
BASIC = {"basic": {"image_version": "x", "swr_addr": "x", "swr_user": "x"}}

Request = Callable[[Driver], requests.Response]


@pytest.fixture(scope="module")
def running() -> Iterator[Simulation]:
    with Simulation(scenario=SCENARIO) as simulation:
        yield simulation


@pytest.fixture
def service(running: Simulation) -> Driver:
    return Driver(running)


def asking(method: str, path: str, body: Any = None) -> Request:
    return lambda service: service.ask(method, path, body)


def installing(name: str = "npd", version: str | None = None, cluster: str = CLUSTER, **values: Any) -> Request:
    return lambda service: service.ask("POST", ADDONS, post_body(name, version, values, cluster))


def upgrading(name: str, version: str | None, values: Any = None, cluster: str = CLUSTER) -> Request:
    body = put_body(name, version, BASIC if values is None else values, cluster)
    return lambda service: service.ask("PUT", service.path(name, cluster), body)


def upgrading_with(**changes: Any) -> Request:
    return lambda service: service.ask(
        "PUT", service.path("coredns"), {**put_body("coredns", "1.30.6", BASIC), **changes}
    )


def rolling_back(body: Any) -> Request:
    return lambda service: service.ask("POST", f"{service.path('coredns')}/operation/rollback", body)


def checking(name: str = "coredns", cluster: str = CLUSTER, **entry: Any) -> Request:
    def request(service: Driver) -> requests.Response:
        sound = {
            "addonTemplateName": name,
            "addonInstanceID": service.addon(name, cluster)["id"],
            "type": "addonStatic",
        }
        changed = {key: value for key, value in {**sound, **entry}.items() if value is not None}
        return service.ask("POST", checks_of(cluster), check_body(changed, cluster=cluster))

    return request


def checking_with(**spec: Any) -> Request:
    def request(service: Driver) -> requests.Response:
        entry = {
            "addonTemplateName": "coredns",
            "addonInstanceID": service.addon("coredns")["id"],
            "type": "addonStatic",
        }
        body = check_body(entry)
        body["spec"] = {key: value for key, value in {**body["spec"], **spec}.items() if value is not None}
        return service.ask("POST", CHECKS, body)

    return request


def of_project(project: str) -> Request:
    return lambda service: service.send(
        "GET", IN_CLUSTER, None, {**JSON, "X-Auth-Token": service.token(), "X-Project-Id": project}
    )


def read_only(service: Driver) -> requests.Response:
    path, data = service.path("coredns"), b"{}"
    return service.send("PUT", path, data, service.signed("PUT", path, data, key=READ_ONLY))


UPGRADE = {"type": "addonUpgrade", "targetVersion": "1.30.6"}
CCE, MANAGER, GATEWAY, POLICY = "CCE", "add-on manager", "API gateway", "policy"

REFUSED: list[tuple[str, Request, int, str, str]] = [
    # What is not there
    ("list, no cluster", asking("GET", ADDONS), 400, "CCE.01400001", CCE),
    ("list, empty cluster", asking("GET", f"{ADDONS}?cluster_id="), 400, "CCE.01400001", CCE),
    ("list, unknown cluster", asking("GET", f"{ADDONS}?cluster_id={NOBODY}"), 404, "CCE.01404001", CCE),
    ("show cluster, unknown", asking("GET", f"{CLUSTERS}/{NOBODY}"), 404, "CCE.01404001", CCE),
    ("list checks, unknown cluster", asking("GET", f"{checks_of(NOBODY)}/tasks"), 404, "CCE.01404001", CCE),
    ("check, unknown cluster", asking("POST", checks_of(NOBODY), check_body()), 404, "CCE.01404001", CCE),
    ("show, unknown instance", asking("GET", f"{ADDONS}/{NOBODY}?cluster_id={CLUSTER}"), 404, "CCE.03404001", MANAGER),
    ("show, unknown instance, no cluster", asking("GET", f"{ADDONS}/{NOBODY}"), 404, "CCE.03404001", MANAGER),
    ("show, instance of another cluster",
     lambda service: service.ask("GET", f"{service.path('coredns')}?cluster_id={YOUNG}"), 404, "CCE.03404001", MANAGER),
    ("delete, unknown instance",
     asking("DELETE", f"{ADDONS}/{NOBODY}?cluster_id={CLUSTER}"), 404, "CCE.03404001", MANAGER),
    ("upgrade, unknown instance",
     asking("PUT", f"{ADDONS}/{NOBODY}", put_body("coredns", "1.30.6", {})), 404, "CCE.03404001", MANAGER),
    ("roll back, unknown instance",
     asking("POST", f"{ADDONS}/{NOBODY}/operation/rollback", {"clusterID": CLUSTER}), 404, "CCE.03404001", MANAGER),
    ("install, unknown template", installing("none"), 404, "CCE.03404001", MANAGER),
    ("install, unknown cluster", installing(cluster=NOBODY), 404, "CCE.01404001", CCE),
    ("no such operation", asking("GET", "/api/v3/none"), 404, "APIG.0101", GATEWAY),
    ("no such method", asking("PATCH", ADDONS), 405, "APIG.0106", GATEWAY),
    ("body too large", asking("POST", ADDONS, b"x" * 5_000_000), 413, "APIG.0201", GATEWAY),
    # What belongs to somebody else
    ("cluster of somebody else", asking("GET", f"{ADDONS}?cluster_id={THEIRS}"), 403, "CCE.01403001", CCE),
    ("project of somebody else",
     asking("GET", f"/api/v3/projects/{OTHER_PROJECT}/clusters"), 403, "CCE.01403001", CCE),
    ("X-Project-Id of somebody else", of_project(OTHER_PROJECT), 403, "CCE.01403001", CCE),
    ("write with a read-only key", read_only, 403, "CCE.01403001", POLICY),
    # Installing
    ("install, there already", installing("coredns"), 409, "CCE.03409001", MANAGER),
    ("install, no such version", installing(version="9.9.9"), 400, "CCE.03400001", MANAGER),
    ("install, not for the cluster",
     installing("autoscaler", "1.29.17", cluster=YOUNG), 400, "CCE.03400001", MANAGER),
    ("install, nothing for the cluster", installing("autoscaler", cluster=YOUNG), 400, "CCE.03400001", MANAGER),
    ("install, wrong values", installing(flavor={"replicas": 0}), 400, "CCE.03400001", MANAGER),
    ("install, wrong annotation",
     asking("POST", ADDONS, put_body("npd", None, {})), 400, "CCE.03400001", MANAGER),
    ("install, cluster asleep", installing(cluster=ASLEEP), 400, "CCE.03400001", MANAGER),
    # Upgrading
    ("upgrade, no version", upgrading("coredns", None), 400, "CCE.03400001", MANAGER),
    ("upgrade, no such version", upgrading("coredns", "9.9.9"), 400, "CCE.03400001", MANAGER),
    ("upgrade, an older version", upgrading("coredns", "1.25.1"), 400, "CCE.03400001", MANAGER),
    ("upgrade, not for the cluster", upgrading("coredns", "1.32.1"), 400, "CCE.03400001", MANAGER),
    ("upgrade, wrong type of a value",
     upgrading("coredns", "1.30.6", {**BASIC, "custom": {"stub_domains": "x"}}), 400, "CCE.03400001", MANAGER),
    ("upgrade, values no object", upgrading("coredns", "1.30.6", ["x"]), 400, "CCE.03400001", MANAGER),
    ("upgrade, of another template",
     upgrading_with(spec=put_body("npd", "1.19.8", {})["spec"]), 400, "CCE.03400001", MANAGER),
    ("upgrade, no annotation", upgrading_with(metadata={}), 400, "CCE.03400001", MANAGER),
    ("upgrade, no cluster",
     upgrading_with(spec={"version": "1.30.6", "addonTemplateName": "coredns"}), 400, "CCE.03400001", MANAGER),
    ("upgrade, no template",
     upgrading_with(spec={"version": "1.30.6", "clusterID": CLUSTER}), 400, "CCE.03400001", MANAGER),
    ("upgrade, another kind", upgrading_with(kind="Cluster"), 400, "CCE.03400001", MANAGER),
    ("upgrade, another version of the API", upgrading_with(apiVersion="v1"), 400, "CCE.03400001", MANAGER),
    ("upgrade, cluster asleep", upgrading("metrics-server", "1.3.37", cluster=ASLEEP), 400, "CCE.03400001", MANAGER),
    ("upgrade, no JSON", asking("PUT", f"{ADDONS}/{NOBODY}", b"{"), 400, "CCE.01400001", CCE),
    ("upgrade, no object", asking("PUT", f"{ADDONS}/{NOBODY}", []), 400, "CCE.01400001", CCE),
    # Rolling back and deleting
    ("roll back, no cluster", rolling_back({}), 400, "CCE.03400001", MANAGER),
    ("roll back, never upgraded", rolling_back({"clusterID": CLUSTER}), 400, "CCE.03400001", MANAGER),
    ("delete, cluster asleep",
     lambda service: service.ask("DELETE", f"{service.path('metrics-server', ASLEEP)}?cluster_id={ASLEEP}"),
     400, "CCE.03400001", MANAGER),
    # Checking
    ("check, no target", checking(type="addonUpgrade"), 400, "CCE.01400001", CCE),
    ("check, empty target", checking(type="addonUpgrade", targetVersion=""), 400, "CCE.01400001", CCE),
    ("check, no such target", checking(**{**UPGRADE, "targetVersion": "9.9.9"}), 400, "CCE.03400001", MANAGER),
    ("check, an older target", checking(**{**UPGRADE, "targetVersion": "1.25.1"}), 400, "CCE.03400001", MANAGER),
    ("check, target not for the cluster",
     checking(**{**UPGRADE, "targetVersion": "1.32.1"}), 400, "CCE.03400001", MANAGER),
    ("check, no type", checking(type=None), 400, "CCE.01400001", CCE),
    ("check, unknown type", checking(type="addonDynamic"), 400, "CCE.01400001", CCE),
    ("check, no instance", checking(addonInstanceID=None), 400, "CCE.03400001", MANAGER),
    ("check, unknown instance", checking(addonInstanceID=NOBODY), 400, "CCE.03400001", MANAGER),
    ("check, no template", checking(addonTemplateName=None), 400, "CCE.03400001", MANAGER),
    ("check, another template", checking(addonTemplateName="metrics-server"), 400, "CCE.03400001", MANAGER),
    ("check, values no object", checking(**UPGRADE, values=["x"]), 400, "CCE.01400001", CCE),
    ("check, no cluster", checking_with(clusterID=None), 400, "CCE.01400001", CCE),
    ("check, cluster is not that of the path", checking_with(clusterID=YOUNG), 400, "CCE.01400001", CCE),
    ("check, no add-on", checking_with(addonList=[]), 400, "CCE.01400001", CCE),
    ("check, no list of add-ons", checking_with(addonList={}), 400, "CCE.01400001", CCE),
    ("check, add-on no object", checking_with(addonList=["coredns"]), 400, "CCE.01400001", CCE),
    ("check, no body", asking("POST", CHECKS), 400, "CCE.01400001", CCE),
    ("check, another kind", asking("POST", CHECKS, {**check_body(), "kind": "Addon"}), 400, "CCE.01400001", CCE),
    ("check, cluster asleep", checking("metrics-server", ASLEEP), 400, "CCE.03400001", MANAGER),
    ("list checks, unknown type", asking("GET", f"{CHECKS}/tasks?type=addonDynamic"), 400, "CCE.01400001", CCE),
    # Autopilot
    ("Autopilot has no checks",
     asking("POST", f"/autopilot{checks_of(AUTOPILOT).removeprefix('/api')}", check_body()), 404, "APIG.0101", GATEWAY),
    ("Autopilot has no lists of checks",
     asking("GET", f"/autopilot{checks_of(AUTOPILOT).removeprefix('/api')}/tasks"), 404, "APIG.0101", GATEWAY),
    ("an Autopilot cluster, at the checks of the others",
     asking("GET", f"{checks_of(AUTOPILOT)}/tasks"), 404, "CCE.01404001", CCE),
    ("an Autopilot cluster, at the add-ons of the others",
     asking("GET", f"{ADDONS}?cluster_id={AUTOPILOT}"), 404, "CCE.01404001", CCE),
    ("another cluster, at the add-ons of Autopilot",
     asking("GET", f"/autopilot/v3/addons?cluster_id={CLUSTER}"), 404, "CCE.01404001", CCE),
]  # fmt: skip


def clusters_of(service: Driver) -> Any:
    return service.simulation.call("GET", "/state")["clusters"]


@pytest.mark.parametrize(
    ("request_", "status", "code", "shape"), [row[1:] for row in REFUSED], ids=[row[0] for row in REFUSED]
)
def test_refused(service, request_, status, code, shape):
    before = clusters_of(service)
    expect(request_(service), status, code, shape)
    assert clusters_of(service) == before


def expect(answer: requests.Response, status: int, code: str, shape: str) -> dict[str, Any]:
    """Check a refusal, and return its body."""
    assert answer.headers["Content-Type"].startswith("application/json")
    body: dict[str, Any] = answer.json()
    found = body.get("errorCode", body.get("error_code"))
    assert (answer.status_code, found) == (status, code), answer.text
    assert len(answer.headers["X-Request-Id"]) == 32
    if shape == GATEWAY:
        assert body == {
            "error_msg": body["error_msg"],
            "error_code": code,
            "request_id": answer.headers["X-Request-Id"],
        }
        assert body["error_msg"]
    elif shape == MANAGER:
        assert (body["kind"], body["apiVersion"], body["metadata"], body["status"]) == ("Status", "v1", {}, "Failure")
        assert body["code"] == status
        assert body["error"]["code"].startswith(f"SVCSTG.CCE-ADDONMGR.{status}")
        assert body["error"]["message"] == body["message"] != ""
        assert body["reason"] in ("BadRequest", "NotFound", "AlreadyExists")
    else:
        keys = {"errorCode", "errorMessage", "reason", "message"}
        assert set(body) == (keys | {"encoded_authorization_message"} if shape == POLICY else keys)
        assert all(body.values())
    return body


def test_a_version_that_is_not_on_offer_is_refused_in_the_very_words_that_were_seen(service):
    answer = upgrading("metrics-server", "1.3.38")(service)
    message = "addon template version(1.3.38) is invalid"
    assert answer.json() == {
        "kind": "Status",
        "apiVersion": "v1",
        "metadata": {},
        "status": "Failure",
        "code": 400,
        "errorCode": "CCE.03400001",
        "errorMessage": "Invalid request.",
        "error": {"message": message, "code": "SVCSTG.CCE-ADDONMGR.4000002"},
        "message": message,
        "reason": "BadRequest",
    }


def test_what_counts_are_the_target_versions_of_the_instance_not_those_of_the_template(service):
    service.change("coredns", target_versions=["1.30.33"])
    expect(upgrading("coredns", "1.30.6")(service), 400, "CCE.03400001", MANAGER)
    expect(checking(**UPGRADE)(service), 400, "CCE.03400001", MANAGER)
    assert upgrading("coredns", "1.30.33")(service).status_code == 200


def test_one_bad_entry_refuses_all_checks_of_a_request(service):
    good = {"addonTemplateName": "coredns", "addonInstanceID": service.addon("coredns")["id"], "type": "addonStatic"}
    answer = service.ask("POST", CHECKS, check_body(good, {**good, "type": "addonUpgrade"}))
    expect(answer, 400, "CCE.01400001", CCE)
    assert service.ask("GET", f"{CHECKS}/tasks").json()["items"] == []


# A second write while one is under way

WRITES: dict[str, Request] = {
    "upgrade": upgrading("coredns", "1.30.33"),
    "edit": lambda service: upgrading("coredns", service.addon("coredns")["version"])(service),
    "rollback": rolling_back({"clusterID": CLUSTER}),
    "delete": lambda service: service.ask("DELETE", f"{service.path('coredns')}?cluster_id={CLUSTER}"),
}


@pytest.mark.parametrize("second", WRITES.values(), ids=WRITES)
@pytest.mark.parametrize("first", [WRITES["upgrade"], WRITES["delete"]], ids=["upgrade", "delete"])
def test_a_second_write_is_refused_while_one_is_under_way(service, first, second):
    assert first(service).status_code == 200
    before = clusters_of(service)
    expect(second(service), 429, "CCE.01429002", CCE)
    assert clusters_of(service) == before


def test_an_install_that_is_under_way_locks_the_add_on_and_no_other(service):
    assert installing(version="1.19.8")(service).status_code == 201
    expect(upgrading("npd", "1.19.25")(service), 429, "CCE.01429002", CCE)
    expect(installing(version="1.19.8")(service), 409, "CCE.03409001", MANAGER)
    assert upgrading("coredns", "1.30.6")(service).status_code == 200


def test_the_lock_ends_with_the_write(service):
    upgrading("coredns", "1.30.6")(service)
    service.advance(OPERATION_SECONDS)
    assert upgrading("coredns", "1.30.33")(service).status_code == 200


def test_reads_and_checks_are_not_locked(service):
    upgrading("coredns", "1.30.6")(service)
    assert service.ask("GET", service.path("coredns")).status_code == 200
    assert checking()(service).status_code == 201


# Rolling back


@pytest.mark.parametrize(
    ("changes", "is_possible"),
    [
        *(
            ({"status": status}, True)
            for status in ("running", "available", "abnormal", "upgradeFailed", "rollbackFailed")
        ),
        *(({"status": status}, False) for status in ("unknown", "installFailed", "deleteFailed")),
        ({"rollbackable": False}, False),
    ],
    ids=str,
)
def test_only_some_states_are_rolled_back(service, changes, is_possible):
    upgrading("coredns", "1.30.6")(service)
    service.advance(OPERATION_SECONDS)
    service.change("coredns", **changes)
    assert service.ask("GET", service.path("coredns")).json()["status"]["isRollbackable"] is is_possible
    answer = WRITES["rollback"](service)
    if is_possible:
        assert (answer.status_code, answer.json()["status"]["status"]) == (200, "rollbacking")
    else:
        assert "not rollbackable" in expect(answer, 400, "CCE.03400001", MANAGER)["message"]


def test_there_is_one_way_back_only(service):
    upgrading("coredns", "1.30.6")(service)
    service.advance(OPERATION_SECONDS)
    assert WRITES["rollback"](service).status_code == 200
    service.advance(OPERATION_SECONDS)
    expect(WRITES["rollback"](service), 400, "CCE.03400001", MANAGER)


@pytest.mark.parametrize(
    ("fault", "told", "worked"),
    [
        (None, 200, 200),
        ({"fault": "status", "status": 502, "when": "after"}, 502, 200),
        ({"fault": "status", "status": 502, "when": "before"}, 502, None),
        ({"fault": "reset", "when": "after"}, None, 200),
        ({"fault": "reset", "when": "before"}, None, None),
    ],
)
def test_the_log_tells_what_the_service_did_from_what_a_client_was_told(service, fault, told, worked):
    service.token()
    service.simulation.call("DELETE", "/requests")
    if fault:
        service.simulation.call("POST", "/faults", fault)
    with contextlib.suppress(requests.ConnectionError):
        service.ask("GET", IN_CLUSTER)
    [entry] = service.simulation.requests()
    assert (entry["status"], entry["worked"]) == (told, worked)


def test_the_log_tells_that_the_service_refused(service):
    service.ask("GET", f"{ADDONS}?cluster_id={NOBODY}")
    entry = service.simulation.requests()[-1]
    assert (entry["status"], entry["worked"]) == (404, 404)
