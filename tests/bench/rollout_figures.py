# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The huaweicloud.cce contributors

"""The figures of a rollout: what is measured, the goals, the table, and the comparison with another run. Pure."""

from __future__ import annotations

import re
import statistics
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bench.measure import Run

CHECK_SECONDS = 3.0
COLLECTION, PEER = "collection", "uri"
_SCENARIO = re.compile(r"(\d+)x(\d+)x(\d+(?:\.\d+)?)/(\d+)")
_ID = re.compile(r"[0-9a-f]{8}-[0-9a-f-]{27}|[0-9a-f]{32}")


@dataclass(frozen=True)
class Scenario:
    """A fleet, and how it is upgraded.

    Attributes:
        clusters: How many.
        addons: How many each of them has.
        operation_seconds: What an upgrade takes.
        forks: Of ansible-playbook.
        check_seconds: What a check takes.
    """

    clusters: int
    addons: int
    operation_seconds: float
    forks: int
    check_seconds: float = CHECK_SECONDS

    @classmethod
    def parse(cls, text: str) -> Scenario:
        """Return the scenario of a text such as `40x2x20/8`; raise ValueError if it is none."""
        found = _SCENARIO.fullmatch(text)
        if not found or not all(float(part) for part in found.groups()):
            raise ValueError(f"{text!r} is not CLUSTERSxADDONSxSECONDS/FORKS, such as 40x2x20/8")
        clusters, addons, seconds, forks = found.groups()
        return cls(int(clusters), int(addons), float(seconds), int(forks))

    def __str__(self) -> str:
        return f"{self.clusters}x{self.addons}x{self.operation_seconds:g}/{self.forks}"

    @property
    def limit(self) -> float:
        """The seconds that CCE needs for one cluster, whose add-ons are upgraded one after the other."""
        return self.check_seconds + self.addons * (self.operation_seconds + self.check_seconds)

    @property
    def fleet(self) -> dict[str, Any]:
        """The fleet as a scenario of the simulator has it: nothing is wrong with any cluster."""
        return {
            "clusters": self.clusters,
            "addons": self.addons,
            "operation_seconds": self.operation_seconds,
            "check_seconds": self.check_seconds,
            "fatal_every": 0,
            "warning_every": 0,
        }


@dataclass(frozen=True)
class Rollout:
    """What a rollout took.

    Attributes:
        seconds: On the clock, from start to end of ansible-playbook.
        times_limit: How many times as long as CCE itself needs.
        tasks_a_host: Those that the recap counts as ok or skipped; the median of the hosts.
        requests_a_cluster: All of them, those of the inventory included.
        mebibytes: See `measure.Run`, also for the rest.
        largest_process_mebibytes: Likewise.
        cpu_seconds: Likewise.
        load: Likewise.
        requests: How many there were of each kind, the most frequent first.
    """

    seconds: float
    times_limit: float
    tasks_a_host: float
    requests_a_cluster: float
    mebibytes: float
    largest_process_mebibytes: float
    cpu_seconds: float
    load: float
    requests: dict[str, int]


@dataclass(frozen=True)
class Goal:
    """A figure that must not be above another.

    Attributes:
        what: The row and the column.
        measured: The figure.
        most: What it may be.
    """

    what: str
    measured: float
    most: float

    @property
    def is_met(self) -> bool:
        """Whether the figure is small enough."""
        return self.measured <= self.most


# Of the collection's rollouts. The first two hold for a scenario, the others for two add-ons in a cluster.
_SCENARIO_GOALS: Mapping[str, Mapping[str, float]] = {
    "40x2x20/8": {"times_limit": 1.25},
    "300x2x20/20": {"seconds": 100.0},
    "1000x2x20/20": {"seconds": 250.0, "mebibytes": 700.0},
}
_TWO_ADDONS_GOALS = {"tasks_a_host": 16.0, "requests_a_cluster": 25.0}
_PRECHECK_DEBUGS, _PRECHECK_MEBIBYTES, _CHECK_INFO_DEBUGS = 5.0, 500.0, 1.5

Rollouts = Mapping[str, Mapping[str, Rollout]]


def figures(scenario: Scenario, run: Run, requests: Sequence[Mapping[str, Any]]) -> Rollout:
    """Return what a rollout took, from its run and from the requests that the simulator got."""
    # localhost is no cluster: the recap has it if a play of the collection's own runs there.
    counts = [host["ok"] + host["skipped"] for name, host in run.recap.items() if name != "localhost"]
    return Rollout(
        seconds=run.seconds,
        times_limit=run.seconds / scenario.limit,
        tasks_a_host=statistics.median(counts),
        requests_a_cluster=len(requests) / scenario.clusters,
        mebibytes=run.mebibytes,
        largest_process_mebibytes=run.largest_process_mebibytes,
        cpu_seconds=run.cpu_seconds,
        load=run.load,
        requests=dict(Counter(_kind(request) for request in requests).most_common()),
    )


def _kind(request: Mapping[str, Any]) -> str:
    """Return the method and the path of a request without the IDs in it."""
    return f"{request['method']} {_ID.sub('*', request['path'])}"


def unfinished(clusters: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """Return the add-ons of a simulator's state that were not upgraded well: not at all, twice, or with losses."""
    return [
        f"{cluster}: {name} is {addon['status']}, written {addon['writes']} times, lost {addon['settings_lost']}"
        for cluster, state in clusters.items()
        for name, addon in state["addons"].items()
        if (addon["status"], addon["writes"], addon["settings_lost"]) != ("running", 1, [])
    ]


def goals(rollouts: Rollouts, precheck: Mapping[str, Any] | None, check_info: Mapping[str, Any] | None) -> list[Goal]:
    """Return the goals for what was measured; what was not measured has none."""
    found = []
    for text, sides in rollouts.items():
        most = {**_SCENARIO_GOALS.get(text, {}), **(_TWO_ADDONS_GOALS if Scenario.parse(text).addons == 2 else {})}
        found += [Goal(f"{text}: {name}", getattr(sides[COLLECTION], name), value) for name, value in most.items()]
    if precheck:
        found.append(Goal("precheck: times a debug task", precheck["over_debug"], _PRECHECK_DEBUGS))
    if precheck and precheck["clusters"] == 1000:
        found.append(Goal("precheck: mebibytes", precheck["mebibytes"], _PRECHECK_MEBIBYTES))
    if check_info:
        found.append(Goal("cce_addon_check_info: times a debug task", check_info["over_debug"], _CHECK_INFO_DEBUGS))
    return found


def compared(before: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    """Return a line for each rollout that two reports have: the figures now as a share of those before."""
    names = ("seconds", "times_limit", "tasks_a_host", "requests_a_cluster", "mebibytes", "cpu_seconds")
    lines = []
    for text in now["rollouts"]:
        for side in sorted(now["rollouts"][text].keys() & before["rollouts"].get(text, {}).keys()):
            old, new = before["rollouts"][text][side], now["rollouts"][text][side]
            shares = (f"{name} {new[name] / old[name]:.2f}" for name in names if old[name])
            lines.append(f"{text} {side}: {', '.join(shares)}")
    return lines


def row(scenario: Scenario, side: str, rollout: Rollout) -> str:
    """Return a line of the table."""
    return (
        f"{scenario!s:14}{side:11}{rollout.seconds:>8.1f} s{scenario.limit:>7.0f} s{rollout.times_limit:>8.2f}"
        f"{rollout.tasks_a_host:>7g}{rollout.requests_a_cluster:>10.1f}{rollout.mebibytes:>7.0f} MiB"
        f"{rollout.largest_process_mebibytes:>7.0f} MiB{rollout.cpu_seconds:>9.1f} s{rollout.load:>6.1f}"
    )


HEADER = (
    f"{'scenario':14}{'made with':11}{'clock':>10}{'limit':>9}{'times':>8}{'tasks':>7}{'requests':>10}{'memory':>11}"
    f"{'largest':>11}{'CPU':>11}{'load':>6}"
)
