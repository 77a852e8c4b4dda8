// SPDX-License-Identifier: MIT
// Reads instructions per function from valgrind's callgrind. The format is that of "Callgrind Format
// Specification" in valgrind's manual.
#pragma once

#include <cstdint>
#include <functional>
#include <istream>
#include <map>
#include <string>

namespace ashlar::alarm {

// Each function's own instructions, without those of its callees.
using Instructions = std::map<std::string, std::uint64_t>;

// Returns the functions of objects whose path `wanted` accepts. Throws std::runtime_error for another format.
Instructions read_callgrind(std::istream& in, const std::function<bool(const std::string&)>& wanted);

std::uint64_t sum(const Instructions& instructions);

} // namespace ashlar::alarm
