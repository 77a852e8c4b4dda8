// SPDX-License-Identifier: MIT
// What a gate says about one figure of one benchmark.
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

// A change that is more than chance, see alarm/significance.h.
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
    double threshold = 0;        // of the factor: above 1 + this it is a regression; 0: equality
    double smallest_visible = 0; // a smaller change could not have been seen; 0: any change is
    std::string detail{};        // which functions grew, how sure a ratio is
    std::string obstacle{};      // why it was not judged; empty otherwise
    Change change = Change::kNone;
    std::optional<double> spread{}; // what the figure varies by; a larger change is significant
    bool is_since_anchor = false;   // the reference is the anchor's stored figure

    double factor() const { return reference == 0 ? (present == 0 ? 1 : present) : present / reference; }
};

using Findings = std::vector<Finding>;

// Regressed if any is, else not judged if any is not.
Outcome worst(const Findings& findings);

} // namespace ashlar::alarm
