# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The huaweicloud.cce contributors

"""Which cluster and which add-on a module means by its options: one spelling for all modules."""

from __future__ import annotations

import pytest
from support.operators import AUTOPILOT
from support.simulation import CLUSTER

from ansible_collections.huaweicloud.cce.plugins.module_utils._ground.errors import InputError
from ansible_collections.huaweicloud.cce.plugins.modules import (
    cce_addon,
    cce_addon_check,
    cce_addon_check_info,
    cce_addon_info,
    cce_addon_plan_info,
    cce_addon_template_info,
    cce_cluster_info,
)

COREDNS = {"addon_template_name": "coredns"}
# Modules whose tasks need a cluster, with options that change nothing.
OF_A_CLUSTER = [
    (cce_addon, COREDNS),
    (cce_addon_check, {"addons": ["coredns"], "check_mode": True}),
    (cce_addon_check_info, {}),
    (cce_addon_info, COREDNS),
    (cce_addon_plan_info, {"addons": ["coredns"]}),
]
TAKE_A_CLUSTER = [*OF_A_CLUSTER, (cce_addon_template_info, COREDNS)]
TAKE_A_TEMPLATE = [(module, options) for module, options in TAKE_A_CLUSTER if options == COREDNS]


@pytest.mark.parametrize(("module", "options"), TAKE_A_CLUSTER)
def test_a_cluster_is_found_by_its_name(operator, module, options):
    by_id = operator.run(module, **options)
    assert operator.asked("GET", "/clusters") == [], "its ID alone is known without a request"
    by_name = operator.run(module, cluster_id=None, cluster_name="production", **options)
    assert len(operator.asked("GET", "/clusters")) == 1
    assert by_name.keys() == by_id.keys()
    same = {"addons", "plan", "checks", "templates", "addon"} & by_id.keys()
    assert {key: by_name[key] for key in same} == {key: by_id[key] for key in same}


@pytest.mark.parametrize(("module", "options"), OF_A_CLUSTER)
@pytest.mark.parametrize("nothing", [None, ""])
def test_a_cluster_has_to_be_named(operator, module, options, nothing):
    with pytest.raises(InputError, match=r"Which cluster\? Neither cluster_id nor cluster_name is given"):
        operator.run(module, cluster_id=nothing, cluster_name=nothing, **options)


@pytest.mark.parametrize(("module", "options"), TAKE_A_CLUSTER)
def test_id_and_name_have_to_be_of_one_cluster(operator, module, options):
    with pytest.raises(InputError, match="cluster_id and cluster_name are of two clusters"):
        operator.run(module, cluster_id=CLUSTER, cluster_name="other", **options)


def test_a_template_needs_no_cluster(operator):
    [template] = operator.run(cce_addon_template_info, cluster_id="", cluster_name="", **COREDNS)["templates"]
    assert {version["fits"] for version in template["versions"]} == {None}
    assert [item["path"] for item in operator.simulation.requests() if "/clusters" in item["path"]] == []


@pytest.mark.parametrize(("module", "options"), TAKE_A_TEMPLATE)
def test_a_template_may_be_called_by_the_option_name(operator, module, options):
    assert operator.run(module, name="coredns") == operator.run(module, **options)


def test_clusters_are_filtered_by_their_name(operator):
    found = operator.run(cce_cluster_info, cluster_id=None, cluster_name="production")["clusters"]
    assert [cluster["id"] for cluster in found] == [CLUSTER]
    assert operator.run(cce_cluster_info, cluster_id=None, cluster_name=AUTOPILOT)["clusters"] == []
