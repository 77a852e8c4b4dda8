// SPDX-License-Identifier: MIT
//
// How a cache gives back what it holds: blocks to their bins, arrays to the metadata pool, runs to everybody.
//
// For the cache's thread between PointerStacks::begin() and leave(), but for drain(). Takes the locks of
// bins, of superslabs and of the metadata pool.
#pragma once

#include "cache/thread_registry.h"

#include <atomic>
#include <cstddef>
#include <cstdint>

namespace ashlar::cache {

// Adds to a count of the cache's; what no longer fits goes to the same count of ended threads.
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

// To be called when the stack has another array or none.
void free_slots(ThreadCache& cache, layout::SizeClass c, void** slots, std::size_t capacity);
// For a stack that holds nothing.
void use_empty(ThreadCache& cache, layout::SizeClass c, void** slots, std::size_t capacity);

// Sends the remote blocks home, those of one shard in one batch.
void return_remote(ThreadCache& cache, layout::SizeClass c);
// Returns so many of the oldest local blocks.
void return_local(ThreadCache& cache, layout::SizeClass c, std::uint32_t returned);
// Both, all of them.
void return_all(ThreadCache& cache, layout::SizeClass c);
// And the class's depth.
void make_empty(ThreadCache& cache, layout::SizeClass c);

void return_run(layout::Slice first, std::size_t slices);

// All blocks, all depth, all runs.
void return_everything(ThreadCache& cache);

// For another thread that has claimed the cache: returns all blocks that its thread cannot have in hand, and
// all runs. The arrays stay: that thread may be about to write into one. It then counts as holding nothing.
void drain(ThreadCache& cache);
// Before anything else is done in a cache that was drained: moves what it holds to the ends of the arrays.
// Stacks that hold nothing lose their depth.
void close_gaps(ThreadCache& cache);

} // namespace ashlar::cache
