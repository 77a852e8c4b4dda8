// SPDX-License-Identifier: MIT
// ashlar profile: where a program's memory comes from. Records a command or a process that runs already, or
// reads what was recorded.
#include "commands/attached_run.h"
#include "commands/command.h"
#include "commands/command_words.h"
#include "commands/number_range.h"
#include "commands/process_number.h"
#include "commands/profile_locks.h"
#include "commands/recorded_run.h"
#include "machine/files.h"
#include "machine/interrupt.h"
#include "machine/output_file.h"
#include "machine/terminal.h"
#include "profile/heaptrack_summary.h"
#include "profile/read_recording.h"
#include "profile/summary.h"
#include "report/page/profile_page.h"
#include "report/profile/formats.h"
#include "report/profile/json.h"
#include "report/profile/text.h"

#include <ashlar/statistics_layout.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <fmt/format.h>
#include <map>
#include <memory>
#include <ostream>
#include <regex>
#include <stdexcept>
#include <utility>

namespace ashlar::commands {

namespace {

using profile::Summary;
using profile::View;

struct Options {
    std::vector<std::string> files;
    std::vector<std::string> command;
    std::vector<std::string> difference; // two files
    std::string process;
    std::optional<double> seconds;
    std::string place;
    View view = View::kPeak;
    std::size_t top = 10;
    std::string focus;
    std::string ignore;
    std::string suppressions;
    std::string thread;
    std::uint64_t temporary_within = profile::kSoon;
    std::optional<double> at;
    std::uint64_t rate = std::uint64_t{512} << 10;
    std::optional<std::uint64_t> cost; // percent
    std::uint64_t limit = std::uint64_t{256} << 20;
    std::string keep;
    std::string library;
    std::optional<double> timeout;
    std::string json;
    std::string flame_graph;
    std::string speedscope;
    std::string pprof;
    std::string heap_v2;
    std::string html;
    bool no_memory = false;
    bool no_cache = false;
    bool no_cpu = false;
    std::uint64_t cpu_rate =
        199; // a prime number, so that what the program does regularly is hit at all places
    LockOptions locks;
};

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

std::optional<std::regex> pattern(const char* option, const std::string& text) {
    if (text.empty()) {
        return std::nullopt;
    }
    try {
        return std::regex(text);
    } catch (const std::regex_error&) {
        throw std::invalid_argument(
            fmt::format("{}: {} is no regular expression (ECMAScript)", option, text));
    }
}

profile::SummarySettings summary_settings(const Options& options) {
    return {.temporary_within = options.temporary_within,
            .at = options.at,
            .thread = options.thread,
            .filter = {.focus = pattern("--focus", options.focus),
                       .ignore = pattern("--ignore", options.ignore),
                       .suppressions = options.suppressions.empty()
                                           ? profile::Suppressions()
                                           : profile::read_suppressions(options.suppressions)},
            .memory = !options.no_memory,
            .cache = !options.no_cache,
            .cpu = !options.no_cpu};
}

report::profile::ProfileTextSettings profile_text_settings(const Options& options) {
    return {.text = {.colour = machine::shows_colour(stdout),
                     .columns = static_cast<std::size_t>(machine::columns(stdout))},
            .view = options.view,
            .top = options.top,
            .temporary_within = options.temporary_within,
            .at = options.at};
}

// The files that a report is written to as well; each is tried before anything is measured.
class Outputs {
  public:
    explicit Outputs(const Options& options) {
        for (const auto& [option, path] : {std::pair{"--json", &options.json},
                                           {"--flamegraph", &options.flame_graph},
                                           {"--speedscope", &options.speedscope},
                                           {"--pprof", &options.pprof},
                                           {"--jeprof", &options.heap_v2},
                                           {"--html", &options.html}}) {
            if (!path->empty()) {
                add(option, *path);
            }
        }
    }

    const machine::OutputFile* find(const std::string& option) const {
        const auto found = files_.find(option);
        return found == files_.end() ? nullptr : found->second.get();
    }
    bool takes_standard_output() const { return takes_standard_output_; }
    bool any() const { return !files_.empty(); }

  private:
    void add(const std::string& option, const std::string& path) {
        if (path == machine::kStandardOutput && std::exchange(takes_standard_output_, true)) {
            throw std::invalid_argument("two files cannot both go to the standard output");
        }
        try {
            files_.emplace(option, std::make_unique<machine::OutputFile>(path));
        } catch (const std::runtime_error& error) {
            throw std::invalid_argument(option + ": " + error.what());
        }
    }

    std::map<std::string, std::unique_ptr<machine::OutputFile>> files_;
    bool takes_standard_output_ = false;
};

// Files of the lock profiler have nothing of memory.
void check_only_locks(const Options& options) {
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

// Reads, names and shows what was recorded.
class Session {
  public:
    explicit Session(const Options& options)
        : options_(options), settings_(summary_settings(options)), outputs_(options) {}

    // False if the file cannot be read; why is said.
    bool read(const std::filesystem::path& file, std::vector<Summary>& summaries) {
        return add(
            [&] {
                Summary summary =
                    profile::is_heaptrack_file(file)
                        ? profile::summarise(profile::read_heaptrack_file(file), frames_, settings_)
                        : summarise(profile::read_recording(file));
                check_known(file, summary.recording);
                return summary;
            },
            summaries);
    }
    bool read(const RecordedRun& run, const std::filesystem::path& file, std::vector<Summary>& summaries) {
        return add([&] { return summarise(run.read(file)); }, summaries);
    }
    bool read(const AttachedRun& run, std::vector<Summary>& summaries) {
        return add([&] { return summarise(run.read()); }, summaries);
    }

    // Files of the lock profiler; their text comes before that of memory. False if one cannot be read.
    bool show_locks(LockView& locks, const std::vector<std::filesystem::path>& files) {
        const bool all = locks.read(files, symbolizer_, frames_);
        locks.show(frames_);
        locks_ = &locks.reports();
        return all;
    }
    // The page of locks alone.
    void show_no_memory() {
        if (locks_ != nullptr && !locks_->empty()) {
            write_page({}, nullptr);
        }
        show_notes();
    }

    // Of files, before anything is shown.
    void check_moment(const std::vector<Summary>& summaries) const {
        const auto is_before_end = [&](const Summary& summary) { return summary.live_at.has_value(); };
        if (options_.at && std::none_of(summaries.begin(), summaries.end(), is_before_end)) {
            throw std::invalid_argument(
                fmt::format("--at: {:g} seconds is beyond the end: {:.2f} seconds were recorded",
                            *options_.at, longest(summaries)));
        }
    }

    void show(std::vector<Summary>& summaries) {
        std::stable_sort(summaries.begin(), summaries.end(), [&](const Summary& one, const Summary& other) {
            return one.at(options_.view).total.bytes.value > other.at(options_.view).total.bytes.value;
        });
        check_thread(summaries);
        profile::share_peak(summaries, symbolizer_, frames_, settings_);
        if (!outputs_.takes_standard_output()) {
            const auto settings = profile_text_settings(options_);
            if (summaries.size() > 1) {
                fmt::print("{}\n", report::profile::processes_text(summaries, settings.text));
            }
            fmt::print("{}", report::profile::profile_text(summaries.front(), frames_, settings));
        }
        write_files(summaries);
        write_page(summaries, nullptr);
        show_notes();
    }

    // Of a command that ran: what it did is not thrown away for a moment that did not come.
    void say_if_over(const std::vector<Summary>& summaries) const {
        if (options_.at && *options_.at > longest(summaries)) {
            fmt::print(
                stderr,
                "ashlar profile: --at {:g}: the command was over after {:.2f} seconds; what is live at "
                "its end is shown\n",
                *options_.at, longest(summaries));
        }
    }

    void show_difference(const std::vector<Summary>& before, const std::vector<Summary>& after) {
        if (!outputs_.takes_standard_output()) {
            const auto found =
                profile::differences(before.front().at(options_.view).stacks,
                                     after.front().at(options_.view).stacks, frames_, options_.view);
            fmt::print("{}",
                       report::profile::differences_text(found, frames_, profile_text_settings(options_)));
        }
        write("--flamegraph", [&](std::ostream& out) {
            report::profile::write_folded_difference(out, before, after, options_.view, frames_);
        });
        write_page(after, &before);
        show_notes();
    }

  private:
    Summary summarise(profile::Recording recording) {
        return profile::summarise(std::move(recording), symbolizer_, frames_, settings_);
    }

    template <class Read>
    static bool add(Read read, std::vector<Summary>& summaries) {
        try {
            summaries.push_back(read());
            return true;
        } catch (const std::runtime_error& error) {
            fmt::print(stderr, "ashlar profile: {}\n", error.what());
            return false;
        }
    }

    // That the file has what is asked for.
    void check_known(const std::filesystem::path& file, const profile::Recording& recording) const {
        if (!profile::knows(recording, options_.view)) {
            if (profile::is_of_cpu(options_.view)) {
                throw std::runtime_error(fmt::format(
                    "{} has no samples of the processor: record them with `ashlar profile --cpu -- "
                    "CMD`, or with --cpu and --pid",
                    file.string()));
            }
            throw std::runtime_error(fmt::format(
                "{}: {} gives no bytes for the view --{}; there are --peak, --live and --leaks",
                file.string(),
                recording.origin == profile::Origin::kJemalloc ? "jemalloc's profiler" : "heaptrack_print",
                profile::name_of(options_.view)));
        }
        if (recording.origin == profile::Origin::kHeaptrack && outputs_.find("--jeprof") != nullptr) {
            throw std::runtime_error(fmt::format("{}: --jeprof needs addresses, and heaptrack_print gives "
                                                 "names; --pprof, --flamegraph and --speedscope have these",
                                                 file.string()));
        }
    }

    static double longest(const std::vector<Summary>& summaries) {
        double seconds = 0;
        for (const Summary& summary : summaries) {
            seconds = std::max(seconds, summary.seconds);
        }
        return seconds;
    }

    void check_thread(const std::vector<Summary>& summaries) const {
        const bool is_unknown = !options_.thread.empty() &&
                                std::all_of(summaries.begin(), summaries.end(), [](const Summary& summary) {
                                    return summary.at(View::kAllocated).total.samples == 0 &&
                                           summary.at(View::kCpu).total.samples == 0;
                                });
        if (is_unknown) {
            std::string names;
            for (const auto& thread : summaries.front().recording.threads) {
                names += thread.number == 0 ? "" : fmt::format(" {}={}", thread.number, thread.name);
            }
            fmt::print(stderr, "ashlar profile: --thread: no samples of a thread {}; there are:{}\n",
                       options_.thread, names);
        }
    }

    template <class Writer>
    void write(const char* option, Writer writer) const {
        if (const machine::OutputFile* const file = outputs_.find(option); file != nullptr) {
            file->write(writer);
        }
    }

    void write_files(const std::vector<Summary>& summaries) {
        write("--json", [&](std::ostream& out) {
            report::profile::write_json(out, summaries, frames_, options_.temporary_within);
        });
        write("--flamegraph", [&](std::ostream& out) {
            report::profile::write_folded(out, summaries, options_.view, frames_);
        });
        write("--speedscope", [&](std::ostream& out) {
            report::profile::write_speedscope(out, summaries, options_.view, frames_);
        });
        write("--pprof", [&](std::ostream& out) {
            report::profile::write_pprof(out, summaries, options_.view, frames_);
        });
        write("--jeprof", [&](std::ostream& out) {
            const profile::Recording& recording = summaries.front().recording;
            report::profile::write_heap_v2(out, recording, options_.view,
                                           profile::view_settings(recording, settings_));
        });
    }

    void write_page(const std::vector<Summary>& summaries, const std::vector<Summary>* before) {
        write("--html", [&](std::ostream& out) {
            out << report::page::profile_html({.summaries = summaries,
                                               .before = before,
                                               .locks = locks_,
                                               .frames = frames_,
                                               .first = options_.view,
                                               .temporary_within = options_.temporary_within,
                                               .notes = symbolizer_.notes()});
        });
    }

    void show_notes() const {
        constexpr std::size_t kMost = 3;
        const std::vector<std::string> notes = symbolizer_.notes();
        for (std::size_t index = 0; index < std::min(kMost, notes.size()); ++index) {
            fmt::print(stderr, "ashlar profile: {}\n", notes[index]);
        }
        if (notes.size() > kMost) {
            fmt::print(stderr, "ashlar profile: and {} other files without names\n", notes.size() - kMost);
        }
    }

    const Options& options_;
    profile::SummarySettings settings_;
    Outputs outputs_;
    symbols::Symbolizer symbolizer_;
    profile::Frames frames_;
    const report::profile::LockReports* locks_ = nullptr;
};

int read_files(const Options& options) {
    const auto [lock_files, files] = sorted_by_kind(options.files);
    if (files.empty()) {
        check_only_locks(options);
    }
    Session session(options);
    LockView locks(options.locks, options.top);
    bool all = true;
    if (!lock_files.empty()) {
        all = session.show_locks(locks, lock_files);
    }
    if (files.empty()) {
        session.show_no_memory();
        return all ? kSuccess : kSomethingFailed;
    }
    std::vector<Summary> summaries;
    for (const std::string& file : files) {
        all &= session.read(file, summaries);
    }
    if (!summaries.empty()) {
        session.check_moment(summaries);
        session.show(summaries);
    }
    return all ? kSuccess : kSomethingFailed;
}

int show_difference(const Options& options) {
    Session session(options);
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

int record(const Options& options) {
    Session session(options); // what is wrong with the arguments is said before the command runs
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
        fmt::print(stderr, "ashlar profile: nothing was recorded: {}\n", run.why_nothing());
        return kOwnFailure;
    }
    session.say_if_over(summaries);
    session.show(summaries);
    if (!options.keep.empty()) {
        fmt::print(stderr, "ashlar profile: recorded in {}\n", options.keep);
    }
    return run.ended.timed_out ? kTimedOut : run.exit_status();
}

int record_process(const Options& options) {
    Session session(options);
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
        fmt::print(stderr, "ashlar profile: {}\n", error.what());
        return error.status;
    }
    return kSuccess;
}

void check_process_options(const Options& options) {
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

void check_consistent(const Options& options) {
    const auto refuse = [](const char* why) { throw std::invalid_argument(why); };
    check_process_options(options);
    const int ways = (options.command.empty() ? 0 : 1) + (options.files.empty() ? 0 : 1) +
                     (options.difference.empty() ? 0 : 1) + (options.process.empty() ? 0 : 1);
    if (ways == 0) {
        refuse("profile: nothing to do; give a command after --, as in: ashlar profile -- python3 script.py, "
               "--pid and a process, or files that were recorded");
    }
    if (ways > 1) {
        refuse("profile: give a command after --, --pid, files, or --diff with two files; not more than one "
               "of these");
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
    if (!records && (!options.keep.empty() || options.timeout)) {
        refuse("--keep and --timeout are for a command that is recorded, or --keep for a process (--pid); "
               "there is none");
    }
}

int run_profile(const Options& options) {
    check_consistent(options);
    if (!options.difference.empty()) {
        return show_difference(options);
    }
    if (!options.process.empty()) {
        return record_process(options);
    }
    return options.command.empty() ? read_files(options) : record(options);
}

// Behind the first "--"; nothing without one.
std::vector<std::string> words_behind_dashes() {
    const std::vector<std::string> words = machine::command_line();
    const auto dashes = std::find(words.begin(), words.end(), "--");
    return dashes == words.end() ? std::vector<std::string>()
                                 : std::vector<std::string>(dashes + 1, words.end());
}

void add_views(CLI::App& command, const std::shared_ptr<Options>& options) {
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

void add_profile(CLI::App& app, Action& action) {
    auto options = std::make_shared<Options>();
    CLI::App* const profile = app.add_subcommand("profile", "See where a program's memory comes from");
    profile->footer(kFooter);
    profile->add_option("file", options->files, "Recorded files; or -- and the command to record")
        ->type_name("FILE|-- CMD");
    profile->add_option("--pid", options->process, "Record a process that runs already, on Ashlar")
        ->type_name("PID");
    profile->add_option("--seconds", options->seconds, "For how long, with --pid; without it, until Ctrl-C")
        ->check(between(0.01, 1e9));
    profile
        ->add_option("--place", options->place,
                     "Folder in which the process of --pid writes meanwhile, as it sees its files")
        ->type_name("FOLDER");
    add_views(*profile, options);
    profile->add_flag("--no-memory", options->no_memory, "Leave out where memory comes from");
    profile->add_flag("--no-cpu", options->no_cpu, "Do not sample what uses the processor");
    profile->add_flag("--no-cache", options->no_cache, "Leave out how the thread caches did");
    profile->add_option("--cpu-rate", options->cpu_rate, "Samples in each second of a thread's CPU time")
        ->check(CLI::Range(1, 1000))
        ->capture_default_str();
    profile->add_option("--top", options->top, "How many places to show")
        ->check(CLI::Range(1, 10'000))
        ->capture_default_str();
    profile->add_option("--focus", options->focus, "Only stacks with a function or file that matches")
        ->type_name("REGEX");
    profile->add_option("--ignore", options->ignore, "No stacks with a function or file that matches")
        ->type_name("REGEX");
    profile
        ->add_option("--suppressions", options->suppressions,
                     "Leaks that are not to be shown: lines leak:PATTERN")
        ->type_name("FILE");
    profile
        ->add_option("--thread", options->thread,
                     "Only what this thread allocated or used, by name or number")
        ->type_name("THREAD");
    profile
        ->add_option("--temporary-within", options->temporary_within,
                     "Bytes allocated between a temporary block's allocation and its end (1M)")
        ->transform(size_in_bytes())
        ->type_name("SIZE");
    profile->add_option("--at", options->at, "The moment for --live, in seconds after the start")
        ->check(between(0, 1e9));
    profile->add_option("--diff", options->difference, "What changed from one recorded file to another")
        ->expected(2)
        ->type_name("FILE FILE");
    profile
        ->add_option("--rate", options->rate,
                     "Bytes between two samples, on average; 1 records every block (512K)")
        ->transform(size_in_bytes(1))
        ->type_name("SIZE");
    profile
        ->add_option("--cost", options->cost,
                     "Percent of a thread's processor time that samples may take: where they come faster "
                     "than that, fewer are taken; 0 is no bound (2, and 10 with a --rate below 512K)")
        ->check(CLI::Range(0, 100))
        ->type_name("PERCENT");
    profile
        ->add_option("--limit", options->limit, "Bytes that the recorded file of a process may have (256M)")
        ->transform(size_in_bytes(kLeastRecording))
        ->type_name("SIZE");
    profile
        ->add_option("--timeout", options->timeout, "Seconds after which the command is looked at and killed")
        ->check(between(0.01, 1e9));
    profile->add_option("--keep", options->keep, "Keep what is recorded in this folder")->type_name("FOLDER");
    profile
        ->add_option("--library", options->library,
                     "The library to preload (the one that was built or installed with this program)")
        ->type_name("FILE");
    profile
        ->add_option("--html", options->html,
                     "Write a report with a flame graph of every view: one file for a browser")
        ->type_name("FILE");
    profile
        ->add_option(
            "--json", options->json,
            "Write every view as JSON; - for the standard output, in place of the text: behind what the "
            "command itself writes there")
        ->type_name("FILE");
    profile
        ->add_option("--flamegraph", options->flame_graph,
                     "Write the view as folded stacks, for flamegraph.pl")
        ->type_name("FILE");
    profile->add_option("--speedscope", options->speedscope, "Write every view for www.speedscope.app")
        ->type_name("FILE");
    profile->add_option("--pprof", options->pprof, "Write every view for pprof")->type_name("FILE");
    profile
        ->add_option("--jeprof", options->heap_v2, "Write the view for jeprof, of the process that is shown")
        ->type_name("FILE");
    add_lock_options(*profile, options->locks);
    profile->callback([options, &action] {
        options->command = words_behind_dashes();
        // The parser has put the command's words behind the files.
        options->files.resize(options->files.size() -
                              std::min(options->files.size(), options->command.size()));
        if (options->no_memory && !options->no_cpu && !options->command.empty()) {
            options->view = View::kCpu; // the only one that is left
        }
        action = [options] { return run_profile(*options); };
    });
}

} // namespace ashlar::commands
