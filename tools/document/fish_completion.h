// SPDX-License-Identifier: MIT
// Completion for fish, written from what the command line declares.
#pragma once

#include <string>

namespace CLI { // NOLINT(readability-identifier-naming): the library's
class App;
}

namespace ashlar::document {

std::string fish_completion(const CLI::App& program);

} // namespace ashlar::document
