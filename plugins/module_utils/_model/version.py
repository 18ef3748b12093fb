# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The huaweicloud.cce contributors

# Private to the collection: it may change in any release. Do not import it from outside.
"""Add-on versions: how they compare, which of them fit a cluster, and which one `latest` means. Pure."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from .._ground.typed import ApiObject, as_text, as_texts
from .values import Values

# 1.29.2, 1.29.2-beta, v1.27, 1.28.8-r0. ASCII digits only: int() would take others, too.
_VERSION = re.compile(r"v?(\d{1,9}(?:\.\d{1,9})*)(?:[-.+_]?([A-Za-z][0-9A-Za-z.+_-]*)?)", re.ASCII)
_REVISION = re.compile(r"r\d+", re.ASCII)
_PIECES = re.compile(r"\d+|[a-z]+", re.ASCII)

VersionKey = tuple[tuple[int, ...], int, tuple[tuple[int, int, str], ...]]


@functools.lru_cache(maxsize=4096)
def version_key(version: str) -> VersionKey | None:
    """Return a key by which versions sort numerically (1.9.0 < 1.10.0), or None if it is not a version.

    A suffix marks a version before the release (1.29.2-beta < 1.29.2), but `-rN` one after it, as in CCE's own cluster
    versions (v1.28.8-r0).
    """
    match = _VERSION.fullmatch(version) if len(version) <= 128 else None
    if match is None:
        return None
    numbers = [int(part) for part in match[1].split(".")]
    while len(numbers) > 1 and numbers[-1] == 0:  # 1.10 is 1.10.0
        numbers.pop()
    suffix = (match[2] or "").lower()
    rank = 0 if not suffix else (1 if _REVISION.fullmatch(suffix) else -1)
    pieces = tuple((0, int(piece), "") if piece.isdigit() else (1, 0, piece) for piece in _PIECES.findall(suffix))
    return tuple(numbers), rank, pieces


def is_newer(version: str, than: str) -> bool:
    """Whether one version is newer than another; False if either cannot be read."""
    ours, theirs = version_key(version), version_key(than)
    return ours is not None and theirs is not None and ours > theirs


def same_patch_line(version: str, other: str) -> bool:
    """Whether two versions share their first two numbers (1.28.4 and 1.28.11), as `latest_patch` asks."""
    ours, theirs = version_key(version), version_key(other)
    if ours is None or theirs is None:
        return False
    return (ours[0] + (0, 0))[:2] == (theirs[0] + (0, 0))[:2]


# Expressions come from the service and are not to be trusted: `re` backtracks, so a crafted one hangs the client. Real
# ones are plain (`v1.13.*`, `v1.(19|21).*`): a literal text, dots, classes, one level of alternatives, and a quantifier
# after a single character. A quantifier after a group, which is what makes backtracking exponential, is not understood.
_PLAIN_EXPRESSION = re.compile(
    r"\^?(?:(?:[A-Za-z0-9_. -]|\\[.dw+-]|\[[A-Za-z0-9_.-]+\])[*+?]?|\((?:\?:)?(?:[A-Za-z0-9_.|-]|\\[.d])*\))*\$?",
    re.ASCII,
)
_MOST_QUANTIFIERS = 4


@functools.lru_cache(maxsize=4096)
def _compiled(expression: str) -> re.Pattern[str] | None:
    """Return a template's regular expression; None if it is invalid, or not of the plain kind that CCE uses."""
    if len(expression) > 256 or not _PLAIN_EXPRESSION.fullmatch(expression):
        return None
    if sum(expression.count(quantifier) for quantifier in "*+?") > _MOST_QUANTIFIERS:
        return None
    try:
        return re.compile(expression, re.ASCII)
    except re.error:
        return None


def meets(expression: str, cluster_version: str) -> bool | None:
    """Whether a cluster's version matches a template's regular expression as a whole; None if that cannot be told."""
    pattern = _compiled(expression) if len(cluster_version) <= 64 else None
    return None if pattern is None else pattern.fullmatch(cluster_version) is not None


@dataclass(frozen=True)
class ClusterKind:
    """What decides whether an add-on fits a cluster, in the API's own words; None for what is not known."""

    version: str | None = None
    type: str | None = None
    category: str | None = None


def supports(support_versions: object, cluster: ClusterKind | None) -> bool | None:
    """Whether `supportVersions` of a template version names the cluster; None if CCE does not tell.

    Source: API page "Listing Add-on Templates": an empty category means CCE and Turbo.
    """
    if not isinstance(support_versions, (list, tuple)) or cluster is None or not cluster.version:
        return None
    answers: set[bool | None] = set()
    for entry in support_versions:
        if not isinstance(entry, dict):
            answers.add(None)
            continue
        kind = entry.get("clusterType")
        if kind and cluster.type and kind != cluster.type:
            continue
        categories = as_texts(entry.get("category")) or ["CCE", "Turbo"]
        if cluster.category and cluster.category not in categories:
            continue
        expressions = entry.get("clusterVersion")
        for expression in expressions if isinstance(expressions, list) else [None]:
            answers.add(meets(expression, cluster.version) if isinstance(expression, str) else None)
    return True if True in answers else None if None in answers else False


@dataclass(frozen=True)
class Offer:
    """A version that an add-on template offers; None for what the template does not tell."""

    version: str
    stable: bool | None
    input: Values | None
    support_versions: tuple[object, ...] | None
    created_at: str | None = None
    updated_at: str | None = None


def offers(template: ApiObject | None) -> dict[str, Offer]:
    """Return the versions of an add-on template by version."""
    spec = (template or {}).get("spec")
    versions = spec.get("versions") if isinstance(spec, dict) else None
    found = {}
    for entry in versions if isinstance(versions, list) else []:
        version = entry.get("version") if isinstance(entry, dict) else None
        if isinstance(version, str) and version:
            defaults = entry.get("input")
            support = entry.get("supportVersions")
            stable = entry.get("stable")
            found[version] = Offer(
                version=version,
                stable=stable if isinstance(stable, bool) else None,
                input=defaults if isinstance(defaults, dict) else None,
                support_versions=tuple(support) if isinstance(support, list) else None,
                created_at=as_text(entry.get("creationTimestamp")),
                updated_at=as_text(entry.get("updateTimestamp")),
            )
    return found


def newest(versions: Iterable[str]) -> list[str]:
    """Return the versions that can be read, newest first."""
    readable = [(key, version) for version in set(versions) if (key := version_key(version)) is not None]
    return [version for _key, version in sorted(readable, reverse=True)]


def choose_latest(candidates: Sequence[str], offered: dict[str, Offer], *, allow_unstable: bool) -> str | None:
    """Return the newest stable candidate, or the newest of all if unstable ones are allowed; None if there is none.

    A version that the template does not describe is not known to be stable.
    """
    ordered = newest(candidates)
    if allow_unstable:
        return ordered[0] if ordered else None
    return next((version for version in ordered if version in offered and offered[version].stable), None)
