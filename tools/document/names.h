// SPDX-License-Identifier: MIT
// Names and usage lines of commands, for --help and manual pages.
#pragma once

#include <string>

namespace CLI { // NOLINT(readability-identifier-naming): the library's
class App;
}

namespace ashlar::document {

// Returns "ashlar bench locks".
std::string full_name(const CLI::App& command);

// Returns "ashlar run [OPTION]... [--] CMD...".
std::string usage(const CLI::App& command);

} // namespace ashlar::document
