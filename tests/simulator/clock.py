# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The huaweicloud.cce contributors

"""Simulated time: it runs faster than real time where a test wants it to, and can be put forward."""

from __future__ import annotations

import datetime
import time


class Clock:
    """Seconds since 1970, at `scale` times the speed of real time."""

    def __init__(self, scale: float) -> None:
        self._scale = scale
        self.reset()

    def reset(self) -> None:
        """Go back to real time."""
        self._real_start = time.time()
        self._advanced = 0.0

    def now(self) -> float:
        """Return the simulated time in seconds since 1970."""
        return self._real_start + (time.time() - self._real_start) * self._scale + self._advanced

    def advance(self, seconds: float) -> None:
        """Put the clock forward by some simulated seconds."""
        self._advanced += seconds


def iso(seconds: float) -> str:
    """Return a time as CCE writes it: microseconds, with the offset of the region."""
    zone = datetime.timezone(datetime.timedelta(hours=8))
    return datetime.datetime.fromtimestamp(seconds, tz=zone).isoformat(timespec="microseconds")
