/* SPDX-License-Identifier: MIT */
/*
 * out_of_memory <size | mixed>, to be run under a limit. Takes all memory and checks that every entry
 * point then fails with ENOMEM and without harm. Then frees, and gets the memory back for the same and for
 * other sizes.
 */
#include "exercise.h"
#include "hoard.h"

#include <sys/resource.h>

static size_t limit_in_bytes(void) {
    struct rlimit space, data;
    MUST(getrlimit(RLIMIT_AS, &space) == 0 && getrlimit(RLIMIT_DATA, &data) == 0);
    return space.rlim_cur < data.rlim_cur ? space.rlim_cur : data.rlim_cur;
}

static void everything_is_refused(struct hoard* hoard) {
    const size_t large = limit_in_bytes();
    for (int i = 0; i < 1000; ++i) {
        void* none = hoard;
        errno = 0;
        MUST(malloc(opaque_size(large)) == NULL && errno == ENOMEM);
        errno = 0;
        MUST(calloc(1, opaque_size(large)) == NULL && errno == ENOMEM);
        errno = 0;
        MUST(realloc(hoard->first, opaque_size(large)) == NULL && errno == ENOMEM);
        errno = 0;
        MUST(aligned_alloc(4096, opaque_size(large)) == NULL && errno == ENOMEM);
        errno = 0;
        MUST(posix_memalign(&none, 64, opaque_size(large)) == ENOMEM && errno == ENOMEM && none == hoard);
    }
}

int main(int count, char** arguments) {
    MUST(count == 2);
    const size_t size = strtoul(arguments[1], NULL, 10); /* 0 for "mixed" */
    struct hoard hoard = {NULL, 0, 0};

    hoard_until_refused(&hoard, size);
    MUST(hoard.bytes >= limit_in_bytes() / 4);
    everything_is_refused(&hoard);
    hoard_check(&hoard);
    const size_t most = hoard.blocks;

    hoard_free(&hoard, 2);
    hoard_check(&hoard);
    for (size_t i = 0; i < most / 4; ++i)
        MUST(hoard_one(&hoard, size != 0 ? size : 100));
    hoard_check(&hoard);

    hoard_free(&hoard, 1);
    MUST(hoard.blocks == 0 && hoard.bytes == 0);
    hoard_until_refused(&hoard, size);
    MUST(hoard.blocks >= most / 2);
    hoard_check(&hoard);
    hoard_free(&hoard, 1);

    /* Memory of one size is used for other sizes. */
    const size_t others[] = {48, 9000, 30000};
    for (size_t i = 0; i < sizeof others / sizeof others[0]; ++i) {
        hoard_until_refused(&hoard, others[i]);
        MUST(hoard.bytes >= limit_in_bytes() / 5);
        hoard_check(&hoard);
        hoard_free(&hoard, 1);
    }
    exercise(30000);
    return 0;
}
