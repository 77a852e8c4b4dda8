// SPDX-License-Identifier: MIT
// The benchmark programs of this repository.
#pragma once

#include <string>

namespace ashlar::suite {

// Returns the path of a program. Throws std::runtime_error, with the text of `how_to_get`, if it is missing.
std::string program(const std::string& name);

// Says how to get a missing file of the benchmark programs: a package, or the command that builds `target`.
std::string how_to_get(const std::string& file, const std::string& target);

} // namespace ashlar::suite
