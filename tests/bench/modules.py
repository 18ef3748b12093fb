# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The huaweicloud.cce contributors

"""What one cce_addon_check_info costs a host, beside ansible.builtin.uri, a shipped module, and debug.

Whole `ansible-playbook` processes against the simulator, one task each, every host by a local connection. The cost is
the time above that of an empty play. `uri` sends the same GET with a token in its header and keeps the answer; it does
not judge it. `debug` does nothing: it is what Ansible itself costs. Rounds are interleaved, and the median counts, so
that a busy machine disturbs all alike.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

TESTS = Path(__file__).resolve().parent.parent
BUILD = TESTS.parent / ".build"
sys.path.insert(0, str(TESTS))

from simulation import Simulation  # noqa: E402

CLUSTER = "7c1d0f3e-5a64-4f0e-9d1b-2f6a8c4b1e01"
MODULE = "huaweicloud.cce.cce_addon_check_info"
# On two cores; what they are measured against in the second place.
GOALS = {"uri": 0.08, "debug": 2.2}


@dataclass(frozen=True)
class Contestant:
    """A task, and the collections that it runs with."""

    name: str
    task: dict[str, Any] | None
    collections: Path


def _token(simulation: Simulation) -> str:
    """Log in, as a user would do once for a whole play."""
    listening = simulation.listening
    user = {
        "name": listening["username"],
        "password": listening["password"],
        "domain": {"name": listening["domain_name"]},
    }
    body = {
        "auth": {
            "identity": {"methods": ["password"], "password": {"user": user}},
            "scope": {"project": {"id": listening["project_id"]}},
        }
    }
    url = f"{listening['iam_endpoint']}/v3/auth/tokens"
    request = urllib.request.Request(url, json.dumps(body).encode(), {"Content-Type": "application/json"})
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(request, timeout=30) as answer:
        return str(answer.headers["X-Subject-Token"])


def _without_action_plugins(folder: Path) -> Path:
    """Return a copy of the staged collection that Ansible can only ship."""
    source = BUILD / "ansible_collections" / "huaweicloud" / "cce"
    target = folder / "ansible_collections" / "huaweicloud" / "cce"
    shutil.copytree(source / "meta", target / "meta")
    shutil.copytree(source / "plugins", target / "plugins", ignore=shutil.ignore_patterns("action", "__pycache__"))
    return folder


def _contestants(simulation: Simulation, folder: Path) -> list[Contestant]:
    listening = simulation.listening
    token, project = _token(simulation), listening["project_id"]
    url = f"{listening['endpoint']}/api/v3/projects/{project}/clusters/{CLUSTER}/addons/precheck/tasks"
    get = {"url": url, "headers": {"X-Auth-Token": token, "X-Project-Id": project}, "return_content": True}
    places = {"endpoint": listening["endpoint"], "iam_endpoint": listening["iam_endpoint"]}
    common = {"cluster_id": CLUSTER, "project_id": project, **places}
    keys = {"access_key": listening["access_key"], "secret_key": listening["secret_key"]}
    with_token = {MODULE: {**common, "auth_token": token}}
    return [
        Contestant("empty", None, BUILD),
        Contestant("debug", {"ansible.builtin.debug": {"msg": "hello"}}, BUILD),
        Contestant("token", with_token, BUILD),
        Contestant("keys", {MODULE: {**common, **keys}}, BUILD),
        Contestant("uri", {"ansible.builtin.uri": get}, BUILD),
        Contestant("shipped", with_token, _without_action_plugins(folder / "shipped")),
    ]


def _play(contestant: Contestant, folder: Path, hosts: int, forks: int) -> float:
    """Run a contestant's playbook, and return the seconds that it took."""
    local = {"ansible_connection": "local", "ansible_python_interpreter": sys.executable}
    inventory = folder / "inventory.json"
    inventory.write_text(json.dumps({"all": {"vars": local, "hosts": {f"host{n:03}": {} for n in range(hosts)}}}))
    playbook = folder / f"{contestant.name}.yml"
    tasks = [contestant.task] if contestant.task else []
    playbook.write_text(json.dumps([{"hosts": "all", "gather_facts": False, "tasks": tasks}]))
    before = time.perf_counter()
    done = subprocess.run(
        ["ansible-playbook", "-i", str(inventory), "-f", str(forks), str(playbook)],
        env={
            # Without byte code, as `tests/setup.sh` has it, every play would compile the collection.
            **{name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"},
            "ANSIBLE_COLLECTIONS_PATH": str(contestant.collections),
            "ANSIBLE_NOCOLOR": "true",
        },
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
    )
    seconds = time.perf_counter() - before
    if done.returncode or (tasks and done.stdout.count(" ok=1 ") != hosts):
        raise RuntimeError(f"{contestant.name} did not work:\n{done.stdout[-2000:]}{done.stderr[-2000:]}")
    return seconds


def _measured(rounds: int, hosts: int, forks: int) -> dict[str, list[float]]:
    times: dict[str, list[float]] = {}
    with Simulation(time_scale=100) as simulation, tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        contestants = _contestants(simulation, folder)
        # Something to read: one finished check of every add-on.
        check = {"huaweicloud.cce.cce_addon_check": {**contestants[3].task[MODULE], "addons": ["all"]}}
        _play(Contestant("prepare", check, BUILD), folder, hosts=1, forks=1)
        for number in range(rounds):
            for contestant in contestants:
                seconds = _play(contestant, folder, hosts, forks)
                times.setdefault(contestant.name, []).append(seconds)
                print(f"round {number + 1}: {contestant.name} {seconds:.2f} s", file=sys.stderr)
    return times


def _report(times: dict[str, list[float]], hosts: int) -> dict[str, Any]:
    median = {name: statistics.median(values) for name, values in times.items()}
    above = {name: seconds - median["empty"] for name, seconds in median.items() if name != "empty"}
    return {
        "seconds": times,
        "median": median,
        "milliseconds_a_host": {name: 1000 * seconds / hosts for name, seconds in above.items()},
        "token_over": {name: above["token"] / above[name] for name in above if name != "token"},
        "keys_over": {name: above["keys"] / above[name] for name in above if name != "keys"},
        "goals": GOALS,
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--hosts", type=int, default=100)
    parser.add_argument("--forks", type=int, default=10)
    options = parser.parse_args()
    if subprocess.run([sys.executable, str(TESTS / "stage.py")], check=False).returncode:
        return 1
    report = _report(_measured(options.rounds, options.hosts, options.forks), options.hosts)
    core = subprocess.run(["ansible", "--version"], capture_output=True, text=True, check=True).stdout.splitlines()[0]
    report["made_with"] = {**vars(options), "ansible": core, "python": sys.version.split()[0], "cores": os.cpu_count()}

    print(f"\n{core}, Python {sys.version.split()[0]}, {os.cpu_count()} cores, {options.hosts} hosts")
    print(f"{'':10}{'median':>9}{'a host':>11}{'token/this':>12}{'keys/this':>12}")
    for name, seconds in report["median"].items():
        cells = [f"{report['milliseconds_a_host'][name]:.1f} ms" if name != "empty" else ""]
        cells += [f"{report[over][name]:.3f}" if name in report[over] else "" for over in ("token_over", "keys_over")]
        print(f"{name:10}{seconds:>7.2f} s{cells[0]:>11}{cells[1]:>12}{cells[2]:>12}")
    missed = [name for name, goal in GOALS.items() if report["token_over"][name] > goal]
    print(
        f"goals: {', '.join(f'at most {goal} of {name}' for name, goal in GOALS.items())}; missed: {missed or 'none'}"
    )

    results = BUILD / "bench"
    results.mkdir(exist_ok=True)
    path = results / f"modules-{datetime.now(timezone.utc):%Y%m%dT%H%M%SZ}.json"
    path.write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")
    print(f"written to {path.relative_to(TESTS.parent)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
