# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The huaweicloud.cce contributors

"""CCE: clusters, and the checks of their add-ons."""

from __future__ import annotations

import refusals
from aiohttp import web
from checks import KINDS
from cluster import Cluster
from exchange import body_of, header_project, identity, is_autopilot, part, service, stale_seconds


def _cluster(request: web.Request) -> Cluster:
    return service(request).cluster(
        identity(request),
        request.match_info["cluster"],
        path_project=request.match_info["project"],
        header_project=header_project(request),
        autopilot=is_autopilot(request),
    )


async def list_clusters(request: web.Request) -> web.Response:
    """GET /api/v3/projects/{project}/clusters"""
    project, query = request.match_info["project"], request.query
    service(request).project(identity(request), project)
    now, detail = service(request).now, query.get("detail") == "true"
    items = [
        cluster.show(now, detail=detail)
        for cluster in service(request).of_project(project, autopilot=is_autopilot(request))
        if cluster.matches(status=query.get("status"), kind=query.get("type"), version=query.get("version"))
    ]
    return web.json_response({"kind": "List", "apiVersion": "v3", "items": items})


async def show_cluster(request: web.Request) -> web.Response:
    """GET /api/v3/projects/{project}/clusters/{cluster}"""
    return web.json_response(_cluster(request).show(service(request).now, detail=request.query.get("detail") == "true"))


async def create_checks(request: web.Request) -> web.Response:
    """POST /api/v3/projects/{project}/clusters/{cluster}/addons/precheck"""
    cluster = _cluster(request)
    body = await body_of(request)
    spec = part(body, "spec")
    if body.get("kind") != "AddonCheck" or body.get("apiVersion") != "v3":
        raise refusals.invalid("kind must be AddonCheck and apiVersion must be v3")
    if spec.get("clusterID") != cluster.id:
        raise refusals.invalid("spec.clusterID must be the cluster of the path")
    if not isinstance(spec.get("addonList"), list) or not spec["addonList"]:
        raise refusals.invalid("spec.addonList must name add-ons")
    cluster.refuse_unless_available()
    now = service(request).now
    tasks = cluster.create_checks(spec["addonList"], now, stale_seconds(request))
    answer = {
        "kind": "AddonCheck",
        "apiVersion": "v3",
        "spec": {"clusterID": cluster.id, "addonList": spec["addonList"]},
        "status": {"items": [task.show(now) for task in tasks]},
    }
    return web.json_response(answer, status=201)


async def list_checks(request: web.Request) -> web.Response:
    """GET /api/v3/projects/{project}/clusters/{cluster}/addons/precheck/tasks"""
    cluster, query, now = _cluster(request), request.query, service(request).now
    kind, task_id, instance_id = (query.get(key) for key in ("type", "task_id", "addon_instance_id"))
    if kind not in (None, *KINDS):
        raise refusals.invalid(f"type must be one of {', '.join(KINDS)}")
    shown = [task for task in cluster.tasks if task.shown_from <= now]
    items = [
        task.show(now)
        for task in shown
        if kind in (None, task.kind) and task_id in (None, task.id) and instance_id in (None, task.instance)
    ]
    return web.json_response(
        {
            "kind": "AddonCheck",
            "apiVersion": "v3",
            "pageInfo": {"currentCount": len(shown)},
            "items": items,
        }
    )
