// SPDX-License-Identifier: MIT
// Completion for zsh, written from what the command line declares.
#pragma once

#include <string>

namespace CLI { // NOLINT(readability-identifier-naming): the library's
class App;
}

namespace ashlar::document {

std::string zsh_completion(const CLI::App& program);

} // namespace ashlar::document
