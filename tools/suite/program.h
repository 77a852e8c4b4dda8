// SPDX-License-Identifier: MIT
// A benchmark program of this repository.
#pragma once

#include <string>

namespace ashlar::suite {

// Its path. Throws std::runtime_error, with the text of `how_to_get`, if it is not there.
std::string program(const std::string& name);

// For a file of the benchmark programs, which an installation may lack: the package that has it, and the
// command that builds it.
std::string how_to_get(const std::string& file, const std::string& target);

} // namespace ashlar::suite
