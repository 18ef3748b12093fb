# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The huaweicloud.cce contributors

# Private to the collection: it may change in any release. Do not import it from outside.
"""The style and the script of the HTML report. They hold nothing of a report but the number of its add-ons."""

from __future__ import annotations

# Of the columns, in rem. The narrower ones still hold the longest word, so that none is broken.
_CLUSTER_WIDTH = 12.0
_ADDON_WIDTH = 6.8
_MARGINS = 6.5
# More columns than these do not fit a sheet of paper, so their cells are printed with their names instead.
_MOST_PRINTED = 10


def style(addons: int) -> str:
    """Return the style of a page whose table has a column for each of so many add-ons."""
    needed = _CLUSTER_WIDTH + addons * _ADDON_WIDTH + _MARGINS
    printed = _PRINTED_TABLE if addons <= _MOST_PRINTED else _PRINTED_CELLS
    return "\n".join(
        [
            f":root {{ --addons: {addons}; --cluster: {_CLUSTER_WIDTH}rem; --addon: {_ADDON_WIDTH}rem; }}",
            _STYLE,
            f"@media screen and (min-width: 761px) and (max-width: {needed:.1f}rem) {{{_NARROW}}}",
            f"@page {{ size: A4 landscape; margin: 12mm 10mm; }}\n@media print {{{_PRINT}{printed}}}",
            "",
        ]
    )


# Colour never stands alone: each state has its sign and its word as well.
_STYLE = """
:root {
  color-scheme: light dark;
  --page: #f6f7f9; --card: #fff; --text: #1b1f24; --soft: #59626d; --line: #d9dee4; --accent: #0a58ca;
  --bad: #b3161f; --bad-fill: #fdeaea; --unsure: #7a4b00; --unsure-fill: #fff3d6; --warn: #6b5200; --warn-fill: #fffbe3;
  --good: #12652f; --good-fill: #e7f6ec; --idle: #4c5560; --idle-fill: #eef0f3;
}
@media (prefers-color-scheme: dark) {
  :root {
    --page: #111418; --card: #1a1f25; --text: #e7ebf0; --soft: #a3adb8; --line: #333b45; --accent: #7db2ff;
    --bad: #ff9a96; --bad-fill: #431d1f; --unsure: #ffc46b; --unsure-fill: #40300f; --warn: #f0dc7a;
    --warn-fill: #35300f; --good: #83dca0; --good-fill: #15351f; --idle: #b0b9c3; --idle-fill: #252c34;
  }
}
* { box-sizing: border-box; }
[hidden] { display: none !important; }
html { scroll-padding-top: calc(var(--tools, 0px) + 3rem); }
body {
  margin: 0; padding: 1.25rem clamp(.75rem, 2.5vw, 2.5rem) 3rem; background: var(--page); color: var(--text);
  font: 15px/1.45 system-ui, -apple-system, "Segoe UI", Roboto, "DejaVu Sans", sans-serif;
}
h1 { font-size: 1.5rem; margin: 0 0 .15rem; overflow-wrap: anywhere; }
h2 { font-size: 1.1rem; margin: 1.8rem 0 .6rem; }
h3 { font-size: .95rem; margin: 0 0 .3rem; overflow-wrap: anywhere; }
.made { color: var(--soft); margin: 0; overflow-wrap: anywhere; }
.headline {
  display: flex; gap: .7rem; align-items: center; margin: 1rem 0; padding: .8rem 1rem; border-radius: .6rem;
  font-size: 1.15rem; font-weight: 650; border: 1px solid; border-left-width: .5rem;
}
.headline b { font-size: 1.5rem; line-height: 1; }
.counts { display: grid; grid-template-columns: auto 1fr; gap: .5rem 1rem; align-items: baseline; margin: 1rem 0; }
.counts dt { font-weight: 650; white-space: nowrap; }
.counts dd { margin: 0; display: flex; flex-wrap: wrap; gap: .35rem; }
.count { padding: .1rem .55rem; border-radius: .3rem; font-size: .9rem; white-space: nowrap; }
.bar { width: 100%; height: .7rem; border-radius: .35rem; display: block; }
.bar rect { stroke: var(--page); stroke-width: 1px; vector-effect: non-scaling-stroke; }
.chip {
  display: inline-block; font: inherit; font-size: .84rem; padding: 0 .55rem; border: 1px solid; border-radius: 1rem;
  white-space: nowrap;
}
button { font: inherit; cursor: pointer; }
:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; }
.failed, .rolled_back, .fatal, .blocked { color: var(--bad); background: var(--bad-fill); fill: var(--bad); }
.unknown, .pending { color: var(--unsure); background: var(--unsure-fill); fill: #d98200; }
.warning { color: var(--warn); background: var(--warn-fill); fill: #e3c000; }
.passed, .upgraded { color: var(--good); background: var(--good-fill); fill: #2f9e58; }
.not_reached, .nothing_to_do { color: var(--idle); background: var(--idle-fill); fill: #8a94a0; }
.took { white-space: nowrap; }
.link {
  background: none; border: 0; padding: 0; color: var(--accent); font-size: .84rem; text-decoration: underline;
  white-space: nowrap;
}

.finding { border-left: .3rem solid var(--line); padding: .1rem 0 .1rem .8rem; margin: .8rem 0; }
section > .finding { background: none; color: inherit; border-color: var(--idle); }
section > .finding:is(.failed, .rolled_back, .fatal, .blocked) { border-color: var(--bad); }
section > .finding:is(.unknown, .pending) { border-color: var(--unsure); }
.finding p { margin: .25rem 0; max-width: 62rem; overflow-wrap: anywhere; }
.level { margin-right: .3rem; }
pre {
  margin: .35rem 0; padding: .5rem .7rem; max-width: 62rem; background: var(--page); color: var(--text);
  border: 1px solid var(--line); border-radius: .4rem; white-space: pre-wrap; overflow-wrap: anywhere;
  font: .84rem/1.45 ui-monospace, "Cascadia Mono", Menlo, "DejaVu Sans Mono", monospace;
}
section > .finding pre { background: var(--card); }
.risks {
  border-collapse: separate; border-spacing: 0; width: 100%; background: var(--card); border: 1px solid var(--line);
  border-radius: .6rem;
}
.risks th, .risks td { text-align: left; padding: .45rem .7rem; vertical-align: top; }
.risks td { border-top: 1px solid var(--line); overflow-wrap: anywhere; }
.risks th { font-size: .85rem; color: var(--soft); font-weight: 600; }
.risks td:nth-child(1), .risks td:nth-child(4) { white-space: nowrap; }
.risks td:nth-child(2) { min-width: 8rem; }
.risks td:nth-child(3) { min-width: 12.5rem; }
.risks td:last-child { width: 55%; }

.legend { margin: .6rem 0; }
.legend summary { color: var(--accent); cursor: pointer; font-size: .9rem; width: max-content; }
.legend dl {
  display: grid; grid-template-columns: max-content 1fr; gap: .3rem .9rem; margin: .6rem 0; font-size: .9rem;
  align-items: baseline;
}
.legend dd { margin: 0; }
.tools { background: var(--page); padding: .5rem 0; z-index: 3; }
.filters {
  display: flex; flex-wrap: wrap; gap: .5rem 1rem; align-items: end; padding: .6rem .9rem .7rem;
  background: var(--card); border: 1px solid var(--line); border-radius: .6rem;
}
.filters label { display: grid; gap: .1rem; font-size: .85rem; color: var(--soft); }
.filters input[type="search"], .filters select, .plain {
  font: inherit; font-size: .95rem; color: var(--text); background: var(--page); border: 1px solid var(--line);
  border-radius: .4rem; padding: .2rem .6rem; min-height: 2.1rem; max-width: 100%;
}
.filters input[type="search"] { width: 17rem; }
.filters .check { display: flex; gap: .45rem; align-items: center; min-height: 2.1rem; color: var(--text); }
.plain { margin-left: auto; }
.states, .states .group { display: flex; flex-wrap: wrap; gap: .35rem; align-items: center; }
.states { flex-basis: 100%; gap: .35rem 1.2rem; font-size: .85rem; color: var(--soft); }
.states .chip { background: none; }
.states .chip[aria-pressed="true"] { color: var(--card); background: var(--text); border-color: var(--text); }
.status { margin: .4rem 0 0; font-weight: 650; font-size: .95rem; overflow-wrap: anywhere; }
.status .link { font-weight: 400; margin-left: .5rem; }
.nothing { padding: .5rem 0; }
@media screen and (min-width: 761px) and (min-height: 38rem) { .tools { position: sticky; top: 0; } }

.scroll { border: 1px solid var(--line); border-radius: .6rem; background: var(--card); overflow: clip; }
.matrix { display: block; }
.matrix thead, .matrix tbody { display: block; }
.matrix thead {
  position: sticky; top: var(--tools, 0px); z-index: 2; background: var(--card); border-bottom: 2px solid var(--line);
}
.matrix tbody { content-visibility: auto; contain-intrinsic-size: auto 4.2rem; }
.matrix tbody + tbody { border-top: 1px solid var(--line); }
.matrix tr {
  display: grid; grid-template-columns: minmax(var(--cluster), 1.6fr) repeat(var(--addons), minmax(var(--addon), 1fr));
}
.matrix th, .matrix td { padding: .4rem .55rem; text-align: left; font-weight: 400; overflow-wrap: anywhere; }
.matrix thead th { font-weight: 650; font-size: .84rem; }
.matrix thead th + th { border-left: 1px solid transparent; }
.matrix td { border-left: 1px solid var(--line); font-size: .84rem; }
.matrix td > b, .matrix td > small { display: block; }
.matrix small { font-size: .8rem; }
.matrix .none { color: var(--soft); }
.matrix tbody th {
  display: grid; grid-template-columns: 1fr auto; align-content: start; align-items: baseline; gap: .1rem .4rem;
  font-size: .84rem; background: var(--card);
}
.matrix tbody th > b { font-size: .95rem; font-weight: 650; }
.matrix tbody th > span, .matrix tbody th > small { grid-column: 1 / -1; }
.matrix tbody th > small { color: var(--soft); }
.open::before { content: "▸ "; display: inline-block; white-space: pre; }
.open[aria-expanded="true"]::before { content: "▾ "; }
.matrix .more td { grid-column: 1 / -1; border-left: 0; padding: .2rem .8rem .9rem 1.6rem; font-size: .92rem; }

@media screen and (max-width: 760px), screen and (pointer: coarse) {
  button, .filters select, .filters input[type="search"], .legend summary, .filters .check { min-height: 2.2rem; }
  .states .chip { padding: 0 .8rem; border-radius: 1.1rem; }
  .link { padding: 0 .5rem; margin: 0 -.5rem; }
}
@media screen and (max-width: 760px) {
  .counts { grid-template-columns: 1fr; }
  .legend dl { grid-template-columns: 1fr; gap: .1rem; }
  .legend dd { margin-bottom: .5rem; }
  .tools { display: contents; }
  .filters { display: grid; }
  .filters input[type="search"] { width: 100%; }
  .plain { margin: 0; }
  .status {
    position: sticky; top: 0; z-index: 3; margin: .6rem -.75rem; padding: .5rem .75rem; background: var(--page);
    border-bottom: 1px solid var(--line);
  }
  .scroll { border: 0; background: none; overflow: visible; }
  .matrix thead { position: absolute; clip-path: inset(50%); width: 1px; height: 1px; overflow: hidden; }
  .matrix tbody, .matrix tbody + tbody {
    margin: 0 0 .8rem; border: 1px solid var(--line); border-radius: .6rem; overflow: hidden; background: var(--card);
    contain-intrinsic-size: auto 22rem;
  }
  .matrix tr { display: block; }
  .matrix tbody th { padding: .5rem .7rem; align-items: center; }
  .matrix td { display: grid; grid-template-columns: 8.5rem 1fr; border-left: 0; border-top: 1px solid var(--line); }
  .matrix td::before { content: attr(data-addon); grid-row: 1 / span 2; color: var(--text); font-weight: 600; }
  .matrix .none { display: none; }
  .matrix td > * { grid-column: 2; }
  .matrix .more td { display: block; padding: .5rem .7rem; }
  .matrix .more td::before { content: none; }
}
@media screen and (max-width: 920px) {
  .risks, .risks tbody, .risks tr { display: block; }
  .risks thead { display: none; }
  .risks tr { padding: .5rem 0; }
  .risks tr + tr { border-top: 1px solid var(--line); }
  .risks td, .risks td:nth-child(n) {
    display: grid; grid-template-columns: 6rem 1fr; align-items: baseline; width: auto; padding: .15rem .7rem;
    border: 0;
  }
  .risks td::before { content: attr(data-label); color: var(--soft); font-size: .85rem; }
  .risks td > * { justify-self: start; }
}
"""

# Where the table is wider than the window, it alone is scrolled, and clusters and add-ons keep their names.
_NARROW = """
  .scroll { overflow: auto; max-height: calc(100vh - var(--tools, 0px) - .5rem); }
  .matrix { width: calc(var(--cluster) + var(--addons) * var(--addon)); min-width: 100%; }
  .matrix thead { top: 0; }
  .matrix th:first-child {
    position: sticky; left: 0; z-index: 1; background: var(--card); box-shadow: 1px 0 var(--line);
  }
  .matrix .details { position: sticky; left: 1.6rem; width: min(62rem, 100vw - 8rem); }
"""

_PRINT = """
  :root {
    --page: #fff; --card: #fff; --text: #000; --soft: #333; --line: #999; --bad: #900; --bad-fill: #fff;
    --unsure: #630; --unsure-fill: #fff; --warn: #540; --warn-fill: #fff; --good: #040; --good-fill: #fff;
    --idle: #333; --idle-fill: #fff;
  }
  html { font-size: 9.5px; }
  body { font-size: 1rem; padding: 0; }
  .filters, .legend, .link, .status:not(.filtered) { display: none; }
  h2, tbody[data-attention] tr:first-child { break-after: avoid; }
  .finding, .matrix tr:first-child, .risks tr { break-inside: avoid; }
  .matrix thead { position: static; }
  .matrix tbody { content-visibility: visible; }
  .matrix th, .matrix td { padding: .2rem .35rem; }
  .matrix tbody th > small { grid-column: auto; }
  .matrix .more td { padding: .1rem .35rem .5rem 1.6rem; }
  pre { padding: .2rem .5rem; max-width: none; }
  .details { columns: 2; column-gap: 1.5rem; }
  .details .finding { margin: 0 0 .6rem; }
  .details .made, tbody:not([data-attention]) > .more { display: none !important; }
  /* What stands in the table of risks already. */
  .details p:has([data-as^="todo"]) { display: none; }
"""

# A real table, whose head paper repeats on every sheet.
_PRINTED_TABLE = """
  .scroll { border: 0; overflow: visible; }
  .matrix { display: table; table-layout: fixed; width: 100%; border-collapse: collapse; }
  .matrix thead { display: table-header-group; }
  .matrix tbody { display: table-row-group; }
  .matrix tr { display: table-row; }
  .matrix th, .matrix tbody th, .matrix td { display: table-cell; vertical-align: top; border: 1px solid var(--line); }
  .matrix th:first-child { width: 17%; }
  .matrix tbody th > b { margin-right: .4rem; }
  .matrix tbody th > small { display: block; }
  tbody[data-attention] > .more[hidden] { display: table-row !important; }
"""

_PRINTED_CELLS = """
  .scroll { border: 0; overflow: visible; }
  .matrix thead { display: none; }
  .matrix tr { display: grid; grid-template-columns: repeat(6, 1fr); }
  .matrix tbody th, .matrix .more td { grid-column: 1 / -1; }
  .matrix td::before { content: attr(data-addon); display: block; }
  .matrix .none { display: none; }
  tbody[data-attention] > .more[hidden] { display: grid !important; }
"""

# Nothing is made from text here: the script only shows, hides and repeats what is in the page already.
SCRIPT = """
"use strict";
(function () {
  function all(selector) { return Array.from(document.querySelectorAll(selector)); }
  function byId(id) { return document.getElementById(id); }

  all("[data-as]").forEach(function (element) { element.textContent = byId(element.dataset.as).textContent; });

  const rows = all(".matrix tbody").map(function (body) {
    const cluster = body.rows[0];
    return {
      body: body,
      more: body.rows[1] || null,
      button: body.querySelector(".open"),
      addons: Array.from(cluster.cells).slice(1).map(function (cell) {
        return cell.className === "none" ? cell.textContent : cell.className;
      }),
      marks: body.dataset.marks.split(" ")
    };
  });
  const chips = all(".states .chip");
  const marks = all("[data-mark]");
  const text = byId("text"), addon = byId("addon"), attention = byId("attention");
  const tools = document.querySelector(".tools");
  let marked = null;

  // Everything that can be searched in a cluster, gathered when it is searched for the first time.
  function textOf(row) {
    row.text = row.text || (row.body.dataset.id + " " + row.body.textContent).toLowerCase();
    return row.text;
  }

  function pressed(kind) {
    return chips.filter(function (chip) {
      return chip.dataset.kind === kind && chip.getAttribute("aria-pressed") === "true";
    });
  }

  function wordOf(chip) { return chip.dataset.state.replace(/_/g, " "); }

  function filter() {
    const words = text.value.toLowerCase().split(/\\s+/).filter(Boolean);
    const column = Number(addon.value) - 1;
    const clusters = pressed("clusters"), addons = pressed("addons");
    function has(state) { return addons.some(function (chip) { return chip.dataset.state === state; }); }
    let count = 0;
    rows.forEach(function (row) {
      const body = row.body, states = column < 0 ? row.addons : [row.addons[column]];
      const fits = (!attention.checked || "attention" in body.dataset)
        && (!marked || row.marks.includes(marked.dataset.mark))
        && (column < 0 || row.addons[column] !== "")
        && (!clusters.length || clusters.some(function (chip) { return chip.dataset.state === body.dataset.state; }))
        && (!addons.length || states.some(has))
        && words.every(function (word) { return textOf(row).includes(word); });
      if (body.hidden === fits) { body.hidden = !fits; }
      count += fits ? 1 : 0;
    });
    const only = clusters.map(wordOf)
      .concat(addons.map(function (chip) { return "add-on " + wordOf(chip); }))
      .concat(marked ? [marked.dataset.told] : [])
      .concat(column < 0 ? [] : [addon.options[addon.selectedIndex].text])
      .concat(attention.checked ? ["what needs attention"] : [])
      .concat(words.length ? ["\\u201c" + text.value.trim() + "\\u201d"] : []);
    byId("shown").textContent = count.toLocaleString("en") + " of " + rows.length.toLocaleString("en") + " shown"
      + (only.length ? " \\u00b7 only: " + only.join(", ") : "");
    byId("status").classList.toggle("filtered", only.length > 0);
    byId("clear").hidden = !only.length;
    byId("nothing").hidden = count > 0;
  }

  function clear() {
    text.value = "";
    addon.value = "0";
    attention.checked = false;
    marked = null;
    chips.forEach(function (chip) { chip.setAttribute("aria-pressed", "false"); });
  }

  function open(row, wanted) {
    row.more.hidden = !wanted;
    row.button.setAttribute("aria-expanded", String(wanted));
  }

  const told = rows.filter(function (row) { return row.more; });
  function areAllOpen() { return told.every(function (row) { return !row.more.hidden; }); }
  function nameAll() { byId("all").textContent = areAllOpen() ? "Hide all details" : "Show all details"; }

  told.forEach(function (row) {
    row.button.addEventListener("click", function () { open(row, row.more.hidden); nameAll(); });
  });
  byId("all").addEventListener("click", function () {
    const wanted = !areAllOpen();
    told.forEach(function (row) { open(row, wanted); });
    nameAll();
  });
  chips.forEach(function (chip) {
    chip.addEventListener("click", function () {
      chip.setAttribute("aria-pressed", String(chip.getAttribute("aria-pressed") !== "true"));
      filter();
    });
  });
  text.addEventListener("input", filter);
  addon.addEventListener("change", filter);
  attention.addEventListener("change", filter);
  all(".clear").forEach(function (button) {
    button.addEventListener("click", function () { clear(); filter(); });
  });
  marks.forEach(function (button) {
    button.addEventListener("click", function () {
      clear();
      marked = button;
      filter();
      byId("clusters").scrollIntoView();
      byId("scroll").focus({ preventScroll: true });
    });
  });

  // Without this script everything is open, and nothing filters.
  told.forEach(function (row) { row.button.hidden = false; open(row, told.length <= 3); });
  marks.forEach(function (button) { button.hidden = false; });
  byId("filters").hidden = byId("status").hidden = rows.length < 2;
  byId("all").hidden = !told.length;
  nameAll();
  filter();
  // The head of the table sticks below the filters, however many lines these take.
  new ResizeObserver(function () {
    const height = getComputedStyle(tools).position === "sticky" ? tools.offsetHeight : 0;
    document.documentElement.style.setProperty("--tools", height + "px");
  }).observe(document.body);
})();
"""
