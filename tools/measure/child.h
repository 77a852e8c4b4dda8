// SPDX-License-Identifier: MIT
// One run of one command: what it did, what it used and what it printed. The call always comes back: a
// command that exceeds its time is looked at by whoever asked for it, then ended with all that it has
// started. What it used is the sum over all these processes.
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
    std::string preload{};                  // real paths with : between them, the first is proved; or empty
    std::vector<std::string> environment{}; // "NAME=value", beside what this process has
    bool prove_preload = false;             // see Run::images; not for timed runs
    std::optional<unsigned> processor{};    // the only one that it may run on
    bool is_service = false;                // not over as long as anything that it has started is there
};

struct Supervision {
    std::chrono::milliseconds time_limit;
    const machine::Interrupt* interrupt = nullptr; // ends the command when it is requested
    // Called while all of these are still there: the command and what it has started.
    std::function<void(const std::vector<pid_t>&)> on_time_out{};
    bool follow_rss = false;               // see Run::rss_over_time
    bool follow_threads = false;           // see Run::idle_seconds
    std::function<void(pid_t)> on_start{}; // is given a process whose descendants all these are
    // Called when a service's first process has ended well, with one whose descendants are left. Then these
    // are ended, and the service is over.
    std::function<void(pid_t)> on_command_end{};
    int stop = -1; // a descriptor; when it can be read, all are asked to end, and made to if they do not
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

// What was in the memory of a process when it was looked at.
struct Image {
    std::string name; // as the kernel knows it: one file may be several programs
    std::string executable;
    bool preload_mapped = false;
    std::string other_allocator; // a library that is an allocator and was not preloaded; or empty
    double cpu_seconds = 0;      // of this process alone
    std::uint64_t peak_rss_kib = 0;
};

struct Run {
    Ending ending = Ending::kLost;
    int code = 0;
    Usage usage;
    std::string output; // the last part of what it printed
    std::string errors;
    // Empty if they were not asked for or tracing is not permitted. Of a command its own at its end, of a
    // service those of all processes just before they were asked to end.
    std::vector<Image> images{};
    std::vector<RssPoint>
        rss_over_time{}; // a few hundred points at most, evenly spaced; empty if not asked for
    std::optional<double> idle_seconds{}; // of a thread in the mean, see ThreadTimes; only if asked for

    bool succeeded() const { return ending == Ending::kExited && code == 0; }
};

Run run(const Command& command, const Supervision& supervision);

// The last line that is not empty, without its end.
std::string last_line(const std::string& text);

// "exit status 1", "killed by SIGSEGV (Segmentation fault)", "timed out", ...
std::string describe_ending(const Run& run);

} // namespace ashlar::measure
