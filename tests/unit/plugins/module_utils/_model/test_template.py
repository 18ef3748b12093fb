# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The huaweicloud.cce contributors

from __future__ import annotations

import pytest

from ansible_collections.huaweicloud.cce.plugins.module_utils._model.template import (
    Template,
    describe_template,
    newest_versions_first,
    read_template,
    read_templates,
)
from ansible_collections.huaweicloud.cce.plugins.module_utils._model.version import ClusterKind

CLUSTER = ClusterKind(version="v1.28.8-r0", type="VirtualMachine", category="CCE")


def version(number: str, *expressions: str, stable: bool = True, kind: str = "VirtualMachine") -> dict:
    support = [{"clusterType": kind, "clusterVersion": list(expressions), "category": []}]
    return {"version": number, "stable": stable, "supportVersions": support, "input": {"basic": {}}}


def template(*versions: object) -> Template:
    return read_template({"metadata": {"name": "coredns"}, "spec": {"type": "helm", "versions": list(versions)}})


def shown(read: Template, cluster: ClusterKind | None = CLUSTER, *, allow_unstable: bool = False) -> dict:
    return describe_template(read, cluster, allow_unstable=allow_unstable, with_input=False)


COREDNS = template(
    version("1.9.0", "v1.28.*"),
    version("1.10.0", "v1.(27|28).*"),
    version("1.11.0", "v1.28.*", stable=False),
    version("1.12.0", "v1.29.*"),
    version("1.13.0", "v1.28.*", kind="ARM64"),
    version("1.14.0", "(v1.28.3|.*)*"),
)


def test_only_versions_that_fit_the_cluster_are_shown_newest_first():
    described = shown(COREDNS)
    assert [(item["version"], item["fits"]) for item in described["versions"]] == [
        ("1.14.0", None), ("1.11.0", True), ("1.10.0", True), ("1.9.0", True),
    ]  # fmt: skip
    assert described["latest"] == "1.10.0"
    assert shown(COREDNS, allow_unstable=True)["latest"] == "1.11.0", "of 1.14.0, it cannot be told whether it fits"


@pytest.mark.parametrize("cluster", [None, ClusterKind()])
def test_without_a_cluster_version_nothing_is_said_about_fitting(cluster):
    described = shown(COREDNS, cluster)
    assert [item["version"] for item in described["versions"]] == [
        "1.14.0", "1.13.0", "1.12.0", "1.11.0", "1.10.0", "1.9.0",
    ]  # fmt: skip
    assert {item["fits"] for item in described["versions"]} == {None}
    assert described["latest"] == "1.14.0"


def test_a_template_without_a_fitting_version_has_no_latest():
    assert shown(template(version("1.12.0", "v1.29.*"))) == {
        "name": "coredns", "type": "helm", "description": None, "labels": [], "versions": [], "latest": None,
    }  # fmt: skip


def test_versions_that_cannot_be_read_are_kept_at_the_end():
    assert newest_versions_first(["odd", "1.9.0", "bad", "1.10.0"]) == ["1.10.0", "1.9.0", "bad", "odd"]


def test_input_is_shown_on_request():
    assert "input" not in shown(COREDNS)["versions"][0]
    described = describe_template(COREDNS, CLUSTER, allow_unstable=False, with_input=True)
    assert described["versions"][0]["input"] == {"basic": {}}


def test_who_is_supported_is_shown():
    assert shown(template(version("1.0.0", "v1.28.*", "v1.29")))["versions"][0]["support"] == [
        {"cluster_type": "VirtualMachine", "cluster_versions": ["v1.28.*", "v1.29"], "categories": []}
    ]


@pytest.mark.parametrize("odd", [None, [], "text", 1, {"versions": None}, {"versions": [None, 1, {}]}, {"labels": {}}])
def test_odd_templates_never_crash(odd):
    read = read_templates([{"metadata": odd, "spec": odd}, {}])
    assert [shown(item)["versions"] for item in read] == [[], []]
