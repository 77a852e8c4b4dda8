/* SPDX-License-Identifier: MIT */
/* Starts without standard descriptors, so the first three files that it opens become 0, 1 and 2. Only the
 * program may write there. */
#include "exercise.h"

#include <pthread.h>
#include <sys/mman.h>

enum { kFiles = 3 };
static const char kText[] = "what the program wrote";

static void* in_thread(void* unused) {
    (void)unused;
    exercise(1000000);
    return NULL;
}

int main(void) {
    for (int i = 0; i < kFiles; ++i) {
        const int file = memfd_create("own", 0);
        MUST(file == i);
        MUST(write(file, kText, sizeof kText) == (ssize_t)sizeof kText);
    }
    for (int i = 0; i < 8; ++i) {
        pthread_t thread;
        MUST(pthread_create(&thread, NULL, in_thread, NULL) == 0);
        MUST(pthread_join(thread, NULL) == 0);
        exercise(1000000);
        malloc_trim(0);
    }
    for (int file = 0; file < kFiles; ++file) {
        char text[2 * sizeof kText];
        MUST(lseek(file, 0, SEEK_CUR) == (off_t)sizeof kText);
        MUST(pread(file, text, sizeof text, 0) == (ssize_t)sizeof kText);
        MUST(memcmp(text, kText, sizeof kText) == 0);
    }
    return 0;
}
