// SPDX-License-Identifier: MIT
#include "commands/subject_obstacle.h"

#include <fmt/format.h>

namespace ashlar::commands {

using observe::Subject;

std::string no_process(pid_t process) {
    return fmt::format("there is no process {}; `pgrep -a NAME` and `ps` show the numbers of those that run",
                       process);
}

std::optional<std::string> obstacle(const Subject& subject) {
    const pid_t process = subject.process();
    const std::string& name = subject.status().name;
    switch (subject.state()) {
    case Subject::State::kGone:
        return no_process(process);
    case Subject::State::kNoMemory:
        return fmt::format("process {} ({}) has no memory: it has ended, or belongs to the kernel", process,
                           name);
    case Subject::State::kNotAshlar:
        return fmt::format(
            "process {} ({}) does not run on Ashlar; start it with `ashlar run`, and `ashlar doctor {}` "
            "tells what keeps Ashlar away",
            process, name, process);
    case Subject::State::kOtherAshlar:
        return fmt::format(
            "process {} ({}) runs on another version of Ashlar, {}, whose tables this command does not "
            "know; use the `ashlar` that came with it, or start the process anew",
            process, name, subject.library_path());
    default:
        return std::nullopt;
    }
}

} // namespace ashlar::commands
