// SPDX-License-Identifier: MIT
//
// What is done once every purge delay, by whoever comes by on a slow path or by the background thread. Slices
// that have been dirty for so long are purged. Bins that nobody used meanwhile give back what is empty.
//
// The background thread does it all at once. Who comes by only begins it. The slow paths that follow do it in
// steps, slices before bins, so that nobody waits for more than one step.
#pragma once

#include "cache/drain.h"
#include "layout/superslab.h"

#include <atomic>
#include <cstdint>

namespace ashlar::cache {

// To be called now and then, without a lock; costs a look at a coarse clock. Returns how often the work has
// been done: a thread that sees a new number looks after its own stacks. With the setting `background` the
// former starts the thread, and both see to it that it is awake.
std::uint32_t decay_after_allocation();
std::uint32_t decay_after_release();

// The next bin to decay, by a number; kNoBin: there is none.
constexpr unsigned kNoBin = 1U << 31;
extern constinit std::atomic<unsigned> next_bin;
[[gnu::cold]] void tidy_next_bin();

// At the end of each slow path of malloc and free, without a lock: one step of what is due. False if nothing
// is.
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

// In a forked child whose heap nobody may look at (entry/fork.h): from here on it is not done.
void end_decay();

} // namespace ashlar::cache
