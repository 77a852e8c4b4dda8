/* SPDX-License-Identifier: MIT */
/* A library to preload. It allocates in its constructor, with a thread too, and again in its destructor. */
#include "exercise.h"

#include <pthread.h>

static void* early;

void* early_block(void);
void* early_block(void) {
    void* const block = early;
    early = NULL;
    return block;
}

static void* in_thread(void* unused) {
    (void)unused;
    exercise(100000);
    return NULL;
}

__attribute__((constructor)) static void start(void) {
    early = malloc(500);
    MUST(early != NULL);
    memset(early, 0x42, 500);
    exercise(100000);
    pthread_t thread;
    MUST(pthread_create(&thread, NULL, in_thread, NULL) == 0);
    MUST(pthread_join(thread, NULL) == 0);
}

__attribute__((destructor)) static void end(void) {
    exercise(100000);
}
