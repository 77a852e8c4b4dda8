// SPDX-License-Identifier: MIT
// How figures of a report are worded, in Markdown and HTML alike.
#pragma once

#include "report/findings.h"
#include "report/ratio_text.h"

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

std::string estimate_text(const Estimate& ratio);

// "faster", "slower", "less memory", "no measurable difference", "too few rounds to say"
std::string standing_words(const Sheet& sheet, Standing standing);

// "noisy, oversubscribed", or nothing.
std::string notes_of(const Findings& findings, const Line& line);

// "tcmalloc, jemalloc failed", those without any figure in this line; or nothing.
std::string failed_in(const Findings& findings, const Line& line);

} // namespace ashlar::report
