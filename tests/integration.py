# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The huaweicloud.cce contributors

"""Runs `ansible-test integration` on the staged copy, with a simulator for it. Arguments go to ansible-test."""

from __future__ import annotations

import json
import subprocess
import sys

from stage import ROOT, TARGET
from support.simulation import CLUSTER, Simulation


def main() -> int:
    """Return the exit code of ansible-test."""
    with Simulation(time_scale=20) as simulation:
        listening = simulation.listening
        config = {
            "cce_cluster_id": CLUSTER,
            **{
                f"cce_{name}": listening[name]
                for name in ("endpoint", "iam_endpoint", "access_key", "secret_key", "region")
            },
        }
        # JSON is YAML.
        (TARGET / "tests" / "integration" / "integration_config.yml").write_text(json.dumps(config), encoding="utf-8")
        command = ["sh", str(ROOT / "tests" / "ansible-test.sh"), "integration", *sys.argv[1:]]
        return subprocess.run(command, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
