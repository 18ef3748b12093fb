# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The huaweicloud.cce contributors

"""What the campaign tells at its end, and its exit code."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

CAMPAIGN = Path(__file__).resolve().parents[1] / "faults" / "faults.py"


def run(number: int, ended: str, faults: dict[str, int], code: int | None = 0, **broken: list[str]) -> dict[str, Any]:
    attempts = [{"code": code, "failures": []}]
    return {"number": number, "ended": ended, "faults": faults, "broken": broken, "attempts": attempts, "seconds": 1}


def told(folder: Path, *runs: dict[str, Any], seed: int = 7) -> subprocess.CompletedProcess[str]:
    """Let the campaign go on with runs that are all there, so that nothing is left but to tell of them."""
    report = folder / "faults.json"
    report.write_text(json.dumps({"seed": seed, "runs": runs}), encoding="utf-8")
    options = ["--runs", str(len(runs)), "--seed", "7", "--resume", "--report", str(report)]
    command = [sys.executable, str(CAMPAIGN), *options]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)


def test_the_table_counts_faults_runs_and_ends(tmp_path):
    done = told(
        tmp_path,
        run(1, "survived", {"latency": 9, "slow body": 1}),
        run(2, "failed safely", {"slow body": 2}, code=2),
        run(3, "killed", {}, code=None),
        run(4, "survived", {}),
    )
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert "| slow body | 3 | 2 | 1 | 1 | 0 | 0 |" in lines
    assert "| latency | 9 | 1 | 1 | 0 | 0 | 0 |" in lines
    assert "| SIGKILL of the process group | 1 | 1 | 0 | 0 | 1 | 0 |" in lines
    assert "| nothing | 0 | 1 | 1 | 0 | 0 | 0 |" in lines
    assert "| **all runs** | 13 | 4 | 2 | 1 | 1 | 0 |" in lines
    assert "| no setting is lost | 0 |" in lines


def test_a_broken_invariant_ends_the_campaign_with_1_and_how_to_repeat_it(tmp_path):
    done = told(tmp_path, run(1, "survived", {}), run(2, "broken", {"latency": 1}, **{"no setting is lost": ["it is"]}))
    assert done.returncode == 1
    assert "| no setting is lost | 1 |" in done.stdout
    assert "Repeat: python tests/campaigns/faults/faults.py --seed 7 --only 2" in done.stdout
    assert "--only 1" not in done.stdout
