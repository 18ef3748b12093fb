# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The huaweicloud.cce contributors

"""IAM: tokens and the look-up of projects; and the metadata service of ECS."""

from __future__ import annotations

import refusals
from aiohttp import web
from clock import utc
from exchange import body_of, identity, service

PATHS = ("/v3/auth/tokens", "/v3/projects")
METADATA_PATHS = ("/meta-data/latest/api/token", "/openstack/latest/securitykey")
_LONGEST_SESSION = 21600


async def log_in(request: web.Request) -> web.Response:
    """POST /v3/auth/tokens"""
    try:
        body = await body_of(request)
    except refusals.Refusal:
        raise refusals.iam(400, "The request body is not a JSON object.") from None
    token, answer = service(request).gatekeeper.log_in(body, service(request).now)
    return web.json_response(answer, status=201, headers={"X-Subject-Token": token})


async def list_projects(request: web.Request) -> web.Response:
    """GET /v3/projects"""
    account = identity(request).account
    name = request.query.get("name")
    projects = [
        {
            "id": project.id,
            "name": project.name,
            "domain_id": account.domain_id,
            "parent_id": account.domain_id,
            "is_domain": False,
            "enabled": True,
            "description": "",
            "links": {"self": f"https://iam.example.invalid/v3/projects/{project.id}"},
        }
        for project in account.projects
        if name in (None, project.name)
    ]
    links = {"self": "https://iam.example.invalid/v3/projects", "next": None, "previous": None}
    return web.json_response({"projects": projects, "links": links})


async def make_metadata_token(request: web.Request) -> web.Response:
    """PUT /meta-data/latest/api/token"""
    metadata = service(request).metadata
    if metadata.settings.token == "absent":
        return web.Response(status=404, text="404 Not Found")
    seconds = request.headers.get("X-Metadata-Token-Ttl-Seconds", "")
    if not seconds.isdigit() or not 1 <= int(seconds) <= _LONGEST_SESSION:
        return web.Response(status=400, text="400 Bad Request")
    return web.Response(text=metadata.token(float(seconds), service(request).now))


async def show_security_key(request: web.Request) -> web.Response:
    """GET /openstack/latest/securitykey"""
    metadata, now = service(request).metadata, service(request).now
    if not metadata.accepts(request.headers.get("X-Metadata-Token"), now):
        return web.Response(status=401, text="401 Unauthorized")
    key = metadata.key(now)
    credential = {
        "access": key.access_key,
        "secret": key.secret_key,
        "securitytoken": key.security_token,
        "expires_at": utc(key.ends or now),
    }
    return web.json_response({"credential": credential})
