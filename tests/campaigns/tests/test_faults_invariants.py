# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The huaweicloud.cce contributors

"""Every invariant of the campaign can fail: a sound story with one thing wrong breaks it, and no other."""

from __future__ import annotations

import copy
import datetime
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from campaigns.faults.injections import COLLEAGUE, FAILS, LABELS, happened
from campaigns.faults.invariants import INVARIANTS, Attempt, Intervention, Story, broken
from campaigns.faults.plans import BETWEEN, FATAL, LISTED, SECOND, TWINS, WARNING, Addon, Colleague, Plan, make_plan
from campaigns.faults.plans import GATE as AT_GATE

GATE, ALONE, ONCE, SETTINGS, CONVERGENCE, MESSAGE, WHOLE, COLLEAGUES, UNWANTED = INVARIANTS
STRATEGY = "parameterSyncStrategy"
DNS = {"basic": {"image_version": "1"}, "custom": {STRATEGY: "ensureConsistent", "zones": ["a"]}}
NEW_DNS = {"basic": {"image_version": "2"}, "custom": {STRATEGY: "ensureConsistent", "zones": ["a"], "by_hand": 1}}
SENT_DNS = {**NEW_DNS, "custom": {STRATEGY: "inherit", "zones": ["a"]}}
METRICS = {"basic": {"image_version": "1"}, "custom": {"logLevel": 4}}
NEW_METRICS = {"basic": {"image_version": "2"}, "custom": {"logLevel": 4, "more": True}}
COREDNS = Addon("coredns", "1.0", DNS, "2.0", NEW_DNS, {"name": "coredns", "sync_strategy": "inherit"})
SERVER = Addon("metrics-server", "1.0", METRICS, "2.0", NEW_METRICS, None)
PLAN = Plan(
    number=1,
    addons=(COREDNS, SERVER),
    wants=(COREDNS.want, "all"),
    fail_on_warning=False,
    skip_blocked=False,
    by_password=False,
    injections=(),
    kill=None,
)
RISK = {"riskName": "AddonStatus", "level": "Fatal", "status": "Failed", "message": "no pod is ready"}


def put(addon: str, values: Any, at: float, version: str = "2.0", status: int | None = 200, worked: int | None = 200):
    spec = {"addonTemplateName": addon, "version": version, "values": values}
    path = f"/api/v3/addons/id-of-{addon}"
    return {"method": "PUT", "path": path, "body": {"spec": spec}, "status": status, "worked": worked, "at": at}


def rollback(addon: str, at: float):
    path = f"/api/v3/addons/id-of-{addon}/operation/rollback"
    return {"method": "POST", "path": path, "body": {}, "status": 200, "worked": 200, "at": at}


def check(at: float, **values: Any):
    """Return the request for checks of the upgrades of some add-ons, with the values that they would send."""
    items = [
        {
            "addonTemplateName": "any",
            "addonInstanceID": f"id-of-{name.replace('_', '-')}",
            "type": "addonUpgrade",
            "targetVersion": "2.0",
            "values": sent,
        }
        for name, sent in values.items()
    ]
    body = {"spec": {"addonList": items}}
    return {"method": "POST", "path": "/precheck", "body": body, "status": 201, "worked": 201, "at": at}


def task(addon: str, at: float, *risks: dict[str, str]):
    created = datetime.datetime.fromtimestamp(at, tz=datetime.timezone.utc).isoformat(timespec="microseconds")
    metadata = {"addonInstanceID": f"id-of-{addon}", "type": "addonUpgrade", "createTimeStamp": created}
    return {"metadata": metadata, "status": {"status": "Success", "riskList": list(risks)}}


def state(addon: str, version: str, values: Any, **others: Any):
    return {"id": f"id-of-{addon}", "version": version, "values": values, "status": "running", "writes": 0, **others}


def sound() -> Story:
    """Return a run that went well: two upgrades, and the strategy set back."""
    requests = [
        check(100, coredns=SENT_DNS, metrics_server=NEW_METRICS),
        put("coredns", SENT_DNS, 110),
        put("coredns", NEW_DNS, 120),
        put("metrics-server", NEW_METRICS, 130),
    ]
    addons = {
        "coredns": state("coredns", "2.0", NEW_DNS, writes=2),
        "metrics-server": state("metrics-server", "2.0", NEW_METRICS, writes=1),
    }
    return Story(PLAN, [Attempt(0, requests, addons)], [task("coredns", 100), task("metrics-server", 100)])


def with_requests(story: Story, change: Callable[[list[Any]], Any]) -> Story:
    requests = copy.deepcopy(list(story.attempts[0].requests))
    change(requests)
    return replace(story, attempts=[replace(story.attempts[0], requests=requests)])


def with_addons(story: Story, **addons: Any) -> Story:
    changed = {**story.attempts[0].addons, **{name.replace("_", "-"): addon for name, addon in addons.items()}}
    return replace(story, attempts=[replace(story.attempts[0], addons=changed)])


def with_attempt(story: Story, **attributes: Any) -> Story:
    return replace(story, attempts=[replace(story.attempts[0], **attributes)])


def with_tasks(story: Story, *tasks: Any) -> Story:
    return replace(story, tasks=tasks)


def failed_first(*failures: str, output: str = "") -> Story:
    """Return a run whose first attempt failed before it did anything, with these messages."""
    was = {
        "coredns": state("coredns", "1.0", DNS),
        "metrics-server": state("metrics-server", "1.0", METRICS),
    }
    return replace(sound(), attempts=[Attempt(2, [], was, failures, output), *sound().attempts])


def stopped(**plan: Any) -> Story:
    """Return a run of a plan in which something blocks, and that left everything as it was."""
    addons = plan.pop("addons", (COREDNS, replace(SERVER, finds=FATAL)))
    was = {
        "coredns": state("coredns", "1.0", DNS),
        "metrics-server": state("metrics-server", "1.0", METRICS),
    }
    story = replace(sound(), plan=replace(PLAN, addons=addons, **plan))
    return with_attempt(story, code=2, requests=[], addons=was, failures=["NOTHING WAS UPGRADED"])


def names(story: Story) -> set[str]:
    return set(broken(story))


@pytest.mark.parametrize(
    "story",
    [
        sound(),
        failed_first("Could not list the add-ons: 503"),
        failed_first("Could not upgrade it: 503", "coredns: FAILED\n  happened: Could not upgrade it: 503"),
        stopped(),
        stopped(addons=(COREDNS, replace(SERVER, finds=WARNING)), fail_on_warning=True),
    ],
    ids=["all upgraded", "failed first", "told twice, last in full", "blocked", "blocked by a warning"],
)
def test_sound_stories_break_nothing(story):
    assert broken(story) == {}


@pytest.mark.parametrize(
    "story",
    [
        with_tasks(sound(), task("coredns", 100, RISK), task("metrics-server", 100)),
        with_tasks(sound(), task("coredns", 100), task("metrics-server", 100), task("metrics-server", 120, RISK)),
        with_tasks(sound(), task("coredns", 100), task("metrics-server", 129)),
        with_tasks(sound(), task("coredns", 100)),
        with_tasks(sound(), task("coredns", 100), task("metrics-server", 131)),
        with_requests(sound(), lambda log: log[0]["body"]["spec"]["addonList"][1].update(values={"custom": {}})),
        with_requests(sound(), lambda log: log[0]["body"]["spec"]["addonList"][1].update(targetVersion="1.5")),
        with_requests(sound(), lambda log: log[0].update(worked=None)),
    ],
    ids=[
        "Fatal", "Fatal in the last of two", "not finished", "never checked", "checked afterwards",
        "checked with other settings", "checked for another version", "the check never reached the service",
    ],
)  # fmt: skip
def test_a_write_past_a_check_that_blocks_is_found(story):
    assert names(story) == {GATE}


def test_a_warning_blocks_where_the_plan_says_so():
    warned = task("metrics-server", 100, {**RISK, "level": "Warning"})
    story = with_tasks(sound(), task("coredns", 100), warned)
    assert names(story) == set()
    assert names(replace(story, plan=replace(PLAN, fail_on_warning=True))) == {GATE}


@pytest.mark.parametrize("values", [{**NEW_DNS, "custom": {STRATEGY: "ensureConsistent"}}, {"custom": {}}])
def test_a_write_that_sets_the_strategy_back_may_change_nothing_else(values):
    story = with_requests(sound(), lambda log: log[2]["body"]["spec"].update(values=values))
    assert GATE in names(story)


def test_a_write_that_nobody_wants_is_found():
    deleted = {**put("coredns", {}, 140), "method": "DELETE", "body": None}
    assert names(with_requests(sound(), lambda log: log.append(deleted))) == {GATE}


def test_a_second_write_while_one_is_under_way_is_found():
    refused = put("metrics-server", NEW_METRICS, 131, status=429, worked=429)
    assert names(with_requests(sound(), lambda log: log.append(refused))) == {ALONE}


def test_a_lock_that_only_a_fault_has_told_of_is_no_second_write():
    story = with_requests(
        sound(), lambda log: log.insert(3, put("metrics-server", NEW_METRICS, 129, status=429, worked=None))
    )
    assert names(story) == set()


@pytest.mark.parametrize(("status", "worked"), [(None, None), (None, 200), (502, None), (502, 200), (200, 200)])
def test_the_same_write_again_is_found_unless_it_was_refused(status, worked):
    story = with_requests(
        sound(), lambda log: log.insert(3, put("metrics-server", NEW_METRICS, 129, status=status, worked=worked))
    )
    assert names(story) == {ONCE}


def test_an_upgrade_that_another_attempt_has_carried_out_is_not_to_be_sent_again():
    first, again = sound().attempts[0], [put("metrics-server", NEW_METRICS, 200)]
    story = replace(sound(), attempts=[first, replace(first, requests=again)])
    assert names(story) == {ONCE}
    back = replace(first, requests=[*first.requests, rollback("metrics-server", 140)])
    assert names(replace(story, attempts=[back, story.attempts[1]])) == set()


@pytest.mark.parametrize("lost", [{"logLevel": 2, "more": True}, {"more": True}, {"logLevel": 4}, {}])
def test_a_lost_setting_is_found(lost):
    values = {**NEW_METRICS, "custom": lost}
    story = with_addons(sound(), metrics_server=state("metrics-server", "2.0", values))
    assert names(story) == {SETTINGS, CONVERGENCE}


def test_a_setting_that_is_lost_between_two_attempts_is_found():
    story = failed_first("Could not go on")
    changed = {**story.attempts[0].addons, "coredns": state("coredns", "1.0", {**DNS, "custom": {}})}
    assert names(replace(story, attempts=[replace(story.attempts[0], addons=changed), story.attempts[1]])) == {SETTINGS}


def test_an_add_on_that_is_gone_is_found():
    story = with_attempt(sound(), addons={"coredns": sound().attempts[0].addons["coredns"]})
    assert {SETTINGS, CONVERGENCE} <= names(story)


@pytest.mark.parametrize(
    "story",
    [
        with_addons(sound(), metrics_server=state("metrics-server", "1.0", METRICS)),
        with_addons(sound(), metrics_server=state("metrics-server", "2.0", NEW_METRICS, status="upgrading")),
        with_addons(
            sound(),
            coredns=state("coredns", "2.0", {**NEW_DNS, "custom": {**NEW_DNS["custom"], STRATEGY: "inherit"}}),
        ),
        with_attempt(sound(), code=2, failures=["it went wrong"]),
        with_attempt(stopped(), code=0, failures=[]),
        with_addons(stopped(), coredns=state("coredns", "1.0", DNS, writes=1)),
    ],
    ids=[
        "not at its target", "still under way", "the strategy is left over", "failed for no reason",
        "passed although something blocks", "touched although something blocks",
    ],
)  # fmt: skip
def test_a_rerun_that_does_not_converge_is_found(story):
    assert names(story) == {CONVERGENCE}


@pytest.mark.parametrize(
    "story",
    [
        failed_first(),
        failed_first(" "),
        failed_first("Could not read it: 503", "Could not write it: 502"),
        failed_first("huaweicloud.cce ran into a bug of its own (KeyError)"),
        failed_first("'dict object' has no attribute 'checks'"),
        failed_first("Could not read it: 503", output="Traceback (most recent call last):"),
        replace(sound(), attempts=[replace(failed_first("it broke").attempts[0], code=250), *sound().attempts]),
    ],
    ids=["no word", "an empty one", "two messages", "our mistake", "a template's mistake", "traceback", "exit code"],
)
def test_a_failure_that_does_not_say_why_is_found(story):
    assert names(story) == {MESSAGE}


# Whatever the list answer leaves out


@pytest.mark.parametrize(
    "sent",
    [
        {"basic": {"image_version": "2"}, "custom": {"more": True}},
        {"basic": {"image_version": "2"}, "custom": {"logLevel": 2, "more": True}},
        {"basic": {"image_version": "2"}},
    ],
    ids=["left out", "the default", "all left out"],
)
def test_a_write_that_leaves_a_setting_out_is_found_although_the_service_refused_it(sent):
    refused = put("metrics-server", sent, 129, status=400, worked=400)
    story = with_requests(sound(), lambda log: log.insert(3, refused))
    assert names(story) == {GATE, WHOLE}


def test_a_write_may_change_what_the_user_wants_changed_and_nothing_beside():
    want = {"name": "metrics-server", "values": {"custom": {"logLevel": 7}}}
    sent = {**NEW_METRICS, "custom": {"logLevel": 7, "more": True}}
    plan = replace(PLAN, addons=(COREDNS, replace(SERVER, want=want, expected=sent)))
    story = with_requests(
        replace(sound(), plan=plan),
        lambda log: [
            log[0]["body"]["spec"]["addonList"][1].update(values=sent),
            log[3]["body"]["spec"].update(values=sent),
        ],
    )
    assert names(with_addons(story, metrics_server=state("metrics-server", "2.0", sent))) == set()


def test_settings_beside_custom_count_too():
    plan = replace(PLAN, addons=(COREDNS, replace(SERVER, values={**METRICS, "multiAZPreferred": True})))
    assert names(replace(sound(), plan=plan)) == {WHOLE}


def test_an_add_on_that_tells_no_settings_must_be_left_alone():
    plan = replace(PLAN, addons=(COREDNS, replace(SERVER, silent=True)), skip_blocked=True)
    assert {SETTINGS, CONVERGENCE} <= names(with_attempt(replace(sound(), plan=plan), code=2, failures=["not told"]))


# Twins

FIRST = replace(SERVER, name=TWINS, template=TWINS, want={"name": TWINS, "addon_instance_id": f"id-of-{TWINS}"})
TWIN = replace(SERVER, name=SECOND, template=TWINS, wanted=False, want=None)


def two_ingresses(twin: Addon = TWIN) -> Story:
    """Return a run that upgraded one of two twins, or both."""
    requests = [check(100, nginx_ingress=NEW_METRICS), put(TWINS, NEW_METRICS, 130)]
    tasks = [task(TWINS, 100)]
    addons = {TWINS: state(TWINS, "2.0", NEW_METRICS, writes=1), SECOND: state(SECOND, "1.0", METRICS)}
    if twin.wanted:
        requests += [check(140, nginx_second=NEW_METRICS), put(SECOND, NEW_METRICS, 150)]
        tasks.append(task(SECOND, 140))
        addons[SECOND] = state(SECOND, "2.0", NEW_METRICS, writes=1)
    plan = replace(PLAN, addons=(FIRST, twin), wants=(FIRST.want,))
    return Story(plan, [Attempt(0, requests, addons)], tasks)


@pytest.mark.parametrize("twin", [TWIN, replace(TWIN, wanted=True)], ids=["one of them", "both"])
def test_twins_that_are_upgraded_as_they_are_wanted_break_nothing(twin):
    assert broken(two_ingresses(twin)) == {}


@pytest.mark.parametrize(
    "request_",
    [
        put(SECOND, NEW_METRICS, 140),
        put(SECOND, METRICS, 140, version="1.0", status=400, worked=400),
        rollback(SECOND, 140),
        {**put(SECOND, {}, 140), "method": "DELETE", "body": None},
    ],
    ids=["upgraded", "edited in vain", "rolled back", "deleted"],
)
def test_a_write_to_a_twin_that_nobody_wants_is_found(request_):
    assert UNWANTED in names(with_requests(two_ingresses(), lambda log: log.append(request_)))


def test_a_check_of_one_twin_is_none_of_the_other():
    story = two_ingresses(replace(TWIN, wanted=True))
    assert names(replace(story, tasks=[task(TWINS, 100), task(TWINS, 140)])) == {GATE}
    swapped = with_requests(
        story, lambda log: log[2]["body"]["spec"]["addonList"][0].update(addonInstanceID=f"id-of-{TWINS}")
    )
    assert names(swapped) == {GATE}


# A colleague

CONSOLE = {**METRICS, "custom": {"logLevel": 4, "colleague": 7}}
BOTH = {**NEW_METRICS, "custom": {**NEW_METRICS["custom"], "colleague": 7}}
EDIT = Colleague("metrics-server", None, {"colleague": 7}, moment=3)


def edited_before(sent: Any = None, checked_at: float = 100) -> Story:
    """Return a run before whose check a colleague made a setting."""
    sent = BOTH if sent is None else sent
    story = with_requests(
        sound(),
        lambda log: [
            log[0]["body"]["spec"]["addonList"][1].update(values=sent),
            log[3]["body"]["spec"].update(values=sent),
        ],
    )
    story = with_addons(story, metrics_server=state("metrics-server", "2.0", sent, writes=2))
    story = with_tasks(story, task("coredns", 100), task("metrics-server", checked_at))
    return replace(story, intervention=Intervention(EDIT, 1, 95, "1.0", CONSOLE))


def upgraded_by_a_colleague(*requests: Any, fails: bool = False, status: str = "running") -> Story:
    """Return a run in which a colleague has sent the upgrade of an add-on, and what the run has asked for after it."""
    did = replace(EDIT, version="2.0", fails=fails)
    story = with_requests(sound(), lambda log: [log.pop(3), *(log.append(item) for item in requests)])
    story = with_addons(story, metrics_server=state("metrics-server", "2.0", BOTH, writes=1, status=status))
    return replace(story, intervention=Intervention(did, 1, 125, "2.0", BOTH))


def test_a_colleague_whose_settings_are_kept_breaks_nothing():
    assert broken(edited_before()) == {}
    assert broken(upgraded_by_a_colleague()) == {}
    assert broken(upgraded_by_a_colleague(fails=True, status="upgradeFailed")) == {}


def test_a_colleague_between_two_attempts_breaks_nothing():
    before = failed_first("Could not go on")
    later = replace(edited_before(), attempts=[before.attempts[0], *edited_before().attempts])
    assert broken(replace(later, intervention=replace(later.intervention, attempt=2))) == {}
    early = replace(later, intervention=replace(later.intervention, attempt=1))
    assert names(early) == {SETTINGS}, "after the first attempt, the colleague's setting was not there"


def test_a_setting_of_a_colleague_that_is_lost_is_found():
    assert names(edited_before(sent=NEW_METRICS)) == {SETTINGS, CONVERGENCE, WHOLE}


def test_a_write_of_what_a_colleague_has_changed_since_it_was_checked_is_found():
    story = edited_before()
    late = replace(story, intervention=replace(story.intervention, at=105))
    assert names(late) == {GATE}


def test_a_write_that_the_writing_colleague_keeps_out_loses_nothing():
    refused = put("metrics-server", NEW_METRICS, 130, status=429, worked=429)
    assert names(upgraded_by_a_colleague(refused)) == {ALONE}


@pytest.mark.parametrize("fails", [False, True])
def test_a_rollback_of_what_a_colleague_has_sent_is_found(fails):
    assert COLLEAGUES in names(upgraded_by_a_colleague(rollback("metrics-server", 140), fails=fails))


def test_a_rollback_of_what_the_run_has_sent_itself_after_the_colleague_is_none_of_the_colleagues():
    own = put("metrics-server", BOTH, 135)
    assert COLLEAGUES not in names(upgraded_by_a_colleague(own, rollback("metrics-server", 140)))
    story = edited_before()
    assert COLLEAGUES not in names(with_requests(story, lambda log: log.append(rollback("metrics-server", 140))))


def test_the_end_of_a_colleague_whose_upgrade_fails_is_not_foretold():
    story = upgraded_by_a_colleague(fails=True, status="upgradeFailed")
    assert names(with_attempt(story, code=2, failures=["metrics-server is upgradeFailed"])) == set()
    fine = replace(story.intervention, did=replace(story.intervention.did, fails=False))
    assert names(replace(story, intervention=fine)) == {CONVERGENCE}


def test_a_plan_follows_from_seed_and_number():
    assert make_plan(7, 3) == make_plan(7, 3)
    assert make_plan(7, 3) != make_plan(7, 4)
    assert make_plan(7, 3) != make_plan(8, 3)


def test_five_hundred_runs_have_everything_in_store():
    plans = [make_plan(1, number) for number in range(1, 501)]
    assert {injection.kind for plan in plans for injection in plan.injections} == set(LABELS) - {FAILS, COLLEAGUE}
    assert all(
        [plan.kill for plan in plans].count(None) < 500 and any(condition(plan) for plan in plans)
        for condition in (
            lambda plan: plan.blocked and plan.skip_blocked,
            lambda plan: plan.blocked and not plan.skip_blocked,
            lambda plan: any(addon.fails for addon in plan.addons),
            lambda plan: any("drift" in addon.condition and addon.finds != FATAL for addon in plan.addons),
            lambda plan: any(not addon.wanted for addon in plan.addons),
            lambda plan: not any(addon.changes for addon in plan.addons),
            lambda plan: any(addon.changes and addon.version == addon.target for addon in plan.addons),
            lambda plan: any(addon.silent for addon in plan.addons) and plan.skip_blocked,
            lambda plan: twins(plan) == [True, True] and not by_id(plan),
            lambda plan: twins(plan) == [True, True] and by_id(plan),
            lambda plan: sorted(twins(plan)) == [False, True],
            lambda plan: plan.colleague and plan.colleague.fails and plan.colleague.moment == BETWEEN,
            lambda plan: plan.colleague and plan.colleague.fails and plan.colleague.moment == AT_GATE,
            lambda plan: plan.colleague and not plan.colleague.version and isinstance(plan.colleague.moment, int),
            *(lambda plan, shape=shape: plan.listed == shape and not plan.kill for shape in LISTED),
        )
    )


def twins(plan: Plan) -> list[bool]:
    """Return whether each of two twins is wanted."""
    found = [addon.wanted for addon in plan.addons if addon.template_name == TWINS]
    return found if len(found) == 2 else []


def by_id(plan: Plan) -> bool:
    return any(isinstance(want, dict) and "addon_instance_id" in want for want in plan.wants)


def test_only_one_of_two_twins_is_wanted_by_its_id_and_nothing_else_means_the_other():
    for plan in (make_plan(1, number) for number in range(1, 501)):
        if sorted(twins(plan)) == [False, True]:
            entries = [want for want in plan.wants if TWINS in (want, want["name"] if isinstance(want, dict) else "")]
            assert len(entries) == 1
            assert entries[0]["addon_instance_id"]
            assert not {"all", f"!{TWINS}"} & {want for want in plan.wants if isinstance(want, str)}


def test_what_happened_is_what_does_not_wait_any_more():
    plan = next(plan for number in range(1, 99) if len((plan := make_plan(1, number)).injections) >= 3)
    first, second, *rest = plan.injections
    left = [{**item.fault, "match": dict(item.fault["match"])} for item in (first, *rest)]
    assert happened(plan.injections, left) == {second.kind: second.times}
