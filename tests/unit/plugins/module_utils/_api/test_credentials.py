# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The huaweicloud.cce contributors

"""Where credentials come from, in which order, and that they show no secret."""

from __future__ import annotations

import base64

import pytest

from ansible_collections.huaweicloud.cce.plugins.module_utils._api.credentials import (
    ENVIRONMENT,
    AccessKey,
    Metadata,
    Sources,
    Token,
    UserPassword,
)
from ansible_collections.huaweicloud.cce.plugins.module_utils._ground.errors import CredentialsError


def sources(params: dict | None = None, environ: dict | None = None, profile: str | None = None) -> Sources:
    return Sources(params or {}, environ or {}, lambda path: profile)


def test_every_name_of_every_source_in_order():
    for access in ENVIRONMENT["access_key"]:
        for secret in ENVIRONMENT["secret_key"]:
            assert sources(environ={access: "A", secret: "S"}).credentials() == AccessKey("A", "S")
    profile = "[basic]\nak = P\nsk = Q\nsecurity_token = T\n[other]\nak = O\nsk = R\n"
    environ = {"HUAWEICLOUD_SDK_AK": "E", "HUAWEICLOUD_SDK_SK": "F"}
    options = {"access_key": "A", "secret_key": "B"}
    assert sources(options, environ, profile).credentials() == AccessKey("A", "B")
    assert sources({}, environ, profile).credentials() == AccessKey("E", "F")
    assert sources({}, {}, profile).credentials() == AccessKey("P", "Q", "T")
    assert sources({"profile": "other"}, {}, profile).credentials() == AccessKey("O", "R")
    assert sources({"use_metadata": True}).credentials() == Metadata()


def test_the_environment_asks_for_a_profile_by_name_unless_an_option_does():
    profile = "[one]\nak = O\nsk = R\n[two]\nak = T\nsk = W\n"
    environ = {"HUAWEICLOUD_CCE_PROFILE": "one", "HW_ACCESS_KEY": "E", "HW_SECRET_KEY": "F"}
    assert sources({}, environ, profile).credentials() == AccessKey("O", "R")
    assert sources({"profile": "two"}, environ, profile).credentials() == AccessKey("T", "W")
    with pytest.raises(CredentialsError, match="'three' was asked for"):
        sources({}, {"HUAWEICLOUD_CCE_PROFILE": "three"}, profile)


@pytest.mark.parametrize(
    ("option", "variable", "value"),
    [(None, None, None), (None, "yes", "yes"), (False, "yes", "False"), (True, "no", "True")],
)
def test_an_option_that_is_false_is_set(option, variable, value):
    environ = {} if variable is None else {"HUAWEICLOUD_CCE_AUTOPILOT": variable}
    assert sources({"autopilot": option}, environ).value("autopilot") == value


def test_a_profile_that_is_asked_for_by_name_is_meant():
    profile = "[other]\nak = O\nsk = R\nproject_id = P\niam_endpoint = I\n"
    environ = {"HUAWEICLOUD_SDK_AK": "E", "HUAWEICLOUD_SDK_SK": "F", "HW_SECURITY_TOKEN": "T", "HW_PROJECT_ID": "Q"}
    found = sources({"profile": "other"}, environ, profile)
    assert found.credentials() == AccessKey("O", "R")
    assert (found.value("project_id"), found.value("iam_endpoint")) == ("Q", "I"), "a role tells the project of a host"
    options = {"profile": "other", "access_key": "A", "secret_key": "B"}
    assert sources(options, environ, profile).credentials() == AccessKey("A", "B")


@pytest.mark.parametrize(
    ("params", "environ", "project"),
    [
        ({"project_id": "P", "project_name": "N"}, {}, ("P", None)),
        ({"project_name": "N"}, {"HW_PROJECT_ID": "Q"}, (None, "N")),
        ({"project_id": "P"}, {"HW_PROJECT_NAME": "M"}, ("P", None)),
        ({}, {"HW_PROJECT_ID": "Q", "HW_PROJECT_NAME": "M"}, ("Q", None)),
        ({}, {"HW_PROJECT_NAME": "M", "HW_REGION_NAME": "R"}, (None, "M")),
        ({"region": "S"}, {}, (None, "S")),
        ({}, {}, (None, None)),
    ],
)
def test_the_project_is_what_the_stronger_source_says(params, environ, project):
    assert sources(params, environ).project() == project


def test_every_kind_of_credentials():
    user = {"HW_USER_NAME": "u", "HW_USER_PASSWORD": "p", "HW_DOMAIN_NAME": "d"}
    assert sources(environ=user).credentials() == UserPassword("u", "p", "d")
    assert sources(environ={"OS_AUTH_TOKEN": "t"}).credentials() == Token("t")
    assert sources({"username": "u", "password": "p", "domain_name": "d"}, {"HW_AUTH_TOKEN": "t"}).credentials() == (
        UserPassword("u", "p", "d")
    ), "an option is stronger than the environment"


@pytest.mark.parametrize(
    ("params", "environ", "text"),
    [
        ({}, {}, "No credentials were found"),
        ({"access_key": "A"}, {}, "not secret_key"),
        ({"access_key": "A"}, {"HW_AUTH_TOKEN": "t"}, "not secret_key"),
        ({}, {"HW_USER_NAME": "u", "HW_USER_PASSWORD": "hidden"}, "not domain_name"),
        ({"profile": "missing"}, {}, "cannot be read"),
    ],
)
def test_half_given_or_missing_credentials_are_named_without_values(params, environ, text):
    with pytest.raises(CredentialsError, match=text) as error:
        sources(params, environ).credentials()
    assert "hidden" not in error.value.message


def test_no_credentials_show_their_secrets():
    for credentials in (AccessKey("A", "hidden", "hidden"), UserPassword("u", "hidden", "d"), Token("hidden")):
        assert "hidden" not in repr(credentials)


@pytest.mark.parametrize(
    "url",
    ["http://robot:p%40ss-word@proxy:3128", "robot:p%40ss-word@proxy:3128", "socks5h://robot:p%40ss-word@[::1]:1080/"],
)
@pytest.mark.parametrize("name", ["HTTPS_PROXY", "http_proxy", "All_Proxy"])
def test_the_password_of_a_proxy_is_a_secret_in_every_form(name, url):
    hidden = set(sources(environ={name: url}).secrets())
    assert {"p%40ss-word", "p@ss-word", base64.b64encode(b"robot:p@ss-word").decode()} <= hidden


@pytest.mark.parametrize("url", ["", "http://proxy:3128", "http://robot@proxy:3128", "proxy", "http://robot:@proxy"])
def test_a_proxy_without_a_password_has_no_secret(url):
    assert not set(sources(environ={"HTTPS_PROXY": url}).secrets())
