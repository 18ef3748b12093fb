# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The huaweicloud.cce contributors

"""cce_addon in a playbook: check mode, differences and secrets."""

from __future__ import annotations

from support.plays import writes
from support.simulation import CLUSTER


def test_a_real_playbook_shows_the_difference_and_changes_nothing_in_check_mode(play, simulation):
    task = {
        "name": "upgrade",
        "huaweicloud.cce.cce_addon": {
            "cluster_id": CLUSTER,
            "addon_template_name": "metrics-server",
            "version": "latest",
            "values": {"custom": {"password": "canary-secret"}},
        },
    }
    played = play([task], "--check", "--diff")
    assert played.code == 0, played.output
    assert '+    "version": "1.3.90"' in played.output
    assert "canary-secret" not in played.output
    assert writes(simulation) == []
    played = play([task], "--diff", "-vvv", ship=True)
    assert played.code == 0, played.output
    assert "canary-secret" not in played.output
    assert played.result("upgrade")["changed"]
    assert len(writes(simulation)) == 1
