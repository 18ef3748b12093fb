# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The huaweicloud.cce contributors

"""The controller dies at any moment of an upgrade; the same command run again ends as if nothing had happened."""

from __future__ import annotations

import contextlib
import getpass
import itertools
import json
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from support.plays import GIVEN, writes
from support.simulation import CLUSTER, Simulation

ADDONS = [{"name": "coredns", "sync_strategy": "inherit"}, "nginx-ingress", "metrics-server"]
# How many requests of an undisturbed run were made when the process is killed, in parts of all of them. The first third
# is the precheck; most of what can go wrong is in the rest.
MOMENTS = [round(0.05 * number, 2) for number in range(1, 6)] + [round(0.28 + 0.03 * number, 2) for number in range(25)]
UPGRADE = "huaweicloud.cce.upgrade"
COMPARED = ("version", "status", "values", "settings_lost", "writes", "drift", "previous_version")


def start(simulation: Simulation, folder: Path, what: str | list[dict[str, Any]] = UPGRADE) -> subprocess.Popen[str]:
    """Start the playbook, or a playbook with these plays, in a session of its own."""
    if not isinstance(what, str):
        (folder / "play.yml").write_text(json.dumps(what), encoding="utf-8")
        what = "play.yml"
    variables = {**GIVEN, "addon_upgrade_addons": ADDONS}
    # Into a file: workers that outlive the run would hold a pipe open.
    with (folder / "output").open("w", encoding="utf-8") as output:
        return subprocess.Popen(
            ["ansible-playbook", what, "-e", json.dumps(variables)],
            env={**os.environ, **simulation.environment(), "ANSIBLE_NOCOLOR": "1"},
            cwd=folder,
            stdout=output,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )


def finish(process: subprocess.Popen[str], folder: Path) -> tuple[int, str]:
    code = process.wait(240)
    return code, (folder / "output").read_text(encoding="utf-8")


def state(simulation: Simulation) -> dict[str, Any]:
    addons = simulation.addons(CLUSTER)
    return {name: {key: addon[key] for key in COMPARED} for name, addon in addons.items()}


def descendants(pid: int) -> set[int]:
    """Return the processes that a process has started, and those that they have."""
    parents: dict[int, int] = {}
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            state, parent = (folder / "stat").read_text(encoding="utf-8").rpartition(")")[2].split()[:2]
            if state != "Z":
                parents[int(folder.name)] = int(parent)
    found, level = set(), {pid}
    while level:
        level = {child for child, parent in parents.items() if parent in level}
        found |= level
    return found


def kill_all(process: subprocess.Popen[str]) -> None:
    """Kill a run with all that it has started: its workers have sessions of their own since ansible-core 2.21."""
    process.send_signal(signal.SIGSTOP)  # so that it starts nobody while its processes are counted
    for pid in (*descendants(process.pid), process.pid):
        with contextlib.suppress(ProcessLookupError):  # it may have ended by itself in this very moment
            os.kill(pid, signal.SIGKILL)
    process.wait(60)


def kill_the_run_alone(process: subprocess.Popen[str]) -> None:
    """Kill ansible-playbook as the kernel does when memory is short: its workers live on."""
    process.kill()
    process.wait(60)


def wait_for(condition: Callable[[], bool], seconds: float) -> bool:
    end = time.monotonic() + seconds
    while not condition() and time.monotonic() < end:
        time.sleep(0.05)
    return condition()


def is_running(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


@pytest.fixture(scope="module")
def undisturbed(running: Simulation, tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, Any], int]:
    """How it ends when nothing happens, and with how many requests."""
    running.reset()
    folder = tmp_path_factory.mktemp("undisturbed")
    code, output = finish(start(running, folder), folder)
    assert code == 0, output
    return state(running), len(running.requests())


@pytest.mark.parametrize(("moment", "kill"), list(zip(MOMENTS, itertools.cycle((kill_all, kill_the_run_alone)))))
def test_a_killed_run_is_resumed(simulation, undisturbed, tmp_path, moment, kill):
    expected, requests = undisturbed
    process = start(simulation, tmp_path)
    try:
        while len(simulation.requests()) < moment * requests and process.poll() is None:
            time.sleep(0.02)
    finally:
        kill(process)
    code, output = finish(start(simulation, tmp_path), tmp_path)
    assert code == 0, output
    assert state(simulation) == expected, output
    verified = [
        item["addonTemplateName"]
        for request in simulation.requests()
        if request["method"] == "POST" and request["path"].endswith("precheck")
        for item in request["body"]["spec"]["addonList"]
        if item["type"] == "addonStatic"
    ]
    sent = [item["body"]["spec"]["addonTemplateName"] for item in writes(simulation)]
    assert set(verified) >= set(sent), "what was upgraded is verified, by whichever run"


# A run over a fleet, or one whose upgrade fails, that is killed at one of its steps

FLEET = ("c1", "c2", "c3")
OLD, NEW = "1.3.6", "1.3.90"


@pytest.fixture(scope="module")
def running_fleet(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Simulation]:
    addons = [{"template": "metrics-server", "version": OLD}]
    clusters = [{"name": name, "addons": addons, "check_seconds": 2, "operation_seconds": 40} for name in FLEET]
    account = {
        "domain_name": "example-account",
        "access_key": "AKFLEET0000000000001",
        "secret_key": "sk-fleet-0000000000000000000000000000001",
        "username": "operator",
        "password": "password",
        "projects": [{"id": "0a1b2c3d4e5f60718293a4b5c6d7e8f9", "name": "ap-southeast-1", "clusters": clusters}],
    }
    scenario = tmp_path_factory.mktemp("scenario") / "fleet.yml"
    scenario.write_text(json.dumps({"accounts": [account]}), encoding="utf-8")
    with Simulation(time_scale=20, scenario=scenario) as simulation:
        yield simulation


@pytest.fixture
def fleet(running_fleet: Simulation) -> Simulation:
    running_fleet.reset()
    return running_fleet


def start_fleet(fleet: Simulation, folder: Path) -> subprocess.Popen[str]:
    """Start the playbook on all clusters, in one batch."""
    (folder / "x.cce_clusters.yml").write_text(json.dumps({"plugin": "huaweicloud.cce.cce_clusters"}), encoding="utf-8")
    variables = {"cce_hosts": "cce_clusters", "cce_serial": "100%", "addon_upgrade_addons": ["metrics-server"]}
    with (folder / "output").open("w", encoding="utf-8") as output:
        return subprocess.Popen(
            ["ansible-playbook", UPGRADE, "-i", "x.cce_clusters.yml", "-f", "3", "-e", json.dumps(variables)],
            env={**os.environ, **fleet.environment(), "ANSIBLE_NOCOLOR": "1"},
            cwd=folder,
            stdout=output,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )


def clusters_of(fleet: Simulation) -> dict[str, dict[str, Any]]:
    found = fleet.call("GET", "/state")["clusters"]
    return {cluster["name"]: fleet.addons(key)["metrics-server"] for key, cluster in found.items()}


def sent(fleet: Simulation) -> list[dict[str, Any]]:
    return [item for item in fleet.requests() if item["method"] == "PUT" and "/v3/addons/" in item["path"]]


def rollbacks(fleet: Simulation) -> list[dict[str, Any]]:
    return [item for item in fleet.requests() if item["path"].endswith("/operation/rollback")]


def checked_since(fleet: Simulation) -> int:
    """Return how many checks were begun after the first upgrade was sent."""
    first = min((item["at"] for item in sent(fleet)), default=float("inf"))
    checks = [item for item in fleet.requests() if item["method"] == "POST" and item["path"].endswith("/precheck")]
    return sum(item["at"] > first for item in checks)


def looked_since(fleet: Simulation) -> int:
    """Return how often an add-on was read after the first upgrade was sent."""
    first = min((item["at"] for item in sent(fleet)), default=float("inf"))
    reads = [item for item in fleet.requests() if item["method"] == "GET" and "/v3/addons/" in item["path"]]
    return sum(item["at"] > first for item in reads)


STEPS: dict[str, Callable[[Simulation], bool]] = {
    "the first is sent": lambda fleet: len(sent(fleet)) >= 1,
    "all are sent, and none is awaited": lambda fleet: len(sent(fleet)) == len(FLEET),
    "they are awaited": lambda fleet: looked_since(fleet) >= 2 * len(FLEET),
    "the first is verified": lambda fleet: checked_since(fleet) >= 1,
    "all are verified": lambda fleet: checked_since(fleet) == len(FLEET),
}


@pytest.mark.parametrize("step", STEPS)
def test_a_fleet_that_is_killed_is_finished_by_the_next_run_and_nothing_is_sent_twice(fleet, tmp_path, step):
    process = start_fleet(fleet, tmp_path)
    try:
        assert wait_for(lambda: STEPS[step](fleet) or process.poll() is not None, 120)
        assert process.poll() is None, finish(process, tmp_path)[1]
    finally:
        kill_all(process)
    left = len(sent(fleet))
    code, output = finish(start_fleet(fleet, tmp_path), tmp_path)
    assert code == 0, output
    assert {
        name: (addon["version"], addon["status"], addon["writes"]) for name, addon in clusters_of(fleet).items()
    } == (dict.fromkeys(FLEET, (NEW, "running", 1))), output
    assert left in ((1, 2, 3) if step == "the first is sent" else (len(FLEET),))
    assert (len(sent(fleet)), rollbacks(fleet)) == (len(FLEET), [])
    assert checked_since(fleet) >= len(FLEET), "what the first run has sent is verified by the second"


@pytest.mark.parametrize("step", ["it has failed", "the rollback is sent"])
def test_a_run_that_is_killed_at_its_rollback_is_not_continued_by_one_that_has_not_sent_it(fleet, tmp_path, step):
    key = next(key for key, cluster in fleet.call("GET", "/state")["clusters"].items() if cluster["name"] == "c2")
    fleet.call("POST", f"/instances/{key}/metrics-server", {"next_upgrade": "upgradeFailed"})
    if step == "it has failed":
        # It never gets as far as the rollback.
        fleet.fault("delay", "POST", "rollback$", seconds=60)
    process = start_fleet(fleet, tmp_path)
    try:
        seen = (
            (lambda: clusters_of(fleet)["c2"]["status"] == "upgradeFailed")
            if step == "it has failed"
            else (lambda: bool(rollbacks(fleet)))
        )
        assert wait_for(lambda: seen() or process.poll() is not None, 120)
        assert process.poll() is None, finish(process, tmp_path)[1]
    finally:
        kill_all(process)
    fleet.call("DELETE", "/faults")
    before = len(rollbacks(fleet))
    code, output = finish(start_fleet(fleet, tmp_path), tmp_path)
    now = clusters_of(fleet)
    assert {name: now[name]["version"] for name in ("c1", "c3")} == dict.fromkeys(("c1", "c3"), NEW), output
    assert len(rollbacks(fleet)) == before, "a run rolls back only what it has sent"
    if step == "it has failed":
        assert (code, now["c2"]["status"]) == (2, "upgradeFailed"), output
        assert "roll it back or repair it first" in output
    else:
        assert (code, now["c2"]["version"], now["c2"]["status"]) == (0, NEW, "running"), output


# A run that is stopped while it waits

STOPS = {
    "SIGKILL": lambda process: process.kill(),
    "SIGTERM": lambda process: process.terminate(),
    "SIGKILL of the group": lambda process: os.killpg(process.pid, signal.SIGKILL),
}
# Both ways to run a module. With become it is shipped, and needs no sudo where Ansible runs as that user already.
WAYS = {"fast path": {}, "shipped": {"become": True, "become_user": getpass.getuser()}}
WAITS = {"lock": {"locked": True}, "throttle": {"retry_after": 2}}


@pytest.mark.parametrize("wait", WAITS)
@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("stop", STOPS)
def test_a_stopped_run_writes_no_more(simulation, tmp_path, stop, way, wait):
    simulation.fault("throttle", "PUT", "/addons/", times=None, **WAITS[wait])
    task = {
        "huaweicloud.cce.cce_addon": {
            "cluster_id": CLUSTER,
            "addon_template_name": "metrics-server",
            "version": "latest",
            "wait_timeout": 60,
        }
    }
    process = start(simulation, tmp_path, [{"hosts": "localhost", "gather_facts": False, "tasks": [task], **WAYS[way]}])
    try:
        assert wait_for(lambda: bool(writes(simulation)), 60), "it never came to the lock"
        workers = descendants(process.pid)
        STOPS[stop](process)
        process.wait(60)
    finally:
        process.kill()
    before = len(writes(simulation))
    simulation.call("DELETE", "/faults")
    assert wait_for(lambda: not any(map(is_running, workers)), 20), "nobody waits for an answer that nobody will read"
    assert len(writes(simulation)) == before
    assert simulation.addons(CLUSTER)["metrics-server"]["writes"] == 0


@pytest.mark.parametrize("stop", [None, "SIGKILL of the group"])
def test_what_runs_in_the_background_goes_on_without_its_run(simulation, tmp_path, stop, monkeypatch):
    # What Ansible starts in the background, it starts without quotes: no space may be in the path.
    folder = tempfile.mkdtemp(prefix="cce-tests-", dir="/tmp")
    for name in ("ANSIBLE_REMOTE_TMP", "ANSIBLE_ASYNC_DIR"):
        monkeypatch.setenv(name, folder)
    simulation.fault("throttle", "PUT", "/addons/", times=3, locked=True)
    options = {"cluster_id": CLUSTER, "addon_template_name": "metrics-server", "version": "latest"}
    tasks = [
        {"huaweicloud.cce.cce_addon": options, "async": 60, "poll": 0},
        {"ansible.builtin.pause": {"seconds": 60 if stop else 1}},
    ]
    process = start(simulation, tmp_path, [{"hosts": "localhost", "gather_facts": False, "tasks": tasks}])
    assert wait_for(lambda: bool(writes(simulation)), 60), "it never came to the lock"
    if stop:
        STOPS[stop](process)
    finish(process, tmp_path)
    assert simulation.addons(CLUSTER)["metrics-server"]["writes"] == 0
    assert wait_for(lambda: simulation.addons(CLUSTER)["metrics-server"]["writes"] == 1, 30)
    shutil.rmtree(folder, ignore_errors=True)
