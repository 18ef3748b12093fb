# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The huaweicloud.cce contributors

"""Marks what CCE says as data, so that Ansible does not template it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible.utils.unsafe_proxy import wrap_var


def untrusted(value: Any) -> Any:
    """Return a copy of plain data that Ansible does not template."""
    return wrap_var(_plain(value))


def _plain(value: Any) -> Any:
    # Since ansible-core 2.19, a filter gets containers that template items on access. `wrap_var` fails on them.
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    return value
