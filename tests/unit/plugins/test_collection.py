# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The huaweicloud.cce contributors

"""What has to stay in step: modules, action group, fast path and documentation."""

from __future__ import annotations

import importlib
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[3]
# An action without a module reads other hosts and asks CCE nothing; only its documentation is among the modules.
ACTIONS = ["cce_addon_report"]
MODULES = sorted({path.stem for path in (ROOT / "plugins" / "modules").glob("cce_*.py")} - {*ACTIONS})
PREFIX = "ansible_collections.huaweicloud.cce.plugins.modules."


def test_every_module_is_in_the_action_group_and_has_a_fast_path():
    runtime = yaml.safe_load((ROOT / "meta" / "runtime.yml").read_text(encoding="utf-8"))
    assert sorted(runtime["action_groups"]["cce"]) == MODULES
    assert sorted(path.stem for path in (ROOT / "plugins" / "action").glob("*.py")) == sorted([*MODULES, *ACTIONS])


@pytest.mark.parametrize("name", MODULES)
def test_a_module_is_its_documentation_its_spec_and_run(name):
    module = importlib.import_module(PREFIX + name)
    documented = yaml.safe_load(module.DOCUMENTATION)["options"]
    fragment = importlib.import_module("ansible_collections.huaweicloud.cce.plugins.doc_fragments.connection")
    for part in vars(fragment.ModuleDocFragment).values():
        if isinstance(part, str) and "options:" in part:
            documented.update(yaml.safe_load(part)["options"])
    assert set(module.SPEC.argument_spec) <= set(documented)
    assert callable(module.run)


@pytest.mark.parametrize("role", ["addon_precheck", "addon_report", "addon_upgrade"])
def test_variables_of_a_role_are_documented_with_their_defaults(role):
    folder = ROOT / "roles" / role
    spec = yaml.safe_load((folder / "meta" / "argument_specs.yml").read_text(encoding="utf-8"))
    options = spec["argument_specs"]["main"]["options"]
    defaults = yaml.safe_load((folder / "defaults" / "main.yml").read_text(encoding="utf-8"))
    assert set(options) == set(defaults)
    for name, value in defaults.items():
        assert name.startswith(f"{role}_")
        if "_cluster_" not in name:
            assert options[name]["default"] == value
    readme = (folder / "README.md").read_text(encoding="utf-8")
    for name in options:
        assert f"| `{name}` |" in readme, name
