// SPDX-License-Identifier: MIT
// `ashlar alarm --update`: records the measured figures as the reference.
#pragma once

#include "alarm/watch.h"
#include "commands/alarm_options.h"
#include "commands/alarm_task.h"

namespace ashlar::commands {

// With --update, throws std::invalid_argument if the tree differs from the commit to record.
void check_recordable(const AlarmOptions& options, const AlarmTask& task);

// Writes the reference and the history, and prints the changes. Throws std::invalid_argument if a benchmark
// has no figures. Without them it would never be judged again.
void update(const AlarmOptions& options, AlarmTask& task, const alarm::Report& report);

} // namespace ashlar::commands
