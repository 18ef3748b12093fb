# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The huaweicloud.cce contributors

from __future__ import annotations

import hashlib

import pytest

from ansible_collections.huaweicloud.cce.plugins.module_utils._ground.errors import InputError
from ansible_collections.huaweicloud.cce.plugins.module_utils._model.values import (
    changed_paths,
    defaults,
    merge_values,
    sync_strategy,
    target_values,
    values_fingerprint,
)

INPUT = {
    "basic": {"image": "2"},
    "parameters": {"custom": {"a": 1, "deep": {"x": 1, "y": 1}, "list": [1, 2]}, "flavor1": {"replicas": 2}},
}
PRESENT = {
    "basic": {"image": "1", "old": True},
    "custom": {"deep": {"x": 5}, "list": [9], "mine": True},
    "flavor": {"replicas": 7},
    "parameters": {},
}


def values(policy: str, wanted: dict | None = None, **changes: object) -> dict:
    options = {"present": PRESENT, "wanted": wanted or {}, "policy": policy, "template_input": INPUT, **changes}
    return target_values(**options)


def test_merge_keeps_every_present_setting_over_the_targets_defaults():
    assert values("merge", {"custom": {"deep": {"y": 8}}}) == {
        "basic": {"image": "2"},
        "custom": {"a": 1, "deep": {"x": 5, "y": 8}, "list": [9], "mine": True},
        "flavor": {"replicas": 7},
        "parameters": {},
    }


def test_keep_and_reset():
    assert values("keep") == PRESENT
    assert values("reset") == {
        "basic": {"image": "2"},
        "custom": INPUT["parameters"]["custom"],
        "flavor": {"replicas": 2},
    }


def test_a_missing_flavor_is_the_templates_first():
    present = {key: value for key, value in PRESENT.items() if key != "flavor"}
    assert values("merge", present=present)["flavor"] == {"replicas": 2}


def test_a_sync_strategy_goes_with_the_values():
    assert values("merge", sync_strategy="inherit")["custom"]["parameterSyncStrategy"] == "inherit"


@pytest.mark.parametrize("template_input", [None, {}, {"basic": None}, "text"])
def test_without_the_targets_defaults_nothing_is_guessed(template_input):
    with pytest.raises(InputError, match="keep"):
        values("merge", template_input=template_input)
    assert values("keep", template_input=template_input) == PRESENT


def test_the_inputs_stay_as_they_are():
    before = repr((PRESENT, INPUT))
    result = values("merge")
    result["custom"]["deep"]["x"] = "changed"
    result["custom"]["list"].append(1)
    assert repr((PRESENT, INPUT)) == before


def test_changed_paths_tell_what_json_would():
    assert list(changed_paths({"a": 1, "b": {"c": [1]}}, {"a": True, "b": {"c": [2], "d": None}})) == [
        ("a",),
        ("b", "c"),
        ("b", "d"),
    ]
    assert not list(changed_paths({"a": 1}, {"a": 1.0}))


def test_a_fingerprint_sees_secrets_and_the_version():
    prints = {
        values_fingerprint("1", {"a": "x"}),
        values_fingerprint("1", {"a": "y"}),
        values_fingerprint("2", {"a": "x"}),
    }
    assert len(prints) == 3
    assert values_fingerprint("1", {"a": 1, "b": 2}) == values_fingerprint("1", {"b": 2, "a": 1})


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


def test_a_fingerprint_stays_the_same_between_releases():
    # A check that one release started may be judged by the next: this is part of what they agree on.
    canonical = r'["1.2",{"a":"\u00e4","b":[1,true]}]'
    assert values_fingerprint("1.2", {"b": [1, True], "a": "ä"}) == hashlib.sha256(canonical.encode()).hexdigest()[:16]
