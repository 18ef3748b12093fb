# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The huaweicloud.cce contributors

"""The results of a run of ansible-playbook, and the writes that reached the simulator."""

from __future__ import annotations

import atexit
import os
import shutil
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import ansible_collections.huaweicloud.cce
from support.simulation import CLUSTER, Simulation


@dataclass(frozen=True)
class Played:
    """How a run of ansible-playbook ended. `tasks` are what the callback `results` has written, in order."""

    code: int
    output: str
    tasks: list[dict[str, Any]]

    def result(self, name: str) -> dict[str, Any]:
        """Return the last result of the task of this name, in a play that the test itself wrote."""
        return self._last(lambda task: task["task"] == name)

    def module(self, name: str) -> dict[str, Any]:
        """Return the last result of a module of the collection."""
        return self._last(lambda task: task["module"].endswith(f".{name}") and task["outcome"] != "skipped")

    def fact(self, name: str) -> Any:
        """Return the last value of a fact."""
        return self._last(lambda task: name in task["result"].get("ansible_facts", {}))["ansible_facts"][name]

    def failure(self) -> str:
        """Return the message of the first task that failed."""
        told = next(task["result"]["msg"] for task in self.tasks if task["outcome"] == "failed")
        return "\n".join(told) if isinstance(told, list) else str(told)

    def _last(self, is_it: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        result: dict[str, Any] = next(task["result"] for task in reversed(self.tasks) if is_it(task))
        return result


Play = Callable[..., Played]
COLLECTION = Path(next(iter(ansible_collections.huaweicloud.cce.__path__)))
# A callback that writes the results of tasks to a file.
CALLBACK = Path(__file__).resolve().parent / "callback"


def _interpreter(path: str) -> str:
    """Return a path without spaces of a Python for shipped modules.

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


def writes(simulation: Simulation) -> list[dict[str, Any]]:
    """Return the requests that would change an add-on."""
    return [
        item
        for item in simulation.requests()
        if item["method"] in ("PUT", "POST", "DELETE") and "/v3/addons" in item["path"]
    ]
