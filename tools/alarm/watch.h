// SPDX-License-Identifier: MIT
// One run of the alarm: measures the benchmarks on the reference and on the present library, and judges them.
#pragma once

#include "alarm/benchmark.h"
#include "alarm/gates.h"
#include "alarm/hypothesis.h"
#include "alarm/machine_state.h"
#include "alarm/reference.h"
#include "compare/rounds.h"
#include "machine/interrupt.h"

#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

namespace ashlar::alarm {

struct Request {
    std::vector<Benchmark> benchmarks;
    allocators::Allocator reference;
    allocators::Allocator present;
    std::set<Gate> gates{kGates.begin(), kGates.end()};
    double factor = kUsualFactor; // of the coarse gate
    int rounds = 15;
    std::uint64_t seed = 1;
    double slowness = 1;           // of this machine: time limits are in proportion to it, see slowness()
    std::string clock;             // see bench/alarm/clock.c
    std::filesystem::path scratch; // a folder of this run alone
    std::filesystem::path stacks_folder{};
    std::map<std::string, double> noise{};    // by benchmark, from earlier runs on this processor
    std::map<std::string, double> spreads{};  // likewise, what figures usually vary by
    std::map<std::string, Figures> anchors{}; // stored figures, by benchmark
    std::string anchor_commit{};
};

struct Report {
    Findings findings;
    std::map<std::string, std::map<std::string, double>> figures; // of the present library, by benchmark
    // How far the reference was from itself: of times the half width of the interval of A/A ratios, of memory
    // the ratio less 1. By benchmark and figure.
    std::map<std::string, double> noise;
    Disturbance disturbance{};
    std::vector<Hypotheses> explanations{}; // of benchmarks that moved
    std::string pattern{};                  // see pattern_of
    double false_alarms = 0; // share of whole runs that A/A ratios of this run, drawn anew, set off
    std::size_t runs = 0;    // that ended well, in all
    bool complete = false;   // else it was interrupted
};

struct WatchObserver {
    std::function<void(const std::string& what)> before_counting;
    compare::Observer rounds;
};

Report watch(const Request& request, const machine::Interrupt& interrupt, const WatchObserver& observer);

} // namespace ashlar::alarm
