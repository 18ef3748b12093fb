# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The huaweicloud.cce contributors

"""Attacks the gate with hostile answers, and has an oracle judge each of its decisions.

    python tests/campaigns/oracle/attack.py [--answers 1000000] [--seed N]

Takes the way of the roles: the answer is read and described as cce_addon_check_info does it, and judged as
cce_addon_gate_info does it. Ends with 1 if the gate was open once where the oracle blocks, if the two disagreed
otherwise, if anything crashed, or if an answer took longer than the limit.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
import traceback
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from types import SimpleNamespace
from typing import Any

TESTS = Path(__file__).resolve().parents[2]
# As a script, it finds the staged collection; as part of the tests, the one that they run on.
sys.path[:0] = [str(TESTS)]
sys.path.append(str(TESTS.parent / ".build"))
from campaigns.oracle.hostile import hostile_answer, wanted_upgrades  # noqa: E402
from campaigns.oracle.verdict import NANOSECONDS, Wanted, may_upgrade, verdicts  # noqa: E402

from ansible_collections.huaweicloud.cce.plugins.module_utils._model.check import CheckTask, read_tasks  # noqa: E402
from ansible_collections.huaweicloud.cce.plugins.module_utils._model.check import Wanted as Asked  # noqa: E402
from ansible_collections.huaweicloud.cce.plugins.module_utils._module.task import Task  # noqa: E402
from ansible_collections.huaweicloud.cce.plugins.module_utils._operations.access import ClusterAccess  # noqa: E402
from ansible_collections.huaweicloud.cce.plugins.module_utils._operations.checks import collect, results  # noqa: E402
from ansible_collections.huaweicloud.cce.plugins.module_utils._rules.gate import (  # noqa: E402
    Ticket,
    closed_message,
    gate,
    read_ticket,
)
from ansible_collections.huaweicloud.cce.plugins.module_utils._rules.policy import Policy  # noqa: E402
from ansible_collections.huaweicloud.cce.plugins.module_utils._rules.verdict import judge  # noqa: E402

SLOW = 50.0  # milliseconds
CHUNK = 5_000
SHOWN = 5
FINGERPRINT = "0123456789abcdef"


@dataclass
class Findings:
    """What came out; examples are the first few of each kind, as text that a person can try again."""

    answers: int = 0
    verdicts: Counter[str] = field(default_factory=Counter)
    gates: Counter[str] = field(default_factory=Counter)
    false_passes: int = 0
    disagreements: int = 0
    crashes: int = 0
    slow: int = 0
    slowest: float = 0.0
    examples: list[str] = field(default_factory=list)

    @property
    def clean(self) -> bool:
        return not (self.false_passes or self.disagreements or self.crashes or self.slow)

    def add(self, other: Findings) -> None:
        self.answers += other.answers
        self.verdicts += other.verdicts
        self.gates += other.gates
        self.false_passes += other.false_passes
        self.disagreements += other.disagreements
        self.crashes += other.crashes
        self.slow += other.slow
        self.slowest = max(self.slowest, other.slowest)
        self.examples += other.examples[: max(SHOWN - len(self.examples), 0)]

    def note(self, what: str, answer: Any, wanted: Sequence[Wanted]) -> None:
        if len(self.examples) < SHOWN:
            self.examples.append(f"{what}\n  {wanted}\n  {json.dumps(answer, default=str)[:4000]}")


def tasks_of(answer: dict[str, Any], now: int) -> list[CheckTask]:
    """Return the checks of an answer as cce_addon_gate_info reads them, described once as cce_addon_check_info does."""
    service = SimpleNamespace(checks=lambda _cluster_id: answer, now=lambda: now / NANOSECONDS)
    collected = collect(ClusterAccess(service, Task({}), "cluster"))  # type: ignore[arg-type]
    results(collected)
    return collected.everything


def step_of(wanted: Wanted) -> dict[str, Any]:
    """Return the step of a plan that is the wanted upgrade."""
    return {
        "name": f"coredns ({wanted.instance_id})",
        "addon_template_name": "coredns",
        "action": "upgrade",
        "from": "1.28.7",
        "to": wanted.target_version,
        "why": None,
        "addon_instance_id": wanted.instance_id,
        "values_fingerprint": FINGERPRINT,
    }


def gate_arguments(*wanted: Wanted) -> dict[str, Any]:
    """Return what the gate is told about the wanted upgrades, besides the checks and the policy."""
    started = [
        {
            "addon_instance_id": one.instance_id,
            "type": "addonUpgrade",
            "task_id": one.task_id,
            "values_fingerprint": FINGERPRINT,
        }
        for one in wanted
        if one.task_id
    ]
    # The text that travels from the task that starts checks to the one that judges them.
    ticket = read_ticket(Ticket("cluster", None, [step_of(one) for one in wanted], started or None).text())
    return {
        "plan": ticket.plan,
        "started": ticket.started,
        "cluster_id": ticket.cluster_id,
        "now": wanted[0].now / NANOSECONDS,
    }


@dataclass(frozen=True)
class Decision:
    """What is made of an answer: the verdict on each task, whether each upgrade is let through, and whether all are."""

    verdicts: list[str]
    passes: list[bool]
    is_open: bool


def implementation(answer: dict[str, Any], *wanted: Wanted) -> Decision:
    """Return what the collection makes of an answer."""
    policy = Policy(max_check_age=wanted[0].max_age / NANOSECONDS)
    decided = gate(checks=tasks_of(answer, wanted[0].now), policy=policy, **gate_arguments(*wanted))
    if not decided["open"]:
        closed_message(decided)
    asked = Asked(now=wanted[0].now / NANOSECONDS)
    return Decision(
        verdicts=[judge(task, asked).verdict for task in read_tasks(answer)],
        passes=[not decision["blocks"] for decision in decided["decisions"]],
        is_open=decided["open"],
    )


def oracle(answer: dict[str, Any], *wanted: Wanted) -> Decision:
    """Return what the specification makes of an answer."""
    passes = [may_upgrade(answer, one) for one in wanted]
    return Decision(verdicts(answer, wanted[0].now), passes, all(passes))


def milliseconds(answer: dict[str, Any], wanted: Sequence[Wanted]) -> float:
    """Return how much of the processor's time the implementation takes: the best of several."""
    best = float("inf")
    for _unused in range(5):
        begun = time.process_time()
        implementation(answer, *wanted)
        best = min(best, (time.process_time() - begun) * 1000)
    return best


def attack_with(answer: dict[str, Any], wanted: Sequence[Wanted], findings: Findings) -> None:
    """Put one answer to the implementation and to the oracle, and note where they differ."""
    findings.answers += 1
    expected = oracle(answer, *wanted)
    findings.verdicts.update(expected.verdicts or ["no task"])
    findings.gates["open" if expected.is_open else "closed"] += 1
    try:
        # Of the processor's time: that the machine does something else is not its fault.
        begun = time.process_time()
        found = implementation(answer, *wanted)
        took = (time.process_time() - begun) * 1000
    except Exception:
        findings.crashes += 1
        findings.note(f"CRASH {traceback.format_exc()}", answer, wanted)
        return
    if took > max(SLOW / 10, findings.slowest):
        took = milliseconds(answer, wanted)
    findings.slowest = max(findings.slowest, took)
    if took > SLOW:
        findings.slow += 1
        findings.note(f"SLOW {took:.1f} ms", answer, wanted)
    compare(found, expected, answer, wanted, findings)


def compare(
    found: Decision, expected: Decision, answer: dict[str, Any], wanted: Sequence[Wanted], findings: Findings
) -> None:
    """Note where the two decisions differ; an upgrade that only the implementation lets through is the worst."""
    if any(passes and not allowed for passes, allowed in zip(found.passes, expected.passes, strict=True)) or (
        found.is_open and not expected.is_open
    ):
        findings.false_passes += 1
        findings.note("FALSE PASS", answer, wanted)
    elif found.passes != expected.passes or found.is_open != expected.is_open:
        findings.disagreements += 1
        findings.note("CLOSED where the oracle lets pass", answer, wanted)
    elif expected.verdicts and found.verdicts != expected.verdicts:
        findings.disagreements += 1
        findings.note(f"VERDICTS {found.verdicts}, and {expected.verdicts} by the oracle", answer, wanted)


def attack(seed: str, answers: int) -> Findings:
    """Attack with a number of answers; the seed tells which."""
    random = Random(seed)
    findings = Findings()
    for _unused in range(answers):
        wanted = wanted_upgrades(random)
        attack_with(hostile_answer(random), wanted, findings)
    return findings


def report(findings: Findings, seconds: float) -> str:
    """Return the result as lines for people."""
    rows = [
        ("answers", findings.answers),
        *((f"tasks {word}", findings.verdicts[word]) for word in sorted(findings.verdicts)),
        *((f"gate {word}, by the oracle", findings.gates[word]) for word in sorted(findings.gates)),
        ("false passes", findings.false_passes),
        ("other disagreements", findings.disagreements),
        ("crashes", findings.crashes),
        (f"answers over {SLOW:g} ms", findings.slow),
        ("slowest answer, ms", f"{findings.slowest:.1f}"),
        ("seconds", f"{seconds:.0f}"),
    ]
    return "\n".join(f"{name:26}{value:>12}" for name, value in rows)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--answers", type=int, default=1_000_000)
    parser.add_argument("--seed", type=int, default=Random().getrandbits(32))
    arguments = parser.parse_args()
    print(f"seed {arguments.seed}", flush=True)
    begun = time.monotonic()
    sizes = [min(CHUNK, arguments.answers - start) for start in range(0, arguments.answers, CHUNK)]
    seeds = [f"{arguments.seed}/{number}" for number in range(len(sizes))]
    findings = Findings()
    with ProcessPoolExecutor(os.cpu_count()) as pool:
        for part in pool.map(attack, seeds, sizes):
            findings.add(part)
    print(report(findings, time.monotonic() - begun))
    for example in findings.examples:
        print(f"\n{example}")
    return 0 if findings.clean else 1


if __name__ == "__main__":
    sys.exit(main())
