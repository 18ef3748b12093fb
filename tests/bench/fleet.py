# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The huaweicloud.cce contributors

"""What the whole addon_precheck costs for a fleet: clusters with 8 add-ons each, whose checks take 20 s.

Whole `ansible-playbook huaweicloud.cce.precheck` processes with the inventory of clusters, the simulator on the same
machine. Each tenth cluster has a Fatal risk, so a run ends with the exit code 2. Beside it, the same job written with
`ansible.builtin.uri` (fleet_peer.yml), in the same run and on the same clusters.
"""

from __future__ import annotations

import argparse
import collections
import json
import os
import re
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from dataclasses import asdict, dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

TESTS = Path(__file__).resolve().parent.parent
BUILD = TESTS.parent / ".build"
sys.path.insert(0, str(TESTS))

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


class Memory(threading.Thread):
    """Looks at the memory of a process and its children, twice a second or less: a look must cost next to nothing."""

    def __init__(self, pid: int) -> None:
        super().__init__(daemon=True)
        self._pid = pid
        self._over = threading.Event()
        self.most = 0.0  # MiB

    def run(self) -> None:
        pause = 0.5
        while not self._over.wait(pause):
            begun = time.perf_counter()
            self.most = max(self.most, sum(_proportional(pid) for pid in _family(self._pid)))
            # The kernel walks through all pages of a process for it, and holds the process up meanwhile.
            pause = max(0.5, 10 * (time.perf_counter() - begun))

    def stop(self) -> float:
        """End looking, and return the most that was seen, in MiB."""
        self._over.set()
        self.join()
        return self.most


def _family(pid: int) -> list[int]:
    try:
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split()
    except OSError:
        return [pid]
    return [pid, *(member for child in children for member in _family(int(child)))]


def _proportional(pid: int) -> float:
    """Return the proportional set size of a process in MiB: pages that it shares count in part."""
    try:
        rollup = Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii")
    except OSError:
        return 0.0
    found = re.search(r"^Pss:\s+(\d+) kB", rollup, re.MULTILINE)
    return int(found.group(1)) / 1024 if found else 0.0


def _run(simulation: Simulation, clusters: int, folder: Path, command: list[str], forks: int) -> Cost:
    """Run a playbook that ends with the expected number of closed gates."""
    simulation.call("DELETE", "/requests")
    log = folder / "output"
    before = time.perf_counter()
    with log.open("wb") as output:
        process = subprocess.Popen(
            ["ansible-playbook", "-i", "cce_clusters.yml", "-f", str(forks), *command],
            env={
                # Without byte code, as `tests/setup.sh` has it, every play would compile the collection.
                **{name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"},
                **simulation.environment(),
                "ANSIBLE_COLLECTIONS_PATH": str(BUILD),
                "ANSIBLE_NOCOLOR": "true",
            },
            cwd=folder,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
        memory = Memory(process.pid)
        memory.start()
        _pid, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        seconds, most = time.perf_counter() - before, memory.stop()
    text = log.read_text(encoding="utf-8", errors="replace")
    recap = text.split("PLAY RECAP")[-1]
    if len(re.findall(r"\bfailed=1\b", recap)) != clusters // FATAL_EVERY or "unreachable=1" in recap:
        raise RuntimeError(f"{command} did not end as expected:\n{text[-4000:]}")
    kinds = collections.Counter(
        "polls" if item["method"] == "GET" and _POLL.match(item["path"]) else "requests"
        for item in simulation.requests()
    )
    cpu = used.ru_utime + used.ru_stime
    return Cost(clusters, seconds, cpu, most, kinds["requests"] / clusters, kinds["polls"] / clusters)


def _token(simulation: Simulation) -> str:
    """Log in, as a user would do once for a whole play."""
    listening = simulation.listening
    user = {
        "name": listening["username"],
        "password": listening["password"],
        "domain": {"name": listening["domain_name"]},
    }
    scope = {"project": {"id": listening["project_id"]}}
    body = {"auth": {"identity": {"methods": ["password"], "password": {"user": user}}, "scope": scope}}
    url = f"{listening['iam_endpoint']}/v3/auth/tokens"
    request = urllib.request.Request(url, json.dumps(body).encode(), {"Content-Type": "application/json"})
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(request, timeout=30) as answer:
        return str(answer.headers["X-Subject-Token"])


def _measured(clusters: int, forks: int, *, with_peer: bool) -> dict[str, Cost]:
    fleet = {"clusters": clusters, "addons": 8, "check_seconds": CHECK_SECONDS, "fatal_every": FATAL_EVERY}
    project = {"id": "0a1b2c3d4e5f60718293a4b5c6d7e8f9", "name": "ap-southeast-1", "fleet": fleet}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        scenario = folder / "scenario.yml"
        account = {
            "domain_name": "example-account",
            "access_key": "AKEXAMPLE00000000001",
            "secret_key": "secret-key-of-the-bench",
            "username": "operator",
            "password": "password-of-the-bench",
            "projects": [project],
        }
        scenario.write_text(json.dumps({"accounts": [account]}), encoding="utf-8")
        inventory = folder / "cce_clusters.yml"
        with Simulation(scenario=scenario) as simulation:
            inventory.write_text(
                json.dumps({"plugin": "huaweicloud.cce.cce_clusters", "regions": [simulation.listening["region"]]}),
                encoding="utf-8",
            )
            costs = {}
            command = ["huaweicloud.cce.precheck", "-e", "cce_hosts=all"]
            costs["precheck"] = _run(simulation, clusters, folder, command, forks)
            _tell("precheck", costs["precheck"])
            if with_peer:
                simulation.reset()
                variables = folder / "variables.json"
                given = {"endpoint": simulation.listening["endpoint"], "token": _token(simulation)}
                given["ansible_python_interpreter"] = sys.executable
                variables.write_text(json.dumps(given), encoding="utf-8")
                command = [str(TESTS / "bench" / "fleet_peer.yml"), "-e", f"@{variables}"]
                costs["uri"] = _run(simulation, clusters, folder, command, forks)
                _tell("uri", costs["uri"])
    return costs


def _tell(name: str, cost: Cost) -> None:
    print(
        f"{name:10}{cost.clusters:>9}{cost.seconds:>9.1f} s{cost.milliseconds_a_cluster:>9.0f} ms"
        f"{cost.cpu_seconds:>9.1f} s{cost.mebibytes:>7.0f} MiB{cost.requests_a_cluster:>10.2f}"
        f"{cost.polls_a_cluster:>8.2f}",
        flush=True,
    )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--clusters", type=int, nargs="+", default=[1, 10, 100, 1000])
    parser.add_argument("--peer-at", type=int, default=100, help="number of clusters at which the peer runs, too")
    parser.add_argument("--forks", type=int, default=20)
    options = parser.parse_args()
    subprocess.run([sys.executable, str(TESTS / "stage.py")], check=True)
    core = subprocess.run(["ansible", "--version"], capture_output=True, text=True, check=True).stdout.splitlines()[0]
    made_with: dict[str, Any] = {**vars(options), "ansible": core, "python": sys.version.split()[0]}
    made_with["cores"] = os.cpu_count()

    print(f"{core}, Python {made_with['python']}, {made_with['cores']} cores, {options.forks} forks")
    print(f"{'':10}{'clusters':>9}{'clock':>11}{'a cluster*':>12}{'CPU':>11}{'memory':>11}{'requests':>10}{'polls':>8}")
    costs = {size: _measured(size, options.forks, with_peer=size == options.peer_at) for size in options.clusters}
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
    report = {"made_with": made_with, "costs": told, "peer_over_precheck": ratio, "without_checks": own, "goals": GOALS}
    path.write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")
    print(f"written to {path.relative_to(TESTS.parent)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
