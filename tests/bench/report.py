# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The huaweicloud.cce contributors

"""How long the report on a large fleet takes, and how large it gets.

Each format by itself, and all of them in a whole `ansible-playbook` process, less the time of the same play without the
report. Where there is a Chromium, the page is opened, scrolled and filtered in it, too.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

TESTS = Path(__file__).resolve().parent.parent
BUILD = TESTS.parent / ".build"
sys.path[:0] = [str(TESTS), str(BUILD)]

from support.browser import BROWSER, DRIVER, look, started  # noqa: E402
from support.fleets import GENERATED_AT, fleet  # noqa: E402

from ansible_collections.huaweicloud.cce.plugins.action.cce_addon_report import FORMATS  # noqa: E402
from ansible_collections.huaweicloud.cce.plugins.plugin_utils._report.document import report  # noqa: E402

GOALS = {"seconds": 20.0, "mebibytes": 10.0, "frame_milliseconds": 50.0, "filter_milliseconds": 500.0}
_MEBIBYTE = 2**20
_SCROLL = """
const done = arguments[0], frames = [];
let before = performance.now();
requestAnimationFrame(function frame() {
  frames.push(performance.now() - before);
  before = performance.now();
  scrollBy({ top: 700, behavior: "instant" });
  if (frames.length < 100) { requestAnimationFrame(frame); } else { done(frames); }
});
"""
_FILTER = """
const before = performance.now(), text = document.getElementById("text");
text.value = "snippet";
text.dispatchEvent(new Event("input"));
document.body.offsetHeight;
return performance.now() - before;
"""


def _timed(work: Callable[[], Any]) -> tuple[float, Any]:
    before = time.perf_counter()
    done = work()
    return time.perf_counter() - before, done


def _play(folder: Path, tasks: list[dict[str, Any]]) -> None:
    playbook = folder / "play.yml"
    play = {"hosts": "all", "gather_facts": False, "connection": "local", "tasks": tasks}
    playbook.write_text(json.dumps([play]), encoding="utf-8")
    subprocess.run(
        ["ansible-playbook", "-i", str(folder / "inventory.json"), str(playbook)],
        env={**os.environ, "ANSIBLE_COLLECTIONS_PATH": str(BUILD), "ANSIBLE_NOCOLOR": "true"},
        cwd=folder,
        stdout=subprocess.DEVNULL,
        check=True,
        timeout=600,
    )


def _in_ansible(hosts: dict[str, dict[str, Any]]) -> float:
    """Return the seconds that the role takes."""
    role = {"ansible.builtin.import_role": {"name": "huaweicloud.cce.addon_report"}, "run_once": True}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "inventory.json").write_text(json.dumps({"all": {"hosts": hosts}}), encoding="utf-8")
        debug = {"ansible.builtin.debug": {"msg": "hello"}, "run_once": True}
        without, _nothing = _timed(lambda: _play(folder, [debug]))
        seconds, _nothing = _timed(lambda: _play(folder, [role]))
        return seconds - without


def _in_browser(page: str) -> dict[str, float]:
    with tempfile.TemporaryDirectory() as name, started() as driver:
        path = Path(name) / "report.html"
        path.write_text(page, encoding="utf-8")
        look(driver, width=1400, height=1000)
        opening, _nothing = _timed(lambda: driver.get(path.as_uri()))
        frames = sorted(driver.execute_async_script(_SCROLL))
        return {
            "open_seconds": opening,
            "frame_milliseconds": frames[len(frames) // 2],
            "slowest_frame_milliseconds": frames[-1],
            "filter_milliseconds": driver.execute_script(_FILTER),
        }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--clusters", type=int, default=1000)
    options = parser.parse_args()
    hosts = dict(fleet(options.clusters))
    collecting, document = _timed(lambda: report(hosts.items(), title="Add-ons", generated_at=GENERATED_AT))
    measured: dict[str, Any] = {"collect": {"seconds": collecting}}
    pages = {}
    for name, (rendered, _ending) in FORMATS.items():
        seconds, pages[name] = _timed(lambda rendered=rendered: rendered(document))
        measured[name] = {"seconds": seconds, "mebibytes": len(pages[name].encode()) / _MEBIBYTE}
    measured["role"] = {"seconds": _in_ansible(hosts)}
    if BROWSER and DRIVER:
        measured["browser"] = _in_browser(pages["html"])
    else:
        print("There is no Chromium with chromedriver here: the page was not opened.", file=sys.stderr)

    cores = os.cpu_count()
    print(f"{options.clusters} clusters with 8 add-ons each, Python {sys.version.split()[0]}, {cores} cores")
    for name, figures in measured.items():
        print(f"{name:10}" + "  ".join(f"{value:9.3f} {what.replace('_', ' ')}" for what, value in figures.items()))
    missed = [
        f"{name}: {what}"
        for name, figures in measured.items()
        for what, value in figures.items()
        if value > GOALS.get(what, value)
    ]
    print(f"goals: {', '.join(f'{what} {goal:g}' for what, goal in GOALS.items())}; missed: {missed or 'none'}")
    results = BUILD / "bench"
    results.mkdir(exist_ok=True)
    path = results / f"report-{datetime.now(timezone.utc):%Y%m%dT%H%M%SZ}.json"
    path.write_text(
        json.dumps({"measured": measured, "goals": GOALS, "cores": cores}, indent=2) + "\n", encoding="utf-8"
    )
    print(f"written to {path.relative_to(TESTS.parent)}")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
