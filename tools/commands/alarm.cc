// SPDX-License-Identifier: MIT
// ashlar alarm: whether the library has become slower or larger than a recorded commit's.
#include "report/alarm.h"

#include "alarm/repository.h"
#include "alarm/watch.h"
#include "commands/alarm_options.h"
#include "commands/alarm_task.h"
#include "commands/alarm_update.h"
#include "commands/command.h"
#include "commands/command_words.h"
#include "commands/number_range.h"
#include "commands/session.h"
#include "machine/output_file.h"
#include "machine/terminal.h"
#include "report/page/alarm_history.h"
#include "report/progress_line.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <filesystem>
#include <fmt/format.h>
#include <memory>
#include <stdexcept>

namespace ashlar::commands {

namespace {

namespace fs = std::filesystem;

constexpr int kNotAllJudged = 3;
constexpr const char* kFooter =
    R"(The present library is that of the tree that this program was built in. It is compared with the library of a recorded commit, which is built once and kept in ~/.cache/ashlar. Both run in the same rounds, so a slow machine is no regression.

Four gates judge: exact (counts of instructions, system calls, refills: equal or within 1 %), memory (5 %), time (the interval of the ratio beyond 5 % and beyond the noise, twice), coarse (--factor times, also on a busy machine).

Examples:
  ashlar alarm                                     all benchmarks, in Ashlar's repository
  ashlar alarm --only pairs-16 --explain           one of them, with what the counters say
  ashlar alarm --update --why "faster refill"      the present commit becomes the reference
  ashlar alarm --reference old.so -- ./server --self-test
  ashlar alarm --reference jemalloc -- python3 script.py
  ashlar alarm --reference ./server-before -- ./server --self-test    another program, on the same library

Exit status: 0 if all figures passed, 1 if one regressed, 2 for an error, 3 if nothing failed but a gate could not judge, 128 and the number of the signal if interrupted.)";

// A folder that the destructor removes.
class Scratch {
  public:
    Scratch() {
        std::string name = (fs::temp_directory_path() / "ashlar-alarm-XXXXXX").string();
        if (mkdtemp(name.data()) == nullptr) {
            throw std::invalid_argument("cannot make a folder " + name);
        }
        path_ = name;
    }
    ~Scratch() {
        std::error_code ignored;
        fs::remove_all(path_, ignored);
    }
    Scratch(const Scratch&) = delete;
    Scratch& operator=(const Scratch&) = delete;

    const fs::path& path() const { return path_; }

  private:
    fs::path path_;
};

std::unique_ptr<machine::OutputFile> output(const std::string& path) {
    return path.empty() ? nullptr : or_error([&] { return std::make_unique<machine::OutputFile>(path); });
}

void show_progress(const std::string& text) {
    if (machine::is_terminal(stderr)) {
        fmt::print(stderr, "\r\033[K{}", text);
        std::fflush(stderr);
    }
}

alarm::WatchObserver observer() {
    return {.before_counting = [](const std::string& what) { show_progress("counting: " + what); },
            .rounds = {.before_each_run =
                           [](const compare::Progress& progress) {
                               show_progress(fmt::format("run {} of {}: {} on {}", progress.done + 1,
                                                         progress.total, progress.configuration->name,
                                                         progress.contender->allocator.name));
                           },
                       .after_each_round = [](const compare::Experiment&) {}}};
}

// Ignores times and memory, which vary by chance. Counts do not.
bool has_improved_exactly(const alarm::Findings& findings) {
    return std::any_of(findings.begin(), findings.end(), [](const alarm::Finding& each) {
        return each.gate == alarm::Gate::kExact && each.outcome == alarm::Outcome::kImproved;
    });
}

int status_of(const AlarmOptions& options, const alarm::Report& report) {
    const alarm::Outcome worst = alarm::worst(report.findings);
    // Also if other figures were not judged: a noisy machine must not hide an improvement.
    if (worst != alarm::Outcome::kRegressed && options.strict && has_improved_exactly(report.findings)) {
        machine::tell(
            stderr,
            "ashlar alarm: improvements are not recorded: run `ashlar alarm --update --why \"...\"` "
            "and commit {}\n",
            kReferenceFile);
        return kSomethingFailed;
    }
    switch (worst) {
    case alarm::Outcome::kRegressed:
        return kSomethingFailed;
    case alarm::Outcome::kNotJudged:
        return kNotAllJudged;
    case alarm::Outcome::kImproved:
    case alarm::Outcome::kPassed:
        break;
    }
    return kSuccess;
}

// Throws if no benchmark was measured, whatever the library's file shows.
void check_measured(const alarm::Report& report) {
    if (report.runs > 0 || alarm::worst(report.findings) == alarm::Outcome::kRegressed) {
        return;
    }
    std::string why;
    for (const alarm::Finding& each : report.findings) {
        if (why.empty() && !each.obstacle.empty()) {
            why = ": " + each.obstacle;
        }
    }
    throw std::invalid_argument("no benchmark was measured, so nothing can have passed" + why);
}

int write_history_page(const AlarmOptions& options) {
    const alarm::Repository repository(options.repository);
    const alarm::History history = alarm::read_history(repository.root() / kHistoryFile);
    if (history.references.empty()) {
        throw std::invalid_argument(fmt::format("{} has no reference yet; `ashlar alarm --update` writes one",
                                                (repository.root() / kHistoryFile).string()));
    }
    output(options.history)->write([&](std::ostream& out) { out << report::page::alarm_history(history); });
    return kSuccess;
}

int run_alarm(const AlarmOptions& options) {
    check_consistent(options);
    if (!options.history.empty()) {
        return write_history_page(options);
    }
    const auto json = output(options.json);
    const auto junit = output(options.junit);
    const machine::Interrupt interrupt;
    const Scratch scratch;
    AlarmTask task = make_task(options, scratch.path());
    check_recordable(options, task);
    const alarm::Report report = or_error([&] { return alarm::watch(task.request, interrupt, observer()); });
    show_progress("");
    if (interrupt.requested()) {
        return kBySignal + interrupt.signal();
    }
    check_measured(report);
    if (options.json != machine::kStandardOutput && options.junit != machine::kStandardOutput) {
        machine::tell(stdout, "{}", report::alarm_text(report, task.context, text_settings()));
    }
    if (json) {
        json->write([&](std::ostream& out) { report::write_alarm_json(out, report, task.context); });
    }
    if (junit) {
        junit->write([&](std::ostream& out) { report::write_alarm_junit(out, report, task.context); });
    }
    if (options.update) {
        update(options, task, report);
        return kSuccess;
    }
    return status_of(options, report);
}

} // namespace

void add_alarm(CLI::App& app, Action& action) {
    auto options = std::make_shared<AlarmOptions>();
    CLI::App* const alarm = app.add_subcommand("alarm", "Fail when Ashlar has become slower or larger");
    alarm->footer(kFooter);
    alarm->positionals_at_end();
    alarm->add_option("command", options->command, "A program of yours to judge in place of the benchmarks")
        ->type_name("CMD");
    alarm->add_option("--only", options->only, "Names of the benchmarks to judge")
        ->default_str("all")
        ->delimiter(',')
        ->allow_extra_args(false)
        ->type_name("NAME");
    alarm->add_option("--gates", options->gates, "Which gates judge")
        ->default_str("all")
        ->delimiter(',')
        ->allow_extra_args(false)
        ->check(CLI::IsMember({"exact", "memory", "time", "coarse"}))
        ->type_name("GATE");
    alarm
        ->add_option(
            "--factor", options->factor,
            "The coarse gate fails at this many times the reference: 2 or 3 on a quiet machine, 10 on "
            "one with too few processors")
        ->check(between(1.1, 1000))
        ->capture_default_str()
        ->type_name("FACTOR");
    alarm->add_option("--rounds", options->rounds, "Rounds of timed runs")
        ->check(CLI::Range(5, 1000))
        ->capture_default_str()
        ->type_name("N");
    alarm->add_option("--seed", options->seed, "Seed of the order of runs in each round")
        ->capture_default_str()
        ->type_name("N");
    alarm->add_option("--scale", options->scale, "Timed runs do this many times the usual work")
        ->check(between(0.01, 100))
        ->capture_default_str()
        ->type_name("FACTOR");
    alarm
        ->add_option(
            "--reference", options->reference,
            "What to compare with: a commit or a library's path; with a command an allocator's name, a "
            "library or another program")
        ->default_str("the recorded commit")
        ->type_name("REF");
    alarm->add_option("--library", options->library, "The library to judge")
        ->default_str("the one of the tree that this program was built in")
        ->type_name("FILE");
    alarm->add_option("--repository", options->repository, "A folder of Ashlar's repository")
        ->type_name("FOLDER")
        ->capture_default_str();
    alarm->add_flag("--explain", options->explain,
                    "Say which causes of a change the counters confirm, and which they rule out");
    alarm->add_flag("--strict", options->strict, "Fail, too, if exact counts are better than those recorded");
    alarm->add_flag("--update", options->update, "Record the present commit as the reference");
    alarm->add_flag("--anchor", options->anchor,
                    "With --update: record it as the anchor, too, which small steps add up against");
    alarm->add_option("--why", options->why, "With --update: the reason, which is kept with the reference")
        ->type_name("REASON");
    alarm->add_option("--json", options->json, "Write all figures to this file; - for the standard output")
        ->type_name("FILE");
    alarm->add_option("--junit", options->junit, "Write JUnit's XML to this file; - for the standard output")
        ->type_name("FILE");
    alarm
        ->add_option("--history", options->history,
                     "Write a page of all references so far to this file, and end")
        ->type_name("FILE");
    alarm->callback([options, alarm, &action] {
        options->command = command_words(*alarm, options->command);
        action = [options] { return run_alarm(*options); };
    });
}

} // namespace ashlar::commands
