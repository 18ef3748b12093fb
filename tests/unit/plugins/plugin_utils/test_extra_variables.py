# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The huaweicloud.cce contributors

"""Which extra variables a role refuses: those that would hide what it finds out itself."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from ansible.parsing.dataloader import DataLoader

from ansible_collections.huaweicloud.cce.plugins.plugin_utils import _extra_variables

LOADER = DataLoader()


def role(name: str, collection: str | None = "huaweicloud.cce") -> SimpleNamespace:
    return SimpleNamespace(_role_collection=collection, get_name=lambda include_role_fqcn: name)


@pytest.fixture
def given(monkeypatch):
    def give(*names: str) -> None:
        monkeypatch.setattr(_extra_variables, "load_extra_vars", lambda loader: dict.fromkeys(names, "x"))

    return give


@pytest.mark.parametrize(
    ("name", "refused"),
    [
        ("addon_precheck_result", True),
        ("__addon_precheck_planned", True),
        ("addon_precheck_skip_blocked", False),
        ("addon_precheck_results", False),
        ("addon_upgrade_result", False),
        ("__addon_upgrade_jobs", False),
        ("cce_precheck", False),
    ],
)
def test_a_role_keeps_its_own_names_to_itself(given, name, refused):
    given(name, "cce_cluster_id")
    message = _extra_variables.refusal_in_role(role("addon_precheck"), LOADER)
    assert (message is not None) == refused
    if message:
        assert f"the extra variable {name} would hide" in message


def test_no_role_or_that_of_somebody_else_is_not_asked(given):
    given("addon_precheck_result", "__addon_precheck_planned")
    assert _extra_variables.refusal_in_role(None, LOADER) is None
    for collection in (None, "somebody.else"):
        assert _extra_variables.refusal_in_role(role("addon_precheck", collection), LOADER) is None


def test_variables_that_a_report_reads(given):
    given("addon_upgrade_result", "title")
    message = _extra_variables.refusal_of(("addon_upgrade_result", "addon_precheck_result"), LOADER)
    assert message is not None
    assert "addon_upgrade_result" in message
    assert _extra_variables.refusal_of(("addon_precheck_result",), LOADER) is None
