// SPDX-License-Identifier: MIT
// The benchmark programs of this repository, and the command lines that the suite runs them with.
#pragma once

#include "compare/experiment.h"

#include <cstdint>
#include <string>
#include <vector>

namespace ashlar::suite {

struct Settings {
    std::vector<unsigned> threads;
    std::vector<std::string> sizes; // "64", or a range such as "16-1024"
    double seconds = 0;             // of a run that is bounded by time
    double long_seconds = 0;        // of a run in slices
    std::uint64_t scale_mib = 0;    // live bytes of the fragmentation benchmark
    int long_rounds = 0;            // of these two, which take longer than the others and vary less
    std::uint64_t operations = 0;   // of a run that is bounded by work
    std::uint64_t seed = 1;         // the same stream of operations in every run
};

std::vector<std::string> workload_names();

// Throws std::runtime_error if the program is not built.
std::vector<compare::Configuration> configurations(const std::string& workload, const Settings& settings);

} // namespace ashlar::suite
