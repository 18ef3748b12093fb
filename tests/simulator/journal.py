# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The huaweicloud.cce contributors

"""What clients asked, for tests to look at. It is bounded, and holds no password, key or token."""

from __future__ import annotations

import contextlib
import json
from collections import deque
from dataclasses import dataclass
from typing import Any

KEPT_REQUESTS = 200_000
KEPT_BYTES = 64 * 1024 * 1024
_SECRET = ("password", "passcode")


@dataclass(slots=True)
class Entry:
    """A request.

    Args:
        at: The simulated time in seconds since 1970.
        status: The status of the answer; None while it is under way, or broke.
        worked: The status with which the service itself ended, whatever a fault made of it; None where a fault kept the
            request from it.
    """

    method: str
    path: str
    query: str
    body: bytes
    at: float
    status: int | None = None
    worked: int | None = None

    def show(self) -> dict[str, Any]:
        """Return the request as /_simulator/requests has it."""
        return {
            "method": self.method,
            "path": self.path,
            "query": self.query,
            "body": _readable(self.body),
            "status": self.status,
            "worked": self.worked,
            "at": self.at,
        }


class Journal:
    """The latest requests: at most so many, and at most so many bytes of bodies; the oldest go first."""

    def __init__(self, requests: int = KEPT_REQUESTS, size: int = KEPT_BYTES) -> None:
        self._entries: deque[Entry] = deque()
        self._most, self._most_bytes, self._bytes = requests, size, 0

    def add(self, entry: Entry) -> None:
        """Keep a request."""
        self._entries.append(entry)
        self._bytes += len(entry.body)
        while len(self._entries) > self._most or self._bytes > self._most_bytes:
            self._bytes -= len(self._entries.popleft().body)

    def clear(self) -> None:
        """Forget all of them."""
        self._entries.clear()
        self._bytes = 0

    def show(self) -> list[dict[str, Any]]:
        """Return them, oldest first."""
        return [entry.show() for entry in self._entries]


def kept(path: str, body: bytes) -> bytes:
    """Return what may be kept of a body: of a login, all but the secrets."""
    if not path.endswith("/auth/tokens"):
        return body
    try:
        return json.dumps(_without_secrets(json.loads(body))).encode()
    except (ValueError, RecursionError):
        return b'"(a login that is not JSON)"'


def _without_secrets(value: Any) -> Any:
    if isinstance(value, dict):
        return {
            key: "(not kept)" if key in _SECRET and not isinstance(item, dict) else _without_secrets(item)
            for key, item in value.items()
        }
    return [_without_secrets(item) for item in value] if isinstance(value, list) else value


def _readable(body: bytes) -> Any:
    with contextlib.suppress(ValueError, RecursionError):
        return json.loads(body) if body else None
    return body.decode("utf-8", "replace")
