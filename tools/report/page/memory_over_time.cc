// SPDX-License-Identifier: MIT
#include "report/page/memory_over_time.h"

#include "report/chart/scale.h"
#include "report/chart/svg.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <fmt/format.h>
#include <limits>
#include <string_view>
#include <utility>

namespace ashlar::report::page {

namespace {

using ashlar::profile::Recording;

constexpr double kMiB = 1 << 20;
constexpr std::size_t kMostPoints = 300;
constexpr std::array<std::string_view, 5> kNotBytes{"threads", "refills", "refill_ns", "allocations",
                                                    "fallback_calls"}; // columns of the ledger

chart::LinePoint point(double seconds, double bytes) {
    constexpr double kNone = std::numeric_limits<double>::infinity();
    return {.x = seconds,
            .y = bytes / kMiB,
            .interval = {.low = -kNone, .high = kNone},
            .description = {},
            .rounds = {}};
}

void describe(chart::Line& line) {
    const auto highest = std::max_element(line.points.begin(), line.points.end(),
                                          [](const auto& one, const auto& other) { return one.y < other.y; });
    line.marks = false;
    line.description = fmt::format("{}: at most {:.1f} MiB, after {:.2f} s; {:.1f} MiB at the end", line.name,
                                   highest->y, highest->x, line.points.back().y);
}

// Returns the highest value in each of up to kMostPoints spans of time.
chart::Line live_line(const Recording& recording) {
    std::vector<std::pair<std::uint64_t, double>> changes;
    for (const auto& sample : recording.samples) {
        changes.emplace_back(sample.time, sample.bytes);
        if (sample.freed) {
            changes.emplace_back(*sample.freed, -sample.bytes);
        }
    }
    std::sort(changes.begin(), changes.end());
    chart::Line line{.name = "live (samples)", .slot = 1, .points = {point(0, 0)}};
    const double end = recording.seconds(recording.end);
    double live = 0;
    std::size_t next = 0;
    for (std::size_t span = 1; span <= kMostPoints; ++span) {
        const double until = end * static_cast<double>(span) / kMostPoints;
        double highest = live;
        while (next < changes.size() && recording.seconds(changes[next].first) <= until) {
            live += changes[next++].second;
            highest = std::max(highest, live);
        }
        line.points.push_back(point(until, span == kMostPoints ? live : highest));
    }
    describe(line);
    return line;
}

} // namespace

chart::Lines memory_over_time(const Recording& recording) {
    chart::Lines lines{.name = "Memory over time",
                       .x_title = "seconds",
                       .y_title = "MiB",
                       .x_marks = {},
                       .lines = {live_line(recording)},
                       .shaded_from = std::nullopt,
                       .shaded_words = {}};
    for (std::size_t index = 0; index < recording.count_names.size() && !recording.counts.empty(); ++index) {
        const bool is_bytes =
            std::find(kNotBytes.begin(), kNotBytes.end(), recording.count_names[index]) == kNotBytes.end();
        if (!is_bytes || lines.lines.size() + 1 >= chart::kSlots) {
            continue;
        }
        chart::Line line{.name = recording.count_names[index], .slot = lines.lines.size() + 1, .points = {}};
        const std::size_t step = recording.counts.size() / kMostPoints + 1;
        for (std::size_t row = 0; row < recording.counts.size(); row += step) {
            const auto& counts = recording.counts[row];
            line.points.push_back(
                point(recording.seconds(counts.time), static_cast<double>(counts.values[index])));
        }
        describe(line);
        lines.lines.push_back(std::move(line));
    }
    for (const double tick : chart::linear_ticks(std::max(recording.seconds(recording.end), 1e-3), 6)) {
        lines.x_marks.push_back({.at = tick, .words = chart::tick_text(tick)});
    }
    return lines;
}

} // namespace ashlar::report::page
