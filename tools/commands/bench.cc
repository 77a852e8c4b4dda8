// SPDX-License-Identifier: MIT
// ashlar bench: the benchmark suite under every allocator of this machine.
#include "allocators/find.h"
#include "commands/command.h"
#include "compare/rounds.h"
#include "machine/files.h"
#include "machine/terminal.h"
#include "report/comparison_json.h"
#include "report/comparison_text.h"
#include "report/progress_line.h"
#include "suite/workloads.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <ctime>
#include <fmt/format.h>
#include <fstream>
#include <memory>
#include <stdexcept>

namespace ashlar::commands {

namespace {

// How much is run: enough for a look, or for a figure that can be shown.
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
constexpr int kLongRounds = 5; // as few as give an interval

struct Options {
    std::vector<std::string> workloads;
    std::vector<unsigned> threads;
    std::vector<std::string> sizes{"16", "32", "64", "128", "256", "512", "1024", "2048", "4096", "8192"};
    std::vector<std::string> allocators;
    bool quick = false;
    std::optional<int> rounds;
    std::optional<double> seconds;
    std::optional<std::uint64_t> operations;
    std::optional<double> long_seconds;
    std::optional<std::uint64_t> scale_mib;
    std::uint64_t seed = 1;
    std::optional<double> timeout;
    std::string json;
};

constexpr const char* kFooter = R"(Examples:
  ashlar bench                                    the usual workloads, about eight minutes
  ashlar bench --quick larson --threads 1,2       one workload, a few seconds
  ashlar bench --quick all                        every workload, about XX minutes
  ashlar bench latency strings_and_maps           two that are not among the usual ones
  ashlar bench --allocators system,ashlar,other=/opt/lib/libother.so --json result.json

Exit status: 0, 1 if a run failed, 2 for wrong arguments, 130 if interrupted (what there is is shown).)";

constexpr const char* kAll = "all"; // in place of a workload's name

std::vector<std::string> names_and_all() {
    std::vector<std::string> names{kAll};
    for (const suite::Workload& workload : suite::workloads()) {
        names.push_back(workload.name);
    }
    return names;
}

// Those to run, in the suite's order, each once.
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

// "64" or "16-1024"; the program itself looks at the numbers.
std::string check_size(const std::string& text) {
    const bool digits = text.find_first_not_of("0123456789-") == std::string::npos;
    return digits && !text.empty()
               ? ""
               : "'" + text + "' is neither a size such as 64 nor a range such as 16-1024";
}

allocators::Selection choose_allocators(const Options& options) {
    allocators::Selection selection =
        options.allocators.empty() ? allocators::select_default() : allocators::select(options.allocators);
    for (const std::string& missing : selection.missing) {
        fmt::print(stderr, "ashlar bench: goes on without: {}\n", missing);
    }
    return selection;
}

compare::Plan make_plan(const Options& options, const allocators::Selection& selection) {
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
    plan.contenders = compare::contenders(selection.found);
    plan.rounds = options.rounds.value_or(effort.rounds);
    plan.seed = options.seed;
    if (options.timeout) {
        plan.time_limit = std::chrono::milliseconds(static_cast<long>(*options.timeout * 1000));
    }
    plan.stacks_folder = options.json.empty() ? std::filesystem::temp_directory_path()
                                              : std::filesystem::absolute(options.json).parent_path();
    return plan;
}

std::string utc_now() {
    const std::time_t now = std::time(nullptr);
    std::tm broken{};
    gmtime_r(&now, &broken);
    char text[sizeof "2000-01-01T00:00:00Z"];
    std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &broken);
    return text;
}

report::Provenance collect_provenance(const Options& options, const compare::Plan& plan) {
    report::Provenance provenance{.command_line = machine::command_line(),
                                  .version = ASHLAR_VERSION,
                                  .started = utc_now(),
                                  .machine = machine::collect_facts(),
                                  .identities = {},
                                  .workload_seed = options.seed};
    for (const compare::Contender& contender : plan.contenders) {
        provenance.identities.push_back(allocators::identify(contender.allocator));
    }
    return provenance;
}

// Before anything is measured: a name that cannot be written to should not cost the measurement.
std::ofstream open_result(const std::string& path) {
    std::ofstream file;
    if (!path.empty()) {
        file.open(path);
        if (!file) {
            throw std::invalid_argument("--json: cannot write to " + path);
        }
    }
    return file;
}

std::string heading(const compare::Plan& plan, const report::Provenance& provenance) {
    const machine::Facts& machine = provenance.machine;
    std::string text = fmt::format("{}, {} usable, Linux {}, {}, transparent huge pages: {}\n",
                                   machine.processor, machine.usable_processors, machine.kernel,
                                   machine.c_library, machine.transparent_huge_pages);
    for (std::size_t index = 0; index < plan.contenders.size(); ++index) {
        if (!plan.contenders[index].is_control) {
            const allocators::Identity& identity = provenance.identities[index];
            text += fmt::format("  {:<10} {} {}\n", plan.contenders[index].allocator.name, identity.library,
                                identity.package.empty() ? "" : "(" + identity.package + ")");
        }
    }
    return text + fmt::format("{} rounds, each in an order of its own (seed {})\n\n", plan.rounds, plan.seed);
}

compare::Experiment run_plan(const compare::Plan& plan, const machine::Interrupt& interrupt) {
    report::ProgressLine line;
    return compare::run_rounds(plan, interrupt, [&](const compare::Progress& progress) {
        line.show(progress.done, progress.total,
                  fmt::format("{}: {}, {}",
                              progress.round == compare::kWarmUp
                                  ? "warm-up"
                                  : fmt::format("round {}/{}", progress.round, plan.rounds),
                              progress.configuration->name, progress.contender->allocator.name));
    });
}

bool any_failed(const compare::Experiment& experiment) {
    return std::any_of(experiment.samples.begin(), experiment.samples.end(),
                       [](const compare::Sample& sample) { return !sample.failure.empty(); });
}

int run_bench(const Options& options) {
    const compare::Plan plan = make_plan(options, choose_allocators(options));
    std::ofstream result_file = open_result(options.json);
    const machine::Interrupt interrupt;
    const report::Provenance provenance = collect_provenance(options, plan);
    fmt::print("{}", heading(plan, provenance));
    std::fflush(stdout);

    const compare::Experiment experiment = run_plan(plan, interrupt);
    const compare::Result result = compare::evaluate(experiment);
    if (!experiment.complete) {
        fmt::print("Interrupted: this is what there is.\n\n");
    }
    fmt::print("{}", report::comparison_text(experiment, result,
                                             {.colour = machine::shows_colour(stdout),
                                              .processors = provenance.machine.usable_processors}));
    if (result_file.is_open()) {
        report::write_comparison_json(result_file, experiment, result, provenance);
        fmt::print("All samples: {}\n", options.json);
    }
    if (!experiment.complete) {
        return kInterrupted;
    }
    return any_failed(experiment) ? kSomethingFailed : kSuccess;
}

} // namespace

void add_bench(CLI::App& app, Action& action) {
    auto options = std::make_shared<Options>();
    CLI::App* const bench =
        app.add_subcommand("bench", "Run the benchmark programs under every allocator of this machine");
    bench->footer(list_of_workloads() + "\n" + kFooter);
    bench->add_option("workloads", options->workloads, "Which to run, or all (those marked * below)")
        ->check(CLI::IsMember(names_and_all()));
    bench
        ->add_option("--threads", options->threads,
                     "Thread counts of every workload that has threads (larson 1,2,4,8, others 1,2 or 2,4)")
        ->delimiter(',')
        ->check(CLI::Range(1, 1024));
    bench
        ->add_option("--sizes", options->sizes,
                     "Block sizes of random_mixed, in bytes, or ranges such as 16-1024")
        ->delimiter(',')
        ->check(check_size)
        ->capture_default_str();
    bench
        ->add_option(
            "--allocators", options->allocators,
            fmt::format("Those to compare with System: {}, or name=/path/to/library.so (all that are "
                        "installed but tbbmalloc)",
                        allocators::known_names()))
        ->delimiter(',');
    bench
        ->add_option("--rounds", options->rounds,
                     fmt::format("Rounds that count ({}; {} with --quick and of fragmentation, long_run and "
                                 "drain)",
                                 kUsual.rounds, kLongRounds))
        ->check(CLI::Range(1, 10'000));
    bench
        ->add_option("--seconds", options->seconds,
                     fmt::format("Length of a run of larson ({}; {})", kUsual.seconds, kQuick.seconds))
        ->check(CLI::Range(0.01, 3600.0));
    bench
        ->add_option("--operations", options->operations,
                     fmt::format("Operations of a run of random_mixed ({}; {}); of others in proportion",
                                 kUsual.operations, kQuick.operations))
        ->check(CLI::Range(std::uint64_t{1}, std::uint64_t{1} << 40));
    bench
        ->add_option(
            "--long-seconds", options->long_seconds,
            fmt::format("Length of a run of long_run ({}; {})", kUsual.long_seconds, kQuick.long_seconds))
        ->check(CLI::Range(0.01, 86'400.0));
    bench
        ->add_option("--scale", options->scale_mib,
                     fmt::format("Live MiB of a run of fragmentation, mixed_lifetimes and drain ({}; {})",
                                 kUsual.scale_mib, kQuick.scale_mib))
        ->check(CLI::Range(1, 1 << 20));
    bench->add_option("--seed", options->seed, "Of the operations and of the order in the rounds")
        ->capture_default_str();
    bench
        ->add_option("--timeout", options->timeout,
                     "Seconds after which a run counts as hung (ten times the warm-up, at least 5)")
        ->check(CLI::PositiveNumber);
    bench->add_option("--json", options->json, "Write all samples and where they come from to this file");
    bench->add_flag("--quick", options->quick, "Fewer and shorter runs: a look, not a figure to show");
    bench->callback([options, &action] { action = [options] { return run_bench(*options); }; });
}

} // namespace ashlar::commands
