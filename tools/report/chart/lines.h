// SPDX-License-Identifier: MIT
// Lines over a horizontal axis: threads, size or time. The vertical axis begins at 0, so heights are
// comparable.
#pragma once

#include "report/chart/forest.h"

namespace ashlar::report::chart {

struct LinePoint {
    double x = 0;
    double y = 0;
    Range interval{0, 0}; // infinite bounds: none
    std::string description;
    std::vector<double> rounds; // drawn on request
};

struct Line {
    std::string name;
    std::size_t slot = 0;
    std::vector<LinePoint> points;
    bool marks = true;         // false: only the line, for many points
    std::string description{}; // of a line without marks
};

struct Mark {
    double at;
    std::string words;
};

struct Lines {
    std::string name; // of the picture
    std::string x_title;
    std::string y_title;
    std::vector<Mark> x_marks; // ascending; the axis is from the first to the last
    std::vector<Line> lines;
    std::optional<double> shaded_from; // value on the horizontal axis
    std::string shaded_words;
};

std::string lines_svg(const Lines& lines, Room room);

} // namespace ashlar::report::chart
