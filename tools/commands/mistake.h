// SPDX-License-Identifier: MIT
// What is wrong with a command line, and what was probably meant.
#pragma once

#include <string>

namespace CLI { // NOLINT(readability-identifier-naming): the library's
class App;
class ParseError;
} // namespace CLI

namespace ashlar::commands {

// "ashlar bench locks", as it was called
std::string name_of_command(const CLI::App& program);

// "ashlar bench: there is no option --qick; did you mean --quick?", an example if something is missing, and
// where it is explained. Each has a line.
std::string describe_mistake(const CLI::App& program, const CLI::ParseError& error);

// The sub-command of that name; throws std::invalid_argument with the nearest name if there is none.
const CLI::App& find_command(const CLI::App& command, const std::string& name);

} // namespace ashlar::commands
