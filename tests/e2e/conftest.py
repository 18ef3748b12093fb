# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The huaweicloud.cce contributors

"""Real ansible-playbook processes against the simulator."""

from __future__ import annotations

import atexit
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

import ansible_collections.huaweicloud.cce

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from operators import ACCOUNTS, Operator
from simulation import CLUSTER, Simulation


@dataclass(frozen=True)
class Played:
    """How a run of ansible-playbook ended. `tasks` are the results by task name, from the JSON callback."""

    code: int
    output: str
    tasks: dict[str, dict[str, Any]]

    def result(self, name: str) -> dict[str, Any]:
        """Return the result of the task whose name ends so."""
        return next(result for task, result in self.tasks.items() if task.endswith(name))


Play = Callable[..., Played]
COLLECTION = Path(next(iter(ansible_collections.huaweicloud.cce.__path__)))


def _interpreter(path: str) -> str:
    """Return a path of a Python for modules that are shipped, where its own may be below "My Projects".

    Some versions of Ansible quote the path of an interpreter that is named, some do not, and their own default none:
    without spaces, it works with all of them.
    """
    if " " not in path:
        return path
    folder = Path(tempfile.mkdtemp(prefix="cce-tests-", dir="/tmp"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    (folder / "venv").symlink_to(Path(path).parents[1])
    return str(folder / "venv" / "bin" / Path(path).name)


# Modules may run on an older Python than Ansible itself.
INTERPRETER = _interpreter(os.environ.get("MODULES_PYTHON", sys.executable))
GIVEN = {"cce_cluster_id": CLUSTER, "ansible_python_interpreter": INTERPRETER}


@pytest.fixture(scope="module")
def running() -> Iterator[Simulation]:
    # Its clock runs ahead of ours by twenty minutes a minute, and its answers tell the time.
    with Simulation(time_scale=20) as simulation:
        yield simulation


@pytest.fixture
def simulation(running: Simulation) -> Simulation:
    running.reset()
    return running


@pytest.fixture(scope="session")
def accounts() -> Iterator[Simulation]:
    with Simulation(scenario=ACCOUNTS) as simulation:
        yield simulation


@pytest.fixture
def operator(accounts: Simulation) -> Operator:
    """Somebody who runs modules in this very process, on the scenario `accounts.yml`."""
    accounts.reset()
    return Operator(accounts)


@pytest.fixture(scope="session")
def shipping(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the collection that ships every module: the other way to run."""
    root = tmp_path_factory.mktemp("shipping")
    collection = root / "ansible_collections" / "huaweicloud" / "cce"
    for part in ("meta", "plugins", "roles", "playbooks"):
        shutil.copytree(COLLECTION / part, collection / part, ignore=shutil.ignore_patterns("__pycache__"))
    ship_everything(collection)
    return root


def ship_everything(collection: Path) -> None:
    """Make a copy of the collection behave as it does where the controller is not the host."""
    with (collection / "plugins" / "plugin_utils" / "_fast_path.py").open("a", encoding="utf-8") as source:
        source.write("\n\nFastPath._runs_here = lambda self: False\n")


@pytest.fixture
def play(simulation: Simulation, shipping: Path, tmp_path: Path) -> Play:
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
        given.write_text(yaml.safe_dump({**GIVEN, **(variables or {})}), encoding="utf-8")
        command = ["ansible-playbook", str(target), "-e", f"@{given}", *options]
        done = subprocess.run(
            command,
            env={
                **os.environ,
                **against.environment(),
                "ANSIBLE_CALLBACKS_ENABLED": "results",
                "ANSIBLE_CALLBACK_PLUGINS": str(Path(__file__).parent / "callback"),
                "ANSIBLE_STDOUT_CALLBACK": callback,
                "ANSIBLE_NOCOLOR": "1",
                "E2E_RESULTS": str(results),
                **({"ANSIBLE_COLLECTIONS_PATH": str(shipping)} if ship else {}),
                **(environment or {}),
            },
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
            timeout=300,
        )
        tasks = {}
        if results.exists():
            lines = [json.loads(line) for line in results.read_text(encoding="utf-8").splitlines()]
            tasks = {line["task"]: line["result"] for line in lines}
            results.unlink()
        return Played(done.returncode, done.stdout + done.stderr, tasks)

    return run


def writes(simulation: Simulation) -> list[dict[str, Any]]:
    """Return the requests that would change an add-on."""
    return [
        item
        for item in simulation.requests()
        if item["method"] in ("PUT", "POST", "DELETE") and "/v3/addons" in item["path"]
    ]
