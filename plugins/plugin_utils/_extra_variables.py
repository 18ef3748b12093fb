# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The huaweicloud.cce contributors

"""Extra variables that would hide what a role finds out itself.

They outrank everything that a play registers or sets: a decision of an earlier run among them, such as an artifact that
AWX hands on, would count as that of now.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ansible.parsing.dataloader import DataLoader
from ansible.utils.vars import load_extra_vars

COLLECTION = "huaweicloud.cce"


def refusal_in_role(role: Any, loader: DataLoader) -> str | None:
    """Return why a task of a role of this collection must not run, or None if it may.

    A role keeps its private names, which begin with two underscores and its own name, and its result to itself.
    """
    if role is None or role._role_collection != COLLECTION:
        return None
    name = role.get_name(include_role_fqcn=False)
    given = load_extra_vars(loader)
    return refusal(found for found in given if found.startswith(f"__{name}_") or found == f"{name}_result")


def refusal_of(names: Iterable[str], loader: DataLoader) -> str | None:
    """Return why a task must not run which reads variables of these names, or None if it may."""
    given = load_extra_vars(loader)
    return refusal(name for name in names if name in given)


def refusal(names: Iterable[str]) -> str | None:
    """Return the message about extra variables that hide others; None where there is none."""
    hiding = sorted(names)
    if not hiding:
        return None
    return (
        f"Nothing was changed: the extra variable {', '.join(hiding)} would hide what this run finds out itself. Leave "
        "it out: it comes from -e, or from an artifact or a survey of AWX."
    )
