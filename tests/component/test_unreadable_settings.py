# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The huaweicloud.cce contributors

"""What an answer does not tell is not empty: settings that cannot be read are neither replaced nor called unchanged."""

from __future__ import annotations

import pytest
from support.plays import writes
from support.simulation import CLUSTER

from ansible_collections.huaweicloud.cce.plugins.module_utils._ground.errors import InputError
from ansible_collections.huaweicloud.cce.plugins.modules import (
    cce_addon,
    cce_addon_check,
    cce_addon_info,
    cce_addon_plan_info,
)

# The cluster "silent" of the scenario `recorded.yml`.
SILENT = "7c1d0f3e-5a64-4f0e-9d1b-2f6a8c4b1e02"
LIST = r"/v3/addons$"
SHOW = r"/v3/addons/[^/]+$"
ANY = r"/v3/addons"
JSON_TEXT = '{"custom": {"logLevel": 4, "password": "canary-0123456789"}}'
UNTOLD = [
    {"drop": "spec.values"},
    {"null": "spec.values"},
    {"set": {"spec.values": []}},
    {"set": {"spec.values": JSON_TEXT}},
    {"set": {"spec.values": {}}},
    {"set": {"spec.values.custom": JSON_TEXT}},
    {"set": {"spec.values.custom": ["logLevel"]}},
    {"null": "spec.values.custom"},
    {"null": "spec.values.flavor"},
    {"set": {"spec.values.basic": "text"}},
    {"drop": "spec"},
]
# An empty object is an answer, where the add-on alone was asked for.
IMPOSSIBLE = [shape for shape in UNTOLD if shape not in ({"set": {"spec.values": {}}}, {"drop": "spec"})]
INHERIT = {"name": "coredns", "sync_strategy": "inherit"}


def settings(simulation, addon: str = "metrics-server") -> dict:
    values: dict = simulation.addons(CLUSTER)[addon]["values"]
    return values


def sent(simulation) -> list[str]:
    return [item["method"] for item in writes(simulation)]


# Where only the list does not tell, the add-on itself is asked


@pytest.mark.parametrize("shape", UNTOLD, ids=str)
def test_what_the_list_does_not_tell_is_read_from_the_add_on_itself(operator, shape):
    simulation = operator.simulation
    simulation.fault("shape", "GET", LIST, times=None, **shape)
    result = operator.run(cce_addon, addon_template_name="metrics-server", version="latest", sync_strategy="inherit")
    addon = simulation.addons(CLUSTER)["metrics-server"]
    assert (addon["settings_lost"], addon["writes"]) == ([], 1)
    assert addon["values"]["custom"]["logLevel"] == 4
    assert result["previous_version"] == "1.3.6"
    assert result["values_changed"]


def test_values_alone_are_not_asked_for_where_nothing_is_to_be_done(operator):
    simulation = operator.simulation
    simulation.call("POST", f"/instances/{CLUSTER}/metrics-server", {"target_versions": []})
    simulation.fault("shape", "GET", LIST, times=None, drop="spec.values")
    plan = operator.run(cce_addon_plan_info, addons=["metrics-server"])["plan"]
    assert plan[0]["action"] == "none"
    assert not [item for item in simulation.requests() if "/addons/" in item["path"]]


def test_what_runs_is_asked_for_where_nothing_is_to_be_done(operator):
    """That it is where it was wanted is said of what runs, not of what somebody has asked for."""
    simulation = operator.simulation
    simulation.call("POST", f"/instances/{CLUSTER}/metrics-server", {"target_versions": []})
    simulation.fault("shape", "GET", LIST, times=None, drop="status.currentVersion")
    simulation.fault("shape", "GET", SHOW, times=None, set={"status.currentVersion.version": "1.2.1"})
    step = operator.run(cce_addon_plan_info, addons=["metrics-server"])["plan"][0]
    assert (step["action"], step["failed"]) == ("none", "CCE says that 1.2.1 runs")


# Where that does not tell either, nothing is sent


@pytest.mark.parametrize("options", [{"version": "latest"}, {"values": {"custom": {"logLevel": 9}}}], ids=str)
@pytest.mark.parametrize("policy", ["merge", "keep"])
@pytest.mark.parametrize("shape", IMPOSSIBLE, ids=str)
def test_settings_that_cannot_be_read_are_not_written(operator, shape, policy, options):
    simulation = operator.simulation
    simulation.fault("shape", "GET", ANY, times=None, **shape)
    before = settings(simulation)
    with pytest.raises(InputError, match=r"Nothing was changed.*does not tell its present settings") as caught:
        operator.run(cce_addon, addon_template_name="metrics-server", values_policy=policy, **options)
    assert "values_policy" in caught.value.message
    assert "canary" not in caught.value.message
    assert (sent(simulation), settings(simulation)) == ([], before)
    addons = [{"name": "metrics-server", "values_policy": policy, **options}]
    with pytest.raises(InputError, match="does not tell its present settings"):
        operator.run(cce_addon_check, addons=addons)
    assert not operator.asked("POST", "precheck")


def test_a_reset_needs_no_present_settings_and_does_not_say_that_nothing_changes(operator):
    simulation = operator.simulation
    simulation.fault("shape", "GET", ANY, times=None, drop="spec.values")
    options = {"addon_template_name": "metrics-server", "values_policy": "reset"}
    predicted = operator.run(cce_addon, **options, version="latest", check_mode=True, diff=True)
    assert predicted["changed"]
    assert predicted["values_changed"] is None
    assert predicted["diff"]["before"] == {"version": "1.3.6", "values": None}
    done = operator.run(cce_addon, **options, version="latest")
    assert (done["values_changed"], done["addon"]["values"]) == (None, None)
    assert settings(simulation)["custom"].get("logLevel") != 4
    again = operator.run(cce_addon, **options)
    assert (again["action"], again["values_changed"]) == ("edit", None)


def test_info_reads_what_the_list_does_not_tell_and_says_what_nobody_tells(operator):
    simulation = operator.simulation
    complete = operator.run(cce_addon_info)["addons"]
    simulation.fault("shape", "GET", LIST, times=None, drop="spec.values")
    assert operator.run(cce_addon_info)["addons"] == complete
    simulation.fault("shape", "GET", SHOW, times=None, drop="spec.values")
    assert {addon["values"] for addon in operator.run(cce_addon_info)["addons"]} == {None}


def test_a_right_to_list_only_is_told(operator):
    simulation = operator.simulation
    simulation.fault("shape", "GET", LIST, times=None, drop="spec.values")
    simulation.fault("status", "GET", SHOW, status=403, times=None)
    with pytest.raises(InputError, match="does not tell its present settings"):
        operator.run(cce_addon, addon_template_name="metrics-server", version="latest")
    assert any("403" in text for text in operator.told)


def test_an_id_that_is_none_does_not_keep_others_from_being_planned(operator):
    broken = {"spec.values": None, "metadata.uid": "a/b"}
    operator.simulation.fault("shape", "GET", LIST, times=None, set=broken)
    steps = operator.run(cce_addon_plan_info, addons=["all"])["plan"]
    assert {step["action"] for step in steps} == {"impossible"}
    assert any("is not an id" in text for text in operator.told)


# A reading that tells less is no sign that something was done


def test_an_edit_that_never_arrived_is_not_taken_for_done_because_the_list_tells_less(operator):
    simulation = operator.simulation
    simulation.fault("shape", "GET", LIST, times=None, skip=1, drop="spec.values")
    simulation.fault("reset", "PUT", "", when="before")
    with pytest.raises(Exception, match="nothing has begun"):
        operator.run(cce_addon, addon_template_name="metrics-server", values={"custom": {"logLevel": 9}})
    assert settings(simulation)["custom"]["logLevel"] == 4


def test_a_rollback_that_the_list_does_not_tell_of_is_possible(operator):
    simulation = operator.simulation
    operator.run(cce_addon, addon_template_name="metrics-server", version="latest")
    simulation.fault("shape", "GET", LIST, times=None, drop=["status.isRollbackable", "status.previousVersion"])
    found = operator.run(cce_addon_info, addon_template_name="metrics-server")["addons"][0]
    assert (found["is_rollbackable"], found["previous_version"]) == (True, "1.3.6")
    done = operator.run(cce_addon, addon_template_name="metrics-server", state="rolled_back")
    assert done["addon"]["version"] == "1.3.6"


# What the user gives


@pytest.mark.parametrize("section", ["basic", "custom", "flavor"])
@pytest.mark.parametrize("given", ["x", ["x"], 7, None], ids=str)
def test_a_section_that_is_no_dictionary_is_refused_before_anything_is_asked(operator, section, given):
    values = {section: given}
    message = f"values.{section} of metrics-server must be a dictionary"
    with pytest.raises(InputError, match=message):
        operator.run(cce_addon, addon_template_name="metrics-server", values=values, sync_strategy="force")
    for module in (cce_addon_plan_info, cce_addon_check):
        with pytest.raises(InputError, match=message):
            operator.run(module, addons=[{"name": "metrics-server", "values": values}])
    assert operator.simulation.requests() == []
