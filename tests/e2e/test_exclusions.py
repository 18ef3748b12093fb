# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The huaweicloud.cce contributors

"""A misspelt `!name` ends a run before it starts anything."""

from __future__ import annotations

import pytest
from support.plays import writes


@pytest.mark.parametrize("mode", ["plan", "precheck", "upgrade"])
def test_a_misspelt_exclusion_ends_the_run_before_anything_is_started(play, simulation, mode):
    variables = {"addon_upgrade_addons": ["all", "!metric-server"], "addon_precheck_addons": ["all", "!metric-server"]}
    name = "upgrade" if mode == "upgrade" else "precheck"
    played = play(f"huaweicloud.cce.{name}", variables={**variables, f"addon_{name}_mode": mode})
    assert played.code == 2
    assert "'!metric-server' leaves out nothing" in played.output
    assert "Did you mean metrics-server?" in played.output
    assert writes(simulation) == []
    assert not [item for item in simulation.requests() if item["method"] == "POST"]
