// SPDX-License-Identifier: MIT
#include "commands/profile_options.h"

#include "commands/command_words.h"
#include "commands/number_range.h"
#include "commands/recorded_run.h"

#include <ashlar/statistics_layout.h>

#include <fmt/format.h>
#include <stdexcept>
#include <utility>

namespace ashlar::commands {

namespace {

using profile::View;

void check_process_options(const ProfileOptions& options) {
    if (options.process.empty() && (options.seconds || !options.place.empty())) {
        throw std::invalid_argument("--seconds and --place are for --pid; there is none");
    }
    if (!options.process.empty() && (options.timeout || !options.library.empty())) {
        throw std::invalid_argument(
            "--timeout and --library are for a command, not for --pid; --seconds ends "
            "the recording of a process");
    }
    if (options.place.size() >= ASHLAR_PROFILE_PLACE_BYTES) {
        throw std::invalid_argument("--place: the path is too long");
    }
}

void add_views(CLI::App& command, const std::shared_ptr<ProfileOptions>& options) {
    const std::pair<View, const char*> all[]{
        {View::kPeak, "What was live when the most was (the default)"},
        {View::kLive, "What is live at the end, or --at a moment"},
        {View::kAllocated, "What was allocated, freed or not"},
        {View::kLeaks, "What was never freed"},
        {View::kTemporary, "What was freed soon"},
        {View::kLifetime, "How much was held for how long, in bytes times seconds"},
        {View::kWaste, "Whose blocks keep free memory from being given back"},
        {View::kCpu, "Which functions used the processor, and how much of that was the allocator's"}};
    std::vector<CLI::Option*> flags;
    for (const auto& [view, help] : all) {
        CLI::Option* const flag = command.add_flag_callback(
            std::string("--") + profile::name_of(view), [options, chosen = view] { options->view = chosen; },
            help);
        for (CLI::Option* const other : flags) {
            flag->excludes(other);
        }
        flags.push_back(flag);
    }
}

} // namespace

void add_options(CLI::App& command, const std::shared_ptr<ProfileOptions>& options) {
    command.add_option("file", options->files, "Recorded files; or -- and the command to record")
        ->type_name("FILE|-- CMD");
    command.add_option("--pid", options->process, "Record a process that runs already, on Ashlar")
        ->type_name("PID");
    command.add_option("--seconds", options->seconds, "Seconds to record a process (--pid)")
        ->default_str("until Ctrl-C")
        ->check(between(0.01, 1e9))
        ->type_name("SECONDS");
    command
        .add_option("--place", options->place,
                    "Folder in which the process of --pid writes meanwhile, as it sees its files")
        ->default_str("that of its setting profile_file, else /tmp")
        ->type_name("FOLDER");
    add_views(command, options);
    command.add_flag("--no-memory", options->no_memory, "Leave out where memory comes from");
    command.add_flag("--no-cpu", options->no_cpu, "Do not sample what uses the processor");
    command.add_flag("--no-cache", options->no_cache, "Leave out how well the thread caches served");
    command.add_option("--cpu-rate", options->cpu_rate, "Samples in each second of a thread's CPU time")
        ->check(CLI::Range(1, 1000))
        ->capture_default_str()
        ->type_name("N");
    command.add_option("--top", options->top, "How many places to show")
        ->check(CLI::Range(1, 10'000))
        ->capture_default_str()
        ->type_name("N");
    command.add_option("--focus", options->focus, "Only stacks with a function or file that matches")
        ->type_name("REGEX");
    command.add_option("--ignore", options->ignore, "No stacks with a function or file that matches")
        ->type_name("REGEX");
    command
        .add_option("--suppressions", options->suppressions,
                    "File with leaks that are not shown, in lines such as leak:PATTERN")
        ->type_name("FILE");
    command
        .add_option("--thread", options->thread, "Only what this thread allocated or used, by name or number")
        ->type_name("THREAD");
    command
        .add_option("--temporary-within", options->temporary_within,
                    "A block is temporary if fewer bytes than these were allocated before it was freed")
        ->default_str("1M")
        ->transform(size_in_bytes())
        ->type_name("SIZE");
    command.add_option("--at", options->at, "The moment for --live, in seconds after the start")
        ->default_str("the end")
        ->check(between(0, 1e9))
        ->type_name("SECONDS");
    command.add_option("--diff", options->difference, "What changed from one recorded file to another")
        ->expected(2)
        ->type_name("FILE FILE");
    command
        .add_option("--rate", options->rate,
                    "Bytes allocated between two samples, on average; 1 records every block")
        ->default_str("512K")
        ->transform(size_in_bytes(1))
        ->type_name("SIZE");
    command
        .add_option("--cost", options->cost,
                    "Percent of a thread's processor time that samples may take: where they come faster "
                    "than that, fewer are taken; 0 is no bound")
        ->default_str("2; 10 with a --rate below 512K")
        ->check(CLI::Range(0, 100))
        ->type_name("PERCENT");
    command.add_option("--limit", options->limit, "Bytes that the recorded file of a process may have")
        ->default_str("256M")
        ->transform(size_in_bytes(kLeastRecording))
        ->type_name("SIZE");
    command
        .add_option("--timeout", options->timeout,
                    "Seconds after which the command is killed, and the stacks of its threads are saved")
        ->default_str("none")
        ->check(between(0.01, 1e9))
        ->type_name("SECONDS");
    command.add_option("--keep", options->keep, "Keep the recorded files in this folder")
        ->type_name("FOLDER");
    command.add_option("--library", options->library, "The library to preload")
        ->default_str("the one that was built or installed with this program")
        ->type_name("FILE");
    command
        .add_option("--html", options->html,
                    "Write a report with a flame graph of every view: one file for a browser")
        ->type_name("FILE");
    command
        .add_option(
            "--json", options->json,
            "Write every view as JSON; - for the standard output, in place of the text: behind what the "
            "command itself writes there")
        ->type_name("FILE");
    command
        .add_option("--flamegraph", options->flame_graph,
                    "Write the view as folded stacks, for flamegraph.pl")
        ->type_name("FILE");
    command.add_option("--speedscope", options->speedscope, "Write every view for www.speedscope.app")
        ->type_name("FILE");
    command.add_option("--pprof", options->pprof, "Write every view for pprof")->type_name("FILE");
    command
        .add_option("--jeprof", options->heap_v2, "Write the view for jeprof, of the process that is shown")
        ->type_name("FILE");
    add_lock_options(command, options->locks);
}

void check_consistent(const ProfileOptions& options) {
    const auto refuse = [](const char* why) { throw std::invalid_argument(why); };
    check_process_options(options);
    const int ways = (options.command.empty() ? 0 : 1) + (options.files.empty() ? 0 : 1) +
                     (options.difference.empty() ? 0 : 1) + (options.process.empty() ? 0 : 1);
    if (ways == 0) {
        refuse(
            "nothing to profile is given; name a command behind --, a process by --pid, or recorded files\n"
            "  example: ashlar profile -- python3 script.py");
    }
    if (ways > 1) {
        refuse(
            "too much is given; name a command behind --, or a process by --pid, or recorded files, or two "
            "files by --diff");
    }
    const bool is_cpu = options.view == View::kCpu;
    if (options.no_memory && options.no_cache && options.no_cpu) {
        refuse("--no-memory, --no-cache and --no-cpu leave nothing to show; give two of them at most");
    }
    if (is_cpu && options.no_cpu) {
        refuse("--cpu shows what --no-cpu leaves out; give one of them");
    }
    const bool memory_files = !options.html.empty() || !options.flame_graph.empty() ||
                              !options.speedscope.empty() || !options.pprof.empty() ||
                              !options.heap_v2.empty();
    if (options.no_memory && !is_cpu && options.view != View::kPeak) {
        throw std::invalid_argument(fmt::format("--{} shows what --no-memory leaves out; give one of them",
                                                profile::name_of(options.view)));
    }
    if (options.no_memory && !is_cpu && (memory_files || !options.difference.empty())) {
        refuse("--no-memory leaves the text and --json, and with --cpu the other files and --diff");
    }
    if (is_cpu && !options.heap_v2.empty()) {
        refuse("--jeprof is a file of memory; --pprof has CPU time");
    }
    if (options.at && options.view != View::kLive) {
        refuse("--at is a moment for --live; give both");
    }
    const bool other_files = !options.json.empty() || !options.speedscope.empty() || !options.pprof.empty() ||
                             !options.heap_v2.empty();
    if (!options.difference.empty() && other_files) {
        refuse("--diff has text, --flamegraph and --html only; the other files are of one profile");
    }
    if (options.command.empty() && options.locks.wanted) {
        refuse("--locks is for a command that is started here: a process that runs cannot be looked at so, "
               "and files "
               "that were recorded (.locks) need no option");
    }
    if (options.cost && options.command.empty()) {
        refuse("--cost is for a command that is started here; a process that runs has its own profile_cost");
    }
    const bool records = !options.command.empty() || !options.process.empty();
    if (!records && options.rate != ProfileOptions().rate) {
        refuse("--rate is for a recording; these files have the one that they were recorded with");
    }
    if (!records && (!options.keep.empty() || options.timeout)) {
        refuse("--keep and --timeout are for a command that is recorded, or --keep for a process (--pid); "
               "there is none");
    }
}

void check_only_locks(const ProfileOptions& options) {
    for (const auto& [option, path] : {std::pair{"--json", &options.json},
                                       {"--flamegraph", &options.flame_graph},
                                       {"--speedscope", &options.speedscope},
                                       {"--pprof", &options.pprof}}) {
        if (!path->empty()) {
            throw std::invalid_argument(fmt::format(
                "{} is of memory, and these files are of locks: give --locks-{}", option, option + 2));
        }
    }
    if (!options.heap_v2.empty()) {
        throw std::invalid_argument("--jeprof is of memory, and these files are of locks");
    }
}

} // namespace ashlar::commands
