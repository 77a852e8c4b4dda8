// SPDX-License-Identifier: MIT
//
// The decay round, once per purge delay: slices that stayed dirty for a delay are purged, and bins without
// use give back what is empty.
// The background thread does a whole round at once. A thread on a slow path only begins a round. Later slow
// paths do it in steps, slices before bins, so that each waits for one step at most.
#pragma once

#include "cache/drain.h"
#include "layout/superslab.h"

#include <atomic>
#include <cstdint>

namespace ashlar::cache {

// Begin a round if one is due, and return the number of rounds. The caller holds no lock. Each call reads a
// coarse clock. A thread that sees a new number checks its own stacks. With the setting `background` both
// wake the background thread, and decay_after_allocation() starts it.
std::uint32_t decay_after_allocation();
std::uint32_t decay_after_release();

// Number of the next bin to decay, or kNoBin.
constexpr unsigned kNoBin = 1U << 31;
extern constinit std::atomic<unsigned> next_bin;
[[gnu::cold]] void tidy_next_bin();

// Does one due step, or returns false. Ends each slow path of malloc and free. The caller holds no lock.
inline bool do_one_step() {
    if (left_caches.load(std::memory_order_relaxed) != 0) [[unlikely]]
        return return_one_left();
    if (layout::superslabs.purge_is_due()) [[unlikely]] {
        layout::superslabs.purge_if_due();
        return true;
    }
    if (next_bin.load(std::memory_order_relaxed) != kNoBin) [[unlikely]] {
        tidy_next_bin();
        return true;
    }
    return false;
}

// Ends decay in a forked child whose heap may be inconsistent (entry/fork.h).
void end_decay();

} // namespace ashlar::cache
