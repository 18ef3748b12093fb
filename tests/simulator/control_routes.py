# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The huaweicloud.cce contributors

"""The endpoints of the simulator itself, below /_simulator: for tests, without authentication."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import scenario
import yaml
from aiohttp import web
from cluster import Cluster
from exchange import SERVICE
from faults import FaultError, read_fault
from instance import Instance
from scenario import ScenarioError, happen
from service import Service

_OPENAPI = Path(__file__).resolve().parent / "openapi.yml"


def _service(request: web.Request) -> Service:
    return request.app[SERVICE]


def _bad(message: str, status: int = 400) -> web.HTTPException:
    kind = web.HTTPNotFound if status == 404 else web.HTTPBadRequest
    return kind(text=json.dumps({"error": message}), content_type="application/json")


async def _body(request: web.Request) -> dict[str, Any]:
    try:
        body = json.loads(await request.read() or b"{}")
    except ValueError:
        raise _bad("the body is not JSON") from None
    if not isinstance(body, dict):
        raise _bad("the body is not an object")
    return body


def _cluster(request: web.Request) -> Cluster:
    cluster = _service(request).find(request.match_info["cluster"])
    if cluster is None:
        raise _bad(f"there is no cluster {request.match_info['cluster']}", 404)
    cluster.settle(_service(request).now)
    return cluster


def _instance(request: web.Request) -> Instance:
    instance = _cluster(request).named(request.match_info["addon"])
    if instance is None:
        raise _bad(f"there is no add-on {request.match_info['addon']} in the cluster", 404)
    return instance


async def show_requests(request: web.Request) -> web.Response:
    """GET /_simulator/requests"""
    return web.json_response(_service(request).journal.show())


async def forget_requests(request: web.Request) -> web.Response:
    """DELETE /_simulator/requests"""
    _service(request).journal.clear()
    return web.json_response({})


async def show_state(request: web.Request) -> web.Response:
    """GET /_simulator/state, of all clusters or, with ?cluster=, of one"""
    service, wanted = _service(request), request.query.get("cluster")
    now, shown = service.now, {}
    for cluster in service.clusters.values():
        if wanted not in (None, cluster.id, cluster.name):
            continue
        cluster.settle(now)
        shown[cluster.id] = {
            "name": cluster.name,
            "project_id": cluster.project_id,
            "phase": cluster.phase,
            "version": cluster.version,
            "addons": {item.title: item.report(now) for item in cluster.instances.values()},
            "tasks": [task.show(now) for task in cluster.tasks],
        }
    return web.json_response({"now": now, "clusters": shown})


async def add_fault(request: web.Request) -> web.Response:
    """POST /_simulator/faults"""
    try:
        fault = read_fault(await _body(request))
    except FaultError as error:
        raise _bad(str(error)) from None
    _service(request).let_happen(fault)
    return web.json_response(_service(request).faults.show())


async def show_faults(request: web.Request) -> web.Response:
    """GET /_simulator/faults"""
    return web.json_response(_service(request).faults.show())


async def forget_faults(request: web.Request) -> web.Response:
    """DELETE /_simulator/faults"""
    _service(request).faults.clear()
    return web.json_response([])


async def reset(request: web.Request) -> web.Response:
    """POST /_simulator/reset"""
    _service(request).reset()
    return web.json_response({})


async def show_clock(request: web.Request) -> web.Response:
    """GET /_simulator/clock"""
    return web.json_response({"now": _service(request).now})


async def advance_clock(request: web.Request) -> web.Response:
    """POST /_simulator/clock"""
    seconds = (await _body(request)).get("advance")
    if isinstance(seconds, bool) or not isinstance(seconds, (int, float)) or not 0 <= seconds <= 10 * 365 * 86400:
        raise _bad("advance must be a number of seconds, from 0")
    _service(request).clock.advance(float(seconds))
    return web.json_response({"now": _service(request).now})


async def show_instance(request: web.Request) -> web.Response:
    """GET /_simulator/instances/{cluster}/{addon}"""
    return web.json_response(_instance(request).report(_service(request).now))


async def change_instance(request: web.Request) -> web.Response:
    """POST /_simulator/instances/{cluster}/{addon}: what happens behind a client's back"""
    instance = _instance(request)
    try:
        happen(instance, await _body(request), _service(request).now)
    except (ScenarioError, TypeError) as error:
        raise _bad(str(error)) from None
    return web.json_response(instance.report(_service(request).now))


async def remove_instance(request: web.Request) -> web.Response:
    """DELETE /_simulator/instances/{cluster}/{addon}: gone at once"""
    instance = _instance(request)
    del instance.cluster.instances[instance.id]
    return web.json_response({})


async def change_cluster(request: web.Request) -> web.Response:
    """POST /_simulator/clusters/{cluster}: its phase, version, endpoints and the like"""
    try:
        scenario.change_cluster(_cluster(request), await _body(request))
    except ScenarioError as error:
        raise _bad(str(error)) from None
    return web.json_response({})


async def show_openapi(request: web.Request) -> web.Response:
    """GET /_simulator/openapi.yml and .json"""
    text = _OPENAPI.read_text(encoding="utf-8")
    if request.path.endswith(".json"):
        return web.json_response(yaml.safe_load(text))
    return web.Response(text=text, content_type="application/yaml")
