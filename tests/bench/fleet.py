# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The huaweicloud.cce contributors

"""What the whole addon_precheck costs for a fleet: clusters with 8 add-ons each, whose checks take 20 s.

Whole `ansible-playbook huaweicloud.cce.precheck` processes with the inventory of clusters, the simulator on the same
machine. Each tenth cluster has a Fatal risk, so a run ends with the exit code 2. Beside it, the same job written with
`ansible.builtin.uri` (fleet_peer.yml), in the same run and on the same clusters. A play with one `debug` task on the
same inventory, above the empty play, tells what Ansible itself takes for one task.
"""

from __future__ import annotations

import argparse
import collections
import json
import re
import subprocess
import sys
import tempfile
from dataclasses import asdict, dataclass
from datetime import datetime, timezone
from pathlib import Path

TESTS = Path(__file__).resolve().parent.parent
BUILD = TESTS.parent / ".build"
sys.path.insert(0, str(TESTS))

from bench.measure import ansible_playbook, fleet_inventory, fleet_scenario, made_with, peer_variables  # noqa: E402
from support.simulation import Simulation  # noqa: E402

CHECK_SECONDS = 20
FATAL_EVERY = 10
# For 1,000 clusters; and for 100, how many times as long the peer takes.
GOALS = {"seconds": 150.0, "requests_a_cluster": 5.0, "mebibytes": 600.0, "peer_over_precheck": 8.0}
_POLL = re.compile(r"^/api/v3/projects/[^/]+/clusters/[^/]+/addons/precheck/tasks$")


@dataclass(frozen=True)
class Cost:
    """What a run took.

    Attributes:
        clusters: How many there were.
        seconds: On the clock, from start to end of ansible-playbook.
        cpu_seconds: Of ansible-playbook and its workers.
        mebibytes: The most memory that they had at once, shared pages counted once.
        requests_a_cluster: Without polls.
        polls_a_cluster: Readings of the list of check tasks.
    """

    clusters: int
    seconds: float
    cpu_seconds: float
    mebibytes: float
    requests_a_cluster: float
    polls_a_cluster: float

    @property
    def milliseconds_a_cluster(self) -> float:
        """The time that is not the wait for the checks themselves."""
        return 1000 * (self.seconds - CHECK_SECONDS) / self.clusters


def _run(simulation: Simulation, clusters: int, folder: Path, command: list[str], forks: int, *, failed: int) -> Cost:
    """Run a playbook that ends with the expected number of failed hosts."""
    simulation.call("DELETE", "/requests")
    run = ansible_playbook(["-i", "cce_clusters.yml", "-f", str(forks), *command], folder, simulation.environment())
    counts = run.recap.values()
    if sum(host["failed"] for host in counts) != failed or any(host["unreachable"] for host in counts):
        raise RuntimeError(f"{command} did not end as expected:\n{run.output[-4000:]}")
    kinds = collections.Counter(
        "polls" if item["method"] == "GET" and _POLL.match(item["path"]) else "requests"
        for item in simulation.requests()
    )
    return Cost(
        clusters,
        run.seconds,
        run.cpu_seconds,
        run.mebibytes,
        requests_a_cluster=kinds["requests"] / clusters,
        polls_a_cluster=kinds["polls"] / clusters,
    )


def measured(clusters: int, forks: int, *, with_peer: bool) -> dict[str, Cost]:
    """Return what the precheck of a fleet, an empty play, a debug task and, if wanted, the peer cost."""
    fleet = {"clusters": clusters, "addons": 8, "check_seconds": CHECK_SECONDS, "fatal_every": FATAL_EVERY}
    closed = clusters // FATAL_EVERY
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with Simulation(scenario=fleet_scenario(folder, fleet)) as simulation:
            fleet_inventory(folder, simulation.listening)
            command = ["huaweicloud.cce.precheck", "-e", "cce_hosts=all"]
            costs = {"precheck": _run(simulation, clusters, folder, command, forks, failed=closed)}
            for play, tasks in (("empty", []), ("debug", [{"ansible.builtin.debug": {"msg": "hello"}}])):
                playbook = folder / f"{play}.yml"
                content = [{"hosts": "all", "connection": "local", "gather_facts": False, "tasks": tasks}]
                playbook.write_text(json.dumps(content), encoding="utf-8")
                costs[play] = _run(simulation, clusters, folder, [str(playbook)], forks, failed=0)
            if with_peer:
                simulation.reset()
                variables = peer_variables(folder, simulation.listening)
                command = [str(TESTS / "bench" / "fleet_peer.yml"), "-e", f"@{variables}"]
                costs["uri"] = _run(simulation, clusters, folder, command, forks, failed=closed)
    return costs


def debug_milliseconds(costs: dict[str, Cost]) -> float:
    """Return what one debug task takes for a host, above the empty play."""
    return 1000 * (costs["debug"].seconds - costs["empty"].seconds) / costs["debug"].clusters


def _tell(costs: dict[str, Cost]) -> None:
    for name in ("precheck", "uri"):
        if name in costs:
            cost = costs[name]
            print(
                f"{name:10}{cost.clusters:>9}{cost.seconds:>9.1f} s{cost.milliseconds_a_cluster:>9.0f} ms"
                f"{cost.cpu_seconds:>9.1f} s{cost.mebibytes:>7.0f} MiB{cost.requests_a_cluster:>10.2f}"
                f"{cost.polls_a_cluster:>8.2f}"
            )
    debug = debug_milliseconds(costs)
    print(f"{'debug':10}{costs['debug'].clusters:>9}{'':>11}{debug:>9.1f} ms", flush=True)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--clusters", type=int, nargs="+", default=[1, 10, 100, 1000])
    parser.add_argument("--peer-at", type=int, default=100, help="number of clusters at which the peer runs, too")
    parser.add_argument("--forks", type=int, default=20)
    options = parser.parse_args()
    subprocess.run([sys.executable, str(TESTS / "stage.py")], check=True)
    made = {**vars(options), **made_with()}

    print(f"{made['ansible']}, Python {made['python']}, {made['cores']} cores, {options.forks} forks")
    print(f"{'':10}{'clusters':>9}{'clock':>11}{'a cluster*':>12}{'CPU':>11}{'memory':>11}{'requests':>10}{'polls':>8}")
    costs = {}
    for size in options.clusters:
        costs[size] = measured(size, options.forks, with_peer=size == options.peer_at)
        _tell(costs[size])
    print(f"* without the {CHECK_SECONDS} s of the checks themselves")
    ratio = own = None
    if options.peer_at in costs:
        both = costs[options.peer_at]
        ratio = both["uri"].seconds / both["precheck"].seconds
        own = both["uri"].milliseconds_a_cluster / both["precheck"].milliseconds_a_cluster
        print(
            f"uri takes {ratio:.1f} times as long on {options.peer_at} clusters, {own:.1f} times as long without them"
        )
    print("goals, for 1,000 clusters: " + ", ".join(f"{name} {goal:g}" for name, goal in GOALS.items()))

    results = BUILD / "bench"
    results.mkdir(exist_ok=True)
    path = results / f"fleet-{datetime.now(timezone.utc):%Y%m%dT%H%M%SZ}.json"
    told = {size: {name: asdict(cost) for name, cost in both.items()} for size, both in costs.items()}
    report = {"made_with": made, "costs": told, "peer_over_precheck": ratio, "without_checks": own, "goals": GOALS}
    path.write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")
    print(f"written to {path.relative_to(TESTS.parent)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
