# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The huaweicloud.cce contributors

# Private to the collection: it may change in any release. Do not import it from outside.
"""Reads an error answer in any of its shapes, and makes an exception of it. Pure.

Shapes that were seen: CCE (`errorCode`/`errorMessage`), the add-on manager (a Kubernetes `Status` with a nested
`error`, or `code`/`message`), the API gateway (`error_code`/`error_msg`), IAM (`error: {code, message, title}` or the
gateway's), with `encoded_authorization_message` where a policy denied; an empty body; HTML from a proxy; JSON that was
cut off.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .._ground import errors
from .._ground.text import printable, shortened

LOCKED = "CCE.01429002"
OUT_OF_DATE = "CCE.01409002"

_LONGEST = 2000  # characters of a message that are shown


@dataclass(frozen=True)
class Refusal:
    """The contents of an error answer; None for what it does not have."""

    status_code: int
    error_code: str | None
    message: str | None
    request_id: str | None
    details: dict[str, Any]


def _first(*candidates: object) -> str | None:
    return next((text for text in candidates if isinstance(text, str) and text.strip()), None)


def _code(status_code: int, *candidates: object) -> str | None:
    """Return the first code that is not just the HTTP status as a number."""
    told = (item for item in candidates if isinstance(item, (str, int)) and not isinstance(item, bool))
    return _first(*(str(item) for item in told if str(item) != str(status_code)))


def _of_mapping(status_code: int, body: Mapping[str, Any]) -> tuple[str | None, str | None, dict[str, Any]]:
    nested = body.get("error")
    inner: Mapping[str, Any] = nested if isinstance(nested, dict) else {}
    code = _code(status_code, body.get("errorCode"), body.get("error_code"), inner.get("code"), body.get("code"))
    general = _first(body.get("errorMessage"), body.get("error_msg"))
    specific = _first(inner.get("message"), body.get("message"), body.get("reason"))
    message = general or specific
    if general and specific and specific not in general:
        message = f"{general.rstrip('. ')}: {specific}"
    details: dict[str, Any] = {}
    inner_code = _code(status_code, inner.get("code"), body.get("code"))
    if inner_code and inner_code != code:
        details["inner_code"] = inner_code
    if isinstance(body.get("reason"), str) and body["reason"] and body["reason"] != message:
        details["reason"] = body["reason"]
    if isinstance(inner.get("title"), str):
        details["title"] = inner["title"]
    if "encoded_authorization_message" in body:
        details["encoded_authorization_message"] = body["encoded_authorization_message"]
    return code, message, details


def read_refusal(status_code: int, headers: Mapping[str, str], text: str, body: object) -> Refusal:
    """Return the contents of an error answer.

    Args:
        status_code: The HTTP status.
        headers: The headers of the answer, with case-insensitive names.
        text: The body as text.
        body: The body as parsed JSON, or None if it is not JSON.
    """
    code, message, details = _of_mapping(status_code, body) if isinstance(body, dict) else (None, None, {})
    if message is None and text.strip():
        message = _visible_text(text)
    request_id = headers.get("X-Request-Id") or headers.get("X-IAM-Trace-Id")
    if not request_id and isinstance(body, dict):
        request_id = _first(body.get("request_id"))
    return Refusal(status_code, code, message, request_id, details)


def _visible_text(text: str) -> str:
    """Return the readable text of a body that is not JSON: of an HTML page its title, or its text without tags."""
    if "<" in text[:200]:
        title = re.search(r"<title[^>]*>([^<]{0,300})", text[:20_000], re.IGNORECASE)
        text = title[1] if title else re.sub(r"<[^>]{0,500}>", " ", text[:5_000])
    return shortened(" ".join(text.split()), 300)


_ADVICE = {
    401: (
        "Check the access key and secret key (or the token, or user, password and account), that they belong to this "
        "cloud, and that this machine's clock is right."
    ),
    403: "The account may not do this: ask for the permission, or check region and project_id.",
    404: "Check cluster_id, the add-on's name or id, region and project_id.",
    429: "The service is throttling: run again in some minutes, or with fewer forks.",
}

_CLASSES: dict[int, type[errors.Refused]] = {
    401: errors.Unauthenticated,
    403: errors.Forbidden,
    404: errors.NotFound,
    409: errors.Conflict,
    429: errors.Throttled,
}


def what_came_back(refusal: Refusal) -> str:
    """Return the answer in words: `404 CCE.01404001 "No such cluster." (request id 4f2c…)`."""
    parts = [str(refusal.status_code)]
    if refusal.error_code:
        parts.append(printable(refusal.error_code))
    parts.append(f'"{shortened(printable(refusal.message), _LONGEST)}"' if refusal.message else "with an empty body")
    parts.append(f"(request id {printable(refusal.request_id) if refusal.request_id else 'not given'})")
    return " ".join(parts)


def as_error(doing: str, refusal: Refusal) -> errors.Refused:
    """Return the exception for an error answer.

    Args:
        doing: What was asked, in words that follow "Could not ".
        refusal: The contents of the answer.
    """
    kind = _CLASSES.get(refusal.status_code)
    if kind is None:
        kind = errors.ServiceFailed if refusal.status_code >= 500 else errors.Refused
    if refusal.status_code in _ADVICE:
        advice = _ADVICE[refusal.status_code]
    elif refusal.status_code >= 500:
        advice = "The service has a problem: run again later; if it stays, give the request id to its support."
    else:
        advice = "Correct what the message names."
    return kind(
        f"Could not {doing}: {what_came_back(refusal)}. {advice}",
        status_code=refusal.status_code,
        error_code=refusal.error_code,
        request_id=refusal.request_id,
        # 408: the service waited too long for the request. The request itself may be right.
        retryable=True if refusal.status_code == 408 else None,
        details=refusal.details,
    )
