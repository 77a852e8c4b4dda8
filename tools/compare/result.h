// SPDX-License-Identifier: MIT
// What an experiment says: for each configuration and contender the medians, and the ratios to System with
// the interval in which they can be trusted. Pure functions of the samples.
#pragma once

#include "compare/experiment.h"
#include "compare/metric.h"
#include "statistics/bootstrap.h"
#include "statistics/verdict.h"

#include <array>

namespace ashlar::compare {

struct Ratio {
    double median = 1; // of the ratios within the rounds
    statistics::Interval interval{1, 1};
    statistics::Interval noise{1, 1}; // in which System's ratio to itself lies in this run

    statistics::Verdict verdict() const { return statistics::judge(median, interval, noise); }
    double smallest_visible() const { return statistics::smallest_visible(interval, noise); }
};

struct Measurement {
    double median = 0;
    statistics::Interval interval{0, 0};
    std::optional<Ratio> to_system; // nothing for System itself, or if no round has both
};

struct Cell {
    int samples = 0;
    int failures = 0; // in rounds and warm-up
    std::array<std::optional<Measurement>, kMetrics.size()> measurements;

    const std::optional<Measurement>& of(Metric metric) const {
        return measurements[static_cast<std::size_t>(metric)];
    }
};

struct Row {
    std::vector<Cell> cells; // by contender
    // System over System, by metric: what a difference of nothing looks like in this run.
    std::array<std::optional<Ratio>, kMetrics.size()> control;

    const std::optional<Ratio>& control_of(Metric metric) const {
        return control[static_cast<std::size_t>(metric)];
    }
};

struct Result {
    std::vector<Row> rows; // by configuration
};

// Whether any contender has this figure: no command prints all of them.
bool has(const Row& row, Metric metric);

// Against System, in the metric's own sense. Unknown: too few rounds to tell.
enum class Standing { kUnknown, kBetter, kWorse, kAlike };

Standing standing(const Ratio& to_system, Metric metric);

// How many times better than System.
double gain(const Ratio& to_system, Metric metric);

Result evaluate(const Experiment& experiment);

// What the medians are drawn from, in the order of the rounds: a figure for each that counts, of System the
// mean of both its runs, and the ratio to System's where that has one as well.
struct Rounds {
    std::vector<double> values;
    std::vector<double> ratios; // none of System itself
};

Rounds rounds_of(const Experiment& experiment, std::size_t configuration, std::size_t contender,
                 Metric metric);

// The control's interval leaves 1 ± 5 %: do not trust small differences of this row.
bool is_noisy(const std::optional<Ratio>& control);

// Under which metric a program's own figure goes.
Metric own_metric(const OwnFigure& figure);

// What decides whether an allocator is faster: a program's own figure if there is one, both wall and CPU time
// of a program that prints none. Of the suite's, operations per second where threads may wait for each
// other, and CPU time per operation where there is one: its wall time is mostly the machine's noise.
std::vector<Metric> speed_metrics(const Configuration& configuration);

// By all of these together.
struct Speed {
    Standing standing = Standing::kAlike; // better: in one of them, and worse in none
    bool contradictory = false;           // better in one, worse in another
    double gain = 1;                      // how many times as fast: the geometric mean of the ratios
    statistics::Interval interval{1, 1};  // of the gain; infinite bounds: too few rounds for one
};

// Nothing for one that has no figures to be judged by, and for System.
std::optional<Speed> speed_of(const Experiment& experiment, const Result& result, std::size_t configuration,
                              std::size_t contender);

// By peak RSS; nothing likewise.
std::optional<Standing> memory_of(const Result& result, std::size_t configuration, std::size_t contender);

// Geometric mean of a contender's median ratios over the configurations of a group; nothing unless all have
// one.
std::optional<double> mean_ratio(const Experiment& experiment, const Result& result, const std::string& group,
                                 std::size_t contender, Metric metric);

} // namespace ashlar::compare
