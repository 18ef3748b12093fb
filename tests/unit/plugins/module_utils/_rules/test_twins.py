# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The huaweicloud.cce contributors

"""Several instances of one add-on in one cluster: each is planned, checked, judged and told on its own."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from support import records

from ansible_collections.huaweicloud.cce.plugins.module_utils._ground.errors import InputError
from ansible_collections.huaweicloud.cce.plugins.module_utils._model.check import CheckTask, Wanted, read_task
from ansible_collections.huaweicloud.cce.plugins.module_utils._model.instance import (
    Instance,
    find_instance,
    read_instances,
    shown_names,
)
from ansible_collections.huaweicloud.cce.plugins.module_utils._model.version import Offer
from ansible_collections.huaweicloud.cce.plugins.module_utils._operations.checks import (
    CheckRequest,
    _naming_none_twice,
    requests_for_plan,
    requests_for_running,
)
from ansible_collections.huaweicloud.cce.plugins.module_utils._rules.gate import Ticket, gate, read_ticket
from ansible_collections.huaweicloud.cce.plugins.module_utils._rules.outcome import cluster_outcome
from ansible_collections.huaweicloud.cce.plugins.module_utils._rules.plan import Step, expand_wants, make_plan
from ansible_collections.huaweicloud.cce.plugins.module_utils._rules.policy import Policy, read_acceptances
from ansible_collections.huaweicloud.cce.plugins.module_utils._rules.recovery import jobs
from ansible_collections.huaweicloud.cce.plugins.module_utils._rules.transaction import ClusterUpgrade, sequence_of
from ansible_collections.huaweicloud.cce.plugins.module_utils._rules.verdict import check_lines as table_of_checks
from ansible_collections.huaweicloud.cce.plugins.module_utils._rules.verdict import describe_check, judge
from ansible_collections.huaweicloud.cce.plugins.module_utils._rules.wants import read_wants

NGINX = "nginx-ingress"
FIRST = Instance(
    id="id-1",
    addon_template_name=NGINX,
    name="nginx-first",
    version="2.5.4",
    target_versions=("2.6.4",),
    values={"basic": {}, "custom": {"ingressClass": "nginx"}},
)
SECOND = Instance(
    id="id-2",
    addon_template_name=NGINX,
    name="nginx-second",
    version="2.6.4",
    target_versions=(),
    values={"basic": {}, "custom": {"ingressClass": "internal"}},
)
COREDNS = Instance(id="id-3", addon_template_name="coredns", name="coredns", version="1.28.7", target_versions=())
ALL = (SECOND, COREDNS, FIRST)
OFFERED = {NGINX: {version: Offer(version, True, {"basic": {}}, ()) for version in ("2.6.4", "2.7.0")}}
NAMES = ["nginx-ingress (nginx-first)", "nginx-ingress (nginx-second)"]
NOW = 1_785_931_200.0  # 2026-08-05T12:00:00Z


def planned(entries: list[Any], instances: Sequence[Instance] = ALL, **options: bool) -> list[Step]:
    return make_plan(read_wants(entries), instances, OFFERED, None, **options)


def told(steps: list[Step]) -> list[dict[str, Any]]:
    """Return steps as far as the rules after the plan look at them."""
    return [
        {
            "name": step.name,
            "addon_template_name": step.addon_template_name,
            "addon_instance_id": step.instance.id if step.instance else None,
            "action": step.action,
            "to": step.version,
        }
        for step in steps
    ]


# The names that people see


def names(*found: tuple[str, str | None, str]) -> dict[str, str]:
    return {uid: name for (_template, uid), name in shown_names(found).items()}


def test_the_only_instance_has_the_name_of_its_template():
    assert names(("coredns", "anything", "1"), (NGINX, None, "2")) == {"1": "coredns", "2": NGINX}


def test_several_are_told_apart_by_their_own_names():
    assert names((NGINX, "a", "1"), (NGINX, NGINX, "2")) == {"1": "nginx-ingress (a)", "2": f"{NGINX} ({NGINX})"}


@pytest.mark.parametrize("name", [None, "a"])
def test_without_names_of_their_own_they_are_told_apart_by_id(name):
    found = names((NGINX, name, "1"), (NGINX, name, "2"), (NGINX, "c", "3"))
    assert found == {"1": "nginx-ingress (1)", "2": "nginx-ingress (2)", "3": "nginx-ingress (c)"}


def test_no_name_stands_for_two_instances_whatever_they_are_called():
    found = names(("a", "b", "1"), ("a", "2", "x"), ("a", None, "2"), ("a (b)", None, "3"), ("a (b)", "3", "4"))
    assert len(set(found.values())) == len(found) == 5


def test_a_name_cannot_act_on_a_terminal():
    assert names((NGINX, "a\x1b[2J", "1"), (NGINX, "b", "2"))["1"] == "nginx-ingress (a\\x1b[2J)"


# What is wanted of them


def test_a_template_name_means_all_of_its_instances_by_name():
    assert [step.name for step in planned([NGINX])] == NAMES
    assert [step.addon_template_name for step in planned([NGINX])] == [NGINX, NGINX]
    assert [step.name for step in planned(["all"])] == ["coredns", *NAMES]
    assert [step.name for step in planned([NGINX, "all"])] == [*NAMES, "coredns"]
    assert planned([NGINX], []) == planned([NGINX], [COREDNS])
    assert [step.name for step in planned([NGINX], [])] == [NGINX]


def test_each_instance_keeps_its_own_settings():
    first, _second = planned([{"name": NGINX, "version": "latest", "values": {"custom": {"x": 1}}}])
    assert first.values["custom"] == {"ingressClass": "nginx", "x": 1}
    newer = Instance(**{**vars(SECOND), "version": "2.5.4", "target_versions": ("2.6.4",)})
    steps = planned([NGINX], [FIRST, newer])
    assert [step.values["custom"]["ingressClass"] for step in steps] == ["nginx", "internal"]
    assert steps[0].fingerprint != steps[1].fingerprint


def test_each_instance_has_its_own_reason():
    steps = planned([{"name": NGINX, "version": "2.6.4"}])
    assert [(step.action, step.why) for step in steps] == [
        ("upgrade", "2.6.4 was asked for"),
        ("none", "it is at 2.6.4 already"),
    ]
    newer = Instance(**{**vars(SECOND), "version": "2.7.0"})
    steps = planned([{"name": NGINX, "version": "2.6.4"}], [FIRST, newer])
    assert [step.action for step in steps] == ["upgrade", "impossible"]
    assert "2.6.4 is older than 2.7.0" in steps[1].why


def test_an_id_means_that_instance_and_no_other():
    [step] = planned([{"name": NGINX, "addon_instance_id": "id-2"}])
    assert (step.name, step.instance) == (NAMES[1], SECOND)
    [step] = planned([{"name": "coredns", "addon_instance_id": "id-2"}])
    assert (step.action, step.instance) == ("impossible", None)


@pytest.mark.parametrize("may_install", [False, True])
def test_an_id_that_is_not_there_is_impossible_and_says_what_is_there(may_install):
    [step] = planned([{"name": NGINX, "addon_instance_id": "nginx-second"}], may_install=may_install)
    assert step.action == "impossible"
    assert step.why == (
        "this cluster has no instance nginx-second of it; it has nginx-first (id-1), nginx-second (id-2)"
    )
    steps = planned([{"name": NGINX, "addon_instance_id": "nginx-second"}, "all"])
    assert len({step.name for step in steps}) == len(steps) == 4


def test_a_name_without_an_id_means_the_instances_that_no_entry_names_by_id():
    one = {"name": NGINX, "addon_instance_id": "id-2", "sync_strategy": "force"}
    for entries in (
        [NGINX, one],
        [one, NGINX],
        ["all", one],
        [one, "all"],
        [{"name": NGINX, "version": "latest"}, one],
    ):
        steps = planned(entries)
        assert [step.want.sync_strategy for step in steps if step.instance is SECOND] == ["force"], entries
        assert [step.want.sync_strategy for step in steps if step.instance is FIRST] == [None], entries
    assert [step.name for step in planned([one, NGINX])] == NAMES[::-1], "in the order of the list"
    assert [step.instance for step in planned([one, NGINX], [SECOND])] == [SECOND], "nothing is left for the name"


def test_an_exclusion_leaves_out_all_instances_that_no_entry_names_by_id():
    assert [step.name for step in planned(["all", f"!{NGINX}"])] == ["coredns"]
    one = {"name": NGINX, "addon_instance_id": "id-2"}
    assert [step.name for step in planned(["all", f"!{NGINX}", one])] == ["coredns", NAMES[1]]


@pytest.mark.parametrize(
    "entries",
    [
        [{"name": NGINX, "addon_instance_id": "id-1"}, {"name": NGINX, "addon_instance_id": "id-1"}],
        [{"name": NGINX, "addon_instance_id": "id-1"}, {"name": "coredns", "addon_instance_id": "id-1"}],
        [NGINX, {"name": NGINX, "version": "2.6.4"}],
    ],
)
def test_the_same_instance_is_not_named_twice(entries):
    with pytest.raises(InputError, match="is there twice; what is wanted is not clear"):
        read_wants(entries)


@pytest.mark.parametrize("value", [7, "", []])
def test_an_id_is_text(value):
    with pytest.raises(InputError, match="addon_instance_id of nginx-ingress must be a string"):
        read_wants([{"name": NGINX, "addon_instance_id": value}])


def test_two_entries_may_name_two_instances():
    wants = read_wants([{"name": NGINX, "addon_instance_id": uid, "version": uid} for uid in ("id-2", "id-1")])
    assert [want.addon_instance_id for want in wants.named] == ["id-2", "id-1"]
    assert expand_wants(wants, ALL) == list(wants.named)


# Which one is meant


def test_a_name_that_several_have_is_refused_with_name_and_id_of_each():
    with pytest.raises(InputError) as caught:
        find_instance(ALL, addon_template_name=NGINX)
    assert caught.value.message == (
        "This cluster has 2 instances of nginx-ingress: nginx-first (id-1), nginx-second (id-2). "
        "Say with addon_instance_id which one is meant."
    )
    assert find_instance(ALL, addon_template_name=NGINX, addon_instance_id="id-2") is SECOND


def test_instances_are_listed_by_template_name_and_id():
    items = [
        {"metadata": {"uid": uid, "name": name}, "spec": {"addonTemplateName": template}}
        for template, name, uid in (
            ("b", "b", "4"),
            ("b", "b", "3"),
            ("b", "a", "5"),
            ("b", None, "6"),
            ("a", "z", "1"),
        )
    ]
    assert [item.id for item in read_instances(items)] == ["1", "6", "5", "3", "4"]


# What is checked


def test_each_instance_is_checked_on_its_own():
    newer = Instance(**{**vars(SECOND), "version": "2.5.4", "target_versions": ("2.6.4",)})
    requests = requests_for_plan(planned([NGINX], [FIRST, newer]))
    assert [(item.name, item.addon_template_name, item.addon_instance_id) for item in requests] == [
        (NAMES[0], NGINX, "id-1"),
        (NAMES[1], NGINX, "id-2"),
    ]
    assert [item.body()["values"]["custom"] for item in requests] == [FIRST.values["custom"], SECOND.values["custom"]]
    requests = requests_for_running(read_wants([NGINX]), ALL)
    assert [(item.name, item.addon_instance_id) for item in requests] == list(zip(NAMES, ("id-1", "id-2")))
    one = [{"name": NGINX, "addon_instance_id": "id-2"}]
    assert requests_for_running(read_wants(one), ALL) == [CheckRequest(NAMES[1], NGINX, "id-2", "addonStatic")]
    with pytest.raises(InputError, match="coredns is not installed in this cluster"):
        requests_for_running(read_wants(["coredns"]), [FIRST])
    with pytest.raises(InputError, match="The instance id-9 of nginx-ingress is not installed in this cluster"):
        requests_for_running(read_wants([{"name": NGINX, "addon_instance_id": "id-9"}]), ALL)


def test_no_request_names_an_add_on_twice():
    requests = [
        CheckRequest(name, name[0], f"id-{name}", kind)
        for kind in ("addonStatic", "addonUpgrade")
        for name in ("a1", "b", "a2", "a3")
    ]
    groups = _naming_none_twice(requests)
    assert [[item.name for item in group] for group in groups] == [["a1", "b"], ["a2"], ["a3"]] * 2
    assert sum(map(len, groups)) == len(requests)


def checked(uid: str, level: str | None = None, name: str | None = None, **changes: Any) -> CheckTask:
    risks = [{"riskName": "AddonStatus", "level": level, "status": "Failed"}] if level else []
    return read_task(
        {
            "metadata": {
                "type": "addonUpgrade",
                "taskID": f"task-{uid}",
                "addonTemplateName": NGINX,
                "addonInstanceName": name,
                "addonInstanceID": uid,
                "createTimeStamp": "2026-08-05T11:59:00Z",
                **changes,
            },
            "spec": {"addonTargetVersion": "2.6.4"},
            "status": {"status": "Failed" if level else "Success", "riskList": risks},
        }
    )


def lines_about(*tasks: CheckTask) -> list[str]:
    return table_of_checks([describe_check(task, judge(task, Wanted(now=NOW))) for task in tasks])


def test_a_table_of_checks_tells_instances_apart():
    lines = lines_about(checked("id-1", name="a"), checked("id-2", "Fatal", name="b"))
    assert [line.split("  ")[0] for line in lines[1:3]] == ["nginx-ingress (a)", "nginx-ingress (b)"]
    assert "nginx-ingress (b) -> 2.6.4: fatal" in lines
    lines = lines_about(checked("id-1"), checked("id-1", taskID="older"))
    assert [line.split("  ")[0] for line in lines[1:]] == [NGINX, NGINX], "two tasks of one instance need no more"
    assert lines_about(checked("id-1", addonTemplateName=None, name="a"))[1].startswith("a ")


# What is decided


def step(number: int, **changes: Any) -> dict[str, Any]:
    return records.step(
        **{
            "name": NAMES[number - 1],
            "addon_template_name": NGINX,
            "addon_instance_id": f"id-{number}",
            "from": "2.5.4",
            "to": "2.6.4",
            "values_fingerprint": f"f{number}",
            "previous_version": None,
            "updated_at": None,
            **changes,
        }
    )


def judged(*checks: CheckTask, accepted: Sequence[dict[str, Any]] = (), **options: bool) -> dict[str, Any]:
    started = [
        {
            "addon_instance_id": f"id-{n}",
            "type": "addonUpgrade",
            "task_id": f"task-id-{n}",
            "values_fingerprint": f"f{n}",
        }
        for n in (1, 2)
    ]
    ticket = read_ticket(Ticket("cluster", None, [step(1), step(2)], started).text())
    return gate(
        ticket.plan,
        started=ticket.started,
        checks=checks,
        policy=Policy(fail_on_warning=True, accepted=read_acceptances(list(accepted))),
        cluster_id="cluster",
        now=NOW,
        **options,
    )


def test_each_instance_is_judged_by_its_own_check():
    found = judged(checked("id-1"), checked("id-2", "Fatal"))
    assert (found["open"], found["blocked"], found["passed"]) == (False, [NAMES[1]], [])
    assert found["targets"] == [
        {"name": NAMES[0], "addon_template_name": NGINX, "addon_instance_id": "id-1", "to": "2.6.4"}
    ]
    found = judged(checked("id-1"))
    assert found["blocked"] == [NAMES[1]], "the check of one is none of the other"


ACCEPTED = {"addon": NGINX, "risk": "AddonStatus", "reason": "planned", "until": "2026-12-31"}


def test_an_accepted_warning_is_that_of_all_instances_or_of_the_one_it_names():
    warned = [checked("id-1", "Warning"), checked("id-2", "Warning")]
    assert judged(*warned)["blocked"] == NAMES
    found = judged(*warned, accepted=[ACCEPTED])
    assert found["open"]
    assert [item["addon"] for item in found["accepted"]["used"]] == [NGINX], "used by both, it is told once"
    found = judged(*warned, accepted=[{**ACCEPTED, "addon_instance_id": "id-2"}])
    assert found["blocked"] == NAMES[:1]
    assert found["accepted"]["used"][0]["addon_instance_id"] == "id-2"
    assert judged(*warned, accepted=[{**ACCEPTED, "addon_instance_id": None}])["open"]
    assert judged(*warned, accepted=[{**ACCEPTED, "addon_instance_id": ""}])["blocked"] == NAMES, "empty means none"
    found = judged(*warned, accepted=[{**ACCEPTED, "addon_instance_id": "id-9"}])
    assert "Accepted warning nginx-ingress (instance id-9)/AddonStatus was not needed." in found["lines"]


def test_no_instance_is_let_through_with_a_fatal_risk_that_is_accepted():
    fatal = [checked("id-1"), checked("id-2", "Fatal")]
    with pytest.raises(InputError, match=r"of nginx-ingress \(nginx-second\), but it is Fatal"):
        judged(*fatal, accepted=[ACCEPTED])
    assert judged(*fatal, accepted=[{**ACCEPTED, "addon_instance_id": "id-1"}])["blocked"] == NAMES[1:]


# What is done, and what became of it


def test_each_instance_is_a_job_of_its_own():
    gate_result = judged(checked("id-1"), checked("id-2", "Fatal"), skip_blocked=True)
    found = jobs([step(1), step(2)], gate_result, [], read_wants([NGINX]), now=NOW, max_check_age=3600)
    assert [(job["name"], job["addon_template_name"], job["addon_instance_id"]) for job in found] == [
        (NAMES[0], NGINX, "id-1")
    ]
    gate_result = judged(checked("id-1"), checked("id-2"))
    wants = [{"name": NGINX, "addon_instance_id": "id-2", "sync_strategy": "inherit"}, NGINX]
    found = jobs([step(2), step(1)], gate_result, [], read_wants(wants), now=NOW, max_check_age=3600)
    assert [(job["name"], job["restore"], job["check_task_id"]) for job in found] == [
        (NAMES[1], True, "task-id-2"),
        (NAMES[0], False, "task-id-1"),
    ]


def test_each_instance_has_its_own_record():
    plan = [step(1), step(2)]
    gate_result = judged(checked("id-1", "Warning"), checked("id-2"), accepted=[ACCEPTED])
    todo = jobs(plan, gate_result, [], read_wants([NGINX]), now=NOW, max_check_age=3600)

    first, second = sequence_of(todo, {"id-2": ["AddonStatus"]})
    assert (first.known, second.known) == ((), ("AddonStatus",))
    done = records.transaction(
        job=first.job, before={"version": "2.5.4", "status": "running"}, after=records.state("2.6.4")
    )
    transactions = (done, second)
    upgrade = ClusterUpgrade(
        Ticket("cluster", None, plan, []), NOW, stage="over", gate=gate_result, transactions=transactions
    )
    told = cluster_outcome(upgrade, now=NOW, check_mode=False)
    first, second = told["addons"]
    assert (first["name"], first["outcome"], first["addon_instance_id"]) == (NAMES[0], "upgraded", "id-1")
    assert (first["before"]["version"], first["after"]["version"], first["values_changed"]) == ("2.5.4", "2.6.4", [])
    assert [item["risk"] for item in first["accepted"]] == ["AddonStatus"]
    assert (second["name"], second["outcome"], second["accepted"]) == (NAMES[1], "not_reached", [])
