// SPDX-License-Identifier: MIT
// The parts of a profile's page that move: the flame graph, the callers and callees of a function, the table of sites.
// Reads the data from the page. Text from profiles goes through textContent only.
"use strict";
(() => {
  const data = JSON.parse(document.getElementById("profile-data").textContent);
  const at = (id) => document.getElementById(id);
  const parts = typeof flameGraphParts === "undefined" ? null : flameGraphParts;

  function scaled(value, step, units) {
    let unit = 0;
    while (Math.abs(value) >= step * 0.9995 && unit + 1 < units.length) {
      value /= step;
      ++unit;
    }
    const digits = unit === 0 && Number.isInteger(value) ? 0 : Math.abs(value) >= 100 ? 0 : Math.abs(value) >= 10 ? 1 : 2;
    return value.toFixed(digits) + units[unit];
  }
  const bytes = (value) => scaled(value, 1024, [" B", " KiB", " MiB", " GiB", " TiB"]);
  const count = (value) => scaled(value, 1000, ["", " k", " M", " G"]);
  const percent = (part, whole) => (whole > 0 ? `${(100 * part / whole).toFixed(1)} %` : "–");
  const duration = (value) => scaled(value, 1000, [" µs", " ms", " s"]);
  const amount = (view, value) => (view.unit === "microseconds" ? duration(value) : view.unit === "bytes" ? bytes(value) : `${bytes(value)}·s`);
  const seconds = (value) => (value === null ? "–" : value < 1 ? `${(value * 1000).toFixed(2)} ms` : `${value.toFixed(2)} s`);
  const name = (frame) => data.frames[frame].name;
  const words = (frame) => name(frame) + (data.frames[frame].place ? ` at ${data.frames[frame].place}` : "");

  const view = () => data.views[at("view").value];
  // Of a stack in a comparison the larger side, so that what is gone can be seen.
  const width = (stack) => (stack.before === undefined ? stack.bytes : Math.max(stack.bytes, stack.before));
  const change = (stack) => (stack.before === undefined ? 0 : stack.bytes - stack.before);

  function treeOf(shown, bottomUp) {
    const root = { name: "all", value: 0, delta: 0, children: new Map() };
    for (const stack of shown.stacks) {
      let node = root;
      const add = (one) => {
        one.value += width(stack);
        one.delta += change(stack);
      };
      add(node);
      for (const frame of bottomUp ? [...stack.frames].reverse() : stack.frames) {
        // Other lines of the same function are no other function.
        const key = name(frame);
        if (!node.children.has(key)) {
          node.children.set(key, { name: key, object: data.frames[frame].object, place: data.frames[frame].place, value: 0, delta: 0, children: new Map() });
        }
        node = node.children.get(key);
        add(node);
      }
    }
    const finish = (node) => {
      node.children = [...node.children.values()];
      node.children.forEach(finish);
    };
    finish(root);
    return root;
  }

  function hash(text) {
    let value = 7;
    for (let place = 0; place < text.length; ++place) {
      value = (value * 31 + text.charCodeAt(place)) >>> 0;
    }
    return value;
  }
  // All light enough for black letters.
  function colour(node) {
    if (node.highlight) {
      return "#f08cf0";
    }
    if (data.compares) {
      const share = node.data.value > 0 ? Math.max(-1, Math.min(1, node.data.delta / node.data.value)) : 0;
      const light = 92 - 25 * Math.abs(share);
      return share === 0 ? "hsl(0, 0%, 90%)" : `hsl(${share > 0 ? 5 : 215}, 85%, ${light}%)`;
    }
    if (node.depth === 0) {
      return "hsl(0, 0%, 85%)";
    }
    return `hsl(${(hash(node.data.object || "") + hash(node.data.name) % 30) % 360}, 70%, ${72 + hash(node.data.name) % 14}%)`;
  }

  let chart = null;
  function drawFlames() {
    const place = at("flames");
    place.replaceChildren();
    if (parts === null) {
      return;
    }
    const shown = view();
    const tree = treeOf(shown, at("direction").value === "bottom-up");
    const describe = (node) => `${node.data.name}${node.data.place ? ` at ${node.data.place}` : ""}: ${amount(shown, node.data.value)}, ` +
      percent(node.data.value, tree.value) + (data.compares ? `, change ${node.data.delta < 0 ? "-" : "+"}${amount(shown, Math.abs(node.data.delta))}` : "");
    const leftHeavy = at("order").value === "left-heavy";
    chart = parts.flamegraph().width(Math.max(place.clientWidth, 200)).cellHeight(20).transitionDuration(0).minFrameSize(1)
      .inverted(true).sort((one, other) => (leftHeavy ? other.value - one.value : one.data.name < other.data.name ? -1 : 1))
      .setColorMapper(colour).setLabelHandler(describe)
      .setDetailsElement(at("flame-details"))
      .setSearchHandler((found, sum) => { at("flame-found").textContent = `${found.length} ${found.length === 1 ? "frame" : "frames"}, ${percent(sum, tree.value)} of ${amount(shown, tree.value)}`; })
      .onClick((node) => { if (node.depth > 0) { showFunction(node.data.name); } });
    parts.select(place).datum(tree).call(chart);
    search();
  }
  function search() {
    const wanted = at("flame-search").value;
    at("flame-found").textContent = "";
    if (chart === null) {
      return;
    }
    if (wanted === "") {
      chart.clear();
      return;
    }
    let pattern = wanted;
    try {
      new RegExp(wanted);
    } catch {
      pattern = wanted.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&");
    }
    chart.search(pattern);
  }

  function row(cells) {
    const line = document.createElement("tr");
    cells.forEach((text, index) => {
      const cell = document.createElement(index === 0 ? "th" : "td");
      if (index === 0) {
        cell.scope = "row";
      }
      if (text instanceof Node) {
        cell.append(text);
      } else {
        cell.textContent = text;
      }
      line.append(cell);
    });
    return line;
  }
  function functionButton(text, target) {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "function";
    button.textContent = text;
    button.addEventListener("click", () => {
      showFunction(target);
      at("function").scrollIntoView();
    });
    return button;
  }

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
  at("flame-search").addEventListener("input", search);
  at("flame-reset").addEventListener("click", () => {
    at("flame-search").value = "";
    drawFlames();
  });
  let known = innerWidth;
  addEventListener("resize", () => {
    if (innerWidth !== known) {
      known = innerWidth;
      drawFlames();
    }
  });
  drawAll();
})();
