// SPDX-License-Identifier: MIT
// One run of the alarm: measures the benchmarks on the reference and on the present library, and judges them.
#pragma once

#include "alarm/gates.h"
#include "alarm/hypothesis.h"
#include "alarm/machine_state.h"
#include "alarm/request.h"
#include "compare/rounds.h"
#include "machine/interrupt.h"

#include <functional>
#include <map>
#include <string>
#include <vector>

namespace ashlar::alarm {

struct Report {
    Findings findings;
    std::map<std::string, std::map<std::string, double>> figures; // of the present library, by benchmark
    // How far the reference was from itself, by benchmark and figure. For times it is the half width of the
    // interval of A/A ratios, for memory the ratio less 1.
    std::map<std::string, double> noise;
    Disturbance disturbance{};
    std::vector<Hypotheses> explanations{}; // of benchmarks that regressed or were not judged
    std::string pattern{};                  // see pattern_of
    double false_alarms = 0;                // see false_alarm_share
    std::size_t runs = 0;                   // all runs that ended well
    bool complete = false;                  // false: interrupted
};

struct WatchObserver {
    std::function<void(const std::string& what)> before_counting;
    compare::Observer rounds;
};

Report watch(const Request& request, const machine::Interrupt& interrupt, const WatchObserver& observer);

} // namespace ashlar::alarm
