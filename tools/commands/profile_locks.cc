// SPDX-License-Identifier: MIT
#include "commands/profile_locks.h"

#include "commands/number_range.h"
#include "machine/terminal.h"
#include "profile/locks.h"
#include "profile/read_recording.h"
#include "report/profile/locks_json.h"
#include "report/profile/locks_text.h"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>
#include <ostream>
#include <stdexcept>

namespace ashlar::commands {

namespace {

std::unique_ptr<machine::OutputFile> output(const char* option, const std::string& path) {
    if (path.empty()) {
        return nullptr;
    }
    try {
        return std::make_unique<machine::OutputFile>(path);
    } catch (const std::runtime_error& error) {
        throw std::invalid_argument(std::string(option) + ": " + error.what());
    }
}

} // namespace

std::optional<std::string> LockOptions::settings() const {
    constexpr double kMicroseconds = 1000;
    return wanted ? std::optional(fmt::format("threshold:{}us", std::llround(threshold * kMicroseconds)))
                  : std::nullopt;
}

void add_lock_options(CLI::App& command, LockOptions& options) {
    CLI::Option* const locks = command.add_flag("--locks", options.wanted,
                                                "Profile the command's locks, too: who waits, and for whom");
    constexpr double kMostMilliseconds = 900'000;
    command
        .add_option("--threshold", options.threshold,
                    "Milliseconds: longer waits for locks are recorded one by one")
        ->check(between(0, kMostMilliseconds))
        ->capture_default_str()
        ->needs(locks);
    command
        .add_option(
            "--locks-json", options.json,
            "Write all about locks as JSON; - for the standard output, in place of the text about them")
        ->type_name("FILE");
    command
        .add_option("--locks-flamegraph", options.flame_graph,
                    "Write the waits for locks as folded stacks, in microseconds, for flamegraph.pl")
        ->type_name("FILE");
}

std::pair<std::vector<std::filesystem::path>, std::vector<std::string>>
sorted_by_kind(const std::vector<std::string>& files) {
    std::pair<std::vector<std::filesystem::path>, std::vector<std::string>> sorted;
    for (const std::string& file : files) {
        if (file.ends_with(".locks")) {
            sorted.first.emplace_back(file);
        } else {
            sorted.second.push_back(file);
        }
    }
    return sorted;
}

LockView::LockView(const LockOptions& options, std::size_t top)
    : top_(top), json_(output("--locks-json", options.json)),
      flame_graph_(output("--locks-flamegraph", options.flame_graph)),
      takes_standard_output_(options.json == machine::kStandardOutput ||
                             options.flame_graph == machine::kStandardOutput) {
    if (options.json == machine::kStandardOutput && options.flame_graph == machine::kStandardOutput) {
        throw std::invalid_argument("two files cannot both go to the standard output");
    }
}

bool LockView::show(const std::vector<std::filesystem::path>& files) const {
    symbols::Symbolizer symbolizer;
    profile::Frames frames;
    std::vector<profile::LockReport> reports;
    bool all = true;
    for (const std::filesystem::path& file : files) {
        try {
            reports.push_back(profile::report_locks(profile::read_recording(file), symbolizer, frames));
        } catch (const std::runtime_error& error) {
            fmt::print(stderr, "ashlar profile: {}\n", error.what());
            all = false;
        }
    }
    if (reports.empty()) {
        fmt::print(stderr,
                   "ashlar profile: no locks were recorded: the command does not load libraries that are "
                   "preloaded (`ashlar doctor -- CMD` says why)\n");
        return all;
    }
    std::stable_sort(
        reports.begin(), reports.end(), [](const profile::LockReport& one, const profile::LockReport& other) {
            const auto key = [](const profile::LockReport& report) {
                return std::tuple(report.total_wait() + report.waiting.size(), report.locks.size());
            };
            return key(one) > key(other);
        });
    if (!takes_standard_output_) {
        const report::TextSettings settings{.colour = machine::shows_colour(stdout),
                                            .columns = static_cast<std::size_t>(machine::columns(stdout))};
        fmt::print("{}\n", report::profile::locks_text(reports, frames, top_, settings));
    }
    if (json_) {
        json_->write([&](std::ostream& out) { report::profile::write_locks_json(out, reports, frames); });
    }
    if (flame_graph_) {
        flame_graph_->write(
            [&](std::ostream& out) { report::profile::write_waits_folded(out, reports, frames); });
    }
    return all;
}

} // namespace ashlar::commands
