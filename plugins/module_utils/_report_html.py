# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The huaweicloud.cce contributors

# Private to the collection: it may change in any release. Do not import it from outside.
"""The report as one HTML page that asks for nothing else: no picture, font, style or script from anywhere. Pure.

Text from outside is escaped, always; should that ever fail, the page's own policy lets no script run but the one whose
digest it names.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator, Mapping, Sequence
from html import escape
from typing import Any

from ._checks import WARNING
from ._report import (
    SIGNS,
    STATES,
    Finding,
    addon_names,
    findings,
    headline,
    is_prediction,
    needs_reason,
    overall_sign,
    present,
    seconds,
    shown,
    versions,
    words,
)
from ._report_page import SCRIPT, STYLE
from ._text import printable

Data = Mapping[str, Any]

_MOST_FINDINGS = 30


def html(report: Data) -> str:
    """Return the report as an HTML document."""
    names = addon_names(report)
    # The number of columns is the only thing of a report that the style needs to know.
    style = f"{STYLE}:root {{ --addons: {len(names)}; }}\n"
    return "\n".join(
        [
            "<!DOCTYPE html>",
            '<html lang="en">',
            "<head>",
            '<meta charset="utf-8">',
            f'<meta http-equiv="Content-Security-Policy" content="{_policy(style)}">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            '<meta name="referrer" content="no-referrer">',
            # Without an icon of its own, browsers would ask the server for one.
            '<link rel="icon" href="data:,">',
            f"<title>{_text(report['title'])}</title>",
            f"<style>{style}</style>",
            "</head>",
            "<body>",
            *_header(report),
            *_counts(report),
            *_shared_risks(report),
            *_filters(names),
            *_matrix(report, names),
            f"<script>{SCRIPT}</script>",
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


def _text(value: str | None) -> str:
    """Return one line of text from outside as HTML."""
    return escape(printable(value or ""))


def _prose(value: str | None) -> str:
    """Return text of several lines from outside as HTML."""
    return escape(shown(value or ""))


def _sign(state: str) -> str:
    return f"{SIGNS[state]} {words(state)}"


def _header(report: Data) -> list[str]:
    state = report["state"]
    return [
        "<header>",
        f"<h1>{_text(report['title'])}</h1>",
        (
            f'<p class="made">As of <time datetime="{report["generated_at"]}">{report["generated_at"]}</time>'
            f"{', a prediction (check mode)' if is_prediction(report) else ''}</p>"
        ),
        f'<p class="headline {state}"><b aria-hidden="true">{overall_sign(report)}</b> {headline(report)}</p>',
        "</header>",
    ]


def _counts(report: Data) -> list[str]:
    lines = ['<dl class="counts">']
    for kind, name in (("clusters", "Clusters"), ("addons", "Add-ons")):
        counts = {state: count for state, count in report["counts"][kind].items() if count}
        if not counts:
            continue
        chips = [
            f'<button type="button" class="chip {state}" data-kind="{kind}" data-state="{state}" aria-pressed="false" '
            f"disabled>{SIGNS[state]} {count} {words(state)}</button>"
            for state, count in counts.items()
        ]
        lines += [f"<dt>{name}: {sum(counts.values())}</dt>", f"<dd>{''.join(chips)}</dd>"]
    return [*lines, "</dl>", *_bar(report["counts"]["addons"])]


def _bar(counts: Mapping[str, int]) -> Iterator[str]:
    """Return the proportions as a bar. It repeats the counts, so it is nothing to read aloud."""
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


def _shared_risks(report: Data) -> list[str]:
    """Return the risks by how many clusters have them; for a single cluster its own details tell as much."""
    found = findings(report)
    if len(report["clusters"]) < 2 or not found:
        return []
    headings = ("Level", "Add-on", "Risk", "Clusters", "What to do")
    columns = "".join(f'<th scope="col">{heading}</th>' for heading in headings)
    rows = [_shared_risk(finding) for finding in found[:_MOST_FINDINGS]]
    more = len(found) - _MOST_FINDINGS
    return [
        "<h2>Risks, and what to do</h2>",
        f'<table class="risks"><thead><tr>{columns}</tr></thead><tbody>',
        *rows,
        "</tbody></table>",
        *([f'<p class="made">And {more} more, which the clusters below show.</p>'] if more > 0 else []),
    ]


def _shared_risk(finding: Finding) -> str:
    find = escape(printable(f"{finding.addon} {finding.risk}"))
    count = len(finding.clusters)
    return (
        f"<tr><td>{_level(finding.level)}</td><td>{_text(finding.addon)}</td><td>{_text(finding.risk)}</td>"
        f'<td>{count} <button type="button" class="open" data-find="{find}" hidden>'
        f"find {'it' if count == 1 else 'them'}</button></td><td>{_text(finding.remedy)}</td></tr>"
    )


def _level(level: str) -> str:
    # Any other level than Warning blocks, so it looks like what it does.
    state = {"Warning": "warning", "Fatal": "fatal"}.get(level, "unknown")
    return f'<span class="chip level {state}">{SIGNS[state]} {_text(level)}</span>'


def _filters(names: Sequence[str]) -> list[str]:
    options = [f'<option value="{number}">{_text(name)}</option>' for number, name in enumerate(names, 1)]
    return [
        '<h2 id="matrix">Clusters</h2>',
        '<form class="filters" id="filters" role="search" hidden>',
        '<label>Find<input type="search" id="text" placeholder="cluster, risk, version …" autocomplete="off"></label>',
        f'<label>Add-on<select id="addon"><option value="0">any</option>{"".join(options)}</select></label>',
        '<label>Attention<span class="plain"><input type="checkbox" id="attention"> only what needs it</span></label>',
        '<button type="button" class="plain" id="all" aria-pressed="false">Show all details</button>',
        '<button type="button" class="plain" id="reset">Clear filters</button>',
        '<output id="shown" aria-live="polite"></output>',
        "</form>",
    ]


def _matrix(report: Data, names: Sequence[str]) -> Iterator[str]:
    headings = ["Cluster", *(_text(name) for name in names)]
    columns = "".join(f'<th role="columnheader" scope="col">{heading}</th>' for heading in headings)
    # Named roles, as the style lays it out as a grid, and browsers then forget that it is a table.
    yield '<table class="matrix" role="table" aria-label="Clusters and their add-ons">'
    yield f'<thead role="rowgroup"><tr role="row">{columns}</tr></thead>'
    for cluster in report["clusters"]:
        yield from _rows(cluster, names)
    yield "</table>"
    yield '<p class="nothing" id="nothing" hidden>No cluster is like that.</p>'


def _rows(cluster: Data, names: Sequence[str]) -> Iterator[str]:
    addons = {addon["name"]: addon for addon in cluster["addons"]}
    details = list(_details(cluster))
    ok = "true" if cluster["ok"] else "false"
    yield f'<tbody role="rowgroup" data-state="{cluster["state"]}" data-ok="{ok}" '
    yield f'data-id="{_text(cluster["id"])}"><tr role="row">'
    yield _cluster(cluster, bool(details))
    yield "".join(_cell(name, addons.get(name)) for name in names)
    yield "</tr>"
    if details:
        yield f'<tr class="more" role="row"><td role="cell" colspan="{len(names) + 1}">'
        yield from details
        yield "</td></tr>"
    yield "</tbody>"


def _cluster(cluster: Data, has_details: bool) -> str:
    beside = dict.fromkeys(filter(None, (cluster["name"], cluster["host"], cluster["region"])))
    for plain in (cluster["label"], "localhost"):
        beside.pop(plain, None)
    took = f' · <span class="took">{seconds(cluster["duration"])}</span>' if cluster["duration"] is not None else ""
    button = ' <button type="button" class="open" hidden>details</button>' if has_details else ""
    lines = [
        f"<b>{_text(cluster['label'])}</b>",
        f'<span class="chip {cluster["state"]}">{_sign(cluster["state"])}</span>{took}{button}',
        *([f"<small>{_text(' · '.join(beside))}</small>"] if beside else []),
    ]
    return f'<th role="rowheader" scope="row">{"".join(lines)}</th>'


def _cell(name: str, addon: Data | None) -> str:
    if addon is None:
        return '<td role="cell" class=""></td>'
    took = f" · {seconds(addon['duration'])}" if addon["duration"] is not None else ""
    # Where an upgrade was let through in spite of a Warning, both are worth knowing.
    warned = f" ({SIGNS[WARNING]})" if addon["verdict"] == WARNING and addon["state"] != WARNING else ""
    return (
        f'<td role="cell" class="{addon["state"]}" data-addon="{_text(name)}"><b>{_sign(addon["state"])}{warned}</b>'
        f"<small>{_text(versions(addon))}{took}</small></td>"
    )


def _details(cluster: Data) -> Iterator[str]:
    told = [addon for addon in cluster["addons"] if addon["risks"] or addon["accepted"] or needs_reason(addon)]
    if not told and not cluster["reason"]:
        return
    facts = [f"{word} {cluster[key]}" for word, key in (("cluster", "id"), ("from", "started_at")) if cluster[key]]
    if facts:
        yield f'<p class="made">{_text(" · ".join(facts))}</p>'
    if cluster["reason"]:
        yield f'<div class="finding"><h3>{_sign(cluster["state"])}</h3><pre>{_prose(cluster["reason"])}</pre></div>'
    for addon in told:
        yield from _addon_details(addon)


def _addon_details(addon: Data) -> Iterator[str]:
    yield '<div class="finding">'
    yield f"<h3>{_text(addon['name'])} {_text(versions(addon))}: {words(addon['state'])}</h3>"
    if addon["reason"]:
        yield f'<p class="reason">{_prose(addon["reason"])}</p>'
    if present(addon):
        yield f"<p><b>Now:</b> {_text(present(addon))}</p>"
    for risk in addon["risks"]:
        yield f"<p>{_level(risk['level'] or '(no level)')}<b>{_text(risk['name'] or '(no name)')}</b></p>"
        yield f"<pre>{_prose(risk['message'] or '(no message)')}</pre>"
        if risk["remedy"]:
            yield f"<p><b>To do:</b> {_text(risk['remedy'])}</p>"
    for item in addon["accepted"]:
        owner = f", {item['owner']}" if item["owner"] else ""
        line = f"{item['risk']} until {item['until']}: {item['reason']}{owner}"
        yield f"<p><b>Accepted:</b> {_text(line)}</p>"
    yield "</div>"
