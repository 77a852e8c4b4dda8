/* SPDX-License-Identifier: MIT */
/*
 * all_locked [current]: a real-time program. It locks all of its memory, present and future, or only the
 * present memory, and lets buffers grow past each other. After some rounds its work must not fault any
 * more, and every page of the heap must keep its lock. Ends with 77 if the limit on locked memory is too
 * low.
 */
#include "common/must.h"
#include "status.h"

#include <malloc.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>

enum { kBuffers = 2, kMiB = 1 << 20, kLongest = 9, kBlocks = 16, kWarmUp = 10, kRounds = 5 };

static char* resized(char* block, size_t size) {
    block = realloc(block, opaque_size(size));
    MUST(block != NULL);
    return opaque_pointer(block);
}

static void grow(void) {
    char* buffers[kBuffers] = {NULL};
    for (int mebibytes = 1; mebibytes <= kLongest; ++mebibytes) {
        for (int i = 0; i < kBuffers; ++i) {
            buffers[i] = resized(buffers[i], (size_t)mebibytes * kMiB);
            memset(buffers[i] + (size_t)(mebibytes - 1) * kMiB, 1, kMiB);
        }
    }
    for (int i = 0; i < kBuffers; ++i)
        free(buffers[i]);
}

static void work(void) {
    char* blocks[kBlocks];
    for (int i = 0; i < kBlocks; ++i) {
        const size_t size = i % 2 == 0 ? kMiB / 2 : 60000;
        blocks[i] = resized(NULL, size);
        memset(blocks[i], 2, size);
    }
    for (int i = 0; i < kBlocks; ++i)
        free(blocks[i]);
}

static long faults(void) {
    struct rusage usage;
    MUST(getrusage(RUSAGE_SELF, &usage) == 0);
    return usage.ru_minflt + usage.ru_majflt;
}

static void require_permission(void) {
    enum { kEnough = 128 * kMiB, kSkipped = 77 };
    void* const memory = mmap(NULL, kEnough, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    MUST(memory != MAP_FAILED);
    if (mlock2(memory, kEnough, MLOCK_ONFAULT) != 0) _exit(kSkipped);
    MUST(munmap(memory, kEnough) == 0);
}

int main(int count, char** arguments) {
    require_permission();
    const int current = count > 1 && strcmp(arguments[1], "current") == 0;
    MUST(mallopt(M_MMAP_MAX, 0) == 1); /* the usual advice for real-time programs on the C library's malloc */
    MUST(mallopt(M_TRIM_THRESHOLD, -1) == 1);
    if (current) {
        grow();
        work();
    }
    MUST(mlockall(current ? MCL_CURRENT : MCL_CURRENT | MCL_FUTURE) == 0);
    const long locked = status_kib("VmLck:");
    grow();
    for (int round = 0; round < kWarmUp; ++round)
        work();
    const long before = faults();
    for (int round = 0; round < kRounds; ++round)
        work();
    MUST(faults() == before);
    MUST(status_kib("VmLck:") >= locked);
    malloc_trim(0);
    work();
    MUST(current || status_kib("VmLck:") >= locked);
    return 0;
}
