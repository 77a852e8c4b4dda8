// SPDX-License-Identifier: MIT
// Large blocks are allocated, touched and freed with a lock held. The scenario shows page faults and system
// calls of the allocator that all other threads wait for.
#include "locks/guarded.h"
#include "locks/scenario.h"

namespace bench::locks {

namespace {

const char* obstacle(const Parameters& parameters) {
    return parameters.allocate_mib_per_op == 0 ? "it needs a size: --allocate-mib-per-op 1" : nullptr;
}

void run(Run& run) {
    take_one_at_a_time(
        run, [](const Worker& worker, std::uint64_t operation) { return worker.index + operation; });
}

const Registration kRegistration({.type = "memory_pressure",
                                  .about = "large blocks allocated and freed with a lock held",
                                  .own_parameters = {},
                                  .obstacle = obstacle,
                                  .run = run});

} // namespace

} // namespace bench::locks
