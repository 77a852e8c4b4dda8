// SPDX-License-Identifier: MIT
//
// Small situations in which threads meet in the allocator, and what must hold afterwards in every schedule.
#pragma once

#include "scheduler.h"

#include <vector>

namespace schedules {

Scenario mutex();
Scenario shard_hand_over();
Scenario remote_return();
Scenario thread_exit();
Scenario statistics();
Scenario fork_while_refilling();
Scenario fork_while_draining();
Scenario slab_begins();
Scenario slab_empties();
Scenario slab_purged();
Scenario slab_mixed();
Scenario large_runs();
Scenario large_freed_twice();
Scenario large_freed_and_resized();
Scenario heap_grows();
Scenario background();
Scenario drain();
Scenario drain_twice();
Scenario drain_runs();
Scenario drain_at_exit();

const std::vector<Scenario>& scenarios(); // returns all of them

} // namespace schedules
