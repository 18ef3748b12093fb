# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The huaweicloud.cce contributors

# Private to the collection: it may change in any release. Do not import it from outside.
"""The upgrade of the add-ons of one cluster, as far as it has come: what is awaited, and what was found. Pure.

It travels from task to task as a ticket, so that a task can end when it would have to wait for CCE.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, Final, Literal, Optional, TypedDict

from .gate import GateResult, Ticket, gate_lines, ticket_of
from .recovery import CARRY_OUT, RESTORE, Job, Recovery, Verification
from .ticket import invalid_ticket, packed, unpacked
from .verdict import Check, Risk
from .wants import CHANGES

# What the upgrade of a cluster is at.
Stage = Literal["checks", "addons", "predicted", "later", "over"]
CHECKS: Final = "checks"  # checks were started: their results are awaited, then the gate judges
ADDONS: Final = "addons"  # the gate has judged: the add-ons are upgraded, one after the other
PREDICTED: Final = "predicted"  # in check mode, the gate has judged: outside of it, this is no end
LATER: Final = "later"  # some time after the upgrade, checks of the add-ons were started: their results are awaited
OVER: Final = "over"  # there is nothing left to do

# What is done with a cluster.
Mode = Literal["upgrade", "verify"]
VERIFY: Final = "verify"  # its running add-ons are checked, and nothing is changed

# What the upgrade of an add-on is at.
Phase = Literal["ready", "recheck", "upgrade", "verify", "rollback", "verify_back", "restore", "done"]
READY: Final = "ready"  # nothing was sent
RECHECK: Final = "recheck"  # its check had become too old: new ones were started
UPGRADING: Final = "upgrade"  # the upgrade was sent: its end is awaited
VERIFYING: Final = "verify"  # a check of the running add-on was started
ROLLING_BACK: Final = "rollback"  # the rollback was sent
VERIFYING_BACK: Final = "verify_back"  # a check of the add-on after its rollback was started
RESTORING: Final = "restore"  # the sync strategy of before was sent
DONE: Final = "done"


class AddonState(TypedDict):
    """An add-on at one moment."""

    version: Optional[str]
    status: Optional[str]


class CheckedState(AddonState):
    """An add-on at one moment, with the risks that its check found; None if it was not checked."""

    risks: Optional[list[Risk]]


@dataclass(frozen=True)
class Transaction:
    """The upgrade of one add-on, as far as it has come. Times are in seconds since 1970.

    Attributes:
        job: What is to be done.
        phase: What it is at.
        since: When that was sent.
        check_ids: The check tasks that are awaited.
        sent: Whether this run has sent the upgrade, or may have.
        begun: When its upgrade began; None if it did not.
        duration: Seconds that the upgrade took; None if it did not end.
        known: Names of the Fatal risks that the add-on had before.
        before: The add-on as it was.
        after: The add-on as it was read last.
        values_changed: Settings that the upgrade changes, by dotted path; None if they are not known.
        sent_settings: Digest of the settings that were sent.
        settled: Digest of the settings right after the upgrade.
        settled_at: When the add-on was changed last by then, as the API wrote it.
        problem: What went wrong, in words.
        failure: The same for programs.
        verification: What the check of the running add-on told.
        verified_again: Whether that check was repeated, as somebody else has changed the add-on meanwhile.
        recovery: Whether it is rolled back, and why or why not.
        rollback_problem: Why the rollback failed.
        verified_back: What the check after the rollback told.
        restore_problem: Why the sync strategy was not set back.
        advice: What else is left for a person to do.
        writes: How many requests of this run have changed the add-on, or may have.
        updated_at: When the add-on was changed last before the write that is awaited, as the API wrote it.
        sent_restore: Digest of the settings that were sent to set the sync strategy back.
        again: While its checks are made again: the parts of their ticket.
    """

    job: Job
    phase: Phase = READY
    since: float = 0.0
    check_ids: tuple[str, ...] = ()
    sent: bool = False
    begun: Optional[float] = None
    duration: Optional[float] = None
    known: tuple[str, ...] = ()
    before: Optional[AddonState] = None
    after: Optional[CheckedState] = None
    values_changed: Optional[tuple[str, ...]] = ()
    sent_settings: Optional[str] = None
    settled: Optional[str] = None
    settled_at: Optional[str] = None
    problem: Optional[str] = None
    failure: Optional[dict[str, Any]] = None
    verification: Optional[Verification] = None
    verified_again: bool = False
    recovery: Optional[Recovery] = None
    rollback_problem: Optional[str] = None
    verified_back: Optional[Verification] = None
    restore_problem: Optional[str] = None
    advice: tuple[str, ...] = ()
    writes: int = 0
    updated_at: Optional[str] = None
    sent_restore: Optional[str] = None
    again: Optional[list[Any]] = None

    @property
    def is_bad(self) -> bool:
        """Whether something went wrong with the add-on."""
        return self.problem is not None or self.restore_problem is not None

    @property
    def restores(self) -> bool:
        """Whether the sync strategy is set back at its end.

        After an upgrade that failed and was perhaps sent by somebody else, it is left as it is. A later run sets it
        back.
        """
        return self.job["restore"] and (self.job["task"] == CARRY_OUT or self.problem is None)

    def rounds_left(self, *, verifies: bool) -> int:
        """Return for how many rounds something of the add-on is awaited, if nothing goes wrong.

        Args:
            verifies: Whether it is checked while it runs.
        """
        if self.phase == DONE:
            return 0
        if self.phase == RESTORING or self.job["task"] == RESTORE:
            return 1
        awaited = {VERIFYING_BACK: 1, ROLLING_BACK: 2, VERIFYING: 1, RECHECK: 2 + verifies}
        return awaited.get(self.phase, 1 + verifies) + self.restores


@dataclass(frozen=True)
class ClusterUpgrade:
    """The upgrade of the add-ons of one cluster, as far as it has come. Times are in seconds since 1970.

    Attributes:
        ticket: The plan, and the checks that were started for it.
        started_at: When the upgrade of the cluster began.
        stage: What it is at.
        since: When that began.
        mode: What is done.
        settings: The options that it began with; None if it has not begun.
        unavailable: Whether the cluster is in a phase in which nothing can be done with it.
        checks: In the mode `verify`: the checks of the running add-ons.
        gate: What the gate decided; None before that.
        transactions: The add-ons with which there is something to do, in upgrade order.
        ended_at: When the upgrade of the cluster ended; None if it did not.
        still_well: Whether its add-ons ran well some time later; None if nobody has looked.
        problem: What stopped it outside of a transaction, in words.
        failure: The same for programs.
        diffs: What the task changes, or would change, as Ansible shows differences. It is not in the ticket.
    """

    ticket: Ticket
    started_at: float
    stage: Stage = CHECKS
    since: float = 0.0
    mode: Mode = "upgrade"
    settings: Optional[dict[str, Any]] = None
    unavailable: bool = False
    checks: tuple[Check, ...] = ()
    gate: Optional[GateResult] = None
    transactions: tuple[Transaction, ...] = ()
    ended_at: Optional[float] = None
    still_well: Optional[bool] = None
    problem: Optional[str] = None
    failure: Optional[dict[str, Any]] = None
    diffs: tuple[dict[str, Any], ...] = ()

    @property
    def is_over(self) -> bool:
        """Whether there is nothing left to wait for or to send."""
        return self.stage in (OVER, PREDICTED)

    @property
    def current(self) -> int | None:
        """The position of the transaction that is under way or comes next; None if there is none.

        After one that went wrong, the add-ons behind it are left as they are.
        """
        for position, transaction in enumerate(self.transactions):
            if transaction.phase != DONE:
                return position
            if transaction.is_bad:
                return None
        return None

    @property
    def writes(self) -> int:
        """How many requests of this run have changed an add-on, or may have."""
        return sum(transaction.writes for transaction in self.transactions)

    def with_transaction(self, position: int, transaction: Transaction) -> ClusterUpgrade:
        """Return it with another transaction at a position; it is over if that was the last one."""
        transactions = [*self.transactions]
        transactions[position] = transaction
        changed = replace(self, transactions=tuple(transactions))
        return replace(changed, stage=OVER) if changed.current is None else changed

    def text(self) -> str:
        """Return it as a ticket."""
        gate = None if self.gate is None else {key: value for key, value in self.gate.items() if key != "lines"}
        told = {name: getattr(self, name) for name in _PLAIN}
        transactions = [asdict(transaction) for transaction in self.transactions]
        return packed({"ticket": self.ticket.parts(), **told, "gate": gate, "transactions": transactions})

    def rounds_left(self, *, verifies: bool) -> int:
        """Return how many rounds it takes if nothing goes wrong. It is 0 if and only if it is over.

        Before the gate has judged, it is the number for a gate that lets pass all that is planned.

        Args:
            verifies: Whether upgraded add-ons are checked while they run.
        """
        if self.is_over:
            return 0
        if self.stage == CHECKS and self.mode != VERIFY:
            return 1 + (1 + verifies) * sum(step["action"] in CHANGES for step in self.ticket.plan)
        if self.stage in (CHECKS, LATER):
            return 1
        left = 0
        for transaction in self.transactions:
            left += transaction.rounds_left(verifies=verifies)
            if transaction.is_bad:
                break
        is_next_sent = self.current is not None and self.transactions[self.current].phase != READY
        return max(1, left + (not is_next_sent))


_PLAIN = (
    "started_at",
    "stage",
    "since",
    "mode",
    "settings",
    "unavailable",
    "checks",
    "ended_at",
    "still_well",
    "problem",
    "failure",
)


def read_upgrade(text: str, *, now: float) -> ClusterUpgrade:
    """Return the upgrade that a ticket is about. One that tells a plan and its checks only has just begun.

    Raises:
        InputError: The text is no ticket.
    """
    data = unpacked(text)
    try:
        if not isinstance(data, Mapping):
            return ClusterUpgrade(ticket_of(data), started_at=now, since=now)
        return ClusterUpgrade(
            ticket=ticket_of(data["ticket"]),
            gate=None if data["gate"] is None else _read_gate(data["gate"]),
            transactions=tuple(_read_transaction(item) for item in data["transactions"]),
            **{**{name: data[name] for name in _PLAIN}, "checks": tuple(data["checks"])},
        )
    except (KeyError, TypeError, ValueError):
        raise invalid_ticket() from None


def _read_gate(data: GateResult) -> GateResult:
    return {**data, "lines": gate_lines(data)}


_TUPLES = ("check_ids", "known", "values_changed", "advice")


def _read_transaction(data: Mapping[str, Any]) -> Transaction:
    lists = {name: tuple(data[name]) for name in _TUPLES if data[name] is not None}
    return Transaction(**{**data, **lists})


def sequence_of(jobs: Sequence[Job], known: Mapping[str, Sequence[str]]) -> tuple[Transaction, ...]:
    """Return the transactions of jobs, in their order.

    Args:
        jobs: What is to be done.
        known: Names of the Fatal risks that each add-on has now, by instance id.
    """
    return tuple(Transaction(job=job, known=tuple(known.get(job["addon_instance_id"] or "", ()))) for job in jobs)
