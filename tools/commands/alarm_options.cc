// SPDX-License-Identifier: MIT
#include "commands/alarm_options.h"

#include "alarm/benchmark.h"
#include "machine/output_file.h"

#include <algorithm>
#include <fmt/format.h>
#include <fmt/ranges.h>

namespace ashlar::commands {

std::set<alarm::Gate> gates_of(const std::vector<std::string>& names) {
    std::set<alarm::Gate> result(alarm::kGates.begin(), alarm::kGates.end());
    if (!names.empty()) {
        std::erase_if(result, [&](alarm::Gate gate) {
            return std::find(names.begin(), names.end(), alarm::name_of(gate)) == names.end();
        });
    }
    return result;
}

namespace {

// Throws if a benchmark named by --only has no figure that a chosen gate judges.
void check_judged(const AlarmOptions& options) {
    if (options.only.empty() || options.gates.empty()) {
        return;
    }
    const std::set<alarm::Gate> gates = gates_of(options.gates);
    for (const alarm::Benchmark& each :
         or_error([&] { return alarm::only(alarm::benchmarks({}), options.only); })) {
        const bool judged = gates.contains(alarm::Gate::kCoarse) ||
                            (gates.contains(alarm::Gate::kExact) && !each.counted.command.empty()) ||
                            (gates.contains(alarm::Gate::kMemory) && each.judges_memory) ||
                            (gates.contains(alarm::Gate::kTime) && each.judges_time);
        if (!judged) {
            throw std::invalid_argument(fmt::format("--gates {}: {} has no figure that it judges",
                                                    fmt::join(options.gates, ","), each.timed.name));
        }
    }
}

} // namespace

void check_consistent(const AlarmOptions& options) {
    if (options.update && options.why.empty()) {
        throw std::invalid_argument("--update needs --why \"...\": the reason is kept with the reference");
    }
    if (options.anchor && !options.update) {
        throw std::invalid_argument("--anchor goes with --update only");
    }
    if (options.update && (!options.only.empty() || !options.gates.empty() || !options.command.empty() ||
                           !options.library.empty() || !options.reference.empty())) {
        throw std::invalid_argument(
            "--update records all benchmarks of the present commit: leave out --only, --gates, "
            "--library, --reference and a command");
    }
    check_judged(options);
    if (!options.command.empty() && options.reference.empty()) {
        throw std::invalid_argument(
            "a command needs --reference: an allocator, a library or another program");
    }
    if (options.json == machine::kStandardOutput && options.junit == machine::kStandardOutput) {
        throw std::invalid_argument("--json and --junit cannot both go to the standard output");
    }
}

std::string settings_of(const AlarmOptions& options) {
    std::string text;
    const auto add = [&](const char* option, const std::string& value, bool is_usual) {
        text += is_usual ? "" : fmt::format(" {} {}", option, value);
    };
    const AlarmOptions usual;
    add("--gates", fmt::format("{}", fmt::join(options.gates, ",")), options.gates.empty());
    add("--factor", fmt::format("{}", options.factor), options.factor == usual.factor);
    add("--rounds", std::to_string(options.rounds), options.rounds == usual.rounds);
    add("--scale", fmt::format("{}", options.scale), options.scale == usual.scale);
    add("--seed", std::to_string(options.seed), options.seed == usual.seed);
    add("--reference", options.reference, options.reference.empty());
    add("--library", options.library, options.library.empty());
    add("--repository", options.repository, options.repository == usual.repository);
    return text;
}

} // namespace ashlar::commands
