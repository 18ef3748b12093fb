# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The huaweicloud.cce contributors

# Private to the collection: it may change in any release. Do not import it from outside.
"""What the user decides about Warnings: whether they block, and which are accepted until when. Pure."""

from __future__ import annotations

import datetime
import fnmatch
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypedDict

from .._ground.errors import InputError
from .._ground.text import printable, quoted
from .plan import StepTarget

_DAY = re.compile(r"(?P<day>\d{4}-\d\d-\d\d)(?:[T ]|$)", re.ASCII)


def read_policy(options: Mapping[str, Any]) -> Policy:
    """Return the policy that the options of a module are.

    Raises:
        InputError: An accepted warning is none; see `read_acceptances`.
    """
    return Policy(
        fail_on_warning=options["fail_on_warning"],
        accepted=read_acceptances(options["accepted_warnings"]),
        max_check_age=options["max_check_age"],
    )


class AcceptanceRecord(TypedDict):
    """An accepted warning, as modules return it. `until` is a date such as 2026-12-31."""

    addon: str
    addon_instance_id: str | None
    risk: str
    target_version: str | None
    cluster: str
    reason: str
    owner: str | None
    until: str


# The keys of an entry of `accepted_warnings`.
_ACCEPTANCE_KEYS = tuple(AcceptanceRecord.__annotations__)


@dataclass(frozen=True)
class Acceptance:
    """A Warning that somebody has accepted: one named risk of one add-on, for a reason, until a date.

    `addon` is the name of a template. All of its instances are meant, or only the one with the `addon_instance_id`.
    `until` is the last day on which it counts. `cluster` is a pattern (`prod-*`) for the name or id of clusters.
    """

    addon: str
    risk: str
    reason: str
    until: datetime.date
    target_version: str | None = None
    cluster: str = "*"
    owner: str | None = None
    addon_instance_id: str | None = None

    def covers(self, target: StepTarget, risk: str | None, clusters: Iterable[str]) -> bool:
        """Whether it is about a risk of an add-on on its way to a version, in a cluster of these names."""
        return (
            self.addon == target["addon_template_name"]
            and self.addon_instance_id in (None, target["addon_instance_id"])
            and self.risk == risk
            and self.target_version in (None, target["to"])
            and any(fnmatch.fnmatchcase(name, self.cluster) for name in clusters)
        )


@dataclass(frozen=True)
class Policy:
    """What the user decides about Warnings. A Fatal risk always blocks.

    `max_check_age` is in seconds.
    """

    fail_on_warning: bool = False
    accepted: tuple[Acceptance, ...] = ()
    max_check_age: float = 3600.0


def _date(value: object) -> datetime.date | None:
    """Return the day that a text begins with, or None. Modules get a date of YAML as text."""
    # The pattern gives the same result on every Python; newer ones read more forms than 3.9 does.
    found = _DAY.match(value) if isinstance(value, str) else None
    try:
        return datetime.date.fromisoformat(found["day"]) if found else None
    except ValueError:
        return None


def read_acceptances(entries: object) -> tuple[Acceptance, ...]:
    """Return the accepted warnings of a policy.

    Raises:
        InputError: An entry lacks a reason or an end, does not name one risk, or has an unknown key.
    """
    if not isinstance(entries, Sequence) or isinstance(entries, str):
        raise InputError("accepted_warnings must be a list.")
    acceptances = []
    for entry in entries:
        if not isinstance(entry, Mapping):
            raise InputError("accepted_warnings: an entry must be a dictionary.")
        unknown = [str(key) for key in entry if key not in _ACCEPTANCE_KEYS]
        if unknown:
            keys = ", ".join(_ACCEPTANCE_KEYS)
            raise InputError(f"accepted_warnings: unknown key {quoted(unknown)}. The keys are {keys}.")
        subject = f"{entry.get('addon')}/{entry.get('risk')}"
        what = f"accepted_warnings: the entry for {printable(subject)}"
        for key in ("addon", "risk", "reason", "until"):
            if not entry.get(key):
                raise InputError(f"{what} has no '{key}'. A Warning is accepted for a reason, and until a date.")
        for key in ("addon", "risk"):
            if any(wildcard in str(entry[key]) for wildcard in "*?["):
                raise InputError(f"{what} must name one {key}; patterns are for clusters only.")
        until = _date(entry["until"])
        if until is None:
            raise InputError(f"{what}: until must be a date such as 2026-12-31.")
        acceptances.append(
            Acceptance(
                addon=str(entry["addon"]),
                risk=str(entry["risk"]),
                reason=str(entry["reason"]),
                until=until,
                target_version=str(entry["target_version"]) if entry.get("target_version") else None,
                cluster=str(entry.get("cluster") or "*"),
                owner=str(entry["owner"]) if entry.get("owner") else None,
                # An empty id, as an unset variable gives, must not mean all instances.
                addon_instance_id=None if entry.get("addon_instance_id") is None else str(entry["addon_instance_id"]),
            )
        )
    return tuple(acceptances)


class AcceptanceSummary(TypedDict):
    """What became of the accepted warnings of a policy."""

    used: list[AcceptanceRecord]
    unused: list[AcceptanceRecord]
    expired: list[AcceptanceRecord]


def describe_acceptance(acceptance: Acceptance) -> AcceptanceRecord:
    """Return an accepted warning as plain data."""
    return {
        "addon": acceptance.addon,
        "addon_instance_id": acceptance.addon_instance_id,
        "risk": acceptance.risk,
        "target_version": acceptance.target_version,
        "cluster": acceptance.cluster,
        "reason": acceptance.reason,
        "owner": acceptance.owner,
        "until": acceptance.until.isoformat(),
    }
