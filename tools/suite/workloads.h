// SPDX-License-Identifier: MIT
// The benchmark programs of this repository, and the suite's command lines for them.
#pragma once

#include "compare/experiment.h"

#include <cstdint>
#include <string>
#include <vector>

namespace ashlar::suite {

struct Settings {
    std::vector<unsigned> threads;  // for workloads with a choice; empty: each workload's own default
    std::vector<std::string> sizes; // "64", or a range such as "16-1024"
    double seconds = 0;             // length of a run that is bounded by time
    double long_seconds = 0;        // length of a run of long_run
    std::uint64_t scale_mib = 0;    // live MiB in the workloads that fill a heap
    int long_rounds = 0;            // rounds of the workloads that take longer than the others and vary less
    std::uint64_t operations = 0;   // of random_mixed; scales the other workloads that are bounded by work
    std::uint64_t seed = 1;         // the same seed gives the same operations in every run
};

inline constexpr std::uint64_t kUsualOperations = 5'000'000; // of random_mixed

struct Workload {
    std::string name;
    std::string about; // one line for people
    bool usual;        // runs by default
};

std::vector<Workload> workloads();

// Returns a workload's command lines. Throws std::runtime_error if its program is not built.
std::vector<compare::Configuration> configurations(const std::string& workload, const Settings& settings);

} // namespace ashlar::suite
