// SPDX-License-Identifier: MIT
// The configurations of the lock scenarios, read from scenarios.toml, as command lines of the program
// `scenario`. What the file says is checked here, so that a mistake costs no run.
#pragma once

#include "compare/experiment.h"

#include <string>
#include <string_view>
#include <vector>

namespace ashlar::suite {

// A scenario that the program has, and the keys that it takes beside those that all take.
struct LockScenarioType {
    std::string name;
    std::vector<std::string> own_keys;
};

// Of the text that `scenario --types` prints.
std::vector<LockScenarioType> parse_lock_scenario_types(const std::string& text);

// What the program and the file are. The file may lie beside the program, or be one of the user's.
struct LockScenarioSource {
    std::string program; // path of `scenario`
    std::vector<LockScenarioType> types;
    std::string file; // for messages
    bool quick = false;
    std::uint64_t seed = 1; // for those that name none
};

// Throws std::invalid_argument, with the file, the line and the remedy, for a text that is no TOML or asks
// for something that there is not.
std::vector<compare::Configuration> read_lock_scenarios(std::string_view text,
                                                        const LockScenarioSource& source);

// Those with these names, in the order of the file; all if no name is given. Throws std::invalid_argument for
// a name that there is not.
std::vector<compare::Configuration> only(std::vector<compare::Configuration> configurations,
                                         const std::vector<std::string>& names);

} // namespace ashlar::suite
