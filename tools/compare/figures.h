// SPDX-License-Identifier: MIT
// Figures that commands print about themselves.
#pragma once

#include "compare/experiment.h"

#include <string_view>

namespace ashlar::compare {

// The suite's, in lines such as "RSS drift = 0.1 %". Of throughput and RSS / live, whichever is in the last
// line: a command that printed something else after it did not end as it should.
Figures read_figures(const std::string& output);

// The number that the pattern's group holds where it matches last; nothing if it matches nowhere or holds
// something else. It is looked for line by line (a carriage return ends a line too).
std::optional<double> read_own_figure(const OwnFigure& figure, const std::string& output);

// Whether one of the lines is this one.
bool has_line(const std::string& output, std::string_view line);

// Throws std::invalid_argument with a sentence for a pattern that is no regular expression with one group.
void check(const OwnFigure& figure);

} // namespace ashlar::compare
