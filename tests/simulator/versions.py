# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The huaweicloud.cce contributors

"""Versions of add-ons and clusters. Pure."""

from __future__ import annotations

import functools
import re


@functools.lru_cache(maxsize=4096)
def order(version: str) -> tuple[tuple[int, ...], bool, str]:
    """Return what versions sort by: `1.9.0` < `1.10.0-beta` < `1.10.0`."""
    numbers, _dash, suffix = version.lstrip("v").partition("-")
    return tuple(int(part) for part in numbers.split(".") if part.isdigit()), not suffix, suffix


def numbers(version: str) -> tuple[int, ...]:
    """Return the numbers of a version: `v1.28.8-r0` is (1, 28, 8)."""
    return order(version)[0]


@functools.lru_cache(maxsize=4096)
def fits(expression: str, cluster_version: str) -> bool:
    """Whether a template's regular expression means a cluster's version. One that is broken means none."""
    try:
        return re.fullmatch(expression, cluster_version) is not None
    except re.error:
        return False
