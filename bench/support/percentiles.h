// SPDX-License-Identifier: MIT
// Prints the durations of single calls in lines such as "malloc p99 = 71.0 ns".
#pragma once

#include "support/latency_histogram.h"

#include <array>
#include <cstdint>
#include <cstdio>

namespace bench {

inline void print_percentiles(const char* call, const LatencyHistogram& histogram,
                              double nanoseconds_per_tick) {
    struct Percentile {
        const char* name;
        std::uint32_t ten_thousandths;
    };
    constexpr std::array kPercentiles{
        Percentile{.name = "p50", .ten_thousandths = 5000},
        Percentile{.name = "p90", .ten_thousandths = 9000},
        Percentile{.name = "p99", .ten_thousandths = 9900},
        Percentile{.name = "p99.9", .ten_thousandths = 9990},
        Percentile{.name = "p99.99", .ten_thousandths = 9999},
    };
    for (const auto& [name, ten_thousandths] : kPercentiles) {
        const auto ticks = static_cast<double>(histogram.percentile(ten_thousandths));
        std::printf("%s %s = %.1f ns\n", call, name, ticks * nanoseconds_per_tick);
    }
    std::printf("%s max = %.1f ns\n", call, static_cast<double>(histogram.largest()) * nanoseconds_per_tick);
}

} // namespace bench
