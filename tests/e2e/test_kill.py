# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The huaweicloud.cce contributors

"""The controller dies at any moment of an upgrade; the same command run again ends as if nothing had happened."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest
from conftest import writes
from simulation import CLUSTER, Simulation

ADDONS = [{"name": "coredns", "sync_strategy": "inherit"}, "nginx-ingress", "metrics-server"]
# How many requests of an undisturbed run were made when the process is killed, in parts of all of them. The first third
# is the precheck; most of what can go wrong is in the rest.
MOMENTS = [round(0.05 * number, 2) for number in range(1, 6)] + [round(0.28 + 0.03 * number, 2) for number in range(25)]
COMPARED = ("version", "status", "values", "settings_lost", "writes", "drift", "previous_version")


def start(simulation: Simulation, folder: Path) -> subprocess.Popen[str]:
    variables = {"cce_cluster_id": CLUSTER, "addon_upgrade_addons": ADDONS}
    return subprocess.Popen(
        ["ansible-playbook", "huaweicloud.cce.upgrade", "-e", json.dumps(variables)],
        env={**os.environ, **simulation.environment(), "ANSIBLE_NOCOLOR": "1"},
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )


def finish(process: subprocess.Popen[str]) -> tuple[int, str]:
    output, _nothing = process.communicate(timeout=240)
    return process.returncode, output


def state(simulation: Simulation) -> dict[str, Any]:
    addons = simulation.addons(CLUSTER)
    return {name: {key: addon[key] for key in COMPARED} for name, addon in addons.items()}


@pytest.fixture(scope="module")
def undisturbed(running: Simulation, tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, Any], int]:
    """How it ends when nothing happens, and with how many requests."""
    running.reset()
    code, output = finish(start(running, tmp_path_factory.mktemp("undisturbed")))
    assert code == 0, output
    return state(running), len(running.requests())


@pytest.mark.parametrize("moment", MOMENTS)
def test_a_killed_run_is_resumed(simulation, undisturbed, tmp_path, moment):
    expected, requests = undisturbed
    process = start(simulation, tmp_path)
    try:
        while len(simulation.requests()) < moment * requests and process.poll() is None:
            time.sleep(0.02)
        with contextlib.suppress(ProcessLookupError):  # it may have ended by itself in this very moment
            os.killpg(process.pid, signal.SIGKILL)
    finally:
        process.communicate(timeout=60)
    code, output = finish(start(simulation, tmp_path))
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
