// SPDX-License-Identifier: MIT
#pragma once

#include "commands/command.h"

namespace ashlar::commands {

// Adds `ashlar bench locks`, a sub-command of bench.
void add_bench_locks(CLI::App& bench, Action& action);

} // namespace ashlar::commands
