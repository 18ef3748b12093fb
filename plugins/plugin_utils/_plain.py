# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The huaweicloud.cce contributors

# Private to the collection: it may change in any release. Do not import it from outside.
"""What Ansible hands to plugins, as the plain data that a shipped module would be given."""

from __future__ import annotations

import datetime
import json
from collections.abc import Mapping
from typing import Any


def plain(value: Any) -> Any:
    """Return arguments or a result as they come out at the other end, where a module is shipped: as plain JSON.

    That takes away tags, lazy containers and vaults, and makes every key a string.
    """
    return json.loads(json.dumps(value, default=_as_json))


def _as_json(value: Any) -> Any:
    """Return what stands in JSON for a value that it does not know."""
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, (set, frozenset)):
        return list(value)
    if isinstance(value, (datetime.date, datetime.time)):
        return value.isoformat()
    return str(value)  # a decrypted vault
