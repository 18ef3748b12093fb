# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The huaweicloud.cce contributors

"""Errors and checks, row by row of what the API says of them; tests/repository/test_api_rows.py has the rows."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from support.operators import Operator
from support.plays import writes
from support.simulation import CLUSTER, Simulation

from ansible_collections.huaweicloud.cce.plugins.module_utils._ground.errors import (
    BadAnswer,
    Conflict,
    Forbidden,
    NotFound,
    OperationFailed,
    OutcomeUnknown,
    Refused,
    Throttled,
    Unauthenticated,
)
from ansible_collections.huaweicloud.cce.plugins.modules import cce_addon, cce_addon_check, cce_addon_check_info

ADDONS = r"/v3/addons$"
TASKS = r"precheck/tasks$"
OPERATOR = {"username": "operator", "password": "password-of-the-operator", "domain_name": "example-account"}
NO_KEY = {"access_key": None, "secret_key": None}
DNS = {"addon_template_name": "node-local-dns", "values": {"custom": {"clusterDnsIP": "192.0.2.53"}}}


def addon(operator: Operator, name: str = "metrics-server") -> dict[str, Any] | None:
    """Return an add-on as it stands."""
    found: dict[str, Any] | None = operator.simulation.addons(CLUSTER).get(name)
    return found


def upgrade(operator: Operator, **options: Any) -> dict[str, Any]:
    return operator.run(cce_addon, addon_template_name="metrics-server", version="latest", **options)


def sent(operator: Operator) -> list[str]:
    """Return the methods of the writes to add-ons that were sent, without the starts of checks."""
    return [item["method"] for item in writes(operator.simulation) if "precheck" not in item["path"]]


def rolled_back(operator: Operator) -> dict[str, Any]:
    upgrade(operator)
    operator.simulation.call("DELETE", "/requests")
    operator.pauses.clear()
    return operator.run(cce_addon, addon_template_name="metrics-server", state="rolled_back")


# How a write meets faults: its method and path, what does it, and how to see that it was done just once.
WRITES: dict[str, tuple[str, str, Callable[[Operator], dict[str, Any]], Callable[[Operator], bool]]] = {
    "upgrade": (
        "PUT", "", upgrade,
        lambda operator: (addon(operator)["version"], addon(operator)["writes"]) == ("1.3.90", 1),
    ),
    "install": (
        "POST", ADDONS, lambda operator: operator.run(cce_addon, version="latest", **DNS),
        lambda operator: (addon(operator, "node-local-dns") or {}).get("status") == "running",
    ),
    "rollback": (
        "POST", "rollback$", rolled_back,
        lambda operator: (addon(operator)["version"], addon(operator)["writes"]) == ("1.3.6", 2),
    ),
    "delete": (
        "DELETE", "", lambda operator: operator.run(cce_addon, addon_template_name="metrics-server", state="absent"),
        lambda operator: addon(operator) is None,
    ),
}  # fmt: skip
each_write = pytest.mark.parametrize(("method", "path", "write", "is_done"), WRITES.values(), ids=WRITES)


# Errors: who says it


SAID = "The thing that was asked for cannot be done."


@pytest.mark.parametrize(
    ("shape", "status", "code"),
    [
        ("cce", 400, "CCE.01400001"),
        ("addon_manager", 400, "CCE.03400001"),
        ("gateway", 400, "APIG.0201"),
        ("iam", 403, None),
        ("iam_code", 403, "IAM.0001"),
        ("wrong_type", 400, "CCE.01400001"),
    ],
)
def test_code_words_and_request_id_of_every_shape_are_told(operator, shape, status, code):
    operator.simulation.fault("status", "GET", ADDONS, status=status, shape=shape, message=SAID)
    with pytest.raises(Refused) as refused:
        upgrade(operator)
    error = refused.value
    assert SAID.rstrip(".") in error.message
    assert (error.status_code, error.error_code) == (status, code)
    assert re.fullmatch("[0-9a-f]{32}", error.request_id)
    assert error.request_id in error.message
    assert error.failure()["request_id"] == error.request_id


@pytest.mark.parametrize(("shape", "text"), [("empty", "502"), ("html", "502 Error")])
def test_an_error_that_is_no_json_is_told_by_its_status(operator, shape, text):
    operator.simulation.fault("status", "GET", ADDONS, status=502, shape=shape, times=None)
    with pytest.raises(Refused, match=text) as failed:
        upgrade(operator, retries=0)
    assert (failed.value.status_code, failed.value.error_code) == (502, None)
    assert failed.value.request_id in failed.value.message


def test_an_error_that_is_cut_off_is_told_by_its_status(operator):
    cut = '{"errorCode": "CCE.01400001", "errorMess'
    operator.simulation.fault("status", "GET", ADDONS, status=400, body=cut, content_type="application/json")
    with pytest.raises(Refused) as failed:
        upgrade(operator)
    assert (failed.value.status_code, failed.value.error_code) == (400, None)
    assert "400" in failed.value.message


def test_the_throttle_of_the_gateway_is_told_in_its_words(operator):
    operator.simulation.fault("throttle", "GET", ADDONS, times=None)
    with pytest.raises(Throttled, match="policy ip over ratelimit") as throttled:
        upgrade(operator, retries=0)
    assert (throttled.value.error_code, throttled.value.retryable) == ("APIG.0308", True)


def test_a_wrong_signature_is_told_and_not_asked_again(operator):
    with pytest.raises(Unauthenticated) as refused:
        upgrade(operator, secret_key="wrong", project_id=operator.simulation.listening["project_id"])
    assert (refused.value.status_code, refused.value.error_code) == (401, "APIGW.0301")
    assert len(operator.asked("GET", "/addons")) == 1
    assert operator.pauses == []


def test_what_a_policy_denied_comes_with_its_opaque_message(operator):
    key = {"access_key": "AKREADONLY0000000003", "secret_key": "sk-read-only-000000000000000000000003"}
    with pytest.raises(Forbidden) as denied:
        upgrade(operator, **key)
    opaque = denied.value.failure()["details"]["encoded_authorization_message"]
    assert re.fullmatch(r"[A-Za-z0-9+/]+=*", opaque)
    assert sent(operator) == ["PUT"]
    assert addon(operator)["writes"] == 0


# Errors: what is done about it


@pytest.mark.parametrize(
    ("status", "code", "kind"),
    [
        *((400, f"CCE.0{part}400001", Refused) for part in (1, 2, 3)),
        *((403, f"CCE.0{part}403001", Forbidden) for part in (1, 2, 3)),
        *((404, f"CCE.0{part}404001", NotFound) for part in (1, 2, 3)),
        (409, "CCE.03409001", Conflict),
    ],
)
def test_a_write_that_was_refused_is_not_sent_again(operator, status, code, kind):
    operator.simulation.fault("status", "PUT", "", status=status, code=code, times=None)
    with pytest.raises(kind) as refused:
        upgrade(operator)
    assert refused.value.failure() == {
        "status_code": status,
        "error_code": code,
        "request_id": refused.value.request_id,
        "retryable": False,
        "details": refused.value.details,
    }
    assert sent(operator) == ["PUT"]
    assert operator.pauses == []


@pytest.mark.parametrize("code", [f"CCE.0{part}401001" for part in (1, 2, 3)])
@pytest.mark.parametrize(("method", "path"), [("GET", ADDONS), ("PUT", "")], ids=["read", "write"])
def test_after_a_401_a_user_logs_in_once_more_and_a_key_gives_up(operator, method, path, code):
    fault = {"status": 401, "code": code}
    operator.simulation.fault("status", method, path, **fault)
    assert upgrade(operator, **NO_KEY, **OPERATOR)["changed"]
    assert len(operator.asked("POST", "/auth/tokens")) == 2
    assert addon(operator)["writes"] == 1
    operator.simulation.reset()
    operator.simulation.fault("status", method, path, **fault)
    with pytest.raises(Unauthenticated) as refused:
        upgrade(operator)
    assert refused.value.error_code == code
    assert addon(operator)["writes"] == 0
    operator.simulation.reset()
    operator.simulation.fault("status", method, path, **fault, times=None)
    with pytest.raises(Unauthenticated):
        upgrade(operator, **NO_KEY, **OPERATOR)
    assert len(operator.asked("POST", "/auth/tokens")) == 2, "and no third time"


def test_an_outdated_write_is_sent_again_after_a_look_only(operator):
    operator.simulation.fault("status", "PUT", "", status=409, code="CCE.01409002")
    assert upgrade(operator)["addon"]["status"] == "running"
    methods = [item["method"] for item in operator.simulation.requests() if "/v3/addons" in item["path"]]
    first, second = (number for number, method in enumerate(methods) if method == "PUT")
    assert "GET" in methods[first:second]
    assert addon(operator)["writes"] == 1


@pytest.mark.parametrize(
    "throttle",
    [{}, {"code": "CCE.02429001"}, {"locked": True}, {"retry_after": 7}, {"retry_after_date": 7}],
    ids=["gateway", "project", "locked", "seconds", "date"],
)
@each_write
def test_a_throttled_write_is_sent_again_and_done_once(operator, method, path, write, is_done, throttle):
    operator.simulation.fault("throttle", method, path, **throttle)
    assert write(operator)["changed"]
    assert sent(operator) == [method, method]
    assert is_done(operator)
    if "retry_after" in throttle or "retry_after_date" in throttle:
        assert 5.5 < operator.pauses[0] <= 8
    elif "locked" not in throttle:
        assert 5 < operator.pauses[0] <= 60


@pytest.mark.parametrize("throttle", [{}, {"locked": True}, {"retry_after": 7}], ids=str)
def test_throttled_checks_are_started_again_and_once(operator, throttle):
    operator.simulation.fault("throttle", "POST", "precheck$", **throttle)
    assert operator.run(cce_addon_check, addons=["all"])["summary"]["total"] == 2
    assert len(operator.asked("POST", "/precheck")) == 2
    assert len(operator.simulation.call("GET", "/state")["clusters"][CLUSTER]["tasks"]) == 2


@pytest.mark.parametrize(
    ("kind", "options"),
    [
        ("status", {"status": 500, "code": "CCE.01500001"}),
        ("status", {"status": 500, "code": "CCE.03500001", "shape": "addon_manager"}),
        ("status", {"status": 502, "shape": "html"}),
        ("status", {"status": 503}),
        ("status", {"status": 504, "shape": "empty"}),
        ("reset", {}),
        ("reset", {"when": "during"}),
        ("delay", {"seconds": 1.5}),
        ("truncate", {"how": "connection"}),
    ],
    ids=str,
)
def test_a_read_is_repeated_whatever_cut_it_short(operator, kind, options):
    operator.simulation.fault(kind, "GET", ADDONS, times=2, **options)
    with operator.client(
        access_key="AKPERMANENT000000001", secret_key="sk-permanent-000000000000000000000001", timeout=1
    ) as cce:
        assert len(cce.addons(CLUSTER)) == 2
    assert len(operator.asked("GET", "/addons")) == 3
    assert len(operator.pauses) == 2


@pytest.mark.parametrize("status", [429, 500, 503])
def test_a_pause_that_is_asked_for_is_obeyed_in_both_forms(operator, status):
    kind = {"kind": "throttle"} if status == 429 else {"kind": "status", "status": status}
    for pause in ({"retry_after": 11}, {"retry_after_date": 13} if status == 429 else {"retry_after": 13}):
        options = {key: value for key, value in kind.items() if key != "kind"}
        operator.simulation.fault(kind["kind"], "GET", ADDONS, **options, **pause)
    upgrade(operator, wait=False)
    assert 10.5 < operator.pauses[0] <= 12
    assert 11.5 < operator.pauses[1] <= 14


DONE_AFTER_ALL = [
    ("reset", {"when": "after"}),
    ("reset", {"when": "during"}),
    ("status", {"status": 500, "when": "after"}),
    ("status", {"status": 502, "shape": "html", "when": "after"}),
    ("status", {"status": 503, "when": "after"}),
    ("status", {"status": 504, "shape": "empty", "when": "after"}),
    ("delay", {"seconds": 2.5, "when": "after"}),
    ("truncate", {}),
    ("truncate", {"how": "connection"}),
]


@pytest.mark.parametrize(("kind", "options"), DONE_AFTER_ALL, ids=str)
@each_write
def test_a_write_that_was_done_after_all_is_found_and_not_sent_again(
    operator, method, path, write, is_done, kind, options
):
    operator.simulation.fault(kind, method, path, **options)
    original = operator.run
    operator.run = lambda module, **given: original(module, timeout=1 if kind == "delay" else 30, **given)
    assert write(operator)["changed"]
    assert sent(operator) == [method]
    assert is_done(operator)


@pytest.mark.parametrize(
    ("kind", "options"),
    [("reset", {}), ("status", {"status": 500}), ("status", {"status": 502, "shape": "html"})],
    ids=str,
)
@each_write
def test_a_write_that_was_not_done_is_told_and_not_sent_again(operator, method, path, write, is_done, kind, options):
    operator.simulation.fault(kind, method, path, **options)
    with pytest.raises(OutcomeUnknown, match="not sent again"):
        write(operator)
    assert sent(operator) == [method]
    assert not is_done(operator)


# Reads that lag behind


def test_an_install_that_reads_do_not_show_yet_is_awaited(operator):
    operator.simulation.fault("stale", "POST", ADDONS, seconds=6)
    assert WRITES["install"][2](operator)["addon"]["status"] == "running"
    assert sent(operator) == ["POST"]


def test_a_deletion_that_reads_do_not_show_yet_is_awaited(operator):
    operator.simulation.fault("stale", "DELETE", "", seconds=20)
    assert WRITES["delete"][2](operator)["changed"]
    assert sum(operator.pauses) >= 20, "gone is what reads show to be gone"
    assert sent(operator) == ["DELETE"]


def test_checks_that_reads_do_not_show_yet_are_awaited(operator):
    operator.simulation.fault("stale", "POST", "precheck$", seconds=6)
    result = operator.run(cce_addon_check, addons=["all"])
    assert result["summary"]["verdict"] == "passed"
    assert len(operator.asked("POST", "/precheck")) == 1


# Checks: what is sent


def test_one_request_checks_all_add_ons_with_what_the_upgrade_would_send(operator):
    result = operator.run(cce_addon_check, addons=["all"])
    [request] = operator.asked("POST", "/precheck")
    body = request["body"]
    assert (body["kind"], body["apiVersion"], body["spec"]["clusterID"]) == ("AddonCheck", "v3", CLUSTER)
    wanted = {item["addonTemplateName"]: item for item in body["spec"]["addonList"]}
    assert set(wanted) == {"coredns", "metrics-server"}
    for step in result["plan"]:
        entry = wanted[step["name"]]
        assert entry["addonInstanceID"] == addon(operator, step["name"])["id"]
        assert (entry["type"], entry["targetVersion"]) == ("addonUpgrade", step["to"])
    upgrade(operator)
    [put] = [item for item in operator.simulation.requests() if item["method"] == "PUT"]
    assert put["body"]["spec"]["values"] == wanted["metrics-server"]["values"]


def test_a_check_of_the_running_add_on_names_no_target(operator):
    operator.run(cce_addon_check, addons=["coredns"], type="addonStatic")
    [request] = operator.asked("POST", "/precheck")
    [entry] = request["body"]["spec"]["addonList"]
    assert entry["type"] == "addonStatic"
    assert not entry.get("targetVersion")


# Checks: contradictions, and words that nobody knows


def started(operator: Operator, **condition: Any) -> None:
    """Have both add-ons checked, CoreDNS with something the matter."""
    operator.simulation.call("POST", f"/instances/{CLUSTER}/coredns", condition or {"pods_ready": False})
    operator.run(cce_addon_check, addons=["coredns"])
    operator.simulation.call("DELETE", "/requests")


def read(operator: Operator, **shape: Any) -> dict[str, Any]:
    if shape:
        operator.simulation.fault("shape", "GET", TASKS, **shape)
    return operator.run(cce_addon_check_info)


@pytest.mark.parametrize(
    "shape",
    [
        {"single_item": True},
        {"risks_beside_status": True},
        {"create_timestamp": True},
        {"nanoseconds": True},
        {"nanoseconds": "all"},
        {"single_item": True, "risks_beside_status": True, "create_timestamp": True, "nanoseconds": "all"},
    ],
    ids=str,
)
def test_the_fatal_risk_is_seen_in_every_shape(operator, shape):
    started(operator)
    [plain] = read(operator)["checks"]
    [check] = read(operator, **shape)["checks"]
    assert plain["verdict"] == "fatal"
    times = ("created_at", "expires_at")
    assert {key: check[key] for key in check if key not in times} == {
        key: plain[key] for key in plain if key not in times
    }
    for name in times:
        assert check[name].startswith(plain[name][:26]), "as the API wrote it"


@pytest.mark.parametrize("shape", [{"items_status": True}, {"drop": "answer.status"}], ids=str)
def test_created_tasks_are_found_wherever_their_ids_are(operator, shape):
    operator.simulation.fault("shape", "POST", "precheck$", **shape)
    result = operator.run(cce_addon_check, addons=["all"])
    tasks = operator.simulation.call("GET", "/state")["clusters"][CLUSTER]["tasks"]
    assert {item["task_id"] for item in result["checks_started"]} == {task["metadata"]["taskID"] for task in tasks}
    assert len(operator.asked("POST", "/precheck")) == 1


def test_the_level_of_a_risk_that_is_not_done_yet_is_not_believed(operator):
    operator.simulation.call("POST", f"/instances/{CLUSTER}/coredns", {"pods_ready": False})
    operator.run(cce_addon_check, addons=["coredns"], wait=False)
    result = read(operator)
    [check] = result["checks"]
    assert {risk["level"] for risk in check["risks"]} == {"Warning"}
    assert (check["verdict"], result["summary"]["blocking"]) == ("pending", [check["task_id"]])
    operator.sleep(10)
    assert read(operator)["summary"]["verdict"] == "fatal"


def test_the_newer_of_two_checks_within_a_microsecond_counts(operator):
    """Nanoseconds decide: cut off or rounded, the older one would do as well."""
    started(operator)
    operator.run(cce_addon_check, addons=["coredns"])
    answer = read(operator)["raw"]
    newer, older = answer["items"]
    for task, nanoseconds, message in ((newer, "312017087", "newer"), (older, "312017086", "older")):
        task["metadata"]["createTimeStamp"] = f"2025-08-13T11:24:37.{nanoseconds}+08:00"
        task["status"]["message"] = message
    for items in ([newer, older], [older, newer]):
        operator.simulation.fault("body", "GET", TASKS, body={**answer, "items": items})
        [check] = operator.run(cce_addon_check_info, latest=True)["checks"]
        assert check["message"] == "newer"


def test_where_the_count_is_too_large_nothing_is_known(operator):
    operator.run(cce_addon_check, addons=["metrics-server"])
    operator.told.clear()
    expected = read(operator)["checks"]
    for count in (0, 1):
        assert read(operator, current_count=count)["checks"] == expected
    assert operator.told == []
    for filters in ({}, {"type": "addonUpgrade"}):
        operator.simulation.fault("shape", "GET", TASKS, current_count=7)
        [check] = operator.run(cce_addon_check_info, **filters)["checks"]
        assert (check["verdict"], check["reason"]) == (
            "unknown",
            "CCE counts 7 check tasks but returned 1: those that are missing may be worse",
        )
        assert "7 check tasks" in operator.told.pop()


@pytest.mark.parametrize(
    "shape",
    [
        {"null_risks": True},
        {"drop": "status.riskList"},
        {"set": {"status.riskList": []}},
        {"task_status": "Meditating"},
        {"risk_status": "Meditating"},
        {"risk_level": "Catastrophic"},
        {"risk_level": None},
        {"null": "status.status"},
        {"null": "status"},
        {"drop": "status"},
        {"set": {"status.riskList": "none"}},
    ],
    ids=str,
)
def test_what_is_not_known_to_be_safe_blocks(operator, shape):
    started(operator, pods_ready="partly")
    assert read(operator)["summary"]["blocking"] == [], "a warning, which does not block"
    result = read(operator, **shape)
    [check] = result["checks"]
    assert check["verdict"] == "unknown"
    assert result["summary"]["blocking"] == [check["task_id"]]


@pytest.mark.parametrize("shape", [{"null": "answer.items"}, {"drop": "answer.items"}], ids=str)
def test_a_list_that_is_missing_is_not_taken_for_passed(operator, shape):
    started(operator)
    try:
        verdict = read(operator, **shape)["summary"]["verdict"]
    except BadAnswer:
        verdict = "an error"
    assert verdict in ("unknown", "an error")


@pytest.mark.parametrize(("ready", "verdict"), [(True, "passed"), ("partly", "warning"), (False, "fatal")])
def test_the_words_that_are_known_have_their_meaning(operator, ready, verdict):
    started(operator, pods_ready=ready)
    result = read(operator)
    assert result["summary"]["verdict"] == verdict
    assert bool(result["summary"]["blocking"]) is (verdict == "fatal")


def test_old_tasks_do_not_count_once_there_is_a_newer_one(operator):
    started(operator)
    operator.simulation.call("POST", f"/instances/{CLUSTER}/coredns", {"pods_ready": True})
    result = operator.run(cce_addon_check, addons=["coredns"])
    assert result["summary"]["verdict"] == "passed"
    assert len(read(operator)["checks"]) == 2, "the old one is still there"
    assert operator.run(cce_addon_check_info, latest=True)["summary"]["verdict"] == "passed"


def test_filters_are_applied_to_all_tasks(operator):
    """The service does not say whether a filter of its own narrows the count, which tells whether tasks are missing."""
    operator.run(cce_addon_check, addons=["metrics-server", "coredns"], baseline=True)
    everything = operator.run(cce_addon_check_info)["checks"]
    one = everything[1]
    for name in ("type", "task_id", "addon_instance_id", "addon_template_name"):
        found = operator.run(cce_addon_check_info, **{name: one[name]})["checks"]
        assert found == [check for check in everything if check[name] == one[name]]
    assert operator.run(cce_addon_check_info, task_id="0a1b")["checks"] == []
    assert {request["query"] for request in operator.asked("GET", "/precheck/tasks")} == {""}


# Checks: the risks that are known. nginx-ingress is in the default scenario.

KEYS = {"access_key": "AKSIMULATOR000000001", "secret_key": "sk-simulator-0000000000000000000000000001"}


@pytest.fixture(scope="module")
def default() -> Iterator[Simulation]:
    with Simulation() as simulation:
        yield simulation


@pytest.fixture
def visitor(default: Simulation) -> Operator:
    """Somebody whose add-ons have nothing the matter, so far."""
    default.reset()
    for name, clean in (("coredns", {"drift": None}), ("nginx-ingress", {"snippets": False})):
        default.call("POST", f"/instances/{CLUSTER}/{name}", clean)
    return Operator(default)


@pytest.mark.parametrize(
    ("name", "condition", "values", "risk", "verdict", "advice"),
    [
        ("metrics-server", {"pods_ready": False}, {}, "AddonStatus", "fatal", "pods"),
        ("metrics-server", {}, {"custom": {"logLevel": "x"}}, "AddonValidate", "fatal", "Correct the values"),
        ("coredns", {"drift": {"servers": [1]}}, {}, "AddonValidate", "fatal", "sync_strategy"),
        ("nginx-ingress", {"resources_modified": True}, {}, "K8sResourceModified", "fatal", "kubectl"),
        (
            "nginx-ingress",
            {"version": "2.6.4", "target_versions": ["3.0.8"], "weak_certificate": True},
            {},
            "CertificateKeyLength",
            "fatal",
            "SECLEVEL",
        ),
        ("nginx-ingress", {"default_backend_missing": True}, {}, "DefaultBackend", "fatal", "Service"),
        (
            "nginx-ingress",
            {"version": "1.2.1", "target_versions": ["2.2.9"], "unclassed_ingresses": True},
            {},
            "IngressClass",
            "fatal",
            "ingressClassName",
        ),
        ("nginx-ingress", {"snippets": True}, {}, "SnippetAnnotations", "warning", "allow-snippet-annotations"),
        ("metrics-server", {"risks": [{"name": "NeverSeen"}]}, {}, "NeverSeen", "fatal", "message"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_every_risk_is_judged_by_its_level_and_comes_with_a_way_out(
    visitor, name, condition, values, risk, verdict, advice
):
    visitor.simulation.call("POST", f"/instances/{CLUSTER}/{name}", condition)
    version = {"version": condition["target_versions"][0]} if "target_versions" in condition else {}
    wanted = [{"name": name, **version, **({"values": values} if values else {})}]
    result = visitor.run(cce_addon_check, **KEYS, addons=wanted)
    [check] = result["checks"]
    assert (check["verdict"], result["summary"]["verdict"]) == (verdict, verdict)
    [found] = [item for item in check["risks"] if item["name"] == risk]
    assert found["status"] == "Failed"
    assert advice in found["remedy"]


DRIFT = {"stub_domains": {"lab.example": ["10.9.0.53"]}}


@pytest.mark.parametrize(
    ("strategy", "verdict", "domains"),
    [
        (None, "fatal", ["corp.example", "lab.example"]),
        ("inherit", "passed", ["corp.example", "lab.example"]),
        ("force", "passed", ["corp.example"]),
    ],
)
def test_the_strategy_decides_what_becomes_of_a_change_made_by_hand(visitor, strategy, verdict, domains):
    visitor.simulation.call("POST", f"/instances/{CLUSTER}/coredns", {"drift": DRIFT})
    chosen = {"sync_strategy": strategy} if strategy else {}
    result = visitor.run(cce_addon_check, **KEYS, addons=[{"name": "coredns", **chosen}])
    assert result["summary"]["verdict"] == verdict
    wanted = {**KEYS, "addon_template_name": "coredns", "version": "latest", **chosen}
    if strategy is None:
        with pytest.raises(OperationFailed, match="inherit or force"):
            visitor.run(cce_addon, **wanted)
    else:
        visitor.run(cce_addon, **wanted)
    assert sorted(visitor.simulation.addons(CLUSTER)["coredns"]["effective"]["stub_domains"]) == domains
