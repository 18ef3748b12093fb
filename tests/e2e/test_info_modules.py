# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The huaweicloud.cce contributors

"""cce_cluster_info and cce_addon_template_info: what there is, in the fast path and shipped alike."""

from __future__ import annotations

import pytest
from support.plays import CLUSTER

PROJECT = "0a1b2c3d4e5f60718293a4b5c6d7e8f9"
CLUSTERS = rf"projects/{PROJECT}/clusters"
# Run inside the controller, and shipped as usual.
WAYS = [{"ship": False}, {"ship": True}]


def clusters(task: str = "clusters", /, **options: object) -> dict:
    return {"name": task, "huaweicloud.cce.cce_cluster_info": options}


def templates(task: str = "templates", /, **options: object) -> dict:
    return {"name": task, "huaweicloud.cce.cce_addon_template_info": options}


def asked(simulation) -> list[tuple[str, str]]:
    return [(item["path"], item["query"]) for item in simulation.requests() if item["path"] != "/v3/projects"]


@pytest.mark.parametrize("way", WAYS)
def test_a_cluster_with_its_addons_in_one_request(play, simulation, way):
    played = play([clusters()], **way)
    assert played.code == 0, played.output
    result = played.result("clusters")
    assert result["changed"] is False
    [cluster] = result["clusters"]
    assert cluster.pop("created_at")
    assert cluster == {
        "id": CLUSTER,
        "name": "production",
        "alias": "production",
        "project_id": PROJECT,
        "region": "ap-southeast-1",
        "version": "v1.28.8-r0",
        "type": "VirtualMachine",
        "category": "CCE",
        "flavor": "cce.s2.small",
        "phase": "Available",
        "platform_version": "cce.5.0",
        "tags": {},
        "labels": {},
        "nodes": {"total": 3, "active": 3},
        "endpoints": [{"type": "Internal", "url": "https://192.0.2.10:5443"}],
        "addons": [
            {"name": "coredns", "version": "1.28.7", "status": "running"},
            {"name": "metrics-server", "version": "1.3.6", "status": "running"},
            {"name": "nginx-ingress", "version": "2.2.9", "status": "running"},
        ],
    }
    assert [item["kind"] for item in result["raw"]] == ["Cluster"]
    assert asked(simulation) == [(f"/api/v3/projects/{PROJECT}/clusters", "detail=true")]


@pytest.mark.parametrize("way", WAYS)
def test_one_cluster_by_id_and_by_name(play, simulation, way):
    named = [
        clusters("named", cluster_name="production", query="clusters[0].id"),
        clusters("unnamed", cluster_name="other"),
    ]
    played = play([clusters("shown", cluster_id=CLUSTER), *named], **way)
    assert played.code == 0, played.output
    assert [item["name"] for item in played.result("shown")["clusters"]] == ["production"]
    assert played.result("shown")["clusters"][0]["addons"], "what detail=true tells"
    assert played.result("named")["query_result"] == CLUSTER
    assert (played.result("unnamed")["clusters"], played.result("unnamed")["raw"]) == ([], [])
    assert asked(simulation)[0] == (f"/api/v3/projects/{PROJECT}/clusters/{CLUSTER}", "detail=true")


def test_filters_are_sent(play, simulation):
    played = play(
        [
            clusters("met", status="Available", type="VirtualMachine", version="v1.28"),
            clusters("status", status="Hibernation"),
            clusters("type", type="ARM64"),
            clusters("version", version="v1.27"),
        ]
    )
    assert [len(played.result(name)["clusters"]) for name in ("met", "status", "type", "version")] == [1, 0, 0, 0]
    assert asked(simulation)[0][1] == "detail=true&status=Available&type=VirtualMachine&version=v1.28"


@pytest.mark.parametrize("way", WAYS)
def test_a_cluster_that_is_not_there_fails(play, way):
    played = play([clusters(cluster_id="no-such-cluster")], **way)
    assert played.code == 2
    assert "Could not show cluster no-such-cluster: 404" in played.result("clusters")["msg"]
    assert played.result("clusters")["failure"]["status_code"] == 404


def test_an_id_and_a_filter_exclude_each_other(play, simulation):
    played = play([clusters(cluster_id=CLUSTER, cluster_name="production")])
    assert "mutually exclusive" in played.result("clusters")["msg"]
    assert simulation.requests() == []


@pytest.mark.parametrize("way", WAYS)
def test_a_malformed_annotation_is_null_and_warned_of(play, simulation, way):
    broken = {"totalNodesNumber": "3", "installedAddonInstances": "[{"}
    simulation.fault("shape", "GET", CLUSTERS, set={"metadata.annotations": broken})
    result = play([clusters()], **way).result("clusters")
    assert result["clusters"][0]["addons"] is None
    assert result["clusters"][0]["nodes"] == {"total": 3, "active": None}
    [warning] = result["warnings"]
    assert "production" in warning
    assert "installedAddonInstances cannot be read" in warning


def test_an_older_cloud_tells_less(play, simulation):
    simulation.fault("shape", "GET", CLUSTERS, drop=["metadata.annotations", "metadata.alias"], null=["spec", "status"])
    played = play([clusters()])
    assert played.code == 0, played.output
    [cluster] = played.result("clusters")["clusters"]
    assert (cluster["id"], cluster["name"], cluster["alias"]) == (CLUSTER, "production", None)
    assert (cluster["addons"], cluster["version"], cluster["tags"], cluster["phase"]) == (None, None, {}, None)
    assert "warnings" not in played.result("clusters")


def test_autopilot_clusters_are_listed_apart(play, simulation):
    assert play([clusters(autopilot=True)]).result("clusters")["clusters"] == []
    assert asked(simulation)[0][0] == f"/autopilot/v3/projects/{PROJECT}/clusters"


@pytest.mark.parametrize("way", WAYS)
def test_versions_that_fit_a_cluster(play, simulation, way):
    played = play([templates(cluster_id=CLUSTER, addon_template_name="coredns")], **way)
    assert played.code == 0, played.output
    result = played.result("templates")
    assert "raw" not in result
    [coredns] = result["templates"]
    versions = coredns.pop("versions")
    assert coredns == {
        "name": "coredns",
        "type": "helm",
        "description": "CoreDNS answers the name queries of a cluster.",
        "labels": ["Kubernetes", "DNS"],
        "latest": "1.30.33",
    }
    assert [item["version"] for item in versions] == ["1.31.0-beta", "1.30.33", "1.30.6", "1.28.7"]
    assert versions[1] == {
        "version": "1.30.33",
        "stable": True,
        "fits": True,
        "support": [
            {
                "cluster_type": kind,
                "cluster_versions": ["v1.(27|28|29|30).*", "v1.31.*"],
                "categories": ["CCE", "Turbo", "Autopilot"],
            }
            for kind in ("VirtualMachine", "ARM64")
        ],
        "created_at": "2024-01-15T02:00:00Z",
        "updated_at": "2025-06-20T02:00:00Z",
    }
    assert [path for path, _query in asked(simulation)] == [
        f"/api/v3/projects/{PROJECT}/clusters/{CLUSTER}",
        "/api/v3/addontemplates",
    ]
    assert asked(simulation)[1][1] == "addon_template_name=coredns"


def test_all_templates_without_a_cluster(play, simulation):
    played = play([templates(), templates("unstable", allow_unstable=True, query="templates[?name == 'coredns']")])
    found = {item["name"]: item for item in played.result("templates")["templates"]}
    assert list(found) == sorted(found)
    assert len(found) > 3
    assert {version["fits"] for version in found["coredns"]["versions"]} == {None}
    assert found["nginx-ingress"]["latest"] == "2.6.4"
    assert found["nginx-ingress"]["versions"][0]["version"] == "3.0.8"
    unstable = next(i for i in played.result("unstable")["templates"] if i["name"] == "nginx-ingress")
    assert unstable["latest"] == "3.0.8"
    assert [item["name"] for item in played.result("unstable")["query_result"]] == ["coredns"]
    assert asked(simulation) == [("/api/v3/addontemplates", "")] * 2


@pytest.mark.parametrize("way", WAYS)
def test_input_and_raw_on_request(play, way):
    result = play([templates(addon_template_name="coredns", with_input=True)], **way).result("templates")
    newest = result["templates"][0]["versions"][0]
    assert newest["version"] == "1.32.1"
    assert newest["input"]["basic"]["image_version"] == "1.32.1"
    assert newest["input"]["parameters"]["custom"]["parameterSyncStrategy"] == "ensureConsistent"
    assert result["raw"][0]["spec"]["versions"][0]["version"] == "1.25.1"


def test_a_cluster_that_does_not_tell_its_version_hides_no_template_version(play, simulation):
    simulation.fault("shape", "GET", rf"clusters/{CLUSTER}$", drop="spec.version")
    result = play([templates(cluster_id=CLUSTER, addon_template_name="coredns")]).result("templates")
    assert {version["fits"] for version in result["templates"][0]["versions"]} == {None}
    assert "does not tell the version of cluster production" in result["warnings"][0]
