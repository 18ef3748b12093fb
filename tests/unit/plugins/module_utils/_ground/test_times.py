# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The huaweicloud.cce contributors

"""Times as the API and HTTP write them."""

from __future__ import annotations

import datetime

import pytest

from ansible_collections.huaweicloud.cce.plugins.module_utils._ground.times import clock_difference, http_date, instant


@pytest.mark.parametrize(
    "moment",
    [
        "1970-01-01T00:00:00+00:00",
        "2026-01-01T23:59:59+00:00",
        "2026-12-31T00:59:00+00:00",
        "2024-02-29T12:00:00+00:00",
        "2026-08-05T12:00:00.100000+00:00",
        "2026-08-05T12:00:00.000001+05:30",
    ],
)
def test_a_time_is_that_of_the_calendar(moment):
    expected = datetime.datetime.fromisoformat(moment) - datetime.datetime(1970, 1, 1, tzinfo=datetime.timezone.utc)
    assert instant(moment) == expected // datetime.timedelta(microseconds=1) * 1000


def test_a_short_fraction_is_a_fraction():
    assert instant("1970-01-01T00:00:00.1Z") == 100_000_000
    assert instant("1970-01-01T00:00:00.12345678Z") == 123_456_780
    assert instant("1970-01-01 00:00:00.000000001 +0000 UTC") == 1
    assert instant("1970-01-01T08:00:01+0800") == 1_000_000_000
    assert instant("1970-01-01T00:00:02UTC") == 2_000_000_000


def test_a_leap_second_is_a_time():
    assert instant("2016-12-31T23:59:60Z") == instant("2017-01-01T00:00:00Z")


@pytest.mark.parametrize(
    "text",
    [
        "2026-00-01T00:00:00Z",
        "2026-13-01T00:00:00Z",
        "2026-01-00T00:00:00Z",
        "2026-02-29T00:00:00Z",
        "2026-01-01T24:00:00Z",
        "2026-01-01T00:60:00Z",
        "2026-01-01T00:00:61Z",
        "1969-12-31T23:59:59Z",
        "2026-01-01T00:00:00.1234567891Z",
        "2026-01-01T00:00:00",
        "2026-01-01T00:00:00X",
        "2026-01-01T00:00:00Z ",
        None,
        7,
    ],
)
def test_what_is_no_time_is_none(text):
    assert instant(text) is None


DATE = "Wed, 05 Aug 2026 12:00:00 GMT"


NOON = 1_785_931_200.0


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        (DATE, NOON),
        ("Wed, 05 Aug 2026 20:00:00 +0800", NOON),
        ("Wed, 05 Aug 2026 12:00:00 -0000", NOON),
        *(
            (text, None)
            for text in (None, "", "noon", "2026-08-05T12:00:00Z", "Wed, 41 Aug 2026 12:00:00 GMT", "x" * 9999)
        ),
    ],
)
def test_a_date_of_http_is_a_point_in_time(text, seconds):
    assert http_date(text) == seconds


@pytest.mark.parametrize(
    ("headers", "difference"),
    [
        ({"Date": DATE}, -30.0),
        ({"Date": DATE, "Age": "40"}, 10.0),
        ({"Date": DATE, "Age": " 40 "}, 10.0),
        *(({"Date": DATE, "Age": age}, -30.0) for age in ("", "-40", "1.5", "x", "\u0664", "9" * 400)),
        ({"Age": "40"}, None),
        ({"Date": "noon"}, None),
        ({}, None),
    ],
    ids=str,
)
def test_an_answer_tells_how_far_the_clock_of_the_service_is_ahead(headers, difference):
    assert clock_difference(headers, NOON + 30) == difference
