# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The huaweicloud.cce contributors

# Private to the collection: it may change in any release. Do not import it from outside.
"""The style and the script of the HTML report. They hold nothing of a report, so their digests are fixed."""

from __future__ import annotations

# Colour never stands alone: each state has its sign and its word as well.
STYLE = """
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
body {
  margin: 0; padding: 1.25rem clamp(.75rem, 2.5vw, 2.5rem) 3rem; background: var(--page); color: var(--text);
  font: 15px/1.45 system-ui, -apple-system, "Segoe UI", Roboto, "DejaVu Sans", sans-serif;
}
h1 { font-size: 1.5rem; margin: 0 0 .15rem; overflow-wrap: anywhere; }
h2 { font-size: 1.1rem; margin: 1.8rem 0 .5rem; }
h3 { font-size: .95rem; margin: 0 0 .3rem; }
.made { color: var(--soft); margin: 0; }
.headline {
  display: flex; gap: .7rem; align-items: center; margin: 1rem 0; padding: .8rem 1rem; border-radius: .6rem;
  font-size: 1.15rem; font-weight: 650; border: 1px solid; border-left-width: .5rem;
}
.headline b { font-size: 1.5rem; line-height: 1; }
.counts { display: grid; grid-template-columns: auto 1fr; gap: .5rem 1rem; align-items: center; margin: 1rem 0; }
.counts dt { font-weight: 650; white-space: nowrap; }
.counts dd { margin: 0; display: flex; flex-wrap: wrap; gap: .35rem; }
.bar { grid-column: 1 / -1; width: 100%; height: .7rem; border-radius: .35rem; display: block; }
.bar rect { stroke: var(--page); stroke-width: 1px; vector-effect: non-scaling-stroke; }
.chip {
  display: inline-block; font: inherit; font-size: .88rem; padding: .12rem .6rem; border: 1px solid;
  border-radius: 1rem; white-space: nowrap;
}
button { font: inherit; cursor: pointer; }
button.chip[aria-pressed="true"] { outline: 2px solid currentColor; outline-offset: 1px; font-weight: 700; }
:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; }
.failed, .rolled_back, .fatal, .blocked { color: var(--bad); background: var(--bad-fill); fill: var(--bad); }
.unknown, .pending { color: var(--unsure); background: var(--unsure-fill); fill: var(--unsure); }
.warning { color: var(--warn); background: var(--warn-fill); fill: #d9b400; }
.passed, .upgraded { color: var(--good); background: var(--good-fill); fill: #2f9e58; }
.not_reached, .nothing_to_do { color: var(--idle); background: var(--idle-fill); fill: #8a94a0; }
.filters {
  display: flex; flex-wrap: wrap; gap: .6rem 1rem; align-items: end; padding: .8rem 1rem; margin: 1rem 0;
  background: var(--card); border: 1px solid var(--line); border-radius: .6rem;
}
.filters label { display: grid; gap: .15rem; font-size: .85rem; color: var(--soft); }
.filters input[type="search"], .filters select, .plain {
  font: inherit; color: var(--text); background: var(--page); border: 1px solid var(--line); border-radius: .4rem;
  padding: .35rem .6rem; min-height: 2.3rem; max-width: 100%;
}
.filters input[type="search"] { width: 19rem; }
.filters .plain { display: flex; gap: .5rem; align-items: center; white-space: nowrap; }
.filters output { margin-left: auto; font-weight: 650; align-self: center; }
.matrix {
  display: block; border: 1px solid var(--line); border-radius: .6rem; background: var(--card);
  min-width: calc(11rem + var(--addons) * 5.4rem);
}
.matrix tbody, .matrix thead { display: block; }
.matrix thead { position: sticky; top: 0; z-index: 2; background: var(--card); border-bottom: 2px solid var(--line); }
.matrix tbody { border-top: 1px solid var(--line); content-visibility: auto; contain-intrinsic-size: auto 3.6rem; }
.matrix tr { display: grid; grid-template-columns: minmax(11rem, 1.6fr) repeat(var(--addons), minmax(5.3rem, 1fr)); }
.matrix th, .matrix td { padding: .4rem .55rem; text-align: left; font-weight: 400; overflow-wrap: anywhere; }
.matrix thead th { font-weight: 650; font-size: .88rem; }
.matrix td { border-left: 1px solid var(--line); font-size: .84rem; }
.matrix td > b, .matrix th > b { display: block; }
.matrix td small, .matrix th small { display: block; font-size: .8rem; }
.matrix tbody th { font-size: .84rem; }
.matrix tbody th b { font-size: .95rem; }
.matrix th small { color: var(--soft); margin-top: .15rem; }
.matrix .chip { padding: 0 .5rem; font-size: .84rem; }
.matrix .more td { grid-column: 1 / -1; border-left: 0; padding: .2rem .8rem .9rem 1.6rem; font-size: .92rem; }
.open {
  background: none; border: 0; padding: .1rem 0; color: var(--accent); font-size: .84rem; text-decoration: underline;
}
.finding { border-left: .3rem solid var(--line); padding: .1rem 0 .1rem .8rem; margin: .7rem 0; }
.finding p { margin: .25rem 0; max-width: 62rem; }
.reason { white-space: pre-wrap; overflow-wrap: anywhere; }
.took { white-space: nowrap; }
.level { font-size: .8rem; margin-right: .3rem; }
pre {
  margin: .35rem 0; padding: .5rem .7rem; max-width: 62rem; background: var(--page); color: var(--text);
  border: 1px solid var(--line); border-radius: .4rem; white-space: pre-wrap; overflow-wrap: anywhere;
  font: .84rem/1.45 ui-monospace, "Cascadia Mono", Menlo, "DejaVu Sans Mono", monospace;
}
.risks { border-collapse: collapse; width: 100%; background: var(--card); border: 1px solid var(--line); }
.risks th, .risks td { text-align: left; padding: .45rem .6rem; border-top: 1px solid var(--line); }
.risks td { overflow-wrap: anywhere; vertical-align: top; }
.risks th { font-size: .85rem; color: var(--soft); font-weight: 600; }
.risks td:not(:last-child) { white-space: nowrap; }
.nothing { padding: 1rem; color: var(--soft); }
[hidden] { display: none !important; }
.unscripted { display: none; }
@media (max-width: 760px) {
  .counts { grid-template-columns: 1fr; }
  .filters { display: grid; }
  .filters input[type="search"] { width: 100%; }
  .filters output { margin: 0; }
  .matrix { border: 0; background: none; min-width: 0; }
  .matrix thead { position: absolute; clip-path: inset(50%); width: 1px; height: 1px; overflow: hidden; }
  .matrix tbody {
    margin: 0 0 .8rem; border: 1px solid var(--line); border-radius: .6rem; overflow: hidden; background: var(--card);
    contain-intrinsic-size: auto 22rem;
  }
  .matrix tr { display: block; }
  .matrix td { display: grid; grid-template-columns: 8.5rem 1fr; border-left: 0; border-top: 1px solid var(--line); }
  .matrix td::before { content: attr(data-addon); grid-row: 1 / span 2; color: var(--text); font-weight: 600; }
  .matrix td:empty { display: none; }
  .matrix td > * { grid-column: 2; }
  .matrix .more td { display: block; padding: .5rem .7rem; }
  .risks, .risks tbody, .risks tr, .risks td { display: block; width: 100%; }
  .risks thead { display: none; }
  .risks td, .risks td:not(:last-child) { border-top: 0; padding: .15rem .6rem; white-space: normal; }
  .risks tr { border-top: 1px solid var(--line); padding: .4rem 0; display: block; }
}
@media print {
  :root {
    --page: #fff; --card: #fff; --text: #000; --soft: #333; --line: #999; --bad: #900; --bad-fill: #fff;
    --unsure: #630; --unsure-fill: #fff; --warn: #540; --warn-fill: #fff; --good: #040; --good-fill: #fff;
    --idle: #333; --idle-fill: #fff;
  }
  html { font-size: 10px; }
  body { font-size: 1rem; padding: 0; }
  .filters, .open, .risks button { display: none; }
  .matrix { min-width: 0; }
  .matrix thead { position: static; }
  .matrix tbody { content-visibility: visible; break-inside: avoid; }
  .matrix tr { grid-template-columns: minmax(6rem, 1.4fr) repeat(var(--addons), minmax(0, 1fr)); }
  .matrix th, .matrix td { padding: .2rem .3rem; }
  .matrix tbody:not([hidden]) .more[hidden] { display: grid !important; }
}
"""

# Nothing is made from text here: the script only shows and hides what is in the page already.
SCRIPT = """
"use strict";
(function () {
  const rows = Array.from(document.querySelectorAll(".matrix tbody")).map(function (body) {
    const cluster = body.rows[0];
    return {
      body: body,
      more: body.rows[1] || null,
      button: body.querySelector(".open"),
      states: [body.dataset.state].concat(Array.from(cluster.cells).slice(1).map(function (cell) {
        return cell.className;
      })),
      text: (body.dataset.id + " " + body.textContent).toLowerCase()
    };
  });
  const chips = Array.from(document.querySelectorAll("button.chip"));
  const text = document.getElementById("text");
  const addon = document.getElementById("addon");
  const attention = document.getElementById("attention");
  const shown = document.getElementById("shown");
  const nothing = document.getElementById("nothing");

  function toggle(row, open) {
    if (row.more) {
      row.more.hidden = !open;
      row.button.setAttribute("aria-expanded", String(open));
      row.button.textContent = open ? "less" : "details";
    }
  }

  function filter() {
    const words = text.value.toLowerCase().split(/\\s+/).filter(Boolean);
    const column = Number(addon.value);
    const wanted = { clusters: new Set(), addons: new Set() };
    chips.forEach(function (chip) {
      if (chip.getAttribute("aria-pressed") === "true") { wanted[chip.dataset.kind].add(chip.dataset.state); }
    });
    let count = 0;
    rows.forEach(function (row) {
      const addons = column ? [row.states[column]] : row.states.slice(1);
      const fits = (!attention.checked || row.body.dataset.ok === "false")
        && (!column || row.states[column] !== "")
        && (!wanted.clusters.size || wanted.clusters.has(row.states[0]))
        && (!wanted.addons.size || addons.some(function (state) { return wanted.addons.has(state); }))
        && words.every(function (word) { return row.text.includes(word); });
      if (row.body.hidden === fits) { row.body.hidden = !fits; }
      count += fits ? 1 : 0;
    });
    shown.textContent = count + " of " + rows.length + " shown";
    nothing.hidden = count > 0;
  }

  chips.forEach(function (chip) {
    chip.addEventListener("click", function () {
      chip.setAttribute("aria-pressed", String(chip.getAttribute("aria-pressed") !== "true"));
      filter();
    });
  });
  text.addEventListener("input", filter);
  addon.addEventListener("change", filter);
  attention.addEventListener("change", filter);
  rows.forEach(function (row) {
    if (row.button) {
      row.button.addEventListener("click", function () { toggle(row, row.more.hidden); });
    }
  });
  document.querySelectorAll("button[data-find]").forEach(function (button) {
    button.addEventListener("click", function () {
      text.value = button.dataset.find;
      filter();
      document.getElementById("matrix").scrollIntoView();
    });
  });
  document.getElementById("reset").addEventListener("click", function () {
    text.value = "";
    addon.value = "0";
    attention.checked = false;
    chips.forEach(function (chip) { chip.setAttribute("aria-pressed", "false"); });
    filter();
  });
  document.getElementById("all").addEventListener("click", function (event) {
    const open = event.target.getAttribute("aria-pressed") !== "true";
    event.target.setAttribute("aria-pressed", String(open));
    event.target.textContent = open ? "Hide all details" : "Show all details";
    rows.forEach(function (row) { toggle(row, open); });
  });

  const told = rows.filter(function (row) { return row.more; });
  // Without this script everything is open and nothing filters.
  told.forEach(function (row) { row.button.hidden = false; toggle(row, told.length <= 3); });
  document.getElementById("filters").hidden = false;
  chips.forEach(function (chip) { chip.disabled = false; });
  document.querySelectorAll("button[data-find]").forEach(function (button) { button.hidden = false; });
  filter();
})();
"""
