# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The huaweicloud.cce contributors

"""The state of a cluster's upgrade: how it travels from task to task, what comes next, and how long it takes."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import Any, get_args

import pytest
from support.records import CLUSTER, NOW, check, decision, gate, job, risk, state, step, transaction

from ansible_collections.huaweicloud.cce.plugins.module_utils._ground.errors import InputError
from ansible_collections.huaweicloud.cce.plugins.module_utils._rules.gate import Ticket, read_ticket
from ansible_collections.huaweicloud.cce.plugins.module_utils._rules.ticket import packed, unpacked
from ansible_collections.huaweicloud.cce.plugins.module_utils._rules.transaction import (
    ADDONS,
    CHECKS,
    DONE,
    OVER,
    READY,
    RESTORING,
    ROLLING_BACK,
    UPGRADING,
    VERIFY,
    VERIFYING,
    VERIFYING_BACK,
    ClusterUpgrade,
    Phase,
    Transaction,
    read_upgrade,
    sequence_of,
)

PHASES = get_args(Phase)
STARTED = {"addon_instance_id": "i", "type": "addonUpgrade", "task_id": "t", "values_fingerprint": None}
TICKET = Ticket(CLUSTER, "production", [step(), step(name="npd", to=None)], [STARTED])
BACK = {"roll_back": True, "to": "1.28.7", "why": "back"}
FOUND = {"verdict": "broken", "reason": "r", "new_risks": [risk()], "risks": [risk(), risk(None, message=None)]}
FULL: dict[str, Any] = {
    "since": NOW + 0.25,
    "check_ids": ("task-1", "task-2"),
    "sent": True,
    "begun": NOW,
    "duration": 0.1,
    "known": ("A", "B"),
    "before": {"version": "1.28.7", "status": None},
    "after": state(None, None, [risk()]),
    "values_changed": ("basic.image", "custom.a"),
    "sent_settings": "digest-1",
    "settled": "digest-2",
    "settled_at": "2026-08-05T09:31:02Z",
    "problem": "first\nsecond",
    "failure": {"status_code": None, "details": {"way_out": "x"}, "retryable": True},
    "verification": FOUND,
    "verified_again": True,
    "recovery": BACK,
    "rollback_problem": "locked",
    "verified_back": {**FOUND, "verdict": "verified", "reason": None},
    "restore_problem": "locked",
    "advice": ("do this", "or that"),
    "writes": 3,
    "updated_at": "2026-08-05T09:30:44Z",
    "sent_restore": "digest-3",
    "again": TICKET.parts(),
}


def upgrade(*transactions: Transaction, **changes: Any) -> ClusterUpgrade:
    """Return an upgrade that is under way."""
    told: dict[str, Any] = {"started_at": NOW, "since": NOW, "stage": ADDONS, "gate": gate(decision())}
    return ClusterUpgrade(**{"ticket": TICKET, **told, "transactions": transactions, **changes})


def again(one: ClusterUpgrade) -> ClusterUpgrade:
    return read_upgrade(one.text(), now=NOW + 1000)


# The ticket


def test_the_records_of_this_test_leave_nothing_out():
    assert {*FULL, "job", "phase"} == {field.name for field in fields(Transaction)}


@pytest.mark.parametrize("phase", PHASES)
@pytest.mark.parametrize("told", [FULL, {}, {"values_changed": None}, {"known": (), "advice": ()}])
def test_an_upgrade_is_read_as_it_was_written(phase, told):
    plain = Transaction(job=job(**{"from": None, "checked_at": None}), phase=phase)
    one = upgrade(replace(plain, **told), plain)
    assert again(one) == one
    assert again(again(one)).text() == one.text()


@pytest.mark.parametrize("name", sorted(set(FULL) - {"since", "sent", "verified_again", "writes"}))
def test_what_is_not_known_stays_so(name):
    empty: Any = () if name in ("check_ids", "known", "advice") else None
    one = upgrade(replace(transaction(), **{**FULL, name: empty}))
    assert getattr(again(one).transactions[0], name) == empty


@pytest.mark.parametrize(
    "changes",
    [
        {"stage": CHECKS, "gate": None},
        {"stage": OVER, "gate": None, "unavailable": True, "problem": "it hibernates", "failure": None},
        {"stage": OVER, "problem": "no answer", "failure": {"status_code": 500, "details": {}}},
        {"stage": OVER, "gate": gate(decision(blocks=True, verdict="fatal", risks=[risk()]), decision(name="npd"))},
        {"stage": CHECKS, "gate": None, "mode": VERIFY},
        {"stage": OVER, "gate": None, "mode": VERIFY, "checks": (check("addonStatic", risks=[risk()]), check())},
        {"ticket": Ticket(CLUSTER, None, [], None), "gate": None},
    ],
)
def test_an_upgrade_is_read_in_every_stage_as_it_was_written(changes):
    one = upgrade(**changes)
    assert again(one) == one


def test_a_ticket_of_checks_is_an_upgrade_that_has_just_begun():
    begun = read_upgrade(TICKET.text(), now=NOW)
    assert begun == ClusterUpgrade(TICKET, started_at=NOW, since=NOW)
    assert (begun.stage, begun.gate, begun.transactions, begun.writes) == (CHECKS, None, (), 0)


def test_the_ticket_of_an_upgrade_tells_the_gate_the_plan_and_its_checks():
    assert read_ticket(upgrade(transaction()).text()) == TICKET


def test_a_ticket_holds_no_settings():
    step_with_values = step(values={"password": "canary"}, offered=["1"])
    one = upgrade(transaction(), ticket=Ticket(CLUSTER, None, [step_with_values], [{**STARTED, "adopted": True}]))
    assert "canary" not in str(unpacked(one.text()))


def without(path: str, data: Any) -> Any:
    first, _dot, rest = path.partition(".")
    key: Any = int(first) if isinstance(data, list) else first
    inner = {} if not rest else {key: without(rest, data[key])}
    if isinstance(data, list):
        return [inner.get(place, item) for place, item in enumerate(data) if rest or place != key]
    return {name: inner.get(name, item) for name, item in data.items() if rest or name != key}


PLAIN = unpacked(upgrade(transaction()).text())


@pytest.mark.parametrize(
    "data",
    [
        {},
        *({**PLAIN, key: "x"} for key in ("ticket", "gate", "transactions")),
        *({**PLAIN, key: {}} for key in ("ticket", "gate")),
        *(without(key, PLAIN) for key in PLAIN),
        *(without(f"transactions.0.{name}", PLAIN) for name in ("job", "known", "advice")),
        {**PLAIN, "transactions": [{**PLAIN["transactions"][0], "more": 1}]},
        {**PLAIN, "transactions": [[]]},
        {**PLAIN, "transactions": [None]},
        {**PLAIN, "checks": None},
        "text",
        17,
        None,
        [],
    ],
)
def test_what_is_no_upgrade_is_refused(data):
    with pytest.raises(InputError, match="ticket is invalid"):
        read_upgrade(packed(data), now=NOW)


# What comes next


@pytest.mark.parametrize(
    ("transactions", "position"),
    [
        ([], None),
        ([transaction()], None),
        ([transaction(), transaction()], None),
        ([transaction(), transaction(phase=READY)], 1),
        ([transaction(phase=READY), transaction(phase=READY)], 0),
        ([transaction(problem="p"), transaction(phase=READY)], None),
        ([transaction(restore_problem="p"), transaction(phase=READY)], None),
        # What went wrong is taken to its end first.
        ([transaction(problem="p", phase=ROLLING_BACK), transaction(phase=READY)], 0),
        *(([transaction(), transaction(phase=phase)], None if phase == DONE else 1) for phase in PHASES),
    ],
)
def test_one_add_on_after_the_other_until_one_goes_wrong(transactions, position):
    assert upgrade(*transactions).current == position


@pytest.mark.parametrize("phase", PHASES)
def test_it_is_over_with_the_last_add_on(phase):
    one = upgrade(transaction(), transaction(phase=UPGRADING))
    changed = one.with_transaction(1, transaction(phase=phase, duration=9.0))
    assert changed.transactions == (transaction(), transaction(phase=phase, duration=9.0))
    assert changed.is_over is (phase == DONE)
    assert (one.stage, one.transactions[1].phase) == (ADDONS, UPGRADING), "the one before is as it was"


def test_it_is_over_once_one_went_wrong():
    one = upgrade(transaction(phase=UPGRADING), transaction(phase=READY))
    assert not one.with_transaction(0, transaction(phase=ROLLING_BACK, problem="p")).is_over
    assert one.with_transaction(0, transaction(problem="p")).is_over
    assert not one.with_transaction(0, transaction()).is_over


def test_what_was_written_is_counted():
    assert upgrade(transaction(writes=2), transaction(writes=0), transaction(writes=1)).writes == 3


# How many rounds are left


def queued(**changes: Any) -> Transaction:
    return Transaction(job=job(**changes))


@pytest.mark.parametrize(
    ("transactions", "with_check", "without_check"),
    [
        # One round sends, one waits and starts a check, one waits for that.
        ([queued()], 3, 2),
        # The round that judges the check sends what comes next.
        ([queued(), queued()], 5, 3),
        ([queued(restore=True)], 4, 3),
        ([queued(task="resume")], 3, 2),
        ([queued(task="resume", restore=True)], 4, 3),
        ([queued(task="restore", restore=True)], 2, 2),
        ([queued(task="restore", restore=True), queued()], 4, 3),
        ([transaction(), queued()], 3, 2),
        ([transaction(phase=UPGRADING)], 2, 1),
        ([transaction(phase=UPGRADING), queued()], 4, 2),
        ([transaction(phase=UPGRADING, job=job(restore=True))], 3, 2),
        ([transaction(phase="recheck")], 3, 2),
        ([transaction(phase="recheck"), queued()], 5, 3),
        ([transaction(phase=VERIFYING)], 1, 1),
        ([transaction(phase=VERIFYING), queued()], 3, 2),
        ([transaction(phase=VERIFYING, job=job(restore=True))], 2, 2),
        ([transaction(phase=RESTORING)], 1, 1),
        ([transaction(phase=RESTORING), queued()], 3, 2),
        # A rollback, and a check of what runs then. What stands behind it is left as it is.
        ([transaction(phase=ROLLING_BACK, problem="p")], 2, 2),
        ([transaction(phase=ROLLING_BACK, problem="p"), queued()], 2, 2),
        ([transaction(phase=ROLLING_BACK, problem="p", job=job(restore=True))], 3, 3),
        ([transaction(phase=VERIFYING_BACK, problem="p"), queued()], 1, 1),
        ([transaction(phase=VERIFYING_BACK, problem="p", job=job(restore=True)), queued()], 2, 2),
        ([transaction(phase=RESTORING, problem="p", job=job(restore=True)), queued()], 1, 1),
    ],
)
def test_the_rounds_that_are_left_if_nothing_goes_wrong(transactions, with_check, without_check):
    one = upgrade(*transactions)
    assert (one.rounds_left(verifies=True), one.rounds_left(verifies=False)) == (with_check, without_check)


@pytest.mark.parametrize("verifies", [True, False])
@pytest.mark.parametrize("problem", [None, "p"])
@pytest.mark.parametrize("restore", [True, False])
@pytest.mark.parametrize("task", ["upgrade", "resume", "restore"])
@pytest.mark.parametrize("phase", PHASES)
def test_no_round_is_left_if_and_only_if_it_is_over(phase, task, restore, problem, verifies):
    one = transaction(phase=phase, job=job(task=task, restore=restore), problem=problem)
    for others in ((), (queued(),), (transaction(),)):
        # It is over once the last transaction was put in its place.
        found = upgrade(transaction(phase=UPGRADING), *others).with_transaction(0, one)
        assert (found.rounds_left(verifies=verifies) == 0) is found.is_over


@pytest.mark.parametrize(
    ("mode", "verifies", "rounds"), [("upgrade", True, 5), ("upgrade", False, 3), ("verify", True, 1)]
)
def test_what_begins_and_what_ends_has_its_rounds(mode, verifies, rounds):
    assert upgrade(stage=CHECKS, mode=mode).rounds_left(verifies=verifies) == rounds
    assert upgrade(stage=OVER, mode=mode).rounds_left(verifies=True) == 0


# From jobs to transactions


def test_each_job_is_a_transaction_of_its_own():
    jobs = [job(name="a", addon_instance_id="1"), job(name="b", addon_instance_id="2"), job(addon_instance_id=None)]
    found = sequence_of(jobs, {"2": ["New", "Old"], "": ["Other"]})
    assert [item.job for item in found] == jobs
    assert [item.known for item in found] == [(), ("New", "Old"), ("Other",)]
    assert {item.phase for item in found} == {READY}


def test_a_ticket_leaves_out_what_follows_from_the_rest():
    assert "lines" not in unpacked(upgrade().text())["gate"]
    assert again(upgrade()).gate["lines"]
