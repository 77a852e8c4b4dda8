// SPDX-License-Identifier: MIT
// Sizes and numbers of threads of every micro-benchmark. The sizes up to 32 KiB are Ashlar's classes, which
// most other allocators have, too. A few larger sizes follow. Up to 32 KiB allocators use size classes.
#pragma once

#include <benchmark/benchmark.h>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace bench::micro {

constexpr std::int64_t kLargestClass = 32 * 1024;
constexpr std::int64_t kLargestSize = 4 * 1024 * 1024;
constexpr int kMostThreads = 8;

// Returns the size after `size`. Sizes are 16 bytes apart up to 128, eight to a doubling up to 8 KiB, and
// four up to 32 KiB. Then every second power of two follows. sizes() adds 64 bytes more than 4 and 8 KiB.
constexpr std::int64_t next_size(std::int64_t size) {
    if (size >= kLargestClass) {
        return size == kLargestClass ? 2 * size : 4 * size;
    }
    const auto doubling =
        size < 128 ? 128 : static_cast<std::int64_t>(std::bit_floor(static_cast<std::uint64_t>(size)));
    return size + doubling / (doubling < 8192 ? 8 : 4);
}

inline std::vector<std::int64_t> sizes() {
    std::vector<std::int64_t> result;
    for (std::int64_t size = 16; size <= kLargestSize; size = next_size(size)) {
        result.push_back(size);
        if (size == 4096 || size == 8192) result.push_back(size + 64);
    }
    return result;
}

// Registers a benchmark with names such as pair/size:64/threads:2, for --benchmark_filter. There is one
// family for each number of threads, because Google Benchmark warns of more than 100 entries in a family.
using Function = void(benchmark::State&);

inline bool for_every_size(const char* name, Function* function, int fewest_threads = 1) {
    for (int threads = fewest_threads; threads <= kMostThreads; threads *= 2) {
        benchmark::RegisterBenchmark(name, function)
            ->ArgName("size")
            ->ArgsProduct({sizes()})
            ->Threads(threads);
    }
    return true;
}

} // namespace bench::micro
