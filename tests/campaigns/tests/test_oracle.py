# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The huaweicloud.cce contributors

"""A short run of tests/campaigns/oracle/attack.py, and properties that no example may break."""

from __future__ import annotations

import contextlib
import copy
import datetime
import math
from random import Random, SystemRandom

import pytest
from campaigns.oracle.attack import attack, gate_arguments, report, tasks_of
from campaigns.oracle.hostile import HOUR, INSTANCE, NOW, TARGET, TASK, hostile_answer, wanted_upgrades
from campaigns.oracle.verdict import NANOSECONDS, Wanted, verdict
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ansible_collections.huaweicloud.cce.plugins.module_utils._api.signing import sign
from ansible_collections.huaweicloud.cce.plugins.module_utils._ground.errors import InputError
from ansible_collections.huaweicloud.cce.plugins.module_utils._model.check import Wanted as Asked
from ansible_collections.huaweicloud.cce.plugins.module_utils._model.check import read_task
from ansible_collections.huaweicloud.cce.plugins.module_utils._model.values import POLICIES, merge_values, target_values
from ansible_collections.huaweicloud.cce.plugins.module_utils._model.version import is_newer, newest, version_key
from ansible_collections.huaweicloud.cce.plugins.module_utils._rules.gate import gate
from ansible_collections.huaweicloud.cce.plugins.module_utils._rules.policy import Acceptance, Policy
from ansible_collections.huaweicloud.cce.plugins.module_utils._rules.verdict import judge

ANSWERS = 20_000
# How long an example takes says more about what else the machine does.
settings.register_profile("any machine", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("any machine")


@pytest.fixture
def seed() -> int:
    return SystemRandom().getrandbits(32)


def test_no_hostile_answer_gets_past_the_gate(seed):
    findings = attack(str(seed), ANSWERS)
    problems = "\n".join([f"attack({str(seed)!r}, {ANSWERS})", report(findings, 0), *findings.examples])
    assert findings.clean, problems
    rare = [word for word in ("passed", "warning", "fatal", "pending", "unknown") if findings.verdicts[word] < 1000]
    assert not rare, problems
    assert min(findings.gates["open"], findings.gates["closed"]) > ANSWERS // 10, problems


def test_the_order_of_tasks_does_not_matter(seed):
    random = Random(seed)
    several = 0
    for _unused in range(3000):
        wanted, answer = wanted_upgrades(random), hostile_answer(random)
        if not isinstance(answer.get("items"), list) or len(answer["items"]) < 2:
            continue
        several += 1
        shuffled = {**answer, "items": random.sample(answer["items"], len(answer["items"]))}
        decisions = [
            gate(checks=tasks_of(one, NOW), policy=Policy(), **gate_arguments(*wanted)) for one in (answer, shuffled)
        ]
        assert decisions[0]["open"] == decisions[1]["open"], (seed, answer)
        assert decisions[0]["verdict"] == decisions[1]["verdict"], (seed, answer)
    assert several > 500


# Verdicts

WORDS = st.sampled_from(
    ["Init", "Running", "Failed", "Success", "Warning", "Fatal", "failed", "FATAL", "Faiⅼed", "", " "]
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8) | WORDS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
RISKS = st.fixed_dictionaries({}, optional={"riskName": JSON, "level": WORDS | JSON, "status": WORDS | JSON})
RISK_LISTS = st.lists(RISKS | JSON, max_size=4) | JSON
TASKS = st.fixed_dictionaries(
    {},
    optional={
        "metadata": st.dictionaries(st.sampled_from(["type", "taskID", "createTimeStamp", "expireTimeStamp"]), JSON)
        | JSON,
        "spec": st.dictionaries(st.just("addonTargetVersion"), JSON) | JSON,
        "status": st.fixed_dictionaries({}, optional={"status": WORDS | JSON, "riskList": RISK_LISTS}) | JSON,
        "riskList": RISK_LISTS,
    },
)


@given(TASKS | JSON)
@settings(max_examples=500)
def test_a_verdict_on_anything_is_that_of_the_table(task):
    assert judge(read_task(task), Asked(now=NOW / NANOSECONDS)).verdict == verdict(task, NOW)


@given(TASKS, st.booleans())
@settings(max_examples=300)
def test_a_fatal_risk_added_to_anything_is_fatal(task, beside):
    fatal = {"riskName": "any", "level": "Fatal", "status": "Failed"}
    task = copy.deepcopy(task)
    place = task if beside or not isinstance(task.get("status"), dict) else task["status"]
    risks = place.get("riskList")
    place["riskList"] = [*risks, fatal] if isinstance(risks, list) else [fatal]
    assert judge(read_task(task)).verdict == "fatal"


NAMES = st.sampled_from(["AddonValidate", "K8sResourceModified", "*", "?", "[!x]*"])
ACCEPTANCES = st.builds(
    Acceptance,
    addon=st.sampled_from(["coredns", "*", "everest"]),
    risk=NAMES,
    reason=st.text(max_size=5),
    until=st.dates(min_value=datetime.date(2020, 1, 1)),
    target_version=st.none() | st.sampled_from([TARGET, "1.0.0"]),
    cluster=st.sampled_from(["*", "cluster", "other"]),
)
POLICIES_OF_USERS = st.builds(
    Policy,
    fail_on_warning=st.booleans(),
    accepted=st.lists(ACCEPTANCES, max_size=4).map(tuple),
    max_check_age=st.floats() | st.sampled_from([math.inf, math.nan, 0.0]),
)


@given(POLICIES_OF_USERS, NAMES, st.booleans(), st.integers(-100, 100))
@settings(max_examples=300)
def test_no_policy_lets_a_fatal_pass(policy, name, started, age):
    made = datetime.datetime.fromtimestamp(NOW // NANOSECONDS - age * 60, tz=datetime.timezone.utc)
    answer = {
        "items": [
            {
                "metadata": {
                    "type": "addonUpgrade",
                    "taskID": TASK,
                    "addonInstanceID": INSTANCE,
                    "createTimeStamp": made.isoformat(),
                },
                "spec": {"addonTargetVersion": TARGET},
                "status": {
                    "status": "Failed",
                    "riskList": [
                        {"riskName": "Other", "level": "Warning", "status": "Failed"},
                        {"riskName": name, "level": "Fatal", "status": "Failed"},
                    ],
                },
            }
        ]
    }
    wanted = Wanted(INSTANCE, TARGET, NOW, HOUR, task_id=TASK if started else None)
    about = {"addon_template_name": "coredns", "addon_instance_id": INSTANCE, "to": TARGET}
    accepted = [item for item in policy.accepted if item.covers(about, name, ["cluster"])]
    with pytest.raises(InputError, match="Fatal") if accepted else contextlib.nullcontext():
        decision = gate(checks=tasks_of(answer, NOW), policy=policy, **gate_arguments(wanted))
        assert not decision["open"]
        assert decision["verdict"] == "fatal"


@pytest.mark.parametrize("max_check_age", [math.nan, -1.0, 0.0])
def test_an_age_limit_that_nothing_meets_lets_nothing_pass(max_check_age):
    task = {
        "metadata": {
            "type": "addonUpgrade",
            "taskID": TASK,
            "addonInstanceID": INSTANCE,
            "createTimeStamp": "2026-08-05T11:59:59Z",
        },
        "spec": {"addonTargetVersion": TARGET},
        "status": {"status": "Success", "riskList": []},
    }
    wanted = Wanted(INSTANCE, TARGET, NOW, HOUR, task_id=TASK)
    checks = tasks_of({"items": [task]}, NOW)
    assert gate(checks=checks, policy=Policy(), **gate_arguments(wanted))["open"]
    assert not gate(checks=checks, policy=Policy(max_check_age=max_check_age), **gate_arguments(wanted))["open"]


# Versions

NUMBERS = st.lists(st.integers(0, 12), min_size=1, max_size=4).map(lambda numbers: ".".join(map(str, numbers)))
SUFFIXES = st.sampled_from(["", "-beta", "-beta2", "-r0", "-r10", "-rc.1", "+b", "a", "-BETA"])
WRITTEN = st.builds("{}{}{}".format, st.sampled_from(["", "v"]), NUMBERS, SUFFIXES)
READABLE = WRITTEN.filter(lambda version: version_key(version) is not None)
VERSIONS = WRITTEN | st.text(max_size=6)


@given(READABLE, READABLE, READABLE)
@settings(max_examples=500)
def test_versions_are_in_one_order(one, two, three):
    same = version_key(one) == version_key(two)
    assert [is_newer(one, two), same, is_newer(two, one)].count(True) == 1
    if is_newer(one, two) and is_newer(two, three):
        assert is_newer(one, three)


@given(st.lists(VERSIONS, max_size=8), st.randoms(use_true_random=False))
@settings(max_examples=300)
def test_the_newest_version_does_not_depend_on_the_order(versions, random):
    ordered = newest(versions)
    assert set(ordered) == {version for version in versions if version_key(version) is not None}
    assert not any(is_newer(later, earlier) for earlier, later in zip(ordered, ordered[1:], strict=False))
    assert newest(random.sample(versions, len(versions))) == ordered


# Values

KEYS = st.sampled_from(["a", "b", "basic", "custom", "deep", "list"])
SETTINGS = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=4) | st.lists(st.integers(), max_size=2),
    lambda inner: st.dictionaries(KEYS, inner, max_size=3),
    max_leaves=10,
)
LAYERS = st.dictionaries(KEYS, SETTINGS, max_size=3)
SHAPED = st.fixed_dictionaries({}, optional={"basic": LAYERS, "custom": LAYERS, "flavor": LAYERS, "other": SETTINGS})
INPUTS = st.fixed_dictionaries({"basic": LAYERS, "parameters": st.fixed_dictionaries({}, optional={"custom": LAYERS})})


def leaves(values, path=()):
    """Yield each setting with its path; an empty dictionary on top of another sets nothing."""
    for key, value in values.items():
        if isinstance(value, dict):
            yield from leaves(value, (*path, key))
        else:
            yield (*path, key), value


def look_up(values, path):
    for key in path:
        values = values[key]
    return values


@given(LAYERS, LAYERS)
@settings(max_examples=300)
def test_merging_once_more_changes_nothing(below, above):
    both = merge_values(below, above)
    assert merge_values(both, above) == both
    assert merge_values(both, both) == both
    assert merge_values(both) == both


@given(SHAPED, SHAPED, INPUTS, st.sampled_from(POLICIES))
@settings(max_examples=500)
def test_every_setting_of_the_user_is_sent(present, wanted, template_input, policy):
    before = copy.deepcopy((present, wanted, template_input))
    values = target_values(present=present, wanted=wanted, policy=policy, template_input=template_input)
    for path, value in leaves(wanted):
        assert look_up(values, path) == value
    assert (present, wanted, template_input) == before


@given(SHAPED, SHAPED, INPUTS, st.sampled_from(POLICIES))
@settings(max_examples=500)
def test_a_second_upgrade_settles_the_values(present, wanted, template_input, policy):
    """The second, as an empty dictionary that took the place of something else is then filled with its defaults."""
    sent = [present]
    for _unused in range(3):
        values = target_values(present=sent[-1], wanted=wanted, policy=policy, template_input=template_input)
        for path, value in leaves(wanted):
            assert look_up(values, path) == value
        sent.append(values)
    assert sent[3] == sent[2]


@given(SHAPED, INPUTS)
@settings(max_examples=300)
def test_every_present_setting_survives_an_upgrade(present, template_input):
    values = target_values(present=present, wanted={}, policy="merge", template_input=template_input)
    for path, value in leaves({key: part for key, part in present.items() if key != "basic"}):
        assert look_up(values, path) == value


# Signing

HEADERS = st.dictionaries(
    st.sampled_from(["X-Project-Id", "Content-Type", "X-Security-Token", "x_odd"]), st.text("ab c")
)
PAIRS = st.lists(st.tuples(st.text(max_size=5), st.text(max_size=5)), max_size=5)


@given(HEADERS, PAIRS, st.binary(max_size=20), st.randoms(use_true_random=False))
@settings(max_examples=300)
def test_a_signature_depends_on_what_is_said_and_not_on_how(headers, query, body, random):
    headers = {**headers, "Host": "cce.example.com", "X-Sdk-Date": "20260102T030405Z"}
    fixed = {"method": "GET", "path": "/a b", "body": body, "access_key": "ak", "secret_key": "sk"}
    signed = sign(headers=headers, query=query, **fixed)
    otherwise = {random.choice((name.upper(), name.lower())): f" {value} " for name, value in headers.items()}
    shuffled = random.sample(query, len(query))
    assert sign(headers=otherwise, query=shuffled, **fixed) == signed
    assert sign(headers=headers, query=[*query, ("one", "more")], **fixed) != signed
    assert sign(headers={**headers, "X-Sdk-Date": "20260102T030406Z"}, query=query, **fixed) != signed
