// SPDX-License-Identifier: MIT
// Finds installed programs, and the real path of a program that PATH starts through a script.
#pragma once

#include <optional>
#include <string>
#include <vector>

namespace ashlar::suite {

// Returns the path of the first of `names` that PATH has. `ask` makes an interpreter print its own path,
// because version managers install a shell script in its place. `ask` is empty for other programs.
std::optional<std::string> find_installed(const std::vector<std::string>& names,
                                          const std::vector<std::string>& ask = {});

} // namespace ashlar::suite
