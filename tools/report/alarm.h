// SPDX-License-Identifier: MIT
// The result of the alarm: for people, for programs, and as JUnit's XML for CI servers.
#pragma once

#include "alarm/reference.h"
#include "alarm/watch.h"
#include "report/text_table.h"

#include <iosfwd>
#include <string>

namespace ashlar::report {

struct AlarmContext {
    std::string reference; // "commit 0123456 (subject)", or a library's path
    std::string again;     // command that repeats one benchmark; {} stands for its name
    bool explain = false;
    std::string anchor{}; // why stored figures are not judged here, and which they are; may be empty
};

std::string alarm_text(const alarm::Report& report, const AlarmContext& context,
                       const TextSettings& settings);
void write_alarm_json(std::ostream& out, const alarm::Report& report, const AlarmContext& context);
void write_alarm_junit(std::ostream& out, const alarm::Report& report, const AlarmContext& context);

// Returns the changes of a new reference: a line for each figure that moves by more than 1 %.
std::string reference_changes(const alarm::Recorded& before, const alarm::Recorded& after);

} // namespace ashlar::report
