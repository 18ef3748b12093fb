# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The huaweicloud.cce contributors

"""The library stands on four floors: a folder is a layer, and what a file imports is on a lower floor or beside it."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import ansible_collections.huaweicloud.cce

LIBRARY = Path(next(iter(ansible_collections.huaweicloud.cce.__path__))) / "plugins" / "module_utils"
PACKAGE = "ansible_collections.huaweicloud.cce.plugins.module_utils"
FLOORS = (
    {"_ground"},
    {"_api", "_model"},
    {"_module", "_rules"},
    {"_operations"},
)
FLOOR = {layer: number for number, layers in enumerate(FLOORS) for layer in layers}
# What reads nothing and writes nothing: no network, no files, no clock, no chance, and no Ansible.
PURE = ("_ground", "_model", "_rules")
IMPURE = frozenset(
    "ansible requests urllib3 http io os pathlib random secrets shutil socket ssl subprocess sys tempfile time".split()
)
FILES = sorted(path.relative_to(LIBRARY).as_posix() for path in LIBRARY.rglob("*.py"))


def imported(source: str, path: str) -> Iterator[str]:
    """Yield the modules that a file imports: those of the library by their path in it, others by their full name."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            folder = [*path.split("/")[:-1]]
            parts = folder[: len(folder) - node.level + 1] if node.level else []
            name = ".".join([*(f"library:{part}" for part in parts[:1]), *parts[1:], *filter(None, [node.module])])
            if node.level and not parts:
                name = f"library:{node.module or node.names[0].name}"
            yield name.replace(f"{PACKAGE}.", "library:")


def misplaced(source: str, path: str) -> list[str]:
    """Return what a file of the library imports from a higher floor, or from beside its own; and I/O in pure layers."""
    layer = path.partition("/")[0]
    wrong = []
    for name in imported(source, path):
        if name.startswith("library:"):
            other = name.removeprefix("library:").partition(".")[0]
            if other != layer and FLOOR[other] >= FLOOR[layer]:
                wrong.append(f"{path} imports {other}")
        elif layer in PURE and name.partition(".")[0] in IMPURE:
            wrong.append(f"{path} imports {name}")
    return wrong


@pytest.mark.parametrize("path", FILES)
def test_arrows_run_downwards_and_rules_are_pure(path):
    assert "/" in path, "a file of the library is in the folder of its layer"
    assert misplaced((LIBRARY / path).read_text(encoding="utf-8"), path) == []


@pytest.mark.parametrize(
    ("path", "source"),
    [
        ("_model/check.py", "from .._rules.verdict import judge"),
        ("_model/check.py", "from .._api import http"),
        ("_rules/gate.py", "from .._module.task import Task"),
        ("_rules/gate.py", "import time"),
        ("_rules/gate.py", "from os import environ"),
        ("_model/values.py", "import requests.adapters"),
        ("_ground/text.py", "from .._model import values"),
        ("_ground/text.py", "from .. import _api"),
        ("_api/cce.py", f"from {PACKAGE}._operations.survey import plan"),
        ("_module/task.py", "def run():\n    from .._operations import waiting"),
    ],
)
def test_an_arrow_upwards_is_noticed(path, source):
    assert len(misplaced(source, path)) == 1


@pytest.mark.parametrize(
    ("path", "source"),
    [
        ("_rules/gate.py", "from .verdict import judge\nfrom .._model.check import CheckTask\nimport re"),
        ("_operations/checks.py", "from . import waiting\nfrom .._module.task import Task\nfrom .._api.cce import Cce"),
        ("_api/http.py", "import requests\nimport time\nfrom .._ground.errors import CceError"),
    ],
)
def test_an_arrow_downwards_is_fine(path, source):
    assert misplaced(source, path) == []
