# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The huaweicloud.cce contributors

"""One word, one thing: no two public functions, classes or constants of the library have the same name."""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path

PLUGINS = Path(__file__).resolve().parents[2] / "plugins"
FOLDERS = ("module_utils", "plugin_utils")


def defined(source: str) -> Iterator[str]:
    """Yield the public names that a file defines at its top level; what it imports is not defined there."""
    for node in ast.parse(source).body:
        targets: list[ast.expr] = []
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            targets = [ast.Name(node.name)]
        elif isinstance(node, ast.Assign):
            targets = [item for target in node.targets for item in getattr(target, "elts", [target])]
        elif isinstance(node, ast.AnnAssign):
            targets = [node.target]
        yield from (item.id for item in targets if isinstance(item, ast.Name) and not item.id.startswith("_"))


def defined_twice(files: Mapping[str, str]) -> dict[str, list[str]]:
    """Return the names that several files define, with those files."""
    where = defaultdict(list)
    for path, source in files.items():
        for name in dict.fromkeys(defined(source)):
            where[name].append(path)
    return {name: paths for name, paths in where.items() if len(paths) > 1}


def test_no_public_name_stands_for_two_things():
    paths = [path for folder in FOLDERS for path in sorted((PLUGINS / folder).rglob("*.py"))]
    assert len(paths) > 40
    files = {path.relative_to(PLUGINS).as_posix(): path.read_text(encoding="utf-8") for path in paths}
    assert defined_twice(files) == {}


def test_a_name_that_is_defined_twice_is_noticed():
    functions = {"a.py": "def report():\n    pass\n", "b.py": "class report:\n    pass\n"}
    constants = {"c.py": "A, B = 1, 2\n", "d.py": "B: int = 3\n"}
    private = {"e.py": "def _f():\n    pass\n", "f.py": "def _f():\n    pass\n"}
    imported = {"g.py": "from x import y\n", "h.py": "def y():\n    z = 1\n", "i.py": "def f():\n    z = 2\n"}
    found = defined_twice({**functions, **constants, **private, **imported})
    assert found == {"report": ["a.py", "b.py"], "B": ["c.py", "d.py"]}
