# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The huaweicloud.cce contributors

# Private to the collection: it may change in any release. Do not import it from outside.
"""The report on one cluster or a fleet, as plain data: what the roles found, worst first. Pure.

Every host that was asked for is in it. One of which nothing is known is `unknown`, and that is bad: whoever takes the
report for a gate must not overlook a cluster that nobody has judged. Where the play can tell that it has not begun with
a cluster, that one is `not_reached`: nothing in it asks for attention, but it is not good either.
"""

from __future__ import annotations

import datetime
from collections import Counter
from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ansible_collections.huaweicloud.cce.plugins.module_utils._ground.text import printable
from ansible_collections.huaweicloud.cce.plugins.module_utils._rules.verdict import (
    FATAL,
    PASSED,
    PENDING,
    UNKNOWN,
    VERDICTS,
    WARNING,
)
from ansible_collections.huaweicloud.cce.plugins.module_utils._rules.wants import CHANGES

from .._outcome import BLOCKED, FAILED, NOT_REACHED, NOTHING_TO_DO, RISKS_TELL, ROLLED_BACK, UPGRADED
from .results import Held, Key, held, number, shared_by_hosts

Data = Mapping[str, Any]

SCHEMA_VERSION = 1

# One word for an add-on or a cluster, worst first: the verdict of the gate, or what became of it afterwards.
STATES = (
    FAILED, ROLLED_BACK, FATAL, UNKNOWN, PENDING, BLOCKED, NOT_REACHED, WARNING, PASSED, UPGRADED, NOTHING_TO_DO,
)  # fmt: skip
BAD = frozenset((FAILED, ROLLED_BACK, FATAL, UNKNOWN, PENDING, BLOCKED, NOT_REACHED))
WENT_WRONG = frozenset((FAILED, ROLLED_BACK))

# A sign for each, so that nobody needs colours to tell them apart.
SIGNS: Mapping[str, str] = {
    FAILED: "✖", ROLLED_BACK: "↩", FATAL: "✖", UNKNOWN: "?", PENDING: "…", BLOCKED: "⊘", NOT_REACHED: "–",
    WARNING: "▲", PASSED: "✔", UPGRADED: "⬆", NOTHING_TO_DO: "=",
}  # fmt: skip

# And what each means, for a legend.
MEANINGS: Mapping[str, str] = {
    FAILED: "The upgrade went wrong.",
    ROLLED_BACK: "The upgrade went wrong, and the version before runs again.",
    FATAL: "The check found a Fatal risk: no upgrade before it is repaired.",
    UNKNOWN: "Nothing is known of it, so it does not count as fine.",
    PENDING: "The check has not ended yet.",
    BLOCKED: "Warnings are not allowed, and one was found.",
    NOT_REACHED: "Nothing was touched, as other add-ons or clusters are blocked or have failed.",
    WARNING: "It may be upgraded, and the check found Warnings.",
    PASSED: "It may be upgraded.",
    UPGRADED: "It was upgraded.",
    NOTHING_TO_DO: "It is as it was wanted already.",
}

NO_RESULT = "there is no result: the run failed before, did not come to this cluster, or goes on with it"
NOT_BEGUN = "the run ended before it began with this cluster, in which nothing was touched"
LATER_GATE = "a precheck after the upgrade has closed the gate"
_UNREADABLE = "its result cannot be read"
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


@dataclass(frozen=True)
class Finding:
    """A risk that clusters share. `messages` are what CCE said of it, each with the labels of the clusters."""

    addon: str
    risk: str
    level: str
    remedy: str
    messages: Mapping[str, tuple[str, ...]]

    @property
    def clusters(self) -> tuple[str, ...]:
        """The labels of the clusters that have it."""
        return tuple(dict.fromkeys(label for labels in self.messages.values() for label in labels))


@dataclass(frozen=True)
class Problem:
    """What went wrong other than a risk, with an add-on of clusters or, without `addon`, with them as a whole."""

    state: str
    addon: str | None
    versions: str
    reason: str
    now: str
    clusters: tuple[str, ...]


def words(state: str) -> str:
    """Return a state as people read it."""
    return state.replace("_", " ")


def shown(text: str) -> str:
    """Return text whose lines are kept, and in which every other character shows instead of acting."""
    return "\n".join(printable(line) for line in text.replace("\r\n", "\n").expandtabs(4).split("\n"))


def overall_sign(report: Data) -> str:
    """Return the sign for a whole report."""
    return SIGNS[PASSED if report["ok"] else FAILED]


def seconds(duration: float | None) -> str:
    """Return a duration as people read it; nothing if it is not known."""
    if duration is None:
        return ""
    if duration < 60:
        return f"{duration:.0f} s" if duration >= 10 else f"{duration:.1f} s"
    minutes, rest = divmod(round(duration), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {rest} s"


def readable_time(text: str) -> str:
    """Return a time of the report as people read it: `5 Aug 2026, 09:30 UTC`. Whatever else it is stays as it is."""
    try:
        time = datetime.datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ")
    except ValueError:
        return text
    # Not with %b, which speaks the language of the controller.
    return f"{time.day} {_MONTHS[time.month - 1]} {time.year}, {time:%H:%M} UTC"


def needs_reason(addon: Data) -> bool:
    """Whether an add-on is bad by itself, and not for what others are."""
    return addon["state"] in BAD and addon["state"] != NOT_REACHED


def versions(addon: Data) -> str:
    """Return from which to which version an add-on goes, went, would go, or did not get."""
    before, after = addon["from"] or "–", addon["to"] or "–"
    if addon["state"] in WENT_WRONG and addon["now"] not in (None, addon["to"]):
        return f"{addon['now']} (wanted {after})"
    return before if before == after or addon["state"] == NOTHING_TO_DO else f"{before} → {after}"


def present(addon: Data) -> str:
    """Return what an add-on whose upgrade went wrong is at now; nothing for any other."""
    if addon["state"] not in WENT_WRONG:
        return ""
    return ", ".join(filter(None, (addon["now"], addon["status"]))) or "not known, as it could not be read"


def needs_attention(cluster: Data) -> bool:
    """Whether somebody has to look at a cluster itself: one that was not reached waits for others."""
    return not cluster["ok"] and cluster["state"] != NOT_REACHED


def is_prediction(report: Data) -> bool:
    """Whether a report is of check mode."""
    return any(cluster["check_mode"] for cluster in report["clusters"])


def headline(report: Data) -> str:
    """Return what a person wants to know first."""
    total = len(report["clusters"])
    if not total:
        return "No cluster was looked at"
    if report["ok"]:
        return "The cluster is fine" if total == 1 else f"All {total:,} clusters are fine"
    bad = sum(1 for cluster in report["clusters"] if needs_attention(cluster))
    waiting = sum(1 for cluster in report["clusters"] if cluster["state"] == NOT_REACHED)
    of_all = f" of {total:,} cluster{'s' if total > 1 else ''}"
    told = [f"{bad:,}{of_all} need{'s' if bad == 1 else ''} attention"] if bad else []
    if waiting:
        told.append(f"{waiting:,}{'' if bad else of_all} {'was' if waiting == 1 else 'were'} not reached")
    return ", ".join(told)


# From what the roles found to the report


def report(
    hosts: Iterable[tuple[str, Data]], *, title: str, generated_at: str, waiting: Container[str] = ()
) -> dict[str, Any]:
    """Return the report, as its JSON has it.

    Args:
        hosts: The hosts, and of each the variables that the roles have left: `addon_upgrade_result`,
            `addon_precheck_result`, `addon_report_problem`, and those of the inventory. `addon_report_begun` tells
            when the run began with the host: what is older does not count.
        title: The heading.
        generated_at: The present time, in UTC.
        waiting: The hosts with which the play has certainly not begun.
    """
    found = list(hosts)
    shared = shared_by_hosts(found)
    clusters = [_cluster(host, variables, shared, waits=host in waiting) for host, variables in found]
    _label(clusters)
    clusters.sort(key=lambda cluster: (STATES.index(cluster["state"]), cluster["label"]))
    return {
        "schema_version": SCHEMA_VERSION,
        "title": title,
        "generated_at": generated_at,
        "ok": bool(clusters) and all(cluster["ok"] for cluster in clusters),
        "state": clusters[0]["state"] if clusters else UNKNOWN,
        "counts": {
            "clusters": _counts(clusters),
            "addons": _counts([addon for cluster in clusters for addon in cluster["addons"]]),
        },
        "clusters": clusters,
    }


def _counts(items: Sequence[Data]) -> dict[str, int]:
    counted = Counter(item["state"] for item in items)
    return {state: counted[state] for state in STATES}


def _label(clusters: Sequence[dict[str, Any]]) -> None:
    """Give each cluster the name that it is shown by, which no other has.

    It is that of the cluster, or else that of the host; `localhost` tells nobody anything.
    """
    names = Counter(cluster["name"] for cluster in clusters)
    usual = [(cluster["id"] if cluster["host"] == "localhost" else None) or cluster["host"] for cluster in clusters]
    taken = frozenset(usual)
    for cluster, other in zip(clusters, usual):
        name = cluster["name"]
        is_own = name and names[name] == 1 and (name == other or name not in taken)
        cluster["label"] = name if is_own else other


def _cluster(host: str, variables: Data, shared: Container[Key], *, waits: bool) -> dict[str, Any]:
    problem = _prose(variables.get("addon_report_problem"))
    cluster: dict[str, Any] = {
        "host": host,
        "label": host,
        "name": _text(variables.get("cce_cluster_name")),
        "id": _text(variables.get("cce_cluster_id")),
        "region": _text(variables.get("cce_region")),
        "state": UNKNOWN,
        "ok": False,
        "reason": problem or NO_RESULT,
        "check_mode": False,
        "started_at": None,
        "duration": None,
        "addons": [],
    }
    found = held(variables, shared)
    if found.upgraded is None and found.prechecked is None:
        if not problem and not found.refused and waits:
            return {**cluster, "state": NOT_REACHED, "reason": NOT_BEGUN}
        return {**cluster, "reason": problem or found.refused or NO_RESULT}
    try:
        told = _from_results(found)
    except (AttributeError, KeyError, TypeError, ValueError):
        # Somebody else's variable of this name. Whatever it is, nothing good is known of the cluster.
        return {**cluster, "reason": problem or _UNREADABLE}
    cluster.update({key: value for key, value in told.items() if value is not None})
    cluster["reason"] = told["reason"]
    if problem and cluster["state"] not in BAD:
        cluster["state"], cluster["reason"] = (FAILED if found.upgraded else UNKNOWN), problem
    cluster["ok"] = cluster["state"] not in BAD
    return cluster


def _from_results(found: Held) -> dict[str, Any]:
    """Return what became of the upgrade, else what the gate decided; both, where a precheck came after the upgrade."""
    if found.upgraded is None:
        return _from_precheck(found.prechecked)
    upgraded = _from_upgrade(found.upgraded)
    if found.has_no_decision and upgraded["state"] not in BAD:
        return {**upgraded, "state": UNKNOWN, "reason": _prose(found.prechecked.get("msg")) or NO_RESULT}
    if not found.is_later_word:
        return upgraded
    later = _from_precheck(found.prechecked)
    if later["state"] not in BAD:
        return upgraded
    if later["id"] != upgraded["id"]:
        return later if _is_worse(later, upgraded) else upgraded
    addons = {addon["name"]: addon for addon in upgraded["addons"]}
    addons.update({item["name"]: item for item in later["addons"] if _is_worse(item, addons.get(item["name"]))})
    return {
        **upgraded,
        "state": _worst([upgraded["state"], later["state"]]),
        "reason": upgraded["reason"] or LATER_GATE,
        "addons": list(addons.values()),
    }


def _is_worse(item: Data, other: Data | None) -> bool:
    """Whether one of two clusters or add-ons is bad, and worse than the other."""
    order = STATES.index(item["state"])
    return item["state"] in BAD and (other is None or order < STATES.index(other["state"]))


def _from_upgrade(result: Data) -> dict[str, Any]:
    addons = [_upgraded_addon(addon, predicted=result["check_mode"]) for addon in result["addons"]]
    states = [addon["state"] for addon in addons]
    if result["outcome"] in (FAILED, ROLLED_BACK):
        states.append(result["outcome"])
    elif result["outcome"] == BLOCKED and not set(states) & BAD:
        states.append(BLOCKED)
    elif result["outcome"] not in (BLOCKED, UPGRADED, NOTHING_TO_DO):
        states.append(UNKNOWN)
    return {
        "name": _text(result["cluster_name"]),
        "id": _text(result["cluster_id"]),
        "state": _worst(states),
        "reason": _prose(result["problem"]),
        "check_mode": bool(result["check_mode"]),
        "started_at": _text(result["started_at"]),
        "duration": number(result["duration"]),
        "addons": addons,
    }


def _upgraded_addon(addon: Data, *, predicted: bool) -> dict[str, Any]:
    outcome, verdict = addon["outcome"], addon["verdict"]
    if outcome == BLOCKED:
        state = verdict if verdict in (FATAL, UNKNOWN, PENDING) else BLOCKED
    elif outcome == UPGRADED and predicted:
        state = _known(verdict, VERDICTS)
    else:
        state = _known(outcome, STATES)
    # What an upgrade that failed has left is not what was there before.
    now = addon["after"] or ({} if outcome == FAILED else addon["before"] or {"version": addon["from"]})
    return {
        "name": str(addon["name"]),
        "addon_template_name": str(addon["addon_template_name"]),
        "addon_instance_id": _text(addon["addon_instance_id"]),
        "state": state,
        "verdict": _text(verdict),
        "outcome": _text(outcome),
        "reason": None if addon["reason"] == RISKS_TELL else _prose(addon["reason"]),
        "from": _text(addon["from"]),
        "to": _text(addon["to"]),
        "now": _text(now.get("version")),
        "status": _text(now.get("status")),
        "duration": number(addon["duration"]),
        "checked_at": _text(addon["checked_at"]),
        "check_task_id": _text(addon["check_task_id"]),
        "accepted": [_accepted(item) for item in addon["accepted"]],
        "risks": _risks(addon["risks"]),
    }


def _from_precheck(result: Data) -> dict[str, Any]:
    addons = [_decided_addon(decision) for decision in result["decisions"]]
    states = [addon["state"] for addon in addons]
    if not result["open"] and not set(states) & BAD:
        states.append(UNKNOWN)
    return {
        "name": _text(result["cluster_name"]),
        "id": _text(result["cluster_id"]),
        "state": _worst(states),
        "reason": None,
        # No check was started then, and what CCE knew already was judged.
        "check_mode": not result["values_known"],
        "addons": addons,
    }


def _decided_addon(decision: Data) -> dict[str, Any]:
    verdict = decision["verdict"]
    if decision["blocks"]:
        state = verdict if verdict in (FATAL, UNKNOWN, PENDING) else BLOCKED
    else:
        state = _known(verdict, VERDICTS) if decision["action"] in CHANGES else NOTHING_TO_DO
    return {
        "name": str(decision["name"]),
        "addon_template_name": str(decision["addon_template_name"]),
        "addon_instance_id": _text(decision["addon_instance_id"]),
        "state": state,
        "verdict": _text(verdict),
        "outcome": None,
        "reason": _prose(decision["reason"]),
        "from": _text(decision["from"]),
        "to": _text(decision["to"]),
        "now": _text(decision["from"]),
        "status": None,
        "duration": None,
        "checked_at": _text(decision["checked_at"]),
        "check_task_id": _text(decision["task_id"]),
        "accepted": [_accepted(item) for item in decision["accepted"]],
        "risks": _risks(decision["risks"]),
    }


def _risks(risks: Sequence[Data]) -> list[dict[str, Any]]:
    """Return what is a risk: `Success` means that there was none."""
    keys = ("name", "level", "status", "message", "remedy")
    return [{key: _prose(risk[key]) for key in keys} for risk in risks if risk["status"] != "Success"]


def _accepted(item: Data) -> dict[str, Any]:
    return {key: _prose(item[key]) for key in ("risk", "reason", "owner", "until")}


def _worst(states: Iterable[str]) -> str:
    found = set(states)
    return next((state for state in STATES if state in found), NOTHING_TO_DO)


def _known(word: Any, known: Iterable[str]) -> str:
    return word if isinstance(word, str) and word in known else UNKNOWN


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) and value else None


def _prose(value: Any) -> str | None:
    """Return text for people. The message of a task that failed may be a list of lines."""
    if value is None or value == "":
        return None
    return "\n".join(str(line) for line in value) if isinstance(value, (list, tuple)) else str(value)


# From the report to what its renderings show


def addon_names(report: Data) -> list[str]:
    """Return the names of all add-ons of a report, those of most clusters first, else in their upgrade order."""
    counted = Counter(addon["name"] for cluster in report["clusters"] for addon in cluster["addons"])
    return sorted(counted, key=lambda name: -counted[name])


def problems(report: Data) -> list[Problem]:
    """Return what no risk tells of clusters that need attention, worst first, clusters that share it together."""
    shared: dict[tuple[str, str | None, str, str, str], list[str]] = {}
    for cluster in filter(needs_attention, report["clusters"]):
        if cluster["reason"]:
            shared.setdefault((cluster["state"], None, "", cluster["reason"], ""), []).append(cluster["label"])
        for addon in cluster["addons"]:
            if needs_reason(addon) and (addon["reason"] or not addon["risks"]):
                reason = addon["reason"] or words(addon["state"])
                key = (addon["state"], addon["name"], versions(addon), reason, present(addon))
                shared.setdefault(key, []).append(cluster["label"])
    found = [Problem(*key, clusters=tuple(dict.fromkeys(labels))) for key, labels in shared.items()]
    return sorted(found, key=lambda item: STATES.index(item.state))


def findings(report: Data) -> list[Finding]:
    """Return the risks of all clusters, each once: Fatal ones first, then those of most clusters."""
    shared: dict[tuple[str, str, str, str], dict[str, list[str]]] = {}
    for cluster in report["clusters"]:
        for addon in cluster["addons"]:
            for risk in addon["risks"]:
                key = (addon["name"], risk["name"] or "(no name)", risk["level"] or "(no level)", risk["remedy"] or "")
                messages = shared.setdefault(key, {})
                messages.setdefault(risk["message"] or "(no message)", []).append(cluster["label"])
    found = [
        Finding(*key, messages={text: tuple(labels) for text, labels in messages.items()})
        for key, messages in shared.items()
    ]
    return sorted(found, key=lambda item: (item.level == "Warning", -len(item.clusters), item.addon, item.risk))
