// SPDX-License-Identifier: MIT
//
// A thread forks while another makes slabs, returns them and takes large blocks. The child must be able to do
// all of it too.
#include "../scenarios.h"
#include "blocks.h"
#include "cache/thread_cache.h"
#include "cache/thread_registry.h"
#include "heap/heap.h"
#include "os/mutex.h"
#include "slab/shard_pool.h"

#include <ashlar/ashlar.h>

namespace schedules {

namespace {

using namespace ashlar; // NOLINT(google-build-using-namespace): the code under test

constexpr std::size_t kSmall = 64; // bitmaps of its slabs are in the metadata pool
constexpr std::size_t kOther =
    1024; // bitmaps of its slabs are not, so the forking thread need not wait for the pool's lock
constexpr std::size_t kLarge = std::size_t{128} << 10;

void* of_the_forking = nullptr;

// Takes each kind of lock.
void use_everything(std::uint64_t key) {
    void* const small = take(kSmall, key);
    void* const large = take(kLarge, key);
    give(small, kSmall, key);
    give(large, kLarge, key);
    cache::flush();
    slab::shard_pool.bin({layout::class_of(kSmall), cache::stacks.shard()}).trim();
}

bool child_works() {
    require(cache::thread_registry.live() == 1, "the child has caches of threads that it does not have");
    require(!heap::closed(), "the child's heap is closed, as after a fork that could not take all locks");
    require(os::forking == 0, "the child believes that it forks");
    give(of_the_forking, kOther, 1);
    for (std::uint64_t key = 2; key <= 3; ++key)
        use_everything(key);
    return true;
}

void fork_with_a_block() {
    of_the_forking = take(kOther, 1);
    require(child_agrees(child_works), "the child crashed or hangs");
    give(of_the_forking, kOther, 1);
}

// Holds some of the heap's blocks while draining.
void drain() {
    for (unsigned i = 0; i < 2; ++i)
        cache::drain_others();
}

} // namespace

Scenario fork_while_draining() {
    return {.name = "fork_while_draining",
            .prepare = [] { ashlar_free(ashlar_malloc(kSmall)); },
            .actors = {drain, fork_with_a_block},
            .check = require_empty_heap,
            .preemptions = 1};
}

Scenario fork_while_refilling() {
    return {.name = "fork_while_refilling",
            .prepare = [] { ashlar_free(ashlar_malloc(kSmall)); },
            .actors = {[] { use_everything(4); }, fork_with_a_block},
            .check = require_empty_heap,
            .preemptions = 1,
            .at_each_write = true};
}

} // namespace schedules
