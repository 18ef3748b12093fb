# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The huaweicloud.cce contributors

"""The main job, shown and checked: an upgrade that a Fatal risk stops, and the same one after the operator chose."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from support.simulation import Simulation

CLUSTER = "7c1d0f3e-5a64-4f0e-9d1b-2f6a8c4b1e01"
ADDONS = ("coredns", "metrics-server", "nginx-ingress")


def say(text: str) -> None:
    print(f"\n== {text}", flush=True)


def upgrade(simulation: Simulation, folder: str, addons: str) -> int:
    """Run the playbook as an operator would, and return its exit code."""
    variables = Path(folder) / "upgrade.yml"
    variables.write_text(f"addon_upgrade_cluster_id: {CLUSTER}\naddon_upgrade_addons:\n{addons}", encoding="utf-8")
    print(variables.read_text(encoding="utf-8"))
    print("$ ansible-playbook huaweicloud.cce.upgrade -e @upgrade.yml", flush=True)
    command = ["ansible-playbook", "huaweicloud.cce.upgrade", "-e", f"@{variables}"]
    return subprocess.run(command, env={**os.environ, **simulation.environment()}, check=False).returncode


def require(condition: bool, what: str) -> None:
    """Say that something is so, or stop."""
    if not condition:
        sys.exit(f"demo: this should be so, and is not: {what}")
    print(f"   ok: {what}")


def writes(simulation: Simulation) -> list[dict[str, Any]]:
    """Return the requests that changed an add-on."""
    return [item for item in simulation.requests() if item["method"] != "GET" and "/addons/" in item["path"] + "/"]


def settings(state: dict[str, Any], addon: str) -> dict[str, Any]:
    """Return the settings of an add-on without what changes from version to version."""
    return {key: value for key, value in state[addon]["values"].items() if key != "basic"}


def main() -> None:
    """Show it."""
    with Simulation(time_scale=4) as simulation, tempfile.TemporaryDirectory() as folder:
        before = simulation.addons(CLUSTER)
        say("Upgrade three add-ons. Somebody has modified the ConfigMap of CoreDNS by hand.")
        code = upgrade(simulation, folder, "  - all\n")
        say("What happened")
        changed = [item for item in writes(simulation) if "precheck" not in item["path"]]
        require(code == 2, "the play failed")
        require(not changed, "the simulator received no upgrade at all")
        require(simulation.addons(CLUSTER) == before, "no add-on was touched")

        say("The operator chooses what the upgrade does with the modified ConfigMap: keep it.")
        code = upgrade(simulation, folder, "  - name: coredns\n    sync_strategy: inherit\n  - all\n")
        say("What happened")
        after = simulation.addons(CLUSTER)
        require(code == 0, "the play passed")
        upgrades = [
            item["body"]["spec"]["addonTemplateName"]
            for item in writes(simulation)
            if item["method"] == "PUT" and item["body"]["spec"]["version"] != before_version(before, item)
        ]
        require(sorted(set(upgrades)) == sorted(ADDONS), "all three add-ons were upgraded")
        for addon in ADDONS:
            old, new = before[addon]["version"], after[addon]["version"]
            require(old != new and after[addon]["status"] == "running", f"{addon} went from {old} to {new}, and runs")
            require(not after[addon]["settings_lost"], f"{addon} kept every setting")
        expected = settings(before, "coredns")
        expected["custom"]["stub_domains"]["lab.example"] = ["10.9.0.53"]
        require(settings(after, "coredns") == expected, "CoreDNS kept the change that was made by hand, too")
        strategy = after["coredns"]["values"]["custom"]["parameterSyncStrategy"]
        require(strategy == "ensureConsistent", "drift of CoreDNS will block the next upgrade again")
        say("That was the main job: a Fatal risk stops the play before anything is touched.")


def before_version(before: dict[str, Any], item: dict[str, Any]) -> str:
    """Return the version that an add-on of a request had at first."""
    return str(before[item["body"]["spec"]["addonTemplateName"]]["version"])


if __name__ == "__main__":
    main()
