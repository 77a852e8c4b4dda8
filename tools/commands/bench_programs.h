// SPDX-License-Identifier: MIT
// The sub-command `programs` of `ashlar bench`.
#pragma once

#include "commands/command.h"

namespace ashlar::commands {

void add_bench_programs(CLI::App& bench, Action& action);

} // namespace ashlar::commands
