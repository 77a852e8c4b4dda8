// SPDX-License-Identifier: MIT
// The benchmark programs of this repository, and the command lines that the suite runs them with.
#pragma once

#include "compare/experiment.h"

#include <cstdint>
#include <string>
#include <vector>

namespace ashlar::suite {

struct Settings {
    std::vector<unsigned> threads;  // of every workload that has a choice; if empty, what each has by itself
    std::vector<std::string> sizes; // "64", or a range such as "16-1024"
    double seconds = 0;             // of a run that is bounded by time
    double long_seconds = 0;        // of a run in slices
    std::uint64_t scale_mib = 0;    // live bytes of the fragmentation benchmark
    int long_rounds = 0;            // of these two, which take longer than the others and vary less
    std::uint64_t operations =
        0;                  // of a run of random_mixed; of others that are bounded by work in proportion
    std::uint64_t seed = 1; // the same stream of operations in every run
};

inline constexpr std::uint64_t kUsualOperations = 5'000'000; // of random_mixed

struct Workload {
    std::string name;
    std::string about; // one line for people
    bool usual;        // whether it is run when none is named
};

std::vector<Workload> workloads();

// Throws std::runtime_error if the program is not built.
std::vector<compare::Configuration> configurations(const std::string& workload, const Settings& settings);

} // namespace ashlar::suite
