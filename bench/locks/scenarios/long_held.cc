// SPDX-License-Identifier: MIT
// Locks are held for long and varying times, as around a disk or another machine. Each thread takes the locks
// in turn. The scenario shows waits that no allocator can shorten. A profile must tell them from other waits.
#include "locks/guarded.h"
#include "locks/scenario.h"

namespace bench::locks {

namespace {

const char* obstacle(const Parameters& parameters) {
    return parameters.hold_us == 0 ? "it needs a hold time: --hold-us 300000" : nullptr;
}

void run(Run& run) {
    take_one_at_a_time(
        run, [](const Worker& worker, std::uint64_t operation) { return worker.index + operation; });
}

const Registration kRegistration({.type = "long_held",
                                  .about = "locks held for a long and varying time",
                                  .own_parameters = {},
                                  .obstacle = obstacle,
                                  .run = run});

} // namespace

} // namespace bench::locks
