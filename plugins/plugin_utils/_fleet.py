# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The huaweicloud.cce contributors

# Private to the collection: it may change in any release. Do not import it from outside.
"""How an upgrade of many clusters stands, and whether another batch of them may start. Pure."""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal, TypedDict

from ansible_collections.huaweicloud.cce.plugins.module_utils._ground.errors import InputError
from ansible_collections.huaweicloud.cce.plugins.module_utils._ground.text import printable, quoted
from ansible_collections.huaweicloud.cce.plugins.module_utils._rules.outcome import (
    BLOCKED,
    FAILED,
    NOT_REACHED,
    NOTHING_TO_DO,
    ROLLED_BACK,
    UNAVAILABLE,
    UPGRADED,
    WELL,
    Outcome,
)
from ansible_collections.huaweicloud.cce.plugins.module_utils._rules.recovery import VERIFIED

from ._report.results import Variables, held, outcome_of_host, shared_by_hosts

# What happens to clusters of which nothing was touched.
Handling = Literal["stop", "skip"]
STOP: Final = "stop"
SKIP: Final = "skip"

# In this order the outcomes are told.
_ORDER: tuple[Outcome, ...] = (
    UPGRADED,
    VERIFIED,
    NOTHING_TO_DO,
    BLOCKED,
    UNAVAILABLE,
    ROLLED_BACK,
    FAILED,
    NOT_REACHED,
)
_MOST_NAMES = 10
_NUMBER = re.compile(r"[0-9]+")
_SHARE = re.compile(r"([0-9]+(?:\.[0-9]+)?)%")


class Standing(TypedDict):
    """How an upgrade of many clusters stands. `outcomes` are the hosts of each outcome, in the order of the play.

    `soak` tells whether it is worth to wait, and to look at the present batch again, before the next one starts.
    """

    proceed: bool
    soak: bool
    well: bool
    outcomes: dict[str, list[str]]
    versions: dict[str, str]
    message: str
    lines: list[str]


@dataclass(frozen=True)
class Budget:
    """How many clusters may be touched and not well, with what people read of it."""

    clusters: int
    words: str


@dataclass(frozen=True)
class Limits:
    """What ends a run over many clusters.

    Attributes:
        blocked: What to do about a cluster whose gate is closed.
        unavailable: What to do about a cluster whose phase allows no upgrade.
        failures: How many clusters may be touched and not well.
    """

    blocked: Handling
    unavailable: Handling
    failures: Budget


def allowed_failures(value: object, clusters: int) -> Budget:
    """Return how many clusters may fail: a number, or a share of all clusters such as `5%`, rounded down.

    Raises:
        InputError: It is neither.
    """
    text = str(value).strip()
    if _NUMBER.fullmatch(text):
        return Budget(int(text), text)
    share = _SHARE.fullmatch(text)
    if share is None or float(share[1]) > 100:
        raise InputError(
            f"max_failures must be a whole number such as 2, or a share of all clusters such as 5%, not "
            f"{printable(text)!r}."
        )
    # Without the addition, 0.07 * 100 clusters would be 6.
    allowed = math.floor(clusters * float(share[1]) / 100 + 1e-9)
    return Budget(allowed, f"{text} of {clusters} clusters, which is {allowed}")


def standing(hosts: Iterable[tuple[str, Variables]], limits: Limits, batch: Container[str] = ()) -> Standing:
    """Return how an upgrade of many clusters stands, and whether another batch may start.

    Args:
        hosts: Each host of the run with its variables, in the order of the play.
        limits: What ends the run.
        batch: The hosts of the present batch.
    """
    found = list(hosts)
    shared = shared_by_hosts(found)
    outcomes: dict[str, list[str]] = {outcome: [] for outcome in _ORDER}
    versions: dict[str, str] = {}
    unwell: list[str] = []
    is_touched = False
    for host, variables in found:
        results = held(variables, shared)
        outcomes[outcome_of_host(variables, results)].append(host)
        record: Any = results.upgraded if isinstance(results.upgraded, Mapping) else {}
        for name, version in _targets(record):
            versions.setdefault(name, version)
        if record.get("still_well") is False:
            unwell.append(host)
        is_touched = is_touched or (host in batch and _is_upgraded(record))
    reasons = [*_reasons(outcomes, limits), *_later(unwell)]
    well = not any(hosts for outcome, hosts in outcomes.items() if outcome not in WELL)
    told = reasons if outcomes[NOT_REACHED] else []  # otherwise there is no further batch
    return {
        "proceed": not reasons,
        "soak": is_touched and not reasons and bool(outcomes[NOT_REACHED]),
        "well": well,
        "outcomes": outcomes,
        "versions": versions,
        "message": " ".join(reasons),
        "lines": [_summary(len(found), outcomes), *told, *([] if well else [_GO_ON])],
    }


_GO_ON = (
    "To go on, run the same command again. It leaves alone what is done, and verifies what was sent and not awaited."
)


def _addons(record: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Return the add-ons of a cluster's record, which may be anything."""
    addons = record.get("addons")
    return [addon for addon in addons if isinstance(addon, Mapping)] if isinstance(addons, list) else []


def _targets(record: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield the target versions of a cluster's add-ons, by the name of the add-on template."""
    for addon in _addons(record):
        if addon.get("to") and addon.get("outcome") != VERIFIED:
            yield str(addon["addon_template_name"]), str(addon["to"])


def _is_upgraded(record: Mapping[str, Any]) -> bool:
    """Whether an add-on of a cluster was upgraded, and not only predicted to be."""
    return not record.get("check_mode") and any(addon.get("outcome") == UPGRADED for addon in _addons(record))


def _later(unwell: Sequence[str]) -> list[str]:
    """Return why no further batch may start if clusters were not well when their add-ons were checked again."""
    if not unwell:
        return []
    who = f"{_named(unwell)} {_is(unwell)} not well any more, some time after the upgrade"
    return [f"No further batch starts, as {who}: cce_max_failures does not count that."]


def _reasons(outcomes: Mapping[str, Sequence[str]], limits: Limits) -> list[str]:
    """Return why no further batch may start, each with what lets the run go on."""
    reasons = []
    for outcome, handling in ((BLOCKED, limits.blocked), (UNAVAILABLE, limits.unavailable)):
        if outcomes[outcome] and handling == STOP:
            reasons.append(
                f"No further batch starts, as {_named(outcomes[outcome])} {_is(outcomes[outcome])} {outcome}. To leave "
                f"such clusters out and go on with the others: -e cce_{outcome}_clusters={SKIP}"
            )
    failures = [*outcomes[ROLLED_BACK], *outcomes[FAILED]]
    if len(failures) > limits.failures.clusters:
        reasons.append(
            f"No further batch starts, as {_named(failures)} {_is(failures)} not well, and cce_max_failures allows "
            f"{limits.failures.words}."
        )
    return reasons


def _is(hosts: Collection[str]) -> str:
    return "is" if len(hosts) == 1 else "are"


def _named(hosts: Sequence[str]) -> str:
    """Return hosts as a sentence names them: ten at most."""
    more = len(hosts) - _MOST_NAMES
    return quoted(hosts[:_MOST_NAMES]) + (f" and {more} more" if more > 0 else "")


def _summary(clusters: int, outcomes: Mapping[str, Sequence[str]]) -> str:
    """Return how many clusters have which outcome, with the names of those that are not well."""
    told = []
    for outcome in _ORDER:
        hosts = outcomes[outcome]
        if hosts:
            names = "" if outcome in WELL else f" ({_named(hosts)})"
            told.append(f"{len(hosts)} {outcome.replace('_', ' ')}{names}")
    return f"{clusters} cluster{'' if clusters == 1 else 's'}: {', '.join(told)}"
