// SPDX-License-Identifier: MIT
// `ashlar alarm --update`: what was measured becomes the reference.
#pragma once

#include "alarm/watch.h"
#include "commands/alarm_options.h"
#include "commands/alarm_task.h"

namespace ashlar::commands {

// With --update, throws std::invalid_argument if the tree differs from the commit that would be recorded.
void check_recordable(const AlarmOptions& options, const AlarmTask& task);

// Writes the reference and the history, and prints what changed. Throws std::invalid_argument if a benchmark
// has no figures: it would never be judged again.
void update(const AlarmOptions& options, AlarmTask& task, const alarm::Report& report);

} // namespace ashlar::commands
