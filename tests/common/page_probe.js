// SPDX-License-Identifier: MIT
// Runs in the report, inserted by page_test.py. The result is JSON in an attribute of <html>, which
// --dump-dom prints. The probe finds clipped text, overlaps and low contrast.
"use strict";
addEventListener("load", () => {
  const shown = (element) => element.getClientRects().length > 0 && getComputedStyle(element).visibility === "visible";
  const words = (text) => `"${text.textContent}"`;
  const problems = [];

  function lookAtPicture(svg) {
    const frame = svg.getBoundingClientRect();
    const texts = [...svg.querySelectorAll("text")].filter(shown)
      .map((text) => ({ text, box: text.getBoundingClientRect() }));
    for (const { text, box } of texts) {
      if (box.left < frame.left - 1 || box.right > frame.right + 1 || box.top < frame.top - 1 || box.bottom > frame.bottom + 1) {
        problems.push(`${words(text)} is cut off in "${svg.getAttribute("aria-label")}"`);
      }
    }
    texts.forEach((one, index) => {
      for (const other of texts.slice(index + 1)) {
        const width = Math.min(one.box.right, other.box.right) - Math.max(one.box.left, other.box.left);
        const height = Math.min(one.box.bottom, other.box.bottom) - Math.max(one.box.top, other.box.top);
        if (width > 1 && height > 4) { // text boxes are taller than the letters
          problems.push(`${words(one.text)} and ${words(other.text)} overlap in "${svg.getAttribute("aria-label")}"`);
        }
      }
    });
  }

  function luminance(colour) {
    const parts = colour.match(/[\d.]+/g).slice(0, 3).map((part) => part / 255)
      .map((part) => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4));
    return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2];
  }
  function contrast(one, other) {
    const [dark, bright] = [luminance(one), luminance(other)].sort((a, b) => a - b);
    return (bright + 0.05) / (dark + 0.05);
  }
  function lookAtColours(paper) {
    // Minimum contrast: 4.5 to 1 for text, 3 to 1 for graphics (WCAG 2).
    const least = new Map([["svg text", 4.5], ["p, li, th, td, caption, figcaption, a, summary", 4.5], ["svg .mark", 3]]);
    for (const [selector, ratio] of least) {
      const property = selector.startsWith("svg") ? "fill" : "color";
      for (const element of [...document.querySelectorAll(selector)].filter(shown)) {
        const style = getComputedStyle(element);
        const colour = element.matches(".mark.c0") ? style.stroke : style[property];
        if (contrast(colour, paper) < ratio) {
          problems.push(`<${element.tagName} class="${element.getAttribute("class")}"> is too faint: ${colour} on ${paper}`);
        }
      }
    }
  }

  for (const details of document.querySelectorAll("details")) {
    details.open = true;
  }
  const pictures = [...document.querySelectorAll("main svg")].filter(shown);
  pictures.forEach(lookAtPicture);
  const paper = getComputedStyle(document.body).backgroundColor;
  lookAtColours(paper);
  const page = document.documentElement;
  if (page.scrollWidth > page.clientWidth) {
    problems.push(`the page is ${page.scrollWidth} pixels wide in a window of ${page.clientWidth}`);
  }
  const charts = [...document.querySelectorAll("figure")].filter((figure) => [...figure.querySelectorAll(":scope > svg")].some(shown));
  page.dataset.probe = JSON.stringify({
    problems: [...new Set(problems)],
    width: innerWidth,
    paper,
    charts: charts.length,
    points: [...document.querySelectorAll("svg .point")].filter(shown).length,
    unnamed: [...document.querySelectorAll("svg .point")].filter((point) => !point.querySelector("title")?.textContent).length,
  });
});
