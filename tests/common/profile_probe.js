// SPDX-License-Identifier: MIT
// Runs after page_probe.js in a profile's page, inserted by profile_page_test.py. It uses the page as a
// person does and adds what the page then shows.
"use strict";
addEventListener("load", () => {
  const at = (id) => document.getElementById(id);
  const set = (id, value, event) => {
    at(id).value = value;
    at(id).dispatchEvent(new Event(event));
  };
  const frames = () => [...document.querySelectorAll("#flames g")];
  const rows = (id) => [...at(id).querySelectorAll("tr")].map((row) => [...row.cells].map((cell) => cell.textContent));
  const level = (name) => {
    const frame = frames().find((each) => each.getAttribute("name") === name);
    return frame ? Math.round(parseFloat(frame.getAttribute("transform").split(",")[1]) / 20) : null;
  };
  const probe = JSON.parse(document.documentElement.dataset.probe);
  if (frames().length > 0) {
    probe.frames = frames().map((frame) => frame.getAttribute("name"));
    probe.fills = [...new Set(frames().map((frame) => frame.querySelector("rect").getAttribute("fill")))];
    probe.levels = { main: level("main"), parse: level("parse") };
    set("flame-search", "par.e", "input");
    probe.found = at("flame-found").textContent;
    probe.highlighted = frames().filter((frame) => frame.querySelector("rect").getAttribute("fill") === "#f08cf0")
      .map((frame) => frame.getAttribute("name"));
    set("flame-search", "(", "input"); // no regular expression: the letter itself
    probe.foundLetter = at("flame-found").textContent;
    at("flame-reset").click();
    frames().find((frame) => frame.getAttribute("name") === "serve").dispatchEvent(new MouseEvent("click", { bubbles: true }));
    probe.function = at("function-name").textContent;
    probe.callers = rows("callers");
    probe.callees = rows("callees");
    probe.faded = frames().filter((frame) => frame.getAttribute("class").includes("fade")).length;
    set("direction", "bottom-up", "change");
    probe.bottomUp = { parse: level("parse"), allocator: level("operator new(unsigned long)") };
  }
  probe.sites = rows("site-rows");
  document.querySelectorAll("#site-table thead button")[0].click();
  probe.sorted = rows("site-rows");
  set("view", "waste", "change");
  probe.waste = rows("site-rows");
  probe.words = at("view-words").textContent;
  probe.wide = document.documentElement.scrollWidth - document.documentElement.clientWidth;
  document.documentElement.dataset.probe = JSON.stringify(probe);
});
