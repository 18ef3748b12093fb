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
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

TESTS = Path(__file__).resolve().parent.parent
BUILD = TESTS.parent / ".build"
sys.path.insert(0, str(TESTS))

from bench.measure import log_in, made_with  # noqa: E402
from support.simulation import Simulation  # noqa: E402

CLUSTER = "7c1d0f3e-5a64-4f0e-9d1b-2f6a8c4b1e01"
MODULE = "huaweicloud.cce.cce_addon_check_info"
# On two cores; what they are measured against in the second place.
GOALS = {"uri": 0.08, "debug": 2.2}


@dataclass(frozen=True)
class Cost:
    """Seconds on the clock, and of processors: those tell more where others use the machine, too."""

    seconds: float
    cpu_seconds: float


@dataclass(frozen=True)
class Contestant:
    """A task, and the collections that it runs with."""

    name: str
    task: dict[str, Any] | None
    collections: Path


def _without_action_plugins(folder: Path) -> Path:
    """Return a copy of the staged collection that Ansible can only ship."""
    source = BUILD / "ansible_collections" / "huaweicloud" / "cce"
    target = folder / "ansible_collections" / "huaweicloud" / "cce"
    shutil.copytree(source / "meta", target / "meta")
    shutil.copytree(source / "plugins", target / "plugins", ignore=shutil.ignore_patterns("action", "__pycache__"))
    return folder


def _contestants(simulation: Simulation, folder: Path) -> list[Contestant]:
    listening = simulation.listening
    token, project = log_in(simulation.listening), listening["project_id"]
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


def _play(contestant: Contestant, folder: Path, hosts: int, forks: int) -> Cost:
    """Run a contestant's playbook, and return what it took."""
    local = {"ansible_connection": "local", "ansible_python_interpreter": sys.executable}
    inventory = folder / "inventory.json"
    inventory.write_text(json.dumps({"all": {"vars": local, "hosts": {f"host{n:03}": {} for n in range(hosts)}}}))
    playbook = folder / f"{contestant.name}.yml"
    tasks = [contestant.task] if contestant.task else []
    playbook.write_text(json.dumps([{"hosts": "all", "gather_facts": False, "tasks": tasks}]))
    before, cpu_before = time.perf_counter(), _cpu_seconds()
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
    cost = Cost(time.perf_counter() - before, _cpu_seconds() - cpu_before)
    if done.returncode or (tasks and done.stdout.count(" ok=1 ") != hosts):
        raise RuntimeError(f"{contestant.name} did not work:\n{done.stdout[-2000:]}{done.stderr[-2000:]}")
    return cost


def _cpu_seconds() -> float:
    """Return the processor time of all processes that were started and have ended; the simulator has not."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def measured(rounds: int, hosts: int, forks: int, names: Collection[str] | None = None) -> dict[str, list[Cost]]:
    """Return what the contestants with these names, or all of them, took in each round."""
    costs: dict[str, list[Cost]] = {}
    with Simulation(time_scale=100) as simulation, tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        contestants = _contestants(simulation, folder)
        # Something to read: one finished check of every add-on.
        check = {"huaweicloud.cce.cce_addon_check": {**contestants[2].task[MODULE], "addons": ["all"]}}
        _play(Contestant("prepare", check, BUILD), folder, hosts=1, forks=1)
        for number in range(rounds):
            for contestant in (item for item in contestants if names is None or item.name in names):
                cost = _play(contestant, folder, hosts, forks)
                costs.setdefault(contestant.name, []).append(cost)
                print(f"round {number + 1}: {contestant.name} {cost.seconds:.2f} s", file=sys.stderr)
    return costs


def report(taken: dict[str, list[float]], hosts: int) -> dict[str, Any]:
    """Return what comes of one kind of seconds."""
    median = {name: statistics.median(values) for name, values in taken.items()}
    above = {name: seconds - median["empty"] for name, seconds in median.items() if name != "empty"}
    return {
        "measured": taken,
        "median": median,
        "milliseconds_a_host": {name: 1000 * seconds / hosts for name, seconds in above.items()},
        **{
            f"{ours}_over": {name: above[ours] / above[name] for name in above if name != ours}
            for ours in ("token", "keys")
            if ours in above
        },
    }


def _print(title: str, figures: dict[str, Any]) -> None:
    print(f"\n{title:14}{'median':>9}{'a host':>11}{'token/this':>12}{'keys/this':>12}")
    for name, seconds in figures["median"].items():
        a_host = f"{figures['milliseconds_a_host'][name]:.1f} ms" if name != "empty" else ""
        overs = [figures[over] for over in ("token_over", "keys_over")]
        ratios = "".join(f"{over[name]:>12.3f}" if name in over else " " * 12 for over in overs)
        print(f"{name:14}{seconds:>7.2f} s{a_host:>11}{ratios}".rstrip())


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--hosts", type=int, default=100)
    parser.add_argument("--forks", type=int, default=10)
    options = parser.parse_args()
    subprocess.run([sys.executable, str(TESTS / "stage.py")], check=True)
    costs = measured(options.rounds, options.hosts, options.forks)
    clock = report({name: [cost.seconds for cost in items] for name, items in costs.items()}, options.hosts)
    processors = report({name: [cost.cpu_seconds for cost in items] for name, items in costs.items()}, options.hosts)
    made = {**vars(options), **made_with()}

    print(f"\n{made['ansible']}, Python {made['python']}, {made['cores']} cores, {options.hosts} hosts")
    _print("clock", clock)
    _print("processors", processors)
    print("\ngoals, by the clock: " + ", ".join(f"at most {goal} of {name}" for name, goal in GOALS.items()))
    missed = [name for name, goal in GOALS.items() if clock["token_over"][name] > goal]
    print(f"missed: {', '.join(missed) or 'none'}")

    results = BUILD / "bench"
    results.mkdir(exist_ok=True)
    path = results / f"modules-{datetime.now(timezone.utc):%Y%m%dT%H%M%SZ}.json"
    document = {"made_with": made, "clock": clock, "processors": processors, "goals": GOALS}
    path.write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")
    print(f"written to {path.relative_to(TESTS.parent)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
