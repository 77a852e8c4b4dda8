// SPDX-License-Identifier: MIT
// The commands of `ashlar compare`, with their parameters and steps, in hyperfine's notation.
#pragma once

#include "compare/experiment.h"

#include <string>
#include <utility>
#include <vector>

namespace CLI { // NOLINT(readability-identifier-naming): the library's
class App;
}

namespace ashlar::commands {

struct ComparedCommands {
    std::vector<std::string> words;                              // after --, word for word
    std::vector<std::string> lines;                              // for the shell
    std::vector<std::string> names;                              // in the order of the commands
    std::vector<std::pair<std::string, std::string>> parameters; // name and values
    std::string setup;
    std::vector<std::string> prepare; // one for all commands, or one for each
    std::string server;
    std::string cleanup;
};

void add_command_options(CLI::App& app, ComparedCommands& commands);

// Returns a configuration for each command and each combination of parameters: name, group, command, steps
// and parameters. Throws std::invalid_argument with a sentence for options that contradict each other.
std::vector<compare::Configuration> configurations(const ComparedCommands& commands);

} // namespace ashlar::commands
