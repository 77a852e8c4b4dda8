// SPDX-License-Identifier: MIT
//
// How deep the stacks of a thread's cache are, and how much the cache may hold.
//
// Stacks start shallow and deepen with what the class shows. A class that only grows (refill after refill)
// gets moderate depth, to take blocks in larger batches. Where refills and flushes alternate, a deeper stack
// would have served. Such a class may become as deep as its blocks are small, within a budget of bytes per
// thread.
//
// For the cache's thread, between PointerStacks::begin() and leave(). Takes the locks of returns.h.
#pragma once

#include "cache/thread_registry.h"

#include <cstddef>

namespace ashlar::cache {

// Notes what is about to happen to a stack and deepens it if the class has shown that it pays.
void adapt(ThreadCache& cache, layout::SizeClass c, Event event);

// For a class that has no stack. It has none afterwards if the budget is used up.
void begin_stack(ThreadCache& cache, layout::SizeClass c);

// Of its depth a refill that follows another fills as much, because a flush may be next.
constexpr std::size_t three_quarters(std::size_t count) {
    return count - count / 4;
}

// Slices in the kept runs of a thread.
std::size_t most_in_runs();

} // namespace ashlar::cache
