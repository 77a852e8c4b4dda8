// SPDX-License-Identifier: MIT
// The options of `ashlar alarm`.
#pragma once

#include "alarm/gates.h"

#include <cstdint>
#include <set>
#include <stdexcept>
#include <string>
#include <vector>

namespace ashlar::commands {

inline constexpr const char* kReferenceFile = "bench/alarm/reference.json";
inline constexpr const char* kHistoryFile = "bench/alarm/history.json";
inline constexpr const char* kInstructions = "instructions an operation"; // the figure's name

struct AlarmOptions {
    std::vector<std::string> command;
    std::vector<std::string> only;
    std::vector<std::string> gates;
    std::string repository = ".";
    std::string reference;
    std::string library;
    double factor = alarm::kUsualFactor;
    int rounds = 15;
    std::uint64_t seed = 1;
    double scale = 1;
    bool explain = false;
    bool update = false;
    bool anchor = false;
    bool strict = false;
    std::string why;
    std::string json;
    std::string junit;
    std::string history; // file for the page of the history
};

// Makes failures of `work` errors of the alarm (status 2). Status 1 is reserved for regressions.
template <typename Do>
auto or_error(Do work) {
    try {
        return work();
    } catch (const std::runtime_error& error) {
        throw std::invalid_argument(std::string("alarm: ") + error.what());
    }
}

// Returns the gates with these names, or all if there are no names.
std::set<alarm::Gate> gates_of(const std::vector<std::string>& names);

// Throws std::invalid_argument if options exclude each other, or if nothing could be judged.
void check_consistent(const AlarmOptions& options);

// Returns the options that repeat this run, as typed on a command line.
std::string settings_of(const AlarmOptions& options);

} // namespace ashlar::commands
