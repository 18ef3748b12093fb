# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The huaweicloud.cce contributors

"""The client against the simulator, over a real connection: who asks, what is repeated, and what nobody vouches for."""

from __future__ import annotations

import base64
import contextlib
import functools
import os
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import trustme
from support.forwarding import Forwarder, answering, deaf, dripping, echoing
from support.operators import ACCOUNTS, AUTOPILOT, PERMANENT, Operator
from support.simulation import CLUSTER, Simulation

from ansible_collections.huaweicloud.cce.plugins.module_utils._api.cce import Cce
from ansible_collections.huaweicloud.cce.plugins.module_utils._ground.errors import (
    Abandoned,
    BadAnswer,
    CceError,
    Conflict,
    CredentialsError,
    Forbidden,
    InputError,
    NotFound,
    OutcomeUnknown,
    Refused,
    ServiceFailed,
    Throttled,
    TimedOut,
    Unauthenticated,
    Unreachable,
)
from ansible_collections.huaweicloud.cce.plugins.module_utils._module.connection import connected
from ansible_collections.huaweicloud.cce.plugins.module_utils._module.task import Task, execute
from ansible_collections.huaweicloud.cce.plugins.modules import cce_addon, cce_addon_check, cce_cluster_info

ADDONS = r"/v3/addons$"
TASKS = r"precheck/tasks$"
OPERATOR = {"username": "operator", "password": "password-of-the-operator", "domain_name": "example-account"}


def names(addons: list[dict[str, Any]]) -> list[str]:
    return sorted(item["metadata"]["name"] for item in addons)


# Who asks


@pytest.mark.parametrize(
    "options",
    [
        PERMANENT,
        {
            "access_key": "AKTEMPORARY000000002",
            "secret_key": "sk-temporary-000000000000000000000002",
            "security_token": "security-token-of-the-test",
        },
        OPERATOR,
        {
            "username": "careful",
            "password": "password-of-the-careful",
            "domain_name": "example-account",
            "user_id": "5f0e4b2c",
            "passcode": "123456",
        },
    ],
    ids=["access key", "temporary access key", "user and password", "user, password and passcode"],
)
def test_every_kind_of_credentials_opens_the_door(operator, options):
    with operator.client(**options) as cce:
        assert names(cce.addons(CLUSTER)) == ["coredns", "metrics-server"]
    secrets = {value for name, value in options.items() if name in ("secret_key", "security_token", "password")}
    assert secrets <= operator.hidden


def test_a_token_that_the_user_has_is_used_as_it_is(operator):
    with operator.client(**OPERATOR) as cce:
        cce.addons(CLUSTER)
        token = cce._authentication._token
    assert token in operator.hidden
    project = operator.simulation.listening["project_id"]
    with operator.client(auth_token=token, project_id=project) as cce:
        assert cce.addons(CLUSTER)
    assert len(operator.asked("POST", "/auth/tokens")) == 1
    assert not operator.asked("GET", "/v3/projects")


def test_credentials_come_from_the_environment_or_a_profile(operator, tmp_path):
    with operator.client(
        environ={"OS_ACCESS_KEY": PERMANENT["access_key"], "HW_SECRET_KEY": PERMANENT["secret_key"]}
    ) as cce:
        assert cce.addons(CLUSTER)
    profile = tmp_path / "credentials"
    profile.write_text(
        f"[basic]\nak = no\nsk = no\n[team]\nak = {PERMANENT['access_key']}\nsk = {PERMANENT['secret_key']}\n"
    )
    with operator.client(profile="team", environ={"HUAWEICLOUD_SDK_CREDENTIALS_FILE": str(profile)}) as cce:
        assert cce.addons(CLUSTER)


@pytest.fixture
def profile(tmp_path) -> Path:
    """The only source of credentials: a file of the user's own."""
    folder = tmp_path / "own"
    folder.mkdir(mode=0o700)
    path = folder / "credentials"
    path.write_text(f"[basic]\nak = {PERMANENT['access_key']}\nsk = {PERMANENT['secret_key']}\n", encoding="utf-8")
    path.chmod(0o600)
    return path


def _by_profile(operator: Operator, path: Path) -> list[str]:
    """Return what an operator is warned of who reads a profile."""
    with operator.client(environ={"HUAWEICLOUD_SDK_CREDENTIALS_FILE": str(path)}) as cce:
        assert cce.addons(CLUSTER)
    return operator.told


@pytest.mark.parametrize(
    ("mode", "folder", "is_safe"),
    [
        (0o600, 0o700, True),
        (0o400, 0o755, True),
        (0o644, 0o775, True),
        (0o600, 0o1777, True),
        (0o620, 0o700, False),
        (0o666, 0o700, False),
        (0o600, 0o777, False),
    ],
)
def test_a_profile_that_others_may_write_is_warned_of(operator, profile, mode, folder, is_safe):
    profile.chmod(mode)
    profile.parent.chmod(folder)
    told = _by_profile(operator, profile)
    assert ("Others may write the profile file" in "".join(told)) == (not is_safe)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
def test_a_profile_of_somebody_else_is_warned_of(operator, profile, tmp_path):
    os.chown(profile, 65534, -1)
    link = tmp_path / "link"
    link.symlink_to(profile)
    assert "Others may write" in "".join(_by_profile(operator, link))


@pytest.mark.parametrize("kind", ["pipe", "folder", "device", "huge"])
def test_a_profile_that_is_no_file_ends_the_task_at_once(operator, tmp_path, kind):
    path = Path("/dev/zero") if kind == "device" else tmp_path / "credentials"
    if kind == "pipe":
        os.mkfifo(path)
    elif kind == "folder":
        path.mkdir()
    elif kind == "huge":
        with path.open("wb") as file:
            file.truncate(10 * 1024**3)
    with soon(), pytest.raises(CredentialsError, match="cannot be read"):
        _by_profile(operator, path)


def test_a_profile_that_is_switched_off_is_none(operator):
    with pytest.raises(CredentialsError, match="No credentials were found"):
        _by_profile(operator, Path(os.devnull))
    assert operator.told == []


def test_certificates_are_not_read_from_a_pipe(operator, tmp_path):
    os.mkfifo(tmp_path / "ca.pem")
    client = operator.client(**PERMANENT, ca_path=str(tmp_path / "ca.pem"))
    with soon(), pytest.raises(InputError, match="ca_path names no file or directory"), client:
        pass


BROKEN = {
    "inside": "tok-canary\nX-Evil: 1",
    "at the end": "tok-canary\n",
    "a space at the end": "tok-canary ",
    "umlaut": "tök-canary",
}


# An access key stands in the middle of its header, where a space is for the service to refuse.
CARRIED = [(name, kind) for name in ("auth_token", "security_token", "access_key", "project_id") for kind in BROKEN]
CARRIED.remove(("access_key", "a space at the end"))


@pytest.mark.parametrize(("name", "kind"), CARRIED)
def test_what_no_header_can_hold_is_refused_and_not_shown(operator, name, kind):
    keys = {} if name == "auth_token" else PERMANENT
    broken = BROKEN[kind]
    result = execute(operator.task(**{**keys, "project_id": "p", name: broken}), _asked)
    assert name in result["msg"]
    assert "no header can hold" in result["msg"]
    assert "canary" not in result["msg"].replace(repr(broken), "")
    assert operator.simulation.requests() == []


def _asked(task: Task) -> dict[str, Any]:
    with connected(task) as cce:
        return {"addons": cce.addons(CLUSTER)}


@pytest.mark.parametrize("broken", ["tok-canary\nX-Evil: 1", "tok-canary\rX", "tök-canary", "tok canary\x00"])
def test_a_session_token_that_no_header_can_hold_is_not_shown(operator, broken):
    operator.simulation.fault("body", "PUT", "api/token", body=broken, content_type="text/plain", times=None)
    environ = {"HUAWEICLOUD_CCE_METADATA_ENDPOINT": operator.simulation.listening["endpoint"]}
    result = execute(operator.task(environ=environ, use_metadata=True), _asked)
    assert "the session token of the metadata service holds a line break" in result["msg"]
    assert "canary" not in str(result)
    assert "a bug of its own" not in result["msg"]


def test_keys_of_the_metadata_service_that_no_header_can_hold_are_not_shown(operator):
    credential = {"access": "AK", "secret": "SK", "securitytoken": "tok-canary\nX-Evil: 1", "expires_at": "2099-01-01"}
    operator.simulation.fault("body", "GET", "securitykey", body={"credential": credential}, times=None)
    environ = {"HUAWEICLOUD_CCE_METADATA_ENDPOINT": operator.simulation.listening["endpoint"]}
    result = execute(operator.task(environ=environ, use_metadata=True), _asked)
    assert "security_token holds a line break" in result["msg"]
    assert "canary" not in str(result)


@pytest.mark.parametrize("status", ["502 Bad Gateway", "407 Proxy Authentication Required", "200 OK", "302 Found"])
def test_a_proxy_that_shows_what_it_was_asked_shows_no_secret(operator, monkeypatch, status):
    with echoing(status) as proxy:
        url = proxy.replace("http://", "http://robot:proxy-canary%40x@")
        environ = {"http_proxy": url}
        monkeypatch.setenv("http_proxy", url)
        task = operator.task(environ=environ, auth_token="tok-canary", project_id="p", retries=0)
        result = execute(task, _asked)
    assert result["failed"]
    for secret in ("proxy-canary", "tok-canary", base64.b64encode(b"robot:proxy-canary@x").decode()):
        assert secret not in str(result) or secret in operator.hidden
        assert secret not in result["msg"]


def test_a_mark_of_the_byte_order_before_sound_json_is_nothing(operator):
    operator.simulation.fault("body", "GET", ADDONS, body='\ufeff{"items": []}')
    with operator.client(**PERMANENT) as cce:
        assert cce.addons(CLUSTER) == []


def test_the_metadata_service_is_asked_only_when_asked_for(operator):
    environ = {
        "HUAWEICLOUD_CCE_METADATA_ENDPOINT": operator.simulation.listening["endpoint"],
        "HUAWEICLOUD_SDK_CREDENTIALS_FILE": "/no/such/file",
    }
    with pytest.raises(CredentialsError, match="needs use_metadata"), operator.client(environ=environ):
        pass
    assert not operator.simulation.requests()
    with operator.client(environ=environ, use_metadata=True) as cce:
        assert cce.addons(CLUSTER)
        cce.addons(CLUSTER)
    assert len(operator.asked("GET", "/openstack/latest/securitykey")) == 1, (
        "keys are kept until shortly before their end"
    )


@pytest.mark.parametrize("status", [404, 405, 503])
def test_a_metadata_service_without_session_tokens_is_asked_without(operator, status):
    operator.simulation.fault("status", "PUT", "api/token", status=status, times=None)
    environ = {"HUAWEICLOUD_CCE_METADATA_ENDPOINT": operator.simulation.listening["endpoint"]}
    with pytest.raises(Refused), operator.client(environ=environ, use_metadata=True) as cce:
        cce.addons(CLUSTER)
    assert operator.asked("GET", "/openstack/latest/securitykey"), "it was asked, and this one insists on a token"


def test_the_project_is_looked_up_once_and_sent_with_every_request(operator):
    with operator.client(**PERMANENT) as cce:
        cce.addons(CLUSTER)
        cce.cluster(CLUSTER)
    assert [item["query"] for item in operator.asked("GET", "/v3/projects")] == ["name=ap-southeast-1"]
    with (
        pytest.raises(InputError, match="no project of that name"),
        operator.client(**PERMANENT, region="xx-new-1") as cce,
    ):
        cce.addons(CLUSTER)
    with operator.client(**PERMANENT, project_name="ap-southeast-1_team") as cce, pytest.raises((NotFound, Forbidden)):
        cce.cluster(CLUSTER)


# Tokens that end


def test_a_token_that_expires_in_the_middle_of_a_wait_is_renewed_silently(operator):
    operator.simulation.fault("expire_tokens", "GET", TASKS, skip=2)
    result = operator.run(
        cce_addon_check, **{**OPERATOR, "access_key": None, "secret_key": None}, addons=["all"], wait=True
    )
    assert result["summary"]["total"] == 2
    assert len(operator.asked("POST", "/auth/tokens")) == 2


def test_a_token_is_renewed_once_and_a_ready_one_never(operator):
    operator.simulation.fault("expire_tokens", "GET", ADDONS, times=None)
    with operator.client(**OPERATOR) as cce, pytest.raises(Unauthenticated):
        cce.addons(CLUSTER)
    assert len(operator.asked("POST", "/auth/tokens")) == 2
    assert len(operator.asked("GET", "/addons")) == 2
    with operator.client(auth_token="old", project_id="0a1b2c") as cce, pytest.raises(Unauthenticated):
        cce.addons(CLUSTER)
    assert len(operator.asked("POST", "/auth/tokens")) == 2


# The table of errors


@pytest.mark.parametrize(
    ("status", "kind"), [(400, Refused), (403, Forbidden), (404, NotFound), (405, Refused), (409, Conflict)]
)
@pytest.mark.parametrize("shape", ["cce", "addon_manager", "gateway", "iam", "iam_code", "empty", "html", "wrong_type"])
def test_what_was_refused_is_not_asked_again(operator, status, kind, shape):
    operator.simulation.fault("status", "GET", ADDONS, status=status, shape=shape, times=None)
    with operator.client(**PERMANENT) as cce, pytest.raises(kind) as refused:
        cce.addons(CLUSTER)
    assert len(operator.asked("GET", "/addons")) == 1
    error = refused.value
    assert error.status_code == status
    assert error.request_id
    assert error.request_id in error.message
    assert error.message.startswith(f"Could not list the add-ons of cluster {CLUSTER}: {status}")
    assert "<" not in error.message


@pytest.mark.parametrize("status", [500, 502, 503, 504])
@pytest.mark.parametrize("shape", ["cce", "gateway", "html", "empty"])
def test_a_read_that_failed_is_repeated(operator, status, shape):
    operator.simulation.fault("status", "GET", ADDONS, status=status, shape=shape, times=3)
    with operator.client(**PERMANENT) as cce:
        assert cce.addons(CLUSTER)
    assert len(operator.pauses) == 3
    assert operator.pauses == sorted(operator.pauses), "the pauses grow"


def test_a_read_is_not_repeated_for_ever(operator):
    operator.simulation.fault("status", "GET", ADDONS, status=503, times=None)
    with operator.client(**PERMANENT, retries=2) as cce, pytest.raises(ServiceFailed, match="tried 3 times"):
        cce.addons(CLUSTER)
    assert len(operator.asked("GET", "/addons")) == 3


@pytest.mark.parametrize(
    ("fault", "least", "most"),
    [
        ({}, 5, 60),
        ({"retry_after": 7}, 7, 8),
        ({"retry_after_date": 9}, 7.5, 10),
        ({"locked": True}, 0.1, 2),
        ({"code": "CCE.02429001"}, 5, 60),
    ],
    ids=["gateway", "seconds", "date", "locked", "project"],
)
@pytest.mark.parametrize("write", [False, True], ids=["read", "write"])
def test_what_is_throttled_is_sent_again_whatever_it_is(operator, write, fault, least, most):
    method, path = ("PUT", r"/v3/addons/[^/]+$") if write else ("GET", ADDONS)
    operator.simulation.fault("throttle", method, path, **fault)
    if write:
        operator.run(cce_addon, addon_template_name="coredns", version="latest", wait=False)
        assert len([item for item in operator.simulation.requests() if item["method"] == "PUT"]) == 2
    else:
        with operator.client(**PERMANENT) as cce:
            assert cce.addons(CLUSTER)
    assert least <= operator.pauses[0] <= most


def test_a_write_that_met_a_lock_is_decided_anew(operator):
    operator.simulation.fault("throttle", "PUT", r"/v3/addons/[^/]+$", locked=True)
    somebody_else = Operator(operator.simulation)

    def meanwhile(seconds: float) -> None:
        operator.pauses.append(seconds)
        somebody_else.run(cce_addon, addon_template_name="coredns", version="latest")

    operator.sleep = meanwhile
    result = operator.run(cce_addon, addon_template_name="coredns", version="latest")
    assert not result["changed"], "somebody else has done it, and once is enough"
    assert operator.simulation.addons(CLUSTER)["coredns"]["writes"] == 1
    assert operator.pauses == [1.0]


@pytest.mark.parametrize("fault", [{"retry_after": 24}, {}], ids=["told when", "not told"])
def test_a_write_that_was_throttled_keeps_what_somebody_else_has_set_meanwhile(operator, fault):
    operator.simulation.fault("throttle", "PUT", r"/v3/addons/[^/]+$", **fault)
    somebody_else = Operator(operator.simulation)

    def meanwhile(seconds: float) -> None:
        Operator.sleep(operator, seconds)
        if len(operator.pauses) == 1:
            theirs = {"custom": {"cluster_domain": "theirs"}}
            somebody_else.run(cce_addon, addon_template_name="coredns", values=theirs)

    operator.sleep = meanwhile
    result = operator.run(cce_addon, addon_template_name="coredns", version="latest")
    assert result["changed"]
    assert operator.simulation.addons(CLUSTER)["coredns"]["values"]["custom"]["cluster_domain"] == "theirs"
    assert operator.pauses[0] == pytest.approx(24.5 if fault else 7, abs=0.1)


def test_a_write_that_is_throttled_again_and_again_is_told(operator):
    operator.simulation.fault("throttle", "PUT", r"/v3/addons/[^/]+$", times=None)
    with pytest.raises(Throttled, match=r"throttling.*tried 3 times"):
        operator.run(cce_addon, addon_template_name="coredns", version="latest", retries=2)
    assert len(operator.pauses) == 2
    assert operator.simulation.addons(CLUSTER)["coredns"]["writes"] == 0


def test_a_lock_that_stays_is_told(operator):
    for method in ("PUT", "DELETE"):
        operator.simulation.fault("throttle", method, "/v3/addons/", locked=True, times=None)
    for options in ({"version": "latest"}, {"state": "absent"}):
        operator.pauses.clear()
        with pytest.raises(Throttled, match=r"CCE\.01429002"):
            operator.run(cce_addon, addon_template_name="coredns", wait_timeout=30, **options)
        assert 15 < sum(operator.pauses) <= 30
    assert operator.simulation.addons(CLUSTER)["coredns"]["writes"] == 0


def test_no_pause_goes_beyond_the_time_that_a_request_has(operator):
    operator.simulation.fault("throttle", "GET", ADDONS, retry_after=3600, times=None)
    with operator.client(**PERMANENT) as cce, pytest.raises(Throttled, match="throttling"):
        cce.addons(CLUSTER)
    assert operator.pauses == []


def test_an_outdated_write_is_decided_anew(operator):
    operator.simulation.fault("status", "PUT", "", status=409, code="CCE.01409002")
    result = operator.run(cce_addon, addon_template_name="coredns", version="latest")
    assert result["addon"]["status"] == "running"
    assert operator.simulation.addons(CLUSTER)["coredns"]["writes"] == 1


def test_an_add_on_that_somebody_else_installed_meanwhile_is_told(operator):
    operator.simulation.fault("status", "POST", ADDONS, status=409, code="CCE.03409001", shape="addon_manager")
    with pytest.raises(Conflict, match=r"CCE\.03409001"):
        operator.run(cce_addon, addon_template_name="node-local-dns", version="latest")
    assert len(operator.asked("POST", "/addons")) == 1


# Writes of which nobody knows what became

UNKNOWN = [
    ("reset", {}),
    ("status", {"status": 500}),
    ("status", {"status": 502, "shape": "html"}),
    ("status", {"status": 503}),
    ("status", {"status": 504, "shape": "empty"}),
    ("truncate", {}),
]
AFTER = [(kind, {**options, "when": "after"} if kind != "truncate" else options) for kind, options in UNKNOWN]
BEFORE = [(kind, {**options, "when": "before"}) for kind, options in UNKNOWN if kind != "truncate"]


@pytest.mark.parametrize(("kind", "options"), AFTER)
def test_an_upgrade_that_has_begun_after_all_is_awaited_and_not_sent_again(operator, kind, options):
    operator.simulation.fault(kind, "PUT", "", **options)
    result = operator.run(cce_addon, addon_template_name="metrics-server", version="latest")
    assert result["changed"]
    assert result["addon"]["status"] == "running"
    addon = operator.simulation.addons(CLUSTER)["metrics-server"]
    assert (addon["writes"], addon["settings_lost"]) == (1, [])
    assert len([item for item in operator.simulation.requests() if item["method"] == "PUT"]) == 1


@pytest.mark.parametrize(("kind", "options"), BEFORE)
def test_an_upgrade_that_did_not_begin_is_not_sent_again_either(operator, kind, options):
    operator.simulation.fault(kind, "PUT", "", **options)
    with pytest.raises(OutcomeUnknown, match="not sent again") as unknown:
        operator.run(cce_addon, addon_template_name="metrics-server", version="latest")
    assert unknown.value.retryable
    assert operator.simulation.addons(CLUSTER)["metrics-server"]["writes"] == 0
    assert len([item for item in operator.simulation.requests() if item["method"] == "PUT"]) == 1


def test_a_write_that_reads_do_not_show_yet_is_found(operator):
    operator.simulation.fault("stale", "PUT", "", seconds=6)
    result = operator.run(cce_addon, addon_template_name="metrics-server", version="latest")
    assert result["addon"]["version"] == result["version"]
    assert operator.simulation.addons(CLUSTER)["metrics-server"]["writes"] == 1


def test_an_edit_that_never_arrived_is_not_taken_for_done_because_a_message_has_changed(operator, monkeypatch):
    simulation = operator.simulation
    simulation.fault("reset", "PUT", "", when="before")
    sleep = operator.sleep

    def meanwhile(seconds: float) -> None:
        sleep(seconds)
        simulation.call("POST", f"/instances/{CLUSTER}/metrics-server", {"message": "1 of 2 pods has restarted"})

    monkeypatch.setattr(operator, "sleep", meanwhile)
    with pytest.raises(OutcomeUnknown, match="nothing has begun"):
        operator.run(cce_addon, addon_template_name="metrics-server", values={"custom": {"logLevel": 9}})
    assert simulation.addons(CLUSTER)["metrics-server"]["values"]["custom"]["logLevel"] == 4


@pytest.mark.parametrize("times", [2, None], ids=["an outage that passes", "an outage that stays"])
def test_an_outage_that_begins_with_a_write_hides_neither_the_write_nor_its_end(operator, times):
    simulation = operator.simulation
    simulation.fault("status", "PUT", "", status=502, when="after")
    simulation.fault("status", "GET", "/addons", status=503, skip=1, times=times)
    options = {"addon_template_name": "metrics-server", "version": "latest", "retries": 0}
    if times:
        assert operator.run(cce_addon, **options)["addon"]["status"] == "running"
        return
    with pytest.raises(OutcomeUnknown, match=r"the last look failed: .*503") as unknown:
        operator.run(cce_addon, **options)
    assert unknown.value.result["changed"], "it may have been"
    assert len(operator.asked("PUT", "")) == 1


def test_an_outage_right_after_a_write_does_not_end_the_wait(operator):
    operator.simulation.fault("status", "GET", "/addons/", status=503, times=2)
    result = operator.run(cce_addon, addon_template_name="metrics-server", version="latest", retries=0)
    assert result["addon"]["status"] == "running"


def test_an_id_means_that_very_instance(operator):
    simulation = operator.simulation
    ids = {name: addon["id"] for name, addon in simulation.addons(CLUSTER).items()}
    upgrade = functools.partial(operator.run, cce_addon, version="latest")
    with pytest.raises(InputError, match="this cluster has no instance"):
        upgrade(addon_template_name="coredns", addon_instance_id=ids["metrics-server"])
    simulation.call("DELETE", f"/instances/{CLUSTER}/metrics-server")
    with pytest.raises(InputError, match="this cluster has no instance"):
        upgrade(addon_template_name="metrics-server", addon_instance_id=ids["metrics-server"])
    assert upgrade(addon_instance_id=ids["coredns"])["addon"]["version"] == "1.30.33"
    assert [item["method"] for item in simulation.requests() if item["method"] not in ("GET",)] == ["PUT"]


def test_what_somebody_else_has_deleted_meanwhile_is_gone(operator):
    operator.simulation.fault("status", "DELETE", "/addons/", status=404, when="after")
    result = operator.run(cce_addon, addon_template_name="metrics-server", state="absent")
    assert (result["changed"], result["addon"]) == (True, None)


@pytest.mark.parametrize("wait", [{"wait_timeout": float("nan")}, {"wait_interval": -1.0}, {"wait_timeout": -1}])
def test_a_wait_that_would_never_end_or_not_begin_is_refused(operator, wait):
    with pytest.raises(InputError, match="must be at least"):
        operator.run(cce_addon, addon_template_name="metrics-server", **wait)


@pytest.mark.parametrize(("kind", "options"), [*AFTER, *BEFORE])
def test_checks_of_which_nobody_knows_whether_they_were_started_are_started_once_more(operator, kind, options):
    operator.simulation.fault(kind, "POST", "precheck$", **options)
    result = operator.run(cce_addon_check, addons=["all"], wait=True)
    assert result["summary"]["total"] == 2
    assert all(item["values_fingerprint"] for item in result["checks_started"])
    assert len(operator.asked("POST", "/precheck")) == 2
    operator.simulation.fault(kind, "POST", "precheck$", **options, times=None)
    with pytest.raises(OutcomeUnknown, match="second time") as unknown:
        operator.run(cce_addon_check, addons=["all"], on_running="start")
    assert unknown.value.retryable


@pytest.mark.parametrize("lost", [{"kind": "status", "status": 503}, {"kind": "shape", "drop": "metadata.taskID"}])
def test_a_check_that_somebody_else_starts_at_the_same_moment_is_not_taken_for_ones_own(operator, monkeypatch, lost):
    """It may have been given other values, so its result says nothing about what this upgrade will send."""
    fault = dict(lost)
    elsewhere = Operator(operator.simulation)
    theirs = []
    create = Cce.create_checks

    def at_the_same_moment(cce: Cce, cluster_id: str, bodies: Any) -> Any:
        if not theirs:
            theirs.append(None)
            other = {"addons": [{"name": "coredns", "sync_strategy": "force"}], "on_running": "start", "wait": False}
            theirs[:] = elsewhere.run(cce_addon_check, **other)["checks_started"]
            operator.simulation.fault(fault.pop("kind"), "POST", "precheck$", **fault)
        return create(cce, cluster_id, bodies)

    monkeypatch.setattr(Cce, "create_checks", at_the_same_moment)
    [mine] = operator.run(cce_addon_check, addons=["coredns"], on_running="start", wait=False)["checks_started"]
    assert len(theirs) == 1
    assert mine["values_fingerprint"] is None or mine["task_id"] != theirs[0]["task_id"]
    assert (mine["values_fingerprint"] is None) is ("drop" in lost), "where the ids are hidden, nobody knows"


def test_a_service_that_is_down_for_a_minute_does_not_end_the_wait_for_an_upgrade(operator):
    operator.simulation.call("POST", f"/instances/{CLUSTER}/coredns", {"seconds": 120})
    operator.simulation.fault("status", "GET", "/addons/", status=503, times=12, skip=2)
    result = operator.run(cce_addon, addon_template_name="coredns", version="latest")
    assert result["addon"]["status"] == "running"
    assert any("503" in text for text in operator.told)


def test_the_wait_for_an_upgrade_ends_at_its_deadline_and_says_that_cce_goes_on(operator):
    operator.simulation.call("POST", f"/instances/{CLUSTER}/coredns", {"seconds": 7200})
    with pytest.raises(TimedOut, match="CCE goes on") as late:
        operator.run(cce_addon, addon_template_name="coredns", version="latest", wait_timeout=300)
    assert "wait_timeout" in late.value.message
    assert 290 < sum(operator.pauses) <= 300
    operator.simulation.fault("delay", "GET", ADDONS, seconds=30, times=None, skip=2)
    started = time.monotonic()
    with pytest.raises(TimedOut, match="did not answer in time"):
        operator.run(cce_addon, addon_template_name="coredns", version="1.30.33", wait_timeout=3)
    assert time.monotonic() - started < 20


# Answers that nobody vouches for


@pytest.mark.parametrize(
    ("fault", "text"),
    [
        ({"kind": "truncate"}, "not sound JSON"),
        ({"kind": "truncate", "how": "connection"}, "broke"),
        ({"kind": "content_type", "content_type": "text/html"}, "text/html instead of JSON"),
        ({"kind": "duplicate_keys"}, "occurs twice"),
        ({"kind": "deep"}, "nested deeper"),
        ({"kind": "deep", "depth": 90}, "nested deeper"),
        ({"kind": "huge"}, "more than 64 MiB"),
        ({"kind": "huge", "gzip": True}, None),
        ({"kind": "redirect", "to": "other"}, r"redirect \(307\) to https://elsewhere.example.invalid, "),
        ({"kind": "redirect", "to": "loop"}, r"redirect \(307\) to http://127.0.0.1:"),
        ({"kind": "redirect", "to": "same", "status": 301}, r"redirect \(301\) to http://127.0.0.1:"),
        ({"kind": "redirect", "location": "http://[no-address"}, "to an invalid address"),
        ({"kind": "body", "body": ""}, "empty body"),
        ({"kind": "body", "body": "null"}, "not an object"),
        ({"kind": "body", "body": "NaN"}, "not sound JSON"),
        ({"kind": "body", "body": '{"items": NaN}'}, "not sound JSON"),
        ({"kind": "body", "body": "<html>log in</html>", "content_type": "text/html"}, "instead of JSON"),
        ({"kind": "body", "body": '{"items": [{"x": "\\ud83d"}]}'}, "half a character"),
        ({"kind": "body", "body": '{"items": "none"}'}, "no list of objects"),
        ({"kind": "body", "body": "{}"}, "no list of objects"),
        ({"kind": "slow", "seconds": 60, "chunks": 600}, "did not answer in time"),
    ],
    ids=lambda value: str(value)[:60],
)
def test_an_answer_that_the_api_does_not_give_is_an_error_and_no_hang(operator, fault, text):
    options = {key: value for key, value in fault.items() if key != "kind"}
    operator.simulation.fault(fault["kind"], "GET", ADDONS, times=None, **options)
    started = time.monotonic()
    with operator.client(**PERMANENT, retries=0, timeout=3) as cce, pytest.raises(CceError, match=text):
        cce.addons(CLUSTER)
    assert time.monotonic() - started < 10
    assert len(operator.asked("GET", "/addons")) == 1, "a redirect is not followed, not even here"


def test_credentials_do_not_follow_a_redirect(operator):
    with Forwarder(("127.0.0.1", 1)) as elsewhere:
        operator.simulation.fault("redirect", "GET", ADDONS, location=f"http://{elsewhere.netloc}/api/v3/addons")
        with operator.client(**PERMANENT) as cce, pytest.raises(BadAnswer, match="not followed"):
            cce.addons(CLUSTER)
        assert elsewhere.connections == 0


def test_something_that_does_not_speak_http_is_an_error(operator):
    for raw in (
        b"SSH-2.0-OpenSSH_9.2\r\n",
        b"",
        b"HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\n{}",
        b"\x15\x03\x01\x00",
    ):
        with (
            answering(raw) as endpoint,
            operator.client(**PERMANENT, endpoint=endpoint, retries=1, timeout=2) as cce,
            pytest.raises(CceError, match="Could not list the add-ons"),
        ):
            cce.addons(CLUSTER)


# The connection


def _target(simulation: Simulation) -> tuple[str, int]:
    parts = urlsplit(simulation.listening["endpoint"])
    return str(parts.hostname), int(parts.port or 0)


def test_a_run_needs_one_connection(operator):
    with Forwarder(_target(operator.simulation)) as forwarder:
        endpoint = f"http://{forwarder.netloc}"
        operator.run(
            cce_addon, endpoint=endpoint, iam_endpoint=endpoint, addon_template_name="coredns", version="latest"
        )
        assert forwarder.connections == 1


@pytest.fixture(scope="module")
def secure() -> Iterator[Simulation]:
    with Simulation(scenario=ACCOUNTS, tls=True) as simulation:
        yield simulation


def test_certificates_are_verified(secure):
    operator = Operator(secure)
    ca_path = secure.listening["ca_path"]
    with operator.client(**PERMANENT, ca_path=ca_path) as cce:
        assert cce.addons(CLUSTER)
    with operator.client(**PERMANENT, validate_certs=False) as cce:
        assert cce.addons(CLUSTER)
    with operator.client(**PERMANENT) as cce, pytest.raises(Unreachable, match=r"not trusted.*ca_path"):
        cce.addons(CLUSTER)
    with Forwarder(_target(secure), host="127.0.0.2") as forwarder:
        places = {"endpoint": f"https://{forwarder.netloc}", "iam_endpoint": f"https://{forwarder.netloc}"}
        client = operator.client(**PERMANENT, **places, ca_path=ca_path)
        with client as cce, pytest.raises(Unreachable, match=r"127\.0\.0\.2:.* not trusted"):
            cce.addons(CLUSTER)
    assert operator.pauses == [], "none of these goes away by trying again"


def _issued(folder: Path, **validity: datetime) -> ssl.SSLContext:
    """Return a server's context whose authority is in the file ca.pem."""
    authority = trustme.CA()
    authority.cert_pem.write_to_path(folder / "ca.pem")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1", **validity).configure_cert(context)
    return context


@contextlib.contextmanager
def _greeting(context: ssl.SSLContext, folder: Path) -> Iterator[tuple[dict[str, str], list[str]]]:
    """Serve TLS handshakes and no more; give the options for its client, and why handshakes have failed."""
    failures: list[str] = []
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            with contextlib.suppress(OSError):
                while True:
                    client, _address = listener.accept()
                    try:
                        context.wrap_socket(client, server_side=True).close()
                    except ssl.SSLError as error:
                        failures.append(error.reason or "")

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        endpoint = f"https://127.0.0.1:{listener.getsockname()[1]}"
        yield {"endpoint": endpoint, "iam_endpoint": endpoint, "ca_path": str(folder / "ca.pem")}, failures
        listener.shutdown(socket.SHUT_RDWR)
        thread.join(10)


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion")
@pytest.mark.filterwarnings("ignore:.*deprecated")
def test_an_old_protocol_is_refused(operator, tmp_path):
    context = _issued(tmp_path)
    context.set_ciphers("ALL:@SECLEVEL=0")
    context.minimum_version = ssl.TLSVersion.TLSv1
    context.maximum_version = ssl.TLSVersion.TLSv1_1
    with _greeting(context, tmp_path) as (places, failures):
        client = operator.client(**PERMANENT, **places, retries=0)
        with client as cce, pytest.raises(Unreachable, match=r"TLS 1\.2"):
            cce.addons(CLUSTER)
    assert failures


def test_a_certificate_that_has_expired_is_refused(operator, tmp_path):
    now = datetime.now(timezone.utc)
    context = _issued(tmp_path, not_before=now - timedelta(days=30), not_after=now - timedelta(days=1))
    with _greeting(context, tmp_path) as (places, failures):
        client = operator.client(**PERMANENT, **places)
        with client as cce, pytest.raises(Unreachable, match=r"not trusted.*expired"):
            cce.addons(CLUSTER)
    assert failures
    assert operator.pauses == [], "it does not go away by trying again"


def test_proxies_of_the_environment_are_used(operator, secure, monkeypatch):
    with Forwarder(_target(operator.simulation), proxy=True) as proxy:
        monkeypatch.setenv("http_proxy", f"http://{proxy.netloc}")
        with operator.client(**PERMANENT) as cce:
            assert cce.addons(CLUSTER)
        assert proxy.asked[0].startswith("GET http://127.0.0.1")
        monkeypatch.setenv("no_proxy", "127.0.0.1")
        with operator.client(**PERMANENT) as cce:
            assert cce.addons(CLUSTER)
        assert proxy.connections == 1
        monkeypatch.delenv("no_proxy")
    with Forwarder(_target(secure), proxy=True) as proxy:
        monkeypatch.setenv("https_proxy", f"http://{proxy.netloc}")
        with Operator(secure).client(**PERMANENT, ca_path=secure.listening["ca_path"]) as cce:
            assert cce.addons(CLUSTER)
        assert proxy.asked == [f"CONNECT 127.0.0.1:{_target(secure)[1]}"]
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    with operator.client(**PERMANENT, retries=0) as cce, pytest.raises(Unreachable, match="proxy"):
        cce.addons(CLUSTER)


@pytest.mark.parametrize("when", ["before", "after", "during"])
def test_a_write_whose_answer_is_lost_behind_a_proxy_is_not_repeated(operator, monkeypatch, when):
    simulation = operator.simulation
    simulation.fault("reset", "PUT", "/addons/", when=when, times=None)
    expected = (
        pytest.raises(OutcomeUnknown, match="nothing has begun") if when == "before" else contextlib.nullcontext()
    )
    with expected, Forwarder(_target(simulation), proxy=True) as proxy:
        monkeypatch.setenv("http_proxy", f"http://{proxy.netloc}")
        operator.run(cce_addon, addon_template_name="metrics-server", version="latest")
    assert len(operator.asked("PUT", "")) == 1
    assert simulation.addons(CLUSTER)["metrics-server"]["writes"] == int(when != "before")


def test_what_a_proxy_does_not_let_through_was_not_sent(secure, monkeypatch):
    operator = Operator(secure)
    with answering(b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n") as refusing:
        monkeypatch.setenv("https_proxy", refusing)
        client = operator.client(**PERMANENT, ca_path=secure.listening["ca_path"], project_id="p", retries=1)
        with client as cce, pytest.raises(Unreachable, match=r"407.*tried 2 times"):
            cce.create_checks(CLUSTER, [])


# How long an exchange may take

CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
DRIPS = {
    "headers": (b"HTTP/1.1 200 OK\r\n", b"X: y\r\n"),
    "a status line": (b"HTTP/1.1 200 O", b"K"),
    "100 Continue": (b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
    "the length of a chunk": (CHUNKED, b"0"),
    "an extension of a chunk": (CHUNKED + b"2;", b"x"),
    "chunks": (CHUNKED, b"1\r\n \r\n"),
    "trailers": (CHUNKED + b"0\r\n", b"X: y\r\n"),
    "a body": (b"HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n", b" "),
}


@contextlib.contextmanager
def soon() -> Iterator[None]:
    """See to it that what took a budget of a second has ended with it."""
    started = time.monotonic()
    yield
    assert time.monotonic() - started < 2


@pytest.mark.parametrize("way", ["http", "https", "proxy"])
@pytest.mark.parametrize("part", DRIPS)
def test_an_answer_that_drips_holds_nobody(operator, tmp_path, monkeypatch, part, way):
    context = _issued(tmp_path) if way == "https" else None
    options = {"ca_path": str(tmp_path / "ca.pem")} if context else {}
    with dripping(*DRIPS[part], context=context) as server:
        if way == "proxy":
            monkeypatch.setenv("http_proxy", server)
        endpoint = "http://localhost:1" if way == "proxy" else server
        client = operator.client(**PERMANENT, endpoint=endpoint, project_id="p", retries=0, timeout=1, **options)
        with client as cce, soon(), pytest.raises(Unreachable, match=r"did not answer in time \(1\.\d s\)"):
            cce.addons(CLUSTER)


def test_neither_do_repetitions(operator):
    with dripping(*DRIPS["headers"]) as endpoint:
        client = operator.client(**PERMANENT, endpoint=endpoint, project_id="p", retries=3, timeout=0.25)
        with client as cce, soon(), pytest.raises(Unreachable, match="did not answer in time"):
            cce.addons(CLUSTER)


def test_a_write_whose_answer_drips_may_have_been_carried_out(operator):
    with dripping(*DRIPS["headers"]) as endpoint:
        client = operator.client(**PERMANENT, endpoint=endpoint, project_id="p", retries=0, timeout=1)
        with client as cce, soon(), pytest.raises(OutcomeUnknown):
            cce.update_addon(CLUSTER, "id", "coredns", "1.30.33", {})


@pytest.mark.parametrize("head", [b"", b"\x16\x03\x03\x40\x00", b"HTTP/1.1 200 OK\r\n"], ids=["tls", "record", "http"])
def test_a_handshake_that_drips_holds_nobody_and_nothing_was_sent(operator, head):
    with dripping(head, b"\x00" if head else b"") as server:
        endpoint = server.replace("http://", "https://")
        client = operator.client(**PERMANENT, endpoint=endpoint, project_id="p", retries=0, timeout=1)
        with client as cce, soon(), pytest.raises(Unreachable):
            cce.update_addon(CLUSTER, "id", "coredns", "1.30.33", {})


def test_a_proxy_that_drips_holds_nobody_and_nothing_was_sent(secure, monkeypatch):
    with dripping(*DRIPS["headers"]) as proxy:
        monkeypatch.setenv("https_proxy", proxy)
        client = Operator(secure).client(**PERMANENT, project_id="p", retries=0, timeout=1)
        with client as cce, soon(), pytest.raises(Unreachable):
            cce.update_addon(CLUSTER, "id", "coredns", "1.30.33", {})


def test_several_addresses_that_do_not_answer_share_the_time(operator, monkeypatch):
    with deaf() as address:
        entry = (socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP, "", address)
        monkeypatch.setattr(socket, "getaddrinfo", lambda *args, **options: [entry] * 4)
        client = operator.client(**PERMANENT, endpoint="https://cce.example.com", project_id="p", retries=0, timeout=1)
        with client as cce, soon(), pytest.raises(Unreachable, match="no connection to https"):
            cce.update_addon(CLUSTER, "id", "coredns", "1.30.33", {})


def test_a_name_that_is_not_resolved_holds_nobody(operator, monkeypatch):
    monkeypatch.setattr(socket, "getaddrinfo", lambda *args, **options: time.sleep(4) or [])
    client = operator.client(**PERMANENT, endpoint="https://cce.example.com", project_id="p", retries=0, timeout=1)
    with client as cce, soon(), pytest.raises(Unreachable, match="no connection to https"):
        cce.update_addon(CLUSTER, "id", "coredns", "1.30.33", {})


def test_a_login_takes_its_time_from_the_request_that_needs_it(operator):
    with dripping(*DRIPS["headers"]) as iam:
        options = {**OPERATOR, "iam_endpoint": iam, "project_id": "p", "retries": 0, "timeout": 1}
        with operator.client(**options) as cce, soon(), pytest.raises(Unreachable):
            cce.addons(CLUSTER)


# A run that has ended


def test_nothing_is_sent_for_a_run_that_has_ended(operator):
    task = replace(operator.task(**PERMANENT), is_abandoned=lambda: True)
    with connected(task) as cce:
        for ask in (
            lambda: cce.addons(CLUSTER),
            lambda: cce.update_addon(CLUSTER, "id", "coredns", "1.30.33", {}),
            lambda: cce.create_checks(CLUSTER, []),
            lambda: cce.delete_addon(CLUSTER, "id"),
        ):
            with pytest.raises(Abandoned, match="the run of Ansible that this was for has ended, so nothing was sent"):
                ask()
    assert operator.simulation.requests() == []
    assert operator.pauses == []


def test_a_run_that_ends_while_a_connection_is_made_sends_nothing(operator, tmp_path):
    asked = []
    with _greeting(_issued(tmp_path), tmp_path) as (places, failures):

        def has_ended() -> bool:
            asked.append("the handshake is done" if failures == [] else "it failed")
            return True

        task = replace(operator.task(**PERMANENT, **places, project_id="p"), is_abandoned=has_ended)
        with connected(task) as cce, pytest.raises(Abandoned):
            cce.addons(CLUSTER)
    assert asked == ["the handshake is done"], "the last look is after all that can take long"


# The kinds of clusters and clouds


def test_the_sub_domain_form_is_for_add_ons_and_templates_only(operator, monkeypatch):
    with Forwarder(_target(operator.simulation), proxy=True) as proxy:
        monkeypatch.setenv("http_proxy", f"http://{proxy.netloc}")
        port = _target(operator.simulation)[1]
        endpoint = f"http://localhost:{port}"
        options = {"endpoint": endpoint, "iam_endpoint": endpoint, "cluster_endpoint_style": "subdomain"}
        for ask, host in (
            (lambda cce: cce.addons(CLUSTER), f"{CLUSTER}.localhost"),
            (lambda cce: cce.templates(CLUSTER), f"{CLUSTER}.localhost"),
            (lambda cce: cce.cluster(CLUSTER), "localhost"),
            (lambda cce: cce.checks(CLUSTER), "localhost"),
        ):
            project = operator.simulation.listening["project_id"]
            with operator.client(**PERMANENT, **options, project_id=project) as cce:
                assert ask(cce) is not None, "the signature holds for this host, too"
            assert proxy.asked[-1].startswith(f"GET http://{host}:{port}/")


def test_autopilot_clusters_have_their_own_paths_and_no_checks(operator):
    with operator.client(**PERMANENT, autopilot=True) as cce:
        assert names(cce.addons(AUTOPILOT)) == ["coredns"]
        assert cce.cluster(AUTOPILOT)["metadata"]["name"] == "serverless"
        assert cce.templates(AUTOPILOT, "coredns")
        with pytest.raises(InputError, match="no add-on checks"):
            cce.checks(AUTOPILOT)
        with pytest.raises(InputError, match="no add-on checks"):
            cce.create_checks(AUTOPILOT, [])
    paths = {item["path"].split("/")[1] for item in operator.simulation.requests()}
    assert paths == {"v3", "autopilot"}
    result = operator.run(
        cce_addon, cluster_id=AUTOPILOT, autopilot=True, addon_template_name="coredns", version="latest"
    )
    assert result["addon"]["status"] == "running"


@pytest.mark.parametrize("form", ["urls", "pairs", "object", "lower_case", "bare"])
def test_addresses_of_a_cluster_are_told_in_whatever_form_they_come(operator, form):
    operator.simulation.call("POST", f"/clusters/{CLUSTER}", {"endpoints": form})
    found = operator.run(cce_cluster_info)["clusters"][0]["endpoints"]
    assert {"type": "Internal", "url": "https://192.0.2.10:5443"} in found
    assert ({"type": "External", "url": "https://198.51.100.10:5443"} in found) == (form not in ("urls", "pairs"))


def test_an_id_cannot_become_another_path(operator):
    with operator.client(**PERMANENT) as cce:
        for cluster_id in ("../../v3/projects", "a/b", "", "..", "a%2fb"):
            with pytest.raises(InputError, match="is not an id"):
                cce.cluster(cluster_id)


def test_the_clock_of_the_service_is_known_from_its_last_answer_that_tells_it(operator):
    with operator.client(**PERMANENT) as cce:
        assert cce.http.clock_difference is None
        assert abs(cce.now() - time.time()) < 1
        for advance, ahead in ((0, 0), (7200, 7200)):
            operator.simulation.call("POST", "/clock", {"advance": advance})
            cce.clusters()
            assert abs(cce.now() - time.time() - ahead) < 5
        operator.simulation.fault("body", "GET", "clusters$", body={"items": []}, headers={"Date": "noon"})
        cce.clusters()
        assert abs(cce.now() - time.time() - 7200) < 5, "what is no date tells nothing"
        operator.simulation.fault("status", "GET", "clusters$", status=400)
        operator.simulation.call("POST", "/clock", {"advance": 7200})
        with pytest.raises(CceError):
            cce.clusters()
        assert abs(cce.now() - time.time() - 14400) < 5, "a refusal tells it as well"
