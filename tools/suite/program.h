// SPDX-License-Identifier: MIT
// A benchmark program of this repository.
#pragma once

#include <string>

namespace ashlar::suite {

// Its path. Throws std::runtime_error, with the command that builds it, if it is not there.
std::string program(const std::string& name);

} // namespace ashlar::suite
