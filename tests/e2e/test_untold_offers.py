# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The huaweicloud.cce contributors

"""A run upgrades nothing if CCE does not tell what it offers, or tells only a part of it."""

from __future__ import annotations

import pytest
from support.plays import writes

TEMPLATES = r"/v3/addontemplates$"


def test_the_gate_is_closed_where_nothing_was_told(play, simulation):
    simulation.fault("shape", "GET", TEMPLATES, times=None, set={"answer.items": []})
    played = play("huaweicloud.cce.upgrade", variables={"addon_upgrade_addons": ["all"]})
    assert played.code == 2
    assert "NOTHING WAS UPGRADED" in played.output
    assert "not stable" not in played.output
    assert writes(simulation) == []


@pytest.mark.parametrize(
    ("path", "answer", "text"),
    [
        ("/addons$", {"items": None, "errorCode": "CCE.01500001"}, "an error beside the list (errorCode)"),
        ("/addons$", {"items": [], "nextMarker": "page-2"}, "the list has further pages (nextMarker)"),
        ("/clusters$", {"items": [], "metadata": {"continue": "page-2"}}, "has further pages (metadata.continue)"),
    ],
)
def test_a_list_that_is_not_the_whole_list_is_not_taken_for_it(play, simulation, path, answer, text):
    """What is missing may be another add-on, or another cluster of the same name."""
    simulation.fault("body", "GET", path, body=answer, times=None)
    played = play(
        "huaweicloud.cce.upgrade", variables={"cce_cluster_id": "", "addon_upgrade_cluster_name": "production"}
    )
    assert played.code == 2
    assert text in played.output
    assert "nothing to upgrade" not in played.output
    assert writes(simulation) == []
