// SPDX-License-Identifier: MIT
//
// What is done once every purge delay, by whoever comes by on a slow path or by the background thread: pages
// that have been dirty for so long are purged, and bins that nobody used meanwhile give back what is empty.
#pragma once

#include <cstdint>

namespace ashlar::cache {

// To be called now and then, without a lock; costs a look at a coarse clock. Returns how often the work has
// been done: a thread that sees a new number looks after its own stacks.
std::uint32_t upkeep();

// Likewise where memory is released: with the setting `background`, sees to it that the thread is at work.
std::uint32_t upkeep_after_release();

} // namespace ashlar::cache
