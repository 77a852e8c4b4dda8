// SPDX-License-Identifier: MIT
// What commands are called, and how they are called, in --help and in manual pages.
#pragma once

#include <string>

namespace CLI { // NOLINT(readability-identifier-naming): the library's
class App;
}

namespace ashlar::document {

// "ashlar bench locks"
std::string full_name(const CLI::App& command);

// "ashlar run [OPTION]... [--] CMD..."
std::string usage(const CLI::App& command);

} // namespace ashlar::document
