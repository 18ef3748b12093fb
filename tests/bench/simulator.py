# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The huaweicloud.cce contributors

"""How many signed reads a second the simulator answers on one core, and how much memory a fleet takes in it.

The simulator has a core of its own, with 1,000 clusters of 8 add-ons and a check task of each add-on. The load comes
from another core, by connections that stay open: lists of add-ons and lists of check tasks, of one cluster after the
other. They are signed beforehand, with the official SDK's signer; the simulator verifies every one.
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from itertools import chain, cycle, islice
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlsplit

from huaweicloudsdkcore.sdk_request import SdkRequest
from huaweicloudsdkcore.signer.signer import Signer

TESTS = Path(__file__).resolve().parent.parent
BUILD = TESTS.parent / ".build"
sys.path.insert(0, str(TESTS))

from support.simulation import SIMULATOR, Simulation  # noqa: E402

FLEET = SIMULATOR / "scenarios" / "fleet.yml"
ADDONS = 8
LEAST = {"requests_per_second": 500.0}
MOST = {"mebibytes": 300.0}


@dataclass(frozen=True)
class Read:
    """A signed request."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes = b""


class Account:
    """Signs requests as the account of a simulator."""

    def __init__(self, listening: Mapping[str, Any]) -> None:
        self.address = urlsplit(listening["endpoint"]).netloc
        self.project = listening["project_id"]
        self._signer = Signer(SimpleNamespace(ak=listening["access_key"], sk=listening["secret_key"]))

    def signed(
        self, method: str, path: str, query: Sequence[tuple[str, str]] = (), body: Mapping[str, Any] | None = None
    ) -> Read:
        """Return a request, good for fifteen minutes."""
        content = json.dumps(body).encode() if body else b""
        headers = {"Host": self.address, "X-Project-Id": self.project, "Content-Type": "application/json"}
        asked = self._signer.sign(
            SdkRequest(
                method=method,
                schema="http",
                host=self.address,
                resource_path=path,
                query_params=list(query),
                header_params=headers,
                body=content,
            )
        )
        where = f"{path}?{'&'.join('='.join(pair) for pair in query)}" if query else path
        return Read(method, where, asked.header_params, content)

    def list_addons(self, cluster: str) -> Read:
        return self.signed("GET", "/api/v3/addons", [("cluster_id", cluster)])

    def list_checks(self, cluster: str) -> Read:
        return self.signed("GET", f"{self._checks(cluster)}/tasks")

    def create_checks(self, cluster: str, instances: Sequence[Mapping[str, Any]]) -> Read:
        addons = [
            {
                "addonTemplateName": instance["metadata"]["name"],
                "addonInstanceID": instance["metadata"]["uid"],
                "type": "addonStatic",
            }
            for instance in instances
        ]
        body = {"kind": "AddonCheck", "apiVersion": "v3", "spec": {"clusterID": cluster, "addonList": addons}}
        return self.signed("POST", self._checks(cluster), body=body)

    def _checks(self, cluster: str) -> str:
        return f"/api/v3/projects/{self.project}/clusters/{cluster}/addons/precheck"


def answer(connection: http.client.HTTPConnection, read: Read) -> bytes:
    """Send a request, and return the body of an answer that must be a good one."""
    connection.request(read.method, read.path, read.body or None, dict(read.headers))
    response = connection.getresponse()
    body = response.read()
    if response.status >= 300:
        raise SystemExit(f"{read.method} {read.path}: {response.status} {body.decode()}")
    return body


def require_signatures(connection: http.client.HTTPConnection, read: Read) -> None:
    """Stop if the simulator does not look at signatures: what was measured would mean nothing."""
    signature = read.headers["Authorization"]
    wrong = signature[:-1] + ("0" if signature[-1] != "0" else "1")
    connection.request(read.method, read.path, None, {**read.headers, "Authorization": wrong})
    response = connection.getresponse()
    response.read()
    if response.status != 401:
        raise SystemExit(f"a wrong signature got {response.status}")


def items(body: bytes) -> list[dict[str, Any]]:
    """Return the items of a list answer, of which a cluster of the fleet has one for each add-on."""
    found: list[dict[str, Any]] = json.loads(body)["items"]
    if len(found) != ADDONS:
        raise SystemExit(f"there are {len(found)} items where {ADDONS} should be")
    return found


def memory(pid: int) -> float:
    """Return the resident memory of a process in MiB."""
    lines = Path(f"/proc/{pid}/status").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS:")) / 1024


def processor_seconds(pid: int) -> float:
    """Return the processor time that a process has used."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def measure(account: Account, pid: int, reads: Sequence[Read], seconds: float, connections: int) -> dict[str, float]:
    """Return what a load of these requests, again and again, shows."""
    taken: list[list[float]] = [[] for _number in range(connections)]
    start = threading.Barrier(connections + 1)

    def ask(number: int) -> None:
        connection = http.client.HTTPConnection(account.address, timeout=30)
        connection.connect()
        start.wait()
        end = time.perf_counter() + seconds
        for read in islice(cycle(reads), number * len(reads) // connections, None):
            before = time.perf_counter()
            if before >= end:
                break
            answer(connection, read)
            taken[number].append(time.perf_counter() - before)
        connection.close()

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(connections)]
    for thread in threads:
        thread.start()
    start.wait()
    before, processor_before = time.perf_counter(), processor_seconds(pid)
    for thread in threads:
        thread.join()
    passed, processor = time.perf_counter() - before, processor_seconds(pid) - processor_before
    times = sorted(chain.from_iterable(taken))
    if not times:
        raise SystemExit("no request was answered")
    return {
        "requests_per_second": len(times) / passed,
        "requests_per_processor_second": len(times) / processor,
        "median_milliseconds": 1000 * times[len(times) // 2],
        "95th_percentile_milliseconds": 1000 * times[len(times) * 95 // 100],
    }


def apart() -> list[int]:
    """Return a core for the simulator and one for the load; the same one where there is no other."""
    cores = sorted(os.sched_getaffinity(0))
    return [cores[0], cores[-1]]


def run(seconds: float, connections: int, clusters: int) -> dict[str, dict[str, float]]:
    """Return what was measured."""
    for_simulator, for_load = apart()
    # What is started inherits it.
    os.sched_setaffinity(0, {for_simulator})
    with Simulation(scenario=FLEET) as simulation:
        os.sched_setaffinity(0, {for_load})
        pid, account = simulation.pid, Account(simulation.listening)
        connection = http.client.HTTPConnection(account.address, timeout=30)
        measured = {"at the start": {"mebibytes": memory(pid)}}
        everything = json.loads(
            answer(connection, account.signed("GET", f"/api/v3/projects/{account.project}/clusters"))
        )
        names = [cluster["metadata"]["uid"] for cluster in everything["items"]]
        for name in names:
            instances = items(answer(connection, account.list_addons(name)))
            answer(connection, account.create_checks(name, instances))
        simulation.call("POST", "/clock", {"advance": 60})
        tasks = items(answer(connection, account.list_checks(names[-1])))
        if not all(task["status"]["status"] in ("Failed", "Success") for task in tasks):
            raise SystemExit("the checks have not ended")
        measured[f"{len(names)} x {ADDONS} with checks"] = {"mebibytes": memory(pid)}
        require_signatures(connection, account.list_checks(names[-1]))
        connection.close()
        addons = [account.list_addons(name) for name in names[:clusters]]
        checks = [account.list_checks(name) for name in names[:clusters]]
        both = list(chain.from_iterable(zip(addons, checks, strict=True)))
        for what, reads in (("list add-ons", addons), ("list checks", checks), ("both", both)):
            measured[what] = measure(account, pid, reads, seconds, connections)
        measured["at the end"] = {"mebibytes": memory(pid)}
        return measured


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=10.0, help="how long each load lasts")
    parser.add_argument("--connections", type=int, default=4, help="how many stay open")
    parser.add_argument("--clusters", type=int, default=200, help="how many are asked about, one after the other")
    options = parser.parse_args()
    measured = run(options.seconds, options.connections, options.clusters)

    cores = os.cpu_count()
    print(
        f"{options.connections} connections, {options.seconds:g} s each, Python {sys.version.split()[0]}, {cores} cores"
    )
    for name, figures in measured.items():
        print(f"{name:22}" + "  ".join(f"{value:8.1f} {what.replace('_', ' ')}" for what, value in figures.items()))
    missed = [
        f"{name}: {what}"
        for name, figures in measured.items()
        for what, value in figures.items()
        if value < LEAST.get(what, value) or value > MOST.get(what, value)
    ]
    goals = ", ".join([f"at least {goal:g} {what.replace('_', ' ')}" for what, goal in LEAST.items()])
    print(f"goals: {goals}, at most {MOST['mebibytes']:g} mebibytes; missed: {missed or 'none'}")
    results = BUILD / "bench"
    results.mkdir(parents=True, exist_ok=True)
    path = results / f"simulator-{datetime.now(timezone.utc):%Y%m%dT%H%M%SZ}.json"
    document = {"measured": measured, "goals": {"least": LEAST, "most": MOST}, "cores": cores}
    path.write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")
    print(f"written to {path.relative_to(TESTS.parent)}")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
