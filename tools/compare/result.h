// SPDX-License-Identifier: MIT
// The result of an experiment: for each configuration and contender the medians, and the ratios to System
// with their intervals. Pure functions of the samples.
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
    statistics::Interval noise{1, 1}; // of System's ratio to itself in this experiment

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
    int failures = 0; // in the rounds and the warm-up
    std::array<std::optional<Measurement>, kMetrics.size()> measurements;

    const std::optional<Measurement>& of(Metric metric) const {
        return measurements[static_cast<std::size_t>(metric)];
    }
};

struct Row {
    std::vector<Cell> cells; // by contender
    // System's ratio to itself, by metric: the spread of ratios in this experiment without any difference.
    std::array<std::optional<Ratio>, kMetrics.size()> control;

    const std::optional<Ratio>& control_of(Metric metric) const {
        return control[static_cast<std::size_t>(metric)];
    }
};

struct Result {
    std::vector<Row> rows; // by configuration
};

// Returns whether any contender has this figure. No command prints all of them.
bool has(const Row& row, Metric metric);

// Standing against System, better or worse in the metric's own sense. kUnknown: too few rounds to tell.
enum class Standing { kUnknown, kBetter, kWorse, kAlike };

Standing standing(const Ratio& to_system, Metric metric);

// Returns how many times better than System the ratio is.
double gain(const Ratio& to_system, Metric metric);

Result evaluate(const Experiment& experiment);

// The values behind the medians, in the order of the rounds. `values` has one value per run that counts; for
// System it has the mean of both runs. `ratios` has the ratio to System where that round has one.
struct Rounds {
    std::vector<double> values;
    std::vector<double> ratios; // none for System itself
};

Rounds rounds_of(const Experiment& experiment, std::size_t configuration, std::size_t contender,
                 Metric metric);

// Returns true if the control's interval leaves 1 ± 5 %. Small differences in this row mean nothing then.
bool is_noisy(const std::optional<Ratio>& control);

// Returns the metric of a program's own figure.
Metric own_metric(const OwnFigure& figure);

// Returns the metrics that decide about speed: the program's own figure, or else wall and CPU time. The suite
// uses operations per second where threads may wait for each other, else CPU time per operation. The wall
// time of its single-threaded programs is mostly the machine's noise.
std::vector<Metric> speed_metrics(const Configuration& configuration);

// The standing by all speed metrics together.
struct Speed {
    Standing standing = Standing::kAlike; // better: in at least one metric, and worse in none
    bool contradictory = false;           // better in one, worse in another
    double gain = 1;                      // how many times as fast: geometric mean of the gains
    statistics::Interval interval{1, 1};  // of the gain; infinite bounds: too few rounds
};

// Returns nothing for System, and for a contender without figures of speed.
std::optional<Speed> speed_of(const Experiment& experiment, const Result& result, std::size_t configuration,
                              std::size_t contender);

// Returns the standing by peak RSS. Returns nothing for System, and for a contender without a figure.
std::optional<Standing> memory_of(const Result& result, std::size_t configuration, std::size_t contender);

// Returns the geometric mean of a contender's median ratios over a group; nothing if one is missing.
std::optional<double> mean_ratio(const Experiment& experiment, const Result& result, const std::string& group,
                                 std::size_t contender, Metric metric);

} // namespace ashlar::compare
