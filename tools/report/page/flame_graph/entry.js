// SPDX-License-Identifier: MIT
// The parts of d3-flame-graph and d3 that the page's script uses.
export { default as flamegraph } from "d3-flame-graph";
export { select } from "d3-selection";
