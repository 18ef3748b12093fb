# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The huaweicloud.cce contributors

"""How long a rollout of add-on upgrades takes in a fleet, beside the time that CCE needs, and beside plain `uri` tasks.

Each scenario is a whole run of `ansible-playbook huaweicloud.cce.upgrade` in one batch, with the inventory of clusters
and the simulator on the same machine, in real seconds. The limit is the time that CCE needs for one cluster: the checks
before the upgrades, then for each add-on, one after the other, the upgrade and the check of the running add-on. The
same job is written with `ansible.builtin.uri` (rollout_peer.yml). It runs on the same clusters, but not on large
fleets, because it takes long.

Two more rows: the whole precheck (fleet.py) and one task with cce_addon_check_info (modules.py), beside `debug`.

Memory is the most that ansible-playbook and its workers had at once, sampled twice a second or less: the sum of their
proportional set sizes, which is resident memory with shared pages counted once. The column `largest` is the peak
resident memory of the largest process. Processor time is that of ansible-playbook and its workers, without the
simulator.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

TESTS = Path(__file__).resolve().parent.parent
BUILD = TESTS.parent / ".build"
sys.path.insert(0, str(TESTS))

from bench import fleet, modules  # noqa: E402
from bench.measure import ansible_playbook, fleet_inventory, fleet_scenario, made_with, peer_variables  # noqa: E402
from bench.rollout_figures import (  # noqa: E402
    COLLECTION,
    HEADER,
    PEER,
    Goal,
    Rollout,
    Scenario,
    compared,
    figures,
    goals,
    row,
    unfinished,
)
from support.simulation import Simulation  # noqa: E402

SCENARIOS = ("40x2x20/8", "300x2x20/20", "1000x2x20/20", "1x3x20/5")
QUICK_SCENARIOS = ("12x2x5/4",)


def roll_out(scenario: Scenario, *, with_peer: bool) -> dict[str, Rollout]:
    """Upgrade all add-ons of a fleet, and return what it took by who did it."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with Simulation(scenario=fleet_scenario(folder, scenario.fleet)) as simulation:
            fleet_inventory(folder, simulation.listening)
            command = ["huaweicloud.cce.upgrade", "-e", "cce_hosts=all", "-e", "cce_serial=100%"]
            found = {COLLECTION: _one(scenario, simulation, folder, command)}
            print(row(scenario, COLLECTION, found[COLLECTION]), flush=True)
            if with_peer:
                simulation.reset()
                variables = peer_variables(folder, simulation.listening)
                command = [str(TESTS / "bench" / "rollout_peer.yml"), "-e", f"@{variables}"]
                found[PEER] = _one(scenario, simulation, folder, command)
                print(row(scenario, PEER, found[PEER]), flush=True)
    return found


def _one(scenario: Scenario, simulation: Simulation, folder: Path, command: list[str]) -> Rollout:
    """Upgrade the fleet in one way; raise RuntimeError if an add-on is not upgraded afterwards."""
    simulation.call("DELETE", "/requests")
    arguments = ["-i", "cce_clusters.yml", "-f", str(scenario.forks), *command]
    run = ansible_playbook(arguments, folder, simulation.environment())
    requests, state = simulation.requests(), simulation.call("GET", "/state")
    wrong = unfinished(state["clusters"])
    if run.returncode or wrong or len(run.recap) < scenario.clusters:
        raise RuntimeError(f"{command} did not end as expected: {wrong[:10]}\n{run.output[-4000:]}")
    return figures(scenario, run, requests)


def measure_precheck(clusters: int, forks: int) -> dict[str, Any]:
    """Return what the precheck takes for a cluster without the checks' own time, beside a debug task for each host."""
    costs = fleet.measured(clusters, forks, with_peer=False)
    precheck, debug = costs["precheck"], fleet.debug_milliseconds(costs)
    over = precheck.milliseconds_a_cluster / debug
    cpu = {name: costs[name].cpu_seconds - costs["empty"].cpu_seconds for name in ("precheck", "debug")}
    over_cpu = cpu["precheck"] / cpu["debug"]
    print(
        f"precheck of {clusters}: {precheck.milliseconds_a_cluster:.1f} ms a cluster, {_beside_debug(over, over_cpu)}"
    )
    return {**asdict(precheck), "debug_milliseconds": debug, "over_debug": over, "over_debug_cpu": over_cpu}


def measure_check_info(hosts: int, rounds: int) -> dict[str, Any]:
    """Return what a task with cce_addon_check_info takes for a host above an empty play, beside a debug task."""
    costs = modules.measured(rounds, hosts, forks=10, names=("empty", "debug", "token"))
    clock = modules.report({name: [cost.seconds for cost in items] for name, items in costs.items()}, hosts)
    cpu = modules.report({name: [cost.cpu_seconds for cost in items] for name, items in costs.items()}, hosts)
    over, over_cpu = clock["token_over"]["debug"], cpu["token_over"]["debug"]
    print(f"cce_addon_check_info on {hosts} hosts: {_beside_debug(over, over_cpu)}")
    shown = {f"{name}_milliseconds": value for name, value in clock["milliseconds_a_host"].items()}
    return {"hosts": hosts, "rounds": rounds, "over_debug": over, "over_debug_cpu": over_cpu, **shown}


def _beside_debug(over: float, over_cpu: float) -> str:
    return f"{over:.2f} x debug on the clock, {over_cpu:.2f} x in processor time"


def _scenario(text: str) -> Scenario:
    try:
        return Scenario.parse(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def _options(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--scenario",
        type=_scenario,
        action="append",
        dest="scenarios",
        metavar="CLUSTERSxADDONSxSECONDS/FORKS",
        help=f"again for each; by default {', '.join(SCENARIOS)}",
    )
    parser.add_argument("--quick", action="store_true", help=f"small ones only: {', '.join(QUICK_SCENARIOS)}")
    parser.add_argument("--peer-up-to", type=int, default=40, help="number of clusters up to which the peer runs, too")
    parser.add_argument("--precheck", type=int, metavar="CLUSTERS", help="0 leaves it out (1000; 0 if quick)")
    parser.add_argument("--check-info", type=int, metavar="HOSTS", help="0 leaves it out (100; 0 if quick)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="where the figures are written")
    parser.add_argument("--compare", type=Path, metavar="FILE", help="figures of another run on this machine")
    options = parser.parse_args(arguments)
    usual = QUICK_SCENARIOS if options.quick else SCENARIOS
    options.scenarios = options.scenarios or [Scenario.parse(text) for text in usual]
    for name, number in (("precheck", 1000), ("check_info", 100)):
        if getattr(options, name) is None:
            setattr(options, name, 0 if options.quick else number)
    return options


def _tell(found: Iterable[Goal]) -> None:
    for goal in found:
        print(f"{'met' if goal.is_met else 'missed':8}{goal.what}: {goal.measured:.2f}, at most {goal.most:g}")


def main() -> int:
    options = _options()
    before = json.loads(options.compare.read_text(encoding="utf-8")) if options.compare else None
    subprocess.run([sys.executable, str(TESTS / "stage.py")], check=True)
    made = made_with()
    print(f"{made['ansible']}, Python {made['python']}, {made['cores']} cores\n{HEADER}")
    rollouts = {
        str(scenario): roll_out(scenario, with_peer=scenario.clusters <= options.peer_up_to)
        for scenario in options.scenarios
    }
    precheck = measure_precheck(options.precheck, forks=20) if options.precheck else None
    check_info = measure_check_info(options.check_info, rounds=5) if options.check_info else None
    found = goals(rollouts, precheck, check_info)
    _tell(found)
    report = {
        "made_with": made,
        "rollouts": {text: {side: asdict(item) for side, item in sides.items()} for text, sides in rollouts.items()},
        "limits": {str(scenario): scenario.limit for scenario in options.scenarios},
        "precheck": precheck,
        "check_info": check_info,
        "goals": [{**asdict(goal), "is_met": goal.is_met} for goal in found],
    }
    path = options.json or BUILD / "bench" / f"rollout-{datetime.now(timezone.utc):%Y%m%dT%H%M%SZ}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")
    print(f"written to {path}")
    for line in compared(before, report) if before else ():
        print(f"of before: {line}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
