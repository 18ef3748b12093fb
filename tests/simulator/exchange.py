# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The huaweicloud.cce contributors

"""What every handler needs of a request: the service, who asks, and the body."""

from __future__ import annotations

import json
from typing import Any

import refusals
from accounts import Identity
from aiohttp import web
from service import Service

SERVICE = web.AppKey("service", Service)
IDENTITY = "identity"
STALE_SECONDS = "stale_seconds"


def service(request: web.Request) -> Service:
    """Return the simulated service."""
    return request.app[SERVICE]


def identity(request: web.Request) -> Identity:
    """Return who asks."""
    found: Identity = request[IDENTITY]
    return found


def stale_seconds(request: web.Request) -> float | None:
    """Return how long reads lag behind this write, if a fault says so."""
    return request.get(STALE_SECONDS)


def header_project(request: web.Request) -> str | None:
    """Return the project that the request says it is about."""
    return request.headers.get("X-Project-Id")


def is_autopilot(request: web.Request) -> bool:
    """Whether the path is that of Autopilot clusters."""
    return request.path.startswith("/autopilot/")


async def body_of(request: web.Request) -> dict[str, Any]:
    """Return a JSON object.

    Raises:
        Refusal: The body is something else.
    """
    try:
        body = json.loads(await request.read())
    except (ValueError, RecursionError):
        raise refusals.invalid("the body is not JSON") from None
    if not isinstance(body, dict):
        raise refusals.invalid("the body is not an object")
    return body


def part(body: dict[str, Any], key: str) -> dict[str, Any]:
    """Return an object inside of a body; an empty one where it is not there.

    Raises:
        Refusal: There is something else.
    """
    value = body.get(key) or {}
    if not isinstance(value, dict):
        raise refusals.invalid(f"{key} must be an object")
    return value
