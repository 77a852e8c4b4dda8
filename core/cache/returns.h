// SPDX-License-Identifier: MIT
//
// Returns what a cache holds: blocks to their bins, arrays to the metadata pool, runs to the superslabs.
// Only for the cache's own thread between PointerStacks::begin() and leave(), except drain(). Takes the locks
// of bins, superslabs and the metadata pool.
#pragma once

#include "cache/thread_registry.h"

#include <atomic>
#include <cstddef>
#include <cstdint>

namespace ashlar::cache {

// Adds to a count of the cache. An overflow adds 2^32 to the same count of ended threads.
inline void count(ThreadCache& cache, layout::SizeClass c, std::atomic<std::uint32_t> Counts::*what,
                  std::atomic<std::uint64_t> EndedCounts::*of_ended, std::uint32_t more = 1) {
    std::atomic<std::uint32_t>& mine = cache.counts(c).*what;
    std::uint32_t sum = 0;
    if (__builtin_add_overflow(mine.load(std::memory_order_relaxed), more, &sum)) [[unlikely]] {
        (thread_registry.ended[c].*of_ended).fetch_add(std::uint64_t{1} << 32, std::memory_order_relaxed);
    }
    mine.store(sum, std::memory_order_relaxed);
    std::atomic<std::uint64_t>& word = cache.counted[c / 64U];
    word.store(word.load(std::memory_order_relaxed) | std::uint64_t{1} << (c % 64U),
               std::memory_order_relaxed);
}

// Returns an array that the stack no longer uses.
void free_slots(ThreadCache& cache, layout::SizeClass c, void** slots, std::size_t capacity);
// Sets the array of a stack that holds nothing.
void use_empty(ThreadCache& cache, layout::SizeClass c, void** slots, std::size_t capacity);

// Returns the remote blocks, one batch per shard.
void return_remote(ThreadCache& cache, layout::SizeClass c);
// Returns the `returned` oldest local blocks.
void return_local(ThreadCache& cache, layout::SizeClass c, std::uint32_t returned);
void return_all(ThreadCache& cache, layout::SizeClass c);
// Returns all blocks and the depth of the class.
void make_empty(ThreadCache& cache, layout::SizeClass c);

void return_run(layout::Slice first, std::size_t slices);

// Returns all blocks, all arrays and all kept runs.
void return_everything(ThreadCache& cache);

// Called by a drainer that has claimed the cache. Returns all blocks below each `top`, all remote blocks and
// all kept runs. Keeps the arrays, because the owner may be about to write into one. The cache
// holds_nothing() afterwards.
void drain(ThreadCache& cache);
// Moves the contents of a drained cache to the ends of its arrays. Ends empty stacks. Must come first.
void close_gaps(ThreadCache& cache);

} // namespace ashlar::cache
