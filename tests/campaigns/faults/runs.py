# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The huaweicloud.cce contributors

"""Carries out a plan: the real playbook against a simulator, disturbed once, then undisturbed until it converges."""

from __future__ import annotations

import contextlib
import json
import os
import re
import shlex
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.error import HTTPError

from campaigns.faults.injections import COLLEAGUE, FAILS, happened
from campaigns.faults.invariants import CHECK_SECONDS, Attempt, Intervention, Story, broken, unexpected
from campaigns.faults.plans import BETWEEN, CLUSTER_ID, GATE, Colleague, Kill, Plan
from support.simulation import Simulation

HERE = Path(__file__).resolve().parent
# How much faster time runs, for the simulator and for the client.
TIME_SCALE = 20.0
# An attempt that takes longer, in real seconds, hangs.
LONGEST = 150.0
_PATIENCE = 20  # tries of a colleague, a tenth of a second apart, while another write is under way
_SETTLED = 60.0  # simulated seconds after which every check is over
ADVICE = re.compile(r"ansible localhost -m huaweicloud\.cce\.cce_addon -a '[^']*'")
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
    console = Console(plan.colleague, simulation)
    attempts = [_attempt(plan, simulation, 0, plan.kill, console)]
    faults = happened(plan.injections, simulation.call("GET", "/faults"))
    failed = sum(addon.fails and attempts[0].addons[addon.name]["writes"] > 0 for addon in plan.addons)
    faults.update({FAILS: failed} if failed else {})
    simulation.call("DELETE", "/faults")
    console.between()
    if console.done:
        faults[COLLEAGUE] = 1
    # Where CCE fails by itself, a run rolls back and ends, or a person does what it advises: it takes one more then.
    # What a colleague has written may still be under way, and keep a run from going on.
    most = 2 + sum(addon.fails for addon in plan.addons) + bool(console.done)
    least = 2 if console.done else 1
    while len(attempts) < least or (unexpected(plan, attempts[-1], console.done) and len(attempts) < most):
        _follow_advice(plan, simulation, attempts[-1], console.done)
        attempts.append(_attempt(plan, simulation, sum(len(attempt.requests) for attempt in attempts), None))
    simulation.call("POST", "/clock", {"advance": _SETTLED})
    cluster = simulation.call("GET", "/state")["clusters"][CLUSTER_ID]
    story = Story(plan, attempts, cluster["tasks"], console.done)
    found = broken(story)
    record = Record(
        number=plan.number,
        ended=_ended(plan, attempts[0], bool(found), console.done),
        faults=faults,
        broken=found,
        attempts=[{"code": attempt.code, "failures": list(attempt.failures)} for attempt in attempts],
        seconds=round(time.monotonic() - started, 1),
    )
    return record, story


class Console:
    """The colleague at the console, who writes when it is time; `done` is what came of it."""

    def __init__(self, colleague: Colleague | None, simulation: Simulation) -> None:
        self.done: Intervention | None = None
        self._colleague = colleague
        self._simulation = simulation

    @property
    def waits(self) -> bool:
        """Whether it is during the first attempt that there is something to write."""
        return self._colleague is not None and self._colleague.moment != BETWEEN and self.done is None

    def look(self, requests: Sequence[Mapping[str, Any]]) -> None:
        """Write if it is time, after what the first attempt has asked for."""
        if self._colleague is None or not self.waits:
            return
        if _is_over(requests) if self._colleague.moment == GATE else len(requests) >= int(self._colleague.moment):
            self._write(attempt=1)

    def between(self) -> None:
        """Write between the first two attempts, as soon as nothing is under way."""
        for _try in range(_PATIENCE if self._colleague and self._colleague.moment == BETWEEN else 0):
            if self.done is None and not self._write(attempt=2):
                time.sleep(0.1)

    def _write(self, attempt: int) -> bool:
        """Return whether it was written: the service refuses it where another write is under way."""
        who = self._colleague
        assert who is not None
        at = self._simulation.call("GET", "/clock")["now"]
        console: dict[str, Any] = {"custom": who.custom, **({"version": who.version} if who.version else {})}
        ending = {"ends": "upgradeFailed"} if who.fails else {}
        body = {"console": {**console, **ending}}
        try:
            after = self._simulation.call("POST", f"/instances/{CLUSTER_ID}/{who.addon}", body)
        except HTTPError:
            return False
        self.done = Intervention(who, attempt, at, after["version"], after["values"])
        return True


def _is_over(requests: Sequence[Mapping[str, Any]]) -> bool:
    """Whether a check was begun, and read when it was over."""
    begun = [item["at"] for item in requests if item["path"].endswith("/precheck") and item["worked"] == 201]
    return bool(begun) and any(
        item["path"].endswith("/precheck/tasks") and item["status"] == 200 and item["at"] > begun[0] + CHECK_SECONDS
        for item in requests
    )


def _ended(plan: Plan, first: Attempt, is_broken: bool, done: Intervention | None) -> str:
    if is_broken:
        return BROKEN
    if first.code is None:
        return KILLED
    meanwhile = done if done and done.attempt == 1 else None
    return FAILED_SAFELY if first.code != plan.code or unexpected(plan, first, meanwhile) else SURVIVED


def _prepare(plan: Plan, simulation: Simulation) -> None:
    """Make the cluster that a plan begins with."""
    simulation.reset()
    simulation.call("POST", f"/clusters/{CLUSTER_ID}", {"listed": plan.listed})
    wanted = {addon.name: addon for addon in plan.addons}
    for name in simulation.addons(CLUSTER_ID):
        path = f"/instances/{CLUSTER_ID}/{name}"
        if name in wanted:
            simulation.call("POST", path, wanted[name].simulated())
        else:
            simulation.call("DELETE", path)


def _attempt(
    plan: Plan, simulation: Simulation, seen: int, kill: Kill | None, console: Console | None = None
) -> Attempt:
    """Run the playbook once, the first time with a colleague at the console."""
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
                code, note = _await(process, simulation, seen, kill, console)
            finally:
                kill_group(process)
        return Attempt(
            code=code,
            requests=simulation.requests()[seen:],
            addons=simulation.addons(CLUSTER_ID),
            failures=list(failures(results)),
            output=screen.read_text(encoding="utf-8", errors="replace") + note,
        )


def _follow_advice(plan: Plan, simulation: Simulation, attempt: Attempt, intervention: Intervention | None) -> None:
    """Run the commands that an attempt has left to a person: what it has not sent itself, it does not roll back.

    Nobody does so with what a colleague has sent.
    """
    theirs = attempt.addons[intervention.did.addon]["id"] if intervention else None
    for command in dict.fromkeys(found for text in attempt.failures for found in ADVICE.findall(text)):
        if theirs and theirs in command:
            continue
        environment = {**_environment(plan, simulation, Path(os.devnull)), "ANSIBLE_CALLBACKS_ENABLED": ""}
        subprocess.run(shlex.split(command), env=environment, capture_output=True, timeout=LONGEST, check=True)


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
        "ANSIBLE_CALLBACK_PLUGINS": f"{HERE / 'callback'}:{HERE.parents[1] / 'support' / 'callback'}",
        "ANSIBLE_NOCOLOR": "1",
        "CAMPAIGN_TIME_SCALE": str(TIME_SCALE),
        "E2E_RESULTS": str(results),
    }


def _await(
    process: subprocess.Popen[bytes], simulation: Simulation, seen: int, kill: Kill | None, console: Console | None
) -> tuple[int | None, str]:
    """Return the exit code, None where the process was killed in time, and a note where it hung."""
    end = time.monotonic() + LONGEST
    while process.poll() is None and (kill or (console and console.waits)):
        now = simulation.requests()[seen:]
        if console:
            console.look(now)
        if (kill and len(now) >= kill.requests) or time.monotonic() > end:
            break
        time.sleep(0.03)
    if kill is None:
        try:
            return process.wait(max(0.0, end - time.monotonic())), ""
        except subprocess.TimeoutExpired:
            return 124, f"\nTraceback missing: it had not ended after {LONGEST:g} s."
    with contextlib.suppress(subprocess.TimeoutExpired):
        return process.wait(kill.seconds), ""  # it was faster
    return None, ""


def kill_group(process: subprocess.Popen[bytes]) -> None:
    """Kill the whole process group, whatever is left of it."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait(30)


def failures(results: Path) -> Iterator[str]:
    """Yield the messages of the tasks that failed, in order."""
    for line in results.read_text(encoding="utf-8").splitlines():
        with contextlib.suppress(ValueError):  # the line during which the process was killed
            entry = json.loads(line)
            if entry["outcome"] == "failed":
                message = entry["result"].get("msg", "")
                yield "\n".join(map(str, message)) if isinstance(message, list) else str(message)
