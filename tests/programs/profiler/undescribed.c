/* SPDX-License-Identifier: MIT */
/* Compiled without frame pointers and without descriptions of frames, as some programs are. */
#include <stddef.h>

__attribute__((noinline, noipa)) void undescribed_frames(void (*allocate)(size_t), int depth) {
    /* Needs enough values after the call to fill every register, including the frame pointer. */
    volatile size_t source[8] = {1, 2, 3, 4, 5, 6, 7, 8};
    const size_t a = source[0], b = source[1], c = source[2], d = source[3], e = source[4], f = source[5];
    if (depth == 0) {
        allocate(50000);
    } else {
        undescribed_frames(allocate, depth - 1);
    }
    source[0] = a + b + c + d + e + f;
}
