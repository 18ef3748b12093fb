# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The huaweicloud.cce contributors

from __future__ import annotations

from ansible_collections.huaweicloud.cce.plugins.inventory.cce_clusters import DOCUMENTATION
from ansible_collections.huaweicloud.cce.plugins.module_utils._model.cluster import Cluster
from ansible_collections.huaweicloud.cce.plugins.plugin_utils._inventory import host_variables


def test_every_variable_is_documented():
    cluster = Cluster(id="c1", name="one")
    variables = host_variables(cluster, endpoint="https://cce.example.com", autopilot=False, account="a", connection={})
    assert [name for name in variables if f"C({name})" not in DOCUMENTATION] == []
