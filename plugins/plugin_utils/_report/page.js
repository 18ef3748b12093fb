/*
 * SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: The huaweicloud.cce contributors
 *
 * The script of the HTML report. It makes nothing from text: it shows, hides and repeats what is in the page already.
 */

"use strict";
(() => {
  const all = (selector) => Array.from(document.querySelectorAll(selector));
  const byId = (id) => document.getElementById(id);

  all("[data-as]").forEach((element) => {
    element.textContent = byId(element.dataset.as).textContent;
  });

  const rows = all(".matrix tbody").map((body) => ({
    body: body,
    more: body.rows[1] || null,
    button: body.querySelector(".open"),
    addons: Array.from(body.rows[0].cells)
      .slice(1)
      .map((cell) => (cell.className === "none" ? cell.textContent : cell.className)),
    marks: body.dataset.marks.split(" "),
  }));
  const chips = all(".states .chip");
  const marks = all("[data-mark]");
  const text = byId("text");
  const addon = byId("addon");
  const attention = byId("attention");
  const tools = document.querySelector(".tools");
  let marked = null;

  // Everything that can be searched in a cluster, gathered when it is searched for the first time.
  function textOf(row) {
    row.text = row.text || (row.body.dataset.id + " " + row.body.textContent).toLowerCase();
    return row.text;
  }

  const isPressed = (chip) => chip.getAttribute("aria-pressed") === "true";
  const pressed = (kind) => chips.filter((chip) => chip.dataset.kind === kind && isPressed(chip));
  const hasState = (chosen, state) => chosen.some((chip) => chip.dataset.state === state);
  const wordOf = (chip) => chip.dataset.state.replace(/_/g, " ");

  function filter() {
    const words = text.value.toLowerCase().split(/\s+/).filter(Boolean);
    const column = Number(addon.value) - 1;
    const clusters = pressed("clusters");
    const addons = pressed("addons");
    let count = 0;
    rows.forEach((row) => {
      const states = column < 0 ? row.addons : [row.addons[column]];
      const fits =
        (!attention.checked || "attention" in row.body.dataset) &&
        (!marked || row.marks.includes(marked.dataset.mark)) &&
        (column < 0 || row.addons[column] !== "") &&
        (!clusters.length || hasState(clusters, row.body.dataset.state)) &&
        (!addons.length || states.some((state) => hasState(addons, state))) &&
        words.every((word) => textOf(row).includes(word));
      if (row.body.hidden === fits) {
        row.body.hidden = !fits;
      }
      count += fits ? 1 : 0;
    });
    tell(count, [
      ...clusters.map(wordOf),
      ...addons.map((chip) => "add-on " + wordOf(chip)),
      ...(marked ? [marked.dataset.told] : []),
      ...(column < 0 ? [] : [addon.options[addon.selectedIndex].text]),
      ...(attention.checked ? ["what needs attention"] : []),
      ...(words.length ? ["\u201c" + text.value.trim() + "\u201d"] : []),
    ]);
  }

  // Tell how many clusters are shown, and why only these.
  function tell(count, only) {
    const shown = count.toLocaleString("en") + " of " + rows.length.toLocaleString("en") + " shown";
    byId("shown").textContent = shown + (only.length ? " \u00b7 only: " + only.join(", ") : "");
    byId("status").classList.toggle("filtered", only.length > 0);
    byId("clear").hidden = !only.length;
    byId("nothing").hidden = count > 0;
  }

  function clear() {
    text.value = "";
    addon.value = "0";
    attention.checked = false;
    marked = null;
    chips.forEach((chip) => chip.setAttribute("aria-pressed", "false"));
  }

  function open(row, wanted) {
    row.more.hidden = !wanted;
    row.button.setAttribute("aria-expanded", String(wanted));
  }

  const told = rows.filter((row) => row.more);
  const areAllOpen = () => told.every((row) => !row.more.hidden);

  function nameAll() {
    byId("all").textContent = areAllOpen() ? "Hide all details" : "Show all details";
  }

  told.forEach((row) => {
    row.button.addEventListener("click", () => {
      open(row, row.more.hidden);
      nameAll();
    });
  });
  byId("all").addEventListener("click", () => {
    const wanted = !areAllOpen();
    told.forEach((row) => open(row, wanted));
    nameAll();
  });
  chips.forEach((chip) => {
    chip.addEventListener("click", () => {
      chip.setAttribute("aria-pressed", String(!isPressed(chip)));
      filter();
    });
  });
  text.addEventListener("input", filter);
  addon.addEventListener("change", filter);
  attention.addEventListener("change", filter);
  all(".clear").forEach((button) => {
    button.addEventListener("click", () => {
      clear();
      filter();
    });
  });
  marks.forEach((button) => {
    button.addEventListener("click", () => {
      clear();
      marked = button;
      filter();
      byId("clusters").scrollIntoView();
      byId("scroll").focus({ preventScroll: true });
    });
  });

  // Without this script everything is open, and nothing filters.
  told.forEach((row) => {
    row.button.hidden = false;
    open(row, told.length <= 3);
  });
  marks.forEach((button) => {
    button.hidden = false;
  });
  byId("filters").hidden = byId("status").hidden = rows.length < 2;
  byId("all").hidden = !told.length;
  nameAll();
  filter();

  // The head of the table sticks below the filters, however many lines these take.
  new ResizeObserver(() => {
    const height = getComputedStyle(tools).position === "sticky" ? tools.offsetHeight : 0;
    document.documentElement.style.setProperty("--tools", height + "px");
  }).observe(document.body);
})();
