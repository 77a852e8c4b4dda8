// SPDX-License-Identifier: MIT
// Why a benchmark became slower: each usual cause, judged by the counters of both libraries.
#pragma once

#include "alarm/finding.h"

#include <optional>
#include <string>
#include <vector>

namespace ashlar::alarm {

enum class Standing { kConfirmed, kEliminated, kInconclusive };

constexpr const char* name_of(Standing standing) {
    constexpr std::array kNames{"confirmed", "eliminated", "inconclusive"};
    return kNames[static_cast<std::size_t>(standing)];
}

struct Hypothesis {
    std::string cause; // "page faults"
    Standing standing = Standing::kInconclusive;
    std::string evidence; // figures of both libraries
};

// The kernel's counters of one library: the minimum of all runs.
struct KernelCounts {
    double faults = 0;
    double system_seconds = 0;
    double waits = 0; // voluntary switches
};

// The time limit of one run, in seconds.
struct TimeLimit {
    double limit = 0;
    double usual = 0; // median time of the reference
};

struct Hypotheses {
    std::string benchmark;
    std::string conclusion; // real regression, loaded machine, ...
    std::vector<Hypothesis> causes;
};

// Explains the findings of one benchmark.
Hypotheses explain(const std::string& benchmark, const Findings& findings,
                   const std::optional<KernelCounts>& reference, const std::optional<KernelCounts>& present,
                   const std::string& disturbance, const std::optional<TimeLimit>& limit = std::nullopt);

} // namespace ashlar::alarm
