# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The huaweicloud.cce contributors

"""Makes the collection importable as ansible_collections.huaweicloud.cce, wherever the checkout lies."""

from __future__ import annotations

import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent


def _collections_root() -> Path:
    """Return the folder that holds ansible_collections: that of a staged copy or an installation."""
    for folder in HERE.parents:
        if folder.name == "ansible_collections":
            return folder.parent
    return HERE.parent / ".build"


sys.path.insert(0, str(_collections_root()))
