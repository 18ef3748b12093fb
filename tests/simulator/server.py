# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The huaweicloud.cce contributors

"""The HTTP side: what all requests go through, and the routes."""

from __future__ import annotations

import email.utils
import logging
import uuid
from collections.abc import Awaitable, Callable, Iterator

import addon_routes
import cluster_routes
import control_routes
import iam
import misbehaviour
import refusals
from aiohttp import web
from authentication import Question
from exchange import IDENTITY, SERVICE
from faults import Fault
from journal import Entry, kept
from misbehaviour import MARK, Broken
from refusals import Refusal
from service import Service

_LARGEST_BODY = 4 * 1024 * 1024
_READS = ("GET", "HEAD")
_LOG = logging.getLogger("simulator")

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@web.middleware
async def outermost(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Note down the request, let go wrong what shall, prove who asks, and put refusals into their shape."""
    if request.path.startswith("/_simulator/"):
        return await handler(request)
    service, request_id = request.app[SERVICE], uuid.uuid4().hex
    try:
        body = await request.read()
    except web.HTTPRequestEntityTooLarge:
        return _refused(refusals.gateway(413, "APIG.0201", "Request entity too large"), request, request_id)
    entry = Entry(request.method, request.path, request.query_string, kept(request.path, body), service.now)
    service.journal.add(entry)
    fault = service.faults.take(request.method, request.path, request.query_string, body)
    try:
        response = await _answered(request, handler, fault, request_id, entry)
    except Broken:
        # Whatever is returned goes nowhere: the connection is closed.
        return web.Response(status=500)
    entry.status = response.status
    return response


async def _answered(
    request: web.Request, handler: Handler, fault: Fault | None, request_id: str, entry: Entry
) -> web.StreamResponse:
    try:
        response = await misbehaviour.before(request, fault) if fault else None
        if response is None:
            response = await _worked(request, handler, entry)
    except Refusal as refusal:
        response = _refused(refusal, request, request_id)
    if not response.prepared:
        _stamp(response, request, request_id, fault)
        shape = request.app[SERVICE].scenario.shape
        if shape and isinstance(response, web.Response) and response.status < 300:
            response = misbehaviour.reshaped(response, shape)
            response.headers.setdefault(MARK, "shape")
        if fault and isinstance(response, web.Response):
            try:
                response = await misbehaviour.after(request, response, fault)
            except Refusal as refusal:
                response = _refused(refusal, request, request_id)
            if not response.prepared:
                _stamp(response, request, request_id, fault)
    return response


def _stamp(response: web.StreamResponse, request: web.Request, request_id: str, fault: Fault | None) -> None:
    if request.path in iam.METADATA_PATHS:
        return
    # The time by which it makes and ends everything, which runs faster than others.
    response.headers["Date"] = email.utils.formatdate(request.app[SERVICE].now, usegmt=True)
    response.headers["X-Request-Id"] = request_id
    if request.path in iam.PATHS:
        response.headers["X-IAM-Trace-Id"] = request_id
    if fault:
        response.headers[MARK] = fault.kind


def _refused(refusal: Refusal, request: web.Request, request_id: str) -> web.Response:
    body = refusal.body
    if body.get("request_id") == "":
        body = {**body, "request_id": request_id}
    response = web.json_response(body, status=refusal.status, headers=refusal.headers)
    _stamp(response, request, request_id, None)
    return response


async def _worked(request: web.Request, handler: Handler, entry: Entry) -> web.StreamResponse:
    """Do what is asked, and note down how that ended: a fault may tell the client something else."""
    try:
        response = await _handled(request, handler)
    except Refusal as refusal:
        entry.worked = refusal.status
        raise
    entry.worked = response.status
    return response


async def _handled(request: web.Request, handler: Handler) -> web.StreamResponse:
    if request.path not in (iam.PATHS[0], *iam.METADATA_PATHS):
        await _identify(request)
    try:
        return await handler(request)
    except web.HTTPNotFound:
        raise refusals.gateway(404, "APIG.0101", "The API does not exist or has not been published") from None
    except web.HTTPMethodNotAllowed:
        raise refusals.gateway(405, "APIG.0106", "The method is not allowed for the API") from None
    except (Refusal, web.HTTPException):
        raise
    except Exception:
        _LOG.exception("a fault of the simulator itself, at %s %s", request.method, request.path)
        raise refusals.cce(500, "CCE.01500001", "Internal error: this is a fault of the simulator.") from None


async def _identify(request: web.Request) -> None:
    service, url = request.app[SERVICE], request.rel_url
    identity = service.gatekeeper.identity(
        Question(
            method=request.method,
            path=url.raw_path,
            query=list(url.query.items()),
            headers=list(request.headers.items()),
            body=await request.read(),
            token=request.headers.get("X-Auth-Token"),
            authorization=request.headers.get("Authorization", ""),
            is_iam=request.path in iam.PATHS,
            now=service.now,
            real_now=service.real_now,
        )
    )
    if identity.read_only and request.method not in _READS:
        raise refusals.policy()
    project = request.headers.get("X-Project-Id")
    if project and request.path not in iam.PATHS:
        service.project(identity, project)
    request[IDENTITY] = identity


def application(service: Service) -> web.Application:
    """Return the web application of a service."""
    app = web.Application(middlewares=[outermost], client_max_size=_LARGEST_BODY)
    app[SERVICE] = service
    app.add_routes(_routes())
    return app


def _routes() -> Iterator[web.RouteDef]:
    yield web.post("/v3/auth/tokens", iam.log_in)
    yield web.get("/v3/projects", iam.list_projects)
    yield web.put("/meta-data/latest/api/token", iam.make_metadata_token)
    yield web.get("/openstack/latest/securitykey", iam.show_security_key)
    for prefix in ("/api/v3", "/autopilot/v3"):
        yield web.get(f"{prefix}/addons", addon_routes.list_addons)
        yield web.post(f"{prefix}/addons", addon_routes.install_addon)
        yield web.get(f"{prefix}/addons/{{addon}}", addon_routes.show_addon)
        yield web.put(f"{prefix}/addons/{{addon}}", addon_routes.update_addon)
        yield web.delete(f"{prefix}/addons/{{addon}}", addon_routes.delete_addon)
        yield web.post(f"{prefix}/addons/{{addon}}/operation/rollback", addon_routes.roll_back_addon)
        yield web.get(f"{prefix}/addontemplates", addon_routes.list_templates)
        yield web.get(f"{prefix}/projects/{{project}}/clusters", cluster_routes.list_clusters)
        yield web.get(f"{prefix}/projects/{{project}}/clusters/{{cluster}}", cluster_routes.show_cluster)
    # Autopilot clusters have no checks [SDK: no such operation].
    checks = "/api/v3/projects/{project}/clusters/{cluster}/addons/precheck"
    yield web.post(checks, cluster_routes.create_checks)
    yield web.get(f"{checks}/tasks", cluster_routes.list_checks)
    yield from _control_routes()


def _control_routes() -> Iterator[web.RouteDef]:
    yield web.get("/_simulator/requests", control_routes.show_requests)
    yield web.delete("/_simulator/requests", control_routes.forget_requests)
    yield web.get("/_simulator/state", control_routes.show_state)
    yield web.post("/_simulator/faults", control_routes.add_fault)
    yield web.get("/_simulator/faults", control_routes.show_faults)
    yield web.delete("/_simulator/faults", control_routes.forget_faults)
    yield web.post("/_simulator/reset", control_routes.reset)
    yield web.get("/_simulator/clock", control_routes.show_clock)
    yield web.post("/_simulator/clock", control_routes.advance_clock)
    yield web.get("/_simulator/instances/{cluster}/{addon}", control_routes.show_instance)
    yield web.post("/_simulator/instances/{cluster}/{addon}", control_routes.change_instance)
    yield web.delete("/_simulator/instances/{cluster}/{addon}", control_routes.remove_instance)
    yield web.post("/_simulator/clusters/{cluster}", control_routes.change_cluster)
    yield web.get("/_simulator/openapi.yml", control_routes.show_openapi)
    yield web.get("/_simulator/openapi.json", control_routes.show_openapi)
