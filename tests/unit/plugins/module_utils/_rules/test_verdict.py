# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The huaweicloud.cce contributors

from __future__ import annotations

import itertools

import pytest

from ansible_collections.huaweicloud.cce.plugins.module_utils._model.check import (
    CheckTask,
    TaskRisk,
    Wanted,
    latest,
    newest_first,
    read_created_tasks,
    read_task,
    read_tasks,
    select,
)
from ansible_collections.huaweicloud.cce.plugins.module_utils._rules import verdict
from ansible_collections.huaweicloud.cce.plugins.module_utils._rules.remedies import remedy
from ansible_collections.huaweicloud.cce.plugins.module_utils._rules.verdict import describe_check, judge, summarise

DRIFT = "the effective configuration differs; set parameterSyncStrategy to inherit or force, or put the ConfigMap back"


def item(**changes: object) -> dict:
    """An item as the table of the API page has it."""
    whole = {
        "metadata": {
            "type": "addonUpgrade",
            "taskID": "task-1",
            "addonTemplateName": "coredns",
            "addonInstanceName": "coredns",
            "addonInstanceID": "instance-1",
            "createTimeStamp": "2026-08-05T17:10:44.648388+08:00",
            "expireTimeStamp": "2026-08-06T17:10:44.648388+08:00",
        },
        "spec": {"addonTargetVersion": "1.30.33"},
        "status": {
            "status": "Failed",
            "message": "",
            "riskList": [{"riskName": "AddonValidate", "level": "Fatal", "status": "Failed", "message": DRIFT}],
        },
    }
    whole.update(changes)
    return whole


def task(status: str | None = "Success", *risks: tuple[str | None, str | None], **parts: object) -> CheckTask:
    return CheckTask(
        type="addonUpgrade",
        task_id="task-1",
        addon_instance_id="instance-1",
        target_version="1.30.33",
        created_at="2026-08-05T09:00:00Z",
        status=status,
        risks=tuple(TaskRisk(f"risk-{number}", level, state, None) for number, (level, state) in enumerate(risks)),
        **parts,
    )


# Reading


def test_an_item_is_read_whole():
    assert read_task(item()) == CheckTask(
        type="addonUpgrade",
        task_id="task-1",
        addon_template_name="coredns",
        addon_instance_name="coredns",
        addon_instance_id="instance-1",
        target_version="1.30.33",
        created_at="2026-08-05T17:10:44.648388+08:00",
        expires_at="2026-08-06T17:10:44.648388+08:00",
        status="Failed",
        message=None,
        risks=(TaskRisk("AddonValidate", "Fatal", "Failed", DRIFT),),
        defects=(),
    )


@pytest.mark.parametrize("single", [False, True])
@pytest.mark.parametrize("risks_beside_status", [False, True])
@pytest.mark.parametrize("spelling", ["createTimeStamp", "createTimestamp"])
def test_every_documented_shape_is_read_alike(single, risks_beside_status, spelling):
    shaped = item()
    if risks_beside_status:
        shaped["riskList"] = shaped["status"].pop("riskList")
    shaped["metadata"][spelling] = shaped["metadata"].pop("createTimeStamp")
    answer = {"items": shaped if single else [shaped]}
    assert read_tasks(answer) == [read_task(item())]


@pytest.mark.parametrize("key", ["items", "itemsStatus"])
def test_created_tasks_are_read_under_both_names(key):
    assert read_created_tasks({"status": {"phase": "Init", key: [item()]}}) == [read_task(item())]


@pytest.mark.parametrize("answer", [{}, {"status": None}, {"status": {}}, {"status": {"items": []}}, {"status": "x"}])
def test_a_create_answer_without_tasks_has_none(answer):
    assert read_created_tasks(answer) == []


@pytest.mark.parametrize("missing", ["metadata", "spec", "status"])
@pytest.mark.parametrize("value", [None, "absent", [], "text", 3])
def test_a_missing_part_is_never_invented(missing, value):
    shaped = item(**{missing: value})
    if value == "absent":
        del shaped[missing]
    read = read_task(shaped)
    if missing == "status":
        assert judge(read).verdict == "unknown"
    if missing == "metadata":
        assert read.task_id is None
    assert bool(read.defects) == (value in ([], "text", 3))


def test_both_places_of_the_risk_list_count():
    shaped = item()
    shaped["status"]["riskList"] = [{"riskName": "A", "level": "Warning", "status": "Success"}]
    shaped["riskList"] = [{"riskName": "B", "level": "Fatal", "status": "Failed"}]
    assert [risk.name for risk in read_task(shaped).risks] == ["A", "B"]
    assert judge(read_task(shaped)).verdict == "fatal"


@pytest.mark.parametrize("answer", [{}, {"items": None}, {"items": []}])
def test_no_items_are_no_tasks(answer):
    assert read_tasks(answer) == []


@pytest.mark.parametrize("items", ["text", 5, [None], ["text"], [[]], True])
def test_items_that_are_no_tasks_block(items):
    tasks = read_tasks({"items": items})
    assert tasks
    assert all(judge(found).verdict == "unknown" for found in tasks)


@pytest.mark.parametrize("risks", ["text", {"riskName": "A", "status": "Success"}, [None], [["x"]], 7])
def test_a_risk_list_of_another_kind_blocks(risks):
    shaped = item()
    shaped["status"] = {"status": "Success", "riskList": risks}
    assert judge(read_task(shaped)).verdict == "unknown"


@pytest.mark.parametrize("value", [1, True, ["Success"], {"Success": 1}])
def test_a_status_that_is_no_word_blocks(value):
    shaped = item()
    shaped["status"] = {"status": value, "riskList": []}
    assert judge(read_task(shaped)).verdict == "unknown"


def test_a_message_that_is_no_text_is_shown_as_it_came():
    shaped = item()
    shaped["status"]["riskList"][0]["message"] = {"detail": ["a"]}
    assert read_task(shaped).risks[0].message == '{"detail": ["a"]}'


# The verdict


@pytest.mark.parametrize(
    ("found", "verdict"),
    [
        (task("Success"), "passed"),
        (task("Success", ("Warning", "Success"), ("Fatal", "Success")), "passed"),
        (task("Success", (None, "Success")), "passed"),
        (task("Failed", ("Warning", "Failed")), "warning"),
        (task("Failed", ("Warning", "Failed"), ("Fatal", "Success")), "warning"),
        (task("Success", ("Warning", "Failed")), "warning"),
        (task("Failed", ("Fatal", "Failed")), "fatal"),
        (task("Failed", ("Warning", "Failed"), ("Fatal", "Failed")), "fatal"),
        (task("Success", ("Fatal", "Failed")), "fatal"),
        (task("Running", ("Fatal", "Failed"), ("Warning", "Init")), "fatal"),
        (task("Melted", ("Fatal", "Failed")), "fatal"),
        (task("Init", ("Warning", "Init")), "pending"),
        (task("Running"), "pending"),
        (task("Running", ("Fatal", "Running")), "pending"),
        (task("Success", ("Warning", "Running")), "pending"),
        (task("Failed", ("Warning", "Failed"), ("Warning", "Init")), "pending"),
        (task("Failed"), "unknown"),
        (task("Failed", ("Warning", "Success")), "unknown"),
        (task(None), "unknown"),
        (task("success"), "unknown"),
        (task("SUCCESS"), "unknown"),
        (task("Succe\u0455s"), "unknown"),
        (task("Success "), "unknown"),
        (task("Skipped"), "unknown"),
        (task("Success", ("Warning", None)), "unknown"),
        (task("Success", ("Warning", "Skipped")), "unknown"),
        (task("Failed", ("Warning", "Failed"), ("Warning", "Skipped")), "unknown"),
        (task("Failed", (None, "Failed")), "unknown"),
        (task("Failed", ("Critical", "Failed")), "unknown"),
        (task("Failed", ("warning", "Failed")), "unknown"),
        (task("Failed", ("Warning", "Failed"), ("Critical", "Failed")), "unknown"),
        (task("Success", defects=("riskList is not a list",)), "unknown"),
        (None, "unknown"),
    ],
)
def test_the_verdict_is_that_of_the_table(found, verdict):
    judgement = judge(found)
    assert judgement.verdict == verdict
    assert judgement.blocks == (verdict in ("fatal", "pending", "unknown"))
    assert (judgement.reason is None) == (verdict in ("passed", "warning", "fatal"))


WORDS = ["Init", "Running", "Failed", "Success", "success", "Done", "", None]
LEVELS = ["Warning", "Fatal", "Info", None]


def test_nothing_but_success_and_known_warnings_passes():
    """Every combination of a task's status and two risks, against the table put the other way round."""
    kinds = list(itertools.product(LEVELS, WORDS))
    for status, first, second in itertools.product(WORDS, kinds, kinds):
        verdict = judge(task(status or None, first, second)).verdict
        harmless = {("Warning", "Failed")} | {(level, "Success") for level in LEVELS}
        if verdict in ("passed", "warning"):
            assert status in ("Success", "Failed"), (status, first, second)
            assert {first, second} <= harmless, (status, first, second)
        if ("Fatal", "Failed") in (first, second):
            assert verdict == "fatal"


@pytest.mark.parametrize(
    ("wanted", "reason"),
    [
        (Wanted(addon_instance_id="instance-2"), "instance"),
        (Wanted(type="addonStatic"), "type"),
        (Wanted(target_version="1.30.6"), "not to 1.30.6"),
        (Wanted(now=1_785_924_000 + 3601, max_check_age=3600), "made at"),
        (Wanted(now=1_785_924_000 - 3601, max_check_age=3600), "in the future"),
    ],
)
def test_a_result_about_something_else_does_not_count(wanted, reason):
    found = task("Success")
    found = CheckTask(**{**found.__dict__, "created_at": "2026-08-05T10:00:00Z"})
    assert judge(found).verdict == "passed"
    judgement = judge(found, wanted)
    assert judgement.verdict == "unknown"
    assert reason in judgement.reason


@pytest.mark.parametrize("created_at", [None, "yesterday", "2026-08-05T10:00:00", "2026-13-45T10:00:00Z"])
def test_a_result_of_unknown_age_does_not_count(created_at):
    found = CheckTask(**{**task("Success").__dict__, "created_at": created_at})
    assert judge(found, Wanted(now=1_785_924_000, max_check_age=3600)).verdict == "unknown"


@pytest.mark.parametrize(
    ("expires_at", "verdict"),
    [("2026-08-05T10:00:01Z", "passed"), ("2026-08-05T10:00:00Z", "unknown"), ("soon", "unknown"), (None, "passed")],
)
def test_an_expired_result_does_not_count(expires_at, verdict):
    found = task("Success", expires_at=expires_at)
    assert judge(found, Wanted(now=1_785_924_000)).verdict == verdict


def test_a_fatal_risk_stays_fatal_when_the_result_is_about_something_else():
    found = task("Failed", ("Fatal", "Failed"))
    assert judge(found, Wanted(target_version="9", now=4e9, max_check_age=1)).verdict == "fatal"


# Choosing


def at(created_at: str | None, task_id: str, **parts: object) -> CheckTask:
    values = {"type": "addonUpgrade", "addon_instance_id": "instance-1", "status": "Success", **parts}
    return CheckTask(task_id=task_id, created_at=created_at, **values)


def test_the_newest_task_of_each_instance_and_type_is_found_to_the_nanosecond():
    tasks = [
        at("2026-08-13T11:24:37.312017086+08:00", "older"),
        at("2026-08-13T03:24:37.312017087Z", "newer"),
        at("2026-08-13T11:24:37+08:00", "static", type="addonStatic"),
        at("2026-08-12T00:00:00Z", "other", addon_instance_id="instance-2"),
    ]
    for order in itertools.permutations(tasks):
        assert {found.task_id for found in latest(order)} == {"newer", "static", "other"}
        assert newest_first(order)[0].task_id == "newer"


@pytest.mark.parametrize("created_at", [None, "", "yesterday"])
def test_a_task_that_may_be_the_newest_is_kept(created_at):
    tasks = [at("2026-08-13T03:24:37Z", "dated"), at(created_at, "undated"), at("2026-08-12T03:24:37Z", "old")]
    assert [found.task_id for found in latest(tasks)] == ["undated", "dated"]


def test_a_task_of_the_same_instant_is_kept():
    tasks = [at("2026-08-13T03:24:37Z", "one"), at("2026-08-13T11:24:37+08:00", "two")]
    assert {found.task_id for found in latest(tasks)} == {"one", "two"}


def test_a_filter_keeps_what_it_cannot_rule_out():
    tasks = [at(None, "a", addon_template_name="coredns"), at(None, "b", addon_template_name="everest"), at(None, "c")]
    assert [found.task_id for found in select(tasks, Wanted(addon_template_name="coredns"))] == ["a", "c"]


# Showing


def test_a_summary_counts_and_names_what_blocks():
    tasks = [
        task("Success"),
        task("Failed", ("Fatal", "Failed")),
        task("Running"),
        task("Odd"),
        task("Failed", ("Warning", "Failed")),
    ]
    checks = [
        {**describe_check(found, judge(found)), "task_id": f"task-{number}"} for number, found in enumerate(tasks)
    ]
    summary = summarise(checks)
    assert {key: summary[key] for key in ("total", "passed", "warning", "fatal", "pending", "unknown")} == {
        "total": 5,
        "passed": 1,
        "warning": 1,
        "fatal": 1,
        "pending": 1,
        "unknown": 1,
    }
    assert summary["verdict"] == "fatal"
    assert summary["blocking"] == ["task-1", "task-2", "task-3"]


def test_no_task_at_all_is_unknown_and_says_so():
    summary = summarise([])
    assert summary["verdict"] == "unknown"
    assert "nothing is known" in summary["text"]


def test_the_table_shows_risk_message_and_remedy_of_all():
    tasks = [
        read_task(item()),
        read_task(item(riskList=[{"riskName": "K8sResourceModified", "level": "Fatal", "status": "Failed"}])),
    ]
    text = summarise([describe_check(found, judge(found)) for found in tasks])["text"]
    assert text.count("AddonValidate") == 2
    assert "K8sResourceModified" in text
    assert DRIFT in text
    assert "sync_strategy 'inherit'" in text


def test_hostile_text_cannot_forge_a_line():
    evil = "ok\n\nPLAY RECAP ***\r\x1b[2J\u202egnp\u2028x"
    found = read_task(item(riskList=[{"riskName": evil, "level": "Fatal", "status": "Failed", "message": evil}]))
    for line in summarise([describe_check(found, judge(found))])["text"].split("\n"):
        assert not line.startswith("PLAY")
        assert line.isprintable()


@pytest.mark.parametrize(
    ("name", "message", "words"),
    [
        ("AddonStatus", "1 of 2 pods ready", "pods"),
        ("AddonValidate", "replicas must be a number", "Correct the values"),
        ("AddonValidate", DRIFT, "inherit"),
        ("K8sResourceModified", "Deployment changed", "kubectl"),
        ("CertificateKeyLength", "the default certificate is too weak", "2048"),
        ("Whatever", "default backend Service missing", "Service"),
        ("IngressClassCheck", None, "ingressClassName"),
        ("SnippetAnnotations", None, "allow-snippet-annotations"),
        ("NeverSeen", "something", "Read the message"),
        (None, None, "Read the message"),
    ],
)
def test_every_risk_says_what_to_do(name, message, words):
    assert words in remedy(TaskRisk(name, "Fatal", "Failed", message), "nginx-ingress")


def test_a_risk_that_was_not_found_needs_no_remedy():
    assert remedy(TaskRisk("AddonStatus", "Fatal", "Success", None)) is None


def test_verdicts_are_ordered_worst_first():
    assert verdict.worst(["passed", "warning", "pending"]) == "pending"
    assert verdict.worst(["unknown", "pending"]) == "unknown"
    assert verdict.worst(["unknown", "fatal"]) == "fatal"
    assert verdict.worst([]) == "unknown"
