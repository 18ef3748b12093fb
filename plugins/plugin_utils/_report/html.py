# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The huaweicloud.cce contributors

# Private to the collection: it may change in any release. Do not import it from outside.
"""The report as one HTML page, which loads nothing: no picture, font, style or script.

page.css and page.js become part of it. They are read once, on import; everything else here is pure.

All text from outside is escaped. If that ever failed, the page's Content-Security-Policy would still run only the
script whose digest it has. A long text stands on the page once, as a thousand clusters may share it.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator, Mapping, Sequence
from html import escape
from pathlib import Path

from ansible_collections.huaweicloud.cce.plugins.module_utils._ground.text import printable
from ansible_collections.huaweicloud.cce.plugins.module_utils._rules.outcome import NOT_REACHED
from ansible_collections.huaweicloud.cce.plugins.module_utils._rules.verdict import FATAL, UNKNOWN, WARNING

from .document import STATES, Report, ReportedAddon, ReportedCluster, State
from .wording import (
    KINDS,
    MEANINGS,
    SIGNS,
    Kind,
    Problem,
    SharedRisk,
    addon_names,
    headline,
    is_prediction,
    needs_attention,
    needs_reason,
    overall_sign,
    present,
    problems,
    readable_duration,
    readable_time,
    shared_risks,
    shown,
    versions,
    words,
)

# The texts that stand on the page already, and the id of the element that each stands in.
Texts = dict[str, str]

_MOST_ENTRIES = 30
_MOST_NAMES = 10
# A reference to a shorter text would be longer than the text.
_WORTH_A_REFERENCE = 80
# What the cells of a cluster show if none of its add-ons is known.
_NOTHING_KNOWN: Mapping[State, str] = {UNKNOWN: "?", NOT_REACHED: "–"}
# How a level of a risk looks. Any other level blocks, and looks unknown.
_LEVELS: Mapping[str, State] = {"Warning": WARNING, "Fatal": FATAL}
# More add-ons than these do not fit a sheet of paper as columns.
_MOST_PRINTED = 10


def _read(name: str) -> str:
    return Path(__file__).with_name(name).read_text(encoding="utf-8")


STYLE = _read("page.css")
SCRIPT = _read("page.js")


def html(report: Report) -> str:
    """Return the report as an HTML document."""
    names = addon_names(report)
    style = f":root {{ --addons: {len(names)}; }}\n{STYLE}"
    return "\n".join(
        [
            "<!DOCTYPE html>",
            '<html lang="en">',
            "<head>",
            '<meta charset="utf-8">',
            f'<meta http-equiv="Content-Security-Policy" content="{_policy(style)}">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            '<meta name="referrer" content="no-referrer">',
            # Without an icon of its own, browsers would request one from the server.
            '<link rel="icon" href="data:,">',
            f"<title>{_text(report['title'])}</title>",
            f"<style>{style}</style>",
            "</head>",
            "<body>",
            *_header(report),
            *(_clusters(report, names) if report["clusters"] else []),
            "</body>",
            "</html>",
            "",
        ]
    )


def _policy(style: str) -> str:
    sources = {"style-src": _digest(style), "script-src": _digest(SCRIPT), "img-src": "data:"}
    directives = [f"{name} {source}" for name, source in sources.items()]
    return "; ".join(["default-src 'none'", "base-uri 'none'", "form-action 'none'", *directives])


def _digest(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


# Pieces of text


def _text(value: str | None) -> str:
    """Return one line of text from outside as HTML."""
    return escape(printable(value or ""))


def _prose(tag: str, value: str, texts: Texts, kind: str = "text") -> str:
    """Return an element with text of several lines from outside, or with a reference to where the page has it already.

    The script puts the text in the place of the reference.
    """
    text = shown(value)
    if text in texts:
        return f'<{tag} data-as="{texts[text]}"><a href="#{texts[text]}">as above</a></{tag}>'
    if len(text) < _WORTH_A_REFERENCE:
        return f"<{tag}>{escape(text)}</{tag}>"
    texts[text] = f"{kind}-{len(texts)}"
    return f'<{tag} id="{texts[text]}">{escape(text)}</{tag}>'


def _sign(state: State) -> str:
    return f"{SIGNS[state]} {words(state)}"


def _chip(state: State) -> str:
    return f'<span class="chip {state}">{_sign(state)}</span>'


def _level(level: str) -> str:
    state = _LEVELS.get(level, UNKNOWN)
    return f'<span class="chip level {state}">{SIGNS[state]} {_text(level)}</span>'


def _time(iso: str) -> str:
    return f'<time datetime="{_text(iso)}">{_text(readable_time(iso))}</time>'


def _took(duration: float | None) -> str:
    return f' <span class="took">· {readable_duration(duration)}</span>' if duration is not None else ""


def _show(mark: str, what: str, count: int) -> str:
    """Return the button that shows the clusters with a mark."""
    clusters = "the cluster" if count == 1 else f"the {count:,} clusters"
    return (
        f'<button type="button" class="link" data-mark="{mark}" data-told="{what}" '
        f'aria-label="show {clusters} with {what}" hidden>show {"it" if count == 1 else "them"}</button>'
    )


# The whole fleet


def _header(report: Report) -> list[str]:
    prediction = ", a prediction (check mode)" if is_prediction(report) else ""
    return [
        "<header>",
        f"<h1>{_text(report['title'])}</h1>",
        f'<p class="made">As of {_time(report["generated_at"])}{prediction}</p>',
        (
            f'<p class="headline {report["state"]}"><b aria-hidden="true">{overall_sign(report)}</b> '
            f"{headline(report)}</p>"
        ),
        "</header>",
    ]


def _clusters(report: Report, names: Sequence[str]) -> list[str]:
    texts: Texts = {}
    # For a single cluster, its details tell the same.
    several = len(report["clusters"]) > 1
    wrong, risks = (problems(report), shared_risks(report)) if several else ([], [])
    marks = _marks(wrong, "p"), _marks(risks, "r")
    return [
        *_counts(report),
        *_problems(wrong, texts),
        *_risks(risks, texts),
        *_legend(),
        *_filters(report, names),
        *_matrix(report, names, marks, texts),
        f"<script>{SCRIPT}</script>",
    ]


def _counts(report: Report) -> Iterator[str]:
    yield '<dl class="counts">'
    for kind, name in KINDS.items():
        counts = {state: count for state, count in report["counts"][kind].items() if count}
        if counts:
            yield f"<dt>{name}: {sum(counts.values()):,}</dt><dd>"
            for state, count in counts.items():
                yield f'<span class="count {state}">{SIGNS[state]} {count:,} {words(state)}</span>'
            yield "</dd>"
    yield "</dl>"
    yield from _bar(report["counts"]["addons"])


def _bar(counts: Mapping[State, int]) -> Iterator[str]:
    """Return the proportions as a bar. Screen readers skip it, as it repeats the counts."""
    total = sum(counts.values())
    if not total:
        return
    yield '<svg class="bar" viewBox="0 0 1000 10" preserveAspectRatio="none" aria-hidden="true">'
    left = 0.0
    for state in STATES:
        width = 1000 * counts[state] / total
        if width:
            yield f'<rect class="{state}" x="{left:.2f}" y="0" width="{width:.2f}" height="10"/>'
        left += width
    yield "</svg>"


def _marks(items: Sequence[Problem | SharedRisk], kind: str) -> dict[str, list[str]]:
    """Return the marks of the clusters, by label. A mark stands for a problem or risk that the cluster has."""
    marks: dict[str, list[str]] = {}
    for number, item in enumerate(items[:_MOST_ENTRIES]):
        for label in item.clusters:
            marks.setdefault(label, []).append(f"{kind}{number}")
    return marks


def _problems(found: Sequence[Problem], texts: Texts) -> Iterator[str]:
    if not found:
        return
    yield "<section><h2>What went wrong</h2>"
    for number, problem in enumerate(found[:_MOST_ENTRIES]):
        addon = f" <b>{_text(problem.addon)}</b> {_text(problem.versions)}" if problem.addon else ""
        what = f"{words(problem.state)}{f' {_text(problem.addon)}' if problem.addon else ''}"
        count = len(problem.clusters)
        yield f'<div class="finding {problem.state}"><h3>{_chip(problem.state)}{addon}</h3>'
        yield f"<p>{_names(problem.clusters)} {_show(f'p{number}', what, count)}</p>"
        yield _prose("pre", problem.reason, texts)
        if problem.now:
            yield f"<p><b>Now:</b> {_text(problem.now)}</p>"
        yield "</div>"
    yield from _rest(len(found) - _MOST_ENTRIES)
    yield "</section>"


def _names(labels: Sequence[str]) -> str:
    named = ", ".join(f"<b>{_text(label)}</b>" for label in labels[:_MOST_NAMES])
    return f"{named} and {len(labels) - _MOST_NAMES:,} more" if len(labels) > _MOST_NAMES else named


def _rest(more: int) -> Iterator[str]:
    if more > 0:
        yield f'<p class="made">And {more:,} more, which the clusters below show.</p>'


def _risks(found: Sequence[SharedRisk], texts: Texts) -> Iterator[str]:
    if not found:
        return
    headings = ("Level", "Add-on", "Risk", "Clusters", "What to do")
    columns = "".join(f'<th scope="col">{heading}</th>' for heading in headings)
    yield "<section><h2>Risks, and what to do</h2>"
    yield f'<table class="risks"><thead><tr>{columns}</tr></thead><tbody>'
    for number, risk in enumerate(found[:_MOST_ENTRIES]):
        count = len(risk.clusters)
        what = f"{_text(risk.risk)} of {_text(risk.addon)}"
        cells = (
            _level(risk.level),
            _text(risk.addon),
            _text(risk.risk),
            f"<span>{count:,} {_show(f'r{number}', what, count)}</span>",
            _prose("span", risk.remedy, texts, "todo"),
        )
        labelled = (f'<td data-label="{heading}">{cell}</td>' for heading, cell in zip(headings, cells))
        yield f"<tr>{''.join(labelled)}</tr>"
    yield "</tbody></table>"
    yield from _rest(len(found) - _MOST_ENTRIES)
    yield "</section>"


# The clusters


def _legend() -> Iterator[str]:
    yield '<h2 id="clusters">Clusters</h2>'
    yield '<details class="legend"><summary>What the words and signs mean</summary><dl>'
    for state in STATES:
        yield f"<dt>{_chip(state)}</dt><dd>{MEANINGS[state]}</dd>"
    yield f"<dt>({SIGNS[WARNING]})</dt><dd>The check found Warnings, which were allowed.</dd>"
    yield "<dt>? or – alone</dt><dd>Nothing is known of the add-ons of this cluster, or it was not reached.</dd>"
    yield "<dt>empty</dt><dd>The cluster does not have the add-on, or it was not asked for.</dd>"
    yield "</dl></details>"


def _filters(report: Report, names: Sequence[str]) -> list[str]:
    options = [f'<option value="{number}">{_text(name)}</option>' for number, name in enumerate(names, 1)]
    groups = [
        (
            f'<span class="group" role="group" aria-label="State of {name.lower()}"><span>{name.lower()}</span>'
            + "".join(_state_filter(kind, state) for state, count in report["counts"][kind].items() if count)
            + "</span>"
        )
        for kind, name in KINDS.items()
        if any(report["counts"][kind].values())
    ]
    return [
        '<div class="tools">',
        '<div class="filters" id="filters" role="search" aria-label="Clusters" hidden>',
        '<label>Find<input type="search" id="text" placeholder="cluster, risk, version …" autocomplete="off"></label>',
        f'<label>Add-on<select id="addon"><option value="0">any</option>{"".join(options)}</select></label>',
        '<label class="check"><input type="checkbox" id="attention">Only clusters that need attention</label>',
        '<button type="button" class="plain" id="all">Show all details</button>',
        f'<div class="states"><span>Filter by state</span>{"".join(groups)}</div>',
        "</div>",
        (
            '<p class="status" id="status" hidden><output id="shown"></output> '
            '<button type="button" class="link clear" id="clear" hidden>Clear filters</button></p>'
        ),
        "</div>",
    ]


def _state_filter(kind: Kind, state: State) -> str:
    return (
        f'<button type="button" class="chip {state}" data-kind="{kind}" data-state="{state}" aria-pressed="false" '
        f'aria-label="{words(state)} {KINDS[kind].lower()}">{_sign(state)}</button>'
    )


def _matrix(
    report: Report, names: Sequence[str], marks: Sequence[Mapping[str, Sequence[str]]], texts: Texts
) -> Iterator[str]:
    columns = "".join(f'<th role="columnheader" scope="col">{_text(name)}</th>' for name in ("Cluster", *names))
    yield '<div class="frame">'
    yield '<div class="scroll" id="scroll" role="region" aria-label="Clusters and their add-ons" tabindex="0">'
    kind = "matrix many" if len(names) > _MOST_PRINTED else "matrix"
    # With roles, as browsers do not take a table that is laid out as a grid for a table.
    yield f'<table class="{kind}" role="table"><thead role="rowgroup"><tr role="row">{columns}</tr></thead>'
    for cluster in report["clusters"]:
        borne = " ".join(mark for kind in marks for mark in kind.get(cluster["label"], ()))
        yield from _rows(cluster, names, borne, texts)
    yield "</table></div></div>"
    yield '<p class="nothing" id="nothing" hidden>No cluster matches these filters. '
    yield '<button type="button" class="link clear">Clear filters</button></p>'


def _rows(cluster: ReportedCluster, names: Sequence[str], marks: str, texts: Texts) -> Iterator[str]:
    addons = {addon["name"]: addon for addon in cluster["addons"]}
    details = list(_details(cluster, texts))
    unknown = "" if addons else _NOTHING_KNOWN.get(cluster["state"], "")
    attention = " data-attention" if needs_attention(cluster) else ""
    yield f'<tbody role="rowgroup" data-state="{cluster["state"]}"{attention} data-marks="{marks}" '
    yield f'data-id="{_text(cluster["id"])}"><tr role="row">{_cluster(cluster, bool(details))}'
    yield "".join(_cell(name, addons.get(name), unknown) for name in names)
    yield "</tr>"
    if details:
        yield f'<tr class="more" role="row"><td role="cell" colspan="{len(names) + 1}"><div class="details">'
        yield from details
        yield "</div></td></tr>"
    yield "</tbody>"


def _cluster(cluster: ReportedCluster, has_details: bool) -> str:
    label = _text(cluster["label"])
    beside = dict.fromkeys(filter(None, (cluster["name"], cluster["host"], cluster["region"])))
    for plain in (cluster["label"], "localhost"):
        beside.pop(plain, None)
    button = f'<button type="button" class="link open" aria-label="details of {label}" hidden>details</button>'
    more = f"<small>{_text(' · '.join(beside))}</small>" if beside else ""
    return (
        f'<th role="rowheader" scope="row"><b>{label}</b>{button if has_details else ""}'
        f"<span>{_chip(cluster['state'])}{_took(cluster['duration'])}</span>{more}</th>"
    )


def _cell(name: str, addon: ReportedAddon | None, unknown: str) -> str:
    if addon is None:
        return f'<td role="cell" class="none">{unknown}</td>'
    # The Warnings that were allowed show beside the outcome.
    warned = f" ({SIGNS[WARNING]})" if addon["verdict"] == WARNING and addon["state"] != WARNING else ""
    return (
        f'<td role="cell" class="{addon["state"]}" data-addon="{_text(name)}"><b>{_sign(addon["state"])}{warned}</b>'
        f"<small>{_text(versions(addon))}{_took(addon['duration'])}</small></td>"
    )


def _details(cluster: ReportedCluster, texts: Texts) -> Iterator[str]:
    told = [addon for addon in cluster["addons"] if addon["risks"] or addon["accepted"] or needs_reason(addon)]
    if not told and not cluster["reason"]:
        return
    facts = [f"cluster {_text(cluster['id'])}"] if cluster["id"] else []
    facts += [f"started {_time(cluster['started_at'])}"] if cluster["started_at"] else []
    if facts:
        yield f'<p class="made">{" · ".join(facts)}</p>'
    if cluster["reason"]:
        yield f'<div class="finding"><h3>{_chip(cluster["state"])}</h3>{_prose("pre", cluster["reason"], texts)}</div>'
    for addon in told:
        yield from _addon_details(addon, texts)


def _addon_details(addon: ReportedAddon, texts: Texts) -> Iterator[str]:
    yield f'<div class="finding"><h3>{_chip(addon["state"])} {_text(addon["name"])} {_text(versions(addon))}</h3>'
    if addon["reason"]:
        yield _prose("pre", addon["reason"], texts)
    if present(addon):
        yield f"<p><b>Now:</b> {_text(present(addon))}</p>"
    for risk in addon["risks"]:
        yield f"<p>{_level(risk['level'] or '(no level)')}<b>{_text(risk['name'] or '(no name)')}</b></p>"
        yield _prose("pre", risk["message"] or "(no message)", texts)
        if risk["remedy"]:
            yield f"<p><b>To do:</b> {_prose('span', risk['remedy'], texts)}</p>"
    for item in addon["accepted"]:
        owner = f", {item['owner']}" if item["owner"] else ""
        line = f"{item['risk']} until {item['until']}: {item['reason']}{owner}"
        yield f"<p><b>Accepted:</b> {_text(line)}</p>"
    yield "</div>"
