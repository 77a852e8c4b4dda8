// SPDX-License-Identifier: MIT
// The memory of an idle process. Allocators give memory back at once, after a while, or at the next call.
#pragma once

#include "support/stopwatch.h"

namespace bench {

// Idles for `seconds`. Calls `look` after 0.1 s, after 1 s, and at the end.
template <typename Look>
void look_while_idle(double seconds, Look look) {
    const Stopwatch stopwatch;
    for (const double mark : {0.1, 1.0}) {
        if (mark < seconds) {
            stopwatch.wait_until(mark);
            look();
        }
    }
    stopwatch.wait_until(seconds);
    look();
}

} // namespace bench
