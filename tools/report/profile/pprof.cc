// SPDX-License-Identifier: MIT
#include "report/profile/formats.h"
#include "report/profile/gzip.h"
#include "report/profile/pprof_file.h"

#include <algorithm>
#include <filesystem>
#include <ostream>

namespace ashlar::report::profile {

namespace {

using namespace ashlar::profile;

// The types of a view's values. CPU views have samples and nanoseconds, like pprof's own CPU profiles.
struct Types {
    std::string count;
    std::string amount;
    const char* unit;
    double scale; // factor from a stack's amount
};

// Uses the names of Go's heap profiles where they exist.
std::string type_of(View view) {
    switch (view) {
    case View::kLive:
        return "inuse";
    case View::kAllocated:
        return "alloc";
    default:
        return name_of(view);
    }
}

Types types_of(View view) {
    constexpr double kNanoseconds = 1000;
    if (view == View::kCpu) {
        return {.count = "samples", .amount = "cpu", .unit = "nanoseconds", .scale = kNanoseconds};
    }
    if (view == View::kAllocationCpu) {
        return {.count = "allocation_samples",
                .amount = "allocation_cpu",
                .unit = "nanoseconds",
                .scale = kNanoseconds};
    }
    return {.count = type_of(view) + "_objects",
            .amount = type_of(view) + "_space",
            .unit = view == View::kLifetime ? "byteseconds" : "bytes",
            .scale = 1};
}

} // namespace

void write_pprof(std::ostream& out, const Summaries& summaries, View first, Frames& frames) {
    PprofFile profile(frames);
    std::vector<View> views;
    for (const View view : kAllViews) {
        const auto is_shown = [&](const Summary& each) {
            return is_of_cpu(view) ? each.shows(view) : each.has_memory;
        };
        if (std::any_of(summaries.begin(), summaries.end(), is_shown)) {
            views.push_back(view);
        }
    }
    for (const View view : views) {
        const Types types = types_of(view);
        profile.add_type(types.count, "count");
        profile.add_type(types.amount, types.unit);
    }
    profile.set_default(types_of(first).amount);
    std::size_t type = 0;
    for (const View view : views) {
        for (const ExportedStack& stack : exported(summaries, view, frames)) {
            profile.add(stack.frames, type, stack.blocks);
            profile.add(stack.frames, type + 1, stack.bytes * types_of(view).scale);
        }
        type += 2;
    }
    if (!summaries.empty()) {
        profile.set_program(std::filesystem::path(summaries.front().recording.program).filename().string());
        if (is_of_cpu(first) && summaries.front().cpu) {
            profile.set_period("cpu", "nanoseconds", summaries.front().cpu->period * types_of(first).scale);
        } else {
            profile.set_period("space", "bytes", static_cast<double>(summaries.front().recording.rate));
        }
        profile.set_times(summaries.front().recording.started_realtime, summaries.front().seconds);
    }
    out << gzipped(profile.finish());
}

} // namespace ashlar::report::profile
