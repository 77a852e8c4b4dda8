// SPDX-License-Identifier: MIT
// ashlar bench locks: the lock scenarios under every allocator, or one scenario once.
#include "commands/bench_locks.h"

#include "allocators/find.h"
#include "commands/allocator_choice.h"
#include "commands/number_range.h"
#include "commands/session.h"
#include "machine/files.h"
#include "machine/terminal.h"
#include "report/lock_text.h"
#include "suite/lock_scenarios.h"
#include "suite/program.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <fmt/format.h>
#include <locks/parameters.h>
#include <memory>
#include <system_error>
#include <unistd.h>

namespace ashlar::commands {

namespace {

constexpr const char* kProgram = "scenario";
constexpr const char* kList = "scenarios.toml";
constexpr int kRounds = 5;
constexpr int kQuickRounds = 3;

struct Options {
    std::vector<std::string> only;
    AllocatorChoice allocators;
    std::string scenarios;
    bool quick = false;
    bool no_profiling = false;
    bool markdown = false;
    std::optional<int> rounds;
    std::optional<double> timeout;
    std::string json;
    std::string resume;
    bool verbose = false;
    std::string type;
    std::vector<std::optional<std::uint64_t>> parameters; // in the order of kParameters
};

constexpr const char* kFooter =
    R"(Every configuration runs under every allocator in each round, with and without the lock profiler. With --type it runs one scenario once, on whatever malloc the environment preloads, and prints what its threads saw.

Examples:
  ashlar bench locks --quick                      System and Ashlar only, at most five minutes
  ashlar bench locks                              all configurations under every allocator
  ashlar bench locks --only long-held,async-100-tasks
  ashlar bench locks --type high_contention --threads 50 --locks 2 --operations 1000

Environment:
  BENCHMARK_CONFIGS    names of configurations with commas between them, as --only

Exit status: 0, 1 if a run failed or found an error, 2 for wrong arguments, 128 and the number of the signal if interrupted (130 by Ctrl-C).)";

std::string companion(const char* name) {
    const auto found = machine::find_companion(name);
    if (!found) {
        throw std::runtime_error(suite::how_to_get(name, kProgram));
    }
    return found->string();
}

// Returns the arguments of `scenario`.
std::vector<std::string> arguments_of(const Options& options) {
    std::vector<std::string> arguments{companion(kProgram), "--type", options.type};
    for (std::size_t index = 0; index < options.parameters.size(); ++index) {
        if (options.parameters[index]) {
            arguments.emplace_back(bench::locks::kParameters[index].option);
            arguments.push_back(std::to_string(*options.parameters[index]));
        }
    }
    if (!options.json.empty()) {
        arguments.insert(arguments.end(), {"--json", options.json});
    }
    return arguments;
}

// Executes `scenario`, which reports errors in its arguments itself.
[[noreturn]] void become_scenario(const Options& options) {
    std::vector<std::string> arguments = arguments_of(options);
    std::vector<char*> pointers;
    pointers.reserve(arguments.size() + 1);
    for (std::string& each : arguments) {
        pointers.push_back(each.data());
    }
    pointers.push_back(nullptr);
    execv(pointers.front(), pointers.data());
    throw std::system_error(errno, std::generic_category(), "starting " + arguments.front());
}

std::vector<compare::Configuration> configurations(const Options& options) {
    suite::LockScenarioSource source{.program = companion(kProgram),
                                     .types = {},
                                     .file = options.scenarios.empty() ? companion(kList) : options.scenarios,
                                     .quick = options.quick};
    const measure::Run types =
        measure::run({.arguments = {source.program, "--types"}}, {.time_limit = std::chrono::seconds(10)});
    if (!types.succeeded()) {
        throw std::runtime_error(source.program + " --types: " + measure::describe_ending(types));
    }
    source.types = suite::parse_lock_scenario_types(types.output);
    const auto text = machine::read_file(source.file);
    if (!text) {
        throw std::invalid_argument("--scenarios: cannot read " + source.file);
    }
    return suite::only(suite::read_lock_scenarios(*text, source), options.only);
}

std::vector<allocators::Allocator> choose_allocators(const Options& options) {
    return options.quick ? chosen_for_quick(options.allocators)
                         : chosen(options.allocators, allocators::Breadth::kUsual, "bench locks");
}

// A folder for recordings of profiled runs. They are not read, so the destructor removes it.
class RecordingFolder {
  public:
    RecordingFolder() {
        std::string name = (std::filesystem::temp_directory_path() / "ashlar-locks-XXXXXX").string();
        if (mkdtemp(name.data()) == nullptr) {
            throw std::system_error(errno, std::generic_category(), "making a folder " + name);
        }
        path_ = name;
    }
    ~RecordingFolder() {
        std::error_code ignored;
        std::filesystem::remove_all(path_, ignored);
    }
    RecordingFolder(const RecordingFolder&) = delete;
    RecordingFolder& operator=(const RecordingFolder&) = delete;

    std::string setting() const { return kSetting + path_.string(); }
    bool is_empty() const { return std::filesystem::is_empty(path_); }

    // Sets this folder in the plan. A continued experiment names the folder of the earlier run.
    void give_to(compare::Plan& plan) const {
        for (compare::Contender& contender : plan.contenders) {
            for (std::string& entry : contender.allocator.environment) {
                if (entry.starts_with(kSetting)) {
                    entry = setting();
                }
            }
        }
    }

  private:
    static constexpr const char* kSetting = "ASHLAR_LOCKS=file:";
    std::filesystem::path path_;
};

// Adds each allocator again with the lock profiler. With --quick adds only Ashlar.
void add_profiled(std::vector<allocators::Allocator>& found, const Options& options,
                  const RecordingFolder& folder) {
    const auto profiler = allocators::find_ashlar(allocators::Edition::kLocks);
    if (!profiler) {
        machine::tell(stderr, "ashlar bench locks: runs without the profiler: {}\n",
                      allocators::how_to_get_ashlar(allocators::Edition::kLocks));
        return;
    }
    const auto ashlar = allocators::find_ashlar();
    std::vector<allocators::Allocator> profiled;
    for (const allocators::Allocator& each : found) {
        if (!options.quick || (ashlar && each.library == *ashlar)) {
            profiled.push_back(each);
            profiled.back().name += "+locks";
            profiled.back().companion = *profiler;
            profiled.back().environment.push_back(folder.setting());
        }
    }
    found.insert(found.end(), profiled.begin(), profiled.end());
}

compare::Plan make_plan(const Options& options, const RecordingFolder& folder) {
    compare::Plan plan;
    plan.configurations = configurations(options);
    std::vector<allocators::Allocator> found = choose_allocators(options);
    if (!options.no_profiling) {
        add_profiled(found, options, folder);
    }
    plan.contenders = compare::contenders(found);
    plan.rounds = options.rounds.value_or(options.quick ? kQuickRounds : kRounds);
    plan.time_limit = time_limit(options.timeout);
    plan.stacks_folder = stacks_folder(options.json);
    return plan;
}

int run_all(const Options& options) {
    const machine::Interrupt interrupt;
    const RecordingFolder folder;
    report::StoredComparison comparison =
        options.resume.empty() ? new_comparison(make_plan(options, folder), 1, interrupt)
                               : resumed_comparison(options.resume, "bench", options.timeout, interrupt);
    folder.give_to(comparison.experiment.plan);
    const auto& contenders = comparison.experiment.plan.contenders;
    const bool profiles =
        std::any_of(contenders.begin(), contenders.end(),
                    [](const compare::Contender& each) { return !each.allocator.companion.empty(); });
    const std::string json = options.json.empty() ? options.resume : options.json;
    const int status =
        run_comparison(std::move(comparison), {.json = json, .verbose = options.verbose}, interrupt,
                       [&](const compare::Experiment& experiment, const compare::Result&) {
                           return options.markdown ? report::lock_markdown(experiment)
                                                   : report::lock_text(experiment, text_settings());
                       });
    if (profiles && !interrupt.requested() && folder.is_empty()) {
        machine::tell(stderr,
                      "ashlar bench locks: the lock profiler wrote nothing, so no run was profiled\n");
        return kSomethingFailed;
    }
    return status;
}

// Throws for options of one scenario without --type, and for options of all scenarios with --type.
void check(const CLI::App& locks, const Options& options) {
    const bool one = !options.type.empty();
    const auto given = [&](const char* name) { return locks.get_option(name)->count() > 0; };
    // count() would be wrong, because the environment may name configurations for other calls.
    const std::vector<std::string> words = machine::command_line();
    if (one && std::any_of(words.begin(), words.end(),
                           [](const std::string& word) { return word.starts_with("--only"); })) {
        throw std::invalid_argument("--only does not go with --type, which runs one scenario once");
    }
    for (const char* const name : {"--scenarios", "--allocators", "--baseline-only", "--rounds", "--timeout",
                                   "--quick", "--no-profiling", "--markdown", "--resume"}) {
        if (one && given(name)) {
            throw std::invalid_argument(
                fmt::format("{} does not go with --type, which runs one scenario once", name));
        }
    }
    for (const auto& parameter : bench::locks::kParameters) {
        if (!one && given(parameter.option)) {
            throw std::invalid_argument(
                fmt::format("{} needs --type: all configurations have it from {}", parameter.option, kList));
        }
    }
}

} // namespace

void add_bench_locks(CLI::App& bench, Action& action) {
    auto options = std::make_shared<Options>();
    options->parameters.resize(bench::locks::kParameters.size());
    CLI::App* const locks = bench.add_subcommand("locks", "Run the lock scenarios under every allocator");
    locks->footer(kFooter);
    locks
        ->add_option("--only", options->only,
                     "Configurations to run; the variable BENCHMARK_CONFIGS does the same")
        ->default_str("all")
        ->delimiter(',')
        ->allow_extra_args(false)
        ->envname("BENCHMARK_CONFIGS")
        ->type_name("NAME");
    locks->add_flag("--quick", options->quick,
                    "System and Ashlar, fewer and shorter runs: at most five minutes");
    add_allocator_options(*locks, options->allocators,
                          "those installed, without one-arena, scudo and tbbmalloc");
    locks->add_option("--rounds", options->rounds, "Rounds that count")
        ->default_str(fmt::format("{}; {} with --quick", kRounds, kQuickRounds))
        ->check(CLI::Range(1, 10'000))
        ->type_name("N");
    locks
        ->add_option("--scenarios", options->scenarios,
                     "File with configurations of yours, in the form of scenarios.toml")
        ->default_str("the scenarios.toml that was built or installed with this program")
        ->type_name("FILE");
    locks->add_option("--timeout", options->timeout, "Seconds after which a run counts as hung")
        ->default_str("as the file says")
        ->check(between(0.01, 86'400))
        ->type_name("SECONDS");
    locks->add_flag("--no-profiling", options->no_profiling,
                    "Make no runs with the lock profiler, which take half the time");
    locks->add_flag("--verbose", options->verbose, kVerboseHelp);
    locks->add_flag("--markdown", options->markdown, "Show the table as Markdown");
    locks->add_option("--json", options->json, kJsonHelp)->type_name("FILE");
    locks->add_option("--resume", options->resume, kResumeHelp)->type_name("FILE");
    locks
        ->add_option("--type", options->type,
                     "Run this one scenario once, with the options below; an unknown TYPE lists all")
        ->type_name("TYPE");
    for (std::size_t index = 0; index < bench::locks::kParameters.size(); ++index) {
        const auto& parameter = bench::locks::kParameters[index];
        locks
            ->add_option(parameter.option, options->parameters[index],
                         fmt::format("With --type: {}", parameter.about))
            ->default_str(std::to_string(bench::locks::Parameters().*parameter.value))
            ->type_name("N");
    }
    locks->callback([options, locks, &action] {
        check(*locks, *options);
        if (!options->resume.empty()) {
            refuse_other_settings(*locks);
        }
        action = [options] {
            if (!options->type.empty()) {
                become_scenario(*options);
            }
            return run_all(*options);
        };
    });
}

} // namespace ashlar::commands
