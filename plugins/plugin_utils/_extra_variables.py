# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The huaweicloud.cce contributors

"""Variables with which a role of this collection refuses to run.

An extra variable outranks everything that a play registers or sets. One that is called like a result would replace it:
the decision of an earlier run, which AWX passes on as an artifact, would count as that of this run.

A misspelt variable would be ignored: the role would run with its default instead.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import yaml
from ansible.parsing.dataloader import DataLoader
from ansible.utils.vars import load_extra_vars

from ansible_collections.huaweicloud.cce.plugins.module_utils._ground.text import printable

COLLECTION = "huaweicloud.cce"

# What a role has beside the variables of its argument specification: its result, and what a play tells the report about
# a host.
FACTS: dict[str, tuple[str, ...]] = {
    "addon_precheck": ("addon_precheck_result",),
    "addon_upgrade": ("addon_upgrade_result",),
    "addon_report": ("addon_report_begun", "addon_report_problem", "addon_report_unavailable"),
}


# The loader in C is seven times as fast. Some builds of PyYAML lack it.
_Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def _declared_variables() -> dict[str, frozenset[str]]:
    """Return the variables in the argument specification of each role, by the name of the role."""
    found = {}
    for role in FACTS:
        path = Path(__file__).parents[2] / "roles" / role / "meta" / "argument_specs.yml"
        specification = yaml.load(path.read_text(encoding="utf-8"), Loader=_Loader)["argument_specs"]
        found[role] = frozenset(specification["main"]["options"])
    return found


# Read when Ansible's main process imports the action plugins. The workers, one for each task and host, inherit it.
ROLE_VARIABLES = _declared_variables()


def refusal_in_role(role: Any, loader: DataLoader, variables: Iterable[str]) -> str | None:
    """Return why a task of a role of this collection must not run, or None if it may.

    Args:
        role: The role of the task as Ansible has it; None if the task is in no role.
        loader: Ansible's loader, which knows the extra variables.
        variables: Names of all variables of the host.
    """
    if role is None or role._role_collection != COLLECTION:
        return None
    name = role.get_name(include_role_fqcn=False)
    given = load_extra_vars(loader)
    hiding = refusal(found for found in given if found.startswith(f"__{name}_") or found == f"{name}_result")
    return hiding or _unknown_variables(name, variables)


def refusal_of(names: Iterable[str], loader: DataLoader) -> str | None:
    """Return why a task that reads variables of these names must not run, or None if it may."""
    given = load_extra_vars(loader)
    return refusal(name for name in names if name in given)


def refusal(names: Iterable[str]) -> str | None:
    """Return the message about extra variables that hide a result; None if there are none."""
    hiding = sorted(names)
    if not hiding:
        return None
    return (
        f"Nothing was changed: the extra variable {', '.join(hiding)} would hide what this run finds out itself. Leave "
        "it out: it comes from -e, or from an artifact or a survey of AWX."
    )


def _unknown_variables(role: str, variables: Iterable[str]) -> str | None:
    """Return the message about unknown variables with the prefix of a role; None if there are none."""
    known = ROLE_VARIABLES[role]
    unknown = sorted(name for name in variables if name.startswith(f"{role}_") and name not in (*known, *FACTS[role]))
    if not unknown:
        return None
    sentences = []
    for name in unknown:
        candidates = difflib.get_close_matches(name, sorted(known), n=1)
        sentences.append(f"Unknown variable {printable(name)}.")
        sentences += [f"Did you mean {candidate}?" for candidate in candidates]
    return f"{' '.join(sentences)} Nothing was changed. All variables: ansible-doc -t role {COLLECTION}.{role}"
