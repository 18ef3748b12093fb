# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The huaweicloud.cce contributors

"""What CCE does not tell of its offer is unknown, and blocks: it is not "nothing newer", and not "not stable"."""

from __future__ import annotations

import pytest
from support.simulation import CLUSTER

from ansible_collections.huaweicloud.cce.plugins.modules import cce_addon_plan_info, cce_addon_template_info

LIST = r"/v3/addons$"
TEMPLATES = r"/v3/addontemplates$"
NOTHING_TOLD = [
    {"set": {"answer.items": []}},
    {"null": "answer.items"},
    {"drop": "spec"},
    {"null": "spec.versions"},
    {"set": {"spec.versions": []}},
    {"set": {"spec.versions": ["1.3.90"]}},
    {"set": {"metadata.name": "another"}},
]


def step(operator, **want: object) -> dict:
    plan = operator.run(cce_addon_plan_info, addons=[{"name": "metrics-server", **want}])["plan"]
    found: dict = plan[0]
    return found


@pytest.mark.parametrize("policy", ["merge", "keep"])
@pytest.mark.parametrize("shape", NOTHING_TOLD, ids=str)
def test_without_a_template_what_is_newer_is_not_known(operator, shape, policy):
    operator.simulation.fault("shape", "GET", TEMPLATES, times=None, **shape)
    found = step(operator, values_policy=policy)
    assert found["action"] == "impossible"
    assert "CCE does not tell which of the newer versions are stable (1.3.90, 1.3.37)" in found["why"]
    operator.simulation.fault("shape", "GET", LIST, times=None, drop="status.targetVersions")
    operator.simulation.fault("shape", "GET", r"/v3/addons/", times=None, null="status.targetVersions")
    found = step(operator, values_policy=policy)
    assert found["action"] == "impossible"
    assert "CCE does not tell which versions" in found["why"]


@pytest.mark.parametrize("shape", NOTHING_TOLD, ids=str)
def test_where_cce_lists_nothing_newer_no_template_has_to_tell_so(operator, shape):
    operator.simulation.call("POST", f"/instances/{CLUSTER}/metrics-server", {"target_versions": []})
    operator.simulation.fault("shape", "GET", TEMPLATES, times=None, **shape)
    found = step(operator)
    assert (found["action"], found["why"]) == ("none", "no newer stable version is on offer")


def test_a_version_that_is_not_known_to_be_stable_is_not_called_unstable(operator):
    simulation = operator.simulation
    template = operator.run(cce_addon_template_info, addon_template_name="metrics-server", with_input=True)
    versions = [
        {"version": item["version"], "input": item["input"], "supportVersions": None}
        for item in template["templates"][0]["versions"]
    ]
    simulation.fault("shape", "GET", TEMPLATES, times=None, set={"spec.versions": versions})
    shown = operator.run(cce_addon_template_info, addon_template_name="metrics-server")["templates"][0]
    assert {(item["stable"], item["fits"]) for item in shown["versions"]} == {(None, None)}
    assert shown["latest"] is None
    found = step(operator)
    assert (found["action"], "does not tell which of the newer versions are stable" in found["why"]) == (
        "impossible",
        True,
    )
    assert step(operator, version="1.3.90")["action"] == "upgrade"
