// SPDX-License-Identifier: MIT
#include "scenarios.h"

namespace schedules {

const std::vector<Scenario>& scenarios() {
    static const std::vector<Scenario> all{mutex(),
                                           shard_hand_over(),
                                           remote_return(),
                                           thread_exit(),
                                           statistics(),
                                           fork_while_refilling(),
                                           fork_while_draining(),
                                           slab_begins(),
                                           slab_empties(),
                                           slab_purged(),
                                           slab_mixed(),
                                           large_runs(),
                                           large_freed_twice(),
                                           large_freed_and_resized(),
                                           heap_grows(),
                                           background(),
                                           drain(),
                                           drain_twice(),
                                           drain_runs(),
                                           drain_at_exit()};
    return all;
}

} // namespace schedules
