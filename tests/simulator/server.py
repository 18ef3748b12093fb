# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The huaweicloud.cce contributors

"""The HTTP side: routes of the API, the endpoints of the simulator itself, and what goes wrong in between."""

from __future__ import annotations

import asyncio
import contextlib
import json
import uuid
from collections import deque
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

import catalogue
import faults as faults_of
import refusals
import scenario as scenario_of
import shapes
from aiohttp import web
from authentication import Gatekeeper
from clock import Clock
from refusals import Refusal
from state import Cluster, Instance

LOGGED_REQUESTS = 200_000
_LARGEST_BODY = 4 * 1024 * 1024

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Simulator:
    """The service, its state and its clock."""

    def __init__(self, scenario: dict[str, Any], clock: Clock) -> None:
        self.clock = clock
        self._scenario = scenario
        self.requests: deque[dict[str, Any]] = deque(maxlen=LOGGED_REQUESTS)
        self.faults = faults_of.Faults()
        self.reset()

    def reset(self) -> None:
        """Go back to the scenario, and to real time."""
        self.clock.reset()
        now = self.clock.now()
        self.clusters: dict[str, Cluster] = {item.id: item for item in scenario_of.clusters(self._scenario, now)}
        self.gatekeeper = Gatekeeper(self._scenario["accounts"], self._scenario.get("token_seconds"))
        self.faults.clear()
        for fault in self._scenario.get("faults") or []:
            self.faults.add(faults_of.read(fault))

    # What a request is about

    def cluster(self, account: dict[str, Any], cluster_id: str | None, project_id: str | None = None) -> Cluster:
        """Return a cluster that an account may see."""
        if not cluster_id:
            raise refusals.invalid("cluster_id must be given")
        cluster = self.clusters.get(cluster_id)
        if cluster is None or project_id not in (None, cluster.project_id):
            raise refusals.no_such(f"cluster {cluster_id}")
        self.project(account, cluster.project_id)
        return cluster

    def project(self, account: dict[str, Any], project_id: str) -> None:
        """Refuse a project of somebody else."""
        if project_id not in [project["id"] for project in account["projects"]]:
            raise refusals.cce(403, "CCE.01403001", "Forbidden.")

    def instance(self, account: dict[str, Any], addon_id: str, cluster_id: str | None) -> tuple[Cluster, Instance]:
        """Return an add-on instance; the cluster may be left out, as the instance's id tells it."""
        candidates = [self.cluster(account, cluster_id)] if cluster_id else self.clusters.values()
        for cluster in candidates:
            if addon_id in cluster.instances:
                self.project(account, cluster.project_id)
                return cluster, cluster.instances[addon_id]
        raise refusals.no_such(f"addon instance {addon_id}")

    def show_instance(self, cluster: Cluster, instance: Instance) -> dict[str, Any]:
        """Return an instance as the API describes it."""
        shown = instance.show(self.clock.now())
        return {**shown, "spec": {**shown["spec"], "clusterID": cluster.id}}

    def installed(self, cluster: Cluster) -> str:
        """Return the annotation with the installed add-ons."""
        now = self.clock.now()
        found = []
        for instance in cluster.instances.values():
            instance.settle(now)
            found.append({"addonTemplateName": instance.name, "version": instance.version, "status": instance.status})
        return json.dumps(found)


def _simulator(request: web.Request) -> Simulator:
    return request.app[SIMULATOR]


def _account(request: web.Request) -> dict[str, Any]:
    return request["account"]


async def _json(request: web.Request) -> dict[str, Any]:
    try:
        body = json.loads(await request.read())
    except ValueError:
        raise refusals.invalid("the body is not JSON") from None
    if not isinstance(body, dict):
        raise refusals.invalid("the body is not an object")
    return body


SIMULATOR = web.AppKey("simulator", Simulator)

# IAM


async def log_in(request: web.Request) -> web.Response:
    simulator = _simulator(request)
    token, body = simulator.gatekeeper.log_in(await _json(request), simulator.clock.now())
    return web.json_response(body, status=201, headers={"X-Subject-Token": token})


async def projects(request: web.Request) -> web.Response:
    name = request.query.get("name")
    found = [
        {"id": project["id"], "name": project["name"], "enabled": True, "domain_id": "example-domain"}
        for project in _account(request)["projects"]
        if name in (None, project["name"])
    ]
    return web.json_response({"projects": found, "links": {}})


# Clusters


async def list_clusters(request: web.Request) -> web.Response:
    simulator = _simulator(request)
    project_id = request.match_info["project"]
    simulator.project(_account(request), project_id)
    detail = request.query.get("detail") == "true"
    wanted = {key: request.query[key] for key in ("type", "version") if key in request.query}
    autopilot = request.path.startswith("/autopilot")
    items = [
        cluster.show(detail=detail, addons=simulator.installed(cluster) if detail else "")
        for cluster in simulator.clusters.values()
        if cluster.project_id == project_id
        and cluster.autopilot == autopilot
        and request.query.get("status") in (None, cluster.phase)
        and all(getattr(cluster, key) == value for key, value in wanted.items())
    ]
    return web.json_response({"kind": "List", "apiVersion": "v3", "items": items})


async def show_cluster(request: web.Request) -> web.Response:
    simulator = _simulator(request)
    cluster = simulator.cluster(_account(request), request.match_info["cluster"], request.match_info["project"])
    return web.json_response(cluster.show(detail=False, addons=""))


# Add-on instances


async def list_addons(request: web.Request) -> web.Response:
    simulator = _simulator(request)
    cluster = simulator.cluster(_account(request), request.query.get("cluster_id"))
    items = [simulator.show_instance(cluster, instance) for instance in cluster.instances.values()]
    return web.json_response({"kind": "Addon", "apiVersion": "v3", "items": items})


async def show_addon(request: web.Request) -> web.Response:
    simulator = _simulator(request)
    cluster, instance = simulator.instance(
        _account(request), request.match_info["addon"], request.query.get("cluster_id")
    )
    return web.json_response(simulator.show_instance(cluster, instance))


async def install_addon(request: web.Request) -> web.Response:
    simulator = _simulator(request)
    body = await _json(request)
    spec = body.get("spec") or {}
    cluster = simulator.cluster(_account(request), spec.get("clusterID"))
    if ((body.get("metadata") or {}).get("annotations") or {}).get("addon.install/type") != "install":
        raise refusals.invalid("the annotation addon.install/type must be install")
    instance = cluster.install(
        str(spec.get("addonTemplateName")), spec.get("version"), spec.get("values") or {}, simulator.clock.now()
    )
    return web.json_response(simulator.show_instance(cluster, instance), status=201)


async def update_addon(request: web.Request) -> web.Response:
    simulator = _simulator(request)
    body = await _json(request)
    spec = body.get("spec") or {}
    if not spec.get("clusterID"):
        raise refusals.invalid("spec.clusterID must be given")
    if not spec.get("version"):
        raise refusals.invalid("spec.version must be given")
    if ((body.get("metadata") or {}).get("annotations") or {}).get("addon.upgrade/type") != "upgrade":
        raise refusals.invalid("the annotation addon.upgrade/type must be upgrade")
    cluster, instance = simulator.instance(_account(request), request.match_info["addon"], spec["clusterID"])
    now = simulator.clock.now()
    instance.settle(now)
    instance.update(str(spec["version"]), spec.get("values") or {}, now)
    return web.json_response(simulator.show_instance(cluster, instance))


async def roll_back_addon(request: web.Request) -> web.Response:
    simulator = _simulator(request)
    body = await _json(request)
    if not body.get("clusterID"):
        raise refusals.invalid("clusterID must be given")
    cluster, instance = simulator.instance(_account(request), request.match_info["addon"], body["clusterID"])
    now = simulator.clock.now()
    instance.settle(now)
    instance.roll_back(now)
    return web.json_response(simulator.show_instance(cluster, instance))


async def delete_addon(request: web.Request) -> web.Response:
    simulator = _simulator(request)
    cluster, instance = simulator.instance(
        _account(request), request.match_info["addon"], request.query.get("cluster_id")
    )
    instance.settle(simulator.clock.now())
    instance.refuse_busy()
    del cluster.instances[instance.id]
    return web.Response(text="success")


async def templates(request: web.Request) -> web.Response:
    name = request.query.get("addon_template_name")
    items = [catalogue.template(item) for item in catalogue.NAMES if name in (None, item)]
    return web.json_response({"kind": "Addon", "apiVersion": "v3", "items": items})


# Add-on checks


async def create_checks(request: web.Request) -> web.Response:
    simulator = _simulator(request)
    cluster = simulator.cluster(_account(request), request.match_info["cluster"], request.match_info["project"])
    body = await _json(request)
    spec = body.get("spec") or {}
    if spec.get("clusterID") != cluster.id:
        raise refusals.invalid("spec.clusterID must be the cluster of the path")
    wanted = spec.get("addonList")
    if not isinstance(wanted, list) or not wanted:
        raise refusals.invalid("spec.addonList must name add-ons")
    now = simulator.clock.now()
    tasks = [cluster.create_check(item, now) for item in wanted]
    items = [task.show(now) for task in tasks]
    answer = {"kind": "AddonCheck", "apiVersion": "v3", "spec": spec, "status": {"items": items}}
    return web.json_response(answer, status=201)


async def list_checks(request: web.Request) -> web.Response:
    simulator = _simulator(request)
    cluster = simulator.cluster(_account(request), request.match_info["cluster"], request.match_info["project"])
    query = request.query
    now = simulator.clock.now()
    items = [
        task.show(now)
        for task in cluster.tasks
        if query.get("type") in (None, task.kind)
        and query.get("task_id") in (None, task.id)
        and query.get("addon_instance_id") in (None, task.instance)
    ]
    page = {"currentCount": len(cluster.tasks)}
    return web.json_response({"kind": "AddonCheck", "apiVersion": "v3", "pageInfo": page, "items": items})


# The simulator itself


async def show_requests(request: web.Request) -> web.Response:
    return web.json_response(list(_simulator(request).requests))


async def forget_requests(request: web.Request) -> web.Response:
    _simulator(request).requests.clear()
    return web.json_response({})


async def show_state(request: web.Request) -> web.Response:
    simulator = _simulator(request)
    now = simulator.clock.now()
    shown = {}
    for cluster in simulator.clusters.values():
        addons = {}
        for instance in cluster.instances.values():
            instance.settle(now)
            addons[instance.name] = {
                "id": instance.id,
                "version": instance.version,
                "previous_version": instance.previous[0] if instance.previous else None,
                "status": instance.status,
                "message": instance.message,
                "values": instance.values,
                "drift": instance.drift,
                "settings_lost": instance.settings_lost,
                "writes": instance.writes,
            }
        tasks = [task.show(now) for task in cluster.tasks]
        shown[cluster.id] = {"name": cluster.name, "addons": addons, "tasks": tasks}
    return web.json_response({"now": now, "clusters": shown})


async def add_fault(request: web.Request) -> web.Response:
    try:
        fault = faults_of.read(await _json(request))
    except (faults_of.FaultError, ValueError) as error:
        return web.json_response({"error": str(error)}, status=400)
    simulator = _simulator(request)
    if fault.kind == "expire_tokens":
        simulator.gatekeeper.expire_tokens()
    else:
        simulator.faults.add(fault)
    return web.json_response(simulator.faults.show())


async def show_faults(request: web.Request) -> web.Response:
    return web.json_response(_simulator(request).faults.show())


async def forget_faults(request: web.Request) -> web.Response:
    _simulator(request).faults.clear()
    return web.json_response([])


async def reset(request: web.Request) -> web.Response:
    simulator = _simulator(request)
    simulator.reset()
    simulator.requests.clear()
    return web.json_response({})


async def put_clock_forward(request: web.Request) -> web.Response:
    simulator = _simulator(request)
    simulator.clock.advance(float((await _json(request))["advance"]))
    return web.json_response({"now": simulator.clock.now()})


async def change_instance(request: web.Request) -> web.Response:
    """Set attributes of an instance, by cluster id and template name: what happens behind a client's back."""
    simulator = _simulator(request)
    cluster = simulator.clusters[request.match_info["cluster"]]
    instance = next(item for item in cluster.instances.values() if item.name == request.match_info["addon"])
    for key, value in (await _json(request)).items():
        if not hasattr(instance, key):
            return web.json_response({"error": f"an instance has no {key}"}, status=400)
        setattr(instance, key, value)
    return web.json_response({})


# What all requests go through


@web.middleware
async def outermost(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Log the request, let go wrong what shall, prove who asks, and put refusals into their shape."""
    simulator = _simulator(request)
    if request.path.startswith("/_simulator/"):
        return await handler(request)
    request_id = uuid.uuid4().hex
    body = await request.read()
    entry = {
        "method": request.method,
        "path": request.path,
        "query": request.query_string,
        "body": _as_logged(request.path, body),
        "status": None,
        "at": simulator.clock.now(),
    }
    simulator.requests.append(entry)
    fault = simulator.faults.take(request.method, request.path)
    try:
        early = await _before(request, fault)
        response = early or await _authenticated(request, handler, body, request_id)
    except Refusal as refusal:
        if refusal.body.get("error_code", "").startswith("APIG"):
            refusal.body["request_id"] = request_id
        response = web.json_response(refusal.body, status=refusal.status)
    name = "X-IAM-Trace-Id" if request.path.startswith("/v3/") else "X-Request-Id"
    response.headers[name] = request_id
    entry["status"] = response.status
    return await _after(request, response, fault)


def _as_logged(path: str, body: bytes) -> Any:
    """A login holds a password: it is not kept."""
    if path == "/v3/auth/tokens":
        return "(not kept)"
    with contextlib.suppress(ValueError):
        return json.loads(body) if body else None
    return body.decode("utf-8", "replace")


async def _authenticated(request: web.Request, handler: Handler, body: bytes, request_id: str) -> web.Response:
    simulator = _simulator(request)
    if request.path != "/v3/auth/tokens":
        account = simulator.gatekeeper.account(request, body, simulator.clock.now(), request_id)
        if account.get("read_only") and request.method != "GET":
            raise refusals.cce(403, "CCE.01403001", "Forbidden.")
        project = request.headers.get("X-Project-Id")
        if project and project not in [item["id"] for item in account["projects"]]:
            raise refusals.cce(403, "CCE.01403001", "Forbidden.")
        request["account"] = account
    try:
        return await handler(request)
    except web.HTTPNotFound:
        raise refusals.gateway(
            404, "APIG.0101", "The API does not exist or has not been published", request_id
        ) from None


async def _before(request: web.Request, fault: faults_of.Fault | None) -> web.Response | None:
    """Do what goes wrong before the work is done; return an answer where that is all."""
    if fault is None:
        return None
    options = fault.options
    if fault.kind == "throttle":
        headers = {"Retry-After": str(options["retry_after"])} if "retry_after" in options else {}
        if options.get("locked"):
            refusal = refusals.cce(429, refusals.LOCKED, "the resource is locked by another request")
        else:
            message = "The throttling threshold has been reached: policy ip over ratelimit,limit:5,time:1 minute"
            refusal = refusals.gateway(429, "APIG.0308", message, uuid.uuid4().hex)
        return web.json_response(refusal.body, status=429, headers=headers)
    if fault.kind == "status" and not options.get("after"):
        return _failure(options)
    if fault.kind == "body":
        return web.Response(
            body=str(options.get("body", "")).encode(),
            status=options.get("status", 200),
            headers={"Content-Type": options.get("content_type", "application/json"), **options.get("headers", {})},
        )
    if fault.kind == "delay":
        await asyncio.sleep(float(options.get("seconds", 1)))
    if fault.kind == "reset" and options.get("when", "before") == "before":
        return await _break(request)
    return None


def _failure(options: dict[str, Any]) -> web.Response:
    status = int(options.get("status", 503))
    if "body" in options:
        body = options["body"]
        if isinstance(body, str):
            return web.Response(text=body, status=status, content_type=options.get("content_type", "text/html"))
        return web.json_response(body, status=status)
    refusal = refusals.cce(status, f"CCE.01{status}001", "Internal error." if status >= 500 else "Refused.")
    return web.json_response(refusal.body, status=status)


async def _break(request: web.Request) -> web.Response:
    """Reset the connection."""
    if request.transport is not None:
        request.transport.abort()
    return web.Response(status=500)


async def _after(
    request: web.Request, response: web.StreamResponse, fault: faults_of.Fault | None
) -> web.StreamResponse:
    """Do what goes wrong after the work was done."""
    if fault is None or not isinstance(response, web.Response):
        return response
    if fault.kind == "reset" and fault.options.get("when") == "after":
        return await _break(request)
    if fault.kind == "status" and fault.options.get("after"):
        return _failure(fault.options)
    if fault.kind == "shape" and response.status < 300:
        body = shapes.applied(json.loads(response.body or b"{}"), fault.options)
        return web.json_response(body, status=response.status, headers={"X-Request-Id": uuid.uuid4().hex})
    if fault.kind == "truncate":
        whole = bytes(response.body or b"")
        return web.Response(body=whole[: len(whole) // 2], status=response.status, content_type="application/json")
    return response


def application(simulator: Simulator) -> web.Application:
    """Return the web application of a simulator."""
    app = web.Application(middlewares=[outermost], client_max_size=_LARGEST_BODY)
    app[SIMULATOR] = simulator
    app.add_routes(_routes())
    return app


def _routes() -> Iterator[web.RouteDef]:
    yield web.post("/v3/auth/tokens", log_in)
    yield web.get("/v3/projects", projects)
    for prefix in ("/api", "/autopilot"):
        yield web.get(f"{prefix}/v3/addons", list_addons)
        yield web.post(f"{prefix}/v3/addons", install_addon)
        yield web.get(f"{prefix}/v3/addons/{{addon}}", show_addon)
        yield web.put(f"{prefix}/v3/addons/{{addon}}", update_addon)
        yield web.delete(f"{prefix}/v3/addons/{{addon}}", delete_addon)
        yield web.post(f"{prefix}/v3/addons/{{addon}}/operation/rollback", roll_back_addon)
        yield web.get(f"{prefix}/v3/addontemplates", templates)
    for prefix in ("/api/v3", "/autopilot/v3"):
        yield web.get(f"{prefix}/projects/{{project}}/clusters", list_clusters)
        yield web.get(f"{prefix}/projects/{{project}}/clusters/{{cluster}}", show_cluster)
    checks = "/api/v3/projects/{project}/clusters/{cluster}/addons/precheck"
    yield web.post(checks, create_checks)
    yield web.get(f"{checks}/tasks", list_checks)
    yield web.get("/_simulator/requests", show_requests)
    yield web.delete("/_simulator/requests", forget_requests)
    yield web.get("/_simulator/state", show_state)
    yield web.post("/_simulator/faults", add_fault)
    yield web.get("/_simulator/faults", show_faults)
    yield web.delete("/_simulator/faults", forget_faults)
    yield web.post("/_simulator/reset", reset)
    yield web.post("/_simulator/clock", put_clock_forward)
    yield web.post("/_simulator/instances/{cluster}/{addon}", change_instance)
