// SPDX-License-Identifier: MIT
// The dynamic parts of a page about locks: the timeline of waits, the table of the longest waits, and flame graphs. The
// flame graphs show waits, holds, and stacks that kept others waiting.
"use strict";
(() => {
  const { data, at, bytes, nanoseconds, words, row, textButton, treeOf, flames, onNewWidth } = ashlarPage;
  const locks = data.locks;
  if (locks === undefined) {
    return;
  }
  const seconds = (value) => nanoseconds(value * 1e9);
  const thread = (index) => (index < 0 ? "unknown" : locks.threads[index]);
  const slot = (lock) => (lock < 8 ? lock + 1 : 0);

  // A wait is { lock, thread, holder, begin, seconds, acquired, frame }. Threads are indices, -1 for none.
  const waits = locks.waits;
  function describe(wait) {
    const holder = wait.holder < 0 ? "" : ` Held by ${thread(wait.holder)}${wait.acquired === "" ? "" : `, which acquired it in ${wait.acquired}`}.`;
    const place = wait.frame === undefined ? "" : ` in ${words(wait.frame)}`;
    return `${thread(wait.thread)} waited ${seconds(wait.seconds)} for ${locks.names[wait.lock]}${place}, from ${wait.begin.toFixed(4)} s on.${holder}`;
  }

  const kMostRows = 40;
  const span = { from: 0, to: Math.max(locks.seconds, 1e-6) };
  let chosen = null;
  let rows = []; // threads
  let left = 0; // threads without a row
  function chooseRows() {
    const total = new Map();
    const add = (index, value) => { if (index >= 0) { total.set(index, (total.get(index) || 0) + value); } };
    for (const wait of waits) {
      add(wait.thread, wait.seconds);
      add(wait.holder, wait.seconds);
    }
    const all = [...total].sort((one, other) => other[1] - one[1]).map(([index]) => index);
    rows = all.slice(0, kMostRows).sort((one, other) => one - other);
    left = all.length - rows.length;
  }

  const kSvg = "http://www.w3.org/2000/svg";
  function element(kind, attributes, text) {
    const made = document.createElementNS(kSvg, kind);
    for (const [key, value] of Object.entries(attributes)) {
      made.setAttribute(key, value);
    }
    if (text !== undefined) {
      made.textContent = text;
    }
    return made;
  }
  const kRow = 22;
  const kAxis = 30;
  const kMemory = 56;

  function ticks(from, to, most) {
    const rough = (to - from) / Math.max(most, 1);
    const power = 10 ** Math.floor(Math.log10(rough));
    const step = [1, 2, 5, 10].map((factor) => factor * power).find((each) => each >= rough);
    const all = [];
    for (let tick = Math.ceil(from / step) * step; tick <= to + step * 1e-6; tick += step) {
      all.push(tick);
    }
    return { all, digits: Math.max(0, -Math.floor(Math.log10(step))) };
  }

  function drawTimeline() {
    const place = at("lock-timeline");
    const width = Math.max(place.clientWidth, 260);
    const labels = width < 600 ? 104 : 180;
    const letters = Math.floor((labels - 10) / 7.6);
    const right = 18;
    const memory = locks.memory === undefined ? 0 : kMemory;
    const height = memory + rows.length * kRow + kAxis;
    const x = (moment) => labels + (width - labels - right) * (moment - span.from) / (span.to - span.from);
    const top = (index) => memory + rows.indexOf(index) * kRow;
    const svg = element("svg", { width, height, viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": "Waits of threads over time" });
    const cut = (text) => (text.length > letters ? `${text.slice(0, letters - 1)}…` : text);
    const label = (text, y, kind) => {
      const made = element("text", { x: 0, y, class: kind }, cut(text));
      made.append(element("title", {}, text));
      svg.append(made);
    };
    const marks = ticks(span.from, span.to, (width - labels) / 90);
    for (const tick of marks.all) {
      svg.append(element("line", { x1: x(tick), x2: x(tick), y1: 0, y2: height - kAxis, class: "grid" }));
      svg.append(element("text", { x: x(tick), y: height - 10, "text-anchor": x(tick) > width - 40 ? "end" : "middle", class: "tick" }, `${tick.toFixed(marks.digits)} s`));
    }
    if (memory > 0) {
      drawMemory(svg, x, label);
    }
    for (const index of rows) {
      label(thread(index), top(index) + 15, "name");
      svg.append(element("line", { x1: labels, x2: width - right, y1: top(index) + kRow, y2: top(index) + kRow, class: "grid" }));
    }
    // A wait narrower than a pixel also represents the waits that follow inside it.
    const drawn = new Map();
    let shown = 0;
    for (const wait of waits) {
      if (wait.begin > span.to || wait.begin + wait.seconds < span.from || !rows.includes(wait.thread)) {
        continue;
      }
      ++shown;
      const begin = Math.max(x(wait.begin), labels);
      const end = Math.min(x(wait.begin + wait.seconds), width - right);
      if (drawn.get(wait.thread) >= end && wait !== chosen) {
        continue;
      }
      drawn.set(wait.thread, Math.max(end, begin + 1));
      const bar = element("rect", { x: begin, y: top(wait.thread) + 4, width: Math.max(end - begin, 1), height: kRow - 8, class: `mark wait c${slot(wait.lock)}` });
      bar.append(element("title", {}, describe(wait)));
      bar.addEventListener("click", () => choose(wait));
      svg.append(bar);
      if (rows.includes(wait.holder)) {
        svg.append(element("rect", { x: begin, y: top(wait.holder) + kRow - 4, width: Math.max(end - begin, 1), height: 3, class: `holds c${slot(wait.lock)}` }));
      }
    }
    if (chosen !== null && rows.includes(chosen.thread) && chosen.begin <= span.to && chosen.begin + chosen.seconds >= span.from) {
      const begin = Math.max(x(chosen.begin), labels);
      const end = Math.min(x(chosen.begin + chosen.seconds), width - right);
      svg.append(element("rect", { x: begin, y: top(chosen.thread) + 4, width: Math.max(end - begin, 1), height: kRow - 8, class: "chosen" }));
      if (rows.includes(chosen.holder)) {
        const middle = (begin + end) / 2;
        svg.append(element("line", { x1: middle, x2: middle, y1: top(chosen.thread) + kRow / 2, y2: top(chosen.holder) + kRow / 2, class: "arrow" }));
        svg.append(element("circle", { cx: middle, cy: top(chosen.holder) + kRow / 2, r: 4, class: "end" }));
      }
    }
    place.replaceChildren(svg);
    at("lock-count").textContent = `${shown} ${shown === 1 ? "wait" : "waits"} from ${span.from.toFixed(3)} to ${span.to.toFixed(3)} s` +
      (left > 0 ? `; ${left} threads that waited less have no row` : "") + (locks.left > 0 ? `; ${locks.left} shorter waits are left out` : "") + ".";
    at("lock-chosen").textContent = chosen === null ? "Choose a wait in the picture or in the table." : describe(chosen);
  }

  // Draws live bytes, from the samples, on the same axis.
  function drawMemory(svg, x, label) {
    const points = locks.memory;
    const most = Math.max(...points.map((point) => point[1]), 1);
    const y = (value) => 6 + (kMemory - 16) * (1 - value / most);
    const inside = points.filter(([moment]) => moment >= span.from && moment <= span.to);
    const before = points.filter(([moment]) => moment < span.from).pop();
    if (before !== undefined) {
      inside.unshift([span.from, before[1]]);
    }
    if (inside.length > 0) {
      const path = inside.map(([moment, value], index) => `${index === 0 ? "M" : "L"}${x(moment).toFixed(1)} ${y(value).toFixed(1)}`).join("");
      svg.append(element("path", { d: path, class: "path c1" }));
    }
    label("live memory", 20, "name");
    label(`up to ${bytes(most)}`, 38, "tick");
  }

  function choose(wait) {
    chosen = wait;
    drawTimeline();
  }
  function move(factor, shift) {
    const middle = (span.from + span.to) / 2 + shift * (span.to - span.from);
    const width = Math.min((span.to - span.from) * factor, Math.max(locks.seconds, 1e-6));
    span.from = Math.max(0, Math.min(middle - width / 2, Math.max(locks.seconds, 1e-6) - width));
    span.to = span.from + width;
    drawTimeline();
  }
  for (const [id, factor, shift] of [["lock-in", 0.5, 0], ["lock-out", 2, 0], ["lock-earlier", 1, -0.5], ["lock-later", 1, 0.5], ["lock-all", Infinity, 0]]) {
    at(id).addEventListener("click", () => move(factor, shift));
  }

  const kLongest = 15;
  at("lock-longest").replaceChildren(...[...waits].sort((one, other) => other.seconds - one.seconds).slice(0, kLongest).map((wait) =>
    row([textButton(thread(wait.thread), () => {
      span.from = Math.max(0, wait.begin - wait.seconds);
      span.to = Math.min(wait.begin + 2 * wait.seconds, Math.max(locks.seconds, 1e-6));
      choose(wait);
      at("lock-time").scrollIntoView();
    }), locks.names[wait.lock], seconds(wait.seconds), `${wait.begin.toFixed(4)} s`, thread(wait.holder)])));

  const draw = flames("lock-", (name) => {
    const shown = locks.views[at("lock-view").value];
    const total = shown.stacks.reduce((sum, stack) => sum + stack.time, 0);
    const part = shown.stacks.filter((stack) => stack.frames.some((frame) => data.frames[frame].name === name))
      .reduce((sum, stack) => sum + stack.time, 0);
    at("lock-frame").textContent = `${name}: ${nanoseconds(part)} of ${nanoseconds(total)}.`;
  });
  function drawFlames() {
    const shown = locks.views[at("lock-view").value];
    at("lock-view-words").textContent = shown.sentence;
    at("lock-frame").textContent = "";
    draw(treeOf(shown.stacks, at("lock-direction").value === "bottom-up", (stack) => stack.time, () => 0), true, nanoseconds);
  }
  at("lock-view").addEventListener("change", drawFlames);
  at("lock-direction").addEventListener("change", drawFlames);
  at("lock-flame-reset").addEventListener("click", () => {
    at("lock-flame-search").value = "";
    drawFlames();
  });
  onNewWidth(() => {
    drawTimeline();
    drawFlames();
  });
  chooseRows();
  drawTimeline();
  drawFlames();
})();
