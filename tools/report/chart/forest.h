// SPDX-License-Identifier: MIT
// A forest plot. Each configuration has a line per allocator. A mark shows the ratio to the reference, and a
// whisker its interval. A band shows the control's interval; a mark inside it is noise.
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
    Range interval{1, 1}; // infinite bounds: none
    std::string figure;   // "1.61×"
    std::string interval_text;
    std::string description;    // for screen readers
    std::vector<double> rounds; // drawn on request
};

struct ForestRow {
    std::string name;
    std::string note; // "noisy", beside the name
    std::optional<Range> control;
    std::vector<ForestMark> marks;
    std::string without; // allocators without a mark: "tcmalloc failed"
};

struct Forest {
    std::string name;  // of the picture
    std::string lower; // words for ratios below 1: "slower"
    std::string higher;
    std::vector<ForestRow> rows;
};

enum class Room { kWide, kNarrow }; // a screen, a telephone

std::string forest_svg(const Forest& forest, Room room);

} // namespace ashlar::report::chart
