// SPDX-License-Identifier: MIT
// Which of several programs is installed, and its own path where the one on PATH only starts another.
#pragma once

#include <optional>
#include <string>
#include <vector>

namespace ashlar::suite {

// The path of the first of these that PATH has. `ask` are arguments that have an interpreter print its own
// path: version managers put a shell script in its place, which would be measured too. None for the others.
std::optional<std::string> find_installed(const std::vector<std::string>& names,
                                          const std::vector<std::string>& ask = {});

} // namespace ashlar::suite
