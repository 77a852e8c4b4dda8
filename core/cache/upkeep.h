// SPDX-License-Identifier: MIT
//
// What is done once every purge delay, by whoever comes by on a slow path or by the background thread: pages
// that have been dirty for so long are purged, and bins that nobody used meanwhile give back what is empty.
#pragma once

#include <cstdint>

namespace ashlar::cache {

// To be called now and then, without a lock; costs a look at a coarse clock. Returns how often the work has
// been done: a thread that sees a new number looks after its own stacks. With the setting `background` the
// former starts the thread, and both see to it that it is awake.
std::uint32_t upkeep_after_allocation();
std::uint32_t upkeep_after_release();

// In a forked child whose heap nobody may look at (entry/fork.h): from here on it is not done.
void end_upkeep();

} // namespace ashlar::cache
