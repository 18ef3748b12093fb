# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The huaweicloud.cce contributors

"""Which check counts for an upgrade, what a policy may allow, and what people are told."""

from __future__ import annotations

import datetime
import itertools
import time

import pytest

from ansible_collections.huaweicloud.cce.plugins.module_utils._ground.errors import InputError
from ansible_collections.huaweicloud.cce.plugins.module_utils._ground.times import instant
from ansible_collections.huaweicloud.cce.plugins.module_utils._model.check import CheckTask, read_task
from ansible_collections.huaweicloud.cce.plugins.module_utils._rules.gate import (
    Ticket,
    closed_message,
    gate,
    gate_lines,
    read_ticket,
)
from ansible_collections.huaweicloud.cce.plugins.module_utils._rules.plan import TicketStep
from ansible_collections.huaweicloud.cce.plugins.module_utils._rules.policy import (
    Acceptance,
    Policy,
    describe_acceptance,
    read_acceptances,
)
from ansible_collections.huaweicloud.cce.plugins.module_utils._rules.remedies import remedy
from ansible_collections.huaweicloud.cce.plugins.module_utils._rules.ticket import packed, unpacked

NOW = 1_785_931_200.0  # 2026-08-05T12:00:00Z
STEP = {
    "name": "coredns",
    "addon_template_name": "coredns",
    "addon_instance_id": "instance-1",
    "action": "upgrade",
    "from": "1.28.7",
    "to": "1.30.33",
    "why": "a newer version",
    "failed": None,
    "values_fingerprint": "f",
    "previous_version": None,
    "updated_at": None,
    "status": "running",
    "present_sync_strategy": None,
}
STARTED = {"addon_instance_id": "instance-1", "type": "addonUpgrade", "task_id": "task-1", "values_fingerprint": "f"}
FATAL = {"status": "Failed", "riskList": [{"riskName": "AddonValidate", "level": "Fatal", "status": "Failed"}]}
WARNING = {"status": "Failed", "riskList": [{"riskName": "AddonStatus", "level": "Warning", "status": "Failed"}]}
PASSED = {"status": "Success", "riskList": []}


def check(status: object = ..., *, spec: object = None, **metadata: object) -> CheckTask:
    """A check of the wanted upgrade."""
    item = {
        "metadata": {
            "type": "addonUpgrade",
            "taskID": "task-1",
            "addonInstanceID": "instance-1",
            "createTimeStamp": "2026-08-05T11:59:00Z",
            **metadata,
        },
        "spec": {"addonTargetVersion": "1.30.33"} if spec is None else spec,
        "status": PASSED if status is ... else status,
    }
    return read_task(item)


def decided(
    *checks: CheckTask,
    started: object = None,
    policy: Policy | None = None,
    step: dict | None = None,
    **options: object,
) -> dict:
    result = gate(
        [step or STEP],
        started=started,
        checks=checks,
        policy=policy or Policy(),
        cluster_id="cluster-1",
        now=NOW,
        **options,
    )
    return {**result["decisions"][0], "open": result["open"]}


def verdict_of(*checks: CheckTask, started: object = None) -> str:
    return decided(*checks, started=started)["verdict"]


def test_of_checks_from_one_instant_the_worst_counts():
    checks = [
        check(taskID="one"),
        check(FATAL, taskID="two", createTimeStamp="2026-08-05T19:59:00+08:00"),
        check(WARNING),
    ]
    assert {verdict_of(*order) for order in itertools.permutations(checks)} == {"fatal"}
    assert decided(*checks)["task_id"] == "two"


def test_of_a_started_check_that_shows_twice_the_worst_counts():
    for order in itertools.permutations([check(), check(FATAL)]):
        assert verdict_of(*order, started=[STARTED]) == "fatal"


def test_what_is_newer_than_one_of_two_tasks_of_the_same_id_counts():
    between = check(FATAL, taskID="other", createTimeStamp="2026-08-05T11:58:30Z")
    older = check(createTimeStamp="2026-08-05T11:58:00Z")
    for order in itertools.permutations([check(WARNING), older, between]):
        assert verdict_of(*order, started=[STARTED]) == "fatal"


def test_the_newest_check_counts_and_older_ones_do_not():
    old = {"taskID": "old", "createTimeStamp": "2026-08-05T11:58:59.999999999Z"}
    for order in itertools.permutations([check(), check(FATAL, **old)]):
        assert verdict_of(*order) == "passed"
    for order in itertools.permutations([check(FATAL), check(**old)]):
        assert verdict_of(*order) == "fatal"


@pytest.mark.parametrize(
    "hidden",
    [{"type": None}, {"addonInstanceID": None}, {"spec": {}}, {"createTimeStamp": None}, {"createTimeStamp": "today"}],
    ids=str,
)
def test_a_check_that_may_be_the_newest_blocks(hidden):
    newer = {"createTimeStamp": "2026-08-05T11:59:30Z", **hidden}
    assert verdict_of(check(), check(taskID="other", **newer)) == "unknown"
    assert verdict_of(check(), check(FATAL, taskID="other", **newer)) == "fatal"


@pytest.mark.parametrize(
    "other",
    [{"type": "addonStatic"}, {"addonInstanceID": "instance-2"}, {"spec": {"addonTargetVersion": "1.30.34"}}],
    ids=str,
)
def test_a_newer_check_of_something_else_does_not_count(other):
    newer = check(FATAL, **{"taskID": "other", "createTimeStamp": "2026-08-05T11:59:30Z", **other})
    assert verdict_of(check(), newer) == "passed"
    assert verdict_of(newer) == "unknown"


@pytest.mark.parametrize("times", [("createTimeStamp", "createTimestamp"), ("expireTimeStamp", "expireTimestamp")])
@pytest.mark.parametrize("second", ["2026-08-05T12:30:00Z", "soon", 1_785_931_200])
def test_two_spellings_that_tell_different_times_are_no_time(times, second):
    first = "2026-08-05T12:20:00Z"
    for one, two in ((first, second), (second, first)):
        found = decided(check(**dict(zip(times, (one, two), strict=True))), started=[STARTED])
        assert found["verdict"] == "unknown"
        assert "differ" in found["reason"]
        assert not found["open"]


def test_two_spellings_of_one_moment_are_a_time():
    found = check(createTimeStamp="2026-08-05T11:59:00Z", createTimestamp="2026-08-05T19:59:00.000+08:00")
    assert found.created_at == "2026-08-05T11:59:00Z"
    assert decided(found)["open"]


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("2026-08-05T12:00:00+23:59", NOW - 86340),
        ("2026-08-05T12:00:00-23:59", NOW + 86340),
        ("2026-08-05T12:00:00+24:00", None),
        ("2026-08-05T12:00:00+08:60", None),
        ("2026-08-05T12:00:00-99:99", None),
    ],
)
def test_a_zone_that_does_not_exist_is_no_time(text, seconds):
    assert instant(text) == (None if seconds is None else int(seconds) * 10**9)


# What was started


@pytest.mark.parametrize(
    "started",
    [
        [],
        [{**STARTED, "task_id": None}],
        [{**STARTED, "task_id": "other"}],
        [{**STARTED, "type": "addonStatic"}],
        [{**STARTED, "addon_instance_id": "instance-2"}],
        [STARTED, STARTED],
        [dict.fromkeys(STARTED)],
    ],
)
def test_without_the_check_that_was_started_nothing_is_known(started):
    found = decided(check(), check(taskID=None), started=started)
    assert (found["verdict"], found["blocks"], found["open"]) == ("unknown", True, False)
    assert found["reason"] == "CCE does not show the check that was started"
    assert (found["task_id"], found["checked_at"], found["risks"]) == (None, None, [])


def test_the_check_that_was_started_counts_whatever_else_there_is():
    other = {**STARTED, "addon_instance_id": "instance-2", "task_id": "task-2"}
    theirs = check(FATAL, taskID="task-2", addonInstanceID="instance-2")
    found = decided(theirs, check(), started=[other, STARTED])
    assert (found["verdict"], found["open"], found["task_id"]) == ("passed", True, "task-1")
    assert found["checked_at"] == "2026-08-05T11:59:00Z"
    assert found["reason"] is None


LATER = {"taskID": "later", "createTimeStamp": "2026-08-05T11:59:30Z"}
CONCERNS = (
    "a newer check of the same upgrade (later, made at 2026-08-05T11:59:30Z) has found more than the one that was "
    "started"
)


@pytest.mark.parametrize("status", [FATAL, {**FATAL, "status": "Running"}, {**FATAL, "status": "Success"}])
def test_a_newer_check_of_the_same_upgrade_that_is_worse_wins(status):
    for order in itertools.permutations([check(), check(status, **LATER)]):
        found = decided(*order, started=[STARTED])
        assert (found["verdict"], found["blocks"], found["open"]) == ("fatal", True, False)
        assert [risk["name"] for risk in found["risks"]] == ["AddonValidate"]
        # The upgrade would stay bound to the check whose settings are known.
        assert (found["task_id"], found["checked_at"]) == ("task-1", "2026-08-05T11:59:00Z")
        assert found["reason"] == CONCERNS


def test_a_newer_warning_is_for_the_policy_to_decide():
    checks = [check(), check(WARNING, **LATER)]
    found = decided(*checks, started=[STARTED])
    assert (found["verdict"], found["open"], found["task_id"]) == ("warning", True, "task-1")
    assert [risk["name"] for risk in found["risks"]] == ["AddonStatus"]
    assert not decided(*checks, started=[STARTED], policy=Policy(fail_on_warning=True))["open"]


def test_a_newer_warning_that_nobody_accepted_blocks_beside_one_that_is_accepted():
    other = {"status": "Failed", "riskList": [{"riskName": "Snippets", "level": "Warning", "status": "Failed"}]}
    accepted = Policy(fail_on_warning=True, accepted=(ACCEPTED,))
    alone = decided(check(WARNING), started=[STARTED], policy=accepted)
    assert (alone["open"], [risk["name"] for risk in alone["risks"]]) == (True, ["AddonStatus"])
    for newer in ([check(other, **LATER)], [check(WARNING, **LATER), check(other, **{**LATER, "taskID": "third"})]):
        found = decided(check(WARNING), *newer, started=[STARTED], policy=accepted)
        assert (found["open"], [risk["name"] for risk in found["risks"]]) == (False, ["AddonStatus", "Snippets"])


def test_a_newer_check_that_is_not_known_to_be_better_wins():
    odd = check({"status": "Success", "riskList": [{"riskName": "A", "level": "Info", "status": "Failed"}]}, **LATER)
    found = decided(check(), odd, started=[STARTED])
    assert (found["verdict"], found["open"]) == ("unknown", False)
    assert found["reason"] == f"{CONCERNS}; the risk A has the level 'Info'"


@pytest.mark.parametrize("created", [None, "today", "2026-08-05T11:59:00Z", "2099-01-01T00:00:00Z"])
@pytest.mark.parametrize(
    "left_out", [{}, {"addonInstanceID": None}, {"type": None}, {"spec": {}}, {"taskID": None}], ids=str
)
def test_a_check_that_may_be_newer_and_about_this_upgrade_wins_if_it_is_worse(created, left_out):
    theirs = {**LATER, "createTimeStamp": created, **left_out}
    assert decided(check(), check(FATAL, **theirs), started=[STARTED])["verdict"] == "fatal"


@pytest.mark.parametrize("status", [PASSED, {"status": "Running"}, {"status": "Init", "riskList": None}])
@pytest.mark.parametrize("left_out", [{}, {"addonInstanceID": None}, {"spec": {}}], ids=str)
def test_a_newer_check_that_is_no_worse_or_has_not_finished_changes_nothing(status, left_out):
    found = decided(check(), check(status, **{**LATER, **left_out}), started=[STARTED])
    assert (found["verdict"], found["open"], found["reason"]) == ("passed", True, None)
    found = decided(check(FATAL), check(status, **{**LATER, **left_out}), started=[STARTED])
    assert (found["verdict"], found["open"], found["reason"]) == ("fatal", False, None)


@pytest.mark.parametrize(
    "other",
    [
        {"type": "addonStatic"},
        {"addonInstanceID": "instance-2"},
        {"spec": {"addonTargetVersion": "1.30.34"}},
        {"spec": {"clusterTargetVersion": "v1.31.1-r4"}},
        {"createTimeStamp": "2026-08-05T11:58:59Z"},
    ],
    ids=str,
)
def test_a_check_that_is_older_or_about_something_else_does_not_win(other):
    found = decided(check(), check(FATAL, **{**LATER, **other}), started=[STARTED])
    assert (found["verdict"], found["open"]) == ("passed", True)


def test_a_check_that_an_upgrade_of_the_cluster_made_is_no_check_of_an_upgrade():
    spec = {"addonTargetVersion": "1.30.33", "clusterTargetVersion": "v1.31.1-r4"}
    found = decided(check(spec=spec))
    assert (found["verdict"], found["reason"]) == ("unknown", "an upgrade of the cluster to v1.31.1-r4 made it")
    # The answer to our own request named the task, so it is ours, whatever else CCE writes down.
    assert decided(check(spec=spec), started=[STARTED])["verdict"] == "passed"
    # Its Fatal counts all the same where it may be about this upgrade.
    assert decided(check(), check(FATAL, spec=spec, **LATER), started=[STARTED])["verdict"] == "fatal"
    # In check mode it is not the newest check of the add-on.
    own = {"clusterTargetVersion": "v1.31.1-r4"}
    assert decided(check(), check(spec=own, **LATER))["verdict"] == "passed"


def test_the_age_of_a_check_counts_from_the_clock_of_the_service():
    an_hour = {"createTimeStamp": "2026-08-05T10:59:00Z"}
    assert not decided(check(**an_hour), started=[STARTED])["open"]
    assert decided(check(**an_hour), started=[STARTED], service_now=NOW - 120)["open"]
    found = decided(check(), started=[STARTED], service_now=NOW - 3600)
    assert "in the future" in found["reason"]
    options = {"checks": [check()], "started": [STARTED], "policy": Policy(), "cluster_id": "c", "now": NOW}
    assert gate([STEP], service_now=NOW + 60, **options)["judged_at"] == NOW, "that is for who compares it with ours"


@pytest.mark.parametrize("fingerprint", [None, "", "g"])
def test_a_check_with_other_settings_does_not_count(fingerprint):
    started = [{**STARTED, "values_fingerprint": fingerprint}]
    found = decided(check(WARNING), started=started, step={**STEP, "values_fingerprint": "f"})
    assert (found["verdict"], found["blocks"]) == ("unknown", True)
    assert found["reason"] == "the check was made with other settings than the upgrade would send"
    assert found["task_id"] == "task-1"
    assert decided(check(FATAL), started=started)["verdict"] == "fatal"
    assert decided(check(), started=started, step={**STEP, "values_fingerprint": None})["blocks"]


def test_a_check_counts_for_an_hour_by_default():
    for made, is_open in (("2026-08-05T11:00:00Z", True), ("2026-08-05T10:59:59Z", False)):
        assert decided(check(createTimeStamp=made), started=[STARTED])["open"] is is_open
    found = decided(check(), started=[STARTED], policy=Policy(max_check_age=59.0))
    assert found["reason"] == "it was made at 2026-08-05T11:59:00Z, more than 59 s ago"


def test_what_cannot_be_read_is_not_known():
    assert decided(check({**PASSED, "riskList": [7]}), started=[STARTED])["reason"] == "a risk is not an object"
    expired = check(expireTimeStamp="2026-08-05T11:59:59Z")
    assert decided(expired, started=[STARTED])["reason"] == "it expired at 2026-08-05T11:59:59Z"


# Steps without an upgrade


def test_a_step_that_does_nothing_needs_no_check():
    found = decided(step={**STEP, "action": "none", "why": "it is newest already", "values_fingerprint": None})
    assert found == {
        "name": "coredns",
        "addon_template_name": "coredns",
        "addon_instance_id": "instance-1",
        "action": "none",
        "from": "1.28.7",
        "to": "1.30.33",
        "why": "it is newest already",
        "verdict": "passed",
        "reason": "it is newest already",
        "blocks": False,
        "task_id": None,
        "checked_at": None,
        "values_fingerprint": None,
        "risks": [],
        "accepted": [],
        "open": True,
    }


@pytest.mark.parametrize(
    ("action", "reason"),
    [
        ("impossible", "it cannot be upgraded: a newer version"),
        ("install", "CCE cannot check an add-on that is not installed yet; install it on its own"),
    ],
)
def test_a_step_that_cannot_be_checked_blocks(action, reason):
    found = decided(check(), started=[STARTED], step={**STEP, "action": action})
    assert (found["verdict"], found["blocks"], found["reason"]) == ("unknown", True, reason)
    assert not found["open"]


# Policies

ENTRY = {"addon": "coredns", "risk": "AddonStatus", "reason": "known", "until": "2026-08-05"}
ACCEPTED = Acceptance("coredns", "AddonStatus", "known", datetime.date(2026, 8, 5))


def test_an_accepted_warning_is_read():
    assert read_acceptances([ENTRY]) == (ACCEPTED,)
    assert read_acceptances([]) == ()
    assert read_acceptances([{**ENTRY, "addon": "X", "risk": "X509"}])[0].risk == "X509"
    whole = {
        **ENTRY,
        "target_version": "1.30.33",
        "cluster": "prod-*",
        "owner": "me",
        "addon_instance_id": "instance-1",
    }
    (acceptance,) = read_acceptances([whole])
    assert describe_acceptance(acceptance) == whole
    moment = "2026-08-05T23:59:00+00:00"
    assert read_acceptances([{**ENTRY, "until": moment}])[0].until == datetime.date(2026, 8, 5)
    plain = {**ENTRY, "target_version": None, "cluster": "*", "owner": None, "addon_instance_id": None}
    assert describe_acceptance(ACCEPTED) == plain


WHAT = "accepted_warnings: the entry for coredns/AddonStatus"


@pytest.mark.parametrize(
    ("entries", "message"),
    [
        ("coredns", "accepted_warnings must be a list."),
        ({}, "accepted_warnings must be a list."),
        (["coredns"], "accepted_warnings: an entry must be a dictionary."),
        (
            [{**ENTRY, "b": 1, "a": 1}],
            (
                ": unknown key b, a. "
                "The keys are addon, addon_instance_id, risk, target_version, cluster, reason, owner, until."
            ),
        ),
        *(
            ([{**ENTRY, key: None}], f" has no '{key}'. A Warning is accepted for a reason, and until a date.")
            for key in ("addon", "risk", "reason", "until")
        ),
        *(
            ([{**ENTRY, key: f"a{wildcard}"}], f" must name one {key}; patterns are for clusters only.")
            for key in ("addon", "risk")
            for wildcard in "*?["
        ),
        *(
            ([{**ENTRY, "until": until}], f"{WHAT}: until must be a date such as 2026-12-31.")
            for until in ("soon", 2026)
        ),
    ],
)
def test_an_acceptance_that_is_none_is_refused(entries, message):
    with pytest.raises(InputError) as caught:
        read_acceptances(entries)
    assert caught.value.message.endswith(message)
    assert caught.value.message.startswith("accepted_warnings")


@pytest.mark.parametrize("action", [None, "", "********", "Upgrade", "rollback"])
def test_an_action_that_there_is_not_blocks(action):
    found = decided(check(), started=[STARTED], step={**STEP, "action": action})
    assert (found["verdict"], found["blocks"], found["open"]) == ("unknown", True, False)
    assert found["reason"] == "the plan does not tell what would be done"


# Tickets

TICKET = Ticket("cluster-1", "production", [STEP], [STARTED])


@pytest.mark.parametrize(
    "ticket",
    [
        TICKET,
        Ticket("cluster-1", None, [STEP, {**STEP, "to": None}], None),
        Ticket('{{ "x" }}', "\ud800\u202e", [], []),
    ],
)
def test_a_ticket_is_read_as_it_was_written(ticket):
    assert read_ticket(ticket.text()) == ticket


def test_a_ticket_holds_no_more_than_what_is_judged():
    keys = TicketStep.__annotations__
    assert keys.keys() == STEP.keys()
    step = {**STEP, "values": {"password": "canary"}, "offered": ["1"]}
    text = Ticket("cluster-1", None, [step], [{**STARTED, "adopted": False}]).text()
    assert read_ticket(text) == Ticket("cluster-1", None, [STEP], [STARTED])
    assert "canary" not in str(unpacked(text))


@pytest.mark.parametrize(
    "data",
    [
        None,
        "cluster-1",
        {"cluster-1": 1, "b": 2, "": 3, "d": 4},
        {"ticket": ["cluster-1", None, []]},
        ["cluster-1", None, []],
        ["cluster-1", None, [], None, None],
        [None, None, [], None],
        ["cluster-1", 1, [], None],
        ["cluster-1", None, None, None],
        ["cluster-1", None, "", None],
        ["cluster-1", None, {}, None],
        ["cluster-1", None, [], False],
        ["cluster-1", None, [[]], None],
        ["cluster-1", None, ["coredns"], None],
        ["cluster-1", None, [["coredns", "upgrade", "1", "2", "why", ["instance"], "f"]], None],
        ["cluster-1", None, [], [["instance-1", "addonUpgrade", "task-1"]]],
    ],
)
def test_what_is_no_ticket_is_refused(data):
    with pytest.raises(InputError, match="ticket is invalid"):
        read_ticket(packed(data))


@pytest.mark.parametrize(
    ("actions", "needed"),
    [
        ([], False),
        (["none", "impossible", "install"], False),
        (["none", "edit"], True),
        (["upgrade", "none"], True),
    ],
)
def test_what_is_to_be_upgraded_needs_checks(actions, needed):
    ticket = Ticket("cluster-1", None, [{**STEP, "action": action} for action in actions], None)
    assert ticket.needs_checks is needed


def test_an_addon_whose_last_operation_ended_badly_blocks_although_nothing_is_to_be_upgraded():
    failed = {**STEP, "action": "none", "failed": "its status is upgradeFailed"}
    found = decided(step=failed)
    assert (found["open"], found["verdict"], found["blocks"]) == (False, "unknown", True)
    assert found["reason"] == "its status is upgradeFailed: roll it back or repair it first"
    command = "ansible localhost -m huaweicloud.cce.cce_addon -a 'cluster_id=cluster-1 addon_instance_id=instance-1"
    told = decided(step={**failed, "status": "upgradeFailed", "previous_version": "1.0.0"})["reason"]
    assert told == f"{found['reason']}. Back to 1.0.0: {command} version=1.0.0 state=rolled_back'"
    for changes in ({"previous_version": "1.28.7"}, {"previous_version": None}, {"status": "rollbackFailed"}):
        told = decided(step={**failed, "status": "upgradeFailed", "previous_version": "1.0.0", **changes})["reason"]
        assert told == found["reason"]
    assert Ticket("cluster-1", None, [failed, STEP], None).failed == [failed]
    # An upgrade that nobody has verified, and that does not run yet: the role waits for it.
    options = {"started": None, "checks": [], "policy": Policy(), "cluster_id": "cluster-1", "now": NOW}
    assert gate([failed], resumable=["coredns"], **options)["open"]


def strict(*accepted: Acceptance) -> Policy:
    return Policy(fail_on_warning=True, accepted=accepted)


def test_warnings_block_on_request_only():
    assert decided(check(WARNING), started=[STARTED])["open"]
    found = decided(check(WARNING), started=[STARTED], policy=strict())
    assert (found["verdict"], found["blocks"]) == ("warning", True)
    assert found["reason"] == "Warnings are not allowed here, and nobody accepted AddonStatus"
    assert decided(check(), started=[STARTED], policy=strict())["open"]


def test_a_warning_that_somebody_answers_for_passes():
    found = decided(check(WARNING), started=[STARTED], policy=strict(ACCEPTED))
    assert (found["verdict"], found["blocks"], found["reason"]) == ("warning", False, None)
    assert found["accepted"] == [describe_acceptance(ACCEPTED)]


@pytest.mark.parametrize(
    "changes",
    [
        {"addon": "everest"},
        {"risk": "AddonValidate"},
        {"target_version": "1.30.34"},
        {"cluster": "cluster-2"},
        {"cluster": "CLUSTER-1"},
        {"until": datetime.date(2026, 8, 4)},
    ],
    ids=str,
)
def test_an_acceptance_of_something_else_does_not_count(changes):
    other = Acceptance(**{**vars(ACCEPTED), **changes})
    assert decided(check(WARNING), started=[STARTED], policy=strict(other))["blocks"]


@pytest.mark.parametrize(
    "changes", [{"target_version": "1.30.33"}, {"cluster": "cluster-?"}, {"cluster": "*"}], ids=str
)
def test_an_acceptance_may_be_narrower(changes):
    narrower = Acceptance(**{**vars(ACCEPTED), **changes})
    assert decided(check(WARNING), started=[STARTED], policy=strict(narrower))["open"]


def test_every_warning_has_to_be_accepted():
    risks = [
        {"riskName": "AddonStatus", "level": "Warning", "status": "Failed"},
        {"riskName": "Fine", "level": "Warning", "status": "Success"},
        {"riskName": "Other", "level": "Warning", "status": "Failed"},
        {"level": "Warning", "status": "Failed"},
    ]
    found = decided(check({"status": "Failed", "riskList": risks}), started=[STARTED], policy=strict(ACCEPTED))
    assert found["reason"] == "Warnings are not allowed here, and nobody accepted Other, a risk of no name"
    assert found["accepted"] == [describe_acceptance(ACCEPTED)]
    assert [risk["name"] for risk in found["risks"]] == ["AddonStatus", "Other", None]


def test_a_fatal_risk_cannot_be_accepted():
    fatal = Acceptance(**{**vars(ACCEPTED), "risk": "AddonValidate"})
    with pytest.raises(InputError) as caught:
        decided(check(FATAL), started=[STARTED], policy=Policy(accepted=(fatal,)))
    assert caught.value.message == (
        "accepted_warnings names the risk AddonValidate of coredns, but it is Fatal. A Fatal risk cannot be accepted: "
        "remove the entry, and repair the risk."
    )
    narrow = Acceptance(**{**vars(fatal), "target_version": "1.30.33"})
    with pytest.raises(InputError):
        decided(check(FATAL), started=[STARTED], policy=Policy(accepted=(narrow,)))
    # Neither of these is a Fatal risk that was found.
    for risk in (
        {"riskName": "AddonValidate", "level": "Fatal", "status": "Success"},
        {"riskName": "AddonValidate", "level": "Warning", "status": "Failed"},
    ):
        found = check({"status": "Failed", "riskList": [risk, *WARNING["riskList"]]})
        assert decided(found, started=[STARTED], policy=Policy(accepted=(fatal,)))["open"]
    two = check({"status": "Failed", "riskList": [*WARNING["riskList"], *FATAL["riskList"]]})
    with pytest.raises(InputError):
        decided(two, started=[STARTED], policy=Policy(accepted=(fatal,)))


def judged(policy: Policy | None = None, **changes: object) -> dict:
    """The gate's result on three steps: one with a Warning, one that is fatal, one with nothing to do."""
    arguments = {
        "plan": [
            STEP,
            {
                **STEP,
                "name": "nginx-ingress",
                "addon_template_name": "nginx-ingress",
                "addon_instance_id": "instance-2",
            },
            {
                **STEP,
                "name": "everest",
                "addon_template_name": "everest",
                "action": "none",
                "addon_instance_id": "instance-3",
            },
        ],
        "started": [STARTED, {**STARTED, "addon_instance_id": "instance-2", "task_id": "task-2"}],
        "checks": [check(WARNING), check(FATAL, taskID="task-2", addonInstanceID="instance-2")],
        "policy": policy or Policy(),
        "cluster_id": "cluster-1",
        "cluster_name": "production",
        "now": NOW,
        **changes,
    }
    return gate(**arguments)


def test_the_gate_tells_its_decision():
    result = judged()
    assert [item["name"] for item in result.pop("decisions")] == ["coredns", "nginx-ingress", "everest"]
    assert result.pop("lines") == gate_lines(judged())
    assert result == {
        "cluster_id": "cluster-1",
        "cluster_name": "production",
        "open": False,
        "proceed": False,
        "verdict": "fatal",
        "blocked": ["nginx-ingress"],
        "passed": [],
        "targets": [
            {
                "name": "coredns",
                "addon_template_name": "coredns",
                "addon_instance_id": "instance-1",
                "to": "1.30.33",
            },
            {
                "name": "everest",
                "addon_template_name": "everest",
                "addon_instance_id": "instance-3",
                "to": STEP["to"],
            },
        ],
        "accepted": {"used": [], "unused": [], "expired": []},
        "values_known": True,
        "judged_at": NOW,
    }
    skipping = judged(skip_blocked=True)
    assert (skipping["open"], skipping["proceed"], skipping["passed"]) == (False, True, ["coredns"])
    assert judged(started=None)["values_known"] is False
    nothing = judged(plan=[{**STEP, "action": "none"}])
    assert (nothing["verdict"], nothing["open"], nothing["passed"]) == ("passed", True, [])
    warning = judged(plan=[STEP, {**STEP, "action": "none"}])
    assert (warning["verdict"], warning["open"], warning["passed"]) == ("warning", True, ["coredns"])
    impossible = judged(plan=[{**STEP, "action": "impossible"}])
    assert (impossible["verdict"], impossible["blocked"]) == ("unknown", ["coredns"])
    assert judged(plan=[])["lines"] == ["Cluster production: there is nothing to upgrade."]
    assert judged(plan=[], cluster_name=None)["lines"] == ["Cluster cluster-1: there is nothing to upgrade."]


def test_a_cluster_is_accepted_by_name_or_by_id():
    for pattern in ("prod*", "cluster-1"):
        result = judged(strict(Acceptance(**{**vars(ACCEPTED), "cluster": pattern})))
        assert result["blocked"] == ["nginx-ingress"]
        assert len(result["accepted"]["used"]) == 1
    assert (
        "coredns" in judged(strict(Acceptance(**{**vars(ACCEPTED), "cluster": "prod*"})), cluster_name=None)["blocked"]
    )


@pytest.mark.parametrize("zone", ["UTC", "Asia/Shanghai", "America/Los_Angeles"])
def test_a_day_is_one_of_utc_wherever_the_controller_stands(zone, monkeypatch):
    monkeypatch.setenv("TZ", zone)
    time.tzset()
    try:
        assert judged(strict(ACCEPTED), now=NOW + 43_199)["accepted"]["expired"] == []
        assert len(judged(strict(ACCEPTED), now=NOW + 43_200)["accepted"]["expired"]) == 1
    finally:
        monkeypatch.undo()
        time.tzset()


def test_acceptances_are_counted_from_the_start_of_the_run():
    assert judged(strict(ACCEPTED), now=NOW + 43_199)["accepted"]["expired"] == []
    assert judged(strict(ACCEPTED), now=NOW + 43_200)["accepted"]["expired"] == [describe_acceptance(ACCEPTED)]
    late = judged(strict(ACCEPTED), now=NOW + 43_200, run_started=NOW)
    assert late["accepted"] == {"used": [], "unused": [describe_acceptance(ACCEPTED)], "expired": []}


def test_people_are_told_everything_at_once():
    old = Acceptance("everest", "Gone", "old story", datetime.date(2026, 1, 1))
    unused = Acceptance("everest", "Gone", "other story", datetime.date(2027, 1, 1))
    result = judged(strict(ACCEPTED, old, unused), started=None)
    table_and_more = [
        "ADD-ON         PRESENT  TARGET   VERDICT  GATE           PLAN",
        "coredns        1.28.7   1.30.33  warning  open           a newer version",
        "nginx-ingress  1.28.7   1.30.33  fatal    BLOCKED        a newer version",
        "everest        1.28.7   -        -        nothing to do  a newer version",
        "",
        "coredns -> 1.30.33: warning",
        "  Warning: AddonStatus",
        "  message: (none given)",
        f"  to do:   {remedy(check(WARNING).risks[0], 'coredns')}",
        "  accepted: AddonStatus until 2026-08-05 (known)",
        "",
        "nginx-ingress -> 1.30.33: fatal",
        "  Fatal: AddonValidate",
        "  message: (none given)",
        "  to do:   Correct the values that the message names, then check again.",
        "Accepted warning everest/Gone has expired and does not count.",
        "Accepted warning everest/Gone was not needed.",
        "",
        "Judged from the newest results that CCE has; with which settings they were made is not known.",
    ]
    assert result["lines"] == table_and_more
    assert closed_message(result) == [
        "NOTHING WAS UPGRADED in cluster production: 1 add-on must not be upgraded now (nginx-ingress).",
        *table_and_more,
        "",
        "Repair what is named under 'to do', then run the same command again. A Fatal risk cannot be skipped.",
    ]
    assert judged(strict(ACCEPTED))["lines"] == table_and_more[:15]
    several = judged(strict(), cluster_name=None)
    assert closed_message(several)[0] == (
        "NOTHING WAS UPGRADED in cluster cluster-1: 2 add-ons must not be upgraded now (coredns, nginx-ingress)."
    )


def test_a_step_that_cannot_be_upgraded_is_told_with_its_reason():
    assert judged(plan=[{**STEP, "action": "impossible", "to": None}])["lines"] == [
        "ADD-ON   PRESENT  TARGET  VERDICT  GATE     PLAN",
        "coredns  1.28.7   -       unknown  BLOCKED  a newer version",
        "",
        "coredns: unknown",
        "  why:     it cannot be upgraded: a newer version",
    ]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"plan": [{**STEP, "action": "impossible", "to": None}]}, "See what stands behind 'why', then "),
        ({"checks": []}, "See what stands behind 'why', then "),
        ({"checks": [check(FATAL)]}, "Repair what is named under 'to do', then "),
    ],
)
def test_a_closed_gate_ends_with_the_way_out(changes, words):
    lines = closed_message(judged(**changes))
    assert lines[-1].startswith(words)
    assert any(line.startswith("  why: " if "why" in words else "  to do: ") for line in lines)
