// SPDX-License-Identifier: MIT
// Bytes, counts and durations as people read them, three digits long.
#pragma once

#include "profile/estimate.h"

#include <string>

namespace ashlar::report::profile {

using ashlar::profile::Figure;

std::string bytes_text(double bytes);     // "12.3 MiB"
std::string count_text(double count);     // "12.3 k"
std::string seconds_text(double seconds); // "12.3 ms"
std::string percent_text(double share);   // "12.3 %"
std::string microseconds_text(double microseconds); // "1 234 567"

// "12.3 MiB ± 1.2"; of what is known exactly "12.3 MiB". The interval holds the truth 95 times in 100.
std::string bytes_text(const Figure& figure);
std::string count_text(const Figure& figure);
std::string microseconds_text(const Figure& figure); // "1 234 567 ± 12 300": two digits of the interval count

} // namespace ashlar::report::profile
