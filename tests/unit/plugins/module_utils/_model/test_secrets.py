# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The huaweicloud.cce contributors

"""What is a secret in the settings of an add-on, and that masking leaves nothing of it, and everything else."""

from __future__ import annotations

import copy
import json
import time
from pathlib import Path

import pytest
import yaml
from support.secrets import conventions
from support.secrets.canaries import Canaries

from ansible_collections.huaweicloud.cce.plugins.module_utils._model.secrets import (
    MASK,
    STARS,
    looks_secret,
    masked,
    secrets,
    spellings,
    without_secrets,
)
from ansible_collections.huaweicloud.cce.plugins.module_utils._model.values import target_values, values_fingerprint
from ansible_collections.huaweicloud.cce.plugins.module_utils._module.redaction import redacted_text

ROOT = Path(__file__).resolve().parents[5]


def shown(values: object) -> str:
    """Return what a user sees of values: themselves, and a message that quotes them in several ways."""
    known = {text for secret in secrets(values) for text in spellings(secret)}
    message = f"cannot use {json.dumps(values)}, nor {conventions.in_go(values)}, nor {values!r}"
    return json.dumps([masked(values), redacted_text(message, known)])


def given_away(stems: dict[str, str], settings: dict[str, object]) -> dict[str, str]:
    canaries = Canaries(stems)
    table = {what: shown(values) for what, values in settings.items()}
    return {what: text for what, text in table.items() if what in canaries.in_text(text)}


# The measurement


def test_enough_secrets_are_tried():
    assert len(conventions.NAMES) >= 40
    assert len(conventions.STEMS) >= 60
    assert len(set(conventions.STEMS.values())) == len(conventions.STEMS)


def test_no_secret_that_is_known_by_convention_shows():
    assert given_away(conventions.STEMS, conventions.SETTINGS) == {}


def test_what_shows_is_what_the_documentation_says():
    assert set(given_away(conventions.OPEN_STEMS, conventions.OPEN_SETTINGS)) == set(conventions.NOT_MASKED) - {
        "two halves"  # shows, but not as a whole
    }
    assert conventions.OPEN_SETTINGS["two halves"] == masked(conventions.OPEN_SETTINGS["two halves"])


def test_all_of_them_together_show_nothing_either():
    assert Canaries(conventions.STEMS).in_text(shown(conventions.SETTINGS)) == set()


def test_the_documentation_names_what_is_masked():
    text = (ROOT / "docs" / "secrets.md").read_text(encoding="utf-8")
    assert [name for name in conventions.NAMES if f"`{name}`" not in text] == []


def test_what_is_sent_and_its_fingerprint_are_not_touched():
    before = json.dumps(conventions.SETTINGS)
    wanted = {"custom": conventions.SETTINGS}
    sent = target_values(present={}, wanted=wanted, policy="keep", template_input=None)
    shown(sent)
    assert sent == wanted
    assert json.dumps(conventions.SETTINGS) == before
    other = json.loads(before.replace(conventions.STEMS["password: …"], MASK))
    assert values_fingerprint("1", sent) != values_fingerprint("1", {"custom": other})


def test_no_setting_of_the_templates_is_masked():
    """Users must be able to read what they have: these are the settings that the documented add-ons come with."""
    catalogue = yaml.safe_load((ROOT / "tests/simulator/catalogue.yml").read_text(encoding="utf-8"))
    text = json.dumps(catalogue)
    assert "swr_addr" in text
    assert masked(catalogue) == catalogue
    assert list(secrets(catalogue)) == []


# Names


@pytest.mark.parametrize("key", ["password", "swrSecretKey", "AK", "sk", "apiKey", "sshkey", "elasticsearchKey"])
def test_names_of_secrets_are_known(key):
    assert looks_secret(key)


@pytest.mark.parametrize(
    "key",
    "replicas keyspace task stub_domains monkey passthrough disk key keys author path bypass compass publicKey "
    "public_key ssh_public_key sshpublickey pubKey authorized_keys topologyKey labelKey tolerationSeconds keyPrefix "
    "sessionAffinity privateNetwork certificate ca.crt pinned swr_user image_version".split(),
)
def test_other_names_are_left_alone(key):
    assert masked({key: "some-text"}) == {key: "some-text"}


@pytest.mark.parametrize(
    "values",
    [
        {"tolerations": [{"key": "node.kubernetes.io/not-ready", "operator": "Exists", "tolerationSeconds": 60}]},
        {"affinity": {"matchExpressions": [{"key": "zone", "operator": "In", "values": ["a"]}]}},
        {"image": "registry.example:5000/x@sha256:0123456789abcdef"},
        {"url": "https://x.example:8443/a?b=c#d", "upstream": ["8.8.8.8:53", "tls://1.1.1.1"], "mail": "a@x.example"},
        {"note": "Basic authentication, and a Bearer of news", "at": "2025-03-01T10:00:00Z", "pair": "a:b"},
        {"ca": "-----BEGIN CERTIFICATE-----\nMIIE\n-----END CERTIFICATE-----", "b": "LS0tLS1CRUdJTiBDRVJUSUZJQ0FURS0="},
        {"auth": {"enabled": True, "type": "oidc"}, "token": None, "password": "", "secret": False},
        {"config": '{"a": [1, 2.0],  "b": null}', "broken": '{"a": ', "yaml": "a: 1\nb:\n  - c\n", "empty": {}},
        {"args": ["--v=2", "--enable-token-review", "--port", "80"]},
    ],
)  # fmt: skip
def test_other_settings_are_left_alone(values):
    assert masked(values) == values
    assert list(secrets(values)) == []


def test_secrets_are_masked_wherever_they_are():
    document = {
        "custom": {
            "password": "pass1",
            "auth": {"credentials": {"user": "user", "list": ["s001", {"x": "s002"}]}},
            "url": "url1",
        }
    }
    assert set(secrets(document, ["custom.url"])) == {"pass1", "user", "s001", "s002", "url1"}
    text = repr(masked(document, ["url"]))
    for secret in ("pass1", "s001", "s002", "url1"):
        assert f"'{secret}'" not in text
    assert MASK in text


def test_the_rest_of_a_text_stays():
    assert masked({"url": "https://user:hunter2@db.example/x"}) == {"url": f"https://user:{STARS}@db.example/x"}
    assert masked({"args": ["--v=2", "--password=hunter2", "--token", "x"]}) == {
        "args": ["--v=2", f"--password={STARS}", "--token", MASK]
    }
    assert masked({"x": "a: 1\ntokens:\n  - one\n  - two\nb: 2"}) == {
        "x": f"a: 1\ntokens:\n  - {STARS}\n  - {STARS}\nb: 2"
    }
    assert masked({"x": '{"a": 1, "token": "x"}'}) == {"x": '{"a": 1, "token": "' + MASK + '"}'}


def test_a_number_is_a_secret_unless_it_is_part_of_too_much_other_text():
    document = {"token": 123456, "pin_secret": [12345, 1.5, True, None], "replicas": 1234567}
    assert list(secrets(document)) == ["123456"]
    assert masked(document) == {"token": MASK, "pin_secret": [MASK, MASK, True, None], "replicas": 1234567}


@pytest.mark.parametrize("word", ["basic", "Bearer", "custom", "enabled", "none"])
def test_a_plain_word_is_masked_but_not_looked_for(word):
    assert masked({"password": word}) == {"password": MASK}
    assert list(secrets({"password": word})) == []


def test_a_secret_is_known_in_every_spelling():
    assert spellings("plain") == {"plain", "cGxhaW4="}
    assert spellings('a"\né') == {'a"\né', r"a\"\n\u00e9", r"a\"\né", r'a"\né', "a%22%0A%C3%A9", "YSIKw6k="}


def test_a_message_is_looked_through_for_shapes():
    text = 'x://a:hunter2@b said {"password": "hunter3"} and --token=hunter4, not password: as it is'
    assert without_secrets(text).count("hunter") == 0


@pytest.mark.parametrize(
    "text",
    [
        "[" * 100_000, '{"a":' * 5_000, "x" * 200_000, "a" * 100_000 + ":", "password=" * 10_000, "://" * 30_000,
        "  a:\n" * 20_000, "  password:\n" * 5_000, "eyJ" + "a" * 100_000, "a.a:" * 30_000 + "@",
        "-----BEGIN PRIVATE KEY" * 5_000, "Basic " * 30_000, "\\" * 100_000, 'password="' * 5_000, "a-" * 50_000 + "=",
        "token" * 20_000 + ":", "LS0tLS1CRUdJTi" * 5_000, "--token " * 20_000, "://a:b" * 20_000, " " * 100_000 + "=",
        "password" + " " * 100_000,
    ],
)  # fmt: skip
def test_no_text_takes_long(text):
    began = time.process_time()
    masked({"x": text, "y": {text: 1}})
    list(secrets({"x": text, "password": text}))
    assert time.process_time() - began < 5


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
