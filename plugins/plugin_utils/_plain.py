# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The huaweicloud.cce contributors

# Private to the collection: it may change in any release. Do not import it from outside.
"""The plain data that a shipped module would get, made from what Ansible passes to plugins."""

from __future__ import annotations

import datetime
import json
from collections.abc import Mapping
from typing import Any


def plain(value: Any) -> Any:
    """Return arguments or a result as plain JSON data, as a shipped module would get or return it.

    Tags, lazy containers and vaults are gone then, and every key is a string.
    """
    return json.loads(json.dumps(value, default=_as_json))


def _as_json(value: Any) -> Any:
    """Return what stands in JSON for a value that JSON does not have."""
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, (set, frozenset)):
        return list(value)
    if isinstance(value, (datetime.date, datetime.time)):
        return value.isoformat()
    return str(value)  # a decrypted vault
