// SPDX-License-Identifier: MIT
// ashlar budget: whether a program uses no more than a given amount of memory, for CI.
#include "profile/budget.h"

#include "commands/command.h"
#include "commands/command_words.h"
#include "commands/number_range.h"
#include "commands/recorded_run.h"
#include "commands/session.h"
#include "machine/interrupt.h"
#include "machine/output_file.h"
#include "machine/terminal.h"
#include "report/profile/budget.h"

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <memory>
#include <stdexcept>
#include <sys/wait.h>

namespace ashlar::commands {

namespace {

struct Options {
    std::vector<std::string> command;
    profile::Budget budget;
    std::string suppressions;
    std::size_t top = 5;
    std::uint64_t limit = std::uint64_t{1} << 30;
    std::string library;
    std::optional<double> timeout;
    std::string json;
    std::string junit;
};

constexpr const char* kFooter = R"(Examples:
  ashlar budget --max-peak 64M -- ./server --self-test
  ashlar budget --max-leaks 0 --suppressions known.supp -- ./tool input
  ashlar budget --max-allocs 20000 --junit budget.xml -- python3 script.py

Every block that the command allocates is recorded, so the figures are exact; it runs slower for that. Bytes are those that were asked for. A leak is a block that is live when the program ends and is not suppressed. Of each limit that is outgrown the places that used the most are named.

Each process that the command starts has the same budget, the command itself included. It must run on Ashlar, be able to write a file in TMPDIR, and be over when the command is, or a second later. Of one that is seen and is not so no figures are known; it is named, and the exit status is 125. Processes that run elsewhere than on Ashlar (static programs, those that are started without LD_PRELOAD) can only be seen if they run for longer than some 0.1 s.

Exit status: 0, 1 if a budget was outgrown, that of the command if it fails itself, 124 if it ran out of time, 125 if its figures could not be had, 126 or 127 if it cannot be run or found, 128 and the number of the signal if it was killed by one. 2 for wrong arguments.)";

std::unique_ptr<machine::OutputFile> output(const char* option, const std::string& path) {
    try {
        return path.empty() ? nullptr : std::make_unique<machine::OutputFile>(path);
    } catch (const std::runtime_error& error) {
        throw std::invalid_argument(std::string(option) + ": " + error.what());
    }
}

void check_consistent(const Options& options) {
    const profile::Budget& budget = options.budget;
    if (!budget.peak && !budget.live && !budget.allocations && !budget.leaks) {
        throw std::invalid_argument(
            "no limit is given; there are --max-peak, --max-live, --max-allocs, --max-leaks\n"
            "  example: ashlar budget --max-peak 64M -- ./server --self-test");
    }
    if (options.json == machine::kStandardOutput && options.junit == machine::kStandardOutput) {
        throw std::invalid_argument("--json and --junit cannot both go to the standard output");
    }
}

bool was_cut_short(const profile::Recording& recording, bool ended_early) {
    using profile::Ending;
    return recording.ending == Ending::kStillRuns ||
           (ended_early && !recording.exited && recording.ending != Ending::kReplaced);
}

// Returns why the figures of a process are incomplete, or an empty text. Incomplete figures are not judged.
std::string why_not_exact(const profile::Recording& recording, bool ended_early) {
    if (recording.state == profile_format::State::kFull) {
        return "it allocated more often than could be recorded (a larger --limit makes room)";
    }
    if (recording.lost > 0) {
        return fmt::format("{} blocks could not be recorded", recording.lost);
    }
    if (recording.damaged > 0) {
        return "what it recorded is damaged";
    }
    if (recording.ending == profile::Ending::kStillRuns) {
        return "it still ran when the command was over";
    }
    return was_cut_short(recording, ended_early) ? "it was ended before it was over" : "";
}

int run_budget(const Options& options) {
    check_consistent(options);
    profile::SummarySettings settings;
    if (!options.suppressions.empty()) {
        settings.filter.suppressions = profile::read_suppressions(options.suppressions);
    }
    const auto json = output("--json", options.json);
    const auto junit = output("--junit", options.junit);
    const machine::Interrupt interrupt;
    const RecordedRun run = record_run({.subcommand = "budget",
                                        .command = options.command,
                                        .rate = 1,
                                        .limit = options.limit,
                                        .library = options.library,
                                        .timeout = options.timeout,
                                        .watch = true},
                                       interrupt);
    if (run.ended.error != 0) {
        return not_run("budget", options.command.front(), run.ended.error);
    }
    symbols::Symbolizer symbolizer;
    profile::Frames frames;
    std::vector<profile::Recording> recordings;
    std::vector<profile::Summary> summaries;
    const bool ended_early = run.ended.timed_out || interrupt.requested() || WIFSIGNALED(run.ended.status);
    for (const std::filesystem::path& file : run.files()) {
        recordings.push_back(run.read(file));
    }
    const std::vector<measure::Unrecorded> unrecorded = run.unrecorded(recordings);
    for (profile::Recording& each : recordings) {
        summaries.push_back(profile::summarise(std::move(each), symbolizer, frames, settings));
        const profile::Recording& recording = summaries.back().recording;
        const std::string why = why_not_exact(recording, ended_early);
        if (!why.empty()) {
            machine::tell(stderr, "ashlar budget: {} ({}): {}, so its figures are not exact\n",
                          recording.program, recording.pid, why);
        }
    }
    for (const measure::Unrecorded& each : unrecorded) {
        machine::tell(stderr, "ashlar budget: {} ({}): {}, so its figures are not known\n", each.program,
                      each.process, each.why);
    }
    if (summaries.empty()) {
        machine::tell(stderr, "ashlar budget: nothing was recorded: {}\n", run.why_nothing());
        return kOwnFailure;
    }
    std::vector<report::profile::BudgetResult> results;
    bool outgrown = false;
    bool known = unrecorded.empty();
    for (const profile::Summary& summary : summaries) {
        const bool cut_short = was_cut_short(summary.recording, ended_early);
        results.push_back({.summary = &summary, .items = profile::check(summary, options.budget, cut_short)});
        const profile::Outcome outcome = results.back().outcome();
        outgrown |= outcome == profile::Outcome::kOutgrown;
        known &= outcome != profile::Outcome::kUnknown && summary.recording.is_complete();
    }
    if (options.json != machine::kStandardOutput && options.junit != machine::kStandardOutput) {
        machine::tell(
            stdout, "{}",
            report::profile::budget_text(results, unrecorded, frames, options.top, text_settings()));
    }
    if (json) {
        json->write([&](std::ostream& out) {
            report::profile::write_budget_json(out, results, unrecorded, frames, options.top);
        });
    }
    if (junit) {
        junit->write([&](std::ostream& out) {
            report::profile::write_budget_junit(out, results, unrecorded, frames, options.top);
        });
    }
    const int status = run.ended.timed_out ? kTimedOut : run.exit_status();
    if (status != 0) {
        return status;
    }
    return !known ? kOwnFailure : outgrown ? kSomethingFailed : kSuccess;
}

} // namespace

void add_budget(CLI::App& app, Action& action) {
    auto options = std::make_shared<Options>();
    CLI::App* const budget = app.add_subcommand("budget", "Fail when a program uses more memory than it may");
    budget->footer(kFooter);
    budget->positionals_at_end();
    budget->add_option("command", options->command, "What to run, with its arguments")
        ->type_name("CMD")
        ->required();
    const auto bytes = [&](const char* name, std::optional<std::uint64_t>& place, const char* help) {
        budget->add_option(name, place, help)->transform(size_in_bytes())->type_name("SIZE");
    };
    bytes("--max-peak", options->budget.peak, "Bytes that may be live at once, as in 64M");
    bytes("--max-live", options->budget.live, "Bytes that may be live at the end, as in 1M");
    budget->add_option("--max-allocs", options->budget.allocations, "Blocks that may be allocated")
        ->check(whole_number())
        ->type_name("N");
    budget
        ->add_option("--max-leaks", options->budget.leaks,
                     "Blocks that may be live at the end and not suppressed")
        ->check(whole_number())
        ->type_name("N");
    budget
        ->add_option("--suppressions", options->suppressions,
                     "File with leaks that do not count, in lines such as leak:PATTERN")
        ->type_name("FILE");
    budget->add_option("--top", options->top, "How many places to name for each limit")
        ->check(CLI::Range(1, 10'000))
        ->capture_default_str()
        ->type_name("N");
    budget
        ->add_option("--limit", options->limit,
                     "Bytes that the recorded file of a process may have, some 150 a block")
        ->default_str("1G")
        ->transform(size_in_bytes(kLeastRecording))
        ->type_name("SIZE");
    budget
        ->add_option("--timeout", options->timeout,
                     "Seconds after which the command is killed, and the stacks of its threads are saved")
        ->default_str("none")
        ->check(between(0.01, 1e9))
        ->type_name("SECONDS");
    budget->add_option("--library", options->library, "The library to preload")
        ->default_str("the one that was built or installed with this program")
        ->type_name("FILE");
    budget
        ->add_option(
            "--json", options->json,
            "Write the result as JSON; - for the standard output, in place of the text: behind what the "
            "command itself writes there")
        ->type_name("FILE");
    budget->add_option("--junit", options->junit, "Write the result as JUnit's XML; - as with --json")
        ->type_name("FILE");
    budget->callback([options, budget, &action] {
        options->command = command_words(*budget, options->command);
        action = [options] { return run_budget(*options); };
    });
}

} // namespace ashlar::commands
