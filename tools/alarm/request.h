// SPDX-License-Identifier: MIT
// The input of one run of the alarm.
#pragma once

#include "alarm/benchmark.h"
#include "alarm/gates.h"
#include "alarm/reference.h"

#include <cstdint>
#include <filesystem>
#include <map>
#include <set>
#include <string>
#include <vector>

namespace ashlar::alarm {

struct Request {
    std::vector<Benchmark> benchmarks;
    allocators::Allocator reference;
    allocators::Allocator present;
    std::set<Gate> gates{kGates.begin(), kGates.end()};
    double factor = kUsualFactor; // of the coarse gate
    int rounds = 15;
    std::uint64_t seed = 1;
    double slowness = 1;           // of this machine; scales the time limits, see slowness()
    std::string clock;             // see bench/alarm/clock.c
    std::filesystem::path scratch; // a folder for this run alone
    std::filesystem::path stacks_folder{};
    std::map<std::string, double> noise{};    // by "benchmark, figure", from earlier runs on this processor
    std::map<std::string, double> spreads{};  // usual variation, by "benchmark, figure"
    std::map<std::string, Figures> anchors{}; // stored figures, by benchmark
    std::string anchor_commit{};
};

} // namespace ashlar::alarm
