// SPDX-License-Identifier: MIT
// Nested locks, always taken from the first level to the last. Each level allocates. An operation is one
// descent through all levels. The scenario shows waits that add up, and an order that a profile must report.
#include "locks/guarded.h"
#include "locks/scenario.h"

namespace bench::locks {

namespace {

void descend(const GuardedLocks& levels, Worker& worker) {
    for (const auto& level : levels) {
        level->lock(worker);
        level->visit(worker);
    }
    for (auto level = levels.rbegin(); level != levels.rend(); ++level) {
        (*level)->unlock(worker);
    }
}

// Checks that the outer level of each pair was held whenever the inner one was taken, and never the reverse.
void check_order(Run& run, const GuardedLocks& levels) {
    for (const auto& outer : levels) {
        for (const auto& inner : levels) {
            const std::uint64_t expected = outer->id() < inner->id() ? run.operations() : 0;
            const std::uint64_t seen = run.order(outer->id(), inner->id());
            if (seen != expected) {
                run.error("%s was taken %lu times while %s was held, not %lu", inner->name().c_str(), seen,
                          outer->name().c_str(), expected);
            }
        }
    }
}

void run(Run& run) {
    const GuardedLocks levels = make_locks(run, "level-");
    run.prepare_workers(run.parameters.threads);
    run.work([&](Worker& worker) {
        for (std::uint64_t operation = 0; operation < run.parameters.operations; ++operation) {
            descend(levels, worker);
            worker.think();
        }
    });
    run.finished(run.parameters.threads * run.parameters.operations);
    for (const auto& level : levels) {
        level->check();
    }
    check_order(run, levels);
}

const Registration kRegistration({.type = "hierarchy",
                                  .about = "nested locks, always taken in the same order",
                                  .own_parameters = {},
                                  .obstacle = nullptr,
                                  .run = run});

} // namespace

} // namespace bench::locks
