# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The huaweicloud.cce contributors

"""Copies the checkout to .build/ansible_collections/huaweicloud/cce, where Ansible's tools find a collection."""

from __future__ import annotations

import shutil
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TARGET = ROOT / ".build" / "ansible_collections" / "huaweicloud" / "cce"

# Made by tools, or of git; none of it is part of the collection.
LEFT_OUT = shutil.ignore_patterns(
    ".build", ".cache", ".venv", ".git", ".nox", ".ansible", "__pycache__", "*.pyc", ".*_cache", ".hypothesis",
    "output", "*.tar.gz", ".coverage*", ".plugin-cache.yaml",
)  # fmt: skip


def main() -> None:
    """Replace the staged copy."""
    shutil.rmtree(TARGET, ignore_errors=True)
    shutil.copytree(ROOT, TARGET, ignore=LEFT_OUT)


if __name__ == "__main__":
    main()
