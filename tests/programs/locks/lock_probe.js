// SPDX-License-Identifier: MIT
// Runs in a page about locks after page_probe.js; page_test.py inserts both. Uses the page like a person and
// adds what it then shows.
"use strict";
addEventListener("load", () => {
  const at = (id) => document.getElementById(id);
  const bars = () => [...document.querySelectorAll("#lock-timeline .wait")];
  const frames = () => [...document.querySelectorAll("#lock-flames g")].map((frame) => frame.getAttribute("name"));
  const rows = (table) => [...table.querySelectorAll("tr")].map((row) => [...row.cells].map((cell) => cell.textContent));
  const probe = JSON.parse(document.documentElement.dataset.probe);
  probe.names = [...document.querySelectorAll("#lock-timeline .name")].map((text) => text.firstChild.data);
  probe.bars = bars().length;
  probe.held = document.querySelectorAll("#lock-timeline .holds").length;
  probe.memory = document.querySelectorAll("#lock-timeline .path").length;
  probe.longest = rows(at("lock-longest"));
  probe.tables = [...document.querySelectorAll("table")].map((table) => ({ caption: table.caption.textContent, rows: rows(table) }));
  bars()[0].dispatchEvent(new MouseEvent("click", { bubbles: true }));
  probe.chosen = at("lock-chosen").textContent;
  probe.arrows = document.querySelectorAll("#lock-timeline .arrow").length;
  at("lock-longest").querySelector("button").click();
  probe.near = bars().length;
  probe.nearest = at("lock-chosen").textContent;
  at("lock-all").click();
  for (let step = 0; step < 3; ++step) {
    at("lock-in").click();
  }
  probe.zoomed = bars().length;
  at("lock-later").click();
  probe.later = at("lock-count").textContent;
  at("lock-all").click();
  probe.all = bars().length;
  if (frames().length > 0) {
    probe.waits = frames();
    at("lock-flame-search").value = "hold_l.ng";
    at("lock-flame-search").dispatchEvent(new Event("input"));
    probe.found = at("lock-flame-found").textContent;
    at("lock-flame-reset").click();
    at("lock-view").value = "holds";
    at("lock-view").dispatchEvent(new Event("change"));
    probe.holds = frames();
    at("lock-direction").value = "bottom-up";
    at("lock-direction").dispatchEvent(new Event("change"));
    probe.bottomUp = frames();
  }
  probe.wide = document.documentElement.scrollWidth - document.documentElement.clientWidth;
  document.documentElement.dataset.probe = JSON.stringify(probe);
});
