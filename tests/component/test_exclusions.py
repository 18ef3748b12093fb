# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The huaweicloud.cce contributors

"""`!name` leaves an add-on out. One that is misspelt leaves nothing out, and what it meant would be upgraded."""

from __future__ import annotations

import pytest

from ansible_collections.huaweicloud.cce.plugins.module_utils._ground.errors import InputError
from ansible_collections.huaweicloud.cce.plugins.modules import cce_addon_check, cce_addon_plan_info

TEMPLATES = r"/v3/addontemplates$"


def templates_asked(simulation) -> list[str]:
    return [item["query"] for item in simulation.requests() if item["path"].endswith("/addontemplates")]


@pytest.mark.parametrize(
    ("excluded", "hint"),
    [
        ("CoreDNS", "Did you mean coredns?"),
        ("everset", "Did you mean everest?"),
        ("node-local-dn", "Did you mean node-local-dns?"),
        ("all", ""),
        ("coredns,metrics-server", ""),
    ],
)
@pytest.mark.parametrize(
    "options", [{"module": cce_addon_plan_info}, {"module": cce_addon_check, "type": "addonStatic"}]
)
def test_what_names_nothing_is_refused_with_what_it_may_mean(operator, options, excluded, hint):
    with pytest.raises(InputError, match=f"'!{excluded}' leaves out nothing") as caught:
        operator.run(**options, addons=["all", f"!{excluded}"])
    assert hint in caught.value.message
    assert not operator.asked("POST", "precheck")


@pytest.mark.parametrize("entries", [["coredns", "!cordns"], ["!coredns", "!metrics-server", "all", "!cordns"]])
def test_that_it_would_change_nothing_here_makes_a_mistake_no_better(operator, entries):
    with pytest.raises(InputError, match="'!cordns' leaves out nothing"):
        operator.run(cce_addon_plan_info, addons=entries)


def test_what_cce_offers_and_this_cluster_lacks_may_be_left_out(operator):
    plan = operator.run(cce_addon_plan_info, addons=["all", "!node-local-dns"])["plan"]
    assert "coredns" in [step["name"] for step in plan]
    started = operator.run(cce_addon_check, addons=["all", "!node-local-dns"], type="addonStatic", wait=False)
    assert started["checks_started"]


def test_only_an_exclusion_that_meets_nothing_costs_a_request(operator):
    operator.run(cce_addon_check, addons=["all", "!coredns"], type="addonStatic", wait=False)
    assert templates_asked(operator.simulation) == []
    operator.run(cce_addon_check, addons=["all", "!node-local-dns"], type="addonStatic", wait=False)
    assert len(templates_asked(operator.simulation)) == 1
    operator.run(cce_addon_plan_info, addons=["coredns", "!node-local-dns"])
    assert len(templates_asked(operator.simulation)) == 2, "the list that tells the names tells the versions, too"


def test_without_templates_nobody_knows_the_name(operator):
    operator.simulation.fault("shape", "GET", TEMPLATES, times=None, set={"answer.items": []})
    with pytest.raises(InputError, match="'!node-local-dns' leaves out nothing"):
        operator.run(cce_addon_plan_info, addons=["all", "!node-local-dns"])
