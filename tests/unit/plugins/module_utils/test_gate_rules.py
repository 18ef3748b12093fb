# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The huaweicloud.cce contributors

"""Which check counts for an upgrade, where several could."""

from __future__ import annotations

import itertools

import pytest

from ansible_collections.huaweicloud.cce.plugins.module_utils._checks import Wanted, describe, judge, read_task
from ansible_collections.huaweicloud.cce.plugins.module_utils._gate import Policy, gate
from ansible_collections.huaweicloud.cce.plugins.module_utils._times import instant

NOW = 1_785_931_200.0  # 2026-08-05T12:00:00Z
STEP = {
    "name": "coredns",
    "action": "upgrade",
    "from": "1.28.7",
    "to": "1.30.33",
    "why": "a newer version",
    "addon_instance_id": "instance-1",
    "values_fingerprint": "f",
}
STARTED = {"addon_instance_id": "instance-1", "type": "addonUpgrade", "task_id": "task-1", "values_fingerprint": "f"}
FATAL = {"status": "Failed", "riskList": [{"riskName": "AddonValidate", "level": "Fatal", "status": "Failed"}]}
WARNING = {"status": "Failed", "riskList": [{"riskName": "AddonStatus", "level": "Warning", "status": "Failed"}]}
PASSED = {"status": "Success", "riskList": []}


def check(status: object = PASSED, *, spec: object = None, **metadata: object) -> dict:
    """A check of the wanted upgrade, as the modules return it."""
    item = {
        "metadata": {
            "type": "addonUpgrade",
            "taskID": "task-1",
            "addonInstanceID": "instance-1",
            "createTimeStamp": "2026-08-05T11:59:00Z",
            **metadata,
        },
        "spec": {"addonTargetVersion": "1.30.33"} if spec is None else spec,
        "status": status,
    }
    task = read_task(item)
    return describe(task, judge(task, Wanted(now=NOW)))


def decided(*checks: dict, started: object = None, policy: Policy | None = None, step: dict | None = None) -> dict:
    result = gate(
        [step or STEP], started=started, checks=checks, policy=policy or Policy(), cluster_id="cluster-1", now=NOW
    )
    return {**result["decisions"][0], "open": result["open"]}


def verdict_of(*checks: dict, started: object = None) -> str:
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
        found = check(**dict(zip(times, (one, two), strict=True)))
        assert found["verdict"] == "unknown"
        assert "differ" in found["reason"]
        assert not decided(found, started=[STARTED])["open"]


def test_two_spellings_of_one_moment_are_a_time():
    found = check(createTimeStamp="2026-08-05T11:59:00Z", createTimestamp="2026-08-05T19:59:00.000+08:00")
    assert found["created_at"] == "2026-08-05T11:59:00Z"
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
