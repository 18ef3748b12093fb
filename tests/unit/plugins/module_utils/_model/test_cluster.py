# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The huaweicloud.cce contributors

from __future__ import annotations

import json
from dataclasses import fields

import pytest

from ansible_collections.huaweicloud.cce.plugins.module_utils._model.cluster import (
    Cluster,
    Endpoint,
    InstalledAddon,
    describe_cluster,
    read_cluster,
    read_clusters,
)


def annotated(**annotations: object) -> dict:
    return {"metadata": {"uid": "c1", "name": "one", "annotations": annotations}}


def test_everything_that_is_told_is_read():
    item = {
        "kind": "Cluster",
        "metadata": {
            "uid": "c1",
            "name": "one",
            "alias": "One",
            "labels": {"team": "shop"},
            "creationTimestamp": "2020-02-02 03:48:58.968214406 +0000 UTC",
            "annotations": {
                "totalNodesNumber": "3",
                "activeNodesNumber": "2",
                "installedAddonInstances": json.dumps(
                    [
                        {"addonTemplateName": "npd", "version": "1.0.0"},
                        {"addonTemplateName": "coredns", "version": "1.28.7", "status": "running"},
                    ]
                ),
            },
        },
        "spec": {
            "version": "v1.28.8-r0",
            "type": "ARM64",
            "category": "Turbo",
            "flavor": "cce.s2.small",
            "platformVersion": "cce.5.0",
            "clusterTags": [{"key": "stage", "value": "prod"}, {"key": "bare"}],
        },
        "status": {
            "phase": "Available",
            "endpoints": [
                {"url": "https://192.0.2.1:5443", "type": "Internal"},
                {"External": "https://192.0.2.2:5443"},
            ],
        },
    }
    assert read_clusters([item], project_id="p1", region="r1") == [
        Cluster(
            version="v1.28.8-r0",
            type="ARM64",
            category="Turbo",
            id="c1",
            name="one",
            alias="One",
            project_id="p1",
            region="r1",
            flavor="cce.s2.small",
            phase="Available",
            platform_version="cce.5.0",
            tags={"stage": "prod", "bare": ""},
            labels={"team": "shop"},
            created_at="2020-02-02 03:48:58.968214406 +0000 UTC",
            total_nodes=3,
            active_nodes=2,
            endpoints=(Endpoint("Internal", "https://192.0.2.1:5443"), Endpoint("External", "https://192.0.2.2:5443")),
            addons=(InstalledAddon("coredns", "1.28.7", "running"), InstalledAddon("npd", "1.0.0")),
        )
    ]


@pytest.mark.parametrize("value", [None, [], "", 0, True, "text", [None, 1], {"a": 1}])
@pytest.mark.parametrize("part", ["metadata", "spec", "status"])
def test_parts_that_are_missing_null_or_of_another_kind_are_null(part, value):
    described = describe_cluster(read_cluster({part: value}))
    assert {key: item for key, item in described.items() if item is not None} == {
        "tags": {}, "labels": {}, "endpoints": [], "nodes": {"total": None, "active": None},
    }  # fmt: skip


@pytest.mark.parametrize("value", [None, 0, True, "", "text", [None, 1, [], {}], {"a": None, "b": {}}])
def test_fields_of_another_kind_never_crash(value):
    names = {
        "metadata": ("uid", "name", "alias", "labels", "annotations", "creationTimestamp"),
        "spec": ("version", "type", "category", "flavor", "platformVersion", "clusterTags"),
        "status": ("phase", "endpoints"),
    }
    cluster = read_cluster({part: dict.fromkeys(keys, value) for part, keys in names.items()})
    text = value if value == "text" else None
    assert (cluster.id, cluster.version, cluster.phase) == (text, text, text)
    assert (cluster.tags, cluster.labels, cluster.endpoints, cluster.addons) == ({}, {}, (), None)


@pytest.mark.parametrize("value", [None, "", "null"])
def test_what_an_older_cloud_does_not_tell_is_no_defect(value):
    cluster = read_cluster(annotated(installedAddonInstances=value, totalNodesNumber=value))
    assert (cluster.addons, cluster.total_nodes, cluster.defects) == (None, None, ())
    assert read_cluster(annotated()).defects == ()


def test_no_addons_are_not_the_same_as_unknown_ones():
    assert describe_cluster(read_cluster(annotated(installedAddonInstances="[]")))["addons"] == []


@pytest.mark.parametrize(
    "value",
    [
        "[{",
        "{}",
        "1",
        "[1]",
        "[null]",
        '[{"addonTemplateName": ""}]',
        '[{"addonTemplateName": "coredns"}, {"version": "1.0.0"}]',
        "[" * 100_000,
        [{"addonTemplateName": "coredns"}],
    ],
)
def test_a_malformed_annotation_is_null_and_a_defect(value):
    cluster = read_cluster(annotated(installedAddonInstances=value, totalNodesNumber="3"))
    assert cluster.addons is None
    assert len(cluster.defects) == 1
    assert "installedAddonInstances" in cluster.defects[0]
    assert cluster.total_nodes == 3, "the rest is read"


@pytest.mark.parametrize("value", ["-1", "true", '"3"', "1.5", "[]", "three"])
def test_a_number_of_nodes_that_is_none_is_a_defect(value):
    cluster = read_cluster(annotated(activeNodesNumber=value))
    assert cluster.active_nodes is None
    assert "activeNodesNumber" in cluster.defects[0]


def test_every_field_of_a_cluster_is_described():
    shown = set(describe_cluster(Cluster()))
    assert {item.name for item in fields(Cluster)} - shown == {"total_nodes", "active_nodes", "defects"}


@pytest.mark.parametrize(
    "told",
    [
        [{"url": "https://192.0.2.1:5443", "type": "Internal"}, {"url": "https://192.0.2.2:5443", "type": "External"}],
        [{"Internal": "https://192.0.2.1:5443"}, {"External": "https://192.0.2.2:5443"}],
        [{"Internal": "https://192.0.2.1:5443", "External": "https://192.0.2.2:5443"}],
        {"Internal": "https://192.0.2.1:5443", "External": "https://192.0.2.2:5443", "external_otc": ""},
        {"internal": "192.0.2.1:5443", "external": "192.0.2.2:5443"},
        [{"url": "192.0.2.1:5443", "type": "internal"}, {"url": "192.0.2.2:5443", "type": "external"}],
    ],
)
def test_endpoints_are_read_in_every_form(told):
    assert read_clusters([{"status": {"endpoints": told}}])[0].endpoints == (
        Endpoint("Internal", "https://192.0.2.1:5443"),
        Endpoint("External", "https://192.0.2.2:5443"),
    )


@pytest.mark.parametrize(
    ("text", "url"),
    [
        ("https://[2001:db8::1]:5443", "https://[2001:db8::1]:5443"),
        ("[2001:db8::1]:5443", "https://[2001:db8::1]:5443"),
        ("192.0.2.1", "https://192.0.2.1"),
        ("cluster.example.com/k8s", "https://cluster.example.com/k8s"),
        ("cluster:5443", "https://cluster:5443"),
        ("Pending", None),
        ("not yet known", None),
        ("", None),
        (":5443", None),
    ],
)
def test_an_address_without_a_scheme_is_one_of_https(text, url):
    found = read_clusters([{"status": {"endpoints": {"external_otc": text}}}])[0].endpoints
    assert found == ((Endpoint("external_otc", url),) if url else ())


def test_a_single_endpoint_may_stand_without_a_list():
    told = {"url": "192.0.2.1:5443", "type": "Internal"}
    assert read_clusters([{"status": {"endpoints": told}}])[0].endpoints == (
        Endpoint("Internal", "https://192.0.2.1:5443"),
    )
