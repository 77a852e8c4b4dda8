// SPDX-License-Identifier: MIT
//
// The background thread may sleep when no work is left, but never while slices are dirty. Nothing would wake
// it for these.
#include "../scenarios.h"
#include "blocks.h"
#include "layout/superslab.h"
#include "os/memory_barrier.h"

#include <ashlar/ashlar.h>

namespace schedules {

namespace {

constexpr std::size_t kLarge = std::size_t{128} << 10;

void dirty_some_slices() {
    give(take(kLarge, 1), kLarge, 1);
}

} // namespace

Scenario background() {
    return {.name = "background",
            .prepare =
                [] {
                    dirty_some_slices();
                    ashlar::layout::superslabs.purge_all();
                    refuse_barriers(); // with barriers it drains all caches before it sleeps
                    ashlar::os::barrier_in_all_threads();
                    ashlar_control("background:true");
                },
            .actors = {dirty_some_slices, dirty_some_slices},
            .check =
                [] {
                    require(ashlar::layout::superslabs.dirty_slices() == 0 || !servant_sleeps_for_ever(),
                            "the background thread sleeps though slices are dirty");
                },
            .preemptions = 1};
}

} // namespace schedules
