# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The huaweicloud.cce contributors

"""Bad input ends with one message: what was asked, what came back, what to do next. No traceback, no secret."""

from __future__ import annotations

import pytest
from support.plays import CLUSTER
from support.simulation import Simulation

INFO = "huaweicloud.cce.cce_addon_check_info"
SECRET = "canary-secret-0123456789"
BOTH_WAYS = pytest.mark.parametrize("ship", [False, True], ids=["inside the controller", "shipped"])


def fails(play, options: dict, ship: bool, environment: dict | None = None, verbosity: str = "-v") -> dict:
    task = {"name": "bad", INFO: {"cluster_id": CLUSTER, "retries": 0, **options}}
    played = play([task], verbosity, environment=environment, ship=ship)
    assert played.code == 2, played.output
    assert "Traceback" not in played.output
    assert SECRET not in played.output
    result = played.result("bad")
    assert set(result["failure"]) == {"status_code", "error_code", "request_id", "retryable", "details"}
    return result


@BOTH_WAYS
@pytest.mark.parametrize("verbosity", ["-v", "-vvvv"])
def test_a_wrong_key(play, ship, verbosity):
    result = fails(play, {"secret_key": SECRET}, ship, verbosity=verbosity)
    assert result["failure"]["status_code"] == 401
    assert result["failure"]["error_code"] == "APIGW.0301"
    assert result["failure"]["request_id"] in result["msg"]
    assert "Could not look up the project id of ap-southeast-1" in result["msg"]
    assert "Check the access key" in result["msg"]


@BOTH_WAYS
def test_an_unknown_cluster(play, ship):
    result = fails(play, {"cluster_id": "no-such-cluster"}, ship)
    assert result["failure"]["status_code"] == 404
    assert "list the add-on checks of cluster no-such-cluster" in result["msg"]
    assert "CCE.01404001" in result["msg"]
    assert "Check cluster_id" in result["msg"]


@BOTH_WAYS
def test_an_unreachable_endpoint(play, ship):
    result = fails(play, {"endpoint": "http://127.0.0.1:9", "iam_endpoint": "http://127.0.0.1:9"}, ship)
    assert "no connection to http://127.0.0.1:9" in result["msg"]
    assert result["failure"]["retryable"] is True


@BOTH_WAYS
@pytest.mark.parametrize(
    ("fault", "text"),
    [
        ({"body": "<html><title>Sign in</title>", "content_type": "text/html"}, "text/html instead of JSON"),
        ({"body": '{"items": ['}, "not sound JSON"),
        ({"body": ""}, "an empty body"),
        ({"body": "[]"}, "not an object"),
        ({"body": '{"items": [], "items": []}'}, "occurs twice"),
        ({"body": '{"items": ' + "[" * 200 + "]" * 200 + "}"}, "nested deeper"),
        (
            {"status": 302, "headers": {"Location": "https://elsewhere.example/x"}},
            "redirect (302) to https://elsewhere",
        ),
    ],
)
def test_a_body_that_is_not_the_apis(play, simulation, ship, fault, text):
    simulation.fault("body", "GET", "precheck/tasks", **fault)
    result = fails(play, {}, ship)
    assert text in result["msg"]
    assert "no proxy or portal" in result["msg"]


def test_no_credentials(play):
    nothing = {"HUAWEICLOUD_SDK_AK": "", "HUAWEICLOUD_SDK_SK": ""}
    result = fails(play, {}, {}, nothing)
    assert "No credentials were found" in result["msg"]
    assert "HUAWEICLOUD_SDK_AK" in result["msg"]
    result = fails(play, {"access_key": "AK"}, {}, nothing)
    assert "option access_key given, but not secret_key" in result["msg"]


def test_plain_http_is_for_loopback_only(play):
    assert "clear text" in fails(play, {"endpoint": "http://cce.example.com"}, {})["msg"]


def test_a_query_that_is_none(play, simulation):
    assert "not a JMESPath expression" in fails(play, {"query": "a["}, {})["msg"]
    assert simulation.requests() == []


def test_certificates_are_verified(play):
    with Simulation(tls=True, time_scale=20) as secure:
        environment = {**secure.environment(), "REQUESTS_CA_BUNDLE": "", "CURL_CA_BUNDLE": ""}
        assert "is not trusted" in fails(play, {}, {}, environment)["msg"]
        for options in ({"ca_path": secure.listening["ca_path"]}, {"validate_certs": False}):
            played = play([{INFO: {"cluster_id": CLUSTER, **options}}], environment=environment)
            assert played.code == 0, played.output


def test_a_user_logs_in_and_its_token_is_renewed(play, simulation):
    login = {
        "username": simulation.listening["username"],
        "password": simulation.listening["password"],
        "domain_name": simulation.listening["domain_name"],
    }
    task = {"name": "info", INFO: {"cluster_id": CLUSTER, **login}}
    played = play([task])
    assert played.code == 0, played.output
    paths = [item["path"] for item in simulation.requests()]
    assert paths.count("/v3/auth/tokens") == 1
    assert "/v3/projects" not in paths, "the login tells the project"
    wrong = fails(play, {**login, "password": SECRET}, {})
    assert "log in to" in wrong["msg"]
    assert "The username or password is wrong." in wrong["msg"]


SETTINGS = {
    "a date": "2026-01-02",
    "a time": "2026-01-02 03:04:05",
    "no number": ".nan",
    "infinity": "-.inf",
}


@BOTH_WAYS
@pytest.mark.parametrize("what", SETTINGS)
@pytest.mark.parametrize("through", [False, True], ids=["in the task", "in a variable"])
def test_settings_that_json_lacks(play, simulation, tmp_path, ship, what, through):
    """A date is sent as text. Before ansible-core 2.19, a whole variable that holds one comes as text."""
    settings = f"{{custom: {{when: {SETTINGS[what]}, password: {SECRET}}}}}"
    given, entries = settings, f"[{{name: metrics-server, values: {settings}}}]"
    if through:
        given, entries = '"{{ settings }}"', "\"{{ [{'name': 'metrics-server', 'values': settings}] }}\""
    playbook = tmp_path / "settings.yml"
    playbook.write_text(
        f"""
- hosts: localhost
  gather_facts: false
  vars:
    settings: {settings}
  tasks:
    - name: edit
      huaweicloud.cce.cce_addon: {{cluster_id: "{CLUSTER}", addon_template_name: metrics-server, values: {given}}}
      ignore_errors: true
    - name: check
      huaweicloud.cce.cce_addon_check:
        cluster_id: "{CLUSTER}"
        addons: [{{name: metrics-server, values: {given}}}]
      ignore_errors: true
    - name: plan
      huaweicloud.cce.cce_addon_plan_info:
        cluster_id: "{CLUSTER}"
        addons: {entries}
      ignore_errors: true
""",
        encoding="utf-8",
    )
    played = play(str(playbook), "-v", ship=ship)
    assert "Traceback" not in played.output
    assert "not made for" not in played.output
    assert SECRET not in played.output
    for name in ("edit", "check", "plan"):
        result = played.result(name)
        if "msg" not in result:
            assert "date" in what or "time" in what, "JSON has no such number"
            continue
        assert through or what in ("no number", "infinity"), "a date is text"
        told = result["msg"]
        assert "values.custom.when of metrics-server is no number" in told or "a date, .nan or .inf" in told
    if what in ("no number", "infinity"):
        assert [item for item in simulation.requests() if item["method"] != "GET"] == []
