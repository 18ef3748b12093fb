# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The huaweicloud.cce contributors

# Private to the collection: it may change in any release. Do not import it from outside.
"""The clusters of a report by their outcome, for `--limit @file`. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from ansible_collections.huaweicloud.cce.plugins.module_utils._rules.outcome import (
    BLOCKED,
    FAILED,
    NOT_REACHED,
    ROLLED_BACK,
    UNAVAILABLE,
    Outcome,
)

from .document import Report

# The lists, and the outcomes of the clusters in each.
LIMITS: Mapping[str, tuple[Outcome, ...]] = {
    "blocked": (BLOCKED,),
    "unavailable": (UNAVAILABLE,),
    "failed": (FAILED, ROLLED_BACK),
    "not_reached": (NOT_REACHED,),
}


def limits(report: Report) -> dict[str, list[str]]:
    """Return the hosts of the clusters in each list. Some lists may be empty."""
    return {
        name: sorted(cluster["host"] for cluster in report["clusters"] if cluster["outcome"] in outcomes)
        for name, outcomes in LIMITS.items()
    }
