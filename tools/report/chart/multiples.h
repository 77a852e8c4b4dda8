// SPDX-License-Identifier: MIT
// Small multiples: a panel for each line, all with equal axes and the first line behind. They separate lines
// that would hide each other in one picture.
#pragma once

#include "report/chart/lines.h"

namespace ashlar::report::chart {

std::string multiples_svg(const Lines& lines, Room room);

} // namespace ashlar::report::chart
