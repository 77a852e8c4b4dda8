// SPDX-License-Identifier: MIT
// The sub-command `languages` of `ashlar bench`.
#pragma once

#include "commands/command.h"

namespace ashlar::commands {

void add_bench_languages(CLI::App& bench, Action& action);

} // namespace ashlar::commands
