# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The huaweicloud.cce contributors

from __future__ import annotations

import pytest
from ansible import constants

from ansible_collections.huaweicloud.cce.plugins.module_utils._ground.errors import InputError
from ansible_collections.huaweicloud.cce.plugins.module_utils._model.cluster import Cluster, InstalledAddon
from ansible_collections.huaweicloud.cce.plugins.plugin_utils._inventory import (
    Filters,
    distinct,
    host_names,
    host_variables,
    inherited,
    is_wanted,
    places,
    read_filters,
)

NOTHING: dict = {"phases": [], "versions": [], "tags": {}, "addons_below": {}}


def variables(cluster_id: str = "c1", name: str | None = "one", **fields: object) -> dict:
    cluster = Cluster(id=cluster_id, name=name, **fields)
    connection = {"secret_key": "hidden"}
    return host_variables(
        cluster, endpoint="https://cce.example.com", autopilot=False, account="a", connection=connection
    )


def names(*pairs: tuple[str, str | None]) -> list[str]:
    return host_names([variables(cluster_id, name) for cluster_id, name in pairs])


def test_every_variable_has_the_prefix_and_none_is_a_secret():
    found = variables(addons=(InstalledAddon("coredns", "1.0.0", "running"),))
    assert all(name.startswith("cce_") for name in found)
    assert "hidden" not in str(found)
    alone = {"version": "1.0.0", "status": "running"}
    assert found["cce_addons"] == {"coredns": {**alone, "instances": [alone]}}
    assert variables()["cce_addons"] is None


def test_a_name_of_its_own_is_kept():
    assert names(("11111111-a", "one"), ("22222222-b", "two")) == ["one", "two"]


def test_all_who_share_a_name_get_a_suffix():
    assert names(("11111111-a", "one"), ("22222222-b", "two"), ("33333333-c", "one")) == [
        "one-11111111", "two", "one-33333333",
    ]  # fmt: skip


def test_names_stay_distinct_whatever_the_clusters_are_called():
    found = names(
        ("11111111-a", "one"), ("11111111-b", "one"), ("22222222-c", "one-11111111-a"), ("33333333-d", "one 1"),
        ("44444444-e", "one:1"), ("55555555-f", "one-11111111"),
    )  # fmt: skip
    assert len(set(found)) == 6
    assert found[0] != "one"


@pytest.mark.parametrize("name", ["{{ 1 + 1 }}", "{% raw %}", "a:b", "a,b", "!a", "a[1]", "a*", "a\nb", "\u202ea"])
def test_no_name_is_a_template_or_a_pattern(name):
    [found] = names(("11111111-a", name))
    assert set(found) <= set("ab1_raw- .%+")
    assert not set(found) & set("{}:,!&*[]% +")


@pytest.mark.parametrize("name", ["all", "localhost", "127.0.0.1", "ungrouped", "cce_clusters"])
def test_names_that_mean_something_to_ansible_get_a_suffix(name):
    assert names(("11111111-a", name)) == [f"{name}-11111111"]


def test_no_name_is_one_that_ansible_takes_for_this_machine():
    for name in constants.LOCALHOST:
        assert names(("11111111-a", name))[0] not in constants.LOCALHOST


def test_a_cluster_without_a_name_is_called_by_its_id():
    assert names(("11111111-a", None)) == ["11111111-a"]


def test_a_cluster_that_is_listed_twice_is_one_host():
    first, second, again = variables("c1", region="r1"), variables("c2"), variables("c1", region="r2")
    assert distinct([first, second, again]) == [first, second]


ADDONS = (InstalledAddon("coredns", "1.28.7"), InstalledAddon("npd", None), InstalledAddon("odd", "latest"))


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        ({}, True),
        ({"phases": ["Available", "Error"]}, True),
        ({"phases": ["Error"]}, False),
        ({"versions": ["v1.28"]}, True),
        ({"versions": ["1.28.8"]}, True),
        ({"versions": ["v1.28.8-r0"]}, True),
        ({"versions": ["v1.2"]}, False),
        ({"versions": ["v1.27", "v1.29"]}, False),
        ({"tags": {"stage": "prod"}}, True),
        ({"tags": {"stage": None}}, True),
        ({"tags": {"tier": 1}}, True),
        ({"tags": {"stage": "test"}}, False),
        ({"tags": {"stage": "prod", "other": None}}, False),
        ({"addons_below": {"coredns": "1.30.0"}}, True),
        ({"addons_below": {"coredns": "1.28.7"}}, False),
        ({"addons_below": {"coredns": "1.9.0"}}, False),
        ({"addons_below": {"everest": "9.9.9"}}, False),
        ({"addons_below": {"everest": "9.9.9", "coredns": "1.30.0"}}, True),
        ({"addons_below": {"npd": "1.0.0"}}, True),
        ({"addons_below": {"odd": "1.0.0"}}, True),
        ({"phases": ["Available"], "tags": {"stage": "test"}}, False),
    ],
)
def test_filters(filters, expected):
    found = variables(phase="Available", version="v1.28.8-r0", tags={"stage": "prod", "tier": "1"}, addons=ADDONS)
    assert is_wanted(found, read_filters({**NOTHING, **filters})) is expected


@pytest.mark.parametrize(
    ("versions", "oldest"),
    [(("2.10", "2.9.0"), "2.9.0"), (("2.9.0", "2.10"), "2.9.0"), (("2.9.0", None), None), (("odd", "2.9.0"), "odd")],
)
def test_of_several_instances_the_oldest_stands_for_all(versions, oldest):
    found = variables(addons=tuple(InstalledAddon("nginx-ingress", version, "running") for version in versions))
    addon = found["cce_addons"]["nginx-ingress"]
    assert addon["version"] == oldest
    assert [instance["version"] for instance in addon["instances"]] == list(versions)
    assert is_wanted(found, Filters(addons_below={"nginx-ingress": "2.10.0"}))
    assert is_wanted(found, Filters(addons_below={"nginx-ingress": "2.8.0"})) is (oldest != "2.9.0")


def test_a_cluster_whose_addons_are_not_known_may_have_an_old_one():
    assert is_wanted(variables(), Filters(addons_below={"coredns": "1.30.0"}))
    assert not is_wanted(variables(addons=()), Filters(addons_below={"coredns": "1.30.0"}))


@pytest.mark.parametrize("version", ["latest", "", None, 1.30, 1])
def test_what_is_no_version_in_quotes_is_refused(version):
    with pytest.raises(InputError, match=r"filters\.addons_below\.coredns"):
        read_filters({**NOTHING, "addons_below": {"coredns": version}})
    with pytest.raises(InputError, match=r"filters\.versions\[1\]"):
        read_filters({**NOTHING, "versions": ["v1.28", version]})


def test_credentials_and_places_are_inherited_whole_or_not_at_all():
    common = {"access_key": "A", "secret_key": "S", "regions": ["r1"], "timeout": 5.0, "profile": None}
    assert inherited(common, {"name": "n"}) == {**common, "name": "n"}
    assert inherited(common, {"profile": "p"}) == {"profile": "p", "regions": ["r1"], "timeout": 5.0}
    assert inherited(common, {"projects": [], "timeout": 1.0, "access_key": None}) == {
        "access_key": "A", "secret_key": "S", "profile": None, "projects": [], "timeout": 1.0,
    }  # fmt: skip


def test_every_region_and_project_is_a_place():
    assert places({"profile": "p", "name": "n", "region": "r0"}) == [{"profile": "p", "region": "r0"}]
    listed = [{"region": "r2", "project_name": "r2_x"}, {"region": "r3", "project_id": "p3"}, {"region": "r4"}]
    assert places({"profile": "p", "project_id": None, "regions": ["r1"], "projects": listed}) == [
        {"profile": "p", "project_id": None, "region": "r1", "project_name": "r1"},
        {"profile": "p", "project_id": None, "region": "r2", "project_name": "r2_x"},
        {"profile": "p", "project_id": "p3", "region": "r3", "project_name": None},
        {"profile": "p", "project_id": None, "region": "r4", "project_name": "r4"},
    ]
