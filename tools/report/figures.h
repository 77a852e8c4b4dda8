// SPDX-License-Identifier: MIT
// How figures of a report are worded, in Markdown and HTML alike.
#pragma once

#include "report/findings.h"

namespace ashlar::report {

// What decides who is faster.
inline constexpr const char* kRule =
    "Speed is CPU time where one thread runs, throughput or real time where more do, and wall and CPU time "
    "together of a program that prints no figure. Alike means that no difference could be measured, or that "
    "two contradict each other.";

// "Peak RSS, in MiB; less is better"
std::string heading_of(const Sheet& sheet);

// "12.5", in the sheet's unit but without it.
std::string value_text(const Sheet& sheet, double value);

// "1.61×"; more digits where it is near 1 or small.
std::string ratio_text(double ratio);

// "1.58 to 1.64", or "interval unknown" where too few samples were taken.
std::string interval_text(const statistics::Interval& interval);

bool is_known(const statistics::Interval& interval);

// "faster", "slower", "less memory", "no measurable difference", "too few rounds to say"
std::string standing_words(const Sheet& sheet, Standing standing);

// "noisy, oversubscribed", or nothing.
std::string notes_of(const Findings& findings, const Line& line);

// "tcmalloc, jemalloc failed", those without any figure in this line; or nothing.
std::string failed_in(const Findings& findings, const Line& line);

} // namespace ashlar::report
