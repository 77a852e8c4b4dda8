// SPDX-License-Identifier: MIT
// Generates manual pages (section 1) from the declared command line.
#pragma once

#include <string>

namespace CLI { // NOLINT(readability-identifier-naming): the library's
class App;
}

namespace ashlar::document {

// Returns ashlar(1), of the program with a list of its sub-commands.
std::string man_page(const CLI::App& program);
// Returns ashlar-NAME(1) of a sub-command, or ashlar-NAME-NAME(1) of a sub-command's own.
std::string man_page(const CLI::App& program, const CLI::App& command);

// Returns "ashlar-bench-locks".
std::string page_name(const CLI::App& command);

} // namespace ashlar::document
