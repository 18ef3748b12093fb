# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The huaweicloud.cce contributors

"""Fetches the collection awx.awx, which only the test of extensions/awx needs.

It is on Ansible Galaxy, which a package index does not serve. The package `ansible` holds it, besides a hundred others,
which are left out.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = "ansible==11.13.0"  # with awx.awx 24.6.1, the last one that was released
FOLDER = "ansible_collections/awx/awx/"


def fetch(cache: Path = ROOT / ".cache" / "awx") -> Path:
    """Return a folder for ANSIBLE_COLLECTIONS_PATH that holds awx.awx."""
    if (cache / FOLDER / "MANIFEST.json").exists():
        return cache
    cache.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=cache) as downloads:
        command = [
            "-m",
            "pip",
            "--quiet",
            "download",
            "--no-deps",
            "--only-binary",
            ":all:",
            "--dest",
            downloads,
            PACKAGE,
        ]
        subprocess.run([sys.executable, *command], check=True, timeout=300)
        [wheel] = Path(downloads).glob("*.whl")
        with zipfile.ZipFile(wheel) as archive:
            wanted = [name for name in archive.namelist() if name.startswith(FOLDER)]
            # The manifest comes last: it says that everything is there.
            for name in sorted(wanted, key=lambda name: name == FOLDER + "MANIFEST.json"):
                archive.extract(name, cache)
    return cache


if __name__ == "__main__":
    print(fetch())
