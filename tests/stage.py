# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The huaweicloud.cce contributors

"""Copies the checkout to .build/ansible_collections/huaweicloud/cce, where Ansible's tools find a collection.

With --install, what users get is installed from that copy as well: the tarball, below .build/installed.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TARGET = ROOT / ".build" / "ansible_collections" / "huaweicloud" / "cce"
TARBALLS = ROOT / ".build" / "tarball"
INSTALLED = ROOT / ".build" / "installed"

# Files of git and of tools. They are not part of the collection.
LEFT_OUT = shutil.ignore_patterns(
    ".build", ".cache", ".venv", ".git", ".nox", ".ansible", "node_modules", "__pycache__", "*.pyc", ".*_cache",
    ".hypothesis", "output", "*.tar.gz", ".coverage*", ".plugin-cache.yaml",
)  # fmt: skip


def stage() -> None:
    """Replace the staged copy."""
    shutil.rmtree(TARGET, ignore_errors=True)
    shutil.copytree(ROOT, TARGET, ignore=LEFT_OUT)


def build(folder: Path) -> Path:
    """Build the tarball of the staged copy into a folder, and return its path."""
    command = ["ansible-galaxy", "collection", "build", "--force", str(TARGET), "--output-path", str(folder)]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    [tarball] = folder.glob("huaweicloud-cce-*.tar.gz")
    return tarball


def install() -> None:
    """Replace the installation by that of a new tarball."""
    for folder in (TARBALLS, INSTALLED):
        shutil.rmtree(folder, ignore_errors=True)
    tarball = build(TARBALLS)
    # ansible-galaxy does not install a collection that it finds in this path already, such as the staged copy.
    environment = {**os.environ, "ANSIBLE_COLLECTIONS_PATH": str(INSTALLED)}
    command = ["ansible-galaxy", "collection", "install", "--offline", "-p", str(INSTALLED), str(tarball)]
    subprocess.run(command, env=environment, check=True, stdout=subprocess.DEVNULL)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--install", action="store_true", help="install the tarball, too")
    options = parser.parse_args()
    stage()
    if options.install:
        install()


if __name__ == "__main__":
    main()
