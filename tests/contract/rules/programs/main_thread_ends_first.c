/* SPDX-License-Identifier: MIT */
/* The main thread ends by pthread_exit. Another thread continues to allocate, frees the main thread's
 * blocks and ends the process. */
#include "exercise.h"

#include <pthread.h>

enum { kBlocks = 1000 };
static unsigned char* blocks[kBlocks];
static pthread_t main_thread;

static void* go_on(void* unused) {
    (void)unused;
    MUST(pthread_join(main_thread, NULL) == 0);
    exercise(100000);
    for (int i = 0; i < kBlocks; ++i) {
        MUST(all_bytes_are(blocks[i], 300, (unsigned char)i));
        free(blocks[i]);
    }
    exercise(100000);
    exit(0);
}

int main(void) {
    main_thread = pthread_self();
    for (int i = 0; i < kBlocks; ++i) {
        blocks[i] = malloc(300);
        MUST(blocks[i] != NULL);
        memset(blocks[i], i, 300);
    }
    pthread_t thread;
    MUST(pthread_create(&thread, NULL, go_on, NULL) == 0);
    pthread_exit(NULL);
}
