# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The huaweicloud.cce contributors

"""An answer that tells of another cluster's add-ons: nothing that is decided with it may reach either cluster."""

from __future__ import annotations

import pytest
from support.plays import writes
from support.simulation import CLUSTER

from ansible_collections.huaweicloud.cce.plugins.module_utils._ground.errors import BadAnswer
from ansible_collections.huaweicloud.cce.plugins.modules import cce_addon

LIST = r"/v3/addons$"
SHOW = r"/v3/addons/[^/]+$"
OTHER = "00000000-0000-4000-8000-000000000001"

WRONG = {"set": {"spec.clusterID": OTHER}}


@pytest.mark.parametrize(
    ("options", "where"),
    [
        ({"version": "latest"}, LIST),
        ({"version": "latest"}, SHOW),
        ({"values": {"custom": {"logLevel": 9}}}, LIST),
        ({"values": {"custom": {"logLevel": 9}}}, SHOW),
        ({"state": "rolled_back"}, LIST),
        ({"state": "rolled_back"}, SHOW),
        # To delete one, the list tells all that has to be known.
        ({"state": "absent"}, LIST),
    ],
    ids=str,
)
def test_nothing_is_sent_to_what_cce_says_is_in_another_cluster(operator, options, where):
    simulation = operator.simulation
    operator.run(cce_addon, addon_template_name="metrics-server", version="1.3.90")
    simulation.call("POST", f"/instances/{CLUSTER}/metrics-server", {"version": "1.3.6"})
    before = writes(simulation)
    if where == SHOW:
        simulation.fault("shape", "GET", LIST, times=None, drop=["spec.values", "status.isRollbackable"])
    simulation.fault("shape", "GET", where, times=None, **WRONG)
    with pytest.raises(BadAnswer, match=f"tells of .* in cluster {OTHER}"):
        operator.run(cce_addon, addon_template_name="metrics-server", **options)
    assert writes(simulation) == before


def test_an_id_in_capitals_is_the_same_cluster(operator):
    operator.simulation.fault("shape", "GET", LIST, times=None, set={"spec.clusterID": CLUSTER.upper()})
    assert operator.run(cce_addon, addon_template_name="metrics-server", version="latest")["changed"]


@pytest.mark.parametrize("told", [{"drop": "spec.clusterID"}, {"null": "spec.clusterID"}], ids=str)
def test_an_answer_that_does_not_tell_its_cluster_is_that_of_the_one_that_was_asked_for(operator, told):
    operator.simulation.fault("shape", "GET", r"/v3/addons", times=None, **told)
    assert operator.run(cce_addon, addon_template_name="metrics-server", version="latest")["changed"]
