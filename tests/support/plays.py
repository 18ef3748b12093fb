# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The huaweicloud.cce contributors

"""What tests say of a run of ansible-playbook, and of what reached the simulator."""

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
    """How a run of ansible-playbook ended. `tasks` are the results by task name, from the JSON callback."""

    code: int
    output: str
    tasks: dict[str, dict[str, Any]]

    def result(self, name: str) -> dict[str, Any]:
        """Return the result of the task whose name ends so."""
        return next(result for task, result in self.tasks.items() if task.endswith(name))


Play = Callable[..., Played]
COLLECTION = Path(next(iter(ansible_collections.huaweicloud.cce.__path__)))
# A callback that writes the results of tasks to a file.
CALLBACK = Path(__file__).resolve().parent / "callback"


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


def writes(simulation: Simulation) -> list[dict[str, Any]]:
    """Return the requests that would change an add-on."""
    return [
        item
        for item in simulation.requests()
        if item["method"] in ("PUT", "POST", "DELETE") and "/v3/addons" in item["path"]
    ]
