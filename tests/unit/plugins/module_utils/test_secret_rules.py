# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The huaweicloud.cce contributors

from __future__ import annotations

import pytest

from ansible_collections.huaweicloud.cce.plugins.module_utils._secrets import (
    MASK,
    looks_secret,
    masked,
    secrets,
    spellings,
)


@pytest.mark.parametrize(
    "key", ["password", "swrSecretKey", "webhook_token", "AK", "sk", "apiKey", "db-passwd", "privateKey"]
)
def test_names_of_secrets_are_known(key):
    assert looks_secret(key)


@pytest.mark.parametrize("key", ["replicas", "keyspace", "task", "stub_domains", "monkey", "passthrough", "disk"])
def test_other_names_are_left_alone(key):
    assert not looks_secret(key)


def test_secrets_are_masked_wherever_they_are():
    document = {
        "custom": {
            "password": "pass1",
            "auth": {"credentials": {"user": "user", "list": ["s001", {"x": "s002"}]}},
            "url": "url1",
        }
    }
    assert set(secrets(document, ["custom.url"])) == {"pass1", "user", "s001", "s002", "url1"}
    shown = repr(masked(document, ["url"]))
    for secret in ("pass1", "s001", "s002", "url1"):
        assert f"'{secret}'" not in shown
    assert MASK in shown


def test_a_number_is_a_secret_unless_it_is_part_of_too_much_other_text():
    document = {"token": 123456, "pin_secret": [12345, 1.5, True, None], "replicas": 1234567}
    assert list(secrets(document)) == ["123456"]
    assert masked(document) == {"token": MASK, "pin_secret": [MASK, MASK, True, None], "replicas": 1234567}


def test_a_secret_is_known_in_every_spelling():
    assert spellings("plain") == {"plain"}
    assert spellings('a"\né') == {'a"\né', r"a\"\n\u00e9", r"a\"\né", r'a"\né'}
