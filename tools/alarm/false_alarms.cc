// SPDX-License-Identifier: MIT
#include "alarm/false_alarms.h"

#include "alarm/gates.h"
#include "statistics/bootstrap.h"
#include "statistics/random_order.h"

#include <algorithm>
#include <cstddef>
#include <random>

namespace ashlar::alarm {

namespace {

std::vector<double> drawn_anew(const std::vector<double>& values, std::size_t count,
                               std::mt19937_64& generator) {
    std::vector<double> drawn(count);
    for (double& each : drawn) {
        each = values[statistics::below(generator, values.size())];
    }
    return drawn;
}

bool memory_alarms(const std::vector<double>& runs, std::mt19937_64& generator) {
    const std::size_t rounds = std::max<std::size_t>(1, runs.size() / 2);
    const std::vector<double> reference = drawn_anew(runs, rounds, generator);
    const std::vector<double> again = drawn_anew(runs, rounds, generator);
    const std::vector<double> present = drawn_anew(runs, rounds, generator);
    return judge_memory("", "", reference, again, present).outcome == Outcome::kRegressed;
}

// Returns the lower end of the interval of the median, for as many redrawn values as there are.
double lower_end(const std::vector<double>& values, std::mt19937_64& generator) {
    const std::vector<double> drawn = drawn_anew(values, values.size(), generator);
    constexpr int kResamples = 200; // enough to recognize draws far above
    return statistics::median_interval(drawn, {.confidence = 0.95, .resamples = kResamples}).low;
}

} // namespace

double false_alarm_share(const Controls& controls, int draws, std::uint64_t seed) {
    std::mt19937_64 generator(seed);
    int alarms = 0;
    for (int draw = 0; draw < draws; ++draw) {
        bool alarm = std::any_of(controls.memory.begin(), controls.memory.end(),
                                 [&](const auto& runs) { return memory_alarms(runs, generator); });
        for (std::size_t index = 0; index < controls.ratios.size() && !alarm; ++index) {
            const double limit = 1 + controls.thresholds[index];
            // The gate measures twice.
            alarm = lower_end(controls.ratios[index], generator) > limit;
            alarm = alarm && lower_end(controls.ratios[index], generator) > limit;
        }
        alarms += alarm ? 1 : 0;
    }
    return draws == 0 ? 0 : static_cast<double>(alarms) / draws;
}

} // namespace ashlar::alarm
