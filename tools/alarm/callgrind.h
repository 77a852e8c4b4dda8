// SPDX-License-Identifier: MIT
// Instructions by function, as valgrind's callgrind counts them. The format is that of "Callgrind Format
// Specification" in valgrind's manual.
#pragma once

#include <cstdint>
#include <functional>
#include <istream>
#include <map>
#include <string>

namespace ashlar::alarm {

// Of each function its own instructions, without those of what it calls.
using Instructions = std::map<std::string, std::uint64_t>;

// Of the functions in objects that `wanted` accepts; it is given an object's path. Throws std::runtime_error
// for a text that is not callgrind's.
Instructions read_callgrind(std::istream& in, const std::function<bool(const std::string&)>& wanted);

std::uint64_t sum(const Instructions& instructions);

} // namespace ashlar::alarm
