// SPDX-License-Identifier: MIT
// ashlar profile: where a program's memory is allocated. Records a command or a process, or reads files.
#include "commands/attached_run.h"
#include "commands/command.h"
#include "commands/command_words.h"
#include "commands/process_number.h"
#include "commands/profile_locks.h"
#include "commands/profile_options.h"
#include "commands/profile_session.h"
#include "commands/recorded_run.h"
#include "machine/files.h"
#include "machine/interrupt.h"
#include "machine/program_search.h"
#include "machine/terminal.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <fmt/format.h>
#include <memory>

namespace ashlar::commands {

namespace {

using profile::Summary;
using profile::View;

constexpr const char* kFooter = R"(Examples:
  ashlar profile -- python3 script.py             what was live at the peak, and which lines allocated it
  ashlar profile --leaks --rate 1 -- ./tool       every block that was never freed
  ashlar profile --cpu -- ./tool                  which functions use the processor, and who calls malloc
  ashlar profile --html report.html -- ./server --self-test
  ashlar profile --pprof out.pb.gz --flamegraph out.folded -- ./server --self-test
  ashlar profile --pid 4711 --seconds 30          what a process that runs already allocates
  ashlar profile --keep profiles -- ./server      keeps what was recorded, to be read again
  ashlar profile --waste profiles/ashlar.4711.profile
  ashlar profile --diff before.profile after.profile

The command runs on Ashlar with its sampling profiler: of the bytes that it allocates, one in --rate is a sample, whose stack is recorded. Where a thread allocates so fast that samples would take more than --cost of its time, fewer are taken. Figures are estimates with intervals of 95 %, exact with --rate 1. What the command starts is profiled too, each process in a file of its own; the one with the highest peak is shown in full.

When the command is interrupted (Ctrl-C), killed or out of time, what was recorded until then is shown.

--pid switches the profiler of a running process on, without stopping it, and off again after --seconds or with Ctrl-C. Only what is allocated in between is seen. The process must run on Ashlar. It takes notice when one of its threads has asked for another 512 KiB. It writes the file where its setting profile_file says (/tmp) or to --place; the file is removed in the end, or goes to --keep. Children that it forks are not recorded. A second `ashlar profile --pid` takes over from the first.

Views: --peak (the default) is what was live when the most was; --live is what is live at the end or --at a moment; --allocated is everything; --leaks was never freed and is not suppressed; --temporary was freed before another --temporary-within bytes were allocated; --lifetime is bytes times seconds; --waste is free memory in slabs that live blocks keep from being given back. The place of a block is the first function of its stack that is not part of a standard library.

Names come from symbol tables and debug information (packages -dbgsym), with DEBUGINFOD_URLS set from there too. Code that is compiled at run time has names if the program writes /tmp/perf-PID.map: node --perf-basic-prof, python3 -X perf (3.12), java -XX:+DumpPerfMapAtExit.

Files of jemalloc's profiler (heap_v2) are read as well, and those of heaptrack, where heaptrack_print is installed.

With --cpu the functions come first that used the processor, in microseconds of CPU time, and then who called malloc and free, by their CPU time and the time of a call. Without it the report tells how much of the CPU time is the allocator's. Each thread is looked at --cpu-rate times in a second of its CPU time, by timers and the signal SIGURG; a program that handles SIGURG itself is not sampled. --no-cpu switches this off, for programs that must have one thread only (unshare, setns). Of a process that runs already (--pid) CPU time is sampled only with --cpu.

The report also tells how the thread caches did: refills and calls of the malloc behind Ashlar are counted, so the hit rate is an estimate by sampled requests; it is exact, and the time of refills is known, if the program runs with ASHLAR_CONF=count:true. --no-memory and --no-cache leave one of the two out.

With --locks the locks of the program are profiled too: which cost most, who waited, who kept others waiting, in which order they are acquired, and, when the command is out of time, who waits for whom. Files whose names end in .locks are what that recorded. docs/locks.md says how to read it. Only a command that is started can be looked at so; a process that runs cannot.

--suppressions names a file as LeakSanitizer has them: lines "leak:PATTERN". --focus keeps stacks with a function or file that matches, --ignore drops them.

Exit status: that of the command, 124 if it ran out of time, 125 if `ashlar profile` itself fails, 126 or 127 if the command cannot be run or found, 128 and the number of the signal if it was killed by one. Of files that are read: 0, or 1 if one of them cannot be read. Of --pid: 0 with a report, 1 if there is no such process or it has no profiler that can be switched on, 125 if the kernel forbids it, its file cannot be created or read, or nothing was recorded. 2 for wrong arguments.)";

// Who forgot the dashes has named a program, not a recording.
void check_are_files(const std::vector<std::string>& words) {
    std::error_code error;
    if (!std::filesystem::exists(words.front(), error) && machine::find_program(words.front()).error == 0) {
        throw std::invalid_argument(fmt::format("there is no file {0}; a command to record stands behind --\n"
                                                "  example: ashlar profile -- {1}",
                                                words.front(), fmt::join(words, " ")));
    }
}

int read_files(const ProfileOptions& options) {
    check_are_files(options.files);
    const auto [lock_files, files] = sorted_by_kind(options.files);
    if (files.empty()) {
        check_only_locks(options);
    }
    ProfileSession session(options);
    LockView locks(options.locks, options.top);
    bool all = true;
    if (!lock_files.empty()) {
        all = session.show_locks(locks, lock_files);
    }
    if (files.empty()) {
        session.show_no_memory();
        return all ? kSuccess : kSomethingFailed;
    }
    profile::Successors successors;
    for (const std::string& file : files) {
        successors.add(file);
    }
    std::vector<Summary> summaries;
    for (const std::string& file : files) {
        all &= session.read(file, summaries, successors);
    }
    if (!summaries.empty()) {
        session.check_moment(summaries);
        session.show(summaries);
    }
    return all ? kSuccess : kSomethingFailed;
}

int show_difference(const ProfileOptions& options) {
    ProfileSession session(options);
    std::vector<Summary> before;
    std::vector<Summary> after;
    if (!session.read(options.difference[0], before) || !session.read(options.difference[1], after)) {
        return kSomethingFailed;
    }
    session.check_moment(before);
    session.check_moment(after);
    session.show_difference(before, after);
    return kSuccess;
}

int record(const ProfileOptions& options) {
    ProfileSession session(options); // reports mistakes in the arguments before the command runs
    LockView locks(options.locks, options.top);
    const machine::Interrupt interrupt;
    const RecordedRun run = record_run({.subcommand = "profile",
                                        .command = options.command,
                                        .rate = options.rate,
                                        .limit = options.limit,
                                        .cost = options.cost,
                                        .library = options.library,
                                        .keep = options.keep,
                                        .timeout = options.timeout,
                                        .cpu = options.no_cpu ? 0 : options.cpu_rate,
                                        .locks = options.locks.settings(options.command.front())},
                                       interrupt);
    if (run.ended.error != 0) {
        return not_run("profile", options.command.front(), run.ended.error);
    }
    if (options.locks.wanted) {
        session.show_locks(locks, run.lock_files());
    }
    std::vector<Summary> summaries;
    for (const std::filesystem::path& file : run.files()) {
        session.read(run, file, summaries);
    }
    if (summaries.empty()) {
        machine::tell(stderr, "ashlar profile: nothing was recorded: {}\n", run.why_nothing());
        return kOwnFailure;
    }
    session.say_if_over(summaries);
    session.show(summaries);
    if (!options.keep.empty()) {
        machine::tell(stderr, "ashlar profile: recorded in {}\n", options.keep);
    }
    return run.ended.timed_out ? kTimedOut : run.exit_status();
}

int record_process(const ProfileOptions& options) {
    ProfileSession session(options);
    const machine::Interrupt interrupt;
    try {
        const AttachedRun run(
            {.process = process_number(options.process),
             .rate = options.rate,
             .limit = options.limit,
             .cpu = options.view == View::kCpu ? static_cast<std::uint32_t>(options.cpu_rate) : 0,
             .place = options.place,
             .keep = options.keep,
             .seconds = options.seconds},
            interrupt);
        std::vector<Summary> summaries;
        if (!session.read(run, summaries)) {
            return kOwnFailure;
        }
        session.say_if_over(summaries);
        session.show(summaries);
    } catch (const CannotAttach& error) {
        machine::tell(stderr, "ashlar profile: {}\n", error.what());
        return error.status;
    }
    return kSuccess;
}

int run_profile(const ProfileOptions& options) {
    check_consistent(options);
    if (!options.difference.empty()) {
        return show_difference(options);
    }
    if (!options.process.empty()) {
        return record_process(options);
    }
    return options.command.empty() ? read_files(options) : record(options);
}

// Returns the words after the first "--", or nothing without one.
std::vector<std::string> words_behind_dashes() {
    const std::vector<std::string> words = machine::command_line();
    const auto dashes = std::find(words.begin(), words.end(), "--");
    return dashes == words.end() ? std::vector<std::string>()
                                 : std::vector<std::string>(dashes + 1, words.end());
}

} // namespace

void add_profile(CLI::App& app, Action& action) {
    auto options = std::make_shared<ProfileOptions>();
    CLI::App* const profile = app.add_subcommand("profile", "See where a program's memory comes from");
    profile->footer(kFooter);
    add_options(*profile, options);
    profile->callback([options, &action] {
        options->command = words_behind_dashes();
        // The parser has appended the command's words to the files.
        options->files.resize(options->files.size() -
                              std::min(options->files.size(), options->command.size()));
        if (options->no_memory && !options->no_cpu && !options->command.empty() &&
            options->view == View::kPeak) {
            options->view = View::kCpu; // the only remaining view
        }
        action = [options] { return run_profile(*options); };
    });
}

} // namespace ashlar::commands
