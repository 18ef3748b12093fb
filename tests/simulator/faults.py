# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The huaweicloud.cce contributors

"""What goes wrong on purpose: a fault meets requests by method, path, query and body, some number of times."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import refusals
import shapes

# The kinds of faults and their options. README.md says what they do.
KINDS: Mapping[str, frozenset[str]] = {
    "throttle": frozenset({"code", "locked", "retry_after", "retry_after_date"}),
    "status": frozenset(
        {"status", "shape", "code", "message", "when", "after", "body", "content_type", "headers", "retry_after"}
    ),
    "reset": frozenset({"when"}),
    "truncate": frozenset({"how", "keep"}),
    "slow": frozenset({"seconds", "chunks"}),
    "delay": frozenset({"seconds", "when"}),
    "stale": frozenset({"seconds"}),
    "expire_tokens": frozenset(),
    "redirect": frozenset({"status", "to", "location"}),
    "huge": frozenset({"bytes", "gzip"}),
    "body": frozenset({"body", "status", "content_type", "headers"}),
    "content_type": frozenset({"content_type"}),
    "duplicate_keys": frozenset(),
    "deep": frozenset({"depth"}),
    "shape": frozenset(shapes.OPTIONS),
}
STATUS_SHAPES = (*refusals.SHAPES, "empty", "html", "wrong_type")
_CHOICES: Mapping[tuple[str, str], tuple[str, ...]] = {
    ("throttle", "code"): ("APIG.0308", "CCE.02429001", "CCE.01429002"),
    ("status", "shape"): STATUS_SHAPES,
    ("status", "when"): ("before", "after"),
    ("reset", "when"): ("before", "after", "during"),
    ("delay", "when"): ("before", "after"),
    ("truncate", "how"): ("body", "connection"),
    ("redirect", "to"): ("same", "other", "loop"),
}
_NUMBERS = ("seconds", "chunks", "keep", "bytes", "depth", "status", "retry_after_date")
_OBJECTS = ("headers", "set")
_PATHS = ("drop", "null", "as_text", "as_list")
_TEXTS = ("risks_at", "fatal_at", "next_marker", "error_beside")


class FaultError(ValueError):
    """A fault that is not understood."""


@dataclass
class Fault:
    """A fault, how many requests it lets pass first, and how often it still happens: None means always."""

    kind: str
    method: str | None
    path: re.Pattern[str]
    query: re.Pattern[str]
    body: re.Pattern[str]
    times: int | None
    skip: int
    options: Mapping[str, Any]

    def show(self) -> dict[str, Any]:
        """Return the fault as it was given, with what is left of its times."""
        match = {"method": self.method, "path": self.path.pattern}
        for key in ("query", "body"):
            if getattr(self, key).pattern:
                match[key] = getattr(self, key).pattern
        return {"match": match, "fault": self.kind, "times": self.times, "skip": self.skip, **self.options}

    @property
    def meets_everything(self) -> bool:
        """Whether no request in particular is meant."""
        return self.method is None and not (self.path.pattern or self.query.pattern or self.body.pattern)

    def meets(self, method: str, path: str, query: str, body: str) -> bool:
        """Whether a request is meant."""
        return (
            self.method in (None, method)
            and self.path.search(path) is not None
            and self.query.search(query) is not None
            and (not self.body.pattern or self.body.search(body) is not None)
        )


def read_fault(entry: object) -> Fault:
    """Return the fault that a request or a scenario describes.

    Raises:
        FaultError: It is not understood.
    """
    if not isinstance(entry, Mapping) or entry.get("fault") not in KINDS:
        raise FaultError(f"fault must be one of {', '.join(KINDS)}")
    kind = str(entry["fault"])
    options = {key: value for key, value in entry.items() if key not in ("match", "fault", "times", "skip")}
    unknown = sorted(str(key) for key in options if key not in KINDS[kind])
    if unknown:
        raise FaultError(f"unknown key {', '.join(unknown)} in a {kind} fault; known: {', '.join(sorted(KINDS[kind]))}")
    for key, value in options.items():
        choices = _CHOICES.get((kind, key))
        if choices and value not in choices:
            raise FaultError(f"{key} of a {kind} fault must be one of {', '.join(choices)}, not {value!r}")
        if key in _NUMBERS and (isinstance(value, bool) or not isinstance(value, (int, float)) or value < 0):
            raise FaultError(f"{key} of a {kind} fault must be a number, not {value!r}")
        if key in _OBJECTS and not isinstance(value, Mapping):
            raise FaultError(f"{key} of a {kind} fault must be an object, not {value!r}")
        if key in _PATHS and not all(isinstance(path, str) for path in (value if isinstance(value, list) else [value])):
            raise FaultError(f"{key} of a {kind} fault must be a path or a list of paths, not {value!r}")
        if key in _TEXTS and not (isinstance(value, str) and value):
            raise FaultError(f"{key} of a {kind} fault must be a text, not {value!r}")
    match = entry.get("match") or {}
    if not isinstance(match, Mapping) or not set(match) <= {"method", "path", "query", "body"}:
        raise FaultError("match must be an object with method, path, query or body")
    method = match.get("method")
    if not isinstance(method, (str, type(None))):
        raise FaultError(f"match.method must be a string, not {method!r}")
    return Fault(
        kind=kind,
        method=method.upper() if method else None,
        path=_expression(match, "path"),
        query=_expression(match, "query"),
        body=_expression(match, "body"),
        times=_count(entry, "times", 1),
        skip=_count(entry, "skip", 0) or 0,
        options=options,
    )


def _expression(match: Mapping[str, Any], key: str) -> re.Pattern[str]:
    try:
        return re.compile(match.get(key) or "")
    except (re.error, TypeError):
        raise FaultError(f"match.{key} must be a regular expression, not {match.get(key)!r}") from None


def _count(entry: Mapping[str, Any], key: str, usual: int) -> int | None:
    value = entry.get(key, usual)
    if value is not None and (isinstance(value, bool) or not isinstance(value, int) or value < usual):
        raise FaultError(f"{key} must be a whole number from {usual}, or null for always")
    return value


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

    def take(self, method: str, path: str, query: str, body: bytes) -> Fault | None:
        """Return the first fault that meets a request, and count it."""
        if not self._faults:
            return None
        text = body.decode("utf-8", "replace") if any(fault.body.pattern for fault in self._faults) else ""
        for fault in self._faults:
            if not fault.meets(method, path, query, text):
                continue
            if fault.skip:
                fault.skip -= 1
                continue
            if fault.times is not None:
                fault.times -= 1
                if fault.times <= 0:
                    self._faults.remove(fault)
            return fault
        return None
