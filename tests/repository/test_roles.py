# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The huaweicloud.cce contributors

"""What has to stay in step in the roles, and what a role, a playbook and the library must not know of a role."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from ansible_collections.huaweicloud.cce.plugins.plugin_utils._extra_variables import FACTS

ROOT = Path(__file__).resolve().parents[2]
ROLES = sorted(path.name for path in (ROOT / "roles").iterdir())
# The default of these is a variable of the host.
OF_THE_HOST = re.compile(r"{{ (\w+) \| default\(''\) }}")


def load(path: Path) -> Any:
    return yaml.safe_load(path.read_text(encoding="utf-8"))


def options(role: str) -> dict[str, dict[str, Any]]:
    """Return the variables of a role as its argument specification has them, the only place that declares them."""
    found: dict[str, dict[str, Any]] = load(ROOT / "roles" / role / "meta" / "argument_specs.yml")["argument_specs"]
    return found["main"]["options"]


# One fact, one place


@pytest.mark.parametrize("role", ROLES)
def test_defaults_are_those_of_the_argument_specification(role):
    defaults = load(ROOT / "roles" / role / "defaults" / "main.yml")
    declared = {name: option.get("default", defaults.get(name)) for name, option in options(role).items()}
    assert list(defaults.items()) == list(declared.items())
    for name, option in options(role).items():
        assert name.startswith(f"{role}_")
        assert "default" in option or OF_THE_HOST.fullmatch(defaults[name])


@pytest.mark.parametrize("role", ROLES)
def test_the_readme_has_the_table_of_variables(role):
    readme = (ROOT / "roles" / role / "README.md").read_text(encoding="utf-8")
    table = "\n".join(_table(role))
    assert table in readme, f"roles/{role}/README.md should have:\n{table}"


def _table(role: str) -> Iterator[str]:
    yield "| variable | type | default | meaning |"
    yield "| --- | --- | --- | --- |"
    defaults = load(ROOT / "roles" / role / "defaults" / "main.yml")
    for name, option in options(role).items():
        of_the_host = OF_THE_HOST.fullmatch(str(defaults[name]))
        default = f"the host variable `{of_the_host[1]}`" if of_the_host else f"`{_shown(option['default'])}`"
        meaning = re.sub(r"\b[CV]\(([^)]*)\)", r"`\1`", " ".join(option["description"]))
        yield f"| `{name}` | {option['type']} | {default} | {meaning} |"


def _shown(value: Any) -> str:
    """Return a value as YAML takes it."""
    is_plain = isinstance(value, str) and yaml.safe_load(value) == value
    return value if is_plain else json.dumps(value)


# Roles keep to themselves


def _texts(*patterns: str) -> Iterator[tuple[str, str]]:
    for pattern in patterns:
        for path in sorted(ROOT.glob(pattern)):
            yield path.relative_to(ROOT).as_posix(), path.read_text(encoding="utf-8")


@pytest.mark.parametrize("role", ROLES)
def test_nothing_else_reads_a_private_variable_of_a_role(role):
    own = f"roles/{role}/"
    texts = _texts("roles/*/*/*.yml", "playbooks/*.yml", "extensions/**/*.yml", "plugins/**/*.py")
    assert [path for path, text in texts if f"__{role}_" in text and not path.startswith(own)] == []


@pytest.mark.parametrize("role", ROLES)
def test_a_role_reads_of_another_role_only_its_result(role):
    sets = re.compile(r"^ +\w+: ", re.MULTILINE)
    for path, text in _texts(f"roles/{role}/tasks/*.yml", f"roles/{role}/vars/*.yml", f"roles/{role}/defaults/*.yml"):
        for other in set(ROLES) - {role}:
            assert set(re.findall(rf"\b{other}_\w+", sets.sub("", text))) <= set(FACTS[other]), path


@pytest.mark.parametrize("role", ROLES)
def test_the_library_knows_no_role(role):
    assert [path for path, text in _texts("plugins/module_utils/**/*.py") if re.search(rf"\b{role}\b", text)] == []


# Tags


def _tasks(
    entries: list[dict[str, Any]], tags: tuple[str, ...] = ()
) -> Iterator[tuple[dict[str, Any], tuple[str, ...]]]:
    for entry in entries:
        own = (*tags, *entry.get("tags", ()))
        yield entry, own
        for part in ("block", "rescue", "always"):
            yield from _tasks(entry.get(part, []), own)


def test_what_writes_is_not_tagged_always_and_nothing_else_is_tagged():
    for path in sorted((ROOT / "roles").glob("*/tasks/*.yml")):
        for task, tags in _tasks(load(path)):
            assert set(tags) <= {"always"}, (path, task["name"])
            upgrade = task.get("huaweicloud.cce.cce_addon_upgrade")
            # Without a ticket, it starts checks and ends, as wait is false.
            writes = upgrade and upgrade["ticket"] and not upgrade["judge_only"] and upgrade["mode"] != "verify"
            included = task.get("ansible.builtin.include_tasks") or task.get("ansible.builtin.import_tasks")
            assert not ((writes or "round" in str(included)) and tags), (path, task["name"])


@pytest.mark.parametrize("role", ["addon_precheck", "addon_upgrade"])
def test_the_gate_is_tagged_always(role):
    gate = ("cce_addon_check", "cce_addon_gate_info", "cce_addon_upgrade", "assert")
    found = [*load(ROOT / "roles" / role / "tasks" / "main.yml")]
    found += load(ROOT / "roles" / role / "tasks" / "transaction.yml") if role == "addon_upgrade" else []
    for task, tags in _tasks(found):
        if any(key.rpartition(".")[2] in gate for key in task):
            assert "always" in tags, task["name"]
