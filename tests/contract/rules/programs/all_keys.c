/* SPDX-License-Identifier: MIT */
/*
 * all_keys <first | main | threads>: takes every thread-specific key, then starts threads that allocate and
 * end. It takes the keys before the first constructor, in main, or after the first threads. The allocator
 * must still learn of the threads' ends. With one thread it must leave all keys to the program; later it may
 * hold one. The alternative, __cxa_thread_atexit_impl, waits for the loader's lock. A library's constructor
 * that joins a thread would then never return.
 */
#include "exercise.h"

#include <limits.h>
#include <pthread.h>

enum { kThreads = 500, kMostLost = 200 };
static pthread_key_t keys[PTHREAD_KEYS_MAX];
static int key_count;

static void take_all_keys(int fewest) {
    while (key_count < PTHREAD_KEYS_MAX && pthread_key_create(&keys[key_count], free) == 0)
        ++key_count;
    MUST(key_count >= fewest);
}

static void before_constructors(int count, char** arguments, char** environment) {
    (void)environment;
    if (count == 2 && strcmp(arguments[1], "first") == 0) take_all_keys(PTHREAD_KEYS_MAX);
}

__attribute__((section(".preinit_array"), used)) static void (*const entry)(int, char**,
                                                                            char**) = before_constructors;

static void* in_thread(void* unused) {
    (void)unused;
    for (int i = 0; i < key_count; ++i)
        MUST(pthread_setspecific(keys[i], malloc(16)) == 0);
    exercise(1000);
    return NULL;
}

static void run_thread(void) {
    pthread_t thread;
    MUST(pthread_create(&thread, NULL, in_thread, NULL) == 0);
    MUST(pthread_join(thread, NULL) == 0);
}

int main(int count, char** arguments) {
    MUST(count == 2);
    if (strcmp(arguments[1], "main") == 0) {
        exercise(1000);
        take_all_keys(PTHREAD_KEYS_MAX);
    }
    if (strcmp(arguments[1], "threads") == 0) {
        run_thread();
        take_all_keys(PTHREAD_KEYS_MAX - 1);
    }
    const size_t before = mallinfo2().uordblks;
    for (int i = 0; i < kThreads; ++i)
        run_thread();
    /* The blocks cached by the threads were returned. */
    MUST(mallinfo2().uordblks < before + kThreads * kMostLost);
    return 0;
}
