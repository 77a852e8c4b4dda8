// SPDX-License-Identifier: MIT
// A command that keeps this program's terminal, input and output, while this program waits for it to end.
#pragma once

#include "machine/interrupt.h"

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <sys/types.h>
#include <vector>

namespace ashlar::measure {

struct Attendance {
    std::vector<std::string> command;     // the first one is searched in PATH
    std::vector<std::string> environment; // "NAME=value", in place of what this process has
    std::optional<std::chrono::milliseconds> time_limit{};
    // Called when the time is up, while all of these are still there; then they are killed.
    std::function<void(const std::vector<pid_t>&)> on_time_out = [](const auto&) {};
    // Called every so often with the command and all that it has started, also what its parents have left
    // behind. That belongs to this program then, and gets a second to end after the command.
    std::function<void(const std::vector<pid_t>&)> on_look{};
};

struct Attended {
    int error = 0;  // why it could not be started, an error number
    int status = 0; // as wait tells it
    bool timed_out = false;
    pid_t process = 0;
    std::chrono::steady_clock::time_point end{}; // when its end was seen
    std::vector<pid_t> outlived_by{};            // known with on_look
};

// What ends this program otherwise (Ctrl-C, SIGTERM, SIGHUP) is passed on to the command. If it has not ended
// some seconds later, it is killed with all that it has started.
Attended attend(const Attendance& attendance, const machine::Interrupt& interrupt);

} // namespace ashlar::measure
