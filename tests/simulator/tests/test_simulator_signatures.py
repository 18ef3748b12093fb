# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The huaweicloud.cce contributors

"""Who may ask the simulator: signatures made by the letter of the specification, each with one thing wrong; tokens."""

from __future__ import annotations

import datetime
import hashlib
import hmac
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import quote, urlsplit

import pytest
import requests
from support.driving import (
    CHECKS,
    CLUSTER,
    OPERATOR,
    OTHER_PROJECT,
    PERMANENT,
    PROJECT,
    SCENARIO,
    TEMPORARY,
    Driver,
    Key,
    Simulation,
    check_body,
)

LIST = "/api/v3/addons"
DAY = 24 * 3600


@pytest.fixture(scope="module")
def running() -> Iterator[Simulation]:
    with Simulation(scenario=SCENARIO) as simulation:
        yield simulation


@pytest.fixture
def service(running: Simulation) -> Driver:
    return Driver(running)


@dataclass(frozen=True)
class Signed:
    """A signed request; `sent` are changes that are made after signing. A name of `unsigned` is sent all the same."""

    key: Key = PERMANENT
    method: str = "GET"
    path: str = LIST
    query: Sequence[tuple[str, str]] = (("cluster_id", CLUSTER),)
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    skew: float = 0.0
    date: str | None = None
    unsigned: tuple[str, ...] = ()
    order: Callable[[Sequence[str]], list[str]] = sorted
    algorithm: str = "SDK-HMAC-SHA256"
    end: str = "/"
    sent: dict[str, Any] = field(default_factory=dict)

    def send(self, service: Driver) -> requests.Response:
        moment = datetime.datetime.now(tz=datetime.timezone.utc) + datetime.timedelta(seconds=self.skew)
        headers = {
            "host": urlsplit(service.endpoint).netloc,
            "content-type": "application/json",
            "x-project-id": PROJECT,
            "x-sdk-date": self.date or moment.strftime("%Y%m%dT%H%M%SZ"),
            **({"x-security-token": self.key.security_token} if self.key.security_token else {}),
            **self.headers,
        }
        headers["Authorization"] = self._authorization(headers)
        headers |= self.sent.get("headers", {})
        path, query = self.sent.get("path", self.path), self.sent.get("query", self.query)
        text = "&".join(f"{_quoted(name)}={_quoted(value)}" for name, value in query)
        return service.send(
            self.sent.get("method", self.method), f"{path}?{text}", self.sent.get("body", self.body) or None, headers
        )

    def _authorization(self, headers: dict[str, str]) -> str:
        """By the letter of the specification, with no help of the SDK."""
        names = self.order([name for name in headers if name not in self.unsigned])
        canonical = [
            self.method,
            "/".join(_quoted(part) for part in self.path.split("/")) + self.end,
            "&".join(f"{_quoted(name)}={_quoted(value)}" for name, value in sorted(self.query)),
            "".join(f"{name}:{headers[name].strip()}\n" for name in names),
            ";".join(names),
            hashlib.sha256(self.body).hexdigest(),
        ]
        digest = hashlib.sha256("\n".join(canonical).encode()).hexdigest()
        text = f"{self.algorithm}\n{headers['x-sdk-date']}\n{digest}"
        signature = hmac.new(self.key.secret_key.encode(), text.encode(), hashlib.sha256).hexdigest()
        access = self.key.access_key
        return f"{self.algorithm} Access={access}, SignedHeaders={';'.join(names)}, Signature={signature}"


def _quoted(text: str) -> str:
    return quote(text, safe="-_.~")


POST = Signed(method="POST", path=CHECKS, query=(), body=b'{"kind": "AddonCheck"}')


@pytest.mark.parametrize(
    "signed",
    [
        Signed(),
        Signed(key=TEMPORARY),
        Signed(query=(("z", "1"), ("cluster_id", CLUSTER), ("a", ""), ("z", "0"), ("ä b", "ö/~*"))),
        Signed(skew=-14 * 60),
        Signed(skew=14 * 60),
        Signed(headers={"x-more": "followed by blanks  "}),
    ],
    ids=["permanent key", "temporary key", "queer query", "clock behind", "clock ahead", "blanks"],
)
def test_a_sound_signature_is_good(service, signed):
    answer = signed.send(service)
    assert answer.status_code == 200, answer.text
    assert len(answer.json()["items"]) == 4


def test_the_body_and_its_characters_are_signed(service):
    answer = replace(POST, body='{"kind": "Prüfung \U0001f600"}'.encode()).send(service)
    assert (answer.status_code, answer.json()["errorCode"]) == (400, "CCE.01400001"), "known, but not understood"


@pytest.mark.parametrize("cluster", [CLUSTER, "any-other-name"])
def test_with_the_sub_domain_form_the_host_is_signed_and_the_cluster_is_that_of_the_query(service, cluster):
    host = f"{cluster}.{urlsplit(service.endpoint).netloc}"
    assert len(Signed(headers={"host": host}).send(service).json()["items"]) == 4
    assert Signed(sent={"headers": {"host": host}}).send(service).status_code == 401


WRONG = {
    "unsorted header names": Signed(order=lambda names: sorted(names, reverse=True)),
    "another algorithm": Signed(algorithm="SDK-HMAC-SHA512"),
    "host not signed": Signed(unsigned=("host",)),
    "date not signed": Signed(unsigned=("x-sdk-date",)),
    "content type not signed": Signed(unsigned=("content-type",)),
    "project not signed": Signed(unsigned=("x-project-id",)),
    "security token not signed": Signed(key=TEMPORARY, unsigned=("x-security-token",)),
    "no slash at the end of the canonical path": Signed(end=""),
    "clock 16 minutes behind": Signed(skew=-16 * 60),
    "clock 16 minutes ahead": Signed(skew=16 * 60),
    "no date": Signed(date="yesterday"),
    "date of another time zone": Signed(date="20260103T030405+0800"),
    "method changed": replace(POST, sent={"method": "PUT"}),
    "path changed": Signed(sent={"path": "/api/v3/addontemplates"}),
    "query changed": Signed(sent={"query": (("cluster_id", "other"),)}),
    "query added": Signed(sent={"query": (("cluster_id", CLUSTER), ("more", ""))}),
    "body changed": replace(POST, sent={"body": b'{"kind": "AddonChecK"}'}),
    "body added": Signed(sent={"body": b"{}"}),
    "signed header changed": Signed(sent={"headers": {"x-project-id": OTHER_PROJECT}}),
    "date changed": Signed(skew=-60, sent={"headers": {"x-sdk-date": "20260103T030405Z"}}),
    "wrong secret key": Signed(key=replace(PERMANENT, secret_key="wrong")),
    "unknown access key": Signed(key=replace(PERMANENT, access_key="AKNOBODY000000000000")),
    "no security token": Signed(key=replace(TEMPORARY, security_token=None)),
    "wrong security token": Signed(key=replace(TEMPORARY, security_token="wrong")),
    "nothing signed": Signed(sent={"headers": {"Authorization": ""}}),
    "no signature": Signed(sent={"headers": {"Authorization": f"SDK-HMAC-SHA256 Access={PERMANENT.access_key}"}}),
    "basic authentication": Signed(sent={"headers": {"Authorization": "Basic b3BlcmF0b3I6cGFzc3dvcmQ="}}),
}


@pytest.mark.parametrize("signed", WRONG.values(), ids=WRONG)
def test_a_signature_with_one_thing_wrong_is_refused(service, signed):
    answer = signed.send(service)
    body = answer.json()
    assert (answer.status_code, body["error_code"]) == (401, "APIGW.0301")
    assert body["error_msg"].startswith("Incorrect IAM authentication information: ")
    assert body["request_id"] == answer.headers["X-Request-Id"] != ""
    assert service.simulation.call("GET", "/state")["clusters"][CLUSTER]["tasks"] == []


def test_a_request_without_any_proof_is_refused(service):
    answer = service.send("GET", f"{LIST}?cluster_id={CLUSTER}")
    assert (answer.status_code, answer.json()["error_code"]) == (401, "APIGW.0301")


# Tokens


def listed(service: Driver, token: str) -> requests.Response:
    return service.send("GET", f"{LIST}?cluster_id={CLUSTER}", headers={"X-Auth-Token": token})


def test_a_login_gives_a_token_for_a_day_and_says_whose(service):
    answer = service.log_in(*OPERATOR)
    token = answer.json()["token"]
    assert answer.status_code == 201
    assert (token["project"]["id"], token["project"]["name"]) == (PROJECT, "ap-southeast-1")
    assert (token["user"]["name"], token["user"]["domain"]["name"]) == ("operator", "example-account")
    begin, end = (
        datetime.datetime.strptime(token[key], "%Y-%m-%dT%H:%M:%S.%fZ") for key in ("issued_at", "expires_at")
    )
    assert end - begin == datetime.timedelta(days=1)
    assert token["catalog"] == []
    assert listed(service, answer.headers["X-Subject-Token"]).status_code == 200


def test_a_project_may_be_named_by_its_id(service):
    answer = service.log_in(*OPERATOR, id=PROJECT)
    assert (answer.status_code, answer.json()["token"]["project"]["name"]) == (201, "ap-southeast-1")


def test_a_token_ends_after_a_day(service):
    token = service.token()
    service.advance(DAY - 60)
    assert listed(service, token).status_code == 200
    service.advance(60)
    answer = listed(service, token)
    assert (answer.status_code, answer.json()["errorCode"]) == (401, "CCE.01401001")
    assert answer.headers["X-Request-Id"]


def test_a_token_that_nobody_handed_out_is_refused_by_every_service_in_its_own_shape(service):
    answer = listed(service, "wrong")
    assert (answer.status_code, answer.json()["errorCode"]) == (401, "CCE.01401001")
    answer = service.send("GET", "/v3/projects", headers={"X-Auth-Token": "wrong"})
    assert (answer.status_code, answer.json()["error"]["code"]) == (401, 401)
    assert answer.json()["error"]["title"] == "Unauthorized"
    assert answer.headers["X-IAM-Trace-Id"] == answer.headers["X-Request-Id"]


@pytest.mark.parametrize(
    "wrong",
    [
        ("operator", "wrong", "example-account"),
        ("nobody", "password-of-the-operator", "example-account"),
        ("operator", "password-of-the-operator", "somebody-else"),
        ("careful", "password-of-the-careful", "example-account"),
    ],
    ids=["password", "user", "account", "no passcode"],
)
def test_a_wrong_login_is_refused(service, wrong):
    answer = service.log_in(*wrong)
    assert answer.status_code == 401
    assert answer.json() == {
        "error": {"code": 401, "message": "The username or password is wrong.", "title": "Unauthorized"}
    }
    assert "X-Subject-Token" not in answer.headers
    assert answer.headers["X-IAM-Trace-Id"]


@pytest.mark.parametrize("scope", [{"name": "eu-west-101"}, {"id": OTHER_PROJECT}], ids=str)
def test_a_project_of_somebody_else_gives_the_other_shape_of_iam(service, scope):
    answer = service.log_in(*OPERATOR, **scope)
    assert (answer.status_code, answer.json()["error_code"]) == (401, "IAM.0011")
    assert answer.json()["error_msg"]


@pytest.mark.parametrize(("passcode", "status"), [("123456", 201), ("654321", 401)])
def test_a_user_with_a_second_factor_needs_the_right_passcode(service, passcode, status):
    user = {"name": "careful", "password": "password-of-the-careful", "domain": {"name": "example-account"}}
    identity = {
        "methods": ["password", "totp"],
        "password": {"user": user},
        "totp": {"user": {"id": "5f0e4b2c", "passcode": passcode}},
    }
    body = {"auth": {"identity": identity, "scope": {"project": {"name": "ap-southeast-1"}}}}
    assert service.send("POST", "/v3/auth/tokens", body).status_code == status


@pytest.mark.parametrize("body", [b"", b"no JSON", b"[]", b"{}", b'{"auth": {"identity": {"methods": ["password"]}}}'])
def test_a_login_that_makes_no_sense_is_refused(service, body):
    answer = service.send("POST", "/v3/auth/tokens", body)
    assert (answer.status_code, answer.json()["error"]["title"]) == (400, "Bad Request")


def test_projects_are_looked_up_by_name(service):
    answer = service.ask("GET", "/v3/projects?name=ap-southeast-1").json()
    [project] = answer["projects"]
    assert (project["id"], project["name"], project["enabled"]) == (PROJECT, "ap-southeast-1", True)
    assert project["domain_id"]
    assert service.ask("GET", "/v3/projects?name=ap-southeast-2").json()["projects"] == [], "that of somebody else"


# Keys of the metadata service


def session_token(service: Driver, seconds: str = "21600") -> requests.Response:
    return service.send("PUT", "/meta-data/latest/api/token", headers={"X-Metadata-Token-Ttl-Seconds": seconds})


def credential(service: Driver, token: str) -> dict[str, str]:
    answer = service.send("GET", "/openstack/latest/securitykey", headers={"X-Metadata-Token": token})
    assert answer.status_code == 200
    found: dict[str, str] = answer.json()["credential"]
    assert set(found) == {"access", "secret", "securitytoken", "expires_at"}
    return found


def test_the_metadata_service_hands_out_keys_that_open_the_door_until_they_end(service):
    found = credential(service, session_token(service).text)
    key = Key(found["access"], found["secret"], found["securitytoken"])
    assert Signed(key=key).send(service).status_code == 200
    assert Signed(key=replace(key, security_token=None)).send(service).status_code == 401
    service.advance(3600)
    answer = Signed(key=key).send(service)
    assert (answer.status_code, answer.json()["error_code"]) == (401, "APIGW.0301")
    renewed = credential(service, session_token(service).text)
    assert renewed["access"] != found["access"]
    assert renewed["expires_at"] > found["expires_at"]


def test_keys_of_the_metadata_service_are_renewed_before_they_end(service):
    token = session_token(service).text
    first = credential(service, token)
    service.advance(2000)
    assert credential(service, token) == first
    service.advance(1000)
    assert credential(service, token)["access"] != first["access"]


@pytest.mark.parametrize("seconds", ["", "0", "21601", "soon"])
def test_a_session_of_the_metadata_service_has_a_length(service, seconds):
    assert session_token(service, seconds).status_code == 400


def test_no_keys_without_a_session_token_that_is_good(service):
    path = "/openstack/latest/securitykey"
    assert service.send("GET", path).status_code == 401
    assert service.send("GET", path, headers={"X-Metadata-Token": "wrong"}).status_code == 401
    token = session_token(service, "60").text
    service.advance(60)
    assert service.send("GET", path, headers={"X-Metadata-Token": token}).status_code == 401


def test_a_token_is_for_one_project(service):
    body = check_body({"addonTemplateName": "coredns", "addonInstanceID": "x", "type": "addonStatic"})
    answer = service.ask("POST", CHECKS.replace(PROJECT, OTHER_PROJECT), body)
    assert (answer.status_code, answer.json()["errorCode"]) == (403, "CCE.01403001")
