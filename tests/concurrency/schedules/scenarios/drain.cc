// SPDX-License-Identifier: MIT
//
// A thread takes and gives its own and another thread's blocks, and ends, while other threads drain its
// cache.
#include "../scenarios.h"
#include "blocks.h"
#include "cache/thread_cache.h"

#include <ashlar/ashlar.h>

#include <array>

namespace schedules {

namespace {

using namespace ashlar; // NOLINT(google-build-using-namespace): the code under test

constexpr std::size_t kSize = 8192; // eight blocks to a slab, four to a cache
constexpr std::size_t kRun = std::size_t{128} << 10;
constexpr unsigned kOften = 10; // releases after which a run of that length is kept

std::array<void*, 2> lent{};

void lend() {
    for (void*& block : lent)
        block = take(kSize, 1);
}

// Runs each fast path on a stack that a drainer may hold: pop after push, push after pop, both ends.
void take_and_give() {
    std::array<void*, 3> own{};
    for (unsigned i = 0; i < own.size(); ++i)
        own[i] = take(kSize, 10 + i);
    give(own[0], kSize, 10);
    give(lent[0], kSize, 1);
    own[0] = take(kSize, 20);
    give(lent[1], kSize, 1);
    for (unsigned i = 1; i < own.size(); ++i)
        give(own[i], kSize, 10 + i);
    give(own[0], kSize, 20);
}

// The last runs are kept, and taken again.
void keep_runs() {
    for (unsigned i = 0; i < kOften; ++i)
        give(take(kRun, 30 + i), kRun, 30 + i);
}

void end_at_once() {
    give(take(kSize, 40), kSize, 40);
}

// The second drain finds the state that the first left: a `top` that a malloc has moved and not yet moved
// back.
void drain_two_times() {
    cache::drain_others();
    cache::drain_others();
}

} // namespace

Scenario drain() {
    return {.name = "drain",
            .prepare = lend,
            .actors = {take_and_give, cache::drain_others},
            .check = require_empty_heap,
            .preemptions = 2};
}

Scenario drain_twice() {
    return {.name = "drain_twice",
            .prepare = lend,
            .actors = {take_and_give, drain_two_times},
            .check = require_empty_heap,
            .preemptions = 1};
}

Scenario drain_runs() {
    return {.name = "drain_runs",
            .prepare = [] { ashlar_free(ashlar_malloc(kSize)); },
            .actors = {keep_runs, cache::drain_others},
            .check = require_empty_heap,
            .preemptions = 1};
}

// Drainers must not look at the stacks of a thread that has ended.
Scenario drain_at_exit() {
    return {.name = "drain_at_exit",
            .prepare = [] { ashlar_free(ashlar_malloc(kSize)); },
            .actors = {end_at_once, cache::drain_others, cache::drain_others},
            .check = require_empty_heap,
            .preemptions = 1};
}

} // namespace schedules
