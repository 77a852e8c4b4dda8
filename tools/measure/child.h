// SPDX-License-Identifier: MIT
// One run of one command: what it did, what it used and what it printed. The call always comes back: a
// command that exceeds its time is looked at by whoever asked for it, then ended with its whole process
// group.
#pragma once

#include "machine/interrupt.h"
#include "measure/rss_curve.h"

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <sys/types.h>
#include <vector>

namespace ashlar::measure {

struct Command {
    std::vector<std::string> arguments;     // the first one is searched in PATH
    std::string preload{};                  // real path of a library, or empty
    std::vector<std::string> environment{}; // "NAME=value", beside what this process has
    bool prove_preload = false;             // see Run::preload_mapped; not for timed runs
    std::optional<unsigned> processor{};    // the only one that it may run on
};

struct Supervision {
    std::chrono::milliseconds time_limit;
    const machine::Interrupt* interrupt = nullptr; // ends the command when it is requested
    std::function<void(pid_t)> on_time_out{};      // called while the command is still there
    bool follow_rss = false;                       // see Run::rss_over_time
    std::function<void(pid_t)> on_start{};
    int stop =
        -1; // a descriptor; when it can be read, the command is asked to end, and made to if it does not
};

enum class Ending {
    kExited,      // code is the exit status
    kSignalled,   // code is the signal
    kTimedOut,    // ended by us
    kInterrupted, // ended by us
    kStopped,     // ended by us, as was wanted
    kNotRun,      // code is the error number: no such command, not executable, ...
    kLost,        // the launcher is gone or the command could not be ended
};

struct Usage {
    double wall_seconds = 0;
    double user_seconds = 0;
    double system_seconds = 0;
    std::uint64_t peak_rss_kib = 0; // of the largest process
    std::uint64_t minor_faults = 0;
    std::uint64_t major_faults = 0;
    std::uint64_t voluntary_switches = 0;
    std::uint64_t involuntary_switches = 0;
    double stolen_seconds = 0; // by the hypervisor, from the whole machine, meanwhile

    double cpu_seconds() const { return user_seconds + system_seconds; }
};

struct Run {
    Ending ending = Ending::kLost;
    int code = 0;
    Usage usage;
    std::string output; // the last part of what it printed
    std::string errors;
    std::optional<bool> preload_mapped; // nothing if not asked for or not to be found out
    std::string executable{};           // what the command was at its end, where that was looked for
    std::string other_allocator{};      // a library in its memory that is an allocator and was not preloaded
    std::vector<RssPoint>
        rss_over_time{}; // a few hundred points at most, evenly spaced; empty if not asked for

    bool succeeded() const { return ending == Ending::kExited && code == 0; }
};

Run run(const Command& command, const Supervision& supervision);

// The last line that is not empty, without its end.
std::string last_line(const std::string& text);

// "exit status 1", "killed by SIGSEGV (Segmentation fault)", "timed out", ...
std::string describe_ending(const Run& run);

} // namespace ashlar::measure
