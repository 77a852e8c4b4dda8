// SPDX-License-Identifier: MIT
// The user's programs as configurations: an executable, a script, or a folder of executables.
#pragma once

#include "compare/experiment.h"

#include <string>
#include <vector>

namespace ashlar::suite {

// Returns the configuration of a program, or of every executable in a folder, in order of name. A script need
// not be executable: its first line names its interpreter. Throws std::invalid_argument, with a sentence that
// says what to do, if there is nothing to run.
std::vector<compare::Configuration> own_programs(const std::string& path);

} // namespace ashlar::suite
