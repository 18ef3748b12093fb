# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The huaweicloud.cce contributors

from __future__ import annotations

import pytest

from ansible_collections.huaweicloud.cce.plugins.module_utils._ground.errors import InputError
from ansible_collections.huaweicloud.cce.plugins.module_utils._model.values import (
    changed_paths,
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
