// SPDX-License-Identifier: MIT
// Text from other programs, such as a process's name, made safe for a terminal.
#pragma once

#include <string>

namespace ashlar::report {

// Replaces each control character with a blank.
std::string printable(std::string text);

} // namespace ashlar::report
