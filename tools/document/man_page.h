// SPDX-License-Identifier: MIT
// Manual pages (section 1), written from what the command line declares.
#pragma once

#include <string>

namespace CLI { // NOLINT(readability-identifier-naming): the library's
class App;
}

namespace ashlar::document {

// ashlar(1): of the program, with a list of its sub-commands.
std::string man_page(const CLI::App& program);
// ashlar-NAME(1): of one of them, or ashlar-NAME-NAME(1), of one of its own.
std::string man_page(const CLI::App& program, const CLI::App& command);

// "ashlar-bench-locks"
std::string page_name(const CLI::App& command);

} // namespace ashlar::document
