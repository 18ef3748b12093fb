# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The huaweicloud.cce contributors

"""What ansible-builder makes of an execution environment with this collection."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import stage
from support.awx_jobs import AWX, COLLECTION

README = (AWX / "README.md").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def definition() -> str:
    """The definition that the README tells to save as execution-environment.yml."""
    [found] = re.findall(r"```yaml\n# execution-environment.yml\n(.*?)```", README, re.DOTALL)
    return found


@pytest.fixture(scope="module")
def context(definition: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that a container is built from, by that definition and the collection as it is here."""
    folder = tmp_path_factory.mktemp("ee")
    stage.build(folder)
    (folder / "execution-environment.yml").write_text(definition, encoding="utf-8")
    created = subprocess.run(
        ["ansible-builder", "create", "--file", "execution-environment.yml", "--context", "context"],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert created.returncode == 0, created.stdout + created.stderr
    return folder / "context"


@pytest.fixture(scope="module")
def installed(context: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the build installs, by the same command and in the same folder as in the container."""
    folder = tmp_path_factory.mktemp("installed")
    subprocess.run(
        ["ansible-galaxy", "collection", "install", "-r", "requirements.yml", "--collections-path", str(folder)],
        cwd=context / "_build",
        # What is installed on this machine is not in the container.
        env={**os.environ, "ANSIBLE_COLLECTIONS_PATH": str(folder)},
        check=True,
        capture_output=True,
        timeout=120,
    )
    return folder


def test_the_context_installs_this_collection(installed):
    for part in ("plugins/modules/cce_addon.py", "playbooks/upgrade.yml", "extensions/audit/event_query.yml"):
        path = installed / "ansible_collections" / "huaweicloud" / "cce" / part
        assert path.read_bytes() == (COLLECTION / part).read_bytes()


def test_the_build_finds_what_the_collection_needs(context, installed, tmp_path):
    """By the very script of the context that runs while the container is built."""
    script = context / "_build" / "scripts" / "introspect.py"
    python, system = tmp_path / "requirements.txt", tmp_path / "bindep.txt"
    command = ["introspect", str(installed), f"--write-pip={python}", f"--write-bindep={system}"]
    subprocess.run([sys.executable, str(script), *command], check=True, capture_output=True, timeout=60)
    assert re.findall(r"^([a-z]+)", python.read_text(encoding="utf-8"), re.MULTILINE) == ["requests", "jmespath"]
    assert "ca-certificates" in system.read_text(encoding="utf-8")


def test_the_modules_import_nothing_that_the_environment_lacks():
    named = (COLLECTION / "requirements.txt").read_text(encoding="utf-8")
    allowed = {*re.findall(r"^([a-z]+)", named, re.MULTILINE), "ansible", "ansible_collections", "yaml", "urllib3"}
    standard: Any = sys.stdlib_module_names
    for path in (COLLECTION / "plugins").rglob("*.py"):
        nodes = list(ast.walk(ast.parse(path.read_text(encoding="utf-8"))))
        names = [alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names]
        names += [str(node.module) for node in nodes if isinstance(node, ast.ImportFrom) and not node.level]
        assert {name.partition(".")[0] for name in names} <= allowed | set(standard), path
