# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The huaweicloud.cce contributors

"""Two operators, or two slices of a job, upgrade the same cluster at the same time."""

from __future__ import annotations

import json
import os
import subprocess
import time
from pathlib import Path

import pytest
from support.plays import GIVEN, writes
from support.simulation import CLUSTER, Simulation

TARGETS = {"coredns": "1.30.33", "metrics-server": "1.3.90", "nginx-ingress": "2.6.4"}
WANTED = [{"name": "coredns", "sync_strategy": "inherit"}, "metrics-server", "nginx-ingress"]


def _started(simulation: Simulation, folder: Path) -> subprocess.Popen[str]:
    folder.mkdir()
    variables = folder / "variables.json"
    variables.write_text(json.dumps({**GIVEN, "addon_upgrade_addons": WANTED}), encoding="utf-8")
    return subprocess.Popen(
        ["ansible-playbook", "huaweicloud.cce.upgrade", "-e", f"@{variables}"],
        env={**os.environ, **simulation.environment(), "ANSIBLE_NOCOLOR": "1"},
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


@pytest.mark.parametrize("seconds_later", [0, 4, 8])
def test_no_add_on_is_written_twice_and_both_end_with_the_truth(tmp_path, seconds_later):
    with Simulation(time_scale=2) as simulation:
        first = _started(simulation, tmp_path / "first")
        time.sleep(seconds_later)
        second = _started(simulation, tmp_path / "second")
        outputs = [run.communicate(timeout=300)[0] for run in (first, second)]
        addons = simulation.addons(CLUSTER)
        # The strategy that was chosen for the upgrade of CoreDNS is set back by an edit, once.
        sent = [item["body"]["spec"]["addonTemplateName"] for item in writes(simulation) if item["status"] < 300]
    assert sorted(sent) == ["coredns", "coredns", "metrics-server", "nginx-ingress"], outputs
    assert {name: addon["version"] for name, addon in addons.items()} == TARGETS
    assert {name: addon["settings_lost"] for name, addon in addons.items()} == {name: [] for name in TARGETS}
    assert addons["coredns"]["values"]["custom"]["parameterSyncStrategy"] == "ensureConsistent"
    for run, output in zip((first, second), outputs, strict=True):
        assert run.returncode == 0, output
        assert all(version in output.rpartition("Cluster production: ")[2] for version in TARGETS.values())
