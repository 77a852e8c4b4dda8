// SPDX-License-Identifier: MIT
// Programs of the user's as configurations: an executable, a script, or a folder of executables.
#pragma once

#include "compare/experiment.h"

#include <string>
#include <vector>

namespace ashlar::suite {

// Of a folder every executable file that lies in it, in the order of their names. A script needs no leave to
// be executed: its first line says what runs it. Throws std::invalid_argument, with a sentence that says what
// to do, if there is nothing to run.
std::vector<compare::Configuration> own_programs(const std::string& path);

} // namespace ashlar::suite
