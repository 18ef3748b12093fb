# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The huaweicloud.cce contributors

# Private to the collection: it may change in any release. Do not import it from outside.
"""The report as Markdown, for a merge request or a chat. Pure.

All text from outside is in code spans and blocks, in which no viewer makes links, pictures, HTML or mentions. Comments
have a limited length, so a report on a large fleet lists the worst of it, and the number of what is left out.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from ansible_collections.huaweicloud.cce.plugins.module_utils._ground.text import printable, shortened

from .document import STATES, Report, ReportedAddon
from .wording import (
    KINDS,
    SIGNS,
    Problem,
    SharedRisk,
    addon_names,
    headline,
    is_prediction,
    overall_sign,
    problems,
    readable_duration,
    shared_risks,
    shown,
    versions,
    words,
)

_MOST_CLUSTERS = 50
_MOST_ADDONS = 12
_MOST_ENTRIES = 20
_MOST_NAMES = 10
_MOST_MESSAGES = 3
_LONGEST_MESSAGE = 1500  # characters


def markdown(report: Report) -> str:
    """Return the report as a Markdown document."""
    parts = [
        f"# {_code(report['title'])}",
        f"**{overall_sign(report)} {headline(report)}** · {report['generated_at']}"
        + (" · a prediction (check mode)" if is_prediction(report) else ""),
        *_counted(report),
        *_matrix(report),
        *_problems(report),
        *_what_to_do(report),
    ]
    return "\n\n".join(parts) + "\n"


def _counted(report: Report) -> list[str]:
    lines = []
    for kind, name in KINDS.items():
        counts = report["counts"][kind]
        there = [f"{SIGNS[state]} {counts[state]} {words(state)}" for state in STATES if counts[state]]
        if there:
            lines.append(f"{name}: {', '.join(there)}")
    return ["  \n".join(lines)] if lines else []


def _matrix(report: Report) -> list[str]:
    clusters, names = report["clusters"][:_MOST_CLUSTERS], addon_names(report)[:_MOST_ADDONS]
    if not clusters:
        return []
    lines = [_row(["cluster", "state", *(_cell_code(name) for name in names)])]
    lines.append(_row(["---"] * (len(names) + 2)))
    for cluster in clusters:
        addons = {addon["name"]: addon for addon in cluster["addons"]}
        state = f"{SIGNS[cluster['state']]} {words(cluster['state'])}"
        took = f" ({readable_duration(cluster['duration'])})" if cluster["duration"] else ""
        cells = [_cell(addons.get(name)) for name in names]
        lines.append(_row([_cell_code(cluster["label"]), state + took, *cells]))
    parts = ["\n".join(lines)]
    left_out = [
        f"{count} more {what}"
        for count, what in (
            (len(report["clusters"]) - len(clusters), "clusters, none of them worse"),
            (len(addon_names(report)) - len(names), "add-ons"),
        )
        if count
    ]
    if left_out:
        parts.append(f"Not shown: {' and '.join(left_out)}.")
    return parts


def _row(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _cell(addon: ReportedAddon | None) -> str:
    if addon is None:
        return ""
    took = f" {readable_duration(addon['duration'])}" if addon["duration"] else ""
    return f"{SIGNS[addon['state']]} {words(addon['state'])} {_cell_code(versions(addon))}{took}"


def _problems(report: Report) -> list[str]:
    found = problems(report)
    if not found:
        return []
    parts = ["## What went wrong"]
    for problem in found[:_MOST_ENTRIES]:
        parts += _problem(problem)
    return parts + _rest(len(found) - _MOST_ENTRIES, "reasons")


def _problem(problem: Problem) -> list[str]:
    addon = f": {_code(problem.addon)} {_code(problem.versions)}" if problem.addon else ""
    text = "\n".join([problem.reason, f"now: {problem.now}"] if problem.now else [problem.reason])
    return [f"### {SIGNS[problem.state]} {words(problem.state)}{addon}", _names(problem.clusters), _block(text)]


def _what_to_do(report: Report) -> list[str]:
    found = shared_risks(report)
    if not found:
        return []
    parts = ["## Risks, and what to do"]
    for risk in found[:_MOST_ENTRIES]:
        parts += _shared_risk(risk)
    return parts + _rest(len(found) - _MOST_ENTRIES, "risks")


def _shared_risk(risk: SharedRisk) -> list[str]:
    parts = [f"### {_code(risk.level)} {_code(risk.risk)} of {_code(risk.addon)}", _names(risk.clusters)]
    messages = list(risk.messages)
    text = "\n".join(f"message: {shortened(message, _LONGEST_MESSAGE)}" for message in messages[:_MOST_MESSAGES])
    if len(messages) > _MOST_MESSAGES:
        text += f"\n(and {len(messages) - _MOST_MESSAGES} other messages)"
    return [*parts, _block(f"to do:   {risk.remedy}\n{text}")]


def _names(labels: Iterable[str]) -> str:
    every = list(labels)
    named = ", ".join(_code(label) for label in every[:_MOST_NAMES])
    more = f" and {len(every) - _MOST_NAMES} more" if len(every) > _MOST_NAMES else ""
    return f"{'Cluster' if len(every) == 1 else f'{len(every)} clusters'}: {named}{more}"


def _rest(count: int, what: str) -> list[str]:
    return [f"Not shown: {count} more {what}."] if count > 0 else []


def _fence(text: str, least: int) -> str:
    longest = max((len(run) for run in re.findall("`+", text)), default=0)
    return "`" * max(least, longest + 1)


def _code(text: str) -> str:
    """Return text as a code span. Its fence is longer than any run of backticks in the text."""
    line = printable(text) or "-"
    fence = _fence(line, 1)
    space = " " if line.startswith(("`", " ")) or line.endswith(("`", " ")) else ""
    return f"{fence}{space}{line}{space}{fence}"


def _cell_code(text: str) -> str:
    # Viewers split a table at every bar, also in code, and differ in how a bar is escaped.
    return _code(text.replace("|", "¦"))


def _block(text: str) -> str:
    lines = shown(text)
    fence = _fence(lines, 3)
    return f"{fence}text\n{lines}\n{fence}"
