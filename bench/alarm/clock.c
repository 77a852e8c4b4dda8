/* SPDX-License-Identifier: MIT
 *
 * A clock for LD_PRELOAD that advances by 10 us at each reading. The heap decides by the clock when to purge.
 * With this clock a single thread does the same work in every run, so its counts are exactly comparable. */
#define _GNU_SOURCE
#include <time.h>

enum { kNanosecondsPerLook = 10000, kNanosecondsPerSecond = 1000000000 };

int clock_gettime(clockid_t clock, struct timespec* time) {
    static long long looks;
    const long long now = ++looks * kNanosecondsPerLook;
    (void)clock;
    time->tv_sec = 1 + now / kNanosecondsPerSecond;
    time->tv_nsec = now % kNanosecondsPerSecond;
    return 0;
}
