// SPDX-License-Identifier: MIT
// Generates zsh completion from the declared command line.
#pragma once

#include <string>

namespace CLI { // NOLINT(readability-identifier-naming): the library's
class App;
}

namespace ashlar::document {

std::string zsh_completion(const CLI::App& program);

} // namespace ashlar::document
