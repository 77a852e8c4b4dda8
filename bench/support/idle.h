// SPDX-License-Identifier: MIT
// What a process that does nothing keeps of its memory. Some allocators give it back at once, some after a
// while, some when they are called again.
#pragma once

#include "support/stopwatch.h"

namespace bench {

// Idles for so many seconds and calls `look` after 0.1 of them, after one, and in the end.
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
