// SPDX-License-Identifier: MIT
// Runs a command and looks at every program that it and its descendants run, each at its very end, when
// everything that it loaded is still there.
//
// By ptrace where that is permitted: then no process is missed. Elsewhere by looking at /proc again and
// again: what lives for a few milliseconds only is missed, and Observation::method says so. The command has
// the terminal, gets the signals and decides the exit status; a traced program gets no privileges from
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
    enum class Fate { kEnded, kReplaced, kStillRunning }; // kReplaced: by exec, before it could be looked at
    ProgramImage image;
    std::optional<std::size_t> started_by; // the program that forked or executed this one, by index
    Fate fate = Fate::kStillRunning;
    bool is_traced = false; // so it did not get the privileges of its file
};

struct Observation {
    enum class Method { kTraced, kSampled };
    Method method = Method::kTraced;
    std::vector<ObservedProgram> programs; // the command is the first
    int not_run = 0;                       // else the error number with which it could not be executed
    int status = 0;                        // of the command, as waitpid gives it
    bool timed_out = false;
    int ended_by = 0;   // the signal that was sent to us to end the work
    std::string errors; // how a look's standard error began, unless its output is shown
};

struct Watching {
    // For a look: the command is in a process group of its own, reads and writes nothing, and whatever is
    // left at the end is killed. Else it is as if it had been executed in our place.
    bool is_look = false;
    bool shows_output = false;                             // of a look, on stderr
    std::optional<std::chrono::milliseconds> time_limit{}; // of a look
};

// With this process's environment.
Observation observe(std::vector<std::string> command, const Watching& watching);

} // namespace ashlar::diagnose
