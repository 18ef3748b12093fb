# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The huaweicloud.cce contributors

"""Which requests are repeated, and after which pause."""

from __future__ import annotations

import pytest

from ansible_collections.huaweicloud.cce.plugins.module_utils._api import retries
from ansible_collections.huaweicloud.cce.plugins.module_utils._api.refusals import LOCKED
from ansible_collections.huaweicloud.cce.plugins.module_utils._api.retries import (
    Failure,
    delay,
    may_repeat,
    outcome_is_unknown,
    parse_retry_after,
)


@pytest.mark.parametrize(
    ("status", "repeat"),
    [
        (None, True),
        *((code, code in (408, 429, 500, 502, 503, 504)) for code in (400, 408, 409, 429, *range(499, 507))),
    ],
)
def test_reads_are_repeated_after_what_passes(status, repeat):
    assert may_repeat("GET", Failure(sent=True, status_code=status)) is repeat
    assert may_repeat("HEAD", Failure(sent=True, status_code=status)) is repeat
    assert may_repeat("PUT", Failure(sent=True, status_code=status)) is (status == 429)
    assert may_repeat("PUT", Failure(sent=False, status_code=status))
    unknown = status is None or status >= 500 or status == 408
    assert outcome_is_unknown("PUT", Failure(sent=True, status_code=status)) is unknown
    assert not outcome_is_unknown("PUT", Failure(sent=False, status_code=status))
    assert not outcome_is_unknown("GET", Failure(sent=True, status_code=status))


def test_pauses_double_up_to_a_limit():
    def pauses(failure: Failure, spread: float) -> list[float]:
        return [delay(failure, attempt, 0.0, lambda: spread) for attempt in range(1, 8)]

    assert pauses(Failure(True, 500), 1.0) == [0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 20.0]
    assert pauses(Failure(True, 500), 0.0) == [0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 10.0]
    assert pauses(Failure(True, 429), 1.0) == [8.0, 16.0, 32.0, 60.0, 60.0, 60.0, 60.0]
    assert pauses(Failure(True, 429), 0.0) == [6.0, 12.0, 24.0, 45.0, 45.0, 45.0, 45.0]
    assert pauses(Failure(True, 429, LOCKED), 1.0)[0] == 0.5
    assert pauses(Failure(True, 429, LOCKED, "7"), 0.5) == [7.5] * 7


def test_a_moment_to_come_back_at_that_is_over_is_now():
    assert parse_retry_after("Thu, 01 Jan 1970 00:00:10 GMT", 4.0) == 6.0
    assert parse_retry_after("Thu, 01 Jan 1970 00:00:10 GMT", 11.0) == 0.0
    for text in (None, "", "soon", "-1", "٧", "1.5x"):
        assert parse_retry_after(text, 0.0) is None
    assert parse_retry_after(" 7 ", 0.0) == 7.0


SENT = {"sent": True}


@pytest.mark.parametrize(
    ("method", "failure", "repeat", "unknown"),
    [
        ("GET", Failure(**SENT), True, False),
        ("GET", Failure(**SENT, status_code=500), True, False),
        ("GET", Failure(**SENT, status_code=503), True, False),
        ("GET", Failure(**SENT, status_code=404), False, False),
        ("PUT", Failure(sent=False), True, False),
        ("PUT", Failure(**SENT), False, True),
        ("PUT", Failure(**SENT, status_code=500), False, True),
        ("POST", Failure(**SENT, status_code=502), False, True),
        ("PUT", Failure(**SENT, status_code=429), True, False),
        ("PUT", Failure(**SENT, status_code=409), False, False),
        ("DELETE", Failure(**SENT, status_code=400), False, False),
    ],
)
def test_only_what_was_not_carried_out_or_is_harmless_is_repeated(method, failure, repeat, unknown):
    assert retries.may_repeat(method, failure) is repeat
    assert retries.outcome_is_unknown(method, failure) is unknown


def test_pauses_grow_and_obey_retry_after():
    def pause(attempt: int, **parts: object) -> float:
        return retries.delay(Failure(sent=True, **parts), attempt, 1_000_000.0, lambda: 0.5)

    assert pause(1) < pause(3) < pause(30) <= 20
    assert 5 < pause(1, status_code=429) < pause(3, status_code=429) <= pause(30, status_code=429) <= 60
    assert pause(1, status_code=429, error_code="CCE.01429002") < 1
    assert pause(1, status_code=429, retry_after="7") == 7.5
    assert pause(1, status_code=503, retry_after="Mon, 12 Jan 1970 13:46:50 GMT") == 10.5
    assert pause(1, retry_after="soon") < 1
