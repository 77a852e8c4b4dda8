// SPDX-License-Identifier: MIT
// Bytes, counts and durations for people, with three digits.
#pragma once

#include "profile/estimate.h"
#include "profile/recording.h"

#include <string>

namespace ashlar::report::profile {

using ashlar::profile::Figure;

std::string bytes_text(double bytes); // "12.3 MiB"
// Returns the mean distance of samples: "512 KiB", or "512 KiB to 3.1 MiB" if it varied.
std::string distances_text(const ashlar::profile::Recording& recording);
std::string count_text(double count);               // "12.3 k"
std::string seconds_text(double seconds);           // "12.3 ms"
std::string percent_text(double share);             // "12.3 %"
std::string microseconds_text(double microseconds); // "1 234 567"

// Return "12.3 MiB ± 1.2", or "12.3 MiB" if the value is exact. The interval is a 95 % one.
std::string bytes_text(const Figure& figure);
std::string count_text(const Figure& figure);
std::string microseconds_text(const Figure& figure); // "1 234 567 ± 12 300", with two digits of the interval

} // namespace ashlar::report::profile
