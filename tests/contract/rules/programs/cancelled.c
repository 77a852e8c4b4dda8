/* SPDX-License-Identifier: MIT */
/*
 * cancelled <calls | double_free>: a thread with a pending cancellation calls the malloc family. None of
 * these functions is a cancellation point: all return, and a misuse is reported and ends the process.
 */
#include "common/must.h"

#include <malloc.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

static int returned;

static void* call_everything(void* unused) {
    MUST(pthread_cancel(pthread_self()) == 0);
    malloc_stats(); /* may be the first call to the C library's malloc, which initialises it */
    free(malloc(100));
    free(malloc(100000));
    free(malloc(opaque_size((size_t)1 << 33))); /* beyond the heap */
    free(calloc(1, 1 << 20));
    free(realloc(malloc(40 << 20), 80 << 20));
    free(memalign(1 << 16, 100));
    (void)malloc_trim(0);
    (void)mallinfo2();
    MUST(malloc(opaque_size(SIZE_MAX / 2)) == NULL);
    MUST(realloc(NULL, opaque_size(SIZE_MAX / 2)) == NULL);
    returned = 1;
    pthread_testcancel();
    return unused;
}

static void* free_twice(void* unused) {
    void* const block = malloc(100000);
    MUST(pthread_cancel(pthread_self()) == 0);
    free(block);
    free(opaque_pointer(block));
    return unused;
}

int main(int count, char** arguments) {
    MUST(count == 2);
    pthread_t thread;
    void* result = NULL;
    const int calls = strcmp(arguments[1], "calls") == 0;
    MUST(pthread_create(&thread, NULL, calls ? call_everything : free_twice, NULL) == 0);
    MUST(pthread_join(thread, &result) == 0);
    MUST(calls && returned);
    MUST(result == PTHREAD_CANCELED);
    return 0;
}
