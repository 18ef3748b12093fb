# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The huaweicloud.cce contributors

"""The ways in which the service says no, in the shapes that were seen."""

from __future__ import annotations

from typing import Any


class Refusal(Exception):
    """An answer that is an error."""

    def __init__(self, status: int, body: dict[str, Any]) -> None:
        super().__init__(status)
        self.status = status
        self.body = body


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
            "errorMessage": "Invalid request.",
            "error": {"message": message, "code": "SVCSTG.CCE-ADDONMGR.4000002"},
            "message": message,
            "reason": "BadRequest",
        },
    )


def gateway(status: int, code: str, message: str, request_id: str) -> Refusal:
    """The shape of the API gateway."""
    return Refusal(status, {"error_msg": message, "error_code": code, "request_id": request_id})


def iam(status: int, title: str, message: str) -> Refusal:
    """The shape of IAM."""
    return Refusal(status, {"error": {"code": status, "message": message, "title": title}})


def no_such(what: str) -> Refusal:
    """Something is not there."""
    return cce(404, "CCE.01404001", f"{what} is not found.")


def invalid(message: str) -> Refusal:
    """A request that makes no sense."""
    return cce(400, "CCE.01400001", f"Invalid request: {message}")


LOCKED = "CCE.01429002"
