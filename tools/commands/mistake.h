// SPDX-License-Identifier: MIT
// Describes mistakes in a command line, and suggests corrections.
#pragma once

#include <string>

namespace CLI { // NOLINT(readability-identifier-naming): the library's
class App;
class ParseError;
} // namespace CLI

namespace ashlar::commands {

// Returns the command as it was called: "ashlar bench locks".
std::string name_of_command(const CLI::App& program);

// Returns "ashlar bench: there is no option --qick; did you mean --quick?", an example if something is
// missing, and the command that explains it. Each has a line.
std::string describe_mistake(const CLI::App& program, const CLI::ParseError& error);

// Returns the sub-command of that name. Throws std::invalid_argument with the nearest name if there is none.
const CLI::App& find_command(const CLI::App& command, const std::string& name);

} // namespace ashlar::commands
