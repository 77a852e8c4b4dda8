// SPDX-License-Identifier: MIT
// A forest plot. For each configuration it has one line an allocator. A mark stands where its ratio to the
// reference lies, with a whisker over the interval in which it can be trusted. A band shows the control's
// interval: what lies within it is noise.
#pragma once

#include "report/chart/scale.h"

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

namespace ashlar::report::chart {

struct ForestMark {
    std::string name;
    std::size_t slot = 0;
    double median = 1;
    Range interval{1, 1}; // infinite bounds: there is none
    std::string figure;   // "1.61×"
    std::string interval_text;
    std::string description;    // for those who do not see it
    std::vector<double> rounds; // drawn on request
};

struct ForestRow {
    std::string name;
    std::string note; // "noisy", beside the name
    std::optional<Range> control;
    std::vector<ForestMark> marks;
    std::string without; // "tcmalloc failed", what has no mark
};

struct Forest {
    std::string name;  // of the picture
    std::string lower; // what lies left of 1: "slower"
    std::string higher;
    std::vector<ForestRow> rows;
};

enum class Room { kWide, kNarrow }; // a screen, a telephone

std::string forest_svg(const Forest& forest, Room room);

} // namespace ashlar::report::chart
