# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The huaweicloud.cce contributors

"""What an upgrade or an edit does to an add-on. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import values as values_of
from catalogue import IMAGE_DATA
from checks import Condition, weak_certificate_fails
from versions import numbers

ENDINGS = (
    "running", "available", "abnormal", "unknown", "installFailed", "upgradeFailed", "rollbackFailed", "deleteFailed",
)  # fmt: skip


@dataclass(frozen=True)
class Ending:
    """How an operation ends.

    Args:
        status: The status that it ends with.
        reason: `status.Reason`.
        message: `status.message`.
        abnormal_seconds: How long `abnormal` shows in the middle of it, in simulated seconds.
        seconds: How long it takes; None for what is usual for the instance.
        then: What is the matter with the add-on from then on: attributes of a `Condition`.
    """

    status: str = "running"
    reason: str = ""
    message: str = ""
    abnormal_seconds: float = 0.0
    seconds: float | None = None
    then: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Change:
    """What becomes of an instance: values, drift, what is lost on the way, and a bad end that cannot be helped."""

    values: dict[str, Any]
    drift: Mapping[str, Any] | None
    settings_lost: list[str]
    forced: Ending | None


def change(
    *,
    name: str,
    before: str,
    after: str,
    present: Mapping[str, Any],
    sent: Mapping[str, Any],
    defaults: Mapping[str, Any],
    required: Mapping[str, Any],
    condition: Condition,
) -> Change:
    """Return what a PUT does: whatever was not sent falls back to the default of the target version.

    Args:
        name: The template.
        before: The present version.
        after: The target version; the same one is an edit.
        present: The present values.
        sent: The values of the request.
        defaults: The values that an install of the target version has that brings none.
        required: Settings without which the pods do not start.
        condition: What is the matter with the instance.
    """
    effective = values_of.merged(dict(defaults), dict(sent))
    drift, forced = condition.drift, None
    strategy = values_of.strategy(sent)
    wanted = values_of.settings(present)
    if drift is not None:
        if strategy == "inherit":
            effective = values_of.merged(effective, {"custom": drift})
            wanted = values_of.merged(wanted, {"custom": drift})
            drift = None
        elif strategy == "force":
            wanted = values_of.merged(wanted, {"custom": drift})
            drift = None
        elif before != after:
            message = (
                "the effective configuration differs from the parameters: put the ConfigMap back, "
                "or choose inherit or force as parameterSyncStrategy"
            )
            forced = Ending("upgradeFailed", "ConfigurationDrifted", message)
    forced = forced or broken(name, before, after, sent, effective, required, condition)
    lost = [path for path in values_of.lost(wanted, effective) if path != "custom.parameterSyncStrategy"]
    return Change(effective, drift, lost, forced)


def broken(
    name: str,
    before: str,
    after: str,
    sent: Mapping[str, Any],
    effective: Mapping[str, Any],
    required: Mapping[str, Any],
    condition: Condition,
) -> Ending | None:
    """Return the bad end of pods that cannot start, or None."""
    basic = sent.get("basic")
    if not isinstance(basic, Mapping) or not all(basic.get(key) for key in IMAGE_DATA):
        return Ending("abnormal", "ImagePullBackOff", f"the image of {name} {after} cannot be pulled")
    missing = values_of.missing(effective, required)
    if missing:
        return Ending("abnormal", "CrashLoopBackOff", f"required settings are empty: {', '.join(missing)}")
    if weak_certificate_fails(condition, numbers(before), numbers(after), effective):
        return Ending("abnormal", "CrashLoopBackOff", "SSL_CTX_use_certificate failed: ee key too small")
    return None
