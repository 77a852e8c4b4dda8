/* SPDX-License-Identifier: MIT
 *
 * A program whose memory is mostly one thing, for `ashlar stats` to name. Says "ready" when it is so, and
 * stays as it is, or goes on doing what it does, until its standard input ends.
 *
 * usage: memory_shapes WHAT [closed]
 *
 * WHAT is one of the names in kPlants. With "closed" its memory may not be read. */
#include <fcntl.h>
#include <malloc.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <unistd.h>

enum { kMiB = 1 << 20, kPage = 4096 };

static void fail(const char* what) {
    perror(what);
    exit(1);
}

static void* touched(void* memory, size_t size) {
    if (memory == NULL || memory == MAP_FAILED) fail("memory");
    memset(memory, 0x5a, size);
    return memory;
}

static void* mapped(size_t size) {
    return mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
}

/* Hides from the compiler that no code reads the blocks. */
static void* volatile sink;

static void ready(void) {
    if (write(STDOUT_FILENO, "ready\n", 6) != 6) fail("stdout");
}

/* Waits at most `milliseconds`. Returns 0 after the end of the input. */
static int goes_on(int milliseconds) {
    struct pollfd input = {STDIN_FILENO, POLLIN, 0};
    return poll(&input, 1, milliseconds) == 0;
}

static void wait_for_end(void) {
    ready();
    while (goes_on(-1)) {
    }
}

static void leak(size_t size, int count) {
    ready();
    while (goes_on(1)) {
        for (int i = 0; i < count; ++i)
            sink = touched(malloc(size), size < kPage ? size : kPage);
    }
}
static void leak_small(void) {
    leak(1000, 32);
}
static void leak_large(void) {
    leak(200000, 2);
}

static void keep(size_t bytes) {
    for (size_t kept = 0; kept < bytes; kept += 1000)
        sink = touched(malloc(1000), 1000);
}
static void cache(void) {
    keep(64 * kMiB);
    wait_for_end();
}

/* Replaces all of its blocks again and again. The total stays about the same. */
static void cache_in_use(void) {
    enum { kBlocks = 100000 };
    static void* blocks[kBlocks];
    unsigned long random = 1;
    int is_ready = 0;
    for (size_t i = 0;; ++i) {
        random = random * 6364136223846793005UL + 1442695040888963407UL;
        void** const slot = &blocks[i < kBlocks ? i : (random >> 33) % kBlocks];
        const size_t size = 16 + (random >> 20) % 1000;
        free(*slot);
        *slot = touched(malloc(size), size);
        if (i == 3 * kBlocks) {
            ready();
            is_ready = 1;
        }
        if (is_ready && i % 1000 == 0 && !goes_on(0)) return;
    }
}

static void retained(void) {
    enum { kBlocks = 320, kSize = 200000 };
    static void* blocks[kBlocks];
    for (int i = 0; i < kBlocks; ++i)
        blocks[i] = touched(malloc(kSize), kSize);
    for (int i = 0; i < kBlocks; ++i)
        free(blocks[i]);
    wait_for_end();
}

/* Leaves one block in eight, so that hardly a page is empty. */
static void fragment(int blocks) {
    void** const all = mapped((size_t)blocks * sizeof *all);
    for (int i = 0; i < blocks; ++i)
        all[i] = touched(malloc(500), 500);
    for (int i = 0; i < blocks; ++i) {
        if (i % 8 != 0) free(all[i]);
    }
    munmap(all, (size_t)blocks * sizeof *all);
}
static void fragmented(void) {
    fragment(128 * 1024);
    wait_for_end();
}

static void huge_pages(void) {
    enum { kSize = 64 * kMiB, kHugePage = 2 * kMiB };
    char* const memory = aligned_alloc(kHugePage, kSize);
    if (memory == NULL) fail("aligned_alloc");
    for (size_t at = 0; at < kSize; at += kHugePage)
        memory[at] = 1;
    sink = memory;
    wait_for_end();
}

static void* use_stack(void* unused) {
    (void)unused;
    enum { kDepth = 48 * kMiB };
    char frames[kDepth];
    sink = touched(frames, kDepth);
    wait_for_end();
    return NULL;
}
static void stack(void) {
    pthread_attr_t attributes;
    pthread_t thread;
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, 64 * kMiB);
    if (pthread_create(&thread, &attributes, use_stack, NULL) != 0) fail("pthread_create");
    pthread_join(thread, NULL);
}

static void map_file(size_t size) {
    char name[] = "/tmp/ashlar-memory-XXXXXX";
    const int file = mkstemp(name);
    if (file < 0 || unlink(name) != 0 || ftruncate(file, (off_t)size) != 0) fail("file");
    touched(mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0), size);
}
static void file(void) {
    map_file(48 * kMiB);
    wait_for_end();
}

static void foreign(void) {
    touched(mapped(48 * kMiB), 48 * kMiB);
    wait_for_end();
}

static void live_and_foreign(void) {
    keep(30 * kMiB);
    touched(mapped(30 * kMiB), 30 * kMiB);
    fragment(48 * 1024);
    wait_for_end();
}

static void fragmented_and_live(void) {
    fragment(64 * 1024);
    keep(24 * kMiB);
    map_file(24 * kMiB);
    wait_for_end();
}

static const struct {
    const char* name;
    void (*be)(void);
} kPlants[] = {
    {"leak_small", leak_small},
    {"leak_large", leak_large},
    {"cache", cache},
    {"cache_in_use", cache_in_use},
    {"retained", retained},
    {"fragmented", fragmented},
    {"huge_pages", huge_pages},
    {"stack", stack},
    {"file", file},
    {"foreign", foreign},
    {"live_and_foreign", live_and_foreign},
    {"fragmented_and_live", fragmented_and_live},
};

int main(int count, char** arguments) {
    if (count == 3 && strcmp(arguments[2], "closed") == 0) prctl(PR_SET_DUMPABLE, 0);
    for (size_t i = 0; count > 1 && i < sizeof kPlants / sizeof kPlants[0]; ++i) {
        if (strcmp(arguments[1], kPlants[i].name) == 0) {
            kPlants[i].be();
            return 0;
        }
    }
    fprintf(stderr, "usage: memory_shapes WHAT [closed]\n");
    return 2;
}
