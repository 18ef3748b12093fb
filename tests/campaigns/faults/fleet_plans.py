# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The huaweicloud.cce contributors

"""What a run over a fleet of three clusters is made of. It follows from the seed and its number alone. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any

from campaigns.faults.injections import Injection, injections

# As in fleet.yml.
NAMES = ("c1", "c2", "c3")
OLD = {"metrics-server": "1.3.6", "coredns": "1.28.7"}
NEWEST = {"metrics-server": "1.3.90", "coredns": "1.30.33"}
LESS = {"metrics-server": "1.3.37"}
WELL, FATAL, ASLEEP, FAILS = "well", "fatal", "asleep", "fails"
STOP, SKIP = "stop", "skip"
# How the first attempt ends: by itself; killed right after so many writes; or as a play of somebody's own that sends
# upgrades and does not wait.
WHOLE, KILLED, LEFT = "whole", "killed", "left"


def cluster_id(name: str) -> str:
    """Return the ID of a cluster."""
    return f"{name}000000-5a64-4f0e-9d1b-2f6a8c4b1e01"


@dataclass(frozen=True)
class FleetPlan:
    """A run over the fleet.

    Args:
        conditions: For each cluster what is the matter with it.
        wants: The add-ons, in upgrade order.
        batches: The clusters of each batch.
        blocked: What becomes of a run with a blocked cluster.
        unavailable: Likewise, with one that hibernates.
        max_failures: How many clusters may be touched and not well.
        same_versions: Whether all batches take the versions of the first.
        is_first_behind: Whether the first cluster is to take an older version than the newest.
        ends: How the first attempt ends.
        writes: How many writes it makes before it is killed.
        injections: What goes wrong in the first attempt.
    """

    number: int
    conditions: Mapping[str, str]
    wants: tuple[str, ...]
    batches: tuple[tuple[str, ...], ...]
    blocked: str
    unavailable: str
    max_failures: int
    same_versions: bool
    is_first_behind: bool
    ends: str = WHOLE
    writes: int = 0
    injections: tuple[Injection, ...] = ()

    def variables(self) -> dict[str, Any]:
        """Return the variables of the playbook."""
        return {
            "cce_hosts": "fleet",
            "cce_serial": [len(batch) for batch in self.batches],
            "cce_blocked_clusters": self.blocked,
            "cce_unavailable_clusters": self.unavailable,
            "cce_max_failures": self.max_failures,
            "cce_same_versions": self.same_versions,
            "addon_upgrade_addons": list(self.wants),
        }

    def inventory(self) -> dict[str, Any]:
        """Return the inventory."""
        hosts: dict[str, dict[str, Any]] = {name: {"cce_cluster_id": cluster_id(name)} for name in NAMES}
        if self.is_first_behind:
            hosts[NAMES[0]]["addon_upgrade_versions"] = dict(LESS)
        return {"fleet": {"hosts": hosts}}

    def targets(self, name: str) -> dict[str, str]:
        """Return the versions that the add-ons of a cluster are to have at the end."""
        behind = self.is_first_behind and (name == NAMES[0] or self.same_versions)
        return {addon: (LESS if behind else {}).get(addon, NEWEST[addon]) for addon in self.wants}

    @property
    def left_out(self) -> tuple[str, ...]:
        """The clusters that must never be written to."""
        return tuple(name for name in NAMES if self.conditions[name] in (FATAL, ASLEEP))

    @property
    def ends_in(self) -> int:
        """The number of the last batch that an undisturbed run comes to: the first with a cluster that stops it."""
        for number, batch in enumerate(self.batches):
            if any(self._stops(name) for name in batch):
                return number
        return len(self.batches) - 1

    def _stops(self, name: str) -> bool:
        handling = {FATAL: self.blocked, ASLEEP: self.unavailable}
        return handling.get(self.conditions[name]) == STOP

    @property
    def reached(self) -> tuple[str, ...]:
        """The clusters that are at their target at the end."""
        names = [name for batch in self.batches[: self.ends_in + 1] for name in batch]
        return tuple(name for name in names if name not in self.left_out)

    @property
    def code(self) -> int:
        """The exit code with which a run must end that nothing disturbs, and in which no upgrade fails."""
        return 2 if any(name in self.left_out for batch in self.batches[: self.ends_in + 1] for name in batch) else 0


_BATCHES: Sequence[tuple[tuple[str, ...], ...]] = (
    (("c1",), ("c2", "c3")),
    (("c1", "c2", "c3"),),
    (("c1",), ("c2",), ("c3",)),
    (("c1", "c2"), ("c3",)),
)


def make_fleet_plan(seed: int, number: int) -> FleetPlan:
    """Return a run over the fleet.

    A play of somebody's own knows nothing of one set of versions, so no cluster is behind then.
    """
    random = Random(f"fleet {seed}/{number}")
    wants = tuple(random.sample(sorted(OLD), random.choice((1, 2))))
    conditions = {name: random.choices((WELL, FATAL, ASLEEP, FAILS), (12, 2, 1, 3))[0] for name in NAMES}
    ends = random.choice((WHOLE, WHOLE, KILLED, KILLED, LEFT))
    batches = random.choice(_BATCHES)
    may_be_behind = "metrics-server" in wants and conditions[NAMES[0]] == WELL and len(batches[0]) == 1
    return FleetPlan(
        number=number,
        conditions=conditions,
        wants=wants,
        batches=batches,
        blocked=random.choice((STOP, SKIP, SKIP)),
        unavailable=random.choice((STOP, SKIP, SKIP)),
        max_failures=random.choice((0, 0, 1)),
        same_versions=random.random() < 0.8,
        is_first_behind=may_be_behind and ends != LEFT and random.random() < 0.5,
        ends=ends,
        writes=random.randint(1, 3),
        injections=injections(random, 2 * len(wants), by_password=False) if random.random() < 0.4 else (),
    )
