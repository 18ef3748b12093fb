# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The huaweicloud.cce contributors

"""Makes the collection importable as ansible_collections.huaweicloud.cce, wherever the checkout is."""

from __future__ import annotations

import os
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent


def _collections_root() -> Path:
    """Return the folder that holds ansible_collections: of the copy that this file is in, or of what is installed."""
    for folder in HERE.parents:
        if folder.name == "ansible_collections":
            return folder.parent
    named = os.environ.get("ANSIBLE_COLLECTIONS_PATH", "").split(os.pathsep)[0]
    return Path(named or HERE.parent / ".build")


# The package `support` is found by `pythonpath` in pyproject.toml, which `ansible-test units` and mutmut do not read.
sys.path[:0] = [str(_collections_root()), str(HERE)]
