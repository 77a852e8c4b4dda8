// SPDX-License-Identifier: MIT
#include "report/profile/locks_formats.h"

#include "report/profile/gzip.h"
#include "report/profile/pprof_file.h"
#include "report/profile/speedscope_file.h"

#include <algorithm>
#include <array>
#include <filesystem>
#include <fmt/format.h>
#include <map>
#include <ostream>

namespace ashlar::report::profile {

using namespace ashlar::profile;

namespace {

// Returns the first frame of each stack, used for several processes.
std::string process_name(const LockReport& report) {
    return fmt::format("{} ({})", std::filesystem::path(report.program).filename().string(), report.pid);
}

// Returns the frames, outermost first.
std::vector<std::uint32_t> exported_frames(const LockStack& stack, const LockReport& report,
                                           bool with_process, Frames& frames) {
    std::vector<std::uint32_t> all;
    if (with_process) {
        all.push_back(frames.add({.function = process_name(report)}));
    }
    all.insert(all.end(), stack.frames.rbegin(), stack.frames.rend());
    return all;
}

struct View {
    const char* name;
    std::vector<LockStack> Lock::*stacks;
};
constexpr std::array kViews{View{"waits", &Lock::waiters}, View{"holds", &Lock::holds},
                            View{"kept others waiting", &Lock::holders}};

} // namespace

void write_waits_folded(std::ostream& out, const LockReports& reports, const Frames& frames) {
    const auto clean = [](std::string name) {
        std::replace(name.begin(), name.end(), ';', ':');
        std::replace(name.begin(), name.end(), '\n', ' ');
        return name;
    };
    std::map<std::string, std::uint64_t> lines;
    for (const LockReport& report : reports) {
        for (const Lock& lock : report.locks) {
            for (const LockStack& stack : lock.waiters) {
                std::string line;
                for (auto frame = stack.frames.rbegin(); frame != stack.frames.rend(); ++frame) {
                    line += clean(frames[*frame].function) + ";";
                }
                lines[line + clean(lock.name)] += stack.total;
            }
        }
    }
    constexpr std::uint64_t kMicrosecond = 1000;
    for (const auto& [line, total] : lines) {
        out << line << ' ' << (total + kMicrosecond / 2) / kMicrosecond << '\n';
    }
}

void write_locks_speedscope(std::ostream& out, const LockReports& reports, Frames& frames) {
    SpeedscopeFile file(frames);
    for (const View& view : kViews) {
        SpeedscopeFile::Stacks stacks;
        for (const LockReport& report : reports) {
            for (const Lock& lock : report.locks) {
                for (const LockStack& stack : lock.*view.stacks) {
                    std::vector<std::size_t> functions;
                    for (const std::uint32_t frame :
                         exported_frames(stack, report, reports.size() > 1, frames)) {
                        functions.push_back(file.function(frame));
                    }
                    functions.push_back(file.named(lock.name));
                    stacks[functions] += static_cast<double>(stack.total);
                }
            }
        }
        file.add(view.name, "nanoseconds", stacks, view.stacks == &Lock::waiters);
    }
    file.write(out);
}

void write_locks_pprof(std::ostream& out, const LockReports& reports, Frames& frames) {
    PprofFile file(frames);
    file.add_type("contentions", "count");
    file.add_type("delay", "nanoseconds");
    file.set_default("delay");
    for (const LockReport& report : reports) {
        for (const Lock& lock : report.locks) {
            for (const LockStack& stack : lock.waiters) {
                const auto all = exported_frames(stack, report, reports.size() > 1, frames);
                file.add(all, 0, static_cast<double>(stack.count), lock.name);
                file.add(all, 1, static_cast<double>(stack.total), lock.name);
            }
        }
    }
    if (!reports.empty()) {
        file.set_program(std::filesystem::path(reports.front().program).filename().string());
        file.set_period("contentions", "count", 1);
        file.set_times(reports.front().started_realtime, reports.front().seconds);
    }
    out << gzipped(file.finish("lock"));
}

} // namespace ashlar::report::profile
