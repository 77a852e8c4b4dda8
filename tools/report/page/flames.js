// SPDX-License-Identifier: MIT
// Shared by the scripts of a profile's page: data, amounts for people, and flame graphs. Text from profiles is set
// through textContent only.
"use strict";
const ashlarPage = (() => {
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
  const nanoseconds = (value) => scaled(value, 1000, [" ns", " µs", " ms", " s"]);
  const percent = (part, whole) => (whole > 0 ? `${(100 * part / whole).toFixed(1)} %` : "–");
  const name = (frame) => data.frames[frame].name;
  const words = (frame) => name(frame) + (data.frames[frame].place ? ` at ${data.frames[frame].place}` : "");

  // Returns a table row of texts or elements.
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
  function textButton(text, click) {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "function";
    button.textContent = text;
    button.addEventListener("click", click);
    return button;
  }

  // `value` and `change` are functions of a stack.
  function treeOf(stacks, bottomUp, value, change) {
    const root = { name: "all", value: 0, delta: 0, children: new Map() };
    for (const stack of stacks) {
      let node = root;
      const add = (one) => {
        one.value += value(stack);
        one.delta += change(stack);
      };
      add(node);
      for (const frame of bottomUp ? [...stack.frames].reverse() : stack.frames) {
        // Different lines of a function are one node.
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
  // Returns a colour light enough for black letters.
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

  // Creates a flame graph in the elements PREFIXflames, PREFIXflame-details, PREFIXflame-found and PREFIXflame-search.
  function flames(prefix, click) {
    let chart = null;
    function search() {
      const wanted = at(`${prefix}flame-search`).value;
      at(`${prefix}flame-found`).textContent = "";
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
    function draw(tree, leftHeavy, amount) {
      const place = at(`${prefix}flames`);
      place.replaceChildren();
      if (parts === null) {
        return;
      }
      const describe = (node) => `${node.data.name}${node.data.place ? ` at ${node.data.place}` : ""}: ${amount(node.data.value)}, ` +
        percent(node.data.value, tree.value) + (data.compares ? `, change ${node.data.delta < 0 ? "-" : "+"}${amount(Math.abs(node.data.delta))}` : "");
      chart = parts.flamegraph().width(Math.max(place.clientWidth, 200)).cellHeight(20).transitionDuration(0).minFrameSize(1)
        .inverted(true).sort((one, other) => (leftHeavy ? other.value - one.value : one.data.name < other.data.name ? -1 : 1))
        .setColorMapper(colour).setLabelHandler(describe)
        .setDetailsElement(at(`${prefix}flame-details`))
        .setSearchHandler((found, sum) => { at(`${prefix}flame-found`).textContent = `${found.length} ${found.length === 1 ? "frame" : "frames"}, ${percent(sum, tree.value)} of ${amount(tree.value)}`; })
        .onClick((node) => { if (node.depth > 0) { click(node.data.name); } });
      parts.select(place).datum(tree).call(chart);
      search();
    }
    at(`${prefix}flame-search`).addEventListener("input", search);
    return draw;
  }

  let known = innerWidth;
  function onNewWidth(draw) {
    addEventListener("resize", () => {
      if (innerWidth !== known) {
        setTimeout(() => { known = innerWidth; });
        draw();
      }
    });
  }
  return { data, at, scaled, bytes, nanoseconds, percent, name, words, row, textButton, treeOf, flames, onNewWidth };
})();
