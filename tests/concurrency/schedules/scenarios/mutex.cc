// SPDX-License-Identifier: MIT
//
// Three threads take one lock. Only one holds it at a time, and each gets it.
#include "os/mutex.h"

#include "../scenarios.h"

namespace schedules {

namespace {

constinit ashlar::os::Mutex<ashlar::os::Rank::kBin> contended;
unsigned entries = 0;

void enter() {
    const ashlar::os::Guard guard(contended);
    ++entries;
}

} // namespace

Scenario mutex() {
    return {.name = "mutex",
            .prepare = [] {},
            .actors = {enter, enter, enter},
            .check = [] { require(entries == 3, "an entry was lost"); },
            .preemptions = 3};
}

} // namespace schedules
