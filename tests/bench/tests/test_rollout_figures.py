# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The huaweicloud.cce contributors

"""The arithmetic of tests/bench/rollout.py, and what it tells."""

from __future__ import annotations

from dataclasses import asdict, replace
from typing import Any

import pytest
from bench.measure import Run, recap
from bench.rollout_figures import (
    COLLECTION,
    HEADER,
    PEER,
    Goal,
    Rollout,
    Scenario,
    compared,
    figures,
    goals,
    row,
    unfinished,
)

OUTPUT = """
TASK [Say what PLAY RECAP means] ****
ok: [cluster-0001] => {"msg": "cluster-0009 : ok=99 changed=0"}

PLAY RECAP *********************************************************************
cluster-0001               : ok=20   changed=4    unreachable=0    failed=0    skipped=15   rescued=0    ignored=0
cluster-0002               : ok=19   changed=4    unreachable=0    failed=0    skipped=13   rescued=0    ignored=0
cluster-0003               : ok=19   changed=4    unreachable=0    failed=1    skipped=13   rescued=0    ignored=0

"""
ROLLOUT = Rollout(
    seconds=60.0,
    times_limit=1.2,
    tasks_a_host=16.0,
    requests_a_cluster=25.0,
    mebibytes=300.0,
    largest_process_mebibytes=150.0,
    cpu_seconds=40.0,
    load=0.5,
    requests={"GET /api/v3/addons": 80},
)


def run(**changed: Any) -> Run:
    usual = Run(
        seconds=147.0,
        cpu_seconds=30.0,
        mebibytes=200.0,
        largest_process_mebibytes=90.0,
        load=0.4,
        returncode=0,
        output=OUTPUT,
    )
    return replace(usual, **changed)


def missed(found: list[Goal]) -> list[str]:
    return [goal.what for goal in found if not goal.is_met]


def test_a_scenario_is_read_and_written_alike():
    scenario = Scenario.parse("40x2x20/8")
    assert (scenario.clusters, scenario.addons, scenario.operation_seconds, scenario.forks) == (40, 2, 20.0, 8)
    assert str(scenario) == "40x2x20/8"
    assert str(Scenario.parse("1x3x0.5/5")) == "1x3x0.5/5"


@pytest.mark.parametrize(
    "text", ["", "40x2x20", "40x2/8", "0x2x20/8", "40x2x20/0", "40x2x-1/8", "40x2x20s/8", "a40x2x20/8"]
)
def test_anything_else_is_no_scenario(text):
    with pytest.raises(ValueError, match="is not CLUSTERSxADDONSxSECONDS/FORKS"):
        Scenario.parse(text)


@pytest.mark.parametrize(
    ("text", "seconds"), [("40x2x20/8", 49), ("1000x2x20/20", 49), ("1x3x20/5", 72), ("12x2x5/4", 19)]
)
def test_the_limit_is_the_check_and_then_each_upgrade_with_its_check(text, seconds):
    assert Scenario.parse(text).limit == seconds


def test_the_simulator_gets_the_durations_and_no_risks():
    assert Scenario.parse("40x2x20/8").fleet == {
        "clusters": 40,
        "addons": 2,
        "operation_seconds": 20.0,
        "check_seconds": 3.0,
        "fatal_every": 0,
        "warning_every": 0,
    }


def test_the_recap_is_read_from_the_end_of_the_output():
    counts = recap(OUTPUT)
    assert list(counts) == ["cluster-0001", "cluster-0002", "cluster-0003"]
    assert (counts["cluster-0001"]["ok"], counts["cluster-0001"]["skipped"]) == (20, 15)
    assert [host["failed"] for host in counts.values()] == [0, 0, 1]


def test_output_without_a_recap_has_no_hosts():
    assert recap("ERROR! the playbook could not be found") == {}


def test_the_figures_of_a_run():
    project, clusters = "0a1b2c3d4e5f60718293a4b5c6d7e8f9", [f"7c1d0f3e-5a64-4f0e-9d1b-2f6a8c4b1e0{n}" for n in "123"]
    paths = [f"/api/v3/projects/{project}/clusters/{cluster}/addons/precheck" for cluster in clusters]
    requests = [{"method": "POST", "path": path} for path in paths]
    requests += [{"method": "GET", "path": "/api/v3/addons"}] * 7
    found = figures(Scenario.parse("5x2x20/8"), run(), requests)
    assert found.times_limit == 3.0
    assert found.tasks_a_host == 32  # The median of 35, 32 and 32.
    assert found.requests_a_cluster == 2.0
    assert found.requests == {"GET /api/v3/addons": 7, "POST /api/v3/projects/*/clusters/*/addons/precheck": 3}
    assert (found.seconds, found.cpu_seconds, found.mebibytes, found.load) == (147.0, 30.0, 200.0, 0.4)


def test_localhost_is_no_cluster():
    output = "PLAY RECAP ***\nlocalhost  : ok=1  failed=0  skipped=0\ncluster-0001  : ok=20  failed=0  skipped=14\n"
    assert figures(Scenario.parse("1x3x20/5"), run(output=output), []).tasks_a_host == 34


@pytest.mark.parametrize(
    ("changed", "left"),
    [
        ({}, 0),
        ({"status": "upgrading"}, 1),
        ({"writes": 0}, 1),
        ({"writes": 2}, 1),
        ({"settings_lost": ["custom.logLevel"]}, 1),
    ],
)
def test_an_addon_is_finished_if_it_runs_was_written_once_and_lost_nothing(changed, left):
    addon = {"status": "running", "writes": 1, "settings_lost": [], **changed}
    assert len(unfinished({"id": {"addons": {"coredns": addon}}})) == left


def test_goals_of_a_fleet_are_met_at_the_figure_itself():
    found = goals({"40x2x20/8": {COLLECTION: replace(ROLLOUT, times_limit=1.25), PEER: ROLLOUT}}, None, None)
    assert [goal.most for goal in found] == [1.25, 16.0, 25.0]
    assert missed(found) == []


def test_goals_look_at_the_collection_and_not_at_the_peer():
    sides = {COLLECTION: replace(ROLLOUT, times_limit=1.26, tasks_a_host=17.0), PEER: ROLLOUT}
    assert missed(goals({"40x2x20/8": sides}, None, None)) == ["40x2x20/8: times_limit", "40x2x20/8: tasks_a_host"]


def test_a_large_fleet_has_goals_for_time_and_memory():
    sides = {COLLECTION: replace(ROLLOUT, seconds=251.0, mebibytes=701.0)}
    assert missed(goals({"1000x2x20/20": sides}, None, None)) == ["1000x2x20/20: seconds", "1000x2x20/20: mebibytes"]
    assert missed(goals({"300x2x20/20": sides}, None, None)) == ["300x2x20/20: seconds"]


def test_tasks_and_requests_have_goals_at_two_addons_only():
    assert goals({"1x3x20/5": {COLLECTION: ROLLOUT}}, None, None) == []


def test_the_memory_of_a_precheck_has_a_goal_at_1000_clusters_only():
    precheck = {"clusters": 1000, "over_debug": 5.1, "mebibytes": 501.0}
    assert missed(goals({}, precheck, None)) == ["precheck: times a debug task", "precheck: mebibytes"]
    assert missed(goals({}, {**precheck, "clusters": 100}, None)) == ["precheck: times a debug task"]


def test_check_info_has_a_goal():
    assert missed(goals({}, None, {"over_debug": 1.5})) == []
    assert missed(goals({}, None, {"over_debug": 1.51})) == ["cce_addon_check_info: times a debug task"]


def test_two_reports_are_compared_by_what_both_have():
    now = {"rollouts": {"1x3x20/5": {COLLECTION: asdict(replace(ROLLOUT, seconds=30.0)), PEER: asdict(ROLLOUT)}}}
    before = {"rollouts": {"1x3x20/5": {COLLECTION: asdict(ROLLOUT)}, "40x2x20/8": {COLLECTION: asdict(ROLLOUT)}}}
    (line,) = compared(before, now)
    assert line.startswith("1x3x20/5 collection: seconds 0.50, times_limit 1.00, ")
    assert compared({"rollouts": {}}, now) == []


def test_the_columns_of_the_table_stand_below_their_titles():
    line = row(Scenario.parse("1000x2x20/20"), COLLECTION, replace(ROLLOUT, seconds=3200.0, tasks_a_host=34.0))
    assert len(line) == len(HEADER)
    for title, ending in (("clock", "3200.0 s"), ("tasks", "34"), ("memory", "300 MiB"), ("CPU", "40.0 s")):
        end = HEADER.index(title) + len(title)
        assert line[:end].endswith(ending)
