# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The huaweicloud.cce contributors

"""Takes the pictures that the documentation shows: docs/images/report.png of the report, gate.png of a closed gate."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.terminal_theme import MONOKAI
from rich.text import Text

TESTS = Path(__file__).resolve().parent.parent
IMAGES = TESTS.parent / "docs" / "images"
sys.path[:0] = [str(TESTS), str(TESTS.parent / ".build")]

from support.browser import look, started  # noqa: E402
from support.fleets import GENERATED_AT, showcase  # noqa: E402
from support.simulation import CLUSTER, Simulation  # noqa: E402

from ansible_collections.huaweicloud.cce.plugins.plugin_utils._report.document import report  # noqa: E402
from ansible_collections.huaweicloud.cce.plugins.plugin_utils._report.html import html  # noqa: E402

COMMAND = ["ansible-playbook", "huaweicloud.cce.precheck", "-e", f"cce_cluster_id={CLUSTER}"]
COLUMNS = 140
TERMINAL = """<!DOCTYPE html><meta charset="utf-8">
<style>
  body {{ margin: 0; display: inline-block; background: #16191d; }}
  pre {{ margin: 20px 24px; color: #d8dce0; font: 15px/1.4 "DejaVu Sans Mono", monospace; }}
  {stylesheet}
</style>
<body><pre>{code}</pre></body>"""


def picture_of_the_report(driver: Any, folder: Path) -> None:
    document = report(showcase(), title="Add-ons of CCE clusters", generated_at=GENERATED_AT)
    page = folder / "report.html"
    page.write_text(html(document), encoding="utf-8")
    look(driver, width=1360, height=1000)
    driver.get(page.as_uri())
    # Rows are drawn when they come into sight, and then have the height that they need.
    for _time in range(2):
        look(driver, width=1360, height=driver.execute_script("return document.documentElement.scrollHeight"))
        driver.execute_async_script("requestAnimationFrame(() => requestAnimationFrame(arguments[0]))")
    driver.save_screenshot(str(IMAGES / "report.png"))


def picture_of_the_gate(driver: Any, folder: Path) -> None:
    """Of what a terminal shows when a Fatal risk closes the gate, without the first lines, which all plays have."""
    with Simulation(time_scale=20) as simulation:
        colours = {"ANSIBLE_FORCE_COLOR": "1", "COLUMNS": str(COLUMNS)}
        environment = {**os.environ, **simulation.environment(), **colours}
        done = subprocess.run(COMMAND, env=environment, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode != 2:
        raise RuntimeError(done.stdout + done.stderr)
    first = "TASK [huaweicloud.cce.addon_precheck : Plan the upgrades and start their checks]"
    shown = done.stdout.rstrip().split(first, 1)[1]
    console = Console(record=True, width=COLUMNS, file=(folder / "text").open("w", encoding="utf-8"))
    text = Text.from_ansi(f"$ {' '.join(COMMAND)}\n…\n{first}{shown}")
    console.print(text)
    # For those who cannot see it, and for the test that compares it with what is printed today.
    (IMAGES / "gate.txt").write_text(text.plain + "\n", encoding="utf-8")
    page = folder / "gate.html"
    page.write_text(console.export_html(theme=MONOKAI, code_format=TERMINAL), encoding="utf-8")
    look(driver, width=1400, height=1500)
    driver.get(page.as_uri())
    driver.find_element("tag name", "body").screenshot(str(IMAGES / "gate.png"))


def main() -> None:
    with tempfile.TemporaryDirectory() as folder, started() as driver:
        picture_of_the_report(driver, Path(folder))
        picture_of_the_gate(driver, Path(folder))


if __name__ == "__main__":
    main()
