# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The huaweicloud.cce contributors

# Private to the collection: it may change in any release. Do not import it from outside.
"""Which of the results that a host holds are about its cluster, and of this run. Pure.

Facts stay with a host as long as Ansible runs, also those of an earlier use of a role. With `run_once`, Ansible gives
the result of one host to all of them.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Container, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from ansible_collections.huaweicloud.cce.plugins.module_utils._ground.text import printable
from ansible_collections.huaweicloud.cce.plugins.module_utils._ground.times import instant
from ansible_collections.huaweicloud.cce.plugins.module_utils._rules.gate import GateResult
from ansible_collections.huaweicloud.cce.plugins.module_utils._rules.outcome import (
    BLOCKED,
    FAILED,
    NOT_REACHED,
    NOTHING_TO_DO,
    ROLLED_BACK,
    UNAVAILABLE,
    UPGRADED,
    WELL,
    ClusterOutcome,
    Outcome,
)
from ansible_collections.huaweicloud.cce.plugins.module_utils._rules.recovery import VERIFIED

# The variables of a host. Anybody can set one of these names, so none of them is known to be what a role writes.
Variables = Mapping[str, object]
Key = tuple[str, ...]

_RUN_ONCE = "with run_once, Ansible gives the result of one host to all"
_UPGRADE, _PRECHECK = "addon_upgrade_result", "addon_precheck_result"


class PrecheckResult(GateResult, total=False):
    """The fact `addon_precheck_result`. If the gate failed before it decided, it has no keys but these."""

    failed: bool
    msg: str


@dataclass(frozen=True)
class Held:
    """The results of a host that count.

    They have the types of what the roles write, but may be anything else, so reading them may raise any error of a
    missing key or a wrong type.

    Attributes:
        upgraded: The result of the upgrade, if there is one that counts.
        prechecked: The decision of the gate, likewise.
        refused: Why a result does not count, if there is one.
    """

    upgraded: ClusterOutcome | None = None
    prechecked: PrecheckResult | None = None
    refused: str | None = None

    @property
    def has_no_decision(self) -> bool:
        """Whether a gate failed before it decided. After an upgrade that went well, it was that of a later precheck."""
        return isinstance(self.prechecked, Mapping) and bool(self.prechecked.get("failed"))

    @property
    def has_later_gate(self) -> bool:
        """Whether the gate was judged after the upgrade had ended: by a precheck of its own."""
        if not isinstance(self.upgraded, Mapping) or not isinstance(self.prechecked, Mapping):
            return False
        started, judged = _moment(self.upgraded), _moment(self.prechecked)
        duration = number(self.upgraded.get("duration"))
        if started is None or judged is None or duration is None:
            return False
        return judged > started + duration


def shared_by_hosts(hosts: Iterable[tuple[str, Variables]]) -> set[Key]:
    """Return the keys of the results that several hosts hold."""
    counted = Counter(
        key for _host, variables in hosts for name in (_UPGRADE, _PRECHECK) if (key := _key(variables, name))
    )
    return {key for key, count in counted.items() if count > 1}


def held(variables: Variables, shared: Container[Key]) -> Held:
    """Return the results of a host that count.

    Args:
        variables: Those of the host.
        shared: The keys of the results that other hosts hold as well.
    """
    found: dict[str, Any] = {}
    refused = None
    for name in (_UPGRADE, _PRECHECK):
        result = variables.get(name)
        if not result or _is_of_an_earlier_run(result, variables.get("addon_report_begun")):
            continue
        why = _not_about_its_cluster(variables, result, shared=_key(variables, name) in shared)
        refused = why or refused
        found[name] = None if why else result
    return Held(found.get(_UPGRADE), found.get(_PRECHECK), refused)


# The outcomes that the record of a cluster may tell, once its upgrade is over.
_ENDED: tuple[Outcome, ...] = (UPGRADED, VERIFIED, NOTHING_TO_DO, BLOCKED, UNAVAILABLE, ROLLED_BACK, FAILED)


def outcome_of_host(variables: Variables, found: Held) -> Outcome:
    """Return the outcome of the upgrade of a host's cluster, if the play marks the hosts that it has begun with.

    A host that the play has begun with, and that has no result of its own or one that does not end, has failed.

    Args:
        variables: Those of the host.
        found: Its results that count.
    """
    problem = variables.get("addon_report_problem")
    record: object = found.upgraded
    told = record.get("outcome") if isinstance(record, Mapping) else None
    outcome = next((outcome for outcome in _ENDED if outcome == told), None)
    if outcome is not None and not (problem and outcome in WELL):
        return outcome
    if problem and not record and variables.get("addon_report_unavailable"):
        return UNAVAILABLE
    begun = problem or record or found.refused or variables.get("addon_report_begun")
    return FAILED if begun else NOT_REACHED


def _key(variables: Variables, name: str) -> Key | None:
    """Return what tells a result from all others: the cluster, and when it was made."""
    result = variables.get(name)
    if not isinstance(result, Mapping) or not result:
        return None
    told = (result.get(key) for key in ("cluster_id", "cluster_name", "started_at", "duration", "judged_at"))
    return (name, *(repr(value) for value in told))


def _is_of_an_earlier_run(result: object, begun: object) -> bool:
    """Whether a result is older than the moment at which the run began with the host, if the play tells that."""
    since = number(begun)
    if since is None or not isinstance(result, Mapping):
        return False
    made = _moment(result)
    if made is None:
        return False
    # The start of an upgrade is in whole seconds.
    return made < (int(since) if "started_at" in result else since)


def _not_about_its_cluster(variables: Variables, result: object, *, shared: bool) -> str | None:
    """Return why a result is perhaps not about the cluster of the host; None if it is."""
    if not isinstance(result, Mapping):
        return None
    for key, variable in (("cluster_id", "cce_cluster_id"), ("cluster_name", "cce_cluster_name")):
        told, own = result.get(key), variables.get(variable)
        if not _is_name(told) or not _is_name(own):
            continue
        if told == own:
            return None
        about = f"its result is about the cluster {printable(str(told))}"
        return f"{about}, and {variable} of the host is {printable(str(own))}: {_RUN_ONCE}"
    if shared:
        about = f"several hosts hold this result, about the cluster {printable(str(result.get('cluster_id')))}"
        return f"{about}, and this one does not tell that it is that cluster (cce_cluster_id): {_RUN_ONCE}"
    return None


def _is_name(value: object) -> bool:
    """Whether it is the name or ID of a cluster: a text, and not a template that was not resolved."""
    return isinstance(value, str) and bool(value) and "{{" not in value


def _moment(result: Mapping[str, object]) -> float | None:
    """Return when the upgrade started, or when the gate was judged, in seconds since 1970."""
    if "started_at" not in result:
        return number(result.get("judged_at"))
    started = instant(result["started_at"])
    return None if started is None else started / 1e9


def number(value: Any) -> float | None:
    """Return a time or a duration; None if it is not one. Some versions of Ansible make a text of it in a template."""
    if isinstance(value, bool):
        return None
    try:
        found = float(value)
    except (TypeError, ValueError, OverflowError):
        return None
    return found if math.isfinite(found) else None
