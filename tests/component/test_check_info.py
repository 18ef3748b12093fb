# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The huaweicloud.cce contributors

"""cce_addon_check_info: the age of a result, if the clock of this machine is wrong."""

from __future__ import annotations

from support.simulation import CLUSTER

from ansible_collections.huaweicloud.cce.plugins.modules import cce_addon_check, cce_addon_check_info


def test_the_age_of_a_result_is_judged_by_the_clock_of_the_service(operator):
    operator.run(cce_addon_check, addons=["coredns"])
    assert operator.told[-1].startswith("cluster")
    # Ours stays behind from now on.
    operator.simulation.call("POST", "/clock", {"advance": 7200})
    options = {"cluster_id": CLUSTER, "latest": True}
    [check] = operator.run(cce_addon_check_info, max_check_age=3600, **options)["checks"]
    assert (check["verdict"], check["reason"].endswith("more than 3600 s ago")) == ("unknown", True)
    [warning] = [text for text in operator.told if "clock" in text]
    assert "The clock of this machine is more than 5 minutes behind that of the service." in warning
    # What is made now comes from the future by our clock alone.
    operator.run(cce_addon_check, addons=["coredns"])
    [check] = operator.run(cce_addon_check_info, max_check_age=3600, **options)["checks"]
    assert check["verdict"] == "fatal" or check["reason"] is None
