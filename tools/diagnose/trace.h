// SPDX-License-Identifier: MIT
// Runs a command and observes every program that the command and its descendants run. Each is read at its
// end, when everything that it loaded is still mapped.
//
// Uses ptrace where permitted, which misses no process. Elsewhere reads /proc repeatedly, which misses
// processes that live for only a few milliseconds. Observation::method tells which. The command has the
// terminal, receives the signals and decides the exit status. A traced program gets no privileges from
// setuid.
#pragma once

#include "diagnose/program_image.h"

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <vector>

namespace ashlar::diagnose {

struct ObservedProgram {
    enum class Fate { kEnded, kReplaced, kStillRunning }; // kReplaced: by exec, before it was observed
    ProgramImage image;
    std::optional<std::size_t> started_by; // index of the program that forked or executed this one
    Fate fate = Fate::kStillRunning;
    bool is_traced = false; // and therefore ran without the privileges of its file
};

struct Observation {
    enum class Method { kTraced, kSampled };
    Method method = Method::kTraced;
    std::vector<ObservedProgram> programs; // the command is the first
    int not_run = 0;                       // errno of the failed exec; 0: the command ran
    int status = 0;                        // of the command, as from waitpid
    bool timed_out = false;
    int ended_by = 0;   // signal that was sent to this process to end the work
    std::string errors; // beginning of a look's standard error, unless its output is shown
};

struct Watching {
    // For a look, the command has its own process group and reads and writes nothing. Its remaining processes
    // are killed at the end. Otherwise the command runs as if executed in place of this process.
    bool is_look = false;
    bool shows_output = false;                             // for a look, on stderr
    std::optional<std::chrono::milliseconds> time_limit{}; // for a look
};

// Runs `command` with this process's environment.
Observation observe(std::vector<std::string> command, const Watching& watching);

} // namespace ashlar::diagnose
