// SPDX-License-Identifier: MIT
// Words for a report's figures, in Markdown and HTML.
#pragma once

#include "report/findings.h"
#include "report/ratio_text.h"

namespace ashlar::report {

// The rule that decides which allocator is faster.
inline constexpr const char* kRule =
    "Speed is CPU time where one thread runs, throughput or real time where more do, and wall and CPU time "
    "together of a program that prints no figure. Alike means that no difference could be measured, or that "
    "two contradict each other.";

// Returns "Peak RSS, in MiB; less is better".
std::string heading_of(const Sheet& sheet);

// Returns "12.5", in the sheet's unit but without its name.
std::string value_text(const Sheet& sheet, double value);

std::string estimate_text(const Estimate& ratio);

// Returns "faster", "slower", "less memory", "no measurable difference" or "too few rounds to say".
std::string standing_words(const Sheet& sheet, Standing standing);

// Returns "noisy, oversubscribed", or an empty string.
std::string notes_of(const Findings& findings, const Line& line);

// Returns "tcmalloc, jemalloc failed", for subjects without a figure in this line, or an empty string.
std::string failed_in(const Findings& findings, const Line& line);

} // namespace ashlar::report
