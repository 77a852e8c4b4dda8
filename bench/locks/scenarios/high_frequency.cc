// SPDX-License-Identifier: MIT
// Threads that take the same lock again and again without a pause, a group of threads to each lock. It shows
// the price of a pair of lock and unlock, and what a profiler adds to it.
#include "locks/guarded.h"
#include "locks/scenario.h"

namespace bench::locks {

namespace {

void run(Run& run) {
    take_one_at_a_time(run, [](const Worker& worker, std::uint64_t) { return worker.index; });
}

const Registration kRegistration({.type = "high_frequency",
                                  .about = "the same lock again and again, without a pause",
                                  .own_parameters = {},
                                  .obstacle = nullptr,
                                  .run = run});

} // namespace

} // namespace bench::locks
