// SPDX-License-Identifier: MIT
// A gate's finding on one figure of one benchmark.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <vector>

namespace ashlar::alarm {

enum class Gate { kExact, kMemory, kTime, kCoarse };
inline constexpr std::array kGates{Gate::kExact, Gate::kMemory, Gate::kTime, Gate::kCoarse};

constexpr const char* name_of(Gate gate) {
    constexpr std::array kNames{"exact", "memory", "time", "coarse"};
    return kNames[static_cast<std::size_t>(gate)];
}

enum class Outcome { kPassed, kImproved, kRegressed, kNotJudged };

constexpr const char* name_of(Outcome outcome) {
    constexpr std::array kNames{"passed", "improved", "regressed", "not judged"};
    return kNames[static_cast<std::size_t>(outcome)];
}

inline constexpr const char* kFailedRuns = "runs that failed"; // a figure's name

// A change beyond chance, see alarm/significance.h.
enum class Change { kNone, kImproved, kRegressed };

constexpr const char* name_of(Change change) {
    constexpr std::array kNames{"none", "improved", "regressed"};
    return kNames[static_cast<std::size_t>(change)];
}

struct Finding {
    std::string benchmark;
    Gate gate = Gate::kExact;
    std::string figure; // "instructions an operation"
    double reference = 0;
    double present = 0;
    Outcome outcome = Outcome::kPassed;
    double threshold = 0;        // a factor above 1 + threshold is a regression; 0: equality
    double smallest_visible = 0; // smallest change that can be seen; 0: any change
    std::string detail{};        // the functions that grew, or the interval of a ratio
    std::string obstacle{};      // why it was not judged; empty otherwise
    Change change = Change::kNone;
    std::optional<double> spread{}; // usual variation of the figure; a larger change is significant
    bool is_since_anchor = false;   // the reference is the anchor's stored figure

    double factor() const { return reference == 0 ? (present == 0 ? 1 : present) : present / reference; }
};

using Findings = std::vector<Finding>;

// Returns regressed if any finding is, else not judged if any is not.
Outcome worst(const Findings& findings);

} // namespace ashlar::alarm
