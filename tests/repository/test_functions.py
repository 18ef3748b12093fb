# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The huaweicloud.cce contributors

"""No function of a plugin is longer than a screen. How complex one may be is a rule of ruff, see pyproject.toml."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

PLUGINS = Path(__file__).resolve().parents[2] / "plugins"
MOST_LINES = 50
# The comment in the line above a longer function, with the reason.
EXCEPTION = "# Long, because "


def _too_long(source: str) -> Iterator[str]:
    """Yield the functions whose body, without the docstring, has too many lines, unless a comment says why."""
    lines = source.splitlines()
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            continue
        body = node.body[1:] if ast.get_docstring(node) is not None else node.body
        length = body[-1].end_lineno - body[0].lineno + 1 if body else 0
        first = min([node.lineno, *(decorator.lineno for decorator in node.decorator_list)])
        if length > MOST_LINES and not lines[first - 2].lstrip().startswith(EXCEPTION):
            yield f"{node.name}: {length} lines"


def test_no_function_is_too_long():
    files = sorted(PLUGINS.rglob("*.py"))
    found = {str(path): list(_too_long(path.read_text(encoding="utf-8"))) for path in files}
    assert len(files) > 50
    assert {path: names for path, names in found.items() if names} == {}


def test_a_long_function_is_noticed_unless_a_comment_says_why():
    body = '    """Do it."""\n' + "    x = 1\n" * MOST_LINES
    for before in ("", "@cached\n"):
        assert list(_too_long(f"import x\n{before}def long():\n{body}")) == []
        assert list(_too_long(f"import x\n{before}def long():\n{body}    x = 2\n")) == ["long: 51 lines"]
        assert list(_too_long(f"{EXCEPTION}it is a table.\n{before}def long():\n{body}    x = 2\n")) == []
