// SPDX-License-Identifier: MIT
// Runs a command on this program's terminal, input and output, and waits for its end.
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
    std::vector<std::string> command;     // the first word is searched in PATH
    std::vector<std::string> environment; // "NAME=value", replaces this process's values
    std::optional<std::chrono::milliseconds> time_limit{};
    // Called with the command and its descendants at the time limit, before they are killed.
    std::function<void(const std::vector<pid_t>&)> on_time_out = [](const auto&) {};
    // Called periodically with the command and its descendants, orphans included. Orphans become children of
    // this program, and have a second to end after the command.
    std::function<void(const std::vector<pid_t>&)> on_look{};
};

struct Attended {
    int error = 0;  // error number if the command could not be started, else 0
    int status = 0; // as returned by wait
    bool timed_out = false;
    pid_t process = 0;
    std::chrono::steady_clock::time_point end{}; // when this program noticed its end
    std::vector<pid_t> outlived_by{};            // processes that still ran; known with on_look
};

// Runs the command. Forwards signals that would end this program (Ctrl-C, SIGTERM, SIGHUP). A command that
// still runs some seconds later is killed with its descendants.
Attended attend(const Attendance& attendance, const machine::Interrupt& interrupt);

} // namespace ashlar::measure
