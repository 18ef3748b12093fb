# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The huaweicloud.cce contributors

from __future__ import annotations

import time

import pytest

from ansible_collections.huaweicloud.cce.plugins.module_utils._model.version import (
    ClusterKind,
    Offer,
    choose_latest,
    is_newer,
    meets,
    newest,
    offers,
    same_patch_line,
    supports,
    version_key,
)


def test_versions_compare_numerically():
    ordered = ["1.9.0", "1.10.0-beta", "1.10.0", "1.10.0-r1", "1.10.1", "2.0.0-rc1", "2.0.0-rc2", "2.0.0-rc10", "2.0"]
    assert newest(ordered) == ordered[::-1]
    assert not is_newer("1.10", "1.10.0")
    assert version_key("v1.27") == version_key("1.27.0")


@pytest.mark.parametrize("text", ["", "latest", "1..2", "1.2.x!", "\u0661.\u0662", "1" * 200])
def test_what_is_no_version_is_never_the_newest(text):
    assert version_key(text) is None
    assert newest([text, "1.0.0"]) == ["1.0.0"]


@pytest.mark.parametrize(
    ("expression", "version", "expected"),
    [
        ("v1.13.*", "v1.13.10-r0", True),
        ("v1.(19|21).*", "v1.21.7-r0", True),
        ("v1.(19|21).*", "v1.23.1", False),
        ("^v1.27.*$", "v1.27.3-r0", True),
        ("v1.27", "v1.27.3-r0", False),
        ("v1.(19|21.*", "v1.19.1", None),
        ("(a+)+$", "v1.27.3", None),
        ("(v1.27.3|.*)*x", "v1.27.3", None),
        ("*", "v1.27.3", None),
        ("", "", True),
    ],
)
def test_a_cluster_version_meets_plain_expressions_only(expression, version, expected):
    assert meets(expression, version) is expected


@pytest.mark.parametrize("expression", ["(x+x+)+y", ".*.*.*.*.*.*.*.*y", "([a-z]+)*1", "(.|.)*" * 40])
def test_a_crafted_expression_cannot_hang_the_client(expression):
    started = time.process_time()
    assert not meets(expression, "x" * 64)
    assert time.process_time() - started < 1


def test_what_is_not_said_is_not_known_to_be_supported():
    cluster = ClusterKind("v1.28.8-r0", "VirtualMachine", "CCE")
    entry = {"clusterType": "VirtualMachine", "clusterVersion": ["v1.28.*"], "category": ["CCE"]}
    assert supports([entry], cluster)
    assert supports([{**entry, "category": []}], cluster)
    assert not supports([{**entry, "category": ["Autopilot"]}], cluster)
    assert not supports([{**entry, "clusterType": "ARM64"}], cluster)
    for odd in (None, {}, [None], ["x"], *([{**entry, "clusterVersion": told}] for told in (None, "v1", [3], ["(("]))):
        assert supports(odd, cluster) is None
        if isinstance(odd, list):
            assert supports([*odd, entry], cluster), "one that fits is enough"
            assert supports([*odd, {**entry, "clusterVersion": ["v1.29.*"]}], cluster) is None
    for none in ([], [{**entry, "clusterVersion": []}], [{**entry, "clusterVersion": ["v1.29.*"]}]):
        assert supports(none, cluster) is False
    for unknown in (None, ClusterKind(), ClusterKind("", "VirtualMachine", "CCE"), ClusterKind("v" * 65)):
        assert supports([entry], unknown) is None


def test_an_offer_that_was_read_tells_which_clusters_it_fits():
    entry = {"clusterType": "VirtualMachine", "clusterVersion": ["v1.(27|28).*"], "category": ["CCE"]}
    template = {"spec": {"versions": [{"version": "1.0.0", "supportVersions": [entry]}, {"version": "2.0.0"}]}}
    cluster = ClusterKind("v1.28.8-r0", "VirtualMachine", "CCE")
    fits = {version: supports(offer.support_versions, cluster) for version, offer in offers(template).items()}
    assert fits == {"1.0.0": True, "2.0.0": None}


def test_latest_is_stable_unless_asked_otherwise():
    template = {"spec": {"versions": [{"version": "1.0.0", "stable": True}, {"version": "1.1.0", "stable": False}]}}
    offered = offers(template)
    assert choose_latest(["1.0.0", "1.1.0"], offered, allow_unstable=False) == "1.0.0"
    assert choose_latest(["1.0.0", "1.1.0"], offered, allow_unstable=True) == "1.1.0"
    assert choose_latest(["1.1.0"], offered, allow_unstable=False) is None
    assert choose_latest(["9.9.9"], offered, allow_unstable=False) is None, "not known to be stable"
    assert same_patch_line("1.28.4", "1.28.11")
    assert not same_patch_line("1.28.4", "1.29.0")


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
