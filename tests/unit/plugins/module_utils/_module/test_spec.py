# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The huaweicloud.cce contributors

from __future__ import annotations

import pytest

from ansible_collections.huaweicloud.cce.plugins.module_utils._model.secrets import MASK
from ansible_collections.huaweicloud.cce.plugins.module_utils._module.spec import secret_options, shown_options

VALUES = {"custom": {"pin_secret": 1234, "webhook": "w", "logLevel": 4}}
SPEC = {name: {"type": "raw"} for name in ("values", "addons", "secret_values", "region", "endpoint")}


@pytest.mark.parametrize("marked", ["webhook", "custom.webhook"])
def test_settings_are_shown_without_secrets(marked):
    options = {"values": VALUES, "addons": ["all", "!a", {"name": "b", "values": VALUES}], "secret_values": [marked]}
    hidden = {"custom": {"pin_secret": MASK, "webhook": MASK, "logLevel": 4}}
    shown = shown_options(SPEC, options)
    assert shown == {**options, "values": hidden, "addons": ["all", "!a", {"name": "b", "values": hidden}]}


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ({"secret_kye": "x", "region": "r"}, {"secret_kye": MASK, "region": "r"}),
        ({"values": "password=x"}, {"values": MASK}),
        ({"values": None}, {"values": None}),
        ({"addons": '[{"name": "a"}]'}, {"addons": MASK}),
        ({"addons": ["a", ' "password": "x"}]']}, {"addons": ["a", MASK]}),
        ({"addons": {"name": "a", "password": "x"}}, {"addons": {"name": "a", "password": MASK}}),
    ],
)
def test_what_may_be_a_secret_in_the_wrong_place_is_not_shown(given, shown):
    assert shown_options(SPEC, given) == shown


def test_a_password_in_a_url_is_a_secret():
    options = {"endpoint": "https://me:word@cce.example", "iam_endpoint": "https://[", "values": 5}
    assert list(secret_options(options)) == ["word"]
