/* SPDX-License-Identifier: MIT */
/*
 * A library to preload in front of the allocator. It wraps the C library's functions that ask the system
 * for memory, as profilers do, and records each call on the heap. An allocator that called them would
 * re-enter itself in the middle of its work.
 */
#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

struct record {
    struct record* next;
    const void* where;
};
static struct record* records;
static __thread int busy;

static void note(const void* where) {
    if (busy) return;
    busy = 1;
    struct record* const made = malloc(sizeof *made);
    if (made != NULL) {
        made->where = where;
        made->next = __atomic_load_n(&records, __ATOMIC_ACQUIRE);
        while (!__atomic_compare_exchange_n(&records, &made->next, made, 0, __ATOMIC_RELEASE,
                                            __ATOMIC_ACQUIRE)) {
        }
    }
    busy = 0;
}

static void find_next(void* function, const char* name) {
    void* const found = dlsym(RTLD_NEXT, name);
    memcpy(function, &found, sizeof found);
}

void* mmap(void* start, size_t size, int protection, int flags, int file, off_t offset) {
    static void* (*next)(void*, size_t, int, int, int, off_t);
    if (next == NULL) find_next(&next, __func__);
    void* const result = next(start, size, protection, flags, file, offset);
    note(result);
    return result;
}

int munmap(void* start, size_t size) {
    static int (*next)(void*, size_t);
    if (next == NULL) find_next(&next, __func__);
    note(start);
    return next(start, size);
}

int mprotect(void* start, size_t size, int protection) {
    static int (*next)(void*, size_t, int);
    if (next == NULL) find_next(&next, __func__);
    note(start);
    return next(start, size, protection);
}

int madvise(void* start, size_t size, int advice) {
    static int (*next)(void*, size_t, int);
    if (next == NULL) find_next(&next, __func__);
    note(start);
    return next(start, size, advice);
}

ssize_t write(int file, const void* bytes, size_t size) {
    static ssize_t (*next)(int, const void*, size_t);
    if (next == NULL) find_next(&next, __func__);
    note(bytes);
    return next(file, bytes, size);
}
