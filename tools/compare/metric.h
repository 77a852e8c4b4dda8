// SPDX-License-Identifier: MIT
// The compared metrics in one table. All code that names, prints or stores a figure uses it.
#pragma once

#include <array>
#include <cstddef>

namespace ashlar::compare {

enum class Metric : std::size_t {
    kThroughput,
    kCpuPerOperation,
    kPeakRss,
    kRssPerLive,
    kThroughputKept,
    kRssKept,
    kWall,
    kCpu,
    kMinorFaults,
    kContextSwitches,
    kOwnFigure,
    kOwnCost,
    kRssTrend,
    kPeakRssOfAll,
    kMallocP50, // from here on in the order of kLatencyNames
    kMallocP99,
    kMallocP999,
    kMallocP9999,
    kFreeP50,
    kFreeP99,
    kFreeP999,
    kFreeP9999,
};

struct MetricFacts {
    Metric metric;
    const char* key;   // in JSON
    const char* words; // for people
    const char* unit;  // shown to people; empty for plain numbers
    double scale;      // stored value per `unit`
    int decimals;      // of values below 100; larger values have one less
    bool more_is_better;
};

constexpr MetricFacts latency(Metric metric, const char* key, const char* words) {
    return {.metric = metric,
            .key = key,
            .words = words,
            .unit = "ns",
            .scale = 1,
            .decimals = 1,
            .more_is_better = false};
}

inline constexpr std::array kMetricTable{
    MetricFacts{.metric = Metric::kThroughput,
                .key = "operations_per_second",
                .words = "Operations per second",
                .unit = "millions",
                .scale = 1e6,
                .decimals = 1,
                .more_is_better = true},
    MetricFacts{.metric = Metric::kCpuPerOperation,
                .key = "cpu_nanoseconds_per_operation",
                .words = "CPU time of the whole process per operation",
                .unit = "ns",
                .scale = 1,
                .decimals = 1,
                .more_is_better = false},
    MetricFacts{.metric = Metric::kPeakRss, // of the largest process
                .key = "peak_rss_kib",
                .words = "Peak RSS",
                .unit = "MiB",
                .scale = 1024,
                .decimals = 1,
                .more_is_better = false},
    MetricFacts{.metric = Metric::kRssPerLive,
                .key = "rss_per_live",
                .words = "RSS / live bytes, geometric mean of the phase ends",
                .unit = "",
                .scale = 1,
                .decimals = 2,
                .more_is_better = false},
    MetricFacts{.metric = Metric::kThroughputKept, // end of a long run as a share of its beginning
                .key = "throughput_kept",
                .words = "Drift of throughput: last slice of a long run over the second, 1 is none",
                .unit = "",
                .scale = 1,
                .decimals = 3,
                .more_is_better = true},
    MetricFacts{.metric = Metric::kRssKept,
                .key = "rss_kept",
                .words = "Drift of RSS: last slice of a long run over the second, 1 is none",
                .unit = "",
                .scale = 1,
                .decimals = 3,
                .more_is_better = false},
    MetricFacts{.metric = Metric::kWall,
                .key = "wall_seconds",
                .words = "Wall time",
                .unit = "s",
                .scale = 1,
                .decimals = 3,
                .more_is_better = false},
    MetricFacts{.metric = Metric::kCpu, // user and system, of all processes
                .key = "cpu_seconds",
                .words = "CPU time",
                .unit = "s",
                .scale = 1,
                .decimals = 3,
                .more_is_better = false},
    MetricFacts{.metric = Metric::kMinorFaults,
                .key = "minor_faults",
                .words = "Minor faults",
                .unit = "thousands",
                .scale = 1e3,
                .decimals = 1,
                .more_is_better = false},
    MetricFacts{.metric = Metric::kContextSwitches, // voluntary and involuntary
                .key = "context_switches",
                .words = "Context switches",
                .unit = "",
                .scale = 1,
                .decimals = 1,
                .more_is_better = false},
    MetricFacts{.metric = Metric::kOwnFigure, // printed by the program; more is better
                .key = "own_figure",
                .words = "The program's own figure",
                .unit = "",
                .scale = 1,
                .decimals = 2,
                .more_is_better = true},
    MetricFacts{.metric = Metric::kOwnCost, // printed by the program; less is better
                .key = "own_cost",
                .words = "The program's own figure",
                .unit = "",
                .scale = 1,
                .decimals = 2,
                .more_is_better = false},
    MetricFacts{.metric = Metric::kRssTrend, // from the line through the second half of RSS over time
                .key = "rss_trend",
                .words = "RSS at the end of a run over that at its middle, 1 is flat",
                .unit = "",
                .scale = 1,
                .decimals = 2,
                .more_is_better = false},
    MetricFacts{.metric = Metric::kPeakRssOfAll, // the maximum of RSS over time
                .key = "peak_rss_of_all_kib",
                .words = "Peak RSS of all processes together",
                .unit = "MiB",
                .scale = 1024,
                .decimals = 1,
                .more_is_better = false},
    latency(Metric::kMallocP50, "malloc_p50_nanoseconds", "Time of malloc, p50"),
    latency(Metric::kMallocP99, "malloc_p99_nanoseconds", "Time of malloc, p99"),
    latency(Metric::kMallocP999, "malloc_p99_9_nanoseconds", "Time of malloc, p99.9"),
    latency(Metric::kMallocP9999, "malloc_p99_99_nanoseconds", "Time of malloc, p99.99"),
    latency(Metric::kFreeP50, "free_p50_nanoseconds", "Time of free, p50"),
    latency(Metric::kFreeP99, "free_p99_nanoseconds", "Time of free, p99"),
    latency(Metric::kFreeP999, "free_p99_9_nanoseconds", "Time of free, p99.9"),
    latency(Metric::kFreeP9999, "free_p99_99_nanoseconds", "Time of free, p99.99"),
};

constexpr const MetricFacts& facts(Metric metric) {
    return kMetricTable[static_cast<std::size_t>(metric)];
}

// All metrics, for loops.
inline constexpr auto kMetrics = [] {
    std::array<Metric, kMetricTable.size()> metrics{};
    for (std::size_t index = 0; index < metrics.size(); ++index) {
        metrics[index] = kMetricTable[index].metric;
    }
    return metrics;
}();

static_assert(
    [] {
        for (std::size_t index = 0; index < kMetrics.size(); ++index) {
            if (static_cast<std::size_t>(kMetrics[index]) != index) {
                return false;
            }
        }
        return true;
    }(),
    "the table lists the metrics in their order");

} // namespace ashlar::compare
