# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The huaweicloud.cce contributors

"""Runs `ansible-test integration` on the staged copy, with a simulator for it. Arguments go to ansible-test.

Each target runs the EXAMPLES of its module or inventory plugin. They are read here from the plugin's documentation.
"""

from __future__ import annotations

import importlib
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml
from stage import ROOT, TARGET
from support.simulation import CLUSTER, Simulation

PLUGINS = "ansible_collections.huaweicloud.cce.plugins."
SCENARIO = ROOT / "tests" / "integration" / "scenario.yml"


def documented(kind: str, name: str) -> list[Any]:
    """Return the documents that the EXAMPLES of a plugin consist of.

    Args:
        kind: The folder of the plugin: `modules` or `inventory`.
        name: The name of the plugin, without that of the collection.
    """
    return list(yaml.safe_load_all(importlib.import_module(f"{PLUGINS}{kind}.{name}").EXAMPLES))


def tasks_for(examples: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Yield three tasks for each example: it runs in check mode, then for real, then again.

    The result of the second has the name that the example registers, or else the example's own name in lower case, with
    an underscore instead of everything but letters and digits. The others have `_in_check_mode` and `_again` behind it.
    """
    for example in examples:
        result = example.get("register") or re.sub(r"[^a-z0-9]+", "_", example["name"].lower())
        yield {**example, "check_mode": True, "register": f"{result}_in_check_mode"}
        yield {**example, "register": result}
        yield {**example, "register": f"{result}_again"}


def write_examples(folder: Path) -> None:
    """Write the tasks of each module, and each inventory file, as the examples document them."""
    folder.mkdir(parents=True, exist_ok=True)
    # JSON is YAML.
    for path in sorted((TARGET / "plugins" / "modules").glob("cce_*.py")):
        [examples] = documented("modules", path.stem)
        (folder / f"{path.stem}.yml").write_text(json.dumps(list(tasks_for(examples)), indent=2), encoding="utf-8")
    for number, inventory in enumerate(documented("inventory", "cce_clusters"), start=1):
        (folder / f"{number}.cce_clusters.yml").write_text(json.dumps(inventory, indent=2), encoding="utf-8")


def write_profiles(path: Path) -> None:
    """Write a profile for each account of the scenario."""
    accounts = yaml.safe_load(SCENARIO.read_text(encoding="utf-8"))["accounts"]
    profiles = [f"[{item['domain_name']}]\nak = {item['access_key']}\nsk = {item['secret_key']}\n" for item in accounts]
    path.write_text("".join(profiles), encoding="utf-8")


def main() -> int:
    """Return the exit code of ansible-test."""
    folder = ROOT / ".build" / "examples"
    sys.path.insert(0, str(ROOT / ".build"))
    write_examples(folder)
    profiles = folder / "profiles"
    write_profiles(profiles)
    with Simulation(time_scale=20, scenario=SCENARIO) as simulation:
        places = ("endpoint", "iam_endpoint", "access_key", "secret_key", "region")
        config = {
            "cce_cluster_id": CLUSTER,
            "cce_connection": {name: simulation.listening[name] for name in places},
            "cce_environment": {**simulation.environment(), "HUAWEICLOUD_SDK_CREDENTIALS_FILE": str(profiles)},
            "cce_examples": str(folder),
        }
        # The variables of each target.
        path = TARGET / "tests" / "integration" / "integration_config.yml"
        path.write_text(json.dumps(config), encoding="utf-8")
        command = ["sh", str(ROOT / "tests" / "ansible-test.sh"), "integration", *sys.argv[1:]]
        return subprocess.run(command, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
