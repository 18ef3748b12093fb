# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The huaweicloud.cce contributors

"""The scenarios that come with the simulator: a fleet, and every oddity, which no module may take for a safe state."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
from support.operators import Operator
from support.simulation import SIMULATOR, Simulation

from ansible_collections.huaweicloud.cce.plugins.module_utils._ground.errors import Refused
from ansible_collections.huaweicloud.cce.plugins.modules import cce_addon_check_info, cce_addon_info

SCENARIOS = SIMULATOR / "scenarios"
KEYS = {"access_key": "AKSIMULATOR000000001", "secret_key": "sk-simulator-0000000000000000000000000001"}


@pytest.fixture(scope="module")
def weird() -> Iterator[Simulation]:
    with Simulation(scenario=SCENARIOS / "weird.yml") as simulation:
        yield simulation


@pytest.fixture
def operator(weird: Simulation) -> Operator:
    weird.reset()
    return Operator(weird)


def odd(number: int) -> str:
    """Return the id of a cluster of weird.yml."""
    return f"00000000-0000-4000-8000-{number:012}"


def checks(operator: Operator, number: int) -> dict[str, Any]:
    return operator.run(cce_addon_check_info, **KEYS, cluster_id=odd(number))


def test_the_fleet_has_a_thousand_clusters_with_eight_addons_each():
    with Simulation(scenario=SCENARIOS / "fleet.yml") as simulation:
        clusters = simulation.call("GET", "/state")["clusters"].values()
        assert [cluster["name"] for cluster in clusters] == [f"cluster-{number:04d}" for number in range(1, 1001)]
        assert {len(cluster["addons"]) for cluster in clusters} == {8}
        drifted = [cluster["name"] for cluster in clusters if cluster["addons"]["coredns"]["drift"]]
        snippets = [cluster["name"] for cluster in clusters if cluster["addons"]["nginx-ingress"]["condition"]]
        assert (len(drifted), drifted[0]) == (100, "cluster-0010")
        assert (len(snippets), snippets[0]) == (200, "cluster-0005")


@pytest.mark.parametrize(
    ("number", "verdicts"),
    [
        (1, ["warning"]),
        (2, ["fatal", "warning"]),
        (3, ["fatal", "warning"]),
        (4, ["unknown", "unknown"]),
        (5, ["unknown", "unknown"]),
        (6, ["unknown"]),
        (7, ["unknown"]),
        (8, ["fatal", "unknown"]),
        (9, ["unknown", "unknown"]),
        (10, ["fatal", "warning"]),
        (11, ["unknown", "unknown"]),
        (12, ["unknown", "unknown"]),
        (13, ["pending", "pending"]),
        (17, ["passed"]),
        (19, ["fatal"]),
    ],
)
def test_odd_checks_are_never_taken_for_safe(operator, number, verdicts):
    result = checks(operator, number)
    assert [check["verdict"] for check in result["checks"]] == verdicts
    blocking = [check["task_id"] for check in result["checks"] if check["verdict"] not in ("passed", "warning")]
    assert sorted(result["summary"]["blocking"]) == sorted(blocking)


def test_a_count_that_is_too_large_is_warned_of(operator):
    assert checks(operator, 6)["raw"]["pageInfo"] == {"currentCount": 99}
    assert any("99" in text for text in operator.told)


def test_the_answers_of_odd_clusters_have_the_other_shapes(operator):
    assert isinstance(checks(operator, 1)["raw"]["items"], dict)
    task = checks(operator, 2)["raw"]["items"][0]
    assert "riskList" in task
    assert "riskList" not in task["status"]
    assert "createTimestamp" in task["metadata"]
    assert checks(operator, 4)["raw"]["items"][0]["status"]["riskList"] is None


def test_the_check_tasks_of_a_scenario_are_as_old_as_it_says(operator):
    newest, oldest = (item["metadata"] for item in checks(operator, 2)["raw"]["items"])
    assert newest["type"] == "addonUpgrade"
    assert oldest["type"] == "addonStatic"
    assert newest["createTimestamp"] > oldest["createTimestamp"]


def test_every_cluster_and_addon_of_the_odd_account_can_be_read(operator):
    with operator.client(**KEYS) as cce:
        clusters = cce.clusters(detail=True)
    names = Counter(cluster["metadata"]["name"] for cluster in clusters)
    assert names["twin"] == 2
    assert {cluster["status"]["phase"] for cluster in clusters} >= {"Available", "Hibernation", "Meditating", "Empty"}
    for cluster in clusters:
        result = operator.run(cce_addon_info, **KEYS, cluster_id=cluster["metadata"]["uid"])
        state = operator.simulation.addons(cluster["metadata"]["uid"])
        assert {addon["addon_template_name"] for addon in result["addons"]} == set(state)


def test_a_version_that_is_promised_but_not_on_offer_is_refused_and_is_no_fault_of_the_simulator(operator):
    with operator.client(**KEYS) as cce:
        addon = cce.addons(odd(17))[0]
        assert addon["status"]["targetVersions"] == ["1.10.0", "9.9.9"]
        with pytest.raises(Refused, match=r"9\.9\.9") as caught:
            cce.update_addon(odd(17), addon["metadata"]["uid"], "odd-template", "9.9.9", {})
    assert caught.value.status_code == 400
