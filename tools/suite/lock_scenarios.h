// SPDX-License-Identifier: MIT
// Reads the configurations of the lock scenarios from scenarios.toml, as command lines of the program
// `scenario`. Checks the file before any run, so that a mistake costs no run.
#pragma once

#include "compare/experiment.h"

#include <string>
#include <string_view>
#include <vector>

namespace ashlar::suite {

// A scenario that the program has, and the keys that it takes beside the common ones.
struct LockScenarioType {
    std::string name;
    std::vector<std::string> own_keys;
};

// Parses the output of `scenario --types`.
std::vector<LockScenarioType> parse_lock_scenario_types(const std::string& text);

// The program and the file of the scenarios. The file lies beside the program or belongs to the user.
struct LockScenarioSource {
    std::string program; // path of `scenario`
    std::vector<LockScenarioType> types;
    std::string file; // for messages
    bool quick = false;
    std::uint64_t seed = 1; // for configurations that name none
};

// Parses a file of scenarios. Throws std::invalid_argument, with the file, the line and the remedy, for a
// text that is not TOML or asks for something unknown.
std::vector<compare::Configuration> read_lock_scenarios(std::string_view text,
                                                        const LockScenarioSource& source);

// Returns the configurations with these names, in the order of the file, or all if `names` is empty. Throws
// std::invalid_argument for an unknown name.
std::vector<compare::Configuration> only(std::vector<compare::Configuration> configurations,
                                         const std::vector<std::string>& names);

} // namespace ashlar::suite
