// SPDX-License-Identifier: MIT
// The counters of every micro-benchmark, beside the times that Google Benchmark takes for an iteration:
//
//   time_per_op  CPU time of an operation in its thread, in seconds in a JSON file; only real_time includes
//                waits for locks
//   bytes        size of one block
//   faults       minor page faults of an operation, for memory from the system
#pragma once

#include <benchmark/benchmark.h>
#include <cstdint>
#include <cstdlib>
#include <sys/resource.h>

namespace bench::micro {

inline double faults_of_this_thread() {
    rusage usage{};
    getrusage(RUSAGE_THREAD, &usage);
    return static_cast<double>(usage.ru_minflt);
}

// Construct it before a benchmark's loop, and call `report` after the loop.
class Counters {
  public:
    explicit Counters(benchmark::State& state) : state_(state), faults_(faults_of_this_thread()) {}

    void report(std::int64_t bytes, double operations_per_iteration) const {
        using benchmark::Counter;
        const double faults = faults_of_this_thread() - faults_;
        const double operations = static_cast<double>(state_.iterations()) * operations_per_iteration;
        state_.counters["time_per_op"] = Counter(operations, Counter::kIsRate | Counter::kInvert);
        state_.counters["bytes"] = Counter(static_cast<double>(bytes), Counter::kAvgThreads);
        state_.counters["faults"] = Counter(faults / operations, Counter::kAvgThreads);
    }

  private:
    benchmark::State& state_;
    double faults_;
};

// Writes to `block`, because an untouched block is not worth measuring. Returns false if it is null, and ends
// the benchmark with an error that Google Benchmark prints and records.
inline bool touched(benchmark::State& state, void* block) {
    if (block == nullptr) [[unlikely]] {
        state.SkipWithError("out of memory");
        return false;
    }
    *static_cast<volatile char*>(block) = 1;
    return true;
}

} // namespace bench::micro
