// SPDX-License-Identifier: MIT
// Generates the text of --help, from the facts that manual pages and completion use.
#pragma once

#include <cstddef>
#include <string>

namespace CLI { // NOLINT(readability-identifier-naming): the library's
class App;
}

namespace ashlar::document {

// Lines have at most `columns` characters, except for longer words.
std::string help_text(const CLI::App& command, std::size_t columns);

} // namespace ashlar::document
