/* SPDX-License-Identifier: MIT */
/*
 * changing_sizes <first> <then> <every>, to be run under a limit. Takes all memory in blocks of size
 * `first`. Frees all of them, or all but one in `every`. Then requests the same amount in blocks of size
 * `then`.
 */
#include "exercise.h"
#include "hoard.h"

static void change(struct hoard* hoard, size_t first, size_t then, size_t every) {
    hoard_until_refused(hoard, first);
    const size_t all = hoard->bytes;
    MUST(hoard->blocks != 0);
    hoard_free(hoard, every);
    hoard_check(hoard);
    const size_t freed = all - hoard->bytes;

    struct hoard others = {NULL, 0, 0};
    /* A large block needs one contiguous piece; pages and slabs cost something too. */
    while (others.bytes + then <= freed / 2)
        MUST(hoard_one(&others, then));
    MUST(others.blocks != 0);
    hoard_until_refused(&others, then);
    hoard_check(hoard);
    hoard_check(&others);
    hoard_free(&others, 1);
    hoard_free(hoard, 1);
}

int main(int count, char** arguments) {
    MUST(count == 4);
    const size_t first = strtoul(arguments[1], NULL, 10);
    const size_t then = strtoul(arguments[2], NULL, 10);
    const size_t every = strtoul(arguments[3], NULL, 10);
    struct hoard hoard = {NULL, 0, 0};
    for (int round = 0; round < 2; ++round) {
        change(&hoard, first, then, every);
        change(&hoard, then, first, 1);
    }
    exercise(30000);
    return 0;
}
