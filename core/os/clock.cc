// SPDX-License-Identifier: MIT
#include "os/clock.h"

#include <ctime>

namespace ashlar::os {

std::uint64_t coarse_milliseconds() {
    timespec now{};
    ::clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
    return static_cast<std::uint64_t>(now.tv_sec) * 1000 + static_cast<std::uint64_t>(now.tv_nsec) / 1000000;
}

} // namespace ashlar::os
