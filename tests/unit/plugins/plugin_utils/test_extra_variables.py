# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The huaweicloud.cce contributors

"""Which variables a role refuses: extra variables that would hide a result, and those that it does not know."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest
from ansible.parsing.dataloader import DataLoader

from ansible_collections.huaweicloud.cce.plugins.plugin_utils import _extra_variables

LOADER = DataLoader()
UNKNOWN = ["addon_precheck_x"]


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
    message = _extra_variables.refusal_in_role(role("addon_precheck"), LOADER, ())
    assert (message is not None) == refused
    if message:
        assert f"the extra variable {name} would hide" in message


def test_no_role_or_that_of_somebody_else_is_not_asked(given):
    given("addon_precheck_result", "__addon_precheck_planned")
    assert _extra_variables.refusal_in_role(None, LOADER, UNKNOWN) is None
    for collection in (None, "somebody.else"):
        assert _extra_variables.refusal_in_role(role("addon_precheck", collection), LOADER, UNKNOWN) is None


def test_variables_that_a_report_reads(given):
    given("addon_upgrade_result", "title")
    message = _extra_variables.refusal_of(("addon_upgrade_result", "addon_precheck_result"), LOADER)
    assert message is not None
    assert "addon_upgrade_result" in message
    assert _extra_variables.refusal_of(("addon_precheck_result",), LOADER) is None


@pytest.mark.parametrize(
    ("name", "variables", "sentences"),
    [
        ("addon_precheck", ["addon_precheck_addons", "addon_precheck_result", "addon_upgrade_addon", "x"], None),
        ("addon_report", ["addon_report_begun", "addon_report_problem", "addon_report_name"], None),
        (
            "addon_upgrade",
            ["addon_upgrade_addon"],
            ["Unknown variable addon_upgrade_addon.", "Did you mean addon_upgrade_addons?"],
        ),
        (
            "addon_precheck",
            ["addon_precheck_zzzzzzzzzzzzzzzzzzzzzzzz", "addon_precheck_addon", "addon_precheck_addons"],
            [
                "Unknown variable addon_precheck_addon.",
                "Did you mean addon_precheck_addons?",
                "Unknown variable addon_precheck_zzzzzzzzzzzzzzzzzzzzzzzz.",
            ],
        ),
    ],
)
def test_unknown_variables_are_refused_all_at_once(given, name, variables, sentences):
    given()
    told = _extra_variables.refusal_in_role(role(name), LOADER, variables)
    after = f"Nothing was changed. All variables: ansible-doc -t role huaweicloud.cce.{name}"
    assert told == (" ".join([*sentences, after]) if sentences else None)


def test_every_role_has_its_facts():
    roles = Path(_extra_variables.__file__).resolve().parents[2] / "roles"
    assert sorted(path.name for path in roles.iterdir()) == sorted(_extra_variables.FACTS)
