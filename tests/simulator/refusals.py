# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The huaweicloud.cce contributors

"""The ways in which the service says no, in the shapes that were seen."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

LOCKED = "CCE.01429002"
_REASONS = {400: "BadRequest", 403: "Forbidden", 404: "NotFound", 409: "AlreadyExists", 429: "TooManyRequests"}
_TITLES = {400: "Bad Request", 401: "Unauthorized", 403: "Forbidden", 404: "Not Found"}


class Refusal(Exception):
    """An answer that is an error."""

    def __init__(self, status: int, body: dict[str, Any], headers: Mapping[str, str] | None = None) -> None:
        super().__init__(status)
        self.status = status
        self.body = body
        self.headers = dict(headers or {})


def cce(status: int, code: str, message: str) -> Refusal:
    """CCE's own shape."""
    return Refusal(status, {"errorCode": code, "errorMessage": message, "reason": message, "message": message})


def addon_manager(message: str, *, status: int = 400, code: str = "CCE.03400001") -> Refusal:
    """The shape of the add-on manager, a Kubernetes Status."""
    return Refusal(
        status,
        {
            "kind": "Status",
            "apiVersion": "v1",
            "metadata": {},
            "status": "Failure",
            "code": status,
            "errorCode": code,
            "errorMessage": "Invalid request." if status == 400 else message,
            "error": {"message": message, "code": f"SVCSTG.CCE-ADDONMGR.{status}0002"},
            "message": message,
            "reason": _REASONS.get(status, "InternalError"),
        },
    )


def gateway(status: int, code: str, message: str, request_id: str = "") -> Refusal:
    """The shape of the API gateway. An empty request id is filled in by the server."""
    return Refusal(status, {"error_msg": message, "error_code": code, "request_id": request_id})


def iam(status: int, message: str) -> Refusal:
    """The shape of IAM."""
    return Refusal(status, {"error": {"code": status, "message": message, "title": _TITLES.get(status, "Error")}})


def iam_code(status: int, code: str, message: str) -> Refusal:
    """The other shape of IAM."""
    return Refusal(status, {"error_code": code, "error_msg": message})


def policy(status: int = 403) -> Refusal:
    """A denial by a policy: CCE's shape, and an opaque message that only its owner can decode."""
    refusal = cce(status, "CCE.01403001", "Policy doesn't allow cce:addonInstance:update to be performed.")
    refusal.body["encoded_authorization_message"] = "RXhhbXBsZSBvZiBhbiBvcGFxdWUgbWVzc2FnZQ=="
    return refusal


def flat(status: int, code: str, message: str) -> Refusal:
    """The shape of an old add-on manager, and of today's where it fails inside."""
    return Refusal(status, {"code": code, "message": message})


def nested(status: int, code: str, message: str) -> Refusal:
    """An error in an object, and nothing beside it."""
    return Refusal(status, {"error": {"message": message, "code": code}})


def no_such(what: str) -> Refusal:
    """Something of CCE is not there."""
    return cce(404, "CCE.01404001", f"{what} is not found.")


def no_such_addon(what: str) -> Refusal:
    """Something of the add-on manager is not there."""
    return addon_manager(f"{what} not found", status=404, code="CCE.03404001")


def invalid(message: str) -> Refusal:
    """A request that makes no sense."""
    return cce(400, "CCE.01400001", f"Invalid request: {message}")


def forbidden(message: str = "Forbidden.") -> Refusal:
    """Something that is not one's own, or not allowed."""
    return cce(403, "CCE.01403001", message)


def locked() -> Refusal:
    """A second write while one is under way."""
    return cce(429, LOCKED, "the resource is locked by another request, try again later")


_SHAPES = {
    "cce": lambda status, code, message: cce(status, code or f"CCE.01{status}001", message),
    "addon_manager": lambda status, code, message: addon_manager(
        message, status=status, code=code or f"CCE.03{status}001"
    ),
    "gateway": lambda status, code, message: gateway(status, code or "APIG.0201", message),
    "iam": lambda status, code, message: iam(status, message),
    "iam_code": lambda status, code, message: iam_code(status, code or "IAM.0001", message),
    "flat": lambda status, code, message: flat(status, code or f"SVCSTG.CCE-ADDONMGR.{status}", message),
    "nested": lambda status, code, message: nested(status, code or f"SVCSTG.CCE-ADDONMGR.{status}0002", message),
    "policy": lambda status, code, message: policy(status),
}
SHAPES = tuple(_SHAPES)


def shaped(shape: str, status: int, code: str | None, message: str) -> Refusal:
    """Return an error in one of `SHAPES`.

    Args:
        shape: Whose shape.
        status: The HTTP status.
        code: The error code, or None for one that goes with the status.
        message: What it says.
    """
    return _SHAPES[shape](status, code, message)
