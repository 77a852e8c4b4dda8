// SPDX-License-Identifier: MIT
// What the page's script uses of d3-flame-graph and d3.
export { default as flamegraph } from "d3-flame-graph";
export { select } from "d3-selection";
