// SPDX-License-Identifier: MIT
#include "commands/alarm_update.h"

#include "machine/facts.h"
#include "machine/terminal.h"

#include <filesystem>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <map>
#include <stdexcept>

namespace ashlar::commands {

namespace {

namespace fs = std::filesystem;

alarm::Recorded recorded(const AlarmTask& task, const alarm::Report& report, const std::string& reason) {
    const machine::Facts facts = machine::collect_facts();
    const std::string commit = task.repository->head();
    return {.commit = commit,
            .date = task.repository->date(commit),
            .reason = reason,
            .processor = facts.processor,
            .processors = facts.usable_processors,
            .memory_kib = facts.memory_kib,
            .load = facts.load,
            .kernel = facts.kernel,
            .compiler = alarm::compiler(),
            .figures = report.figures};
}

// Throws if a figure is missing. Later runs would never be judged by it.
void check_complete(const AlarmTask& task, const alarm::Report& report) {
    std::vector<std::string> missing;
    for (const alarm::Benchmark& benchmark : task.request.benchmarks) {
        const auto found = report.figures.find(benchmark.timed.name);
        const bool counted =
            benchmark.counted.command.empty() ||
            (found != report.figures.end() && found->second.find(kInstructions) != found->second.end());
        if (found == report.figures.end() || !counted) {
            missing.push_back(benchmark.timed.name);
        }
    }
    if (!missing.empty()) {
        throw std::invalid_argument(
            fmt::format("not recorded, because figures are missing of {}; the report says why",
                        fmt::join(missing, ", ")));
    }
}

} // namespace

void check_recordable(const AlarmOptions& options, const AlarmTask& task) {
    if (!options.update) {
        return;
    }
    const std::string changed = task.repository->changed_files();
    if (!changed.empty()) {
        throw std::invalid_argument(
            "--update records a commit, and these files differ from it; commit them first:\n" + changed);
    }
}

void update(const AlarmOptions& options, AlarmTask& task, const alarm::Report& report) {
    check_complete(task, report);
    const fs::path root = task.repository->root();
    const alarm::Recorded now = recorded(task, report, options.why);
    alarm::References references =
        task.references.value_or(alarm::References{.reference = now, .anchor = now});
    machine::tell(stdout, "\nThe reference is now {}; what changed:\n{}", now.commit.substr(0, 12),
                  report::reference_changes(references.reference, now));
    references.reference = now;
    if (options.anchor) {
        references.anchor = now;
    }
    const bool quiet = report.disturbance.why_not_quiet().empty();
    for (const auto& [key, noise] : quiet ? report.noise : std::map<std::string, double>{}) {
        task.history.noise[task.processor][key].push_back(noise);
    }
    alarm::PastReference past{
        .commit = now.commit, .date = now.date, .reason = now.reason, .instructions = {}};
    for (const auto& [benchmark, figures] : now.figures) {
        if (const auto found = figures.find(kInstructions); found != figures.end()) {
            past.instructions[benchmark] = found->second;
        }
    }
    task.history.references.push_back(std::move(past));
    or_error([&] {
        alarm::write_references(root / kReferenceFile, references);
        alarm::write_history(root / kHistoryFile, task.history);
        return 0;
    });
}

} // namespace ashlar::commands
