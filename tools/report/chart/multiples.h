// SPDX-License-Identifier: MIT
// Small multiples: one panel for each line, all on the same axes, with the first line behind the others.
// Lines that would hide each other in one picture can be told apart so.
#pragma once

#include "report/chart/lines.h"

namespace ashlar::report::chart {

std::string multiples_svg(const Lines& lines, Room room);

} // namespace ashlar::report::chart
