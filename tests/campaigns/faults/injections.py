# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The huaweicloud.cce contributors

"""What can go wrong with a request, after the API's table of errors; each kind with the requests that it may meet."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any

# A time-out of the client is 30 simulated seconds; so long is more of real ones, at the pace of the campaign.
TIME_OUT = 2.2
_SHAPES = (
    "cce", "addon_manager", "gateway", "iam", "iam_code", "flat", "nested", "policy", "empty", "html", "wrong_type",
)  # fmt: skip
_LATENCY = "latency"
FAILS = "upgrade that CCE itself fails"
COLLEAGUE = "write of a colleague in the console"


@dataclass(frozen=True)
class Injection:
    """One thing that goes wrong: its kind, and the fault as the simulator takes it."""

    kind: str
    fault: Mapping[str, Any]

    @property
    def times(self) -> int:
        """How often it is to happen."""
        return int(self.fault["times"])


@dataclass(frozen=True)
class Place:
    """Requests that a fault may meet, how many of them a run has for each add-on, and how often they are chosen."""

    method: str | None
    path: str
    requests: int
    weight: int


PLACES: Mapping[str, Place] = {
    "any": Place(None, "", 14, 4),
    "login": Place("POST", "auth/tokens$", 5, 1),
    "addons": Place("GET", "/addons$", 4, 3),
    "addon": Place("GET", "/addons/[^/]+$", 2, 3),
    "templates": Place("GET", "addontemplates", 2, 1),
    "upgrade": Place("PUT", "/addons/", 1, 6),
    "rollback": Place("POST", "rollback$", 1, 1),
    "check": Place("POST", "precheck$", 2, 4),
    "results": Place("GET", "precheck/tasks$", 4, 4),
}
_READS = ("addons", "addon", "templates", "results")
_WRITES = ("upgrade", "rollback")
_Options = Callable[[Random], dict[str, Any]]


@dataclass(frozen=True)
class _Kind:
    options: _Options
    places: Sequence[str] = tuple(PLACES)
    weight: float = 1.0


def _fixed(**options: Any) -> _Options:
    return lambda random: options


def _status(status: int, when: str) -> _Options:
    def options(random: Random) -> dict[str, Any]:
        asked = {"retry_after": random.randint(0, 20)} if random.random() < 0.2 else {}
        return {"fault": "status", "status": status, "when": when, "shape": random.choice(_SHAPES), **asked}

    return options


def _refusal(status: int, code: str) -> _Options:
    return lambda random: {
        "fault": "status",
        "status": status,
        "code": code,
        "shape": random.choice(("cce", "addon_manager", "gateway")),
    }


def _shape(random: Random) -> dict[str, Any]:
    documented: list[dict[str, Any]] = [
        {"risks_beside_status": True},
        {"create_timestamp": True},
        {"items_status": True},
        {"nanoseconds": "all"},
        {"filtered_count": True},
    ]
    return {"fault": "shape", **random.choice(documented)}


def _misplaced(random: Random) -> dict[str, Any]:
    places: list[dict[str, Any]] = [
        *(
            {"fatal_at": path}
            for path in ("status.RiskList", "risks", "metadata.riskItems", "spec.risks", "answer.risks")
        ),
        {"next_marker": "page-2"},
        {"error_beside": "CCE.01500001"},
    ]
    return {"fault": "shape", **random.choice(places)}


KINDS: Mapping[str, _Kind] = {
    "429 of the gateway": _Kind(_fixed(fault="throttle"), weight=1.5),
    "429 with Retry-After": _Kind(
        lambda random: {"fault": "throttle", "code": "CCE.02429001", "retry_after": random.randint(0, 30)}
    ),
    "429 with Retry-After as a date": _Kind(
        lambda random: {"fault": "throttle", "retry_after_date": random.randint(1, 30)}
    ),
    "429 locked by another request": _Kind(_fixed(fault="throttle", locked=True), weight=1.5),
    **{
        f"{status} {when} the work": _Kind(_status(status, when), weight=0.8)
        for status in (500, 502, 503, 504)
        for when in ("before", "after")
    },
    "400 invalid request": _Kind(_refusal(400, "CCE.03400001"), weight=0.4),
    "401 not authenticated": _Kind(_refusal(401, "CCE.01401001"), weight=0.8),
    "403 forbidden": _Kind(_refusal(403, "CCE.01403001"), weight=0.4),
    "404 no such resource": _Kind(_refusal(404, "CCE.03404001"), weight=0.4),
    "409 out of date": _Kind(_refusal(409, "CCE.01409002"), _WRITES),
    "connection reset before the work": _Kind(_fixed(fault="reset", when="before"), weight=1.5),
    "connection reset during the answer": _Kind(_fixed(fault="reset", when="during")),
    "connection reset after the work": _Kind(_fixed(fault="reset", when="after"), weight=2),
    "truncated body": _Kind(lambda random: {"fault": "truncate", "keep": random.randint(0, 200)}),
    "truncated connection": _Kind(
        lambda random: {"fault": "truncate", "how": "connection", "keep": random.randint(0, 200)}
    ),
    "slow body": _Kind(lambda random: {"fault": "slow", "seconds": round(random.uniform(0.1, 0.8), 2)}),
    "time-out before the work": _Kind(_fixed(fault="delay", seconds=TIME_OUT), weight=0.6),
    "time-out after the work": _Kind(_fixed(fault="delay", seconds=TIME_OUT, when="after"), weight=1),
    "stale reads after a write": _Kind(
        lambda random: {"fault": "stale", "seconds": round(random.uniform(1, 12), 1)}, _WRITES, weight=3
    ),
    "token expiry": _Kind(_fixed(fault="expire_tokens"), ("any", *_READS, *_WRITES, "check"), weight=3),
    "HTML instead of the answer": _Kind(
        _fixed(fault="body", body="<html><title>Log in</title></html>", content_type="text/html")
    ),
    "HTML as content type": _Kind(_fixed(fault="content_type")),
    "keys twice": _Kind(_fixed(fault="duplicate_keys"), weight=0.5),
    "nested too deep": _Kind(_fixed(fault="deep"), weight=0.5),
    "redirect": _Kind(lambda random: {"fault": "redirect", "to": random.choice(("same", "other", "loop"))}, weight=0.5),
    "endless answer": _Kind(_fixed(fault="huge"), _READS, weight=0.2),
    "another documented shape": _Kind(_shape, ("check", "results")),
    "something Fatal or unfinished at an undocumented place": _Kind(_misplaced, ("results",)),
}
LABELS = (*KINDS, FAILS, COLLEAGUE, _LATENCY)


def injections(random: Random, addons: int, *, by_password: bool) -> tuple[Injection, ...]:
    """Return what goes wrong in a run: up to seven things, and perhaps answers that are late all along."""
    found = [_injection(random, number, addons, by_password) for number in range(random.randint(2, 7))]
    if random.random() < 0.4:
        # The last one: a request meets the first fault that fits, and only that.
        delay = {"fault": "delay", "seconds": round(random.uniform(0.01, 0.06), 3), "times": 1000}
        found.append(Injection(_LATENCY, {**delay, "match": {"path": _marked(len(found), random.choice(("", "s$")))}}))
    return tuple(found)


def happened(injected: Sequence[Injection], left: Sequence[Mapping[str, Any]]) -> dict[str, int]:
    """Return how often each kind has happened, from the faults that still wait in the simulator."""
    waiting = {fault["match"]["path"]: int(fault["times"]) for fault in left}
    counts: dict[str, int] = {}
    for item in injected:
        count = item.times - waiting.get(item.fault["match"]["path"], 0)
        if count:
            counts[item.kind] = counts.get(item.kind, 0) + count
    return counts


def _injection(random: Random, number: int, addons: int, by_password: bool) -> Injection:
    kinds = {label: kind for label, kind in KINDS.items() if by_password or label != "token expiry"}
    label = random.choices(list(kinds), [kind.weight for kind in kinds.values()])[0]
    names = [name for name in kinds[label].places if by_password or name != "login"]
    place = PLACES[random.choices(names, [PLACES[name].weight for name in names])[0]]
    match = {"method": place.method, "path": _marked(number, place.path)}
    return Injection(
        label,
        {
            **kinds[label].options(random),
            "match": match,
            "times": random.choices((1, 2, 3, 6), (12, 4, 2, 2))[0],
            # Rather early ones: a run that has failed makes no more.
            "skip": min(random.randrange(place.requests * addons) for _try in range(2)),
        },
    )


def _marked(number: int, path: str) -> str:
    """Return an expression for a path in which a comment tells the faults of a run from each other."""
    return f"(?#{number}){path}"
