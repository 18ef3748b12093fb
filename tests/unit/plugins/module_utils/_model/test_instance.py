# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The huaweicloud.cce contributors

"""Add-on instances as they are read: what an answer does not tell is None, which is not empty."""

from __future__ import annotations

import pytest

from ansible_collections.huaweicloud.cce.plugins.module_utils._model.instance import (
    Instance,
    completed,
    differs,
    read_instance,
)

RECORDED = {
    "basic": {"image": "1"},
    "custom": {"level": "debug"},
    "flavor": {"replicas": 5},
    "multiAZPreferred": True,
    "multiAZRequired": False,
    "parameters": {},
    "systemAutoInject": {"cluster": {"clusterVersion": "v1.29"}, "user": {"projectID": "p"}},
    "tolerations": [{"key": "a"}],
}


def read(**spec: object) -> Instance:
    return read_instance({"metadata": {"uid": "1", "name": "coredns"}, "spec": spec})


@pytest.mark.parametrize("values", [{}, {"custom": {}}, {"tolerations": None}, RECORDED], ids=str)
def test_values_are_read_as_they_are(values):
    assert read(values=values).values == values


@pytest.mark.parametrize(
    "spec",
    [
        {},
        {"values": None},
        {"values": []},
        {"values": "{}"},
        {"values": 7},
        *({"values": {**RECORDED, name: odd}} for name in ("basic", "custom", "flavor") for odd in (None, [], "{}", 7)),
    ],
    ids=str,
)
def test_values_that_cannot_be_read_are_not_empty(spec):
    assert read(**spec).values is None


def test_what_the_answer_leaves_out_is_not_told():
    instance = read_instance({})
    told = (instance.values, instance.is_rollbackable, instance.target_versions, instance.current_version)
    assert told == (None, None, None, None)
    assert read_instance({"status": {"isRollbackable": "true"}}).is_rollbackable is None
    assert read_instance({"status": {"isRollbackable": False}}).is_rollbackable is False


@pytest.mark.parametrize("told", [None, {}, "1.2", [1.2], ["1.3", None]], ids=str)
def test_target_versions_that_cannot_be_read_are_not_told(told):
    assert read_instance({"status": {"targetVersions": told}}).target_versions is None
    assert read_instance({"status": {"targetVersions": []}}).target_versions == ()
    assert read_instance({"status": {"targetVersions": ["1.3"]}}).target_versions == ("1.3",)


LISTED = Instance("1", "coredns", version="1", status="running", message="old", values={"custom": {"a": 1}})


def test_what_the_add_on_itself_tells_counts_before_the_list():
    shown = Instance("1", "coredns", version="1", status="upgrading", values={"custom": {"a": 2}}, is_rollbackable=True)
    assert completed(LISTED, shown) == shown


def test_what_only_the_list_tells_counts_unless_it_is_about_the_past():
    shown = Instance("", "coredns", is_rollbackable=False)
    both = completed(LISTED, shown)
    assert (both.id, both.version, both.status, both.values) == ("1", "1", "running", {"custom": {"a": 1}})
    assert (both.is_rollbackable, both.message) == (False, None)


def test_an_empty_object_of_the_list_is_no_settings():
    listed = Instance("1", "coredns", version="1", values={})
    assert completed(listed, Instance("1", "coredns", version="1")).values is None
    assert completed(listed, Instance("1", "coredns", version="1", values={})).values == {}


def test_of_two_versions_the_later_reading_stands_alone():
    shown = Instance("1", "coredns", version="2")
    assert completed(LISTED, shown) == shown


def test_a_reading_that_tells_less_does_not_differ():
    assert not differs(LISTED, Instance("1", "coredns"))
    assert not differs(Instance("1", "coredns"), LISTED)
    assert differs(LISTED, Instance("1", "coredns", version="1", status="upgrading"))
    assert differs(LISTED, Instance("1", "coredns", values={}))
