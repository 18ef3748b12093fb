# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The huaweicloud.cce contributors

"""Carries out a run over the fleet: the real playbook, disturbed once, then undisturbed until the fleet is done."""

from __future__ import annotations

import contextlib
import json
import os
import shlex
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from campaigns.faults.fleet_invariants import FleetAttempt, FleetStory, States, fleet_broken, fleet_unexpected
from campaigns.faults.fleet_invariants import fleet_writes as writes_of
from campaigns.faults.fleet_plans import ASLEEP, FAILS, FATAL, KILLED, LEFT, NAMES, WHOLE, FleetPlan, cluster_id
from campaigns.faults.injections import FAILS as CCE_FAILS
from campaigns.faults.injections import happened
from campaigns.faults.runs import (
    ADVICE,
    BROKEN,
    FAILED_SAFELY,
    HERE,
    LONGEST,
    SURVIVED,
    TIME_SCALE,
    Record,
    failures,
    kill_group,
)
from campaigns.faults.runs import KILLED as ENDED_KILLED
from support.simulation import Simulation

RISK = {"name": "CampaignRisk", "level": "Fatal", "type": "addonUpgrade", "message": "not like this"}
SETTLED = 60.0  # simulated seconds after which every operation is over


@contextlib.contextmanager
def fleet_simulator() -> Iterator[Simulation]:
    """Give a simulator with the three clusters."""
    with Simulation(time_scale=TIME_SCALE, scenario=HERE / "fleet.yml") as simulation:
        yield simulation


def carry_out_fleet(plan: FleetPlan, simulation: Simulation) -> tuple[Record, FleetStory]:
    """Carry out a plan."""
    started = time.monotonic()
    _prepare(plan, simulation)
    for injection in plan.injections:
        simulation.call("POST", "/faults", injection.fault)
    attempts = [_attempt(plan, simulation, plan.ends)]
    faults = happened(plan.injections, simulation.call("GET", "/faults"))
    failing = sum(condition == FAILS for condition in plan.conditions.values())
    faults.update({CCE_FAILS: failing} if failing else {})
    simulation.call("DELETE", "/faults")
    by_hand: Counter[tuple[str, str]] = Counter()
    # An upgrade that fails ends a run, and so does one more that has to be rolled back by hand.
    most = 2 + 2 * failing
    while fleet_unexpected(plan, attempts[-1]) and len(attempts) < most:
        simulation.call("POST", "/clock", {"advance": SETTLED})
        by_hand += _follow_advice(simulation, attempts[-1])
        attempts.append(_attempt(plan, simulation, WHOLE))
    story = FleetStory(plan, attempts, by_hand)
    found = fleet_broken(story)
    record = Record(
        number=plan.number,
        ended=_ended(plan, attempts[0], bool(found)),
        faults=faults,
        broken=found,
        attempts=[{"code": attempt.code, "failures": list(attempt.failures)} for attempt in attempts],
        seconds=round(time.monotonic() - started, 1),
    )
    return record, story


def _ended(plan: FleetPlan, first: FleetAttempt, is_broken: bool) -> str:
    if is_broken:
        return BROKEN
    if first.code is None:
        return ENDED_KILLED
    return FAILED_SAFELY if fleet_unexpected(plan, first) else SURVIVED


def _prepare(plan: FleetPlan, simulation: Simulation) -> None:
    simulation.reset()
    for name, condition in plan.conditions.items():
        addon = f"/instances/{cluster_id(name)}/{plan.wants[0]}"
        if condition == FATAL:
            simulation.call("POST", addon, {"risks": [RISK]})
        elif condition == FAILS:
            simulation.call("POST", addon, {"next_upgrade": "upgradeFailed"})
        elif condition == ASLEEP:
            simulation.call("POST", f"/clusters/{cluster_id(name)}", {"phase": "Hibernation"})


def states(simulation: Simulation) -> States:
    """Return the add-ons of each cluster."""
    return {name: simulation.addons(cluster_id(name)) for name in NAMES}


def _follow_advice(simulation: Simulation, attempt: FleetAttempt) -> Counter[tuple[str, str]]:
    """Run the commands that an attempt has left to a person, and return what was rolled back by them."""
    seen = len(simulation.requests())
    for command in dict.fromkeys(found for text in attempt.failures for found in ADVICE.findall(text)):
        environment = {**_environment(simulation, Path(os.devnull)), "ANSIBLE_CALLBACKS_ENABLED": ""}
        subprocess.run(shlex.split(command), env=environment, capture_output=True, timeout=LONGEST, check=True)
    done = writes_of(FleetAttempt(None, simulation.requests()[seen:], states(simulation)))
    return Counter((write.cluster, write.addon) for write in done if write.kind == "rollback")


def _attempt(plan: FleetPlan, simulation: Simulation, ends: str) -> FleetAttempt:
    seen = len(simulation.requests())
    with tempfile.TemporaryDirectory(prefix="campaign-") as folder:
        screen, results = Path(folder) / "screen", Path(folder) / "results"
        results.touch()
        with screen.open("wb") as output:
            process = subprocess.Popen(
                _command(plan, Path(folder), ends),
                env=_environment(simulation, results),
                cwd=folder,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
            try:
                code = _await(process, simulation, seen, plan.writes if ends == KILLED else None)
            finally:
                kill_group(process)
        return FleetAttempt(
            code=None if ends == LEFT else code,
            requests=simulation.requests()[seen:],
            states=states(simulation),
            failures=list(failures(results)),
            output=screen.read_text(encoding="utf-8", errors="replace"),
        )


def _await(process: subprocess.Popen[bytes], simulation: Simulation, seen: int, writes: int | None) -> int | None:
    """Return the exit code; None if it is to be killed, as it has sent so many writes."""
    end = time.monotonic() + LONGEST
    while process.poll() is None and time.monotonic() < end:
        if writes is not None and _writes(simulation, seen) >= writes:
            return None
        time.sleep(0.03)
    code = process.poll()
    return 124 if code is None else code


def _writes(simulation: Simulation, seen: int) -> int:
    requests = simulation.requests()[seen:]
    return sum(item["method"] == "PUT" and "/v3/addons/" in item["path"] for item in requests)


def _command(plan: FleetPlan, folder: Path, ends: str) -> list[str]:
    (folder / "inventory.json").write_text(json.dumps(plan.inventory()), encoding="utf-8")
    what = "huaweicloud.cce.upgrade"
    if ends == LEFT:
        what = "play.json"
        (folder / what).write_text(json.dumps([_own_play()]), encoding="utf-8")
    variables = {**plan.variables(), "ansible_python_interpreter": sys.executable}
    return ["ansible-playbook", what, "-i", "inventory.json", "-f", "3", "-e", json.dumps(variables)]


def _own_play() -> dict[str, Any]:
    """Return a play that sends the first upgrade of each cluster, and leaves it at that."""
    module = "huaweicloud.cce.cce_addon_upgrade"
    common = {"addons": "{{ addon_upgrade_addons }}", "wait_timeout": 600}
    started = {**common, "cluster_id": "{{ cce_cluster_id }}", "wait": False}
    tasks: list[dict[str, Any]] = [
        {"name": "Start the checks", module: started, "register": "started"},
        {"name": "Send", module: {**common, "ticket": "{{ started.ticket }}", "rounds": 1}},
    ]
    return {"hosts": "fleet", "connection": "local", "gather_facts": False, "tasks": tasks}


def _environment(simulation: Simulation, results: Path) -> dict[str, str]:
    return {
        **os.environ,
        **simulation.environment(),
        "ANSIBLE_CALLBACKS_ENABLED": "fast_time,results",
        "ANSIBLE_CALLBACK_PLUGINS": f"{HERE / 'callback'}:{HERE.parents[1] / 'support' / 'callback'}",
        "ANSIBLE_NOCOLOR": "1",
        "CAMPAIGN_TIME_SCALE": str(TIME_SCALE),
        "E2E_RESULTS": str(results),
    }
