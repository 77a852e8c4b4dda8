// SPDX-License-Identifier: MIT
// How long a run may take before it counts as hung, where nobody has said it.
#pragma once

#include <algorithm>
#include <chrono>

namespace ashlar::measure {

// Of the first run of a command that nothing is known about.
inline constexpr std::chrono::minutes kUnknownCommandLimit{10};

// Of a command that has taken so long before.
inline std::chrono::milliseconds limit_after(double seconds) {
    constexpr std::chrono::seconds kLeast{5}; // a stall of a shared machine is not a hang
    constexpr double kTimes = 10;
    return std::max<std::chrono::milliseconds>(
        kLeast, std::chrono::milliseconds(static_cast<long>(seconds * kTimes * 1000)));
}

} // namespace ashlar::measure
