# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The huaweicloud.cce contributors

"""The connection that modules take from the variables of a host, and the switch of the fast path."""

from __future__ import annotations

import pytest

OPTION, DEFAULT, HOST, OUTSIDE = "of-the-option", "of-the-defaults", "of-the-host", "of-the-environment"
MODULE = "huaweicloud.cce.cce_cluster_info"
SHIPS = "Using module file"


@pytest.mark.parametrize(
    ("given", "wins"),
    [
        ((OPTION, DEFAULT, HOST, OUTSIDE), OPTION),
        ((DEFAULT, HOST, OUTSIDE), DEFAULT),
        ((HOST, OUTSIDE), HOST),
        ((OUTSIDE,), OUTSIDE),
    ],
)
@pytest.mark.parametrize("switch", ["yes", "off"])
def test_which_project_is_asked(play, simulation, given, wins, switch):
    settings = {
        "environment": {"HUAWEICLOUD_SDK_PROJECT_ID": OUTSIDE},
        "module_defaults": {"group/huaweicloud.cce.cce": {"project_id": DEFAULT if DEFAULT in given else ""}},
        # Templates, as group_vars have them.
        "vars": {
            "cce_project_id": "{{ project }}",
            "project": HOST if HOST in given else "",
            "cce_fast_path": "{{ wanted }}",
            "wanted": switch,
        },
    }
    options = {"project_id": OPTION} if OPTION in given else {}
    played = play([{MODULE: options}], "-vvv", settings=settings)
    asked = [item["path"] for item in simulation.requests()]
    assert asked == [f"/api/v3/projects/{wins}/clusters"], played.output
    assert (SHIPS in played.output) is (switch == "off")


@pytest.mark.parametrize("switch", [True, False])
def test_a_host_turns_autopilot_off_that_the_environment_turns_on(play, simulation, switch):
    tasks = [{MODULE: {}}, {MODULE: {}, "vars": {"cce_autopilot": False}}, {MODULE: {"autopilot": False}}]
    surroundings = {"HUAWEICLOUD_CCE_AUTOPILOT": "yes"}
    play(tasks, variables={"cce_fast_path": switch}, environment=surroundings)
    asked = [item["path"].split("/")[1] for item in simulation.requests() if item["path"].endswith("/clusters")]
    assert asked == ["autopilot", "api", "api"]


def test_a_word_that_says_neither_is_refused(play, simulation):
    played = play([{"name": "ask", MODULE: {}}], environment={"HUAWEICLOUD_CCE_AUTOPILOT": "perhaps"})
    assert played.result("ask")["msg"] == (
        "autopilot must be true or false, not perhaps (environment variable HUAWEICLOUD_CCE_AUTOPILOT)."
    )
    played = play([{"name": "ask", MODULE: {}}], variables={"cce_fast_path": "perhaps"})
    assert "cce_fast_path must be true or false, not 'perhaps'." in played.result("ask")["msg"]
    assert simulation.requests() == []


def test_a_variable_of_the_host_that_cannot_be_evaluated_stops_the_task(play, simulation):
    played = play([{"name": "ask", MODULE: {}, "vars": {"cce_profile": "{{ nowhere }}"}}])
    assert "nowhere" in played.result("ask")["msg"]
    assert simulation.requests() == []


@pytest.mark.parametrize("nothing", ["{{ omit }}", "{{ none }}", "{{ nowhere | default(omit) }}", ""])
def test_a_variable_without_a_value_leaves_the_environment_alone(play, simulation, nothing):
    variables = {"cce_project_id": nothing, "cce_profile": nothing, "cce_autopilot": nothing, "cce_fast_path": nothing}
    played = play([{MODULE: {}, "vars": variables}], "-vvv", environment={"HUAWEICLOUD_SDK_PROJECT_ID": OUTSIDE})
    assert [item["path"] for item in simulation.requests()] == [f"/api/v3/projects/{OUTSIDE}/clusters"], played.output
    assert SHIPS not in played.output


def test_no_variable_stays_in_the_environment(play, simulation):
    """A loop and the tries of `until` run in one process."""
    task = {
        "name": "ask",
        MODULE: {},
        "vars": {"cce_project_id": "{{ item }}"},
        "loop": ["one", "", "two"],
        "ignore_errors": True,
    }
    play([task], environment={"HUAWEICLOUD_SDK_PROJECT_ID": OUTSIDE})
    asked = [item["path"].split("/")[-2] for item in simulation.requests()]
    assert asked == ["one", OUTSIDE, "two"]
