# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The huaweicloud.cce contributors

"""Whether another batch of clusters may start, and what is said about it."""

from __future__ import annotations

import itertools
from typing import Any

import pytest

from ansible_collections.huaweicloud.cce.plugins.module_utils._ground.errors import InputError
from ansible_collections.huaweicloud.cce.plugins.plugin_utils._fleet import (
    SKIP,
    STOP,
    Budget,
    Limits,
    Standing,
    allowed_failures,
    standing,
)

BEGUN = 1785922000.0
UNIQUE = itertools.count()


def host(outcome: str | None, *, begun: bool = True, addons: tuple[dict[str, Any], ...] = (), **more: Any) -> dict:
    variables: dict[str, Any] = {"addon_report_begun": BEGUN, "addon_report_problem": "", **more} if begun else more
    if outcome is not None:
        variables["addon_upgrade_result"] = {"outcome": outcome, "addons": list(addons), "duration": next(UNIQUE)}
    return variables


NEVER: dict[str, Any] = {"addon_report_begun": "", "addon_report_problem": "", "addon_upgrade_result": {}}


def of(
    *outcomes: str | None, blocked: str = STOP, unavailable: str = STOP, failures: int = 0, left: int = 1
) -> Standing:
    """Return how a run stands whose hosts have these outcomes; `left` more hosts were not reached."""
    told = [host(outcome) for outcome in outcomes] + [NEVER] * left
    hosts = [(f"c{number}", variables) for number, variables in enumerate(told, 1)]
    return standing(hosts, Limits(blocked, unavailable, Budget(failures, str(failures))))


@pytest.mark.parametrize(
    ("value", "clusters", "allowed"),
    [
        (0, 12, 0),
        (1, 12, 1),
        ("1", 12, 1),
        (" 3 ", 12, 3),
        ("5%", 12, 0),
        ("5%", 20, 1),
        ("5%", 39, 1),
        ("5%", 40, 2),
        ("10%", 1000, 100),
        ("12.5%", 8, 1),
        ("0%", 8, 0),
        ("100%", 8, 8),
        ("7%", 100, 7),
        ("29%", 100, 29),
    ],
)
def test_how_many_may_fail_is_a_number_or_a_share_rounded_down(value, clusters, allowed):
    assert allowed_failures(value, clusters).clusters == allowed


@pytest.mark.parametrize(
    "value", [-1, "-1", 1.5, "1.5", "5 %", "%", "", "five", True, None, "101%", "-5%", "nan", "inf%", "1e2%", "1_0", []]
)
def test_anything_else_is_refused(value):
    with pytest.raises(
        InputError, match=r"max_failures must be a whole number such as 2, or a share of all clusters such as 5%"
    ):
        allowed_failures(value, 12)


@pytest.mark.parametrize("outcomes", [(), ("upgraded",), ("upgraded", "nothing_to_do", "verified")])
def test_as_long_as_all_is_well_another_batch_starts(outcomes):
    found = of(*outcomes)
    assert (found["proceed"], found["message"], found["well"]) == (True, "", False)
    assert of(*outcomes, left=0)["well"]


@pytest.mark.parametrize("outcome", ["blocked", "unavailable"])
def test_what_was_not_touched_stops_the_run_unless_it_is_skipped(outcome):
    found = of("upgraded", outcome, failures=9)
    assert not found["proceed"]
    assert found["message"] == (
        f"No further batch starts, as c2 is {outcome}. To leave such clusters out and go on with the others: -e "
        f"cce_{outcome}_clusters=skip"
    )
    found = of("upgraded", outcome, **{outcome: SKIP})
    assert (found["proceed"], found["well"]) == (True, False)


@pytest.mark.parametrize("outcome", ["failed", "rolled_back"])
@pytest.mark.parametrize("skipped", [0, 2])
def test_what_was_touched_and_is_not_well_counts(outcome, skipped):
    """Clusters that were left out do not."""
    others = ["blocked", "unavailable"] * skipped
    for failures, proceeds in ((0, False), (1, False), (2, True)):
        found = of(outcome, "failed", *others, blocked=SKIP, unavailable=SKIP, failures=failures)
        assert found["proceed"] is proceeds
        assert ("is not well" in found["message"] or "are not well" in found["message"]) is not proceeds


def test_the_message_tells_what_a_share_amounts_to():
    limits = Limits(STOP, STOP, allowed_failures("5%", 12))
    found = standing([("a", host("failed")), ("b", NEVER)], limits)
    assert found["message"] == (
        "No further batch starts, as a is not well, and cce_max_failures allows 5% of 12 clusters, which is 0."
    )


def test_the_lines_count_the_outcomes_and_tell_what_to_do():
    found = of("upgraded", "upgraded", "blocked", "rolled_back", "failed", "nothing_to_do", blocked=SKIP, failures=2)
    summary, go_on = found["lines"]
    assert summary == (
        "7 clusters: 2 upgraded, 1 nothing to do, 1 blocked (c3), 1 rolled back (c4), 1 failed (c5), 1 not reached (c7)"
    )
    assert go_on.startswith("To go on, run the same command again.")
    assert of("upgraded", left=0)["lines"] == ["1 cluster: 1 upgraded"]


def test_the_lines_of_the_last_batch_speak_of_no_further_one():
    assert not any("further batch" in line for line in of("failed", left=0)["lines"])
    assert any("further batch" in line for line in of("failed", left=1)["lines"])


def test_of_many_clusters_some_are_named():
    assert "c1, c2, c3, c4, c5, c6, c7, c8, c9, c10 and 2 more are blocked" in of(*["blocked"] * 12)["message"]


@pytest.mark.parametrize(
    ("variables", "outcome"),
    [
        (NEVER, "not_reached"),
        ({}, "not_reached"),
        ({**NEVER, "addon_report_begun": BEGUN}, "failed"),
        (host(None, addon_report_problem="it was refused"), "failed"),
        (host("upgraded", addon_report_problem="a later task failed"), "failed"),
        (host("blocked", addon_report_problem="a later task failed"), "blocked"),
        (host("under_way"), "failed"),
        (host("of another release"), "failed"),
        (host(None, addon_upgrade_result={"failed": True, "msg": "bad input"}), "failed"),
        (host(None, addon_upgrade_result={"unreachable": True}), "failed"),
        (host(None, addon_upgrade_result="nonsense"), "failed"),
        ({**NEVER, "addon_upgrade_result": {"outcome": "not_reached"}}, "failed"),
    ],
)
def test_what_a_host_tells(variables, outcome):
    found = standing([("a", variables)], Limits(STOP, STOP, Budget(0, "0")))
    assert {name: hosts for name, hosts in found["outcomes"].items() if hosts} == {outcome: ["a"]}


UPGRADED = ({"outcome": "upgraded", "addon_template_name": "coredns", "to": "1.30.33"},)


@pytest.mark.parametrize(
    ("variables", "left", "soak"),
    [
        (host("upgraded", addons=UPGRADED), True, True),
        (host("upgraded", addons=UPGRADED), False, False),
        (host("nothing_to_do", addons=({"outcome": "nothing_to_do"},)), True, False),
        (host("blocked", addons=({"outcome": "blocked"},)), True, False),
        (host("rolled_back", addons=({"outcome": "rolled_back"}, *UPGRADED)), True, True),
        (host("rolled_back", addons=({"outcome": "rolled_back"},)), True, False),
        ({**NEVER, "addon_report_begun": BEGUN}, True, False),
    ],
)
def test_a_batch_in_which_something_was_upgraded_is_watched_before_the_next(variables, left, soak):
    hosts = [("before", host("upgraded", addons=UPGRADED)), ("a", variables), *([("b", NEVER)] if left else [])]
    limits = Limits(SKIP, SKIP, Budget(1, "1"))
    assert standing(hosts, limits, {"a"})["soak"] is soak
    strict = standing([*hosts, ("failed", host("failed")), ("too", host("failed"))], limits, {"a"})
    assert (strict["proceed"], strict["soak"]) == (False, False), "no batch comes after it"


def test_a_prediction_is_not_watched():
    variables = host("upgraded", addons=UPGRADED)
    variables["addon_upgrade_result"]["check_mode"] = True
    assert not standing([("a", variables), ("b", NEVER)], Limits(SKIP, SKIP, Budget(0, "0")), {"a"})["soak"]


def test_a_cluster_that_is_not_well_any_more_ends_the_run_whatever_the_budget():
    variables = host("failed")
    variables["addon_upgrade_result"]["still_well"] = False
    found = standing([("a", variables), ("b", NEVER)], Limits(SKIP, SKIP, Budget(9, "9")), {"a"})
    assert found["message"] == (
        "No further batch starts, as a is not well any more, some time after the upgrade: cce_max_failures does not "
        "count that."
    )


def addon(name: str, to: str | None, outcome: str = "upgraded") -> dict[str, Any]:
    return {"addon_template_name": name, "to": to, "outcome": outcome}


def test_the_versions_are_the_targets_of_the_first_clusters():
    hosts = [
        ("a", host("upgraded", addons=(addon("coredns", "1.30.33"), addon("everest", None, "blocked")))),
        ("b", host("failed", addons=(addon("coredns", "1.30.40"), addon("everest", "2.4.1", "failed")))),
        ("c", host("nothing_to_do", addons=(addon("npd", "1.19.16", "nothing_to_do"),))),
        ("d", host("verified", addons=(addon("autoscaler", "1.28.55", "verified"),))),
        ("e", host("failed", addon_upgrade_result={"addons": "nonsense"})),
    ]
    found = standing(hosts, Limits(SKIP, SKIP, Budget(9, "9")))
    assert found["versions"] == {"coredns": "1.30.33", "everest": "2.4.1", "npd": "1.19.16"}
