# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The huaweicloud.cce contributors

"""What has to stay in step: modules, action group, fast path and documentation."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from ansible_collections.huaweicloud.cce.plugins.action import cce_addon_report, cce_addon_rollout_info
from ansible_collections.huaweicloud.cce.plugins.module_utils._module.spec import CONNECTION

ROOT = Path(__file__).resolve().parents[2]
# Actions without a module read other hosts and ask CCE nothing; only their documentation is among the modules.
ACTIONS = {"cce_addon_report": cce_addon_report, "cce_addon_rollout_info": cce_addon_rollout_info}
# With a ticket, an upgrade keeps the options that it began with, except these.
GO_ON = [
    "addons", "cluster_id", "cluster_name", "judge_only", "mode", "rounds", "secret_values", "ticket", "wait",
]  # fmt: skip
MODULES = sorted({path.stem for path in (ROOT / "plugins" / "modules").glob("cce_*.py")} - {*ACTIONS})
PREFIX = "ansible_collections.huaweicloud.cce.plugins.modules."


def test_every_module_is_in_the_action_group_and_has_a_fast_path():
    runtime = yaml.safe_load((ROOT / "meta" / "runtime.yml").read_text(encoding="utf-8"))
    assert sorted(runtime["action_groups"]["cce"]) == MODULES
    assert sorted(path.stem for path in (ROOT / "plugins" / "action").glob("*.py")) == sorted([*MODULES, *ACTIONS])


@pytest.mark.parametrize("name", MODULES)
def test_a_module_is_its_documentation_its_spec_and_run(name):
    module = importlib.import_module(PREFIX + name)
    documentation = yaml.safe_load(module.DOCUMENTATION)
    options = set(documentation.get("options", ()))
    for named in documentation["extends_documentation_fragment"]:
        file, _dot, part = named.removeprefix("huaweicloud.cce.").partition(".")
        fragment = importlib.import_module(f"ansible_collections.huaweicloud.cce.plugins.doc_fragments.{file}")
        text = getattr(fragment.ModuleDocFragment, part.upper() or "DOCUMENTATION")
        options |= set(yaml.safe_load(text).get("options", ()))
    assert set(module.SPEC.argument_spec) == options
    assert callable(module.run)


def test_every_module_and_inventory_plugin_has_an_integration_target():
    targets = {path.parents[1].name for path in (ROOT / "tests" / "integration" / "targets").glob("*/tasks/main.yml")}
    inventories = {f"inventory_{path.stem}" for path in (ROOT / "plugins" / "inventory").glob("*.py")}
    assert targets == {*MODULES, *ACTIONS, *inventories, "setup_simulator"}


def _tasks(entries: list) -> Iterator[dict]:
    for entry in entries:
        yield entry
        for part in ("block", "rescue", "always"):
            yield from _tasks(entry.get(part, []))


def _of_ours() -> list[tuple[str, str, dict]]:
    """Return file, module and options of each task of the roles that runs a module of this collection."""
    prefix = "huaweicloud.cce."
    return [
        (path.relative_to(ROOT).as_posix(), key.removeprefix(prefix), task[key])
        for path in sorted((ROOT / "roles").glob("*/tasks/*.yml"))
        for task in _tasks(yaml.safe_load(path.read_text(encoding="utf-8")))
        for key in task
        if key.removeprefix(prefix) in (*MODULES, *ACTIONS)
    ]


def test_roles_leave_nothing_but_the_connection_to_module_defaults():
    found = _of_ours()
    assert {module for _path, module, _options in found} >= {
        "cce_addon_upgrade",
        "cce_addon_check",
        "cce_addon_gate_info",
    }
    for path, module, options in found:
        if module in ACTIONS:
            spec = ACTIONS[module].ARGUMENTS
        else:
            spec = importlib.import_module(PREFIX + module).SPEC.argument_spec
        goes_on = module == "cce_addon_upgrade" and options["ticket"]
        expected = GO_ON if goes_on else set(spec) - set(CONNECTION.argument_spec)
        assert sorted(options) == sorted(expected), (path, module)
        assert "omit" not in str(options), "module_defaults count for an option that is left out"


@pytest.mark.parametrize("role", ["addon_precheck", "addon_report", "addon_upgrade"])
def test_a_role_runs_for_every_cluster_that_another_role_uses_it_for(role):
    meta = yaml.safe_load((ROOT / "roles" / role / "meta" / "main.yml").read_text(encoding="utf-8"))
    assert meta["allow_duplicates"] is True
