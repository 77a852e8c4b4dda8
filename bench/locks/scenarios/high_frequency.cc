// SPDX-License-Identifier: MIT
// Threads take the same lock again and again without a pause. Each lock has a group of threads. The scenario
// shows the cost of a pair of lock and unlock, and what a profiler adds.
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
