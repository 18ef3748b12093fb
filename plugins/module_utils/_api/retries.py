# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The huaweicloud.cce contributors

# Private to the collection: it may change in any release. Do not import it from outside.
"""Which requests are repeated, and after how long. Pure.

The rule: a request that was certainly not carried out may be repeated. One that may have been carried out is repeated
only if that is harmless, which means: if it is a read.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from .._ground.times import http_date
from .refusals import LOCKED

_SAFE_METHODS = frozenset(("GET", "HEAD"))
_LONGEST_BACK_OFF = 20.0
THROTTLE_WINDOW = 60.0  # the gateway counts requests a minute


@dataclass(frozen=True)
class Failure:
    """What went wrong with one try of a request.

    Attributes:
        sent: Whether the service may have received it.
        status_code: HTTP status, or None if there was no usable answer.
        error_code: The service's code.
        retry_after: The header `Retry-After`.
    """

    sent: bool
    status_code: int | None = None
    error_code: str | None = None
    retry_after: str | None = None


def may_repeat(method: str, failure: Failure) -> bool:
    """Whether a request may be sent again after a failure, without first reading the state of the service."""
    if not failure.sent or failure.status_code == 429:
        return True
    passing = failure.status_code is None or failure.status_code in (408, 500, 502, 503, 504)
    return passing and method in _SAFE_METHODS


def outcome_is_unknown(method: str, failure: Failure) -> bool:
    """Whether a write may have been carried out although it failed."""
    no_answer_of_its_own = failure.status_code is None or failure.status_code >= 500 or failure.status_code == 408
    return failure.sent and method not in _SAFE_METHODS and no_answer_of_its_own


def parse_retry_after(text: str | None, now: float) -> float | None:
    """Return the seconds that `Retry-After` asks for (its value is seconds or an HTTP date), or None.

    `now` is in seconds since 1970.
    """
    if not text:
        return None
    text = text.strip()
    if text.isascii() and text.isdigit():
        return float(text)
    date = http_date(text)
    return None if date is None else max(0.0, date - now)


def delay(failure: Failure, attempt: int, now: float, random: Callable[[], float]) -> float:
    """Return the seconds to wait before the next try.

    Args:
        failure: What went wrong.
        attempt: How often it was tried, from 1.
        now: Seconds since 1970.
        random: Returns a number from 0 up to 1, so that many clients do not try at the same time.
    """
    asked = parse_retry_after(failure.retry_after, now)
    if asked is not None:
        return asked + random()
    doubled = 2.0 ** (attempt - 1)
    if failure.status_code == 429 and failure.error_code != LOCKED:
        return min(THROTTLE_WINDOW, 8.0 * doubled) * (0.75 + 0.25 * random())
    return min(_LONGEST_BACK_OFF, 0.5 * doubled) * (0.5 + 0.5 * random())
