# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The huaweicloud.cce contributors

"""A run keeps settings that a list leaves out, and stops if it cannot read them at all."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from support.plays import writes
from support.simulation import CLUSTER, SIMULATOR, Simulation

# The cluster "silent" of the scenario `recorded.yml`.
SILENT = "7c1d0f3e-5a64-4f0e-9d1b-2f6a8c4b1e02"
LIST = r"/v3/addons$"
ANY = r"/v3/addons"
INHERIT = {"name": "coredns", "sync_strategy": "inherit"}


def settings(simulation, addon: str = "metrics-server") -> dict:
    values: dict = simulation.addons(CLUSTER)[addon]["values"]
    return values


def test_the_whole_run_keeps_settings_that_the_list_does_not_tell(play, simulation):
    before = settings(simulation, "coredns")
    simulation.fault("shape", "GET", LIST, times=None, drop=["spec.values", "status.currentVersion"])
    played = play("huaweicloud.cce.upgrade", variables={"addon_upgrade_addons": [INHERIT, "metrics-server"]})
    assert played.code == 0, played.output
    after = settings(simulation, "coredns")
    assert before["custom"]["stub_domains"].items() <= after["custom"]["stub_domains"].items()
    assert after["flavor"] == before["flavor"]
    assert [addon["settings_lost"] for addon in simulation.addons(CLUSTER).values()] == [[]] * 3
    result = played.module("cce_addon_upgrade")
    for addon in result["addons"]:
        assert [name for name in addon["values_changed"] if name.startswith("basic.")]
        assert not [name for name in addon["values_changed"] if name.startswith("flavor")]


def test_the_whole_run_stops_where_settings_cannot_be_read(play, simulation):
    simulation.fault("shape", "GET", ANY, times=None, drop="spec.values")
    played = play("huaweicloud.cce.upgrade", variables={"addon_upgrade_addons": ["metrics-server"]})
    assert played.code == 2
    assert "does not tell its present settings" in played.output
    assert writes(simulation) == []


@pytest.fixture(scope="module")
def recorded() -> Iterator[Simulation]:
    with Simulation(time_scale=20, scenario=SIMULATOR / "scenarios" / "recorded.yml") as simulation:
        yield simulation


def test_a_run_against_recorded_answers_keeps_every_setting(play, recorded):
    before = recorded.addons(CLUSTER)
    entries = [{"name": "coredns", "sync_strategy": "inherit"}, "cie-collector"]
    played = play("huaweicloud.cce.upgrade", variables={"addon_upgrade_addons": entries}, against=recorded)
    assert played.code == 0, played.output
    after = recorded.addons(CLUSTER)
    for name in ("coredns", "cie-collector"):
        assert after[name]["settings_lost"] == []
        assert after[name]["version"] != before[name]["version"]
        for key, value in before[name]["values"].items():
            if key not in ("basic", "systemAutoInject", "custom"):
                assert after[name]["values"][key] == value, key
    assert after["coredns"]["values"]["custom"]["stub_domains"] == before["coredns"]["values"]["custom"]["stub_domains"]
    again = play("huaweicloud.cce.upgrade", variables={"addon_upgrade_addons": entries}, against=recorded)
    assert again.code == 0, again.output
    result = again.module("cce_addon_upgrade")
    assert result["outcome"] == "nothing_to_do"


def test_a_cluster_that_tells_no_settings_at_all_is_not_touched(play, recorded):
    before = recorded.addons(SILENT)
    played = play("huaweicloud.cce.upgrade", variables={"cce_cluster_id": SILENT}, against=recorded)
    assert played.code == 2
    assert "does not tell its present settings" in played.output
    assert recorded.addons(SILENT) == before
