// SPDX-License-Identifier: MIT
// What --help shows, written from the same facts as manual pages and completion.
#pragma once

#include <cstddef>
#include <string>

namespace CLI { // NOLINT(readability-identifier-naming): the library's
class App;
}

namespace ashlar::document {

// No line is longer than `columns`, words that are longer themselves apart.
std::string help_text(const CLI::App& command, std::size_t columns);

} // namespace ashlar::document
