# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The huaweicloud.cce contributors

"""CCE: add-on instances and templates. Which cluster is meant says the query or the body, never the host."""

from __future__ import annotations

from typing import Any

import refusals
from aiohttp import web
from cluster import Cluster
from exchange import body_of, header_project, identity, is_autopilot, part, service, stale_seconds
from instance import Instance


def _cluster(request: web.Request, cluster_id: object) -> Cluster:
    return service(request).cluster(
        identity(request), cluster_id, header_project=header_project(request), autopilot=is_autopilot(request)
    )


def _instance(request: web.Request, cluster_id: str | None, *, reading: bool = False) -> Instance:
    return service(request).instance(
        identity(request),
        request.match_info["addon"],
        cluster_id,
        header_project=header_project(request),
        autopilot=is_autopilot(request),
        reading=reading,
    )


def _spec(body: dict[str, Any], annotation: str, wanted: str) -> dict[str, Any]:
    if body.get("kind") != "Addon" or body.get("apiVersion") != "v3":
        raise refusals.addon_manager("kind must be Addon and apiVersion must be v3")
    if part(part(body, "metadata"), "annotations").get(annotation) != wanted:
        raise refusals.addon_manager(f"the annotation {annotation} must be {wanted}")
    spec = part(body, "spec")
    for key in ("clusterID", "addonTemplateName"):
        if not isinstance(spec.get(key), str) or not spec[key]:
            raise refusals.addon_manager(f"spec.{key} must be given")
    if not isinstance(spec.get("values") or {}, dict):
        raise refusals.addon_manager("spec.values must be an object")
    if not isinstance(spec.get("version") or "", str):
        raise refusals.addon_manager("spec.version must be a string")
    return spec


async def list_addons(request: web.Request) -> web.Response:
    """GET /api/v3/addons"""
    cluster, now = _cluster(request, request.query.get("cluster_id")), service(request).now
    items = [read for instance in cluster.readable() if (read := instance.read(now, listed=True)) is not None]
    return web.json_response({"kind": "Addon", "apiVersion": "v3", "items": items})


async def show_addon(request: web.Request) -> web.Response:
    """GET /api/v3/addons/{addon}"""
    read = _instance(request, request.query.get("cluster_id"), reading=True).read(service(request).now)
    if read is None:
        raise refusals.no_such_addon(f"addon instance {request.match_info['addon']}")
    return web.json_response(read)


async def install_addon(request: web.Request) -> web.Response:
    """POST /api/v3/addons"""
    body = await body_of(request)
    spec, title = _spec(body, "addon.install/type", "install"), part(body, "metadata").get("name")
    if not isinstance(title or "", str):
        raise refusals.addon_manager("metadata.name must be a string")
    cluster, now = _cluster(request, spec["clusterID"]), service(request).now
    cluster.refuse_unless_available()
    instance = cluster.install(
        service(request).scenario.catalogue,
        spec["addonTemplateName"],
        spec.get("version") or None,
        spec.get("values") or {},
        now,
        stale_seconds(request),
        title or None,
    )
    return web.json_response(instance.answer(now), status=201)


async def update_addon(request: web.Request) -> web.Response:
    """PUT /api/v3/addons/{addon}"""
    spec = _spec(await body_of(request), "addon.upgrade/type", "upgrade")
    if not spec.get("version"):
        raise refusals.addon_manager("spec.version must be given")
    instance, now = _instance(request, spec["clusterID"]), service(request).now
    if spec["addonTemplateName"] != instance.name:
        raise refusals.addon_manager(f"addon template {spec['addonTemplateName']} is not that of the instance")
    instance.cluster.refuse_unless_available()
    instance.update(spec["version"], spec.get("values") or {}, now, stale_seconds(request))
    return web.json_response(instance.answer(now))


async def roll_back_addon(request: web.Request) -> web.Response:
    """POST /api/v3/addons/{addon}/operation/rollback"""
    body = await body_of(request)
    if not isinstance(body.get("clusterID"), str) or not body["clusterID"]:
        raise refusals.addon_manager("clusterID must be given")
    instance, now = _instance(request, body["clusterID"]), service(request).now
    instance.cluster.refuse_unless_available()
    instance.roll_back(now, stale_seconds(request))
    return web.json_response(instance.answer(now))


async def delete_addon(request: web.Request) -> web.Response:
    """DELETE /api/v3/addons/{addon}: the answer is a bare word, not JSON."""
    instance, now = _instance(request, request.query.get("cluster_id")), service(request).now
    instance.cluster.refuse_unless_available()
    instance.delete(now, stale_seconds(request))
    return web.Response(text="success")


async def list_templates(request: web.Request) -> web.Response:
    """GET /api/v3/addontemplates"""
    body = service(request).scenario.catalogue.show(request.query.get("addon_template_name"))
    return web.Response(body=body, content_type="application/json", charset="utf-8")
