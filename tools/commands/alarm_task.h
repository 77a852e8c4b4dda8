// SPDX-License-Identifier: MIT
// The task of `ashlar alarm`: the library to judge, its reference, and the stored figures.
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

// The request of one run, and the facts about the reference for its report.
struct AlarmTask {
    alarm::Request request;
    report::AlarmContext context;
    std::optional<alarm::Repository> repository{};
    std::optional<alarm::References> references{};
    alarm::History history{};
    std::string processor;
};

// Throws std::invalid_argument if something is missing. `scratch` is a folder for files of this run alone.
AlarmTask make_task(const AlarmOptions& options, const std::filesystem::path& scratch);

} // namespace ashlar::commands
