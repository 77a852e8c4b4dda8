// SPDX-License-Identifier: MIT
// Each operation needs two locks. In random order two threads may each hold the lock that the other needs. A
// time limit on the second acquisition ends this deadlock. The thread then releases its first lock, backs off
// and tries again. Time-outs are planned, so they are no errors. With --random-order 0 they hardly occur.
#include "locks/guarded.h"
#include "locks/scenario.h"

#include <algorithm>

namespace bench::locks {

namespace {

const char* obstacle(const Parameters& parameters) {
    return parameters.locks < 2 ? "locks: an operation takes two, so at least 2" : nullptr;
}

struct Pair {
    Guarded* first;
    Guarded* second;
};

Pair choose(Run& run, const GuardedLocks& locks, Worker& worker) {
    const auto count = static_cast<std::uint32_t>(locks.size());
    std::uint32_t first = worker.below(count);
    std::uint32_t second = (first + 1 + worker.below(count - 1)) % count;
    if (run.parameters.random_order == 0 && second < first) {
        std::swap(first, second);
    }
    return {locks[first].get(), locks[second].get()};
}

// Holds and visits the first lock while it waits for the second. Returns whether it got the second in time.
bool take_both(Run& run, const Pair& pair, Worker& worker) {
    pair.first->lock(worker);
    pair.first->visit(worker);
    const bool both = pair.second->lock_within(worker, run.parameters.acquire_limit_us);
    if (both) {
        pair.second->visit(worker);
        pair.second->unlock(worker);
    }
    pair.first->unlock(worker);
    return both;
}

// Waits for a random time, up to twice as long after each time-out, so that threads do not meet again.
void back_off(Run& run, Worker& worker, unsigned time_outs) {
    constexpr unsigned kMostDoublings = 5;
    const std::uint64_t longest = run.parameters.acquire_limit_us << std::min(time_outs, kMostDoublings);
    spend(1 + worker.below(static_cast<std::uint32_t>(std::min<std::uint64_t>(longest, UINT32_MAX))));
}

void run(Run& run) {
    const GuardedLocks locks = make_locks(run);
    run.prepare_workers(run.parameters.threads);
    run.work([&](Worker& worker) {
        for (std::uint64_t operation = 0; operation < run.parameters.operations; ++operation) {
            const Pair pair = choose(run, locks, worker);
            for (unsigned time_outs = 0; !take_both(run, pair, worker); ++time_outs) {
                back_off(run, worker, time_outs);
            }
            worker.think();
        }
    });
    run.finished(run.parameters.threads * run.parameters.operations);
    std::uint64_t acquisitions = 0;
    std::uint64_t time_outs = 0;
    for (const auto& lock : locks) {
        lock->check();
        acquisitions += run.counts(lock->id()).acquisitions;
        time_outs += run.counts(lock->id()).time_outs;
    }
    run.expect(acquisitions == 2 * run.operations() + time_outs, "an operation did not get both its locks");
}

const Registration kRegistration({.type = "deadlock_prone",
                                  .about = "two locks at a time, with a time limit and back-off",
                                  .own_parameters = {"acquire_limit_us", "random_order"},
                                  .obstacle = obstacle,
                                  .run = run});

} // namespace

} // namespace bench::locks
