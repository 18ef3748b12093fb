# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The huaweicloud.cce contributors

"""Real ansible-playbook processes against the simulator."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from support.plays import CALLBACK, GIVEN, Play, Played
from support.simulation import Simulation


@pytest.fixture(scope="module")
def running() -> Iterator[Simulation]:
    # Its clock runs twenty times as fast as that of the machine.
    with Simulation(time_scale=20) as simulation:
        yield simulation


@pytest.fixture
def simulation(running: Simulation) -> Simulation:
    running.reset()
    return running


@pytest.fixture
def play(simulation: Simulation, tmp_path: Path) -> Play:
    """Run a playbook of the collection, or a list of tasks."""

    def run(
        what: str | list[dict[str, Any]],
        *options: str,
        variables: dict[str, Any] | None = None,
        environment: dict[str, str] | None = None,
        callback: str = "ansible.builtin.default",
        settings: dict[str, Any] | None = None,
        ship: bool = False,
        against: Simulation = simulation,
    ) -> Played:
        target = what
        if not isinstance(what, str):
            path = tmp_path / "play.yml"
            play = {"hosts": "localhost", "gather_facts": False, "tasks": what, **(settings or {})}
            path.write_text(json.dumps([play]), encoding="utf-8")
            target = str(path)
        results = tmp_path / "results"
        given = tmp_path / "variables.yml"
        switch = {"cce_fast_path": False} if ship else {}
        given.write_text(yaml.safe_dump({**GIVEN, **switch, **(variables or {})}), encoding="utf-8")
        command = ["ansible-playbook", str(target), "-e", f"@{given}", *options]
        done = subprocess.run(
            command,
            env={
                **os.environ,
                **against.environment(),
                "ANSIBLE_CALLBACKS_ENABLED": "results",
                "ANSIBLE_CALLBACK_PLUGINS": str(CALLBACK),
                "ANSIBLE_STDOUT_CALLBACK": callback,
                "ANSIBLE_NOCOLOR": "1",
                "E2E_RESULTS": str(results),
                **(environment or {}),
            },
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
            timeout=300,
        )
        tasks = []
        if results.exists():
            tasks = [json.loads(line) for line in results.read_text(encoding="utf-8").splitlines()]
            results.unlink()
        return Played(done.returncode, done.stdout + done.stderr, tasks)

    return run
