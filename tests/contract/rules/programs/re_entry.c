/* SPDX-License-Identifier: MIT */
/*
 * re_entry <function> <size>: replaces a function of the C library that an allocator may call in the
 * middle of a slow path. The replacement allocates every size, before and after its work. No block may be
 * given out twice or be lost. A block of `size` is requested after 0, 1, 2, ... calls of other sizes. Each
 * case is a child of a process that has not allocated yet.
 */
#include "common/must.h"

#include <dlfcn.h>
#include <malloc.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

enum { kCases = 34, kThreads = 3, kMostBlocks = 128, kMostLost = 1024 };

static const char* allocating; /* name of the function that allocates */
static __thread int inside;

static void mark(unsigned char* block, size_t size) {
    MUST(block != NULL);
    memset(block, (unsigned char)((uintptr_t)block >> 4), size);
}
static void require_marked(const unsigned char* block, size_t size) {
    for (size_t i = 0; i < size; ++i)
        MUST(block[i] == (unsigned char)((uintptr_t)block >> 4));
}

/* Takes `count` blocks of each size, checks that none overlap, and frees them. */
static void exercise_sizes(int count) {
    unsigned char* blocks[kMostBlocks];
    for (size_t size = 16; size <= 4096; size += size / 4 >= 16 ? size / 4 / 16 * 16 : 16) {
        for (int i = 0; i < count; ++i)
            mark(blocks[i] = malloc(size), size);
        for (int i = 0; i < count; ++i) {
            require_marked(blocks[i], size);
            free(blocks[i]);
        }
    }
}

static void allocate_inside(const char* function) {
    if (inside || strcmp(function, allocating) != 0) return;
    inside = 1;
    exercise_sizes(5);
    inside = 0;
}

/* Stores the C library's function `name` in `function`, a pointer to such a function. */
static void find_next(void* function, const char* name) {
    void* const found = dlsym(RTLD_NEXT, name);
    MUST(found != NULL);
    memcpy(function, &found, sizeof found);
}

int pthread_create(pthread_t* thread, const pthread_attr_t* attributes, void* (*run)(void*), void* argument) {
    static int (*real)(pthread_t*, const pthread_attr_t*, void* (*)(void*), void*);
    allocate_inside(__func__);
    if (real == NULL) find_next(&real, __func__);
    const int result = real(thread, attributes, run, argument);
    allocate_inside(__func__);
    return result;
}

int pthread_key_create(pthread_key_t* key, void (*function)(void*)) {
    static int (*real)(pthread_key_t*, void (*)(void*));
    allocate_inside(__func__);
    if (real == NULL) find_next(&real, __func__);
    const int result = real(key, function);
    allocate_inside(__func__);
    return result;
}

int pthread_setspecific(pthread_key_t key, const void* value) {
    static int (*real)(pthread_key_t, const void*);
    allocate_inside(__func__);
    if (real == NULL) find_next(&real, __func__);
    const int result = real(key, value);
    allocate_inside(__func__);
    return result;
}

static void* in_thread(void* size) {
    unsigned char* blocks[kMostBlocks];
    for (int i = 0; i < kMostBlocks; ++i)
        mark(blocks[i] = malloc(*(size_t*)size), *(size_t*)size);
    for (int i = 0; i < kMostBlocks; ++i) {
        require_marked(blocks[i], *(size_t*)size);
        free(blocks[i]);
    }
    return NULL;
}

/* Runs one case: `lead` calls of other sizes, then `size`. */
static int run_case(size_t size, int lead) {
    void* others[kCases];
    for (int i = 0; i < lead; ++i)
        others[i] = malloc((size_t)2048 + (size_t)i * 512);
    unsigned char* const block = malloc(size);
    mark(block, size);
    exercise_sizes(20);
    for (int i = 0; i < kThreads; ++i) {
        pthread_t thread;
        MUST(pthread_create(&thread, NULL, in_thread, &size) == 0);
        MUST(pthread_join(thread, NULL) == 0);
    }
    require_marked(block, size);
    free(block);
    for (int i = 0; i < lead; ++i)
        free(others[i]);
    (void)malloc_trim(0);
    /* The C library's data for threads is in use; all other blocks must be free. */
    MUST(mallinfo2().uordblks < kMostLost);
    return 0;
}

int main(int count, char** arguments) {
    MUST(count == 3);
    allocating = arguments[1];
    const size_t size = strtoul(arguments[2], NULL, 10);
    for (int lead = 0; lead < kCases; ++lead) {
        const pid_t child = fork();
        MUST(child >= 0);
        if (child == 0) _exit(run_case(size, lead));
        int status = 0;
        MUST(waitpid(child, &status, 0) == child);
        if (status != 0) dprintf(STDERR_FILENO, "with %d calls before\n", lead);
        MUST(status == 0);
    }
    return 0;
}
