# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The huaweicloud.cce contributors

"""Simulated time: it runs faster than real time where a test wants it to, and can be put forward."""

from __future__ import annotations

import datetime
import time
from collections.abc import Callable

_REGION = datetime.timezone(datetime.timedelta(hours=8))


class Clock:
    """Seconds since 1970, at `scale` times the speed of real time.

    Args:
        scale: Simulated seconds that pass in a real one.
        real: Real seconds since 1970.
    """

    def __init__(self, scale: float, real: Callable[[], float] = time.time) -> None:
        self._scale = scale
        self._real = real
        self.reset()

    def now(self) -> float:
        """Return the simulated time in seconds since 1970."""
        return self._start + (self._real() - self._start) * self._scale + self._advanced

    def reset(self) -> None:
        """Go back to real time."""
        self._start = self._real()
        self._advanced = 0.0

    def advance(self, seconds: float) -> None:
        """Put the clock forward by some simulated seconds."""
        self._advanced += seconds


def iso(seconds: float) -> str:
    """Return a time as CCE writes it for checks: microseconds, with the offset of the region."""
    return datetime.datetime.fromtimestamp(seconds, tz=_REGION).isoformat(timespec="microseconds")


def utc(seconds: float) -> str:
    """Return a time as the add-on manager and IAM write it: `2026-01-03T03:04:05.000000Z`."""
    return datetime.datetime.fromtimestamp(seconds, tz=datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def go(seconds: float) -> str:
    """Return a time as clusters have it: `2020-02-02 03:48:58.968214000 +0000 UTC`."""
    moment = datetime.datetime.fromtimestamp(seconds, tz=datetime.timezone.utc)
    return moment.strftime("%Y-%m-%d %H:%M:%S.%f000 +0000 UTC")
