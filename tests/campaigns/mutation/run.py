# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The huaweicloud.cce contributors

"""Breaks the pure rules and the signer in every way that mutmut knows, and tells which breaks no unit test notices.

    pip install -r tests/campaigns/mutation/requirements.txt
    python tests/campaigns/mutation/run.py [MODULE ...]

Works on a copy below .build/mutation, as the collection has to lie in ansible_collections/huaweicloud/cce. Prints a
table and the names of the mutants that survived; `cd .build/mutation && mutmut show NAME` shows one. Ends with 1 below
the target. SURVIVORS.md explains those that are left.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections import Counter, defaultdict
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[2]
WORK = ROOT / ".build" / "mutation"
COLLECTION = WORK / "ansible_collections" / "huaweicloud" / "cce"
CACHED = re.compile(r"^@functools\.lru_cache\(.*\)\n", re.MULTILINE)
TARGET = 95.0  # per cent
# A mutant that never ends is noticed, too.
NOTICED = frozenset(("killed", "timeout", "segfault", "caught by type check"))


def lay_out() -> None:
    """Copy the library, its unit tests and what these read to where mutmut works."""
    shutil.rmtree(WORK, ignore_errors=True)
    for part in ("plugins", "docs", "tests/unit", "tests/support", "tests/simulator"):
        shutil.copytree(ROOT / part, COLLECTION / part, ignore=shutil.ignore_patterns("__pycache__"))
    for file in ("tests/conftest.py", "galaxy.yml"):
        shutil.copy(ROOT / file, COLLECTION / file)
    # mutmut leaves decorated functions alone; a cache changes nothing of what they return.
    for module in (COLLECTION / "plugins" / "module_utils").rglob("*.py"):
        module.write_text(CACHED.sub("", module.read_text(encoding="utf-8")), encoding="utf-8")
    shutil.copy(HERE / "setup.cfg", WORK)


def statuses() -> dict[str, str]:
    """Return what became of each mutant, by its name."""
    listed = subprocess.run(
        [sys.executable, "-m", "mutmut", "results", "--all", "true"],
        cwd=WORK,
        check=True,
        capture_output=True,
        text=True,
    )
    return dict(re.findall(r"^\s*(\S+): (.+)$", listed.stdout, re.MULTILINE))


def table(found: dict[str, str]) -> tuple[list[str], float]:
    """Return the table of mutants by module as lines, and how many of all were noticed, in per cent."""
    counts: dict[str, Counter[bool]] = defaultdict(Counter)
    for name, status in found.items():
        module = name.split(".plugins.")[1].split(".x")[0].replace(".", "/")
        counts[module][status in NOTICED] += 1
    counts["all"] = sum(counts.values(), Counter())
    lines = ["| module | mutants | killed | survived | % killed |", "| --- | --- | --- | --- | --- |"]
    for module, count in counts.items():
        share = 100 * count[True] / count.total()
        lines.append(f"| {module} | {count.total()} | {count[True]} | {count[False]} | {share:.1f} |")
    return lines, 100 * counts["all"][True] / counts["all"].total()


def main() -> int:
    lay_out()
    environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}
    modules = [f"*.{module}.*" for module in sys.argv[1:]]
    command = [sys.executable, "-m", "mutmut", "run", "--max-children", str(os.cpu_count() or 1), *modules]
    with open(WORK / "mutmut.log", "w", encoding="utf-8") as log:
        subprocess.run(command, cwd=WORK, env=environment, stdout=log, stderr=log, check=False)
    found = {name: status for name, status in statuses().items() if status != "not checked"}
    lines, share = table(found)
    print("\n".join(lines))
    for name, status in found.items():
        if status not in NOTICED:
            print(f"{name}: {status}")
    return 0 if share >= TARGET else 1


if __name__ == "__main__":
    sys.exit(main())
