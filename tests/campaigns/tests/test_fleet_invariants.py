# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The huaweicloud.cce contributors

"""Every invariant of runs over a fleet can fail: a sound story with one thing wrong breaks it, and no other."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from campaigns.faults.fleet_invariants import FLEET_INVARIANTS, FleetAttempt, FleetStory, fleet_broken
from campaigns.faults.fleet_plans import (
    ASLEEP,
    FAILS,
    FATAL,
    KILLED,
    LEFT,
    NAMES,
    NEWEST,
    OLD,
    SKIP,
    STOP,
    WELL,
    WHOLE,
    FleetPlan,
    cluster_id,
    make_fleet_plan,
)

BUDGET, LEFT_OUT, VERSIONS, TWICE, OWN, CONVERGENCE = FLEET_INVARIANTS
ADDON = "metrics-server"
PLAN = FleetPlan(
    number=4,
    conditions=dict.fromkeys(NAMES, WELL),
    wants=(ADDON,),
    batches=(("c1",), ("c2", "c3")),
    blocked=SKIP,
    unavailable=SKIP,
    max_failures=0,
    same_versions=True,
    is_first_behind=False,
)


def request(cluster: str, at: float, kind: str = "PUT", version: str | None = NEWEST[ADDON], worked: int | None = 200):
    path = f"/api/v3/addons/id-of-{cluster}" + ("/operation/rollback" if kind == "rollback" else "")
    body = {"spec": {"version": version}} if kind == "PUT" else {}
    method = "PUT" if kind == "PUT" else "POST"
    return {"method": method, "path": path, "body": body, "status": worked, "worked": worked, "at": at}


def checks(cluster: str, at: float):
    path = f"/api/v3/projects/p/clusters/{cluster_id(cluster)}/addons/precheck"
    return {"method": "POST", "path": path, "body": {}, "status": 201, "worked": 201, "at": at}


def states(*upgraded: str, **others: dict[str, Any]) -> dict[str, Any]:
    found = {}
    for name in NAMES:
        version = NEWEST[ADDON] if name in upgraded else OLD[ADDON]
        state = {"id": f"id-of-{name}", "version": version, "status": "running", **others.get(name, {})}
        found[name] = {ADDON: state}
    return found


def sound(**plan: Any) -> FleetStory:
    """Return a run that went well."""
    requests = [
        item for number, name in enumerate(NAMES) for item in (checks(name, number), request(name, number + 10))
    ]
    return FleetStory(replace(PLAN, **plan), [FleetAttempt(0, requests, states(*NAMES))])


def killed_first() -> FleetStory:
    """Return a run that was killed after it had sent all upgrades, and was finished by the next one."""
    first = FleetAttempt(None, [request(name, 10) for name in NAMES], states(*NAMES))
    second = FleetAttempt(0, [checks(name, 20) for name in NAMES], states(*NAMES))
    return FleetStory(replace(PLAN, batches=(NAMES,), ends=KILLED, writes=3), [first, second])


def failed_first() -> FleetStory:
    """Return a run whose first batch fails and is rolled back, which ends it; and the next one."""
    first = FleetAttempt(2, [request("c1", 10), request("c1", 20, "rollback")], states())
    second = FleetAttempt(0, [request(name, 30) for name in NAMES], states(*NAMES))
    return FleetStory(replace(PLAN, conditions={**PLAN.conditions, "c1": FAILS}), [first, second])


def left_out(condition: str) -> FleetStory:
    """Return a run that leaves out a cluster."""
    asked = [checks("c2", 1)] if condition == FATAL else []
    requests = [*asked, request("c1", 10), request("c3", 11)]
    conditions = {**PLAN.conditions, "c2": condition}
    return FleetStory(replace(PLAN, conditions=conditions), [FleetAttempt(2, requests, states("c1", "c3"))])


def stopped() -> FleetStory:
    """Return a run that ends with its second batch, as a cluster in it is blocked."""
    conditions = {**PLAN.conditions, "c2": FATAL}
    plan = replace(PLAN, conditions=conditions, batches=(("c1",), ("c2",), ("c3",)), blocked=STOP)
    return FleetStory(plan, [FleetAttempt(2, [request("c1", 10), checks("c2", 11)], states("c1"))])


SOUND = {
    "well": sound(),
    "killed": killed_first(),
    "failed": failed_first(),
    "blocked": left_out(FATAL),
    "asleep": left_out(ASLEEP),
    "stopped": stopped(),
}


@pytest.mark.parametrize("story", SOUND.values(), ids=SOUND)
def test_a_sound_story_breaks_nothing(story):
    assert fleet_broken(story) == {}


def with_requests(story: FleetStory, change: Callable[[list[Any]], Any], attempt: int = 0) -> FleetStory:
    attempts = list(story.attempts)
    requests = copy.deepcopy(list(attempts[attempt].requests))
    change(requests)
    attempts[attempt] = replace(attempts[attempt], requests=requests)
    return replace(story, attempts=attempts)


BROKEN = {
    "a batch after the budget": (
        with_requests(failed_first(), lambda asked: asked.append(request("c2", 25, worked=429))),
        BUDGET,
    ),
    "a write to a blocked cluster": (
        with_requests(left_out(FATAL), lambda asked: asked.append(request("c2", 25, worked=403))),
        LEFT_OUT,
    ),
    "a write to a cluster that hibernates": (
        with_requests(left_out(ASLEEP), lambda asked: asked.append(request("c2", 25, worked=400))),
        LEFT_OUT,
    ),
    "a check of a cluster that hibernates": (
        with_requests(left_out(ASLEEP), lambda asked: asked.append(checks("c2", 1))),
        LEFT_OUT,
    ),
    "another version in the second batch": (
        with_requests(sound(), lambda asked: asked[-1]["body"]["spec"].update(version="1.3.37")),
        VERSIONS,
    ),
    "sent again after a kill": (
        with_requests(killed_first(), lambda asked: asked.append(request("c3", 30)), attempt=1),
        TWICE,
    ),
    "sent twice in one attempt": (with_requests(sound(), lambda asked: asked.append(request("c3", 30))), TWICE),
    "a rollback of what an earlier attempt has sent": (
        with_requests(
            replace(killed_first(), plan=replace(killed_first().plan, max_failures=3)),
            lambda asked: asked.append(request("c3", 30, "rollback", worked=500)),
            attempt=1,
        ),
        OWN,
    ),
    "a cluster that is not finished": (
        replace(sound(), attempts=[replace(sound().attempts[0], states=states("c1", "c2"))]),
        CONVERGENCE,
    ),
    "an add-on that does not run": (
        replace(sound(), attempts=[replace(sound().attempts[0], states=states(*NAMES, c1={"status": "abnormal"}))]),
        CONVERGENCE,
    ),
    "an exit code that hides what was left out": (
        replace(left_out(FATAL), attempts=[replace(left_out(FATAL).attempts[0], code=0)]),
        CONVERGENCE,
    ),
}


@pytest.mark.parametrize(("story", "invariant"), BROKEN.values(), ids=BROKEN)
def test_one_thing_wrong_breaks_its_invariant_and_no_other(story, invariant):
    assert set(fleet_broken(story)) == {invariant}


def test_every_invariant_is_seen_to_fail():
    assert {invariant for _story, invariant in BROKEN.values()} == set(FLEET_INVARIANTS)


def test_batches_may_take_versions_of_their_own():
    story = with_requests(sound(same_versions=False), lambda asked: asked[-1]["body"]["spec"].update(version="1.3.37"))
    assert fleet_broken(story) == {}


def test_what_a_person_has_rolled_back_may_be_sent_again():
    story = with_requests(killed_first(), lambda asked: asked.append(request("c3", 30)), attempt=1)
    assert fleet_broken(replace(story, by_hand={("c3", ADDON): 1})) == {}


# Plans


def test_a_plan_follows_from_seed_and_number():
    assert make_fleet_plan(7, 4) == make_fleet_plan(7, 4)
    assert make_fleet_plan(7, 4) != make_fleet_plan(7, 8)


def test_the_plans_of_a_campaign_have_everything_in_store():
    plans = [make_fleet_plan(7, number) for number in range(0, 500, 4)]
    assert {plan.ends for plan in plans} == {WHOLE, KILLED, LEFT}
    assert {condition for plan in plans for condition in plan.conditions.values()} == {WELL, FATAL, ASLEEP, FAILS}
    assert {len(plan.batches) for plan in plans} == {1, 2, 3}
    for attribute in ("is_first_behind", "same_versions", "blocked", "unavailable", "max_failures", "injections"):
        assert len({bool(getattr(plan, attribute)) or getattr(plan, attribute) for plan in plans}) >= 1
    assert any(plan.is_first_behind and plan.same_versions for plan in plans)
    assert any(plan.injections for plan in plans)


@pytest.mark.parametrize(
    ("conditions", "blocked", "reached", "code"),
    [
        ({}, STOP, NAMES, 0),
        ({"c2": FATAL}, SKIP, ("c1", "c3"), 2),
        ({"c2": FATAL}, STOP, ("c1", "c3"), 2),
        ({"c1": FATAL}, STOP, (), 2),
        ({"c1": FATAL}, SKIP, ("c2", "c3"), 2),
        ({"c1": FAILS}, STOP, NAMES, 0),
    ],
)
def test_what_an_undisturbed_run_leaves(conditions, blocked, reached, code):
    plan = replace(PLAN, conditions={**PLAN.conditions, **conditions}, blocked=blocked)
    assert (plan.reached, plan.code) == (reached, code)


def test_the_first_cluster_decides_on_the_version_of_all():
    plan = replace(PLAN, is_first_behind=True)
    assert plan.targets("c3") == {ADDON: "1.3.37"}
    assert replace(plan, same_versions=False).targets("c3") == {ADDON: NEWEST[ADDON]}
