# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The huaweicloud.cce contributors

"""What was approved, in the language of `addons`."""

from __future__ import annotations

import pytest
from ansible.errors import AnsibleFilterError

from ansible_collections.huaweicloud.cce.plugins.filter.cce_approved import cce_approved

COREDNS = {"name": "coredns", "addon_template_name": "coredns", "addon_instance_id": "1", "to": "1.30.33"}


def entry(**changes: object) -> dict[str, object]:
    entry = {"name": "coredns", "addon_instance_id": "1", "version": "1.30.33", "values": {}}
    return {**entry, "values_policy": "merge", "sync_strategy": None, **changes}


def test_all_is_what_was_approved():
    assert cce_approved(["all"], [COREDNS]) == [entry()]


def test_the_settings_are_those_of_the_user_and_the_version_is_the_approved_one():
    wanted = {"name": "coredns", "version": "latest", "values": {"a": 1}, "sync_strategy": "inherit"}
    assert cce_approved([wanted, "all"], [COREDNS]) == [entry(values={"a": 1}, sync_strategy="inherit")]


def test_instances_are_told_apart():
    other = {**COREDNS, "name": "coredns (b)", "addon_instance_id": "2"}
    wanted = [{"name": "coredns", "addon_instance_id": "2", "values": {"b": 2}}, "all"]
    assert cce_approved(wanted, [COREDNS, other]) == [entry(), entry(addon_instance_id="2", values={"b": 2})]


def test_if_nothing_was_approved_nothing_is_wanted():
    assert cce_approved(["all"], []) == ["!all"]


@pytest.mark.parametrize(("entries", "targets"), [([{"version": "1"}], [COREDNS]), (["all"], [{"to": "1"}])])
def test_what_nobody_can_read_is_refused(entries, targets):
    with pytest.raises(AnsibleFilterError):
        cce_approved(entries, targets)
