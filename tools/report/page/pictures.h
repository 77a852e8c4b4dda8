// SPDX-License-Identifier: MIT
// Which charts a report has, and what is in them.
#pragma once

#include "report/changes.h"
#include "report/chart/forest.h"
#include "report/chart/lines.h"
#include "report/chart/scatter.h"

namespace ashlar::report::page {

chart::Forest ratios(const Findings& findings, const Sheet& sheet);

chart::Forest change_forest(const Findings& after, const ChangedSheet& sheet);

// Every allocator's geometric means; the settings they are means of as parts.
chart::Scatter speed_against_memory(const Findings& findings);

// For each series that was measured with more than one number of threads, or size.
std::vector<chart::Lines> by_threads(const Findings& findings);
std::vector<chart::Lines> by_size(const Findings& findings);

// Speed and memory of each command that was run with more than one value of a parameter.
std::vector<chart::Lines> by_parameter(const Findings& findings);

// For each setting whose memory was watched.
std::vector<chart::Lines> rss_over_time(const Findings& findings);

// Of these lines: the sheet that shows most of what threads and sizes do to speed, or null.
const Sheet* throughput_sheet(const Findings& findings);

} // namespace ashlar::report::page
