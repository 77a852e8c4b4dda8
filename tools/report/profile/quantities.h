// SPDX-License-Identifier: MIT
// Bytes, counts and durations as people read them, three digits long.
#pragma once

#include "profile/estimate.h"
#include "profile/recording.h"

#include <string>

namespace ashlar::report::profile {

using ashlar::profile::Figure;

std::string bytes_text(double bytes); // "12.3 MiB"
// Bytes between two samples: "512 KiB", or "512 KiB to 3.1 MiB" if they had to be further apart at times.
std::string distances_text(const ashlar::profile::Recording& recording);
std::string count_text(double count);               // "12.3 k"
std::string seconds_text(double seconds);           // "12.3 ms"
std::string percent_text(double share);             // "12.3 %"
std::string microseconds_text(double microseconds); // "1 234 567"

// "12.3 MiB ± 1.2"; of what is known exactly "12.3 MiB". The interval holds the truth 95 times in 100.
std::string bytes_text(const Figure& figure);
std::string count_text(const Figure& figure);
std::string microseconds_text(const Figure& figure); // "1 234 567 ± 12 300": two digits of the interval count

} // namespace ashlar::report::profile
