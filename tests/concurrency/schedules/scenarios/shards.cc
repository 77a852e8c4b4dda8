// SPDX-License-Identifier: MIT
//
// Threads begin, hand over their shards and end, while others free their blocks, trim the heap or count it.
#include "../scenarios.h"
#include "blocks.h"
#include "slab/shard_pool.h"

#include <ashlar/ashlar.h>

#include <array>

namespace schedules {

namespace {

using ashlar::slab::shard_pool;

constexpr std::size_t kSize = 8192; // eight blocks to a slab, four to a cache

// The process's first thread has shard 1. The first of the other threads makes the second shard.
void begin() {
    ashlar_free(ashlar_malloc(kSize));
}

// ---- Hand-over

void* passed_on = nullptr;

void leave_a_block() {
    passed_on = take(kSize, 1);
    give(take(kSize, 2), kSize, 2);
}

void use_and_end() {
    give(take(kSize, 3), kSize, 3);
}

// Requires that shard 2 is free, once, and that shard 1 is not.
void require_shards_in_order() {
    require(shard_pool.created() == 2, "there are not two shards");
    require(shard_pool.acquire() == 2, "the free shard is not handed out");
    require(shard_pool.acquire() == 2, "a shard that is in use counts as free");
    shard_pool.release(2);
    shard_pool.release(2);
}

// ---- Remote blocks

std::array<void*, 6> lent{};
Event all_lent;

void lend_and_go_on() {
    for (void*& block : lent)
        block = take(kSize, 10);
    all_lent.signal();
    std::array<void*, 5> own{};
    for (void*& block : own)
        block = take(kSize, 11);
    for (void* const block : own)
        give(block, kSize, 11);
}

void return_first_half() {
    all_lent.wait();
    for (unsigned i = 0; i < 3; ++i)
        give(lent[i], kSize, 10);
}

void return_second_half() {
    all_lent.wait();
    for (unsigned i = 3; i < 6; ++i)
        give(lent[i], kSize, 10);
}

// ---- Exit

Event lender_leaves;

void lend_and_end() {
    for (void*& block : lent)
        block = take(kSize, 20);
    give(take(kSize, 21), kSize, 21);
    lender_leaves.signal();
}

void return_to_the_leaving() {
    lender_leaves.wait();
    for (void* const block : lent)
        give(block, kSize, 20);
}

void trim_bins() {
    shard_pool.for_each_bin([](ashlar::layout::SliceHeader, ashlar::slab::Bin& bin) { bin.trim(); });
}

// ---- Statistics

void look() {
    ashlar_statistics seen{};
    ashlar_get_statistics(&seen, sizeof(seen));
    require(seen.threads == 1 || seen.threads == 2, "the statistics saw a thread that there never was");
    require(seen.shards == 1 || seen.shards == 2, "the statistics saw a shard that there never was");
    require(seen.allocated <= 8 * kSize, "the statistics saw more blocks than there are");
}

} // namespace

Scenario shard_hand_over() {
    return {.name = "shard_hand_over",
            .prepare = begin,
            .actors = {leave_a_block, use_and_end, use_and_end},
            .check =
                [] {
                    require_shards_in_order();
                    give(passed_on, kSize, 1);
                    require_empty_heap();
                },
            .preemptions = 1};
}

Scenario remote_return() {
    return {.name = "remote_return",
            .prepare = begin,
            .actors = {lend_and_go_on, return_first_half, return_second_half},
            .check = require_empty_heap,
            .preemptions = 1};
}

Scenario thread_exit() {
    return {.name = "thread_exit",
            .prepare = begin,
            .actors = {lend_and_end, return_to_the_leaving, trim_bins},
            .check = require_empty_heap,
            .preemptions = 1};
}

Scenario statistics() {
    return {.name = "statistics",
            .prepare = begin,
            .actors = {use_and_end, look},
            .check = require_empty_heap,
            .preemptions = 1};
}

} // namespace schedules
