# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The huaweicloud.cce contributors

"""Risks, errors and pages at places that no document names: an answer in a new shape is not one without risks."""

from __future__ import annotations

import copy
import itertools
import time

import pytest

from ansible_collections.huaweicloud.cce.plugins.module_utils._model.check import Wanted, read_tasks
from ansible_collections.huaweicloud.cce.plugins.module_utils._rules.verdict import judge

FATAL = {"riskName": "AddonValidate", "level": "Fatal", "status": "Failed"}
CLEAN = {
    "kind": "AddonCheck",
    "apiVersion": "v3",
    "pageInfo": {"currentCount": 1},
    "items": [
        {
            "metadata": {
                "type": "addonUpgrade",
                "taskID": "task-1",
                "addonInstanceID": "instance-1",
                "createTimeStamp": "2026-08-05T11:59:00Z",
            },
            "spec": {"addonTargetVersion": "1.30.33"},
            "status": {"status": "Success", "message": "", "riskList": []},
        }
    ],
}


def answer(place: str = "", value: object = None) -> dict:
    """Return a clean answer with something at a place in it; `item` is its one task."""
    changed = copy.deepcopy(CLEAN)
    if place:
        *way, last = place.split(".")
        target = changed
        for key in way:
            target = target["items"][0] if key == "item" else target.setdefault(key, {})
        target[last] = value
    return changed


def judged(found: dict) -> tuple[str, str | None]:
    (task,) = read_tasks(found)
    judgement = judge(task, Wanted(addon_instance_id="instance-1", type="addonUpgrade", target_version="1.30.33"))
    return judgement.verdict, judgement.reason


def test_a_clean_answer_passes():
    assert judged(answer()) == ("passed", None)
    empty = {
        "pageInfo.nextMarker": None,
        "nextMarker": "",
        "errorCode": None,
        "errors": [],
        "hasMore": False,
        "item.status.Fatal": 0,
        "item.status.riskList": [{**FATAL, "status": "Success"}],
        "item.riskList": [{**FATAL, "status": "Success"}],
        "item.metadata.note": "Fatal",
        "item.status.message": "level: Fatal",
        "pageInfo.previousMarker": "before",
        "pageInfo.currentCount": 0,
    }
    for place, value in empty.items():
        assert judged(answer(place, value)) == ("passed", None), place


KEYS = ("RiskList", "risk_list", "risks", "riskItems", "Risk-List", "failedRisks")
PLACES = ("item.status", "item", "item.metadata", "item.spec", "metadata", "spec", "pageInfo")


@pytest.mark.parametrize(("place", "key"), [*itertools.product(PLACES, KEYS), ("item.spec", "riskList")])
@pytest.mark.parametrize("alone", [False, True])
def test_something_fatal_at_a_place_that_no_document_names_blocks(place, key, alone):
    verdict, reason = judged(answer(f"{place}.{key}", FATAL if alone else [FATAL]))
    assert verdict == "unknown"
    where = f"{place.removeprefix('item.').replace('item', '')}.{key}".strip(".")
    assert f"something Fatal is at {where}" in reason


@pytest.mark.parametrize("key", ["riskList", *KEYS])
def test_something_fatal_beside_the_list_blocks(key):
    assert judged(answer(key, [FATAL]))[0] == "unknown"


@pytest.mark.parametrize(
    "risk",
    [
        {"Level": "Fatal"},
        {"LEVEL": "FATAL"},
        {" level ": " fatal "},
        {"riskLevel": "Fatal"},
        {"risk_level": "fatal"},
        {"level": ["Fatal"]},
        {"level": {"name": "Fatal"}},
        {"severity": "Fatal"},
        {"ｌｅｖｅｌ": "Ｆａｔａｌ"},
        {"le\u200bvel": "Fa\u200btal"},
        {"Fatal": [{"riskName": "AddonValidate"}]},
        {"fatal": 3},
    ],
    ids=str,
)
def test_another_spelling_does_not_hide_it(risk):
    for place in ("item.status.found", "item.status.riskList", "found"):
        assert judged(answer(place, [{**risk, "status": "Success"}]))[0] == "unknown", place


def test_it_is_found_in_a_risk_and_as_deep_as_it_stands():
    risk = {"riskName": "A", "level": "Warning", "status": "Success"}
    assert judged(answer("item.status.riskList", [risk]))[0] == "passed"
    assert judged(answer("item.status.riskList", [{**risk, "details": [[{"sub": FATAL}]]}]))[0] == "unknown"
    deep: object = [FATAL]
    for _unused in range(5000):
        deep = {"in": [deep]}
    assert judged(answer("item.status.more", deep))[0] == "unknown"


def test_a_fatal_of_one_task_is_not_that_of_another():
    other = {"metadata": {"taskID": "task-2"}, "status": {"status": "Success", "risks": [FATAL]}}
    found = answer()
    found["items"].append(other)
    assert [judge(task).verdict for task in read_tasks(found)] == ["passed", "unknown"]


@pytest.mark.parametrize(
    "huge",
    [
        {str(number): number for number in range(50_000)},
        list(range(50_000)),
        [{"level": "Warning"}] * 50_000,
        [[]] * 50_000,
        {"level" * 2000: "Fatal" * 2000},
    ],
    ids=["keys", "numbers", "objects", "lists", "words"],
)
def test_what_is_too_large_to_be_searched_does_not_hold_the_client_and_is_not_clean(huge):
    begun = time.process_time()
    verdict, reason = judged(answer("item.status.more", huge))
    assert time.process_time() - begun < 1
    assert (verdict == "passed") == (len(huge) == 1)
    assert reason is None or "too many to look for risks in all of them" in reason


# The answer as a whole


@pytest.mark.parametrize(
    ("place", "value", "text"),
    [
        *((place, "x", f"the list has further pages ({place})") for place in ("nextMarker", "pageInfo.next_marker")),
        ("metadata.continue", "token", "the list has further pages (metadata.continue)"),
        ("links.next", "https://…", "the list has further pages (links.next)"),
        ("hasMore", True, "the list has further pages (hasMore)"),
        ("pageInfo.currentCount", 2, "CCE counts 2 check tasks but returned 1"),
        ("pageInfo.currentCount", "2", "CCE counts 2 check tasks but returned 1"),
        ("pageInfo.totalCount", 7, "CCE counts 7 check tasks but returned 1"),
        ("totalCount", 7, "CCE counts 7 check tasks but returned 1"),
        ("errorCode", "CCE.01500001", "an error beside the list of checks (errorCode)"),
        ("error", {"message": "internal"}, "an error beside the list of checks (error)"),
        ("error_msg", "internal", "an error beside the list of checks (error_msg)"),
        ("code", "SVCSTG.CCE-ADDONMGR.500", "an error beside the list of checks (code)"),
        ("kind", "Status", "an error beside the list of checks (kind)"),
        ("status", "Failure", "an error beside the list of checks (status)"),
        ("Items", [], "the key Items in two spellings"),
    ],
)
@pytest.mark.parametrize("single", [False, True])
def test_an_answer_that_is_not_whole_makes_nothing_of_it_known(place, value, text, single):
    found = answer(place, value)
    if single:
        found["items"] = found["items"][0]
    verdict, reason = judged(found)
    assert verdict == "unknown"
    assert text in reason


@pytest.mark.parametrize("count", [-1, 1.5, "many", None, [], {}, True, "9" * 5000])
def test_a_count_that_is_none_tells_nothing(count):
    assert judged(answer("pageInfo.currentCount", count)) == ("passed", None)


# Contradictions inside of a task


@pytest.mark.parametrize(
    ("place", "value", "text"),
    [
        ("item.status.Status", "Failed", "status has the key Status in two spellings"),
        ("item.Status", {"status": "Failed"}, "the task has the key Status in two spellings"),
        ("item.metadata.addonInstanceId", "instance-2", "metadata has the key addonInstanceId in two spellings"),
        ("item.spec.addon_target_version", "1.30.6", "spec has the key addon_target_version in two spellings"),
        ("item.errorCode", "CCE.01500001", "the task tells of an error (errorCode)"),
        ("item.status.error", "the pods cannot be read", "the task tells of an error (error)"),
    ],
)
def test_a_task_that_contradicts_itself_blocks(place, value, text):
    verdict, reason = judged(answer(place, value))
    assert verdict == "unknown"
    assert text in reason


def test_a_risk_that_contradicts_itself_blocks():
    risk = {"riskName": "A", "level": "Warning", "status": "Success", "Status": "Failed"}
    verdict, reason = judged(answer("item.status.riskList", [risk]))
    assert (verdict, reason) == ("unknown", "a risk has the key Status in two spellings")


def test_what_is_fatal_where_it_belongs_stays_fatal_whatever_else_is_wrong():
    found = answer("item.status.riskList", [FATAL])
    found.update(nextMarker="x", errorCode="y", riskList=[FATAL])
    assert judged(found)[0] == "fatal"
