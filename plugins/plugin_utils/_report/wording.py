# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The huaweicloud.cce contributors

# Private to the collection: it may change in any release. Do not import it from outside.
"""What the renderings of a report share: its words and signs, and what several clusters have in common. Pure."""

from __future__ import annotations

import datetime
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from ansible_collections.huaweicloud.cce.plugins.module_utils._ground.text import printable
from ansible_collections.huaweicloud.cce.plugins.module_utils._rules.outcome import (
    BLOCKED,
    FAILED,
    NOT_REACHED,
    NOTHING_TO_DO,
    ROLLED_BACK,
    UNAVAILABLE,
    UNDER_WAY,
    UPGRADED,
)
from ansible_collections.huaweicloud.cce.plugins.module_utils._rules.recovery import VERIFIED
from ansible_collections.huaweicloud.cce.plugins.module_utils._rules.verdict import (
    FATAL,
    PASSED,
    PENDING,
    UNKNOWN,
    WARNING,
)

from .document import BAD, STATES, Report, ReportedAddon, ReportedCluster, State

# What a report counts, and its heading.
Kind = Literal["clusters", "addons"]
KINDS: Mapping[Kind, str] = {"clusters": "Clusters", "addons": "Add-ons"}

# A sign for each state, as colours alone do not tell everybody which it is.
SIGNS: Mapping[State, str] = {
    FAILED: "✖", ROLLED_BACK: "↩", FATAL: "✖", UNKNOWN: "?", UNDER_WAY: "…", PENDING: "…", BLOCKED: "⊘",
    UNAVAILABLE: "∅", NOT_REACHED: "–", WARNING: "▲", PASSED: "✔", UPGRADED: "⬆", VERIFIED: "✓", NOTHING_TO_DO: "=",
}  # fmt: skip

# What each means, for a legend.
MEANINGS: Mapping[State, str] = {
    FAILED: "The upgrade or the verification failed.",
    ROLLED_BACK: "The upgrade failed, and the previous version runs again.",
    FATAL: "The check found a Fatal risk, which must be fixed before the upgrade.",
    UNKNOWN: "Nothing is known about it, so it counts as a problem.",
    UNDER_WAY: "The run ended before its upgrade did. The next run goes on with it.",
    PENDING: "The check has not finished yet.",
    BLOCKED: "The check found Warnings, which are not allowed.",
    UNAVAILABLE: "Nothing was changed, because the cluster hibernates, or is in another phase that allows no upgrade.",
    NOT_REACHED: "Nothing was changed, because other add-ons or clusters are blocked or have failed.",
    WARNING: "It can be upgraded. The check found Warnings.",
    PASSED: "It can be upgraded.",
    UPGRADED: "It was upgraded.",
    VERIFIED: "It was checked while it runs, and has no Fatal risk.",
    NOTHING_TO_DO: "It already was as wanted.",
}

_NOT_UPGRADED = (FAILED, ROLLED_BACK)
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


@dataclass(frozen=True)
class SharedRisk:
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
    """A problem, other than a risk, that clusters share. It is one of the whole cluster if `addon` is None."""

    state: State
    addon: str | None
    versions: str
    reason: str
    now: str
    clusters: tuple[str, ...]


def words(state: State) -> str:
    """Return a state as people read it."""
    return state.replace("_", " ")


def shown(text: str) -> str:
    """Return text with its lines kept and every other control character made visible."""
    return "\n".join(printable(line) for line in text.replace("\r\n", "\n").expandtabs(4).split("\n"))


def overall_sign(report: Report) -> str:
    """Return the sign for a whole report."""
    return SIGNS[PASSED if report["ok"] else FAILED]


def readable_duration(duration: float | None) -> str:
    """Return a duration, given in seconds, as people read it; an empty text if it is not known."""
    if duration is None:
        return ""
    if duration < 60:
        return f"{duration:.0f} s" if duration >= 10 else f"{duration:.1f} s"
    minutes, rest = divmod(round(duration), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {rest} s"


def readable_time(text: str) -> str:
    """Return a time of the report as people read it: `5 Aug 2026, 09:30 UTC`. Return any other text unchanged."""
    try:
        time = datetime.datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ")
    except ValueError:
        return text
    # Without %b, which depends on the language of the controller.
    return f"{time.day} {_MONTHS[time.month - 1]} {time.year}, {time:%H:%M} UTC"


def needs_reason(addon: ReportedAddon) -> bool:
    """Whether an add-on is bad by itself, and not because of others."""
    return addon["state"] in BAD and addon["state"] != NOT_REACHED


def versions(addon: ReportedAddon) -> str:
    """Return the version before and the wanted one; after a failure, the present and the wanted one."""
    before, after = addon["from"] or "–", addon["to"] or "–"
    if addon["state"] in _NOT_UPGRADED and addon["now"] not in (None, addon["to"]):
        return f"{addon['now']} (wanted {after})"
    return before if before == after or addon["state"] == NOTHING_TO_DO else f"{before} → {after}"


def present(addon: ReportedAddon) -> str:
    """Return the present version and status of an add-on whose upgrade failed; an empty text for any other."""
    if addon["state"] not in _NOT_UPGRADED:
        return ""
    return ", ".join(filter(None, (addon["now"], addon["status"]))) or "not known, as it could not be read"


def needs_attention(cluster: ReportedCluster) -> bool:
    """Whether somebody has to look at a cluster. If it was not reached, the problem is in another one."""
    return not cluster["ok"] and cluster["state"] != NOT_REACHED


def is_prediction(report: Report) -> bool:
    """Whether a report is of check mode."""
    return any(cluster["check_mode"] for cluster in report["clusters"])


def headline(report: Report) -> str:
    """Return how many clusters need attention, in one line."""
    total = len(report["clusters"])
    if not total:
        return "The report has no clusters"
    if report["ok"]:
        return "The cluster is fine" if total == 1 else f"All {total:,} clusters are fine"
    bad = sum(1 for cluster in report["clusters"] if needs_attention(cluster))
    waiting = sum(1 for cluster in report["clusters"] if cluster["state"] == NOT_REACHED)
    of_all = f" of {total:,} cluster{'s' if total > 1 else ''}"
    told = [f"{bad:,}{of_all} need{'s' if bad == 1 else ''} attention"] if bad else []
    if waiting:
        told.append(f"{waiting:,}{'' if bad else of_all} {'was' if waiting == 1 else 'were'} not reached")
    return ", ".join(told)


def addon_names(report: Report) -> list[str]:
    """Return the names of all add-ons of a report, those of most clusters first, else in their upgrade order."""
    counted = Counter(addon["name"] for cluster in report["clusters"] for addon in cluster["addons"])
    return sorted(counted, key=lambda name: -counted[name])


def problems(report: Report) -> list[Problem]:
    """Return the problems, other than risks, of the clusters that need attention: each once, worst first."""
    shared: dict[tuple[State, str | None, str, str, str], list[str]] = {}
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


def shared_risks(report: Report) -> list[SharedRisk]:
    """Return the risks of all clusters: each once, Fatal ones first, then those of most clusters."""
    shared: dict[tuple[str, str, str, str], dict[str, list[str]]] = {}
    for cluster in report["clusters"]:
        for addon in cluster["addons"]:
            for risk in addon["risks"]:
                key = (addon["name"], risk["name"] or "(no name)", risk["level"] or "(no level)", risk["remedy"] or "")
                messages = shared.setdefault(key, {})
                messages.setdefault(risk["message"] or "(no message)", []).append(cluster["label"])
    found = [
        SharedRisk(*key, messages={text: tuple(labels) for text, labels in messages.items()})
        for key, messages in shared.items()
    ]
    return sorted(found, key=lambda item: (item.level == "Warning", -len(item.clusters), item.addon, item.risk))
