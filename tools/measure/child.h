// SPDX-License-Identifier: MIT
// One run of one command: its ending, its usage and its output. The call always returns. At the time limit it
// calls on_time_out, and then ends the command with its descendants. The usage is the sum over all of them.
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
    std::vector<std::string> arguments; // the first word is searched in PATH
    std::string preload{}; // real paths separated by ":", of which prove_preload checks the first; or empty
    std::vector<std::string> environment{}; // "NAME=value", added to this process's environment
    bool prove_preload = false;             // see Run::images; not for timed runs
    std::optional<unsigned> processor{};    // the only processor it may run on
    bool is_service = false;                // the run lasts as long as any descendant lives
};

struct Supervision {
    std::chrono::milliseconds time_limit;
    const machine::Interrupt* interrupt = nullptr; // a request ends the command
    // Called at the time limit with the command and its descendants, before they are ended.
    std::function<void(const std::vector<pid_t>&)> on_time_out{};
    bool follow_rss = false;               // see Run::rss_over_time
    bool follow_threads = false;           // see Run::idle_seconds
    std::function<void(pid_t)> on_start{}; // called with the launcher, an ancestor of all the run's processes
    // Called with the launcher's process when a service's first process has ended well and descendants
    // remain. Then the descendants are ended, and the service is over.
    std::function<void(pid_t)> on_command_end{};
    int stop = -1; // a descriptor; readable: all processes are asked to end, and later killed
};

enum class Ending {
    kExited,      // code is the exit status
    kSignalled,   // code is the signal
    kTimedOut,    // ended by us
    kInterrupted, // ended by us
    kStopped,     // ended by us on request
    kNotRun,      // code is the error number: no such command, not executable, ...
    kLost,        // the launcher has died, or the command could not be ended
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
    double stolen_seconds = 0; // stolen by the hypervisor from the whole machine meanwhile

    double cpu_seconds() const { return user_seconds + system_seconds; }
};

// The contents of a process's memory when the launcher inspected it.
struct Image {
    std::string name; // as the kernel knows it; one file may be several programs
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
    std::string output; // the last part of the output
    std::string errors;
    // Images of the command at its end, or of all processes of a service just before they are asked to end.
    // Empty if not requested, or if tracing is not permitted.
    std::vector<Image> images{};
    std::vector<RssPoint> rss_over_time{}; // at most RssCurve::kMost, evenly spaced; empty if not requested
    std::optional<double> idle_seconds{};  // mean per thread, see ThreadTimes; only if requested

    bool succeeded() const { return ending == Ending::kExited && code == 0; }
};

Run run(const Command& command, const Supervision& supervision);

// Returns the last line that is not empty, without its line break.
std::string last_line(const std::string& text);

// Returns "exit status 1", "killed by SIGSEGV (Segmentation fault)", "timed out", ...
std::string describe_ending(const Run& run);

} // namespace ashlar::measure
