# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The huaweicloud.cce contributors

# Private to the collection: it may change in any release. Do not import it from outside.
"""A part of an answer, if it has the type that the API documents. Pure."""

from __future__ import annotations

from typing import Any

# An object of an answer, as the API returned it.
ApiObject = dict[str, Any]


def as_mapping(value: object) -> ApiObject:
    """Return an object; an empty one for anything else."""
    return value if isinstance(value, dict) else {}


def as_text(value: object) -> str | None:
    """Return a string; None for an empty one and for anything else."""
    return value if isinstance(value, str) and value else None


def as_texts(value: object) -> list[str]:
    """Return the strings of a list; none for anything else."""
    return [item for item in value if isinstance(item, str)] if isinstance(value, list) else []
