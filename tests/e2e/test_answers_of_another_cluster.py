# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The huaweicloud.cce contributors

"""A run stops if CCE's list of add-ons is that of another cluster."""

from __future__ import annotations

from support.plays import writes

LIST = r"/v3/addons$"
OTHER = "00000000-0000-4000-8000-000000000001"


def test_a_run_does_not_plan_with_what_belongs_to_another_cluster(play, simulation):
    simulation.fault("shape", "GET", LIST, times=None, set={"spec.clusterID": OTHER})
    played = play("huaweicloud.cce.upgrade", variables={"addon_upgrade_addons": ["metrics-server"]})
    assert played.code == 2
    assert f"cluster {OTHER}" in played.output
    assert writes(simulation) == []
