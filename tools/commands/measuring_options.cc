// SPDX-License-Identifier: MIT
#include "commands/measuring_options.h"

#include "commands/number_range.h"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

namespace ashlar::commands {

namespace {

constexpr int kRounds = 5; // fewest that give an interval
constexpr int kQuickRounds = 3;

} // namespace

int MeasuringOptions::rounds_to_run() const {
    return rounds.value_or(quick ? kQuickRounds : kRounds);
}

void add_measuring_options(CLI::App& command, MeasuringOptions& options) {
    add_allocator_options(command, options.allocators,
                          "those installed, without one-arena, scudo and tbbmalloc");
    command.add_flag("--quick", options.quick,
                     "System and Ashlar, fewer and shorter runs: a first look, not figures to publish");
    command.add_option("-i,--rounds,--iterations", options.rounds, "Rounds that count")
        ->default_str(fmt::format("{}; {} with --quick", kRounds, kQuickRounds))
        ->check(CLI::Range(1, 10'000))
        ->type_name("N");
    command.add_option("--timeout", options.timeout, "Seconds after which a run counts as hung")
        ->default_str("ten times the warm-up, at least 5")
        ->check(between(0.01, 86'400))
        ->type_name("SECONDS");
    command.add_option("--json", options.json, kJsonHelp)->type_name("FILE");
    command.add_option("--resume", options.resume, kResumeHelp)->type_name("FILE");
    command.add_flag("--verbose", options.verbose, kVerboseHelp);
}

std::vector<allocators::Allocator> choose_allocators(const MeasuringOptions& options,
                                                     const std::string& who) {
    return options.quick ? chosen_for_quick(options.allocators)
                         : chosen(options.allocators, allocators::Breadth::kUsual, who);
}

} // namespace ashlar::commands
