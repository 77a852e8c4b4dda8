// SPDX-License-Identifier: MIT
// What the alarm watches: small benchmarks, each for one way to break, and which figures of each are judged.
#pragma once

#include "compare/experiment.h"

#include <string>
#include <vector>

namespace ashlar::alarm {

// A run of one thread that does the same in every run. Its instructions, system calls and slow-path calls are
// compared exactly.
struct CountedRun {
    std::vector<std::string> command; // empty: nothing is counted
    double operations = 1;            // that it does
};

struct Benchmark {
    compare::Configuration timed; // its name is the benchmark's
    std::string watches;          // the part of the library that it is about
    CountedRun counted{};
    bool judges_time = true;   // else only the coarse gate judges its time
    bool judges_memory = true; // else its memory depends on chance
};

struct BenchmarkSettings {
    std::filesystem::path scratch; // a folder for what benchmarks write
    double scale = 1;              // of the work in timed runs
};

// Throws std::runtime_error if a program is not built.
std::vector<Benchmark> benchmarks(const BenchmarkSettings& settings);

// Those with these names, in the order of the table; all if there is no name. Throws std::invalid_argument
// for a name that there is not.
std::vector<Benchmark> only(std::vector<Benchmark> all, const std::vector<std::string>& names);

} // namespace ashlar::alarm
