// SPDX-License-Identifier: MIT
// The charts of a report and their content.
#pragma once

#include "report/changes.h"
#include "report/chart/forest.h"
#include "report/chart/lines.h"
#include "report/chart/scatter.h"

namespace ashlar::report::page {

chart::Forest ratios(const Findings& findings, const Sheet& sheet);

chart::Forest change_forest(const Findings& after, const ChangedSheet& sheet);

// Shows each allocator's geometric means, with the settings that they cover as parts.
chart::Scatter speed_against_memory(const Findings& findings);

// Return a chart for each series that was measured with several numbers of threads, or sizes.
std::vector<chart::Lines> by_threads(const Findings& findings);
std::vector<chart::Lines> by_size(const Findings& findings);

// Returns speed and memory of each command that ran with several values of a parameter.
std::vector<chart::Lines> by_parameter(const Findings& findings);

// Returns a chart for each setting whose memory was watched.
std::vector<chart::Lines> rss_over_time(const Findings& findings);

// Returns the sheet for these lines that best shows the effect of threads and sizes on speed, or null.
const Sheet* throughput_sheet(const Findings& findings);

} // namespace ashlar::report::page
