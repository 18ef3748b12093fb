# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The huaweicloud.cce contributors

"""The edges of the pure rules: the first and the last value that counts, and what lies one beyond."""

from __future__ import annotations

import copy
import datetime
import hashlib

import pytest

from ansible_collections.huaweicloud.cce.plugins.module_utils._api.refusals import LOCKED
from ansible_collections.huaweicloud.cce.plugins.module_utils._api.retries import (
    Failure,
    delay,
    may_repeat,
    outcome_is_unknown,
    parse_retry_after,
)
from ansible_collections.huaweicloud.cce.plugins.module_utils._api.signing import canonical_query, canonical_uri, sign
from ansible_collections.huaweicloud.cce.plugins.module_utils._ground.errors import InputError
from ansible_collections.huaweicloud.cce.plugins.module_utils._ground.times import instant
from ansible_collections.huaweicloud.cce.plugins.module_utils._model.secrets import MASK, masked, secrets
from ansible_collections.huaweicloud.cce.plugins.module_utils._model.values import (
    changed_paths,
    defaults,
    merge_values,
    sync_strategy,
    target_values,
    values_fingerprint,
)
from ansible_collections.huaweicloud.cce.plugins.module_utils._model.version import (
    ClusterKind,
    Offer,
    choose_latest,
    is_newer,
    meets,
    offers,
    same_patch_line,
    supports,
    version_key,
)

# Times


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


# Versions


@pytest.mark.parametrize(
    ("version", "other", "expected"),
    [
        ("1.28.4", "1.28.11", True),
        ("1.28.4", "1.29.4", False),
        ("1", "1.0.3", True),
        ("1.0.3", "1", True),
        ("1", "1.1", False),
        ("1.1", "1", False),
        ("1.1", "1.1.7", True),
        ("2", "1.0", False),
        ("nonsense", "1.1", False),
        ("1.1", "nonsense", False),
        ("nonsense", "nonsense", False),
    ],
)
def test_a_patch_line_is_the_first_two_numbers(version, other, expected):
    assert same_patch_line(version, other) is expected


NO_MATCH = {"clusterType": "BareMetal", "clusterVersion": ["v1.29.*"]}
OTHER_CATEGORY = {"clusterType": "VirtualMachine", "category": ["Autopilot"], "clusterVersion": ["v1.29.*"]}
MATCH = {"clusterType": "VirtualMachine", "clusterVersion": ["v1.29.*"]}


@pytest.mark.parametrize("before", [7, NO_MATCH, OTHER_CATEGORY], ids=str)
def test_each_entry_may_be_the_one_that_fits(before):
    cluster = ClusterKind("v1.29.1-r0", "VirtualMachine", "CCE")
    assert supports([before, MATCH], cluster)
    assert not supports([before], cluster)


def test_an_empty_category_means_cce_and_turbo():
    for category, expected in (("CCE", True), ("Turbo", True), ("Autopilot", False), (None, True)):
        assert supports([MATCH], ClusterKind("v1.29.1-r0", "VirtualMachine", category)) is expected


def test_an_offer_is_read_whole():
    entry = {
        "version": "1.0.0",
        "stable": True,
        "input": {"basic": {}},
        "supportVersions": [MATCH],
        "creationTimestamp": "2026-01-01T00:00:00Z",
        "updateTimestamp": "2026-01-02T00:00:00Z",
    }
    bare = {"version": "2.0.0", "stable": "true", "input": [], "supportVersions": {}, "creationTimestamp": 7}
    more = {"version": "3.0.0", "creationTimestamp": "", "updateTimestamp": ["x"]}
    found = offers({"spec": {"versions": [{"version": 7}, {"version": ""}, "4.0.0", entry, bare, more]}})
    assert found == {
        "1.0.0": Offer("1.0.0", True, {"basic": {}}, (MATCH,), "2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z"),
        "2.0.0": Offer("2.0.0", None, None, None),
        "3.0.0": Offer("3.0.0", None, None, None),
    }


def test_of_no_versions_none_is_the_newest():
    assert choose_latest([], {}, allow_unstable=True) is None
    assert choose_latest([], {}, allow_unstable=False) is None


@pytest.mark.parametrize(
    ("newer", "older"),
    [("1.0", "1.0-zzz"), ("1-r0", "1"), ("1-a.b", "1-a.2"), ("1-a10", "1-a9"), ("1.0.1", "1"), ("1-r10", "1-r9")],
)
def test_suffixes_have_an_order(newer, older):
    assert is_newer(newer, older)
    assert not is_newer(older, newer)


def test_zeros_at_the_end_do_not_count():
    assert version_key("1") == version_key("1.0") == version_key("v1.0.0")
    assert version_key("1") != version_key("0.1")


def test_what_is_too_long_is_not_read():
    assert version_key("1-" + "a" * 126) is not None
    assert version_key("1-" + "a" * 127) is None
    for length, expected in ((256, True), (257, None)):
        assert meets("(v1|" + "a" * (length - 5) + ")", "v1") is expected
    for length, expected in ((64, True), (65, None)):
        assert meets("v*", "v" * length) is expected


@pytest.mark.parametrize(
    ("expression", "version", "expected"),
    [
        ("v*1*2*3*", "v123", True),
        ("v*1*2*3*4*", "v1234", None),
        ("v?1+2*3?4+", "v1234", None),
        ("XXXXX", "XXXXX", True),
        (r"v\d", "v1", True),
        (r"v\d", "v١", False),
        ("[z-a]", "z", None),
    ],
)
def test_expressions_of_the_service_are_plain_or_not_understood(expression, version, expected):
    assert meets(expression, version) is expected


# Values


def test_the_sync_strategy_is_read_where_it_is():
    assert sync_strategy({"custom": {"parameterSyncStrategy": "inherit"}}) == "inherit"
    for values in ({}, {"custom": None}, {"custom": {}}, {"custom": {"parameterSyncStrategy": True}}):
        assert sync_strategy(values) is None


def test_what_was_merged_shares_nothing_with_its_layers():
    layer = {"a": {"b": [1]}}
    result = merge_values({}, layer)
    result["a"]["b"].append(2)
    assert layer == {"a": {"b": [1]}}
    assert merge_values() == {}


def test_only_mappings_are_taken_for_defaults():
    assert defaults({"basic": [], "parameters": "x"}) == {"basic": {}, "custom": {}}
    assert defaults({"parameters": {"custom": 7, "flavor1": []}}) == {"basic": {}, "custom": {}}


@pytest.mark.parametrize("policy", ["keep", "reset", "merge"])
def test_every_policy_takes_the_users_values_and_the_sync_strategy(policy):
    values = target_values(
        present={"custom": {"a": 1}},
        wanted={"custom": {"b": 2}},
        policy=policy,
        template_input={"basic": {}},
        sync_strategy="force",
    )
    assert values["custom"]["b"] == 2
    assert values["custom"]["parameterSyncStrategy"] == "force"
    assert ("a" in values["custom"]) == (policy != "reset")


def test_a_flavor_is_a_choice_and_not_a_mixture():
    values = target_values(
        present={"flavor": {"name": "large"}},
        wanted={},
        policy="merge",
        template_input={"basic": {}, "parameters": {"flavor1": {"name": "small", "replicas": 2}}},
    )
    assert values["flavor"] == {"name": "large"}
    emptied = target_values(
        present={"flavor": {}},
        wanted={},
        policy="merge",
        template_input={"basic": {}, "parameters": {"flavor1": {"a": 1}}},
    )
    assert emptied["flavor"] == {"a": 1}
    nothing = {"flavor": None, "other": 1}
    values = target_values(present=nothing, wanted={}, policy="merge", template_input={"basic": {}})
    assert values == {"basic": {}, "custom": {}, "other": 1}


def test_without_defaults_the_way_out_is_named():
    with pytest.raises(InputError) as caught:
        target_values(present={}, wanted={}, policy="merge", template_input=None)
    assert caught.value.message == (
        "the add-on template does not tell the defaults of the target version, so what an upgrade would leave out "
        "cannot be known; values_policy 'keep' sends the present values without them"
    )


def test_what_changes_is_told_by_paths_in_order():
    assert list(changed_paths({"b": 1, "a": 1, 10: 1, 9: 1}, {})) == [("10",), ("9",), ("a",), ("b",)]
    assert list(changed_paths({"a": {"b": 1}}, {"a": 7})) == [("a",)]
    assert list(changed_paths({"a": 7}, {"a": {"b": 1}})) == [("a",)]
    assert list(changed_paths({"a": 1}, {"a": True})) == [("a",)]


NESTED = {
    "custom": {"webhook": "first", "plain": "two", "count": 7, "password": ["third", {"x": "fourth"}], "n": None},
    "list": [{"token": "fifth", "other": "six", "webhook": "seventh"}],
    "plain": "eight",
    "token": "",
    "secret": 9,
    "apiKey": True,
    "secretKey": False,
}


def test_secrets_are_those_below_a_secret_key():
    assert list(secrets(NESTED)) == ["third", "fourth", "fifth"]
    assert list(secrets(NESTED, ["webhook"])) == ["first", "third", "fourth", "fifth", "seventh"]
    assert list(secrets(NESTED, ["custom.webhook"])) == ["first", "third", "fourth", "fifth"]
    assert list(secrets(NESTED, ["list.webhook"])) == ["third", "fourth", "fifth", "seventh"]
    assert list(secrets("plain")) == []
    # To look for these would leave no result readable: where they stand, they are masked by their key.
    short = ("30", "12345", "0.5", "abc", "true", "None", "", 30, True)
    assert [list(secrets({"token": value})) for value in short] == [[]] * len(short)
    assert masked({"token": "30"}) == {"token": MASK}
    assert [list(secrets({"token": value})) for value in ("abcd", "123456", 123456)] == [
        ["abcd"],
        ["123456"],
        ["123456"],
    ]


def test_what_is_masked_is_exactly_the_secrets():
    before = copy.deepcopy(NESTED)
    assert masked(NESTED, ["list.webhook"]) == {
        "custom": {"webhook": "first", "plain": "two", "count": 7, "password": [MASK, {"x": MASK}], "n": None},
        "list": [{"token": MASK, "other": "six", "webhook": MASK}],
        "plain": "eight",
        "token": "",
        "secret": MASK,
        "apiKey": True,
        "secretKey": False,
    }
    assert before == NESTED
    assert masked("plain") == "plain"


def test_a_fingerprint_stays_the_same_between_releases():
    # A check that one release started may be judged by the next: this is part of what they agree on.
    canonical = r'["1.2",{"a":"\u00e4","b":[1,true]}]'
    assert values_fingerprint("1.2", {"b": [1, True], "a": "ä"}) == hashlib.sha256(canonical.encode()).hexdigest()[:16]


# Repeating


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


# Signing


def test_only_unreserved_characters_stay():
    reserved = "AZaz09-_.~ !*'()X"
    assert canonical_uri(f"/{reserved}") == "/AZaz09-_.~%20%21%2A%27%28%29X/"
    assert canonical_query([(reserved, "")]) == "AZaz09-_.~%20%21%2A%27%28%29X="


@pytest.mark.parametrize(
    ("content_type", "signed"),
    [
        (None, True),
        ("application/json", True),
        ("application/bson;v=1", True),
        ("application/xml", False),
        ("x", False),
    ],
)
def test_only_json_and_bson_bodies_are_signed(content_type, signed):
    headers = {"Host": "cce.example.com", "X-Sdk-Date": "20260102T030405Z"}
    if content_type:
        headers["Content-Type"] = content_type
    found = sign(method="put", path="/a", query=[], headers=headers, body=b"{}", access_key="ä", secret_key="ö")
    assert ("X-Sdk-Content-Sha256" in found.added_headers) is not signed
    digest = hashlib.sha256(b"{}").hexdigest() if signed else "UNSIGNED-PAYLOAD"
    assert found.canonical_request.endswith(f"\n{digest}")
    assert found.canonical_request.startswith("PUT\n/a/\n\n")
