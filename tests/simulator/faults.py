# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The huaweicloud.cce contributors

"""What goes wrong on purpose: a fault meets requests by method and path, some number of times."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

KINDS = ("throttle", "status", "reset", "truncate", "delay", "stale", "body", "shape", "expire_tokens")


class FaultError(ValueError):
    """A fault that is not understood."""


@dataclass
class Fault:
    """A fault, and how often it still happens."""

    kind: str
    method: str | None
    path: re.Pattern[str]
    times: int
    options: dict[str, Any] = field(default_factory=dict)

    def show(self) -> dict[str, Any]:
        """Return the fault as it was given."""
        match = {"method": self.method, "path": self.path.pattern}
        return {"match": match, "fault": self.kind, "times": self.times, **self.options}


def read(body: object) -> Fault:
    """Return the fault that a request describes.

    Raises:
        FaultError: It is not understood.
    """
    if not isinstance(body, dict) or body.get("fault") not in KINDS:
        raise FaultError(f"fault must be one of {', '.join(KINDS)}")
    match = body.get("match") or {}
    try:
        path = re.compile(match.get("path", ""))
    except (re.error, TypeError, AttributeError):
        raise FaultError("match.path must be a regular expression") from None
    options = {key: value for key, value in body.items() if key not in ("match", "fault", "times")}
    return Fault(body["fault"], match.get("method"), path, int(body.get("times", 1)), options)


class Faults:
    """The faults that are waiting to happen."""

    def __init__(self) -> None:
        self._faults: list[Fault] = []

    def add(self, fault: Fault) -> None:
        """Let a fault happen."""
        self._faults.append(fault)

    def clear(self) -> None:
        """Let nothing go wrong any more."""
        self._faults.clear()

    def show(self) -> list[dict[str, Any]]:
        """Return the faults that are left."""
        return [fault.show() for fault in self._faults]

    def take(self, method: str, path: str) -> Fault | None:
        """Return the fault that meets a request, and count it."""
        for fault in self._faults:
            if fault.method in (None, method) and fault.path.search(path):
                fault.times -= 1
                if fault.times <= 0:
                    self._faults.remove(fault)
                return fault
        return None
