# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The huaweicloud.cce contributors

"""The stubs that mypy reads instead of ansible-core have its names and its parameters, on every supported version."""

from __future__ import annotations

import ast
import importlib
import inspect
from pathlib import Path
from typing import Any

import pytest
from ansible.release import __version__

STUBS = Path(__file__).resolve().parents[1] / "support" / "stubs"
FILES = sorted(path.relative_to(STUBS).as_posix() for path in STUBS.rglob("*.pyi"))
# The ansible-core that brought a name. The plugins do without it before.
SINCE = {"ansible.template.trust_as_template": (2, 19), "ansible.module_utils.secrets.register_secrets": (2, 22)}
VERSION = tuple(int(part) for part in __version__.split(".")[:2])


def _declared(body: list[ast.stmt]) -> list[Any]:
    return [node for node in body if isinstance(node, (ast.AnnAssign, ast.ClassDef, ast.FunctionDef))]


def _name(node: Any) -> str:
    return node.target.id if isinstance(node, ast.AnnAssign) else node.name


def _unknown(node: Any, owner: Any, path: str) -> list[str]:
    """Return what a declaration says that is not so in ansible-core."""
    name = _name(node)
    path = f"{path}.{name}"
    if not hasattr(owner, name):
        # What `__init__` sets is no attribute of the class.
        if not inspect.isclass(owner) or not isinstance(node, ast.AnnAssign):
            return [path]
        files = {inspect.getsourcefile(part) for part in owner.__mro__ if part.__module__.startswith("ansible.")}
        sources = [Path(file).read_text(encoding="utf-8") for file in files if file]
        return [] if any(f"self.{name}" in source for source in sources) else [path]
    real = getattr(owner, name)
    if isinstance(node, ast.ClassDef):
        return [wrong for part in _declared(node.body) for wrong in _unknown(part, real, path)]
    if not isinstance(node, ast.FunctionDef) or isinstance(real, property):
        return []
    known = inspect.signature(real).parameters
    if any(parameter.kind is parameter.VAR_KEYWORD for parameter in known.values()):
        return []
    given = [argument.arg for argument in (*node.args.args, *node.args.kwonlyargs)]
    return [f"{path}({argument})" for argument in given if argument not in known]


@pytest.mark.parametrize("file", FILES)
def test_a_stub_says_what_ansible_has(file):
    module = file.removesuffix(".pyi").removesuffix("/__init__").replace("/", ".")
    declared = _declared(ast.parse((STUBS / file).read_text(encoding="utf-8")).body)
    there = [node for node in declared if SINCE.get(f"{module}.{_name(node)}", (0,)) <= VERSION]
    if declared and not there:
        pytest.skip(f"ansible-core {__version__} has no {module}")
    found = importlib.import_module(module)
    assert [wrong for node in there for wrong in _unknown(node, found, module)] == []


def test_what_ansible_does_not_have_is_noticed():
    from ansible.module_utils.basic import AnsibleModule

    source = "class AnsibleModule:\n    paramz: dict\n    def exit(self): ...\n    def log(self, msg, loud): ...\n"
    [node] = ast.parse(source).body
    wrong = [found.rpartition(".")[2] for part in node.body for found in _unknown(part, AnsibleModule, "")]
    assert wrong == ["paramz", "exit", "log(loud)"]
