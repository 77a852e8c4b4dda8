// SPDX-License-Identifier: MIT
// Many threads on a few locks. Each operation takes a random lock. The scenario shows what malloc inside a
// short critical section costs the waiting threads.
#include "locks/guarded.h"
#include "locks/scenario.h"

namespace bench::locks {

namespace {

void run(Run& run) {
    take_one_at_a_time(run, [&](Worker& worker, std::uint64_t) {
        return worker.below(static_cast<std::uint32_t>(run.parameters.locks));
    });
}

const Registration kRegistration({.type = "high_contention",
                                  .about = "many threads on a few locks",
                                  .own_parameters = {},
                                  .obstacle = nullptr,
                                  .run = run});

} // namespace

} // namespace bench::locks
