# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The huaweicloud.cce contributors

"""Each kind of fault does what the README says, over plain HTTP; the state proves whether the work was done."""

from __future__ import annotations

import email.utils
import json
import re
import time
import urllib.error
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import requests
from support.driving import (
    CHECK_SECONDS,
    CHECKS,
    CLUSTER,
    JSON,
    OPERATION_SECONDS,
    OPERATOR,
    PROJECT,
    SCENARIO,
    Driver,
    Simulation,
    post_body,
)

ADDONS = f"/api/v3/addons?cluster_id={CLUSTER}"
LIST = "/api/v3/addons$"
TASKS = f"{CHECKS}/tasks"
MARK = "X-Simulator-Fault"


@pytest.fixture(scope="module")
def running() -> Iterator[Simulation]:
    with Simulation(scenario=SCENARIO) as simulation:
        yield simulation


@pytest.fixture
def service(running: Simulation) -> Driver:
    driver = Driver(running)
    driver.token()
    return driver


def listing(service: Driver, **options: Any) -> requests.Response:
    return service.ask("GET", ADDONS, **options)


def state(service: Driver) -> Any:
    return service.simulation.call("GET", "/state")["clusters"][CLUSTER]


def upgrading(service: Driver) -> requests.Response:
    return service.upgrade("coredns", "1.30.6", service.careful_values("coredns", "1.30.6"))


# Writes that a fault can meet before or after the work was done, and how to see whether it was done.
WRITES: dict[str, tuple[str, str, Callable[[Driver], requests.Response], Callable[[Driver], bool]]] = {
    "upgrade": ("PUT", "/v3/addons/", upgrading, lambda service: service.addon("coredns")["version"] == "1.30.6"),
    "install": (
        "POST",
        LIST,
        lambda service: service.ask("POST", "/api/v3/addons", post_body("npd", "1.19.8", {})),
        lambda service: "npd" in state(service)["addons"],
    ),
    "delete": (
        "DELETE",
        "/v3/addons/",
        lambda service: service.ask("DELETE", f"{service.path('coredns')}?cluster_id={CLUSTER}"),
        lambda service: service.addon("coredns")["status"] == "deleting",
    ),
    "checks": (
        "POST",
        "precheck$",
        lambda service: service.check("coredns"),
        lambda service: len(state(service)["tasks"]) == 1,
    ),
}
each_write = pytest.mark.parametrize(("method", "path", "write", "is_done"), WRITES.values(), ids=WRITES)


# Which requests a fault meets


@pytest.mark.parametrize(
    ("match", "is_met"),
    [
        ({}, True),
        ({"method": "GET"}, True),
        ({"method": "get"}, True),
        ({"method": "POST"}, False),
        ({"path": "addons$"}, True),
        ({"path": "^addons"}, False),
        ({"query": f"cluster_id={CLUSTER}"}, True),
        ({"query": "detail"}, False),
        ({"body": "needle"}, True),
        ({"body": "nail"}, False),
        ({"method": "GET", "path": "addons", "query": "cluster", "body": "needle"}, True),
        ({"method": "GET", "path": "addons", "query": "cluster", "body": "nail"}, False),
    ],
    ids=str,
)
def test_a_fault_meets_requests_by_method_path_query_and_body(service, match, is_met):
    service.simulation.call("POST", "/faults", {"fault": "status", "status": 503, "match": match})
    assert service.ask("GET", ADDONS, {"hay": "needle"}).status_code == (503 if is_met else 200)


@pytest.mark.parametrize(
    ("counts", "statuses"),
    [
        ({}, [503, 200, 200, 200]),
        ({"times": 2}, [503, 503, 200, 200]),
        ({"skip": 2}, [200, 200, 503, 200]),
        ({"skip": 1, "times": 2}, [200, 503, 503, 200]),
        ({"times": None}, [503, 503, 503, 503]),
        ({"skip": 3, "times": None}, [200, 200, 200, 503]),
    ],
    ids=str,
)
def test_a_fault_happens_as_often_as_it_says_after_those_that_it_lets_pass(service, counts, statuses):
    service.simulation.fault("status", "GET", LIST, **counts)
    assert [listing(service).status_code for _number in statuses] == statuses
    waiting = service.simulation.call("GET", "/faults")
    assert len(waiting) == (1 if counts.get("times", 1) is None else 0)


def test_a_request_meets_the_first_fault_that_fits_and_only_that(service):
    service.simulation.fault("status", "POST", "", status=500)
    service.simulation.fault("status", "GET", LIST, status=502)
    service.simulation.fault("status", "GET", LIST, status=504)
    assert [listing(service).status_code for _number in range(3)] == [502, 504, 200]
    [left] = service.simulation.call("GET", "/faults")
    assert left == {"fault": "status", "match": {"method": "POST", "path": ""}, "times": 1, "skip": 0, "status": 500}


def test_faults_do_not_meet_the_endpoints_of_the_simulator_and_can_be_forgotten(service):
    service.simulation.fault("status", times=None)
    assert len(service.simulation.call("GET", "/faults")) == 1
    assert listing(service).status_code == 503
    assert service.simulation.call("DELETE", "/faults") == []
    assert listing(service).status_code == 200
    service.simulation.fault("status", times=None)
    service.simulation.reset()
    assert service.simulation.call("GET", "/faults") == []


@pytest.mark.parametrize(
    ("fault", "text"),
    [
        ({"fault": "earthquake"}, "fault must be one of throttle, status"),
        ({}, "fault must be one of"),
        ({"fault": "throttle", "status": 503}, "unknown key status in a throttle fault"),
        ({"fault": "throttle", "code": "APIG.0309"}, "code of a throttle fault must be one of APIG.0308"),
        ({"fault": "status", "shape": "xml"}, "shape of a status fault must be one of"),
        ({"fault": "status", "when": "during"}, "when of a status fault must be one of before, after"),
        ({"fault": "reset", "when": "never"}, "when of a reset fault must be one of before, after, during"),
        ({"fault": "truncate", "how": "neatly"}, "how of a truncate fault"),
        ({"fault": "redirect", "to": "nowhere"}, "to of a redirect fault"),
        ({"fault": "slow", "seconds": -1}, "seconds of a slow fault must be a number"),
        ({"fault": "slow", "seconds": "1"}, "seconds of a slow fault must be a number"),
        ({"fault": "status", "status": True}, "status of a status fault must be a number"),
        ({"fault": "status", "headers": ["x"]}, "headers of a status fault must be an object"),
        ({"fault": "body", "headers": "x"}, "headers of a body fault must be an object"),
        ({"fault": "shape", "set": ["status"]}, "set of a shape fault must be an object"),
        ({"fault": "shape", "drop": 1}, "drop of a shape fault must be a path or a list of paths"),
        ({"fault": "shape", "null": [1]}, "null of a shape fault must be a path or a list of paths"),
        ({"fault": "stale", "times": 0}, "times must be a whole number from 1, or null"),
        ({"fault": "stale", "times": 1.5}, "times must be a whole number"),
        ({"fault": "stale", "skip": -1}, "skip must be a whole number from 0"),
        ({"fault": "stale", "match": {"verb": "PUT"}}, "match must be an object with method, path, query or body"),
        ({"fault": "stale", "match": "PUT"}, "match must be an object"),
        ({"fault": "stale", "match": {"path": "("}}, "match.path must be a regular expression"),
        ({"fault": "stale", "match": {"body": 1}}, "match.body must be a regular expression"),
        ({"fault": "stale", "match": {"method": 1}}, "match.method must be a string"),
    ],
    ids=str,
)
def test_a_fault_that_is_not_understood_is_refused_and_does_not_wait(service, fault, text):
    with pytest.raises(urllib.error.HTTPError) as refused:
        service.simulation.call("POST", "/faults", fault)
    with refused.value as answer:
        assert answer.code == 400
        assert text in json.load(answer)["error"]
    assert service.simulation.call("GET", "/faults") == []


@pytest.mark.parametrize(
    "fault",
    [
        {"fault": "throttle"},
        {"fault": "status"},
        {"fault": "status", "when": "after"},
        {"fault": "status", "shape": "empty"},
        {"fault": "truncate"},
        {"fault": "slow", "seconds": 0.01},
        {"fault": "delay", "seconds": 0},
        {"fault": "delay", "seconds": 0, "when": "after"},
        {"fault": "redirect"},
        {"fault": "huge", "bytes": 10},
        {"fault": "body"},
        {"fault": "content_type"},
        {"fault": "duplicate_keys"},
        {"fault": "deep", "depth": 3},
        {"fault": "shape", "current_count": 3},
        {"fault": "expire_tokens", "match": {"method": "GET"}},
    ],
    ids=str,
)
def test_an_answer_that_a_fault_has_touched_says_so(service, fault):
    service.simulation.call("POST", "/faults", fault)
    assert listing(service).headers[MARK] == fault["fault"]
    again = service.send("GET", ADDONS, None, service.signed("GET", "/api/v3/addons", query=[("cluster_id", CLUSTER)]))
    assert again.status_code == 200
    assert MARK not in again.headers


# Throttling


@pytest.mark.parametrize(
    ("options", "code"),
    [
        ({}, "APIG.0308"),
        ({"code": "APIG.0308"}, "APIG.0308"),
        ({"code": "CCE.02429001"}, "CCE.02429001"),
        ({"code": "CCE.01429002"}, "CCE.01429002"),
        ({"locked": True}, "CCE.01429002"),
    ],
    ids=str,
)
@pytest.mark.parametrize(
    ("pause", "expected"),
    [({}, None), ({"retry_after": 3}, "3"), ({"retry_after": "soon"}, "soon")],
    ids=["no Retry-After", "seconds", "neither"],
)
@each_write
def test_what_is_throttled_was_not_carried_out(service, method, path, write, is_done, options, code, pause, expected):
    service.simulation.fault("throttle", method, path, **options, **pause)
    answer = write(service)
    assert answer.status_code == 429
    assert answer.headers.get("Retry-After") == expected
    body = answer.json()
    if code == "APIG.0308":
        assert body["request_id"] == answer.headers["X-Request-Id"]
        assert "policy ip over ratelimit,limit:5,time:1 minute" in body["error_msg"]
    assert body.get("error_code", body.get("errorCode")) == code
    assert not is_done(service)
    assert write(service).status_code in (200, 201)
    assert is_done(service)


def test_the_pause_of_a_throttle_can_be_a_date(service):
    service.simulation.fault("throttle", "GET", LIST, retry_after_date=60)
    pause = listing(service).headers["Retry-After"]
    assert pause.endswith(" GMT")
    assert 50 < email.utils.parsedate_to_datetime(pause).timestamp() - time.time() < 65


# Errors


SHAPES: dict[str, Callable[[requests.Response], Any]] = {
    "cce": lambda answer: (answer.json()["errorCode"], answer.json()["message"]),
    "addon_manager": lambda answer: (answer.json()["errorCode"], answer.json()["error"]["message"]),
    "gateway": lambda answer: (answer.json()["error_code"], answer.json()["error_msg"]),
    "iam": lambda answer: (answer.json()["error"]["code"], answer.json()["error"]["message"]),
    "iam_code": lambda answer: (answer.json()["error_code"], answer.json()["error_msg"]),
    "policy": lambda answer: (answer.json()["errorCode"], answer.json()["encoded_authorization_message"]),
}


@pytest.mark.parametrize("status", [500, 502, 503, 504])
@pytest.mark.parametrize("when", ["before", "after"])
@each_write
def test_an_error_comes_before_or_after_the_work_was_done(service, method, path, write, is_done, status, when):
    service.simulation.fault("status", method, path, status=status, when=when)
    answer = write(service)
    assert (answer.status_code, answer.json()["errorCode"]) == (status, f"CCE.01{status}001")
    assert is_done(service) is (when == "after")


def test_after_is_another_word_for_when(service):
    service.simulation.fault("status", "PUT", "", after=True)
    assert upgrading(service).status_code == 503
    assert service.addon("coredns")["version"] == "1.30.6"


@pytest.mark.parametrize("status", [400, 403, 404, 409, 500, 503])
@pytest.mark.parametrize(
    ("shape", "code"),
    [
        ("cce", "CCE.01{}001"),
        ("addon_manager", "CCE.03{}001"),
        ("gateway", "APIG.0201"),
        ("iam", None),
        ("iam_code", "IAM.0001"),
    ],
)
def test_an_error_has_the_shape_that_is_asked_for(service, status, shape, code):
    service.simulation.fault("status", "GET", LIST, status=status, shape=shape, message="No luck.")
    answer = listing(service)
    assert answer.status_code == status
    assert answer.headers["Content-Type"].startswith("application/json")
    assert SHAPES[shape](answer) == (code.format(status) if code else status, "No luck.")
    assert len(answer.headers["X-Request-Id"]) == 32


def test_the_code_of_an_error_can_be_chosen(service):
    service.simulation.fault("status", "PUT", "", status=409, code="CCE.01409002")
    answer = upgrading(service)
    assert (answer.status_code, answer.json()["errorCode"]) == (409, "CCE.01409002")
    assert service.addon("coredns")["writes"] == 0


def test_a_denial_by_a_policy_has_an_opaque_message(service):
    service.simulation.fault("status", "GET", LIST, status=403, shape="policy")
    code, opaque = SHAPES["policy"](listing(service))
    assert code == "CCE.01403001"
    assert re.fullmatch(r"[A-Za-z0-9+/]+=*", opaque)


def test_an_error_can_be_empty_html_json_under_a_wrong_name_or_anything(service):
    for options in (
        {"shape": "empty"},
        {"shape": "html", "status": 502},
        {"shape": "wrong_type"},
        {"body": "sorry", "content_type": "text/plain"},
        {"body": "sorry"},
        {"body": {"sorry": True}},
    ):
        service.simulation.fault("status", "GET", LIST, **options)
    empty, page, wrong, text, default, whole = (listing(service) for _number in range(6))
    assert (empty.status_code, empty.content) == (503, b"")
    assert (page.status_code, page.headers["Content-Type"].partition(";")[0]) == (502, "text/html")
    assert "<h1>502 Error</h1>" in page.text
    assert wrong.headers["Content-Type"].startswith("text/plain")
    assert wrong.json()["errorCode"] == "CCE.01503001"
    assert (text.text, text.headers["Content-Type"].partition(";")[0]) == ("sorry", "text/plain")
    assert (default.text, default.headers["Content-Type"].partition(";")[0]) == ("sorry", "text/html")
    assert whole.json() == {"sorry": True}


def test_an_error_can_have_headers_and_a_pause(service):
    service.simulation.fault("status", "GET", LIST, headers={"Server": "a proxy", "X-Number": 7}, retry_after=9)
    answer = listing(service)
    assert (answer.headers["Server"], answer.headers["X-Number"]) == ("a proxy", "7")
    assert answer.headers["Retry-After"] == "9"


# Connections that break, and bodies that do not come whole


@pytest.mark.parametrize("when", ["before", "after"])
@each_write
def test_the_connection_is_reset_before_or_after_the_work_was_done(service, method, path, write, is_done, when):
    service.simulation.fault("reset", method, path, when=when)
    with pytest.raises(requests.ConnectionError, match="ConnectionResetError"):
        write(service)
    assert is_done(service) is (when == "after")
    assert listing(service).status_code == 200, "and it lives on"


def test_the_connection_is_reset_during_the_answer(service):
    service.simulation.fault("reset", "PUT", "", when="during")
    with pytest.raises((requests.exceptions.ChunkedEncodingError, requests.ConnectionError)):
        upgrading(service)
    assert service.addon("coredns")["version"] == "1.30.6"


@pytest.mark.parametrize(("options", "kept"), [({}, 0.5), ({"keep": 100}, 100), ({"keep": 0}, 0)], ids=str)
def test_a_body_is_shorter_and_the_answer_sound_all_the_same(service, options, kept):
    whole = listing(service).content
    service.simulation.fault("truncate", "GET", LIST, **options)
    answer = listing(service)
    assert answer.status_code == 200
    assert answer.headers["Content-Type"].startswith("application/json")
    expected = len(whole) // 2 if kept == 0.5 else kept
    assert answer.content == whole[:expected]
    assert int(answer.headers["Content-Length"]) == expected


def test_a_body_ends_with_the_connection(service):
    service.simulation.fault("truncate", "GET", LIST, how="connection", keep=100)
    with pytest.raises(requests.exceptions.ChunkedEncodingError, match="IncompleteRead\\(100 bytes read"):
        listing(service)


@each_write
def test_a_truncated_answer_comes_after_the_work_was_done(service, method, path, write, is_done):
    service.simulation.fault("truncate", method, path)
    answer = write(service)
    assert answer.status_code in (200, 201)
    with pytest.raises(ValueError, match=r"Expecting|Unterminated"):
        answer.json()
    assert is_done(service)


def test_a_slow_body_comes_whole_in_drops(service):
    whole = listing(service).content
    service.simulation.fault("slow", "GET", LIST, seconds=1, chunks=5)
    started = time.monotonic()
    url, headers = service.endpoint + ADDONS, {**JSON, "X-Auth-Token": service.token()}
    with service.session.get(url, headers=headers, stream=True, timeout=10) as answer:
        first = answer.raw.read(1)
        begun = time.monotonic() - started
        rest = answer.raw.read()
    ended = time.monotonic() - started
    assert first + rest == whole
    assert 0.1 < begun < 0.9
    assert 0.9 < ended < 5
    assert listing(service).content == whole


@pytest.mark.parametrize("when", ["before", "after"])
def test_an_answer_is_late_and_the_work_was_done_before_or_after(service, when):
    service.simulation.fault("delay", "PUT", "", seconds=1.5, when=when)
    path = service.path("coredns")
    body = {
        "kind": "Addon",
        "apiVersion": "v3",
        "metadata": {"annotations": {"addon.upgrade/type": "upgrade"}},
        "spec": {"clusterID": CLUSTER, "version": "1.30.6", "addonTemplateName": "coredns", "values": {}},
    }
    with pytest.raises(requests.ReadTimeout):
        service.ask("PUT", path, body, timeout=0.5)
    assert service.addon("coredns")["version"] == ("1.30.6" if when == "after" else "1.28.7")
    deadline = time.monotonic() + 10
    while service.addon("coredns")["version"] != "1.30.6" and time.monotonic() < deadline:
        time.sleep(0.1)
    assert service.addon("coredns")["writes"] == 1, "the work is done even if nobody waits for the answer"


# Answers that are something else


def test_a_redirect_leads_to_the_same_host_another_or_itself(service):
    for options in ({}, {"to": "same", "status": 301}, {"to": "loop", "status": 302}, {"location": "ftp://x/"}):
        service.simulation.fault("redirect", "GET", LIST, **options)
    answers = [listing(service) for _number in range(4)]
    assert [answer.status_code for answer in answers] == [307, 301, 302, 307]
    assert [answer.headers["Location"] for answer in answers] == [
        f"https://elsewhere.example.invalid{ADDONS}",
        f"{ADDONS}&redirected=1",
        ADDONS,
        "ftp://x/",
    ]


def test_a_redirected_write_was_not_carried_out(service):
    service.simulation.fault("redirect", "PUT", "")
    assert upgrading(service).status_code == 307
    assert service.addon("coredns")["writes"] == 0


@pytest.mark.parametrize("gzip", [False, True], ids=["plain", "compressed"])
def test_a_huge_answer_is_sound_and_as_long_as_it_says(service, gzip):
    service.simulation.fault("huge", "GET", LIST, bytes=300_000, gzip=gzip)
    answer = listing(service)
    assert answer.json() == {"items": [], "filler": "x" * 300_000}
    assert answer.headers.get("Content-Encoding") == ("gzip" if gzip else None)


def test_a_huge_answer_has_65_mebibytes_where_nothing_else_is_asked_for(service):
    service.simulation.fault("huge", "GET", LIST, gzip=True)
    assert len(listing(service, timeout=60).content) == 65 * 1024 * 1024 + len('{"items": [], "filler": ""}')


def test_any_body_can_stand_in_for_an_answer_without_the_work(service):
    for options in (
        {"body": "<html>Log in</html>", "content_type": "text/html"},
        {"body": {"items": "none"}, "status": 203, "headers": {"X-Cache": "HIT"}},
        {},
    ):
        service.simulation.fault("body", "PUT", "", **options)
    page, whole, empty = (upgrading(service) for _number in range(3))
    assert (page.status_code, page.headers["Content-Type"], page.text) == (200, "text/html", "<html>Log in</html>")
    assert (whole.status_code, whole.headers["X-Cache"], whole.json()) == (203, "HIT", {"items": "none"})
    assert (empty.status_code, empty.content) == (200, b"")
    assert service.addon("coredns")["writes"] == 0


def test_the_right_body_can_have_a_wrong_content_type(service):
    whole = listing(service).content
    for options in ({}, {"content_type": "text/plain"}):
        service.simulation.fault("content_type", "GET", LIST, **options)
    page, text = listing(service), listing(service)
    assert (page.headers["Content-Type"], text.headers["Content-Type"]) == ("text/html", "text/plain")
    assert page.content == text.content == whole


def test_every_key_can_be_there_twice(service):
    whole = listing(service).json()
    service.simulation.fault("duplicate_keys", "GET", LIST)
    pairs = json.loads(listing(service).text, object_pairs_hook=lambda found: found)
    half = len(pairs) // 2
    assert pairs[:half] == [(key, None) for key in whole]
    assert [key for key, _value in pairs[half:]] == list(whole)


def test_an_answer_can_be_nested_deep(service):
    service.simulation.fault("deep", "GET", LIST, depth=2000)
    text = listing(service).text
    assert text.count("[" * 2000 + "]" * 2000) == 1
    service.simulation.fault("deep", "GET", LIST, depth=3)
    assert {key: value for key, value in listing(service).json().items() if key != "items"} == {
        "deep": [[[]]],
        "kind": "Addon",
        "apiVersion": "v3",
    }


# Reads that lag behind a write


def test_reads_show_an_upgrade_late(service):
    before = service.ask("GET", service.path("coredns")).json()
    service.simulation.fault("stale", "PUT", "", seconds=30)
    assert upgrading(service).json()["status"]["status"] == "upgrading"
    assert service.addon("coredns")["status"] == "upgrading", "the state is what it is"
    assert service.ask("GET", service.path("coredns")).json() == before
    [listed] = [item for item in listing(service).json()["items"] if item["metadata"]["name"] == "coredns"]
    assert listed == before
    service.advance(31)
    assert service.ask("GET", service.path("coredns")).json()["status"]["status"] == "upgrading"


def test_reads_lag_five_seconds_where_nothing_else_is_asked_for(service):
    service.simulation.fault("stale", "PUT", "")
    upgrading(service)
    service.advance(3)
    assert service.ask("GET", service.path("coredns")).json()["spec"]["version"] == "1.28.7"
    service.advance(2)
    assert service.ask("GET", service.path("coredns")).json()["spec"]["version"] == "1.30.6"


def test_reads_show_a_rollback_late(service):
    upgrading(service)
    service.advance(OPERATION_SECONDS)
    service.simulation.fault("stale", "POST", "rollback$", seconds=30)
    service.ask("POST", f"{service.path('coredns')}/operation/rollback", {"clusterID": CLUSTER})
    status = service.ask("GET", service.path("coredns")).json()["status"]
    assert (status["status"], status["isRollbackable"]) == ("running", True)
    service.advance(31)
    assert service.ask("GET", service.path("coredns")).json()["status"]["status"] == "rollbacking"


def names(service: Driver) -> list[str]:
    return [item["metadata"]["name"] for item in listing(service).json()["items"]]


def test_reads_show_an_installed_add_on_late(service):
    service.simulation.fault("stale", "POST", LIST, seconds=30)
    answer = WRITES["install"][2](service)
    assert answer.status_code == 201
    path = f"/api/v3/addons/{answer.json()['metadata']['uid']}"
    assert "npd" in state(service)["addons"], "the state is what it is"
    assert "npd" not in names(service)
    assert service.ask("GET", path).status_code == 404
    assert WRITES["install"][2](service).status_code == 409, "a write knows what reads do not show yet"
    service.advance(31)
    assert "npd" in names(service)
    assert service.ask("GET", path).status_code == 200


def test_reads_show_a_deleted_add_on_for_a_while(service):
    service.change("coredns", seconds=1)
    path = service.path("coredns")
    service.simulation.fault("stale", "DELETE", "", seconds=30)
    assert WRITES["delete"][2](service).status_code == 200
    service.advance(2)
    assert "coredns" not in state(service)["addons"], "the state is what it is"
    assert service.ask("GET", path).json()["status"]["status"] == "running"
    assert "coredns" in names(service)
    service.advance(30)
    assert service.ask("GET", path).status_code == 404
    assert "coredns" not in names(service)


def test_reads_show_new_checks_late(service):
    service.check("metrics-server")
    service.simulation.fault("stale", "POST", "precheck$", seconds=30)
    created = service.check("coredns").json()["status"]["items"][0]["metadata"]["taskID"]
    assert len(state(service)["tasks"]) == 2, "the state is what it is"
    answer = service.ask("GET", TASKS).json()
    assert [item["metadata"]["addonTemplateName"] for item in answer["items"]] == ["metrics-server"]
    assert answer["pageInfo"] == {"currentCount": 1}
    assert service.ask("GET", f"{TASKS}?task_id={created}").json()["items"] == []
    service.advance(31)
    answer = service.ask("GET", TASKS).json()
    assert (len(answer["items"]), answer["pageInfo"]) == (2, {"currentCount": 2})


# Tokens


def test_all_tokens_expire_at_once(service):
    other = service.log_in(*OPERATOR).headers["X-Subject-Token"]
    service.simulation.call("POST", "/faults", {"fault": "expire_tokens"})
    assert service.simulation.call("GET", "/faults") == [], "it has happened already"
    for token in (service.token(), other):
        answer = service.send("GET", ADDONS, None, {**JSON, "X-Auth-Token": token})
        assert (answer.status_code, answer.json()["errorCode"]) == (401, "CCE.01401001")
    fresh = service.log_in(*OPERATOR).headers["X-Subject-Token"]
    assert service.send("GET", ADDONS, None, {**JSON, "X-Auth-Token": fresh}).status_code == 200


@pytest.mark.parametrize(
    "match",
    [{"path": LIST}, {"method": "GET"}, {"query": "cluster_id"}, {"body": "needle"}],
    ids=str,
)
def test_all_tokens_expire_before_the_request_that_is_meant(service, match):
    project = f"/api/v3/projects/{PROJECT}/clusters"
    service.simulation.call("POST", "/faults", {"fault": "expire_tokens", "match": match})
    if match != {"method": "GET"}:
        assert service.ask("GET", project).status_code == 200, "not yet"
    assert service.ask("GET", ADDONS, "needle").status_code == 401
    assert service.ask("GET", project).status_code == 401, "for good"


def test_signed_requests_do_not_need_a_token(service):
    service.simulation.call("POST", "/faults", {"fault": "expire_tokens"})
    headers = service.signed("GET", "/api/v3/addons", query=[("cluster_id", CLUSTER)])
    assert service.send("GET", ADDONS, None, headers).status_code == 200


# Shapes of answers


def tasks(service: Driver, *addons: str, **shape: Any) -> Any:
    """Return what a list of finished checks of these add-ons answers in another shape."""
    for name in addons:
        service.check(name)
    service.advance(CHECK_SECONDS)
    service.simulation.fault("shape", "GET", "tasks$", **shape)
    return service.ask("GET", TASKS).json()


@pytest.fixture
def broken(service: Driver) -> Driver:
    """A service whose CoreDNS and nginx-ingress have risks to be found."""
    service.change("coredns", pods_ready=False)
    service.change("nginx-ingress", default_backend_missing=True)
    return service


def test_one_task_can_be_an_object(broken):
    assert tasks(broken, "coredns", single_item=True)["items"]["status"]["status"] == "Failed"
    assert len(tasks(broken, "nginx-ingress", single_item=True)["items"]) == 2, "two cannot"


def test_risks_can_stand_beside_the_status(broken):
    [task] = tasks(broken, "coredns", risks_beside_status=True)["items"]
    assert sorted(task) == ["metadata", "riskList", "spec", "status"]
    assert sorted(task["status"]) == ["message", "status"]
    assert task["riskList"][0]["riskName"] == "AddonStatus"


def test_the_time_of_creation_can_be_spelt_otherwise(broken):
    [task] = tasks(broken, "coredns", create_timestamp=True)["items"]
    assert "createTimeStamp" not in task["metadata"]
    assert task["metadata"]["createTimestamp"] < task["metadata"]["expireTimeStamp"]


def test_created_tasks_can_be_hidden_under_another_name(broken):
    broken.simulation.fault("shape", "POST", "precheck$", items_status=True)
    status = broken.check("coredns").json()["status"]
    assert (sorted(status), status["phase"]) == (["itemsStatus", "phase"], "Init")
    [task] = status["itemsStatus"]
    assert task["metadata"]["taskID"] == state(broken)["tasks"][0]["metadata"]["taskID"]


MICROSECONDS, NANOSECONDS = r"\.\d{6}\+08:00$", r"\.\d{9}\+08:00$"


@pytest.mark.parametrize(
    ("wanted", "created", "expires"),
    [(True, NANOSECONDS, MICROSECONDS), ("all", NANOSECONDS, NANOSECONDS), (False, MICROSECONDS, MICROSECONDS)],
)
def test_times_can_have_nanoseconds(broken, wanted, created, expires):
    [task] = tasks(broken, "coredns", nanoseconds=wanted)["items"]
    assert re.search(created, task["metadata"]["createTimeStamp"])
    assert re.search(expires, task["metadata"]["expireTimeStamp"])


def test_the_count_can_be_any_number_or_that_of_what_was_returned(broken):
    one = f"{TASKS}?addon_instance_id={broken.addon('coredns')['id']}"
    assert tasks(broken, "coredns", "nginx-ingress", current_count=99)["pageInfo"] == {"currentCount": 99}
    assert broken.ask("GET", one).json()["pageInfo"] == {"currentCount": 2}
    broken.simulation.fault("shape", "GET", "tasks$", filtered_count=True)
    assert broken.ask("GET", one).json()["pageInfo"] == {"currentCount": 1}


def test_the_risks_of_a_failed_task_can_be_null_or_missing(broken):
    [task] = tasks(broken, "coredns", null_risks=True)["items"]
    assert (task["status"]["status"], task["status"]["riskList"]) == ("Failed", None)
    broken.simulation.fault("shape", "GET", "tasks$", drop="status.riskList")
    [task] = broken.ask("GET", TASKS).json()["items"]
    assert (task["status"]["status"], "riskList" in task["status"]) == ("Failed", False)


@pytest.mark.parametrize(
    ("option", "found"),
    [
        ("task_status", lambda task: {task["status"]["status"]}),
        ("risk_status", lambda task: {risk["status"] for risk in task["status"]["riskList"]}),
        ("risk_level", lambda task: {risk["level"] for risk in task["status"]["riskList"]}),
    ],
)
def test_words_can_be_new_ones(broken, option, found):
    [task] = tasks(broken, "coredns", **{option: "Meditating"})["items"]
    assert found(task) == {"Meditating"}


def test_fields_can_be_dropped_null_or_anything(broken):
    answer = tasks(
        broken,
        "coredns",
        drop=["metadata.taskID", "answer.pageInfo"],
        null="spec.addonTargetVersion",
        set={"status.message": "{{ 7 * 7 }}", "answer.kind": "AddonChecks"},
    )
    [task] = answer["items"]
    assert "taskID" not in task["metadata"]
    assert "pageInfo" not in answer
    assert task["spec"] == {"addonTargetVersion": None}
    assert task["status"]["message"] == "{{ 7 * 7 }}"
    assert answer["kind"] == "AddonChecks"


def test_shapes_stand_together_and_do_not_change_what_is_there(broken):
    together = {"single_item": True, "risks_beside_status": True, "create_timestamp": True, "nanoseconds": True}
    task = tasks(broken, "coredns", **together)["items"]
    assert task["riskList"]
    assert re.search(NANOSECONDS, task["metadata"]["createTimestamp"])
    [plain] = broken.ask("GET", TASKS).json()["items"]
    assert plain == state(broken)["tasks"][0]
    assert plain["status"]["riskList"] == task["riskList"]


def test_a_list_of_clusters_can_be_of_another_kind(service):
    service.simulation.fault("shape", "GET", "clusters$", list_kind="Cluster")
    path = f"/api/v3/projects/{PROJECT}/clusters"
    assert [service.ask("GET", path).json()["kind"] for _number in range(2)] == ["Cluster", "List"]


def test_the_level_of_a_risk_means_nothing_before_it_is_done(broken):
    broken.check("coredns")
    for seconds, status, level in (
        (0, "Init", "Warning"),
        (CHECK_SECONDS / 2, "Running", "Warning"),
        (CHECK_SECONDS / 2, "Failed", "Fatal"),
    ):
        broken.advance(seconds)
        [task] = broken.ask("GET", TASKS).json()["items"]
        risk = task["status"]["riskList"][0]
        assert (task["status"]["status"], risk["status"], risk["level"]) == (status, status, level)
        assert ("expireTimeStamp" in task["metadata"]) is (status == "Failed")
