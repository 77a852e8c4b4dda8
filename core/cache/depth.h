// SPDX-License-Identifier: MIT
//
// How deep the stacks of a thread cache are, and how much the cache may hold.
// Stacks start shallow and deepen with their class's demand. A class that only grows, refill after refill,
// gets moderate depth, so that batches are larger. If refills and flushes alternate, a deeper stack would
// have avoided them. The smaller its blocks are, the deeper that stack may become, within the thread's byte
// budget.
// Only for the cache's own thread, between PointerStacks::begin() and leave(). Takes the locks of returns.h.
#pragma once

#include "cache/thread_registry.h"

#include <cstddef>

namespace ashlar::cache {

// Notes the next event of a stack and deepens the stack if the class's history justifies it.
void adapt(ThreadCache& cache, layout::SizeClass c, Event event);

// Starts the stack of a class without one. The class still has none if the budget is used up.
void begin_stack(ThreadCache& cache, layout::SizeClass c);

// The share of its depth that a refill after a refill fills. A quarter is left because a flush may be next.
constexpr std::size_t three_quarters(std::size_t count) {
    return count - count / 4;
}

// Returns the slices that a thread may have in kept runs.
std::size_t most_in_runs();

} // namespace ashlar::cache
