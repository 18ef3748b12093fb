# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The huaweicloud.cce contributors

"""How a fault is carried out on a request."""

from __future__ import annotations

import asyncio
import email.utils
import json
import socket
import struct
import time
import zlib
from collections.abc import Mapping
from typing import Any

import refusals
import shapes
from aiohttp import web
from exchange import STALE_SECONDS, service
from faults import Fault
from refusals import Refusal

_HUGE = 65 * 1024 * 1024
_CHUNK = 64 * 1024
_HTML = "<html><head><title>{0}</title></head><body><h1>{0}</h1><p>nginx</p></body></html>"
_GATEWAY_THROTTLE = "The throttling threshold has been reached: policy ip over ratelimit,limit:5,time:1 minute"
# Set on every answer that a fault has touched: for people, and for a check that all other answers are sound.
MARK = "X-Simulator-Fault"


class Broken(Exception):
    """The connection is gone: nobody is left to answer."""


async def before(request: web.Request, fault: Fault) -> web.StreamResponse | None:
    """Do what goes wrong before the work is done; return an answer where that is all.

    Raises:
        Broken: The connection was reset.
        Refusal: The fault is a refusal.
    """
    options = fault.options
    if fault.kind == "throttle":
        raise _throttle(options)
    if fault.kind == "status" and not _is_after(options):
        return _failure(options)
    if fault.kind == "body":
        return _any_body(options)
    if fault.kind == "redirect":
        return _redirect(request, options)
    if fault.kind == "huge":
        return await _huge(request, options)
    if fault.kind == "delay" and not _is_after(options):
        await asyncio.sleep(float(options.get("seconds", 1)))
    if fault.kind == "reset" and options.get("when", "before") == "before":
        raise _reset(request)
    if fault.kind == "expire_tokens":
        service(request).gatekeeper.expire_tokens()
    if fault.kind == "stale":
        request[STALE_SECONDS] = float(options.get("seconds", 5))
    return None


async def after(request: web.Request, response: web.Response, fault: Fault) -> web.StreamResponse:
    """Do what goes wrong after the work was done.

    Raises:
        Broken: The connection was reset.
        Refusal: The fault is a refusal.
    """
    options, kind = fault.options, fault.kind
    if kind == "reset" and options.get("when") == "after":
        raise _reset(request)
    if kind == "reset" and options.get("when") == "during":
        await _part(request, response, len(_bytes(response)) // 2)
        raise _reset(request)
    if kind == "status" and _is_after(options):
        return _failure(options)
    if kind == "delay" and _is_after(options):
        await asyncio.sleep(float(options.get("seconds", 1)))
    if kind == "slow":
        return await _slow(request, response, options)
    if kind == "truncate":
        return await _truncated(request, response, options)
    if kind == "content_type":
        return _with_body(response, _bytes(response), str(options.get("content_type", "text/html")))
    if kind in ("shape", "duplicate_keys", "deep") and response.status < 300:
        return _reshaped(response, kind, options)
    return response


def reshaped(response: web.Response, options: Mapping[str, Any]) -> web.Response:
    """Return an answer in another shape, if it is a JSON object."""
    try:
        body = json.loads(_bytes(response))
    except ValueError:
        return response
    if not isinstance(body, dict):
        return response
    return _with_body(response, json.dumps(shapes.applied(body, options)).encode())


def _is_after(options: Mapping[str, Any]) -> bool:
    return bool(options.get("after")) or options.get("when") == "after"


def _bytes(response: web.Response) -> bytes:
    body = response.body
    return bytes(body) if isinstance(body, (bytes, bytearray, memoryview)) else b""


def _with_body(response: web.Response, body: bytes, content_type: str = "application/json") -> web.Response:
    kept = {name: value for name, value in response.headers.items() if name not in ("Content-Type", "Content-Length")}
    return web.Response(body=body, status=response.status, headers={**kept, "Content-Type": content_type})


def _throttle(options: Mapping[str, Any]) -> Refusal:
    headers = {}
    if "retry_after" in options:
        headers["Retry-After"] = str(options["retry_after"])
    if "retry_after_date" in options:
        headers["Retry-After"] = email.utils.formatdate(time.time() + options["retry_after_date"], usegmt=True)
    code = refusals.LOCKED if options.get("locked") else options.get("code", "APIG.0308")
    if code == "APIG.0308":
        refusal = refusals.gateway(429, code, _GATEWAY_THROTTLE)
    elif code == refusals.LOCKED:
        refusal = refusals.locked()
    else:
        refusal = refusals.cce(429, code, "Too many requests: the quota of the project is exceeded.")
    return Refusal(429, refusal.body, headers)


def _failure(options: Mapping[str, Any]) -> web.Response:
    """Return what only a proxy would answer, or raise what the service would refuse with."""
    status = int(options.get("status", 503))
    headers = {str(name): str(value) for name, value in (options.get("headers") or {}).items()}
    if "retry_after" in options:
        headers["Retry-After"] = str(options["retry_after"])
    shape, title = options.get("shape", "cce"), f"{status} {'Error' if status >= 500 else 'Refused'}"
    if "body" in options:
        body = options["body"]
        if isinstance(body, str):
            kind = str(options.get("content_type", "text/html"))
            return web.Response(text=body, status=status, headers=headers, content_type=kind)
        return web.json_response(body, status=status, headers=headers)
    if shape == "empty":
        return web.Response(status=status, headers=headers)
    if shape == "html":
        return web.Response(text=_HTML.format(title), status=status, headers=headers, content_type="text/html")
    message = str(options.get("message", "Internal error." if status >= 500 else "Refused."))
    refusal = refusals.shaped("cce" if shape == "wrong_type" else shape, status, options.get("code"), message)
    if shape == "wrong_type":
        return web.Response(text=json.dumps(refusal.body), status=status, headers=headers, content_type="text/plain")
    raise Refusal(status, refusal.body, headers)


def _any_body(options: Mapping[str, Any]) -> web.Response:
    body = options.get("body", "")
    content = body if isinstance(body, str) else json.dumps(body)
    headers = {str(name): str(value) for name, value in (options.get("headers") or {}).items()}
    return web.Response(
        body=content.encode(),
        status=int(options.get("status", 200)),
        headers={"Content-Type": str(options.get("content_type", "application/json")), **headers},
    )


def _redirect(request: web.Request, options: Mapping[str, Any]) -> web.Response:
    to, path = options.get("to", "other"), request.raw_path
    where = {
        "loop": path,
        "same": f"{path}{'&' if '?' in path else '?'}redirected=1",
        "other": f"https://elsewhere.example.invalid{path}",
    }[to]
    return web.Response(
        status=int(options.get("status", 307)), headers={"Location": str(options.get("location", where))}
    )


def _reshaped(response: web.Response, kind: str, options: Mapping[str, Any]) -> web.Response:
    if kind == "shape":
        return reshaped(response, options)
    text = _bytes(response).decode()
    if not text.startswith("{"):
        return response
    if kind == "deep":
        depth = int(options.get("depth", 100_000))
        return _with_body(response, f'{{"deep": {"[" * depth}{"]" * depth}, {text[1:]}'.encode())
    doubled = ", ".join(f"{json.dumps(key)}: null" for key in json.loads(text))
    return _with_body(response, f"{{{doubled}, {text[1:]}".encode())


def _reset(request: web.Request) -> Broken:
    """Reset the connection: with no time to linger, the other side sees a reset and not an end."""
    if request.transport is not None:
        found = request.transport.get_extra_info("socket")
        if found is not None:
            found.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        request.transport.abort()
    return Broken()


async def _part(request: web.Request, response: web.Response, size: int) -> None:
    """Send a part of an answer that says that it is longer."""
    body = _bytes(response)
    headers = {**response.headers, MARK: "truncate", "Content-Length": str(len(body))}
    stream = web.StreamResponse(status=response.status, headers=headers)
    await stream.prepare(request)
    await stream.write(body[:size])


async def _truncated(request: web.Request, response: web.Response, options: Mapping[str, Any]) -> web.StreamResponse:
    body = _bytes(response)
    size = int(options.get("keep", len(body) // 2))
    if options.get("how", "body") == "body":
        return _with_body(response, body[:size])
    await _part(request, response, size)
    if request.transport is not None:
        request.transport.close()
    raise Broken


async def _slow(request: web.Request, response: web.Response, options: Mapping[str, Any]) -> web.StreamResponse:
    body, chunks = _bytes(response), max(1, int(options.get("chunks", 10)))
    headers = {**response.headers, MARK: "slow", "Content-Length": str(len(body))}
    stream = web.StreamResponse(status=response.status, headers=headers)
    await stream.prepare(request)
    size = max(1, -(-len(body) // chunks))
    for start in range(0, len(body), size):
        await asyncio.sleep(float(options.get("seconds", 1)) / chunks)
        await stream.write(body[start : start + size])
    return stream


async def _huge(request: web.Request, options: Mapping[str, Any]) -> web.StreamResponse:
    """Send a sound JSON object that is far too long, without ever holding it."""
    left, squeeze = int(options.get("bytes", _HUGE)), zlib.compressobj(wbits=31) if options.get("gzip") else None
    headers = {"Content-Type": "application/json", MARK: "huge", **({"Content-Encoding": "gzip"} if squeeze else {})}
    stream = web.StreamResponse(status=200, headers=headers)
    await stream.prepare(request)

    async def write(data: bytes, last: bool = False) -> None:
        if squeeze is not None:
            data = squeeze.compress(data) + (squeeze.flush() if last else b"")
        if data:
            await stream.write(data)

    await write(b'{"items": [], "filler": "')
    filler = b"x" * _CHUNK
    while left > 0:
        await write(filler[:left])
        left -= _CHUNK
    await write(b'"}', last=True)
    return stream
