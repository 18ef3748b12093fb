# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The huaweicloud.cce contributors

"""The simulator against its own description, over plain HTTP: every operation, and each of the answers it can give.

What is described is checked in both directions: an answer that is not described fails, and so does a described answer
that nobody asks for here.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import parse_qsl

import faults
import pytest
import requests
import yaml
from clock import Clock
from jsonschema import Draft202012Validator
from openapi_spec_validator import validate as validate_description
from scenario import read
from server import application
from service import Service
from support.operators import Operator
from support.simulation import SIMULATOR, Simulation

PROJECT, FOREIGN = "0a1b2c3d4e5f60718293a4b5c6d7e8f9", "2c3d4e5f60718293a4b5c6d7e8f90a1b"
CLUSTER, AUTOPILOT, ASLEEP = "cluster-with-checks", "cluster-without-servers", "cluster-asleep"
USER = {"name": "operator", "password": "password-of-the-operator"}
READ_ONLY = {"name": "auditor", "password": "password-of-the-auditor"}


def _cluster(name: str, **more: Any) -> dict[str, Any]:
    addons = [
        {"template": "coredns", "version": "1.28.7", "previous_version": "1.25.1", "snippets": True},
        {"template": "nginx-ingress", "version": "2.2.9", "snippets": True, "drift": {}},
        {"template": "metrics-server", "version": "1.3.6", "target_versions": False},
    ]
    return {
        "id": name,
        "name": name,
        "addons": [{**item, "id": f"{item['template']}-of-{name}"} for item in addons],
        **more,
    }


SCENARIO = {
    "metadata": {"token": "required"},
    "accounts": [
        {
            "domain_name": "example-account",
            "access_key": "AKOPENAPI00000000001",
            "secret_key": "sk-openapi-000000000000000000000001",
            "users": [USER, {**READ_ONLY, "read_only": True}],
            "projects": [
                {
                    "id": PROJECT,
                    "name": "ap-southeast-1",
                    "clusters": [
                        _cluster(CLUSTER, tags={"stage": "test"}, labels={"team": "dns"}),
                        _cluster(AUTOPILOT, autopilot=True),
                        _cluster(ASLEEP, phase="Hibernation", annotated=False),
                    ],
                }
            ],
        }
    ],
}


class Description:
    """openapi.yml, and what speaks against an answer or a request."""

    def __init__(self, document: Mapping[str, Any]) -> None:
        self.document = document
        self.operations: dict[tuple[str, str], dict[str, Any]] = {}
        for path, entry in document["paths"].items():
            item = self.resolved(entry)
            for method in ("get", "put", "post", "delete"):
                if method in item:
                    common = item.get("parameters", [])
                    parameters = [*common, *item[method].get("parameters", [])]
                    self.operations[method.upper(), path] = {**item[method], "parameters": parameters}

    def resolved(self, node: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return what a reference leads to, or the thing itself."""
        if "$ref" not in node:
            return node
        found: Any = self.document
        for key in node["$ref"].removeprefix("#/").split("/"):
            found = found[key]
        return self.resolved(found)

    def operation(self, method: str, path: str) -> tuple[str, str]:
        """Return the operation that a request is meant for."""
        for known, template in self.operations:
            expression = re.sub(r"\\{\w+\\}", "[^/]+", re.escape(template))
            if known == method and re.fullmatch(expression, path):
                return known, template
        raise AssertionError(f"{method} {path} is not described")

    def answers(self) -> set[tuple[str, str, str]]:
        """Return every operation with each status that is described for it."""
        return {(*key, status) for key, entry in self.operations.items() for status in entry["responses"]}

    def complaints(self, schema: Mapping[str, Any], body: Any) -> list[str]:
        """Return what is wrong with a body."""
        validator = Draft202012Validator({**schema, "components": self.document["components"]})
        return [f"{error.json_path}: {error.message}" for error in validator.iter_errors(body)]

    def against_answer(self, method: str, path: str, answer: requests.Response) -> list[str]:
        """Return what is wrong with an answer: its status, its headers, the kind of its body, or the body."""
        described = self.operations[self.operation(method, path)]["responses"]
        if status_key(described, answer.status_code) is None:
            return [f"the status {answer.status_code} is not described: {answer.text}"]
        response = self.resolved(described[status_key(described, answer.status_code)])
        found = []
        for name, entry in response.get("headers", {}).items():
            header = self.resolved(entry)
            if name in answer.headers:
                found += self.complaints(header["schema"], answer.headers[name])
            elif header.get("required"):
                found.append(f"the header {name} is missing")
        kind = answer.headers["Content-Type"].partition(";")[0]
        if kind not in response["content"]:
            return [*found, f"the content type {kind} is not described"]
        body = answer.json() if kind == "application/json" else answer.text
        return found + self.complaints(response["content"][kind]["schema"], body)

    def against_request(self, method: str, path: str, query: str, body: Any) -> list[str]:
        """Return what is wrong with a request: its query or its body."""
        entry = self.operations[self.operation(method, path)]
        parameters = [self.resolved(item) for item in entry["parameters"]]
        known = {item["name"]: item["schema"] for item in parameters if item["in"] == "query"}
        found = []
        for name, value in parse_qsl(query, keep_blank_values=True):
            found += self.complaints(known[name], value) if name in known else [f"the query {name} is not described"]
        if "requestBody" not in entry:
            return found + (["there is a body"] if body is not None else [])
        return found + self.complaints(entry["requestBody"]["content"]["application/json"]["schema"], body)


def status_key(described: Mapping[str, Any], status: int) -> str | None:
    """Return under which key a status is described."""
    return next((key for key in (str(status), f"{status // 100}XX") if key in described), None)


DESCRIPTION = Description(yaml.safe_load((SIMULATOR / "openapi.yml").read_text(encoding="utf-8")))


@dataclass(frozen=True)
class Call:
    """A request, and the status that it should get. `user` is whose token goes with it, None for none."""

    method: str
    path: str
    status: int
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)
    user: Mapping[str, str] | None = field(default_factory=lambda: USER)
    fault: Mapping[str, Any] | None = None
    first: Sequence[Call] = ()

    def __str__(self) -> str:
        fault = f" {self.fault['fault']} {self.fault.get('shape', '')}" if self.fault else ""
        return f"{self.method} {self.path} {self.status}{fault}".replace(PROJECT, "P")


class Wire:
    """Plain HTTP to a simulator."""

    def __init__(self, simulation: Simulation) -> None:
        self.simulation = simulation
        self._session = requests.Session()
        self._session.trust_env = False
        self._tokens: dict[str, str] = {}

    def reset(self) -> None:
        self._tokens = {}
        self.simulation.reset()

    def send(self, call: Call) -> requests.Response:
        """Send a request after those that go before it, and see that the status is the wanted one."""
        for earlier in call.first:
            self.checked(earlier)
        token = {"X-Auth-Token": self._token(call.user)} if call.user and "/v3/" in call.path else {}
        if call.fault:
            self.simulation.call("POST", "/faults", call.fault)
        answer = self._session.request(
            call.method,
            self.simulation.listening["endpoint"] + call.path,
            json=call.body,
            headers={**token, **call.headers},
            timeout=30,
            allow_redirects=False,
        )
        assert answer.status_code == call.status, answer.text
        return answer

    def checked(self, call: Call) -> requests.Response:
        """Send a request, and see that the answer is a described one."""
        answer = self.send(call)
        assert DESCRIPTION.against_answer(call.method, call.path.partition("?")[0], answer) == []
        return answer

    def finish(self) -> None:
        """Let everything that is under way end."""
        self.simulation.call("POST", "/clock", {"advance": 60})

    def _token(self, user: Mapping[str, str]) -> str:
        if user["name"] not in self._tokens:
            answer = self.send(Call("POST", "/v3/auth/tokens", 201, login(user), user=None))
            self._tokens[user["name"]] = answer.headers["X-Subject-Token"]
        return self._tokens[user["name"]]


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Wire]:
    path = tmp_path_factory.mktemp("scenario") / "scenario.yml"
    path.write_text(yaml.safe_dump(SCENARIO), encoding="utf-8")
    with Simulation(scenario=path) as simulation:
        yield Wire(simulation)


@pytest.fixture
def wire(running: Wire) -> Wire:
    running.reset()
    return running


# What can be asked, and every answer to it


def login(user: Mapping[str, str], scope: Any = None, **more: Any) -> dict[str, Any]:
    account = {**user, "domain": {"name": "example-account"}}
    identity = {"methods": ["password"], "password": {"user": account}, **more}
    return {"auth": {"identity": identity, "scope": scope or {"project": {"id": PROJECT}}}}


def write(operation: str, cluster: str, template: str, version: str | None = None, **values: Any) -> dict[str, Any]:
    spec = {"clusterID": cluster, "addonTemplateName": template, "values": values}
    return {
        "kind": "Addon",
        "apiVersion": "v3",
        "metadata": {"annotations": {f"addon.{operation}/type": operation}},
        "spec": {**spec, "version": version} if version else spec,
    }


def check(cluster: str, *addons: dict[str, Any]) -> dict[str, Any]:
    return {"kind": "AddonCheck", "apiVersion": "v3", "spec": {"clusterID": cluster, "addonList": list(addons)}}


def to_check(cluster: str, template: str, target: str | None = None) -> dict[str, Any]:
    addon = {"addonTemplateName": template, "addonInstanceID": f"{template}-of-{cluster}"}
    return {**addon, "type": "addonUpgrade", "targetVersion": target} if target else {**addon, "type": "addonStatic"}


def addon_calls(prefix: str, cluster: str) -> Iterator[Call]:
    addons, coredns = f"{prefix}/addons", f"{prefix}/addons/coredns-of-{cluster}"
    upgrade = Call("PUT", coredns, 200, write("upgrade", cluster, "coredns", "1.30.6"))
    install = Call("POST", addons, 201, write("install", cluster, "npd"))
    rollback = Call("POST", f"{coredns}/operation/rollback", 200, {"clusterID": cluster})
    yield Call("GET", f"{addons}?cluster_id={cluster}", 200)
    yield Call("GET", addons, 400)
    yield Call("GET", f"{addons}?cluster_id=nowhere", 404)
    yield install
    yield Call("POST", addons, 400, write("install", cluster, "npd", "9.9.9"))
    yield Call("POST", addons, 400, {"kind": "Addon"})
    yield Call("POST", addons, 404, write("install", cluster, "no-such-template"))
    yield Call("POST", addons, 404, write("install", "nowhere", "npd"))
    yield Call("POST", addons, 409, write("install", cluster, "coredns"))
    yield Call("GET", f"{coredns}?cluster_id={cluster}", 200)
    yield Call("GET", coredns, 200, first=[upgrade])
    yield Call("GET", f"{coredns}?cluster_id=", 400)
    yield Call("GET", f"{addons}/nowhere", 404)
    yield Call("GET", f"{addons}/nowhere?cluster_id={cluster}", 404)
    yield upgrade
    yield Call("PUT", coredns, 400, write("upgrade", cluster, "coredns"))
    yield Call("PUT", coredns, 400, write("upgrade", cluster, "coredns", "1.30.6", custom={"servers": "none"}))
    yield Call("PUT", f"{addons}/nowhere", 404, write("upgrade", cluster, "coredns", "1.30.6"))
    yield Call("PUT", coredns, 429, upgrade.body, first=[upgrade])
    yield rollback
    yield Call("POST", rollback.path, 400, {})
    yield Call("POST", rollback.path.replace("coredns", "nginx-ingress"), 400, rollback.body)
    yield Call("POST", f"{addons}/nowhere/operation/rollback", 404, rollback.body)
    yield Call("POST", rollback.path, 429, rollback.body, first=[upgrade])
    yield Call("DELETE", f"{coredns}?cluster_id={cluster}", 200)
    yield Call("DELETE", f"{coredns}?cluster_id=", 400)
    yield Call("DELETE", f"{addons}/nowhere", 404)
    yield Call("DELETE", coredns, 429, first=[upgrade])
    yield Call("GET", f"{prefix}/addontemplates", 200)
    yield Call("GET", f"{prefix}/addontemplates?addon_template_name=coredns", 200)
    yield Call("GET", f"{prefix}/addontemplates?addon_template_name=no-such-template", 200)
    yield Call("GET", f"{prefix}/projects/{PROJECT}/clusters", 200)
    yield Call("GET", f"{prefix}/projects/{PROJECT}/clusters?detail=true", 200)
    yield Call("GET", f"{prefix}/projects/{PROJECT}/clusters/{cluster}", 200)
    yield Call("GET", f"{prefix}/projects/{PROJECT}/clusters/{cluster}?detail=true", 200)
    yield Call("GET", f"{prefix}/projects/{PROJECT}/clusters/nowhere", 404)


def check_calls() -> Iterator[Call]:
    checks = f"/api/v3/projects/{PROJECT}/clusters/{CLUSTER}/addons/precheck"
    both = check(CLUSTER, to_check(CLUSTER, "coredns", "1.30.6"), to_check(CLUSTER, "nginx-ingress"))
    create = Call("POST", checks, 201, both)
    yield create
    yield Call("POST", checks, 400, {})
    yield Call("POST", checks, 400, check(CLUSTER))
    yield Call("POST", checks, 400, check(CLUSTER, {**to_check(CLUSTER, "coredns"), "type": "addonUpgrade"}))
    yield Call("POST", checks, 400, check(CLUSTER, to_check(CLUSTER, "coredns", "9.9.9")))
    yield Call("POST", checks.replace(CLUSTER, "nowhere"), 404, check("nowhere", to_check(CLUSTER, "coredns")))
    yield Call("POST", checks.replace(CLUSTER, AUTOPILOT), 404, check(AUTOPILOT, to_check(AUTOPILOT, "coredns")))
    yield Call("GET", f"{checks}/tasks", 200)
    yield Call("GET", f"{checks}/tasks?type=addonStatic", 200, first=[create])
    yield Call("GET", f"{checks}/tasks", 200, first=[create, Call("POST", "/_simulator/clock", 200, {"advance": 2})])
    yield Call("GET", f"{checks}/tasks", 200, first=[create, Call("POST", "/_simulator/clock", 200, {"advance": 60})])
    yield Call("GET", f"{checks}/tasks?type=addonOther", 400)
    yield Call("GET", f"{checks.replace(CLUSTER, 'nowhere')}/tasks", 404)


def iam_calls() -> Iterator[Call]:
    yield Call("POST", "/v3/auth/tokens", 201, login(USER), user=None)
    yield Call("POST", "/v3/auth/tokens", 201, login(USER, {"domain": {}}), user=None)
    yield Call("POST", "/v3/auth/tokens", 400, {}, user=None)
    yield Call("POST", "/v3/auth/tokens", 401, login({**USER, "password": "wrong"}), user=None)
    yield Call("POST", "/v3/auth/tokens", 401, login(USER, {"project": {"id": FOREIGN}}), user=None)
    yield Call("GET", "/v3/projects", 200)
    yield Call("GET", "/v3/projects?name=ap-southeast-1", 200)
    yield Call("GET", "/v3/projects", 401, user=None, headers={"X-Auth-Token": "expired"})


def metadata_calls() -> Iterator[Call]:
    session = "/meta-data/latest/api/token"
    yield Call("PUT", session, 200, headers={"X-Metadata-Token-Ttl-Seconds": "21600"})
    yield Call("PUT", session, 400, headers={"X-Metadata-Token-Ttl-Seconds": "never"})
    yield Call("GET", "/openstack/latest/securitykey", 401)


def control_calls() -> Iterator[Call]:
    own, instance = "/_simulator", f"/_simulator/instances/{CLUSTER}/coredns"
    checks, *_others = check_calls()
    yield Call("GET", f"{own}/requests", 200, first=[checks, Call("GET", "/v3/projects", 200)])
    yield Call("DELETE", f"{own}/requests", 200)
    yield Call("GET", f"{own}/state", 200, first=[checks])
    yield Call("GET", f"{own}/state?cluster={CLUSTER}", 200)
    fault = Call("POST", f"{own}/faults", 200, {"fault": "throttle", "match": {"path": "nowhere"}, "times": None})
    yield fault
    yield Call("POST", f"{own}/faults", 400, {"fault": "none"})
    yield Call("GET", f"{own}/faults", 200, first=[fault])
    yield Call("DELETE", f"{own}/faults", 200, first=[fault])
    yield Call("POST", f"{own}/reset", 200, {})
    yield Call("GET", f"{own}/clock", 200)
    yield Call("POST", f"{own}/clock", 200, {"advance": 1})
    yield Call("POST", f"{own}/clock", 400, {"advance": "soon"})
    yield Call("GET", instance, 200)
    yield Call("GET", instance.replace("coredns", "nowhere"), 404)
    yield Call("POST", instance, 200, {"pods_ready": False, "drift": {"servers": []}})
    yield Call("POST", instance, 400, {"pods_ready": "perhaps"})
    yield Call("POST", instance.replace("coredns", "nowhere"), 404, {})
    yield Call("DELETE", instance, 200)
    yield Call("DELETE", instance.replace("coredns", "nowhere"), 404)
    yield Call("POST", f"{own}/clusters/{CLUSTER}", 200, {"phase": "Upgrading", "tags": {"stage": "prod"}})
    yield Call("POST", f"{own}/clusters/{CLUSTER}", 200, {"endpoints": "bare", "listed": {"drop": "spec.values"}})
    yield Call("POST", f"{own}/clusters/{CLUSTER}", 400, {"name": "other"})
    yield Call("POST", f"{own}/clusters/nowhere", 404, {})
    yield Call("GET", f"{own}/openapi.yml", 200)
    yield Call("GET", f"{own}/openapi.json", 200)


def _refusals(call: Call) -> Iterator[Call]:
    """Yield what anybody can be told who asks for what would go well."""
    described = DESCRIPTION.operations[DESCRIPTION.operation(call.method, call.path.partition("?")[0])]["responses"]
    plain = replace(call, first=())
    if "401" in described and call.user:
        yield replace(plain, status=401, user=None)
        yield replace(plain, status=401, user=None, headers={"Authorization": "SDK-HMAC-SHA256 Access=AKNOBODY"})
        yield replace(plain, status=401, user=None, headers={"X-Auth-Token": "expired"})
    if "403" in described:
        yield replace(plain, status=403, headers={"X-Project-Id": FOREIGN})
        yield replace(plain, status=403, path=call.path.replace(PROJECT, FOREIGN), headers={"X-Project-Id": FOREIGN})
    if "403" in described and call.method != "GET":
        yield replace(plain, status=403, user=READ_ONLY)
    if "413" in described:
        yield replace(plain, status=413, body={"filler": "x" * (4 * 1024 * 1024 + 1)})
    if "429" in described:
        for options in ({}, {"code": "CCE.02429001", "retry_after": 3}, {"locked": True, "retry_after_date": 60}):
            yield replace(plain, status=429, fault={"fault": "throttle", **options})
    if "5XX" in described:
        shapes = ("cce", "policy", "addon_manager", "gateway", "iam", "iam_code", "flat", "nested", "html")
        for status, shape in zip((500, 501, 502, 503, 504, 505, 506, 507, 599), shapes, strict=True):
            yield replace(plain, status=status, fault={"fault": "status", "status": status, "shape": shape})


ASKED = [
    *addon_calls("/api/v3", CLUSTER),
    *addon_calls("/autopilot/v3", AUTOPILOT),
    *check_calls(),
    *iam_calls(),
    *metadata_calls(),
    *control_calls(),
]
_WELL = {(call.method, call.path.partition("?")[0]): call for call in reversed(ASKED) if call.status < 300}
CALLS = [*ASKED, *(refusal for call in _WELL.values() for refusal in _refusals(call))]
# These need an answer of the simulator first, or another one: they have tests of their own below.
ELSEWHERE = {
    ("GET", "/openstack/latest/securitykey", "200"),
    ("PUT", "/meta-data/latest/api/token", "404"),
}


def test_the_description_is_sound():
    validate_description(DESCRIPTION.document)


def test_the_description_has_every_route_of_the_simulator_and_no_other():
    app = application(Service(read(SCENARIO), Clock(1.0)))
    routes = {
        (route.method, route.resource.canonical)
        for route in app.router.routes()
        if route.resource is not None and route.method != "HEAD"
    }
    assert routes == set(DESCRIPTION.operations)


def test_the_description_has_every_kind_of_fault():
    described = DESCRIPTION.document["components"]["schemas"]["SimulatorFault"]["properties"]["fault"]["enum"]
    assert described == list(faults.KINDS)


def test_every_described_answer_is_asked_for():
    asked = set(ELSEWHERE)
    for call in CALLS:
        key = DESCRIPTION.operation(call.method, call.path.partition("?")[0])
        asked.add((*key, str(status_key(DESCRIPTION.operations[key]["responses"], call.status))))
    assert asked == DESCRIPTION.answers()


@pytest.mark.parametrize("call", CALLS, ids=str)
def test_an_answer_is_as_described(wire: Wire, call: Call):
    wire.checked(call)


def test_a_session_of_the_metadata_service_gives_keys_as_described(wire: Wire):
    session = wire.checked(next(metadata_calls())).text
    wire.checked(Call("GET", "/openstack/latest/securitykey", 200, headers={"X-Metadata-Token": session}))


def test_what_is_described_is_what_is_served(wire: Wire):
    served = wire.checked(Call("GET", "/_simulator/openapi.json", 200)).json()
    text = wire.checked(Call("GET", "/_simulator/openapi.yml", 200)).text
    assert served == yaml.safe_load(text) == DESCRIPTION.document


def test_the_life_of_an_addon_is_as_described(wire: Wire):
    addon = f"/api/v3/addons/coredns-of-{CLUSTER}"
    for endings in ("upgradeFailed", "available", "abnormal", "unknown", "running"):
        wire.reset()
        wire.simulation.call("POST", f"/instances/{CLUSTER}/coredns", {"next_upgrade": endings})
        wire.checked(Call("PUT", addon, 200, write("upgrade", CLUSTER, "coredns", "1.30.6", basic={})))
        assert wire.checked(Call("GET", addon, 200)).json()["status"]["status"] == "upgrading"
        wire.finish()
        assert wire.checked(Call("GET", addon, 200)).json()["status"]["status"] in (endings, "abnormal")
    wire.checked(Call("DELETE", addon, 200))
    assert wire.checked(Call("GET", addon, 200)).json()["status"]["status"] == "deleting"
    wire.finish()
    wire.checked(Call("GET", addon, 404))


def test_the_annotations_of_a_cluster_hold_what_is_described(wire: Wire):
    path = f"/api/v3/projects/{PROJECT}/clusters/{CLUSTER}?detail=true"
    annotations = wire.checked(Call("GET", path, 200)).json()["metadata"]["annotations"]
    schema = DESCRIPTION.document["components"]["schemas"]["ClusterAnnotations"]["properties"][
        "installedAddonInstances"
    ]
    installed = json.loads(annotations["installedAddonInstances"])
    assert [item["addonTemplateName"] for item in installed] == ["coredns", "nginx-ingress", "metrics-server"]
    assert DESCRIPTION.complaints(schema["contentSchema"], installed) == []


# The contradictions of the documents

TASKS = f"/api/v3/projects/{PROJECT}/clusters/{CLUSTER}/addons/precheck/tasks"
NEW = r"T[\d:]+\.\d{9}\+08:00$"


def shaped(wire: Wire, options: Mapping[str, Any], addons: int = 1, finish: bool = True) -> requests.Response:
    """Return the answer of a list of check tasks in another shape."""
    wanted = [to_check(CLUSTER, name) for name in ("nginx-ingress", "coredns")[:addons]]
    wire.checked(Call("POST", TASKS.removesuffix("/tasks"), 201, check(CLUSTER, *wanted)))
    if finish:
        wire.finish()
    return wire.send(Call("GET", TASKS, 200, fault={"fault": "shape", **options}))


def form(task: Any) -> list[str]:
    """Return the names of the forms of a check task that this one has."""
    names = ("CheckTaskOfTheTable", "CheckTaskOfTheExample", "CheckTaskWithoutRisks")
    schemas = DESCRIPTION.document["components"]["schemas"]
    return [name for name in names if not DESCRIPTION.complaints(schemas[name], task)]


@pytest.mark.parametrize(
    ("options", "expected", "which"),
    [
        ({"current_count": 1}, "CheckTaskOfTheTable", lambda task: "createTimeStamp" in task["metadata"]),
        ({"risks_beside_status": True}, "CheckTaskOfTheExample", lambda task: task["riskList"]),
        ({"drop": "status.riskList"}, "CheckTaskWithoutRisks", lambda task: "riskList" not in task),
        ({"null_risks": True}, "CheckTaskOfTheTable", lambda task: task["status"]["riskList"] is None),
        ({"create_timestamp": True}, "CheckTaskOfTheTable", lambda task: "createTimestamp" in task["metadata"]),
        (
            {"nanoseconds": "all"},
            "CheckTaskOfTheTable",
            lambda task: re.search(NEW, task["metadata"]["expireTimeStamp"]),
        ),
    ],
    ids=["table", "risks beside the status", "no risks", "null risks", "createTimestamp", "nanoseconds"],
)
@pytest.mark.parametrize("single", [False, True], ids=["array", "object"])
def test_each_form_of_a_list_of_checks_is_described(wire: Wire, options, expected, which, single):
    answer = shaped(wire, {**options, **({"single_item": True} if single else {})})
    assert DESCRIPTION.against_answer("GET", TASKS, answer) == []
    items = answer.json()["items"]
    assert isinstance(items, dict) is single
    task = items if single else items[0]
    assert form(task) == [expected]
    assert which(task)


def test_both_forms_of_the_answer_to_a_create_are_described(wire: Wire):
    body, path = check(CLUSTER, to_check(CLUSTER, "coredns")), TASKS.removesuffix("/tasks")
    assert set(wire.checked(Call("POST", path, 201, body)).json()["status"]) == {"items"}
    fault = {"fault": "shape", "items_status": True}
    assert set(wire.checked(Call("POST", path, 201, body, fault=fault)).json()["status"]) == {"phase", "itemsStatus"}


def test_both_kinds_of_a_list_of_clusters_are_described(wire: Wire):
    path = f"/api/v3/projects/{PROJECT}/clusters"
    fault = {"fault": "shape", "list_kind": "Cluster"}
    assert wire.checked(Call("GET", path, 200, fault=fault)).json()["kind"] == "Cluster"
    assert wire.checked(Call("GET", path, 200)).json()["kind"] == "List"


# What was recorded

RECORDED = "7c1d0f3e-5a64-4f0e-9d1b-2f6a8c4b1e01"


@pytest.fixture(scope="module")
def recorded() -> Iterator[Wire]:
    with Simulation(scenario=SIMULATOR / "scenarios" / "recorded.yml") as simulation:
        yield Wire(simulation)


@pytest.mark.parametrize("name", ["production", "silent", "asleep"])
def test_recorded_lists_are_described(recorded: Wire, name: str):
    user = {"name": "operator", "password": "password-of-the-simulator"}
    clusters = f"/api/v3/projects/{PROJECT}/clusters"
    answer = recorded.checked(Call("GET", f"{clusters}?detail=true", 200, user=user)).json()
    [cluster] = [item["metadata"]["uid"] for item in answer["items"] if item["metadata"]["name"] == name]
    recorded.checked(Call("GET", f"/api/v3/addons?cluster_id={cluster}", 200, user=user))
    recorded.checked(Call("GET", f"{clusters}/{cluster}", 200, user=user))
    recorded.checked(Call("GET", f"{clusters}/{cluster}/addons/precheck/tasks", 200, user=user))
    templates = recorded.checked(Call("GET", "/api/v3/addontemplates", 200, user=user)).json()
    assert any("maxInstanceNum" in item["metadata"] for item in templates["items"])


def test_what_show_tells_is_described_and_what_it_must_tell_is_missed(recorded: Wire):
    user = {"name": "operator", "password": "password-of-the-simulator"}
    state = recorded.simulation.call("GET", "/state")["clusters"]
    for cluster in state.values():
        for addon in cluster["addons"].values():
            call = Call("GET", f"/api/v3/addons/{addon['id']}", 200, user=user)
            complaints = DESCRIPTION.against_answer("GET", call.path, recorded.send(call))
            assert bool(complaints) is (cluster["name"] == "silent")


# What nobody has described is noticed


@pytest.mark.parametrize(
    "options",
    [
        {"risk_level": "Critical"},
        {"risk_status": "Skipped"},
        {"task_status": "Paused"},
        {"task_status": "Running"},
        {"null": "status"},
        {"drop": "metadata.taskID"},
        {"drop": "metadata.expireTimeStamp"},
        {"drop": "metadata.createTimeStamp"},
        {"set": {"metadata.createTimeStamp": "2026-02-03"}},
        {"set": {"metadata.createTimestamp": "2026-02-03T12:05:06.123456+08:00"}},
        {"set": {"status.riskList": {}}},
        {"set": {"status.risks": []}},
        {"set": {"riskList": []}},
        {"set": {"spec.addonTargetVersion": None}},
        {"drop": "answer.pageInfo"},
        {"current_count": -1},
        {"set": {"answer.items": None}},
        {"set": {"answer.kind": "AddonChecks"}},
        {"risks_at": "status.RiskList"},
        {"risks_at": "spec.risks"},
        {"fatal_at": "metadata.risks"},
        {"fatal_at": "answer.riskList"},
        {"next_marker": "page-2"},
        {"error_beside": "CCE.01500001"},
    ],
    ids=json.dumps,
)
def test_a_broken_list_of_checks_is_noticed(wire: Wire, options):
    assert DESCRIPTION.against_answer("GET", TASKS, shaped(wire, options)) != []


@pytest.mark.parametrize(
    ("path", "options"),
    [
        (f"/api/v3/addons?cluster_id={CLUSTER}", {"drop": "metadata.uid"}),
        (f"/api/v3/addons?cluster_id={CLUSTER}", {"set": {"metadata.uid": 7}}),
        (f"/api/v3/addons?cluster_id={CLUSTER}", {"set": {"status.status": "Running"}}),
        (f"/api/v3/addons?cluster_id={CLUSTER}", {"set": {"status.reason": ""}}),
        (f"/api/v3/addons/coredns-of-{CLUSTER}", {"set": {"status.targetVersions": ["newest"]}}),
        (f"/api/v3/addons/coredns-of-{CLUSTER}", {"null": "spec.values"}),
        (f"/api/v3/addons/coredns-of-{CLUSTER}", {"set": {"metadata.creationTimestamp": "yesterday"}}),
        ("/api/v3/addontemplates", {"set": {"spec.versions": []}}),
        ("/api/v3/addontemplates", {"set": {"spec.type": "operator"}}),
        (f"/api/v3/projects/{PROJECT}/clusters", {"list_kind": "Clusters"}),
        (f"/api/v3/projects/{PROJECT}/clusters", {"set": {"status.phase": "available"}}),
        (f"/api/v3/projects/{PROJECT}/clusters", {"set": {"metadata.annotations.totalNodesNumber": 3}}),
        ("/v3/projects", {"set": {"answer.projects": {}}}),
    ],
    ids=str,
)
def test_any_other_broken_answer_is_noticed(wire: Wire, path, options):
    answer = wire.send(Call("GET", path, 200, fault={"fault": "shape", **options}))
    assert DESCRIPTION.against_answer("GET", path.partition("?")[0], answer) != []


def test_an_answer_without_a_request_id_is_noticed(wire: Wire):
    answer = wire.send(Call("GET", f"/api/v3/addons?cluster_id={CLUSTER}", 200))
    del answer.headers["X-Request-Id"]
    assert DESCRIPTION.against_answer("GET", "/api/v3/addons", answer) == ["the header X-Request-Id is missing"]


def test_an_error_in_a_shape_of_nobody_is_noticed(wire: Wire):
    fault = {"fault": "status", "status": 500, "body": {"error": "something went wrong"}}
    answer = wire.send(Call("GET", f"/api/v3/addons?cluster_id={CLUSTER}", 500, fault=fault))
    assert DESCRIPTION.against_answer("GET", "/api/v3/addons", answer) != []


# What the collection sends

KEYS = {"access_key": "AKOPENAPI00000000001", "secret_key": "sk-openapi-000000000000000000000001"}


def test_the_requests_of_the_client_are_as_described(wire: Wire):
    operator = Operator(wire.simulation)
    values = {"basic": {"image_version": "1.19.8"}, "custom": {}, "flavor": {"replicas": 2}}
    password = {"username": USER["name"], "password": USER["password"], "domain_name": "example-account"}
    for who, cluster, autopilot in ((KEYS, CLUSTER, False), (password, AUTOPILOT, True)):
        with operator.client(**who, cluster_id=cluster, autopilot=autopilot) as cce:
            assert len(cce.addons(cluster)) == 3
            assert cce.templates(cluster, "coredns")
            assert cce.clusters(detail=True)
            assert cce.cluster(cluster)
            cce.install_addon(cluster, "npd", "1.19.8", values)
            cce.roll_back_addon(cluster, f"coredns-of-{cluster}")
            wire.finish()
            cce.update_addon(cluster, f"coredns-of-{cluster}", "coredns", "1.28.7", {"custom": {}})
            cce.addon(cluster, f"nginx-ingress-of-{cluster}")
            cce.delete_addon(cluster, f"nginx-ingress-of-{cluster}")
    with operator.client(**KEYS) as cce:
        addon = {**to_check(CLUSTER, "metrics-server", "1.3.37"), "values": values}
        cce.create_checks(CLUSTER, [addon])
        cce.checks(CLUSTER)
    sent = wire.simulation.requests()
    wrong = {
        f"{entry['method']} {entry['path']}": found
        for entry in sent
        if (found := DESCRIPTION.against_request(entry["method"], entry["path"], entry["query"], entry["body"]))
    }
    assert wrong == {}
    operations = {DESCRIPTION.operation(entry["method"], entry["path"]) for entry in sent}
    own = {key for key in DESCRIPTION.operations if "/v3/" in key[1]}
    assert operations == own


@pytest.mark.parametrize(
    ("method", "path", "query", "body"),
    [
        ("GET", "/api/v3/addons", "clusterid=a", None),
        ("GET", "/api/v3/addons", "cluster_id=a", {}),
        ("POST", "/api/v3/addons", "", None),
        ("POST", "/api/v3/addons", "", write("upgrade", CLUSTER, "npd")),
        ("PUT", "/api/v3/addons/a", "", write("upgrade", CLUSTER, "npd")),
        ("PUT", "/api/v3/addons/a", "", write("upgrade", CLUSTER, "npd", "latest")),
        ("POST", "/api/v3/addons/a/operation/rollback", "", {"clusterId": "a"}),
        ("POST", TASKS.removesuffix("/tasks"), "", check(CLUSTER)),
        ("POST", TASKS.removesuffix("/tasks"), "", check(CLUSTER, {**to_check(CLUSTER, "a"), "type": "addonUpgrade"})),
        ("GET", TASKS, "type=static", None),
        ("POST", "/v3/auth/tokens", "", {"auth": {"identity": {"methods": ["password"]}}}),
    ],
    ids=str,
)
def test_a_broken_request_is_noticed(method, path, query, body):
    assert DESCRIPTION.against_request(method, path, query, body) != []


def test_an_old_metadata_service_answers_as_described(tmp_path):
    path = tmp_path / "scenario.yml"
    path.write_text(yaml.safe_dump({**SCENARIO, "metadata": {"token": "absent"}}), encoding="utf-8")
    with Simulation(scenario=path) as simulation:
        Wire(simulation).checked(replace(next(metadata_calls()), status=404))
