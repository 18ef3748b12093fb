# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The huaweicloud.cce contributors

"""Waiting, repeating, credentials, endpoints and error answers: the rules of the wire, without one."""

from __future__ import annotations

import base64
import contextlib

import pytest

from ansible_collections.huaweicloud.cce.plugins.module_utils._api import retries
from ansible_collections.huaweicloud.cce.plugins.module_utils._api.credentials import (
    ENVIRONMENT,
    AccessKey,
    Metadata,
    Sources,
    Token,
    UserPassword,
)
from ansible_collections.huaweicloud.cce.plugins.module_utils._api.endpoints import base_url, endpoints
from ansible_collections.huaweicloud.cce.plugins.module_utils._api.http import parse_json
from ansible_collections.huaweicloud.cce.plugins.module_utils._api.refusals import as_error, read_refusal
from ansible_collections.huaweicloud.cce.plugins.module_utils._api.retries import Failure
from ansible_collections.huaweicloud.cce.plugins.module_utils._ground.errors import (
    CredentialsError,
    Forbidden,
    InputError,
    Unreachable,
)
from ansible_collections.huaweicloud.cce.plugins.module_utils._ground.times import clock_difference, http_date
from ansible_collections.huaweicloud.cce.plugins.module_utils._operations.waiting import Waited, interval, poll


class FakeClock:
    def __init__(self) -> None:
        self.time = 0.0

    def __call__(self) -> float:
        return self.time

    def sleep(self, seconds: float) -> None:
        self.time += seconds

    def wait(self, read, is_done, timeout: float = 600, progress=print, **options) -> Waited:
        return poll(
            read,
            is_done,
            timeout=timeout,
            clock=self,
            sleep=self.sleep,
            progress=progress,
            not_after=lambda end: contextlib.nullcontext(),
            **{"describe": str, **options},
        )


@pytest.mark.parametrize("length", [0.5, 3, 8, 19.9, 20, 20.1])
def test_the_end_of_an_operation_is_seen_soon_and_with_few_requests(length):
    clock, reads = FakeClock(), []

    def read() -> float:
        reads.append(clock())
        return clock()

    assert clock.wait(read, lambda now: now >= length).is_done
    assert reads[-1] - length <= 2
    assert len(reads) <= 13 if length > 20 else len(reads) <= 12


def test_polls_are_never_more_than_ten_seconds_apart_nor_past_the_deadline():
    clock, reads = FakeClock(), []

    def read() -> None:
        reads.append(clock())

    assert not clock.wait(read, lambda state: False, timeout=333).is_done
    assert 330 < reads[-1] < 333, "the last one has some time to be answered in"
    assert max(later - earlier for earlier, later in zip(reads, reads[1:])) <= 10
    assert interval(0) <= interval(30) <= interval(1000)


def test_progress_is_told_when_something_changes_and_every_15_seconds():
    clock, told = FakeClock(), []
    clock.wait(lambda: clock() > 60, lambda state: clock() > 100, progress=lambda text: told.append(clock()))
    assert 5 <= len(told) <= 8
    assert max(later - earlier for earlier, later in zip([0, *told], told)) <= 25


def test_a_service_that_is_down_for_a_while_does_not_end_a_wait():
    clock = FakeClock()

    def read() -> float:
        if 10 < clock() < 100:
            raise Unreachable("no connection")
        return clock()

    assert clock.wait(read, lambda state: state > 200).is_done
    waited = clock.wait(lambda: 1.0, lambda state: state > 1.0, timeout=5, state=0.5)
    assert (waited.is_done, waited.state, waited.doubt) == (False, 1.0, "")


def test_a_wait_that_ends_in_trouble_says_so_and_keeps_the_last_state():
    clock = FakeClock()

    def read() -> float:
        if clock() > 10:
            raise Unreachable("no connection")
        return clock()

    waited = clock.wait(read, lambda state: False, timeout=60)
    assert not waited.is_done
    assert waited.state <= 10
    assert "no connection" in waited.doubt


def test_an_error_that_will_not_pass_ends_a_wait_and_so_does_a_first_read_that_fails():
    def refuse() -> float:
        raise Forbidden("not allowed")

    with pytest.raises(Forbidden):
        FakeClock().wait(refuse, lambda state: False, state=1.0)

    def fail() -> float:
        raise Unreachable("no connection")

    with pytest.raises(Unreachable):
        FakeClock().wait(fail, lambda state: False)


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
    ("region", "cce", "iam"),
    [
        ("ap-southeast-1", "cce.ap-southeast-1.myhuaweicloud.com", "iam.ap-southeast-1.myhuaweicloud.com"),
        ("af-north-1", "cce.af-north-1.myhuaweicloud.com", "iam.myhuaweicloud.com"),
        ("xx-new-9", "cce.xx-new-9.myhuaweicloud.com", "iam.myhuaweicloud.com"),
        ("eu-west-101", "cce.eu-west-101.myhuaweicloud.eu", "iam.eu-west-101.myhuaweicloud.eu"),
        ("eu-de", "cce.eu-de.otc.t-systems.com", "iam.eu-de.otc.t-systems.com"),
    ],
)
def test_hosts_are_built_from_the_region(region, cce, iam):
    found = endpoints(region=region)
    assert (found.cce, found.iam) == (f"https://{cce}", f"https://{iam}")


def test_endpoints_can_be_given():
    found = endpoints(region="eu-de", iam_endpoint="https://iam.example.com/v3/", endpoint="cce.example.com:8443")
    assert (found.cce, found.iam) == ("https://cce.example.com:8443", "https://iam.example.com")
    environ = {"HUAWEICLOUD_SDK_REGION_CCE_EU_DE": "https://one.example.com,https://two.example.com"}
    assert endpoints(region="eu-de", environ=environ).cce == "https://one.example.com"


@pytest.mark.parametrize("url", ["http://cce.example.com", "ftp://x", "https://u:p@x", "https://", "https://x?y", "::"])
def test_unusable_endpoints_are_refused(url):
    with pytest.raises(InputError):
        base_url(url, "endpoint")
    assert base_url("http://127.0.0.1:80", "endpoint") == "http://127.0.0.1:80"


@pytest.mark.parametrize(
    ("status", "body", "code", "message"),
    [
        (403, {"errorCode": "CCE.01403001", "errorMessage": "Forbidden."}, "CCE.01403001", "Forbidden."),
        (
            400,
            {
                "errorCode": "CCE.03400001",
                "errorMessage": "Invalid request.",
                "error": {"message": "addon template version(1) is invalid", "code": "SVCSTG.CCE-ADDONMGR.4000002"},
            },
            "CCE.03400001",
            "Invalid request: addon template version(1) is invalid",
        ),
        (429, {"error_msg": "throttled", "error_code": "APIG.0308"}, "APIG.0308", "throttled"),
        (401, {"error": {"code": 401, "message": "wrong", "title": "Unauthorized"}}, None, "wrong"),
        (401, {"error_code": "IAM.0001", "error_msg": "no"}, "IAM.0001", "no"),
        (403, {"error": {"message": "denied", "code": "CCE.01403001"}}, "CCE.01403001", "denied"),
        (
            500,
            {"code": "SVCSTG.CCE-ADDONMGR.500", "message": "internal error"},
            "SVCSTG.CCE-ADDONMGR.500",
            "internal error",
        ),
        (400, {"code": 4000002, "message": "no"}, "4000002", "no"),
        (404, {"kind": "Status", "code": 404, "message": "not found"}, None, "not found"),
        (404, {"code": "404", "message": "not found"}, None, "not found"),
        (500, {"code": True, "message": "no"}, None, "no"),
        (502, None, None, "Bad Gateway"),
        (500, None, None, None),
    ],
)
def test_every_shape_of_an_error_is_read(status, body, code, message):
    text = "<html><head><title>Bad Gateway</title></head>" if status == 502 else ""
    refusal = read_refusal(status, {"X-Request-Id": "id-1"}, text, body)
    assert (refusal.error_code, refusal.message, refusal.request_id) == (code, message, "id-1")
    error = as_error("do it", refusal)
    assert error.message.startswith(f"Could not do it: {status} ")
    assert "id-1" in error.message
    assert error.failure()["status_code"] == status


def test_an_encoded_authorization_message_is_passed_on():
    refusal = read_refusal(403, {}, "", {"errorCode": "X", "encoded_authorization_message": "opaque"})
    assert as_error("do it", refusal).failure()["details"]["encoded_authorization_message"] == "opaque"


# The service's clock

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


@pytest.mark.parametrize("raw", [b'{"a": 1}', b'\xef\xbb\xbf{"a": 1}', b'\xef\xbb\xbf\r\n{"a": 1}'])
def test_a_mark_of_the_byte_order_makes_no_json_unsound(raw):
    assert parse_json(raw) == {"a": 1}


@pytest.mark.parametrize("raw", [b"\xef\xbb\xbf", b'\xef\xbb\xbf\xef\xbb\xbf{"a": 1}', b"\xff\xfe{\x00}\x00"])
def test_what_is_not_sound_json_stays_so(raw):
    with pytest.raises(ValueError, match=r"."):
        parse_json(raw)
