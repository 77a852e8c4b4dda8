// SPDX-License-Identifier: MIT
// Reads the figures that commands print about themselves.
#pragma once

#include "compare/experiment.h"

#include <string_view>

namespace ashlar::compare {

// Reads the suite's figures, in lines such as "RSS drift = 0.1 %". Reads throughput and RSS / live from the
// last line only. A command that printed something else after them did not end properly.
Figures read_figures(const std::string& output);

// Returns the number in the group of the pattern's last match. Returns nothing without a match, or if the
// group is no number. Matches line by line (a carriage return ends a line too).
std::optional<double> read_own_figure(const OwnFigure& figure, const std::string& output);

// Returns whether the output has this line.
bool has_line(const std::string& output, std::string_view line);

// Throws std::invalid_argument with a sentence unless the pattern is a regular expression with one group.
void check(const OwnFigure& figure);

} // namespace ashlar::compare
