// SPDX-License-Identifier: MIT
// The alarm's small benchmarks. Each covers one way to break, and says which of its figures are judged.
#pragma once

#include "compare/experiment.h"

#include <string>
#include <vector>

namespace ashlar::alarm {

// A run of one thread that never varies. Its instructions, system calls and slow-path calls are compared
// exactly.
struct CountedRun {
    std::vector<std::string> command; // empty: nothing is counted
    double operations = 1;            // number of operations of the command
};

struct Benchmark {
    compare::Configuration timed; // its name is the benchmark's
    std::string watches;          // the part of the library that it covers
    CountedRun counted{};
    bool judges_time = true;   // false: only the coarse gate judges its time
    bool judges_memory = true; // false: its memory depends on chance
};

struct BenchmarkSettings {
    std::filesystem::path scratch; // a folder for files of the benchmarks
    double scale = 1;              // factor on the work of timed runs
};

// Returns the table. Throws std::runtime_error if a program is not built.
std::vector<Benchmark> benchmarks(const BenchmarkSettings& settings);

// Returns the benchmarks with these names, in the order of the table, or all if `names` is empty. Throws
// std::invalid_argument for an unknown name.
std::vector<Benchmark> only(std::vector<Benchmark> all, const std::vector<std::string>& names);

} // namespace ashlar::alarm
