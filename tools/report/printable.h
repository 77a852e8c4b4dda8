// SPDX-License-Identifier: MIT
// Text of others', such as the name of a process, as it may go to a terminal.
#pragma once

#include <string>

namespace ashlar::report {

// With a blank in place of each control character.
std::string printable(std::string text);

} // namespace ashlar::report
