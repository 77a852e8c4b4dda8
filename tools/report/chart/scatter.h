// SPDX-License-Identifier: MIT
// Two ratios on logarithmic axes through 1: speed against memory. Each mark's name is beside it.
#pragma once

#include "report/chart/forest.h"

namespace ashlar::report::chart {

struct ScatterMark {
    std::string name;
    std::size_t slot = 0;
    double x = 1;
    double y = 1;
    Range x_interval{1, 1}; // infinite bounds: none
    Range y_interval{1, 1};
    std::string description;
    std::vector<std::pair<double, double>> parts; // the values that the mark is the mean of; drawn on request
};

struct Scatter {
    std::string name; // of the picture
    std::string x_title;
    std::string y_title;
    std::string best_corner; // words at the best corner, at the bottom right
    std::vector<ScatterMark> marks;
};

std::string scatter_svg(const Scatter& scatter, Room room);

} // namespace ashlar::report::chart
