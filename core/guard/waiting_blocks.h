// SPDX-License-Identifier: MIT
//
// Blocks of the size classes between their release and their return to the heap: every thread's quarantine
// and the shared one.
//
// Hold no lock: what leaves goes back to the heap, and what was written to after its release is reported.
#pragma once

#include "guard/poison.h"
#include "guard/quarantine.h"
#include "os/config.h"
#include "os/mutex.h"

namespace ashlar::guard::waiting_blocks {

[[gnu::visibility("hidden")]] extern constinit thread_local Quarantine* mine;

void return_to_heap(Waiting waiting);
void make_room(Quarantine& quarantine, std::size_t size);
void add_slowly(void* block, layout::SizeClass c); // of a thread without a quarantine

inline poison::Extent extent_of(Waiting waiting) {
    return waiting.whole() ? poison::Extent::kWhole : poison::Extent::kEnds;
}

// The block is poisoned and waits from now on. Of it nothing may be read any more.
[[gnu::always_inline]] inline void add(void* block, layout::SizeClass c) {
    Quarantine* const quarantine = mine;
    if (quarantine == nullptr) [[unlikely]] {
        add_slowly(block, c);
        return;
    }
    const std::size_t size = layout::class_size(c);
    const bool whole = size <= os::settings.poison.load(std::memory_order_relaxed) || quarantine->one_in_32();
    const Waiting coming(block, c, whole);
    poison::fill(block, size, extent_of(coming));
    if (quarantine->full(size)) [[unlikely]]
        make_room(*quarantine, size);
    const Waiting leaving = quarantine->exchange(coming);
    if (leaving.any()) [[likely]]
        return_to_heap(leaving);
}

// Returns what waits in the calling thread's and in the shared quarantine; true if there was something.
bool return_all();

// The calling thread will have no quarantine any more.
void end_thread();

std::size_t bytes(); // that wait, of all threads

os::Mutex<os::Rank::kQuarantine>& mutex();
void survive_fork(); // in the child, after the lock was reset: what waited elsewhere is lost

} // namespace ashlar::guard::waiting_blocks
