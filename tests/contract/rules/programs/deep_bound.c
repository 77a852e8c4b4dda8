/* SPDX-License-Identifier: MIT */
/* Code opened with RTLD_DEEPBIND always calls the C library's malloc, and passes its blocks to the
 * preloaded allocator. */
#include "exercise.h"

#include <dlfcn.h>
#include <pthread.h>

typedef void* MakeBlock(size_t size);
typedef void* MakeAlignedBlock(size_t alignment, size_t size);
static MakeBlock* make_block;
static MakeAlignedBlock* make_aligned_block;

static const size_t kSizes[] = {0, 1, 16, 100, 1000, 5000, 32768, 100000, 1000000, 5000000};

static void hand_over(void) {
    for (size_t i = 0; i < sizeof kSizes / sizeof kSizes[0]; ++i) {
        const size_t size = kSizes[i];
        errno = E2BIG;
        free(make_block(size));
        MUST(errno == E2BIG);
        free(make_aligned_block(256, size));

        unsigned char* block = make_block(size);
        MUST(block != NULL && malloc_usable_size(block) >= size);
        block = realloc(block, size + 100);
        MUST(block != NULL && all_bytes_are(block, size, 0x29));
        memset(block, 1, size + 100);
        free(block);

        block = make_block(size);
        block = realloc(block, size * 3 + 10);
        MUST(block != NULL && all_bytes_are(block, size, 0x29));
        free(block);

        block = make_block(size + 1);
        block = realloc(block, size / 2 + 1);
        MUST(block != NULL && all_bytes_are(block, size / 2 + 1, 0x29));
        free(block);

        errno = E2BIG;
        MUST(realloc(make_block(size), opaque_size(0)) == NULL);
        MUST(errno == E2BIG);
        block = make_block(size);
        errno = 0;
        MUST(realloc(block, opaque_size(SIZE_MAX)) == NULL && errno == ENOMEM);
        MUST(all_bytes_are(block, size, 0x29));
        free(block);
    }
}

static void* in_thread(void* unused) {
    (void)unused;
    hand_over();
    return NULL;
}

int main(int count, char** arguments) {
    MUST(count == 2);
    void* const library = dlopen(arguments[1], RTLD_NOW | RTLD_LOCAL | RTLD_DEEPBIND);
    MUST(library != NULL);
    void* found = dlsym(library, "make_block");
    MUST(found != NULL);
    memcpy(&make_block, &found, sizeof make_block);
    found = dlsym(library, "make_aligned_block");
    MUST(found != NULL);
    memcpy(&make_aligned_block, &found, sizeof make_aligned_block);

    /* The test is about foreign blocks, so under Ashlar they must not be in its window. */
    void* const owns_symbol = dlsym(RTLD_DEFAULT, "ashlar_owns");
    if (owns_symbol != NULL) {
        int (*owns)(const void*) = NULL;
        memcpy(&owns, &owns_symbol, sizeof owns);
        void* const foreign = make_block(100);
        MUST(owns(foreign) == 0);
        free(foreign);
    }
    for (int round = 0; round < 20; ++round)
        hand_over();
    pthread_t thread;
    MUST(pthread_create(&thread, NULL, in_thread, NULL) == 0);
    MUST(pthread_join(thread, NULL) == 0);
    exercise(100000);
    return 0;
}
