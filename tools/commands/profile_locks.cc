// SPDX-License-Identifier: MIT
#include "commands/profile_locks.h"

#include "commands/lock_delay.h"
#include "commands/number_range.h"
#include "commands/session.h"
#include "machine/terminal.h"
#include "profile/locks.h"
#include "profile/read_recording.h"
#include "report/profile/locks_formats.h"
#include "report/profile/locks_json.h"
#include "report/profile/locks_text.h"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>
#include <ostream>
#include <stdexcept>
#include <utility>

namespace ashlar::commands {

namespace {

std::unique_ptr<machine::OutputFile> output(const char* option, const std::string& path) {
    try {
        return std::make_unique<machine::OutputFile>(path);
    } catch (const std::runtime_error& error) {
        throw std::invalid_argument(std::string(option) + ": " + error.what());
    }
}

} // namespace

std::optional<std::string> LockOptions::settings(const std::string& program) const {
    if (!wanted) {
        return std::nullopt;
    }
    constexpr double kMicroseconds = 1000;
    std::string settings = fmt::format("threshold:{}us", std::llround(threshold * kMicroseconds));
    return delay.empty() ? settings : settings + "," + delay_settings(delay, program);
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
        ->needs(locks)
        ->type_name("MILLISECONDS");
    command
        .add_option(
            "--delay", options.delay,
            "Slow one critical section down: after each lock that code at SITE acquires, sleep for TIME, "
            "such as 500us or 1ms. SITE is a function, FILE.cc:LINE or an address; LIBRARY!SITE one in a "
            "library")
        ->type_name("SITE=+TIME")
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
    command
        .add_option("--locks-pprof", options.pprof,
                    "Write the waits for locks for pprof, by the types contentions and delay")
        ->type_name("FILE");
    command
        .add_option("--locks-speedscope", options.speedscope,
                    "Write waits for locks and holds for www.speedscope.app")
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

LockView::LockView(const LockOptions& options, std::size_t top) : top_(top), delay_(options.delay) {
    for (const auto& [option, path] : {std::pair{"--locks-json", &options.json},
                                       {"--locks-flamegraph", &options.flame_graph},
                                       {"--locks-pprof", &options.pprof},
                                       {"--locks-speedscope", &options.speedscope}}) {
        if (path->empty()) {
            continue;
        }
        if (*path == machine::kStandardOutput && std::exchange(takes_standard_output_, true)) {
            throw std::invalid_argument("two files cannot both go to the standard output");
        }
        files_.emplace(option, output(option, *path));
    }
}

bool LockView::read(const std::vector<std::filesystem::path>& files, symbols::Symbolizer& symbolizer,
                    profile::Frames& frames) {
    bool all = true;
    for (const std::filesystem::path& file : files) {
        try {
            reports_.push_back(profile::report_locks(profile::read_recording(file), symbolizer, frames));
        } catch (const std::runtime_error& error) {
            machine::tell(stderr, "ashlar profile: {}\n", error.what());
            all = false;
        }
    }
    std::stable_sort(reports_.begin(), reports_.end(),
                     [](const profile::LockReport& one, const profile::LockReport& other) {
                         const auto key = [](const profile::LockReport& report) {
                             return std::tuple(report.total_wait() + report.waiting.size(),
                                               report.locks.size());
                         };
                         return key(one) > key(other);
                     });
    return all;
}

void LockView::show(profile::Frames& frames) const {
    if (reports_.empty()) {
        machine::tell(stderr,
                      "ashlar profile: no locks were recorded: the command does not load libraries that are "
                      "preloaded (`ashlar doctor -- CMD` says why)\n");
        return;
    }
    const auto is_delayed = [](const profile::LockReport& report) {
        return std::any_of(report.locks.begin(), report.locks.end(),
                           [](const profile::Lock& lock) { return lock.counts.delayed != 0; });
    };
    if (!delay_.empty() && std::none_of(reports_.begin(), reports_.end(), is_delayed)) {
        machine::tell(
            stderr,
            "ashlar profile: --delay {}: no lock was acquired there, so nothing was slowed down. The call "
            "of pthread_mutex_lock has to be in that code itself, or inlined into it; in C++ that is not "
            "optimised it is in std::mutex::lock or __gthread_mutex_lock\n",
            delay_);
    }
    if (!takes_standard_output_) {
        machine::tell(stdout, "{}\n", report::profile::locks_text(reports_, frames, top_, text_settings()));
    }
    const std::pair<const char*, Writer> writers[]{
        {"--locks-json",
         [&](std::ostream& out) { report::profile::write_locks_json(out, reports_, frames); }},
        {"--locks-flamegraph",
         [&](std::ostream& out) { report::profile::write_waits_folded(out, reports_, frames); }},
        {"--locks-pprof",
         [&](std::ostream& out) { report::profile::write_locks_pprof(out, reports_, frames); }},
        {"--locks-speedscope",
         [&](std::ostream& out) { report::profile::write_locks_speedscope(out, reports_, frames); }}};
    for (const auto& [option, writer] : writers) {
        if (const auto file = files_.find(option); file != files_.end()) {
            file->second->write(writer);
        }
    }
}

} // namespace ashlar::commands
