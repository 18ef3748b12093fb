# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The huaweicloud.cce contributors

# Private to the collection: it may change in any release. Do not import it from outside.
"""What the hosts of a play tell about their clusters.

The variables are read as they are, without templating: what CCE says is data, whatever it looks like.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from ._extra_variables import FACTS
from ._plain import plain
from ._report.results import Variables

# What a play leaves behind about each cluster. An extra variable would say the same of all.
HOST_FACTS = tuple(name for names in FACTS.values() for name in names)
_VARIABLES = (*HOST_FACTS, "cce_cluster_id", "cce_cluster_name", "cce_region")


def told_by_hosts(hosts: Sequence[str], hostvars: Any) -> Iterator[tuple[str, Variables]]:
    """Return the hosts with what they tell, as plain data.

    Args:
        hosts: Names of hosts.
        hostvars: The variable `hostvars` of a task.
    """
    for host in dict.fromkeys(hosts):
        variables = hostvars.raw_get(host) if host in hostvars else {}
        yield host, {name: plain(variables[name]) for name in _VARIABLES if name in variables}
