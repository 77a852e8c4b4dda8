// SPDX-License-Identifier: MIT
// The dynamic parts of a profile's page: the flame graph, a function's callers and callees, and the table of sites.
"use strict";
(() => {
  const { data, at, scaled, bytes, percent, name, words, row, textButton, treeOf, flames, onNewWidth } = ashlarPage;
  if (at("view") === null) {
    return; // a page with locks only
  }
  const count = (value) => scaled(value, 1000, ["", " k", " M", " G"]);
  const duration = (value) => scaled(value, 1000, [" µs", " ms", " s"]);
  const amount = (view, value) => (view.unit === "microseconds" ? duration(value) : view.unit === "bytes" ? bytes(value) : `${bytes(value)}·s`);
  const seconds = (value) => (value === null ? "–" : value < 1 ? `${(value * 1000).toFixed(2)} ms` : `${value.toFixed(2)} s`);

  const view = () => data.views[at("view").value];
  // In a comparison, the larger side's width, so that removed stacks are visible.
  const width = (stack) => (stack.before === undefined ? stack.bytes : Math.max(stack.bytes, stack.before));
  const change = (stack) => (stack.before === undefined ? 0 : stack.bytes - stack.before);

  const draw = flames("", showFunction);
  function drawFlames() {
    const shown = view();
    draw(treeOf(shown.stacks, at("direction").value === "bottom-up", width, change), at("order").value === "left-heavy",
      (value) => amount(shown, value));
  }

  const functionButton = (text, target) => textButton(text, () => {
    showFunction(target);
    at("function").scrollIntoView();
  });

  function showFunction(target) {
    const shown = view();
    const callers = new Map();
    const callees = new Map();
    let total = 0;
    let self = 0;
    const add = (map, key, value) => map.set(key, (map.get(key) || 0) + value);
    for (const stack of shown.stacks) {
      const place = stack.frames.findIndex((frame) => name(frame) === target);
      if (place >= 0) {
        const value = stack.bytes;
        total += value;
        add(callers, place === 0 ? "" : name(stack.frames[place - 1]), value);
        if (place + 1 < stack.frames.length) {
          add(callees, name(stack.frames[place + 1]), value);
        } else {
          self += value;
        }
      }
    }
    const all = shown.stacks.reduce((sum, stack) => sum + stack.bytes, 0);
    at("function-name").textContent = `${target}: ${amount(shown, total)}, ${percent(total, all)} of what was ${shown.sentence}; ${amount(shown, self)} by itself`;
    const fill = (id, map) => at(id).replaceChildren(...[...map].sort((one, other) => other[1] - one[1]).map(([other, value]) =>
      row([other === "" ? "nobody: it is the first" : functionButton(other, other), amount(shown, value), percent(value, total)])));
    fill("callers", callers);
    fill("callees", callees);
    at("function-tables").hidden = false;
  }

  let order = { column: 1, down: true };
  function drawSites() {
    const shown = view();
    const all = shown.sites.reduce((sum, site) => sum + site.bytes, 0);
    const value = [(site) => words(site.frame), (site) => site.bytes, (site) => site.bytes, (site) => site.blocks,
      (site) => site.age ?? -1, (site) => site.bytes - (site.before ?? site.bytes)][order.column];
    const sorted = [...shown.sites].sort((one, other) => {
      const [first, second] = [value(one), value(other)];
      return (first < second ? -1 : first > second ? 1 : 0) * (order.down ? -1 : 1);
    });
    const most = 500;
    at("site-rows").replaceChildren(...sorted.slice(0, most).map((site) => {
      const half = site.error > 0 ? ` ± ${amount(shown, site.error)}` : "";
      const cells = [functionButton(words(site.frame), name(site.frame)), amount(shown, site.bytes) + half, percent(site.bytes, all), count(site.blocks), seconds(site.age)];
      if (data.compares) {
        const difference = site.bytes - site.before;
        cells.push((difference < 0 ? "-" : "+") + amount(shown, Math.abs(difference)));
      }
      return row(cells);
    }));
    at("site-count").textContent = sorted.length > most ? `The first ${most} of ${sorted.length} places.` : sorted.length === 0 ? "Nothing." : "";
    const isTime = shown.unit === "microseconds";
    document.querySelectorAll("#site-table thead button").forEach((button, column) => {
      button.textContent = column === 1 ? (isTime ? "CPU time" : "bytes") : column === 3 ? (isTime ? "samples" : "blocks") : button.textContent;
    });
    document.querySelectorAll("#site-table thead th").forEach((head, column) => {
      head.setAttribute("aria-sort", column === order.column ? (order.down ? "descending" : "ascending") : "none");
    });
  }
  document.querySelectorAll("#site-table thead button").forEach((button, column) => {
    button.addEventListener("click", () => {
      order = { column, down: order.column === column ? !order.down : column !== 0 };
      drawSites();
    });
  });

  function drawAll() {
    at("view-words").textContent = `What was ${view().sentence}: ${amount(view(), view().stacks.reduce((sum, stack) => sum + stack.bytes, 0))}.`;
    at("function-tables").hidden = true;
    at("function-name").textContent = "Choose a function in the flame graph or the table.";
    drawFlames();
    drawSites();
  }
  at("view").addEventListener("change", drawAll);
  at("direction").addEventListener("change", drawFlames);
  at("order").addEventListener("change", drawFlames);
  at("flame-reset").addEventListener("click", () => {
    at("flame-search").value = "";
    drawFlames();
  });
  onNewWidth(drawFlames);
  drawAll();
})();
