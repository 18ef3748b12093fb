# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The huaweicloud.cce contributors

"""Carries out a plan: the real playbook against a simulator, disturbed once, then undisturbed until it converges."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from campaign.injections import FAILS, happened
from campaign.invariants import Attempt, Story, broken, unexpected
from campaign.plans import CLUSTER_ID, Kill, Plan
from simulation import Simulation

HERE = Path(__file__).resolve().parent
# How much faster time runs, for the simulator and for the client.
TIME_SCALE = 20.0
# An attempt that takes longer, in real seconds, hangs.
LONGEST = 150.0
_SETTLED = 60.0  # simulated seconds after which every check is over
KILLED, SURVIVED, FAILED_SAFELY, BROKEN = "killed", "survived", "failed safely", "broken"


@dataclass(frozen=True)
class Record:
    """What became of a run of the campaign.

    Args:
        ended: `killed`, `survived` (it ended as if nothing had been injected), `failed safely` or `broken`.
        faults: How often each kind was injected.
        broken: The invariants that do not hold, with what breaks them.
        attempts: For each attempt, its exit code and the messages of its failed tasks.
        seconds: How long it took.
    """

    number: int
    ended: str
    faults: dict[str, int]
    broken: dict[str, list[str]]
    attempts: list[dict[str, Any]]
    seconds: float


@contextlib.contextmanager
def simulator() -> Iterator[Simulation]:
    """Give a simulator with the campaign's cluster."""
    with Simulation(time_scale=TIME_SCALE, scenario=HERE / "cluster.yml") as simulation:
        yield simulation


def carry_out(plan: Plan, simulation: Simulation) -> tuple[Record, Story]:
    """Carry out a plan."""
    started = time.monotonic()
    _prepare(plan, simulation)
    for injection in plan.injections:
        simulation.call("POST", "/faults", injection.fault)
    attempts = [_attempt(plan, simulation, 0, plan.kill)]
    faults = happened(plan.injections, simulation.call("GET", "/faults"))
    failed = sum(addon.fails and attempts[0].addons[addon.name]["writes"] > 0 for addon in plan.addons)
    faults.update({FAILS: failed} if failed else {})
    simulation.call("DELETE", "/faults")
    # Where CCE fails by itself, a run rolls back and ends: it takes one more to get there.
    most = 2 + sum(addon.fails for addon in plan.addons)
    while unexpected(plan, attempts[-1]) and len(attempts) < most:
        attempts.append(_attempt(plan, simulation, sum(len(attempt.requests) for attempt in attempts), None))
    simulation.call("POST", "/clock", {"advance": _SETTLED})
    cluster = simulation.call("GET", "/state")["clusters"][CLUSTER_ID]
    story = Story(plan, attempts, cluster["tasks"])
    found = broken(story)
    record = Record(
        number=plan.number,
        ended=_ended(plan, attempts[0], bool(found)),
        faults=faults,
        broken=found,
        attempts=[{"code": attempt.code, "failures": list(attempt.failures)} for attempt in attempts],
        seconds=round(time.monotonic() - started, 1),
    )
    return record, story


def _ended(plan: Plan, first: Attempt, is_broken: bool) -> str:
    if is_broken:
        return BROKEN
    if first.code is None:
        return KILLED
    return FAILED_SAFELY if unexpected(plan, first) else SURVIVED


def _prepare(plan: Plan, simulation: Simulation) -> None:
    """Make the cluster that a plan begins with."""
    simulation.reset()
    wanted = {addon.name: addon for addon in plan.addons}
    for name in simulation.addons(CLUSTER_ID):
        path = f"/instances/{CLUSTER_ID}/{name}"
        if name in wanted:
            simulation.call("POST", path, wanted[name].simulated())
        else:
            simulation.call("DELETE", path)


def _attempt(plan: Plan, simulation: Simulation, seen: int, kill: Kill | None) -> Attempt:
    """Run the playbook once."""
    with tempfile.TemporaryDirectory(prefix="campaign-") as folder:
        screen, results = Path(folder) / "screen", Path(folder) / "results"
        results.touch()
        with screen.open("wb") as output:
            process = subprocess.Popen(
                _command(plan),
                env=_environment(plan, simulation, results),
                cwd=folder,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
            try:
                code, note = _await(process, simulation, seen, kill)
            finally:
                _kill(process)
        return Attempt(
            code=code,
            requests=simulation.requests()[seen:],
            addons=simulation.addons(CLUSTER_ID),
            failures=list(_failures(results)),
            output=screen.read_text(encoding="utf-8", errors="replace") + note,
        )


def _command(plan: Plan) -> list[str]:
    variables = {**plan.variables(), "ansible_python_interpreter": sys.executable}
    return ["ansible-playbook", "huaweicloud.cce.upgrade", "-e", json.dumps(variables)]


def _environment(plan: Plan, simulation: Simulation, results: Path) -> dict[str, str]:
    given, listening = simulation.environment(), simulation.listening
    if plan.by_password:
        del given["HUAWEICLOUD_SDK_AK"], given["HUAWEICLOUD_SDK_SK"]
        given.update(
            HW_USER_NAME=listening["username"],
            HW_USER_PASSWORD=listening["password"],
            HW_DOMAIN_NAME=listening["domain_name"],
        )
    return {
        **os.environ,
        **given,
        "ANSIBLE_CALLBACKS_ENABLED": "fast_time,results",
        "ANSIBLE_CALLBACK_PLUGINS": f"{HERE / 'callback'}:{HERE.parent / 'e2e' / 'callback'}",
        "ANSIBLE_NOCOLOR": "1",
        "CAMPAIGN_TIME_SCALE": str(TIME_SCALE),
        "E2E_RESULTS": str(results),
    }


def _await(
    process: subprocess.Popen[bytes], simulation: Simulation, seen: int, kill: Kill | None
) -> tuple[int | None, str]:
    """Return the exit code, None where the process was killed in time, and a note where it hung."""
    if kill is None:
        try:
            return process.wait(LONGEST), ""
        except subprocess.TimeoutExpired:
            return 124, f"\nTraceback missing: it had not ended after {LONGEST:g} s."
    while process.poll() is None and len(simulation.requests()) < seen + kill.requests:
        time.sleep(0.03)
    with contextlib.suppress(subprocess.TimeoutExpired):
        return process.wait(kill.seconds), ""  # it was faster
    return None, ""


def _kill(process: subprocess.Popen[bytes]) -> None:
    """Kill the whole process group, whatever is left of it."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait(30)


def _failures(results: Path) -> Iterator[str]:
    """Yield the messages of the tasks that failed, in order."""
    for line in results.read_text(encoding="utf-8").splitlines():
        with contextlib.suppress(ValueError):  # the line during which the process was killed
            entry = json.loads(line)
            if entry["outcome"] == "failed":
                message = entry["result"].get("msg", "")
                yield "\n".join(map(str, message)) if isinstance(message, list) else str(message)
