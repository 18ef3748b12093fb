# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The huaweicloud.cce contributors

# Private to the collection: it may change in any release. Do not import it from outside.
"""Points in time as the API writes them. Pure."""

from __future__ import annotations

import calendar
import datetime
import re
from collections.abc import Mapping
from email.utils import parsedate_to_datetime

# The clocks of one service differ a little, and headers have whole seconds. A time that is further ahead than this is
# in the future, so the age of what it belongs to is unknown.
CLOCK_TOLERANCE = 60.0  # seconds

_NANOSECONDS = 1_000_000_000

# All of these were seen: 2025-08-05T17:10:44.648388+08:00, 2025-08-13T11:24:37.312017086+08:00 (nanoseconds, which
# datetime.fromisoformat refuses), 2026-01-03T03:04:05.000000Z, 2020-02-02 03:48:58.968214406 +0000 UTC.
_INSTANT = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)[T ](\d\d):(\d\d):(\d\d)(?:\.(\d{1,9}))?\s?(Z|UTC|[+-]\d\d:?\d\d(?: UTC)?)",
    re.ASCII,
)


def instant(text: object) -> int | None:
    """Return the nanoseconds since 1970-01-01 UTC of a time as the API writes it.

    Returns None for anything else. A time without a zone could be wrong by half a day, so it does not count.
    """
    match = _INSTANT.fullmatch(text) if isinstance(text, str) else None
    if match is None:
        return None
    year, month, day, hour, minute, second = (int(part) for part in match.groups()[:6])
    if not (1 <= month <= 12 and hour < 24 and minute < 60 and second <= 60 and year >= 1970):
        return None
    if not 1 <= day <= calendar.monthrange(year, month)[1]:
        return None
    zone = match[8]
    offset = 0
    if zone[0] in "+-":
        digits = zone[1:6].replace(":", "")
        hours, minutes = int(digits[:2]), int(digits[2:4])
        if hours >= 24 or minutes >= 60:
            return None
        offset = (hours * 3600 + minutes * 60) * (-1 if zone[0] == "-" else 1)
    seconds = calendar.timegm((year, month, day, hour, minute, second)) - offset
    return seconds * _NANOSECONDS + int((match[7] or "0").ljust(9, "0"))


def seconds_between(earlier: int, later: int) -> float:
    """Return the seconds from one instant to another (negative if `later` is earlier)."""
    return (later - earlier) / _NANOSECONDS


def from_seconds(seconds: float) -> int:
    """Return the instant of a POSIX time stamp in seconds."""
    return int(seconds * _NANOSECONDS)


def http_date(text: str | None) -> float | None:
    """Return the seconds since 1970 of a date in an HTTP header, or None for anything else."""
    try:
        moment = parsedate_to_datetime(text or "")
        return (moment if moment.tzinfo else moment.replace(tzinfo=datetime.timezone.utc)).timestamp()
    except (TypeError, ValueError, IndexError, OverflowError):
        return None


def clock_difference(headers: Mapping[str, str], now: float) -> float | None:
    """Return how many seconds the clock of the service is ahead of ours; None if the answer does not say.

    Args:
        headers: The headers of the answer. `Age` says how long it was in a cache.
        now: Our time, in seconds since 1970.
    """
    date = http_date(headers.get("Date"))
    if date is None:
        return None
    cached = re.fullmatch(r"\s*(\d{1,9})\s*", headers.get("Age") or "", re.ASCII)
    return date + (float(cached[1]) if cached else 0.0) - now
