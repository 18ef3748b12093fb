# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The huaweicloud.cce contributors

"""Runs ansible-playbook and measures it: what the benchmarks of whole plays share."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

TESTS = Path(__file__).resolve().parent.parent
BUILD = TESTS.parent / ".build"
PROJECT = {"id": "0a1b2c3d4e5f60718293a4b5c6d7e8f9", "name": "ap-southeast-1"}
_ACCOUNT = {
    "domain_name": "example-account",
    "access_key": "AKEXAMPLE00000000001",
    "secret_key": "secret-key-of-the-bench",
    "username": "operator",
    "password": "password-of-the-bench",
}
_RECAP = re.compile(r"^(?P<host>\S+)\s+: (?P<counts>ok=\d+ .*)$", re.MULTILINE)


@dataclass(frozen=True)
class Run:
    """A run of ansible-playbook.

    Attributes:
        seconds: On the clock, from start to end.
        cpu_seconds: Of ansible-playbook and its workers.
        mebibytes: The most memory that they had at once: the sum of their proportional set sizes, in which a page of
            resident memory that several processes share counts once. Sampled.
        largest_process_mebibytes: The peak resident memory of the largest of them, which is the main process as a rule.
        load: The 1-minute load average of the machine at the start: what others did.
        returncode: What it ended with.
        output: What it printed.
    """

    seconds: float
    cpu_seconds: float
    mebibytes: float
    largest_process_mebibytes: float
    load: float
    returncode: int
    output: str

    @property
    def recap(self) -> dict[str, dict[str, int]]:
        """The counts of the last recap: of each host, by their names."""
        return recap(self.output)


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


def ansible_playbook(arguments: Sequence[str], folder: Path, environment: Mapping[str, str]) -> Run:
    """Run ansible-playbook in a folder, which also gets its output, with the staged collection."""
    log, load = folder / "output", os.getloadavg()[0]
    before = time.perf_counter()
    with log.open("wb") as output:
        process = subprocess.Popen(
            ["ansible-playbook", *arguments],
            env={
                # Without byte code, as `tests/setup.sh` has it, every play would compile the collection.
                **{name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"},
                **environment,
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
    return Run(
        seconds=seconds,
        cpu_seconds=used.ru_utime + used.ru_stime,
        mebibytes=most,
        largest_process_mebibytes=used.ru_maxrss / 1024,
        load=load,
        returncode=process.returncode,
        output=log.read_text(encoding="utf-8", errors="replace"),
    )


def recap(output: str) -> dict[str, dict[str, int]]:
    """Return the counts of the recap at the end of a play's output: of each host, by their names."""
    lines = _RECAP.finditer(output.rpartition("PLAY RECAP")[2])
    return {line["host"]: {name: int(value) for name, value in _pairs(line["counts"])} for line in lines}


def _pairs(counts: str) -> list[tuple[str, str]]:
    return re.findall(r"(\w+)=(\d+)", counts)


def fleet_scenario(folder: Path, fleet: Mapping[str, Any]) -> Path:
    """Write a scenario of the simulator with generated clusters, and return its path."""
    path = folder / "scenario.yml"
    account = {**_ACCOUNT, "projects": [{**PROJECT, "fleet": fleet}]}
    path.write_text(json.dumps({"accounts": [account]}), encoding="utf-8")
    return path


def fleet_inventory(folder: Path, listening: Mapping[str, Any]) -> Path:
    """Write the source of the inventory of clusters, and return its path."""
    path = folder / "cce_clusters.yml"
    source = {"plugin": "huaweicloud.cce.cce_clusters", "regions": [listening["region"]]}
    path.write_text(json.dumps(source), encoding="utf-8")
    return path


def peer_variables(folder: Path, listening: Mapping[str, Any]) -> Path:
    """Write the variables of a playbook that has no collection, and return the path."""
    path = folder / "variables.json"
    given = {"endpoint": listening["endpoint"], "token": log_in(listening)}
    path.write_text(json.dumps({**given, "ansible_python_interpreter": sys.executable}), encoding="utf-8")
    return path


def log_in(listening: Mapping[str, Any]) -> str:
    """Return a token of the simulator's first user, as one would get it once for a whole play."""
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


def made_with() -> dict[str, Any]:
    """Return what the figures depend on: the machine's cores, and the versions of Python and ansible-core."""
    command = ["ansible", "--version"]
    first = subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()[0]
    return {"ansible": first, "python": sys.version.split()[0], "cores": os.cpu_count()}


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
