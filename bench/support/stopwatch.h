// SPDX-License-Identifier: MIT
// Wall time and CPU time, and the line in which every program reports its speed.
#pragma once

#include <cstdint>
#include <cstdio>
#include <ctime>

namespace bench {

class Stopwatch {
  public:
    Stopwatch() { clock_gettime(CLOCK_MONOTONIC, &start_); }

    double seconds() const {
        timespec now{};
        clock_gettime(CLOCK_MONOTONIC, &now);
        return static_cast<double>(now.tv_sec - start_.tv_sec) +
               static_cast<double>(now.tv_nsec - start_.tv_nsec) * 1e-9;
    }

    // Sleeps until the stopwatch shows `seconds`.
    void wait_until(double seconds) const {
        const auto whole = static_cast<time_t>(seconds);
        timespec deadline{start_.tv_sec + whole, start_.tv_nsec};
        deadline.tv_nsec += static_cast<long>((seconds - static_cast<double>(whole)) * 1e9);
        if (deadline.tv_nsec >= 1'000'000'000) {
            deadline.tv_nsec -= 1'000'000'000;
            ++deadline.tv_sec;
        }
        while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &deadline, nullptr) != 0) {
        }
    }

  private:
    timespec start_{};
};

// Returns the CPU time of the whole process so far, in seconds.
inline double cpu_seconds() {
    timespec now{};
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

// Prints the last line of standard output. One call of malloc or of free is one operation.
inline void print_throughput(std::uint64_t operations, double seconds) {
    std::printf("Throughput = %.0f operations per second\n", static_cast<double>(operations) / seconds);
}

} // namespace bench
