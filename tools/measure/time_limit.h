// SPDX-License-Identifier: MIT
// Default time limits. A run that exceeds its limit is hung.
#pragma once

#include <algorithm>
#include <chrono>

namespace ashlar::measure {

// Limit of the first run of an unknown command.
inline constexpr std::chrono::minutes kUnknownCommandLimit{10};

// Returns the limit of a command whose earlier run took `seconds`.
inline std::chrono::milliseconds limit_after(double seconds) {
    constexpr std::chrono::seconds kLeast{5}; // a stall of a shared machine is not a hang
    constexpr double kTimes = 10;
    return std::max<std::chrono::milliseconds>(
        kLeast, std::chrono::milliseconds(static_cast<long>(seconds * kTimes * 1000)));
}

} // namespace ashlar::measure
