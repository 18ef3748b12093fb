# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The huaweicloud.cce contributors

"""Upgrades random clusters while everything goes wrong that can, and sees that nothing is lost or done twice.

    python tests/campaigns/faults/faults.py [--runs 500] [--seed N] [--jobs 2] [--minutes M] [--resume] [--only K]

Each run is the real playbook huaweicloud.cce.upgrade against a simulator, with random faults and delays, or killed at a
random moment, or both; then again without any of it, until the cluster is as it was wanted. Some clusters have two
instances of nginx-ingress, some answers leave settings out, and in some runs a colleague writes in between. Each fourth
run is one over three clusters, some of which are blocked, hibernate or fail, with settings of a fleet; some of these
are killed right after they have sent upgrades, or begin with a play that sends them and does not wait.

It prints a table, and writes all of it to .build/campaign/faults.json. Ends with 1 if an invariant (invariants.py) is
broken, and tells the number of each such run, which --only repeats.

Needs the staged collection (python tests/stage.py), and ansible-playbook in the PATH.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import queue
import signal
import sys
import threading
import time
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from random import SystemRandom
from typing import Any

TESTS = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(TESTS)]
sys.path.append(str(TESTS / "simulator"))

from campaigns.faults.fleet_invariants import FleetAttempt  # noqa: E402
from campaigns.faults.fleet_plans import FleetPlan, make_fleet_plan  # noqa: E402
from campaigns.faults.fleet_runs import carry_out_fleet, fleet_simulator  # noqa: E402
from campaigns.faults.invariants import Attempt  # noqa: E402
from campaigns.faults.plans import Plan, make_plan  # noqa: E402
from campaigns.faults.runs import Record, carry_out, simulator  # noqa: E402
from campaigns.faults.table import table  # noqa: E402

REPORT = TESTS.parent / ".build" / "campaign" / "faults.json"


def _arguments(given: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Upgrades random clusters while everything goes wrong that can.")
    parser.add_argument("--runs", type=int, default=500, help="how many runs, 500 by default")
    parser.add_argument("--seed", type=int, help="what the runs follow from; a random one by default")
    parser.add_argument("--jobs", type=int, default=2, help="how many at a time, each with a simulator of its own")
    parser.add_argument("--minutes", type=float, default=math.inf, help="begin no run after so many")
    parser.add_argument("--only", type=int, metavar="K", help="this run alone, with all that it prints")
    parser.add_argument("--resume", action="store_true", help="go on with what the report has, if it has the same seed")
    parser.add_argument("--report", type=Path, default=REPORT, metavar="FILE.json")
    arguments = parser.parse_args(given)
    if arguments.seed is None:
        arguments.seed = SystemRandom().randrange(10**6)
    return arguments


class Campaign:
    """Runs that are shared out among threads; what became of them is in `records`, by number."""

    def __init__(self, seed: int, records: Sequence[dict[str, Any]], report: Path, minutes: float) -> None:
        self.records = {record["number"]: record for record in records}
        self._seed = seed
        self._report = report
        self._end = time.monotonic() + minutes * 60
        self._lock = threading.Lock()
        self._trouble: list[BaseException] = []

    def run(self, runs: int, jobs: int) -> None:
        """Carry out all runs up to a number that are missing."""
        missing = [number for number in range(1, runs + 1) if number not in self.records]
        numbers: queue.SimpleQueue[int] = queue.SimpleQueue()
        for number in missing:
            numbers.put(number)
        threads = [threading.Thread(target=self._work, args=(numbers,)) for _job in range(min(jobs, len(missing)))]
        for thread in threads:
            thread.start()
        try:
            for thread in threads:
                thread.join()
        except KeyboardInterrupt as error:
            self._trouble.append(error)
            for thread in threads:
                thread.join()  # runs that have begun end, and so do their simulators
        if self._trouble:
            raise self._trouble[0]

    def _work(self, numbers: queue.SimpleQueue[int]) -> None:
        try:
            with simulator() as simulation, fleet_simulator() as fleet:
                while not self._trouble and time.monotonic() < self._end:
                    number = numbers.get_nowait()
                    if is_of_a_fleet(number):
                        record = carry_out_fleet(make_fleet_plan(self._seed, number), fleet)[0]
                    else:
                        record = carry_out(make_plan(self._seed, number), simulation)[0]
                    self._keep(record)
        except queue.Empty:
            pass
        except BaseException as error:
            self._trouble.append(error)

    def _keep(self, record: Record) -> None:
        with self._lock:
            self.records[record.number] = json.loads(json.dumps(asdict(record)))
            write(self._report, self._seed, list(self.records.values()))
            print(f"run {record.number}: {record.ended} ({record.seconds:g} s)", flush=True)
            for name, texts in record.broken.items():
                print(f"  BROKEN: {name}: {'; '.join(texts)}", flush=True)


def read(report: Path, seed: int) -> list[dict[str, Any]]:
    """Return the records of an earlier campaign with the same seed."""
    if not report.exists():
        return []
    document = json.loads(report.read_text(encoding="utf-8"))
    return list(document["runs"]) if document["seed"] == seed else []


def write(report: Path, seed: int, records: Sequence[dict[str, Any]]) -> None:
    """Write down a campaign as far as it is, never half of it."""
    report.parent.mkdir(parents=True, exist_ok=True)
    new = report.with_suffix(".new")
    ordered = sorted(records, key=lambda record: record["number"])
    new.write_text(json.dumps({"seed": seed, "runs": ordered}, indent=1, ensure_ascii=False), encoding="utf-8")
    new.replace(report)


def is_of_a_fleet(number: int) -> bool:
    """Whether a run is one over three clusters: each fourth is."""
    return number % 4 == 0


def _tell_fleet(plan: FleetPlan) -> None:
    """Print what a plan for a fleet has in store."""
    print(f"conditions: {dict(plan.conditions)}, batches: {plan.batches}, wanted: {plan.variables()}")
    print(f"the first is behind: {plan.is_first_behind}, ends: {plan.ends} after {plan.writes} writes")
    for injection in plan.injections:
        print(f"fault: {injection.kind}: {dict(injection.fault)}")


def _tell(plan: Plan) -> None:
    """Print what a plan has in store."""
    for addon in plan.addons:
        end = "stays" if plan.stays(addon) else addon.target
        print(f"{addon.name} {addon.version} -> {end}: check {addon.finds}, {addon.simulated()}")
    print(f"wanted: {plan.variables()}")
    for injection in plan.injections:
        print(f"fault: {injection.kind}: {dict(injection.fault)}")
    print(f"kill: {plan.kill}")
    print(f"list answers: {dict(plan.listed)}")
    print(f"colleague: {plan.colleague}")


def repeat(seed: int, number: int) -> int:
    """Carry out one run and print all of it."""
    attempts: Sequence[Attempt | FleetAttempt]
    if is_of_a_fleet(number):
        fleet_plan = make_fleet_plan(seed, number)
        _tell_fleet(fleet_plan)
        with fleet_simulator() as simulation:
            record, fleet_story = carry_out_fleet(fleet_plan, simulation)
        attempts = fleet_story.attempts
    else:
        plan = make_plan(seed, number)
        _tell(plan)
        with simulator() as simulation:
            record, story = carry_out(plan, simulation)
        attempts = story.attempts
    for count, attempt in enumerate(attempts, start=1):
        print(f"\n--- attempt {count}, exit code {attempt.code}\n{attempt.output}\n--- its requests")
        for request in attempt.requests:
            told = f"{request['method']} {request['path']} told {request['status']} worked {request['worked']}"
            print(f"{request['at']:.1f} {told}")
    print(f"\n{json.dumps(asdict(record), indent=1)}")
    return 1 if record.broken else 0


def main(given: Sequence[str] | None = None) -> int:
    """Run the campaign, and return the exit code."""
    arguments = _arguments(given)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    # Whatever account the user has, it is not part of this.
    for name in [name for name in os.environ if name.startswith(("HUAWEICLOUD_", "HW_", "OS_"))]:
        del os.environ[name]
    os.environ["HUAWEICLOUD_SDK_CREDENTIALS_FILE"] = os.devnull
    os.environ.setdefault("ANSIBLE_COLLECTIONS_PATH", str(TESTS.parent / ".build"))
    if arguments.only is not None:
        return repeat(arguments.seed, arguments.only)
    known = read(arguments.report, arguments.seed) if arguments.resume else []
    campaign = Campaign(arguments.seed, known, arguments.report, arguments.minutes)
    campaign.run(arguments.runs, arguments.jobs)
    records = list(campaign.records.values())
    print(f"\nSeed {arguments.seed}\n\n{table(records)}")
    bad = sorted(record["number"] for record in records if record["broken"])
    for number in bad:
        print(f"Repeat: python tests/campaigns/faults/faults.py --seed {arguments.seed} --only {number}")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
