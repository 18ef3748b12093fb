# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The huaweicloud.cce contributors

"""A few runs of the campaign of faults: the real playbook, real faults, and no invariant broken."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

CAMPAIGN = Path(__file__).resolve().parents[1] / "faults" / "faults.py"
# The same runs each time, as a suite must not fail by chance; the whole campaign takes seeds at random.
RUNS, SEED = 8, 20260805


def test_a_small_campaign_breaks_no_invariant(tmp_path):
    report = tmp_path / "faults.json"
    options = ["--runs", str(RUNS), "--seed", str(SEED), "--jobs", "1", "--report", str(report)]
    command = [sys.executable, str(CAMPAIGN), *options]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=600)
    assert done.returncode == 0, done.stdout + done.stderr
    runs = json.loads(report.read_text(encoding="utf-8"))["runs"]
    assert [run["number"] for run in runs] == list(range(1, RUNS + 1))
    assert {run["ended"] for run in runs} <= {"survived", "failed safely", "killed"}
    assert sum(sum(run["faults"].values()) for run in runs) > 0, done.stdout
