// SPDX-License-Identifier: MIT
// ashlar bench: the benchmark suite under every allocator of this machine.
#include "commands/allocator_choice.h"
#include "commands/bench_languages.h"
#include "commands/bench_locks.h"
#include "commands/bench_programs.h"
#include "commands/command.h"
#include "commands/number_range.h"
#include "commands/session.h"
#include "machine/nearest_word.h"
#include "measure/time_limit.h"
#include "report/comparison_text.h"
#include "suite/own_programs.h"
#include "suite/workloads.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <charconv>
#include <filesystem>
#include <fmt/format.h>
#include <memory>
#include <stdexcept>
#include <string_view>

namespace ashlar::commands {

namespace {

// The amount of work: enough for a quick look, or for publishable figures.
struct Effort {
    int rounds;
    double seconds;
    std::uint64_t operations;
    double long_seconds;
    std::uint64_t scale_mib;
};
constexpr Effort kUsual{.rounds = 15,
                        .seconds = 0.25,
                        .operations = suite::kUsualOperations,
                        .long_seconds = 2,
                        .scale_mib = 100};
constexpr Effort kQuick{
    .rounds = 5, .seconds = 0.1, .operations = 2'000'000, .long_seconds = 0.25, .scale_mib = 12};
constexpr int kLongRounds = 5; // fewest that give an interval
// For the user's program: two warm-ups bring the files it reads into memory before the rounds.
constexpr int kOwnRounds = 10;
constexpr int kOwnWarmUps = 2;

struct Options {
    std::vector<std::string> workloads;
    std::vector<unsigned> threads;
    std::vector<std::string> sizes{"16", "32", "64", "128", "256", "512", "1024", "2048", "4096", "8192"};
    AllocatorChoice allocators;
    bool quick = false;
    std::optional<int> rounds;
    std::optional<int> warm_ups;
    std::optional<double> seconds;
    std::optional<std::uint64_t> operations;
    std::optional<double> long_seconds;
    std::optional<std::uint64_t> scale_mib;
    std::uint64_t seed = 1;
    std::optional<double> timeout;
    std::string json;
    std::string resume;
    bool verbose = false;
};

constexpr const char* kFooter = R"(Examples:
  ashlar bench                                    the usual workloads, about eight minutes
  ashlar bench --quick larson --threads 1,2       one workload, a few seconds
  ashlar bench --quick all                        every workload, three to five minutes
  ashlar bench all                                the same for figures, 20 to 30 minutes
  ashlar bench latency strings_and_maps           two that are not among the usual ones
  ashlar bench locks --quick                      lock scenarios, which have a manual page of their own
  ashlar bench languages --quick                  ten languages, likewise
  ashlar bench programs --quick                   programs that people use, likewise
  ashlar bench ./tool -i 10 -w 2                  a program or script of yours: ten rounds after two runs
  ashlar bench programs.d/                        every executable file of a folder
  ashlar bench --allocators system,ashlar,other=/opt/lib/libother.so --json result.json

Exit status: 0, 1 if a run failed, 2 for wrong arguments, 128 and the number of the signal if interrupted (130 by Ctrl-C; what there is is shown).)";

constexpr const char* kAll = "all"; // replaces a workload's name

std::vector<std::string> names_and_all() {
    std::vector<std::string> names{kAll};
    for (const suite::Workload& workload : suite::workloads()) {
        names.push_back(workload.name);
    }
    return names;
}

// Returns whether a word is a file. A file with the name of a workload needs a path: ./larson.
bool is_file(const std::string& word) {
    std::error_code error;
    const auto names = names_and_all();
    return std::find(names.begin(), names.end(), word) == names.end() && std::filesystem::exists(word, error);
}

// Accepts a workload, all, or a file or folder.
CLI::Validator what_to_run() {
    return {[](const std::string& word) {
                const auto names = names_and_all();
                return std::find(names.begin(), names.end(), word) != names.end() || is_file(word)
                           ? std::string()
                           : fmt::format("'{}' is neither a workload nor a file{}; workloads are {}", word,
                                         machine::did_you_mean(word, names), fmt::join(names, ", "));
            },
            fmt::format("{{{}}}", fmt::join(names_and_all(), ","))};
}

// Returns the workloads to run, in the suite's order, each once.
std::vector<std::string> choose_workloads(const std::vector<std::string>& named) {
    const auto is_named = [&](const std::string& name) {
        return std::find(named.begin(), named.end(), name) != named.end();
    };
    std::vector<std::string> chosen;
    for (const suite::Workload& workload : suite::workloads()) {
        if (named.empty() ? workload.usual : is_named(kAll) || is_named(workload.name)) {
            chosen.push_back(workload.name);
        }
    }
    return chosen;
}

std::string list_of_workloads() {
    std::string text =
        "Workloads (* the usual ones, which are run if none is named; all stands for every one):\n";
    for (const suite::Workload& workload : suite::workloads()) {
        text += fmt::format("  {} {:<18} {}\n", workload.usual ? '*' : ' ', workload.name, workload.about);
    }
    return text;
}

// Parses a block size in bytes, as the benchmark programs do.
std::optional<std::uint64_t> block_size(std::string_view text) {
    constexpr std::uint64_t kLargest = std::uint64_t{1} << 30;
    std::uint64_t size = 0;
    const char* const end = text.data() + text.size();
    const auto [stop, error] = std::from_chars(text.data(), end, size);
    const bool is_one = error == std::errc() && stop == end && size >= 1 && size <= kLargest;
    return is_one ? std::optional(size) : std::nullopt;
}

// Accepts "64" or "16-1024".
std::string check_size(const std::string& text) {
    const auto dash = text.find('-');
    const auto least = block_size(std::string_view(text).substr(0, dash));
    const auto most = dash == std::string::npos ? least : block_size(std::string_view(text).substr(dash + 1));
    return least && most && *least <= *most
               ? ""
               : "'" + text + "' is neither a size such as 64, of at most 1 GiB, nor a range such as 16-1024";
}

compare::Plan make_plan(const Options& options, const std::vector<allocators::Allocator>& found) {
    const Effort& effort = options.quick ? kQuick : kUsual;
    const suite::Settings settings{.threads = options.threads,
                                   .sizes = options.sizes,
                                   .seconds = options.seconds.value_or(effort.seconds),
                                   .long_seconds = options.long_seconds.value_or(effort.long_seconds),
                                   .scale_mib = options.scale_mib.value_or(effort.scale_mib),
                                   .long_rounds = options.rounds.value_or(kLongRounds),
                                   .operations = options.operations.value_or(effort.operations),
                                   .seed = options.seed};
    compare::Plan plan;
    for (const std::string& workload : choose_workloads(options.workloads)) {
        const auto added = suite::configurations(workload, settings);
        plan.configurations.insert(plan.configurations.end(), added.begin(), added.end());
    }
    plan.contenders = compare::contenders(found);
    plan.rounds = options.rounds.value_or(effort.rounds);
    plan.warm_ups = options.warm_ups.value_or(1);
    plan.seed = options.seed;
    plan.time_limit = time_limit(options.timeout);
    plan.stacks_folder = stacks_folder(options.json);
    plan.follow_rss = true;
    return plan;
}

compare::Plan own_plan(const Options& options, const std::vector<allocators::Allocator>& found) {
    compare::Plan plan;
    for (const std::string& path : options.workloads) {
        for (compare::Configuration& program : suite::own_programs(path)) {
            const auto is_same = [&](const compare::Configuration& each) {
                return each.name == program.name;
            };
            if (std::none_of(plan.configurations.begin(), plan.configurations.end(), is_same)) {
                plan.configurations.push_back(std::move(program));
            }
        }
    }
    plan.contenders = compare::contenders(found);
    plan.rounds = options.rounds.value_or(kOwnRounds);
    plan.warm_ups = options.warm_ups.value_or(kOwnWarmUps);
    plan.seed = options.seed;
    plan.time_limit = time_limit(options.timeout);
    plan.first_limit = measure::kUnknownCommandLimit;
    plan.stacks_folder = stacks_folder(options.json);
    plan.follow_rss = true;
    return plan;
}

bool any_file(const Options& options) {
    return std::any_of(options.workloads.begin(), options.workloads.end(), is_file);
}

// Chooses the suite's view if any command prints a figure. Every command of the suite does.
report::ComparisonView view_of(const compare::Plan& plan) {
    const bool any_figure = std::any_of(
        plan.configurations.begin(), plan.configurations.end(), [](const compare::Configuration& each) {
            return each.prints == compare::Prints::kFigures || each.own_figure;
        });
    return any_figure ? report::suite_view() : report::programs_view();
}

int run_bench(const Options& options) {
    const machine::Interrupt interrupt;
    const auto plan = [&] {
        const auto found = chosen(options.allocators, allocators::Breadth::kUsual, "bench");
        return any_file(options) ? own_plan(options, found) : make_plan(options, found);
    };
    report::StoredComparison comparison =
        options.resume.empty() ? new_comparison(plan(), options.seed, interrupt)
                               : resumed_comparison(options.resume, "bench", options.timeout, interrupt);
    report::TextSettings settings = text_settings();
    settings.processors = comparison.provenance.machine.usable_processors;
    const std::string json = options.json.empty() ? options.resume : options.json;
    return run_comparison(std::move(comparison), {.json = json, .verbose = options.verbose}, interrupt,
                          [&](const compare::Experiment& experiment, const compare::Result& result) {
                              return report::comparison_text(experiment, result, settings,
                                                             view_of(experiment.plan));
                          });
}

// Throws if an option precedes a sub-command. It would have no effect there.
void refuse_options_before(const CLI::App& bench, const std::string& sub_command) {
    for (const CLI::Option* const option : bench.get_options()) {
        if (option->count() > 0) {
            throw std::invalid_argument(
                fmt::format("{0} stands before {1}, which has options of its own: put it after the word, see "
                            "`ashlar bench {1} --help`",
                            option->get_name(), sub_command));
        }
    }
}

// Throws for options that have no effect on the user's programs.
void check_files(const CLI::App& bench, const Options& options) {
    if (!any_file(options)) {
        return;
    }
    for (const std::string& word : options.workloads) {
        if (!is_file(word)) {
            throw std::invalid_argument(fmt::format(
                "'{}' is a workload of the suite and another word a file: run them one after the other",
                word));
        }
    }
    for (const char* const name :
         {"--threads", "--sizes", "--seconds", "--operations", "--long-seconds", "--scale", "--quick"}) {
        if (bench.get_option(name)->count() > 0) {
            throw std::invalid_argument(fmt::format("{} is for the workloads of the suite; with a program of "
                                                    "yours, -i and -w say how often it runs",
                                                    name));
        }
    }
}

} // namespace

void add_bench(CLI::App& app, Action& action) {
    auto options = std::make_shared<Options>();
    CLI::App* const bench =
        app.add_subcommand("bench", "Run the benchmark programs under every allocator of this machine");
    bench->footer(list_of_workloads() + "\n" + kFooter);
    bench
        ->add_option(
            "workloads", options->workloads,
            "Which to run, or all; or programs of yours: an executable, a script that begins with #!, "
            "a folder of executables")
        ->default_str("those marked * below")
        ->check(what_to_run())
        ->type_name("WORKLOAD");
    bench->add_flag("--quick", options->quick,
                    "Fewer and shorter runs: a first look, not figures to publish");
    bench->add_option("--threads", options->threads, "Thread counts of every workload that has threads")
        ->default_str("1,2,4,8 for larson, 1,2 or 2,4 for others")
        ->delimiter(',')
        ->allow_extra_args(false)
        ->check(CLI::Range(1, 1024))
        ->type_name("N");
    bench
        ->add_option("--sizes", options->sizes,
                     "Block sizes of random_mixed, in bytes, or ranges such as 16-1024")
        ->delimiter(',')
        ->allow_extra_args(false)
        ->check(check_size)
        ->capture_default_str()
        ->type_name("BYTES");
    add_allocator_options(*bench, options->allocators,
                          "those installed, without one-arena, scudo and tbbmalloc");
    bench->add_option("-i,--rounds,--iterations", options->rounds, "Rounds that count")
        ->default_str(fmt::format("{}; {} with --quick and for fragmentation, long_run and drain; {} for a "
                                  "program of yours",
                                  kUsual.rounds, kLongRounds, kOwnRounds))
        ->check(CLI::Range(1, 10'000))
        ->type_name("N");
    bench
        ->add_option(
            "-w,--warm-up", options->warm_ups,
            "Runs before the rounds, which do not count. The first shows that the allocator is loaded")
        ->default_str(fmt::format("1; {} for a program of yours", kOwnWarmUps))
        ->check(CLI::Range(1, 1'000))
        ->type_name("N");
    bench->add_option("--seconds", options->seconds, "Length of a run of larson")
        ->default_str(fmt::format("{}; {} with --quick", kUsual.seconds, kQuick.seconds))
        ->check(between(0.01, 3600))
        ->type_name("SECONDS");
    bench
        ->add_option("--operations", options->operations,
                     "Operations of a run of random_mixed; those of others are in proportion")
        ->default_str(fmt::format("{}; {} with --quick", kUsual.operations, kQuick.operations))
        ->check(CLI::Range(std::uint64_t{1}, std::uint64_t{1} << 40))
        ->type_name("N");
    bench->add_option("--long-seconds", options->long_seconds, "Length of a run of long_run")
        ->default_str(fmt::format("{}; {} with --quick", kUsual.long_seconds, kQuick.long_seconds))
        ->check(between(0.01, 86'400))
        ->type_name("SECONDS");
    bench
        ->add_option("--scale", options->scale_mib,
                     "Live MiB in a run of fragmentation, mixed_lifetimes and drain")
        ->default_str(fmt::format("{}; {} with --quick", kUsual.scale_mib, kQuick.scale_mib))
        ->check(CLI::Range(1, 1 << 20))
        ->type_name("MIB");
    bench
        ->add_option("--seed", options->seed,
                     "Seed of the operations, and of the order of runs in each round")
        ->capture_default_str()
        ->type_name("N");
    bench->add_option("--timeout", options->timeout, "Seconds after which a run counts as hung")
        ->default_str("ten times the warm-up, at least 5")
        ->check(between(0.01, 86'400))
        ->type_name("SECONDS");
    bench->add_option("--json", options->json, kJsonHelp)->type_name("FILE");
    bench->add_option("--resume", options->resume, kResumeHelp)->type_name("FILE");
    bench->add_flag("--verbose", options->verbose, kVerboseHelp);
    add_bench_locks(*bench, action);
    add_bench_languages(*bench, action);
    add_bench_programs(*bench, action);
    bench->callback([options, bench, &action] {
        if (const auto chosen = bench->get_subcommands(); !chosen.empty()) {
            refuse_options_before(*bench, chosen.front()->get_name());
            return;
        }
        check_files(*bench, *options);
        if (!options->resume.empty()) {
            refuse_other_settings(*bench);
        }
        action = [options] { return run_bench(*options); };
    });
}

} // namespace ashlar::commands
