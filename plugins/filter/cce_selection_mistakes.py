# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The huaweicloud.cce contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
name: cce_selection_mistakes
short_description: Find the parts of a host pattern that match nothing
version_added: 0.1.0
author:
  - The huaweicloud.cce contributors (@huaweicloud-cce)
description:
  - Returns the parts of a host pattern that match no group and no host, each with similar names.
    Ansible only warns of such a part, so a play for two clusters would succeed although it ran on one.
  - It also finds an exclusion (C(!)) or an intersection (C(&)) that matches nothing.
  - The playbooks of this collection use it.
positional: _input
options:
  _input:
    description: A host pattern as C(hosts) of a play takes it, or a list of them.
    type: raw
    required: true
  groups:
    description: The groups of the inventory with their hosts, such as the variable C(groups).
    type: dict
    required: true
"""

EXAMPLES = r"""
- name: Refuse a pattern with a misspelt name
  ansible.builtin.assert:
    that: cce_hosts | huaweicloud.cce.cce_selection_mistakes(groups) | length == 0
"""

RETURN = r"""
_value:
  description: The parts that match nothing.
  type: list
  elements: str
  sample: ["prodction (perhaps production)"]
"""

import difflib
import fnmatch
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ansible.constants import LOCALHOST
from ansible.inventory.manager import split_host_pattern

from ansible_collections.huaweicloud.cce.plugins.module_utils._ground.text import printable
from ansible_collections.huaweicloud.cce.plugins.plugin_utils._untrusted import untrusted

# Selects some hosts of a group by their positions, such as `web[0]` or `web[1:3]`.
_SUBSCRIPT = re.compile(r"(.+)\[(?:-?[0-9]+|[0-9]+[:-][0-9]*)\]\Z")


def cce_selection_mistakes(wanted: Any, groups: Mapping[str, Sequence[str]]) -> Any:
    """Return the parts of a host pattern that match nothing; see the documentation of the filter."""
    hosts = {host for members in groups.values() for host in members}
    names = sorted({str(name) for name in (*groups, *hosts, *LOCALHOST)})
    patterns = [wanted] if isinstance(wanted, str) else [str(item) for item in wanted]
    parts = [part for pattern in patterns for part in split_host_pattern(pattern)]
    return untrusted([_with_candidates(part, names) for part in parts if not _matches(part, names)])


def _matches(part: str, names: Sequence[str]) -> bool:
    pattern = part.lstrip("!&")
    expression = pattern[1:] if pattern.startswith("~") else fnmatch.translate(_without_subscript(pattern))
    try:
        compiled = re.compile(expression)
    except re.error:
        return False
    return any(compiled.match(name) for name in names)


def _without_subscript(pattern: str) -> str:
    found = _SUBSCRIPT.match(pattern)
    return found[1] if found else pattern


def _with_candidates(part: str, names: Sequence[str]) -> str:
    name = part.lstrip("!&")
    candidates = difflib.get_close_matches(_without_subscript(name), names)
    perhaps = f" (perhaps {', '.join(printable(candidate) for candidate in candidates)})" if candidates else ""
    return f"{printable(name)}{perhaps}"


class FilterModule:
    """The filters of this file."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"cce_selection_mistakes": cce_selection_mistakes}
