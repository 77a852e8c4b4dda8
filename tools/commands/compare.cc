// SPDX-License-Identifier: MIT
// ashlar compare: one program of the user's under every allocator of this machine.
#include "commands/allocator_choice.h"
#include "commands/command.h"
#include "commands/command_words.h"
#include "commands/compared_commands.h"
#include "commands/export_files.h"
#include "commands/number_range.h"
#include "commands/session.h"
#include "compare/baseline.h"
#include "compare/figures.h"
#include "machine/output_file.h"
#include "machine/program_search.h"
#include "machine/terminal.h"
#include "measure/time_limit.h"
#include "report/baseline.h"
#include "report/comparison_text.h"
#include "report/program_text.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <charconv>
#include <fmt/format.h>
#include <fstream>
#include <memory>
#include <stdexcept>

namespace ashlar::commands {

namespace {

struct Options {
    ComparedCommands commands;
    AllocatorChoice allocators;
    int rounds = 15;
    int warm_ups = 1;
    std::optional<double> timeout;
    std::string ignored; // kAllFailures, or statuses separated by commas
    std::string metric;
    std::string metric_name;
    std::string metric_unit;
    bool less_is_better = false;
    std::string json;
    std::string resume;
    ExportNames exports;
    std::string baseline;
    double fail_on = 5; // percent
    bool duet = false;
    unsigned precondition_mib = 0;
    std::uint64_t seed = 1;
    bool verbose = false;
};

constexpr const char* kFooter = R"(Examples:
  ashlar compare -- python3 script.py
  ashlar compare --allocators mimalloc,mine=/opt/lib/libmine.so --rounds 31 --json result.json -- ./server --self-test
  ashlar compare --metric 'requests per second: ([0-9.]+)' -- ./load-test
  ashlar compare --command 'sort -n numbers' --command 'sort -g numbers'
  ashlar compare -L threads 1,2,4 -- sort --parallel={threads} lines
  ashlar compare -L level 1,9 --setup 'gzip -k -{level} text' --cleanup 'rm text.gz' -- gunzip -c text.gz
  ashlar compare --prepare 'rm -rf build' --export-markdown times.md -- make
  ashlar compare --server 'redis-server --port 7379 --save ""' --metric 'SET: ([0-9.]+) requests' -- \
      redis-benchmark -p 7379 -q -t set -n 200000
  ashlar compare --precondition 256 -- ./server --self-test
  ashlar compare --resume result.json             goes on with a run that was interrupted
  ashlar compare --baseline result.json --fail-on 5 -- python3 script.py    for CI: exit status 1 if it is worse

The command should do the same work each time. A round runs it once under each allocator, in an order of its own,
and under System twice: what differs between these two is noise, and only differences that are larger count.
Everything it prints is read and thrown away; its input is empty.

What stands behind -- is one command, run word for word. Each --command is one for the shell (sh -c), whose own
time is measured with it. Commands run one after the other. Ratios are to System within one command; commands are
not compared with each other.

-L NAME VALUES runs each command with each of the values, which take the place of {NAME} in commands, names and
steps. Several lists are combined. Write a comma within a value as \, in the list.

Steps are command lines for the shell, as hyperfine has them. --setup is run before all runs of a command,
--cleanup after them (also after Ctrl-C), --prepare before each run. They are neither measured nor under the
allocator. A step is over when its shell ends, and what it leaves behind is ended. A step that takes longer than
10 minutes and --timeout counts as hung.

--server starts a shell's command line before each run, under the same allocator. The run begins when one of its
processes listens on a socket. What is still there when the run is over is what is measured, workers and daemons
too. CPU time, faults and switches are added to the command's, the largest peak RSS of all these processes counts,
and RSS over time is theirs. Then each of them is ended, first with SIGTERM. (A server that
--prepare starts is ended with that step.)

A program that is linked with an allocator of its own is named, and System then means the C library's malloc. If the
library is not in the memory of the command, or the program defines malloc itself, that is said instead of a
figure. Of a server, each process that takes much time or memory is looked at. What the command itself starts is
under the allocator too, and measured, but not looked at.

A command that fails under System in the warm-up, or three times later, is shown with what it printed, and is not
run again. With --ignore-failure runs that end with an exit status other than 0 count as well, or only those with
the given ones: --ignore-failure=1,2. A signal or a hang is a failure in any case. Under another allocator a failure
is named, and the rest goes on; three of them end the runs of that allocator.

With --duet each allocator runs at the same time as System, each on one processor, swapped from round to round.
That is for single-threaded commands on busy machines: what disturbs the machine disturbs both.

With --precondition the program starts on a heap that has been in use. What ageing takes is measured in the program
and taken off: CPU time, wall time and faults. Peak RSS counts from its end on, so it shows what the allocator kept.
Every process that the command starts is aged. RSS over time shows the ageing too.

The files of --export-markdown, --export-csv and --export-json have a line for each command and allocator. Programs
that read hyperfine's files read these.

--baseline compares ratios to System, never seconds, so the baseline may be of another machine. A ratio is worse if
its whole interval is worse than the baseline's by more than --fail-on percent.

Exit status: 0, 1 if a run failed (without those that are ignored) or a ratio is worse than the baseline's, 2 for wrong arguments, 126 or 127 if the command
cannot be run or found, 128 and the number of the signal if interrupted (130 by Ctrl-C; the runs so far are shown, and
written with --json).)";

constexpr const char* kAllFailures = "true"; // value of a flag without an argument

compare::IgnoredFailures ignored_failures(const std::string& text) {
    compare::IgnoredFailures ignored{.all = text == kAllFailures};
    for (std::size_t start = 0; !text.empty() && start <= text.size() && !ignored.all;) {
        const std::size_t end = std::min(text.find(',', start), text.size());
        constexpr int kMost = 255;
        int status = 0;
        const auto [stop, error] = std::from_chars(text.data() + start, text.data() + end, status);
        if (error != std::errc() || stop != text.data() + end || status < 0 || status > kMost) {
            throw std::invalid_argument(
                fmt::format("--ignore-failure: {} is no exit status; give some, as in: --ignore-failure=1,2",
                            text.substr(start, end - start)));
        }
        ignored.statuses.push_back(status);
        start = end + 1;
    }
    return ignored;
}

// Returns "requests, in 1/s", for example.
std::string metric_words(const Options& options) {
    const std::string name = options.metric_name.empty() ? "own figure" : options.metric_name;
    return options.metric_unit.empty() ? options.metric_name : name + ", in " + options.metric_unit;
}

compare::Plan make_plan(const Options& options) {
    compare::Plan plan;
    plan.configurations = configurations(options.commands);
    for (compare::Configuration& configuration : plan.configurations) {
        configuration.ignored = ignored_failures(options.ignored);
        if (!options.metric.empty()) {
            configuration.own_figure = compare::OwnFigure{.pattern = options.metric,
                                                          .less_is_better = options.less_is_better,
                                                          .words = metric_words(options)};
            compare::check(*configuration.own_figure);
        }
    }
    plan.contenders =
        compare::contenders(chosen(options.allocators, allocators::Breadth::kEverything, "compare"));
    plan.rounds = options.rounds;
    plan.warm_ups = options.warm_ups;
    plan.seed = options.seed;
    plan.time_limit = time_limit(options.timeout);
    plan.first_limit = measure::kUnknownCommandLimit;
    plan.stacks_folder = stacks_folder(options.json);
    plan.follow_rss = true;
    plan.one_after_another = true; // a step of one command may undo that of another
    plan.duet = options.duet;
    plan.precondition_mib = options.precondition_mib;
    return plan;
}

void check_consistent(const Options& options) {
    const auto refuse = [](const char* why) { throw std::invalid_argument(why); };
    const ComparedCommands& commands = options.commands;
    const bool is_about_metric =
        options.less_is_better || !options.metric_name.empty() || !options.metric_unit.empty();
    if (is_about_metric && options.metric.empty()) {
        refuse(
            "--less-is-better, --metric-name and --metric-unit are about a figure that --metric picks; give "
            "--metric, too");
    }
    if (options.duet && !commands.server.empty()) {
        refuse("--duet and --server do not go together: two servers would want the same port");
    }
    if (options.duet && !commands.prepare.empty()) {
        refuse("--duet and --prepare do not go together: a step would disturb the run beside it");
    }
    const std::array outputs{options.json, options.exports.markdown, options.exports.csv,
                             options.exports.json};
    if (std::count(outputs.begin(), outputs.end(), machine::kStandardOutput) > 1) {
        refuse("only one file can be the standard output; give the others names");
    }
    if (!options.baseline.empty() && options.rounds < static_cast<int>(statistics::kFewestForInterval)) {
        refuse("--baseline needs 5 rounds at least: with fewer no difference can be shown");
    }
}

report::StoredComparison resume(const Options& options, const machine::Interrupt& interrupt) {
    report::StoredComparison stored =
        resumed_comparison(options.resume, "compare", options.timeout, interrupt);
    const auto& configurations = stored.experiment.plan.configurations;
    const std::vector<std::string>& command = configurations.front().command;
    const std::vector<std::string>& given = options.commands.words;
    if (!given.empty() && (configurations.size() > 1 || given != command)) {
        throw std::invalid_argument(
            fmt::format("--resume: {} is of {}: {}", options.resume,
                        configurations.size() > 1 ? "several commands, the first one" : "another command",
                        fmt::join(command, " ")));
    }
    return stored;
}

// Returns an exit status if a command cannot be run, after one message for all allocators. Skips commands
// with a setup, a prepare step or a server, which may create the program.
std::optional<int> missing(const compare::Plan& plan) {
    for (const compare::Configuration& each : plan.configurations) {
        const std::string& word = each.command.front();
        const bool is_made = !each.setup.empty() || !each.prepare.empty() || !each.server.empty();
        const int error = is_made ? 0 : machine::find_program(word).error;
        if (error == 0) {
            continue;
        }
        return not_run("compare", word, error, "--command '{}'");
    }
    return std::nullopt;
}

std::optional<compare::Experiment> read_baseline(const Options& options) {
    if (options.baseline.empty()) {
        return std::nullopt;
    }
    std::ifstream file(options.baseline);
    if (!file) {
        throw std::invalid_argument(
            fmt::format("--baseline: cannot read {}; `ashlar compare --json` writes one", options.baseline));
    }
    try {
        return report::read_comparison_json(file).experiment;
    } catch (const std::invalid_argument& error) {
        throw std::invalid_argument(fmt::format("--baseline: {}: {}", options.baseline, error.what()));
    }
}

// Prints the drifts. Returns the exit status that they demand.
int judge(const compare::Experiment& baseline, const compare::Experiment& now, const Options& options) {
    const double allowed = options.fail_on / 100;
    const compare::Drifts drifts = compare::drifts(baseline, now, allowed);
    std::fflush(stdout);
    const bool text_is_apart =
        options.json == machine::kStandardOutput || options.exports.any_on_standard_output();
    machine::tell(text_is_apart ? stderr : stdout, "{}",
                  report::baseline_text(drifts, allowed, text_settings()));
    if (drifts.drifts.empty()) {
        machine::tell(
            stderr,
            "ashlar compare: {} has no figure of this command under these allocators, so nothing was "
            "judged\n",
            options.baseline);
        return kSomethingFailed;
    }
    const bool worse = std::any_of(drifts.drifts.begin(), drifts.drifts.end(),
                                   [](const compare::Drift& each) { return each.is_worse; });
    return worse || !drifts.missing.empty() ? kSomethingFailed : kSuccess;
}

// Throws if the heaps were aged differently. Such ratios are not comparable.
void check_baseline(const compare::Experiment& baseline, const compare::Experiment& now) {
    const unsigned before = baseline.plan.precondition_mib;
    if (before != now.plan.precondition_mib) {
        throw std::invalid_argument(
            before == 0
                ? "--baseline: it was measured without --precondition; leave that out"
                : fmt::format("--baseline: it was measured with --precondition {0}; give --precondition {0}",
                              before));
    }
}

int run_compare(const Options& options) {
    check_consistent(options);
    const std::optional<compare::Experiment> baseline = read_baseline(options);
    const machine::Interrupt interrupt;
    report::StoredComparison comparison;
    if (options.resume.empty()) {
        compare::Plan plan = make_plan(options);
        if (const auto status = missing(plan)) {
            return *status;
        }
        comparison = new_comparison(std::move(plan), options.seed, interrupt);
    } else {
        comparison = resume(options, interrupt);
        if (const auto status = missing(comparison.experiment.plan)) {
            return *status;
        }
    }
    if (baseline) {
        check_baseline(*baseline, comparison.experiment);
    }
    const std::string json = options.json.empty() ? options.resume : options.json;
    int judged = kSuccess;
    const int status = run_comparison(
        std::move(comparison), {.json = json, .exports = options.exports, .verbose = options.verbose},
        interrupt,
        [](const compare::Experiment& experiment, const compare::Result& result) {
            return experiment.plan.configurations.size() == 1
                       ? report::program_text(experiment, result, text_settings())
                       : report::comparison_text(experiment, result, text_settings(),
                                                 report::commands_view(experiment));
        },
        [&](const compare::Experiment& experiment) {
            judged = baseline ? judge(*baseline, experiment, options) : kSuccess;
        });
    return status == kSuccess ? judged : status;
}

} // namespace

void add_compare(CLI::App& app, Action& action) {
    auto options = std::make_shared<Options>();
    CLI::App* const compare =
        app.add_subcommand("compare", "Run a program of yours under every allocator of this machine");
    compare->footer(kFooter);
    compare->positionals_at_end();
    add_command_options(*compare, options->commands);
    add_allocator_options(*compare, options->allocators, "all that are installed");
    compare
        ->add_option("-r,--rounds,--runs", options->rounds,
                     "Rounds that count; 5 are the fewest that can show anything")
        ->check(CLI::Range(1, 10'000))
        ->capture_default_str()
        ->type_name("N");
    compare
        ->add_option(
            "-w,--warmup,--warm-up", options->warm_ups,
            "Runs before the rounds, which do not count. The first shows that the allocator is loaded")
        ->check(CLI::Range(1, 1'000))
        ->capture_default_str()
        ->type_name("N");
    compare->add_option("--timeout", options->timeout, "Seconds after which a run counts as hung")
        ->default_str("ten times the warm-up, at least 5; 600 for the first")
        ->check(between(0.01, 86'400))
        ->type_name("SECONDS");
    compare
        ->add_flag("--ignore-failure", options->ignored,
                   "Count runs, too, that end with an exit status other than 0, or with one of CODES")
        ->type_name("[=CODES]");
    compare
        ->add_option(
            "--metric", options->metric,
            "What the program prints about itself: a regular expression (ECMAScript) with one group that "
            "holds a number; of several matches the last one counts. More is better")
        ->type_name("REGEX");
    compare
        ->add_option("--metric-name", options->metric_name,
                     "Name of the figure that --metric picks, such as requests")
        ->type_name("WORDS");
    compare->add_option("--metric-unit", options->metric_unit, "Unit of that figure, such as 1/s")
        ->type_name("UNIT");
    compare->add_flag("--less-is-better", options->less_is_better,
                      "The figure that --metric picks is better if it is smaller");
    compare->add_option("--json", options->json, kJsonHelp)->type_name("FILE");
    compare->add_option("--resume", options->resume, kResumeHelp)->type_name("FILE");
    add_export_options(*compare, options->exports);
    compare
        ->add_option("--baseline", options->baseline,
                     "An earlier result (--json) of the same command: fail if a ratio to System is worse now")
        ->type_name("FILE");
    compare
        ->add_option("--fail-on", options->fail_on,
                     "With --baseline: by how many percent a ratio may be worse")
        ->transform(percent())
        ->check(between(0, 1000))
        ->type_name("PERCENT")
        ->capture_default_str();
    compare->add_flag("--duet", options->duet,
                      "Run each allocator at the same time as System, each on a processor of its own");
    compare
        ->add_option("--precondition", options->precondition_mib,
                     "Age each heap first: before main, allocate this many MiB in mixed sizes, and free nine "
                     "tenths of the blocks at random")
        ->default_str("none")
        ->check(CLI::Range(1, 1 << 20))
        ->type_name("MIB");
    compare->add_option("--seed", options->seed, "Seed of the order of runs in each round")
        ->capture_default_str()
        ->type_name("N");
    compare->add_flag("--verbose", options->verbose, kVerboseHelp);
    compare->callback([options, compare, &action] {
        if (!options->resume.empty()) {
            refuse_other_settings(*compare);
        }
        options->commands.words = command_words(*compare, options->commands.words);
        if (options->commands.words.empty() && options->commands.lines.empty() && options->resume.empty()) {
            throw CLI::RequiredError("command");
        }
        action = [options] { return run_compare(*options); };
    });
}

} // namespace ashlar::commands
