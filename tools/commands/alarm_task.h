// SPDX-License-Identifier: MIT
// What `ashlar alarm` is to judge: which library, against what, and by which stored figures.
#pragma once

#include "alarm/reference.h"
#include "alarm/repository.h"
#include "alarm/watch.h"
#include "commands/alarm_options.h"
#include "report/alarm.h"

#include <filesystem>
#include <optional>
#include <string>

namespace ashlar::commands {

// What the alarm is asked about, and what it says of the reference.
struct AlarmTask {
    alarm::Request request;
    report::AlarmContext context;
    std::optional<alarm::Repository> repository{};
    std::optional<alarm::References> references{};
    alarm::History history{};
    std::string processor;
};

// `scratch` is a folder for files of this run alone. Throws std::invalid_argument where something is missing.
AlarmTask make_task(const AlarmOptions& options, const std::filesystem::path& scratch);

} // namespace ashlar::commands
