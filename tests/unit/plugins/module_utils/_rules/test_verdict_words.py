# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The huaweicloud.cce contributors

"""What people are told of a check, to the letter: a reason that is wrong or missing sends an operator the wrong way."""

from __future__ import annotations

import pytest

from ansible_collections.huaweicloud.cce.plugins.module_utils._model.check import (
    CheckTask,
    TaskRisk,
    Wanted,
    latest,
    newest_first,
    read_created_tasks,
    read_task,
    select,
)
from ansible_collections.huaweicloud.cce.plugins.module_utils._rules.remedies import remedy
from ansible_collections.huaweicloud.cce.plugins.module_utils._rules.verdict import (
    Check,
    CheckSummary,
    Risk,
    check_lines,
    describe_check,
    finding_lines,
    judge,
    summarise,
)

NOW = 1_785_931_200.0  # 2026-08-05T12:00:00Z


def reason(task: dict, **wanted: object) -> str | None:
    judgement = judge(read_task(task), Wanted(**wanted))
    assert judgement.blocks == (judgement.verdict in ("fatal", "pending", "unknown"))
    return judgement.reason


def with_risk(**risk: object) -> dict:
    return {"status": {"status": "Failed", "riskList": [{"riskName": "Odd", "level": "Warning", **risk}]}}


@pytest.mark.parametrize(
    ("task", "expected"),
    [
        (7, "the task is not an object"),
        ({"status": {"status": "Done"}}, "the task's status is 'Done'"),
        ({"status": {"status": "Done\n"}}, r"the task's status is 'Done\\n'"),
        ({}, "the task has no status"),
        ({"status": {"status": "Failed"}}, "the task failed without naming a failed risk"),
        ({"status": {"status": "Running"}}, "the check has not finished"),
        (with_risk(status="Init"), "the check has not finished"),
        (with_risk(status="Done"), "the risk Odd has the status 'Done'"),
        (with_risk(), "the risk Odd has no status"),
        (with_risk(riskName=None, status="Done"), "the risk of no name has the status 'Done'"),
        (with_risk(status="Failed", level="Info"), "the risk Odd has the level 'Info'"),
        (with_risk(status="Failed", level=None), "the risk Odd has no level"),
        (with_risk(riskName="", status="Failed", level=None), "the risk of no name has no level"),
        (with_risk(status="Failed", level="Fatal"), None),
        (with_risk(status="Failed"), None),
    ],
    ids=str,
)
def test_the_reason_is_told_where_the_risks_do_not_tell_it(task, expected):
    assert reason(task) == expected


@pytest.mark.parametrize(
    ("task", "expected"),
    [
        ({"metadata": 7}, "metadata is not an object"),
        ({"spec": []}, "spec is not an object"),
        ({"status": "Success"}, "status is not an object"),
        ({"metadata": {"type": 7}}, "type is not a string"),
        ({"metadata": {"taskID": 7}}, "taskID is not a string"),
        ({"metadata": {"addonTemplateName": 7}}, "addonTemplateName is not a string"),
        ({"metadata": {"addonInstanceName": 7}}, "addonInstanceName is not a string"),
        ({"metadata": {"addonInstanceID": 7}}, "addonInstanceID is not a string"),
        ({"metadata": {"createTimeStamp": 7}}, "createTimeStamp is not a string"),
        ({"metadata": {"createTimestamp": 7}}, "createTimestamp is not a string"),
        ({"metadata": {"expireTimeStamp": 7}}, "expireTimeStamp is not a string"),
        ({"metadata": {"expireTimestamp": 7}}, "expireTimestamp is not a string"),
        (
            {"metadata": {"createTimeStamp": "2026-08-05T12:00:00Z", "createTimestamp": "soon"}},
            "createTimeStamp and createTimestamp differ",
        ),
        ({"spec": {"addonTargetVersion": 7}}, "addonTargetVersion is not a string"),
        ({"status": {"status": 7}}, "the task's status is not a string"),
        ({"status": {"riskList": {}}}, "riskList is not a list"),
        ({"riskList": [7, {"level": 7}]}, "a risk is not an object; a risk's level is not a string"),
        ({"riskList": [{"riskName": 7}, {"riskName": 8}]}, "riskName is not a string"),
        ({"riskList": [{"status": 7}]}, "a risk's status is not a string"),
    ],
    ids=str,
)
def test_each_part_that_cannot_be_read_is_named(task, expected):
    found = reason(task)
    assert found is not None
    assert found.split("; ") == expected.split("; ")


ABOUT = {
    "metadata": {"type": "addonUpgrade", "addonInstanceID": "one", "createTimeStamp": "2026-08-05T12:00:00Z"},
    "spec": {"addonTargetVersion": "1.2"},
    "status": {"status": "Success"},
}
NOTHING = {"status": {"status": "Success"}}


@pytest.mark.parametrize(
    ("task", "wanted", "expected"),
    [
        (ABOUT, {"addon_instance_id": "two"}, "it checked the instance one, not two"),
        (NOTHING, {"addon_instance_id": "two"}, "it checked the instance of no name, not two"),
        (ABOUT, {"type": "addonStatic"}, "it is a check of type addonUpgrade, not addonStatic"),
        (NOTHING, {"type": "addonStatic"}, "it is a check of type unknown, not addonStatic"),
        (ABOUT, {"target_version": "1.3"}, "it checked an upgrade to 1.2, not to 1.3"),
        (NOTHING, {"target_version": "1.3"}, "it checked an upgrade to no version, not to 1.3"),
        (NOTHING, {"task_id": "three"}, "it is the check of no id, not three"),
        (NOTHING, {"addon_template_name": "coredns"}, "it checked the add-on of no name, not coredns"),
        (
            {**ABOUT, "spec": {"addonTargetVersion": "1.2", "clusterTargetVersion": "v1.31.1-r4"}},
            {"target_version": "1.2"},
            "an upgrade of the cluster to v1.31.1-r4 made it",
        ),
        (NOTHING, {"now": NOW, "max_check_age": 60.0}, "it does not say when it was made"),
        (ABOUT, {"now": NOW + 61, "max_check_age": 60.0}, "it was made at 2026-08-05T12:00:00Z, more than 60 s ago"),
        *(
            (
                ABOUT,
                {"now": NOW - 61, **limit},
                "it was made at 2026-08-05T12:00:00Z, which is 61 s in the future: the clocks differ",
            )
            for limit in ({}, {"max_check_age": 60.0}, {"max_check_age": 1e9})
        ),
        (ABOUT, {"now": NOW - 60, "max_check_age": 0.0}, None),
        (ABOUT, {"now": NOW + 60, "max_check_age": 60.0}, None),
        (ABOUT, {"now": NOW - 60, "max_check_age": 60.0}, None),
        (ABOUT, {"now": NOW + 1e9}, None),
        (ABOUT, {"max_check_age": 60.0}, None),
        ({**NOTHING, "metadata": {"expireTimeStamp": "soon"}}, {"now": NOW}, "its expiry time cannot be read"),
        ({**NOTHING, "metadata": {"expireTimeStamp": "soon"}}, {}, None),
        (
            {**NOTHING, "metadata": {"expireTimestamp": "2026-08-05T12:00:00Z"}},
            {"now": NOW},
            "it expired at 2026-08-05T12:00:00Z",
        ),
        ({**NOTHING, "metadata": {"expireTimestamp": "2026-08-05T12:00:00.000001Z"}}, {"now": NOW}, None),
    ],
    ids=str,
)
def test_a_check_of_something_else_says_of_what(task, wanted, expected):
    judgement = judge(read_task(task), Wanted(**wanted))
    assert judgement.reason == expected
    assert judgement.verdict == ("unknown" if expected else "passed")


def test_no_check_is_told_as_such():
    assert judge(None).reason == "no check was made"


def test_a_message_that_is_no_text_is_shown_as_json():
    message = {"b": "控", "a": {1: 2}}
    assert read_task({"status": {"message": message}}).message == '{"a": {"1": 2}, "b": "控"}'
    assert read_task({"status": {"message": "plain"}}).message == "plain"
    assert (
        read_task(
            {
                "status": {
                    "message": {
                        1,
                    }
                }
            }
        ).message
        == '"{1}"'
    )


def test_a_risk_after_one_that_cannot_be_read_counts():
    risks = [7, {"riskName": "a", "level": "Fatal", "status": "Failed"}]
    assert judge(read_task({"riskList": risks})).verdict == "fatal"
    single = {"riskName": "a", "level": "Fatal", "status": "Failed", "message": "m"}
    task = read_task({"status": {"riskList": single}})
    assert task.risks == (TaskRisk("a", "Fatal", "Failed", "m"),)


def test_a_single_created_task_is_a_task():
    assert read_created_tasks({"status": {"items": {"metadata": {"taskID": "one"}}}}) == [CheckTask(task_id="one")]
    assert read_created_tasks({"status": {"items": [], "itemsStatus": [{"metadata": {"taskID": "two"}}]}}) == [
        CheckTask(task_id="two")
    ]


@pytest.mark.parametrize("name", ["type", "task_id", "addon_instance_id", "addon_template_name", "target_version"])
def test_each_filter_rules_out_what_says_something_else(name):
    tasks = [CheckTask(**{name: value}) for value in ("a", "b", None)]
    assert select(tasks, Wanted(**{name: "a"})) == [tasks[0], tasks[2]]
    assert select(tasks, Wanted()) == tasks


def test_a_task_that_does_not_say_what_it_is_about_stays_among_the_newest():
    whole = {"type": "addonUpgrade", "addon_instance_id": "one", "created_at": "2026-08-05T12:00:00Z"}
    old = "2026-08-01T12:00:00Z"
    for name in ("type", "addon_instance_id"):
        tasks = [
            CheckTask(**whole),
            *[CheckTask(**{**whole, name: None, "created_at": time}) for time in (old, "2026-08-02T12:00:00Z")],
        ]
        assert len(latest(tasks)) == 3
    assert len(latest([CheckTask(**whole), CheckTask(**{**whole, "created_at": old})])) == 1


def test_tasks_without_a_time_stay_in_the_order_of_the_answer():
    tasks = [CheckTask(task_id=name, created_at=time) for name, time in (("a", None), ("b", "x"), ("c", None))]
    assert [task.task_id for task in newest_first(tasks)] == ["a", "b", "c"]


TASK = CheckTask(
    type="addonUpgrade",
    task_id="task-1",
    addon_template_name="coredns",
    addon_instance_name="cceaddon-coredns",
    addon_instance_id="instance-1",
    target_version="1.2",
    created_at="2026-08-05T12:00:00Z",
    expires_at="2026-08-06T12:00:00Z",
    status="Failed",
    message="done",
    risks=(
        TaskRisk("K8sResourceModified", "Fatal", "Failed", "changed"),
        TaskRisk("AddonStatus", "Warning", "Success", None),
        TaskRisk(None, None, "Failed", None),
    ),
)
DRIFT = (
    "Move the hand-made change into the add-on's values or put the ConfigMap back; or choose what the upgrade does "
    "with it: sync_strategy 'inherit' keeps it (recommended), 'force' discards it."
)
GENERIC = "Read the message, put right what it names, then check again."


def described(**changes: object) -> dict:
    task = CheckTask(**{**vars(TASK), **changes})
    return describe_check(task, judge(task))


def test_a_task_is_described_whole():
    assert described() == {
        "task_id": "task-1",
        "type": "addonUpgrade",
        "addon_template_name": "coredns",
        "addon_instance_name": "cceaddon-coredns",
        "addon_instance_id": "instance-1",
        "target_version": "1.2",
        "cluster_target_version": None,
        "created_at": "2026-08-05T12:00:00Z",
        "expires_at": "2026-08-06T12:00:00Z",
        "status": "Failed",
        "message": "done",
        "verdict": "fatal",
        "reason": None,
        "risks": [
            {
                "name": "K8sResourceModified",
                "level": "Fatal",
                "status": "Failed",
                "message": "changed",
                "remedy": DRIFT,
            },
            {"name": "AddonStatus", "level": "Warning", "status": "Success", "message": None, "remedy": None},
            {"name": None, "level": None, "status": "Failed", "message": None, "remedy": GENERIC},
        ],
    }


def test_drift_has_its_own_way_out_in_coredns_only():
    drift = TaskRisk("K8sResourceModified", "Fatal", "Failed", None)
    assert remedy(drift, "coredns") == DRIFT
    assert remedy(drift, "nginx-ingress").startswith("Somebody changed the add-on's resources with kubectl")
    assert remedy(TaskRisk("AddonStatus", "Fatal", "Failed", None), "coredns").startswith("Look at the add-on's pods")
    assert remedy(TaskRisk("AddonValidate", "Fatal", "Failed", "set parameterSyncStrategy"), "other") == DRIFT
    assert remedy(TaskRisk("xxxx", "Fatal", "Failed", None)) == GENERIC
    assert remedy(TaskRisk(None, "Fatal", "Failed", "A snippet")).startswith("Rewrite the snippet annotations")


def test_people_see_a_table_and_then_each_finding():
    checks = [
        described(),
        described(risks=(), status="Success"),
        described(addon_template_name=None, target_version=None, risks=(), status="Running"),
        described(addon_template_name=None, addon_instance_name=None, risks=(), status="Odd"),
    ]
    summary = summarise(checks)
    lines = [
        "ADD-ON            CHECK         TARGET  STATUS   VERDICT  CREATED",
        "coredns           addonUpgrade  1.2     Failed   fatal    2026-08-05T12:00:00Z",
        "coredns           addonUpgrade  1.2     Success  passed   2026-08-05T12:00:00Z",
        "cceaddon-coredns  addonUpgrade  -       Running  pending  2026-08-05T12:00:00Z",
        "-                 addonUpgrade  1.2     Odd      unknown  2026-08-05T12:00:00Z",
        "",
        "coredns -> 1.2: fatal",
        "  Fatal: K8sResourceModified",
        "  message: changed",
        f"  to do:   {DRIFT}",
        "  level unknown: a risk of no name",
        "  message: (none given)",
        f"  to do:   {GENERIC}",
        "",
        "cceaddon-coredns: pending",
        "  why:     the check has not finished",
        "",
        "an add-on of no name -> 1.2: unknown",
        "  why:     the task's status is 'Odd'",
    ]
    assert check_lines(checks) == lines
    assert summary == {
        "verdict": "fatal",
        "total": 4,
        "passed": 1,
        "warning": 0,
        "fatal": 1,
        "pending": 1,
        "unknown": 1,
        "blocking": ["task-1"] * 3,
        "text": "\n".join(lines),
    }
    assert check_lines([]) == ["No check task was found: nothing is known about the risks of an upgrade."]


def test_what_passed_needs_no_words():
    assert finding_lines({**described(), "verdict": "passed"}, "coredns", None) == []
    assert finding_lines({**described(risks=()), "verdict": "fatal", "reason": None}, "coredns", None) == []


def test_a_described_check_has_the_keys_of_its_type():
    task = CheckTask(risks=(TaskRisk(None, None, None, None),))
    check = describe_check(task, judge(task))
    assert check.keys() == Check.__annotations__.keys()
    assert [risk.keys() for risk in check["risks"]] == [Risk.__annotations__.keys()]
    assert summarise([check]).keys() == CheckSummary.__annotations__.keys()
