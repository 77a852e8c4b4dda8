// SPDX-License-Identifier: MIT
// ashlar bench languages: the same four tasks in ten languages. Runs them under every allocator, or under an
// earlier library and the present one.
#include "commands/bench_languages.h"

#include "commands/measuring_options.h"
#include "commands/session.h"
#include "machine/files.h"
#include "measure/time_limit.h"
#include "report/language_text.h"
#include "suite/languages.h"

#include <CLI/CLI.hpp>
#include <filesystem>
#include <fmt/format.h>
#include <map>
#include <memory>
#include <stdexcept>

namespace ashlar::commands {

namespace {

constexpr const char* kWho = "bench languages";

struct Options {
    MeasuringOptions measuring;
    std::vector<std::string> languages;
    std::vector<std::string> tasks;
    std::string size;
    std::string before;
};

constexpr const char* kFooter =
    R"(Tasks: fibonacci (recursive, allocates nothing), trees (binary trees), arrays (map, filter and reduce), strings (built and split). Algorithm, sizes and the line that is printed are the same in every language; a run that prints another result fails. Compiled programs are kept in $XDG_CACHE_HOME/ashlar/languages, by default in ~/.cache.

Examples:
  ashlar bench languages --quick                  System and Ashlar, about a minute
  ashlar bench languages                          every language and allocator, about twenty minutes
  ashlar bench languages python ruby --tasks trees,strings
  ashlar bench languages --before /opt/lib/libashlar.so      an earlier build against the present one

Exit status: 0, 1 if a run failed or printed a wrong result, 2 for wrong arguments, 128 and the number of the signal if interrupted (130 by Ctrl-C).)";

const std::map<std::string, suite::TaskSize>& sizes() {
    static const std::map<std::string, suite::TaskSize> known{{"tiny", suite::TaskSize::kTiny},
                                                              {"quick", suite::TaskSize::kQuick},
                                                              {"usual", suite::TaskSize::kUsual}};
    return known;
}

suite::TaskSize size_of(const Options& options) {
    const std::string usual = options.measuring.quick ? "quick" : "usual";
    return sizes().at(options.size.empty() ? usual : options.size);
}

// Returns the earlier library, in System's place, and the present one.
std::vector<allocators::Allocator> before_and_now(const std::string& before) {
    std::error_code error;
    const std::filesystem::path library = std::filesystem::canonical(before, error);
    if (error || !std::filesystem::is_regular_file(library, error)) {
        throw std::invalid_argument(fmt::format(
            "--before: there is no library {}; give the path of an earlier libashlar.so", before));
    }
    const auto now = allocators::find_ashlar();
    if (!now) {
        throw std::invalid_argument(allocators::how_to_get_ashlar());
    }
    return {{.name = "before", .library = library.string()}, {.name = "now", .library = *now}};
}

compare::Plan make_plan(const Options& options) {
    const MeasuringOptions& measuring = options.measuring;
    const std::vector<allocators::Allocator> contenders =
        options.before.empty() ? choose_allocators(measuring, kWho) : before_and_now(options.before);
    suite::LanguageSuite suite =
        suite::language_suite({.languages = options.languages,
                               .tasks = options.tasks,
                               .size = size_of(options),
                               .cache = machine::cache_folder() / "ashlar" / "languages"});
    tell_missing(suite.missing, kWho);
    if (suite.configurations.empty()) {
        throw std::runtime_error(
            "none of these languages can run here; scripts/setup.sh --programs installs all");
    }
    compare::Plan plan;
    plan.configurations = std::move(suite.configurations);
    plan.contenders = compare::contenders(contenders);
    plan.rounds = measuring.rounds_to_run();
    plan.time_limit = time_limit(measuring.timeout);
    plan.first_limit = measure::kUnknownCommandLimit;
    plan.stacks_folder = stacks_folder(measuring.json);
    return plan;
}

std::string text(const compare::Experiment& experiment, const compare::Result& result) {
    const bool is_before_and_now = !experiment.plan.contenders[compare::kReference].allocator.is_system();
    return is_before_and_now
               ? report::language_changes_text(experiment, text_settings())
               : report::language_text(experiment, result, suite::language_facts(), text_settings());
}

int run_languages(const Options& options) {
    const MeasuringOptions& measuring = options.measuring;
    const machine::Interrupt interrupt;
    report::StoredComparison comparison =
        measuring.resume.empty()
            ? new_comparison(make_plan(options), 1, interrupt)
            : resumed_comparison(measuring.resume, "bench", measuring.timeout, interrupt);
    return run_comparison(std::move(comparison), measuring.output(), interrupt, text);
}

} // namespace

void add_bench_languages(CLI::App& bench, Action& action) {
    auto options = std::make_shared<Options>();
    CLI::App* const languages =
        bench.add_subcommand("languages", "Run the same tasks in ten languages under every allocator");
    languages->footer(kFooter);
    languages->add_option("languages", options->languages, "Which to run")
        ->default_str("all that are installed")
        ->check(CLI::IsMember(suite::language_words()))
        ->type_name("LANGUAGE");
    languages->add_option("--tasks", options->tasks, "Which tasks to run")
        ->default_str("all")
        ->delimiter(',')
        ->allow_extra_args(false)
        ->check(CLI::IsMember(suite::task_words()))
        ->type_name("TASK");
    CLI::Option* const before =
        languages
            ->add_option(
                "--before", options->before,
                "Compare Ashlar with this library alone, such as an earlier build: user time of each task "
                "and of all")
            ->type_name("LIBRARY");
    languages->add_option("--size", options->size, "How much a task does; tiny only checks the results")
        ->default_str("usual; quick with --quick")
        ->check(CLI::IsMember(std::vector<std::string>{"tiny", "quick", "usual"}))
        ->type_name("SIZE");
    add_measuring_options(*languages, options->measuring);
    languages->get_option("--allocators")->excludes(before);
    languages->get_option("--baseline-only")->excludes(before);
    languages->callback([options, languages, &action] {
        if (!options->measuring.resume.empty()) {
            refuse_other_settings(*languages);
        }
        action = [options] { return run_languages(*options); };
    });
}

} // namespace ashlar::commands
