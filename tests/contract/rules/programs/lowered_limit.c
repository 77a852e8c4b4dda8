/* SPDX-License-Identifier: MIT */
/*
 * lowered_limit <more> <size> [outside]: allocates, then lowers the limit on address space to the current
 * size plus `more` bytes. With `outside` another process lowers the limit. The program must continue:
 * start a thread, load a library, map pages, and let its stack grow by 8 MiB. Then it takes blocks of
 * `size` bytes until memory is refused, and prints their total in bytes.
 */
#include "common/must.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>

enum { kMiB = 1 << 20, kStack = 8 * kMiB, kHeld = 20 * kMiB, kBlock = 3000 };

static unsigned long address_space(void) {
    FILE* const file = fopen("/proc/self/statm", "re");
    unsigned long pages = 0;
    MUST(file != NULL && fscanf(file, "%lu", &pages) == 1);
    fclose(file);
    return pages * (unsigned long)sysconf(_SC_PAGESIZE);
}

static void lower(unsigned long bytes, int from_outside) {
    const struct rlimit limit = {bytes, bytes};
    if (!from_outside) {
        MUST(setrlimit(RLIMIT_AS, &limit) == 0);
        return;
    }
    const pid_t self = getpid();
    const pid_t other = fork();
    MUST(other >= 0);
    if (other == 0) _exit(prlimit(self, RLIMIT_AS, &limit, NULL) == 0 ? 0 : 1);
    int status = 0;
    MUST(waitpid(other, &status, 0) == other && status == 0);
}

static void* allocate_a_little(void* unused) {
    (void)unused;
    for (size_t size = 1; size < 100000; size *= 3) {
        void* const block = malloc(size);
        MUST(block != NULL);
        memset(block, 1, size);
        free(block);
    }
    return NULL;
}

/* Touches `bytes` of stack, a page at a time, from the top down. */
__attribute__((noinline)) static int deep(size_t bytes) {
    volatile char frame[4096];
    frame[0] = 1;
    return bytes <= sizeof frame ? frame[0] : deep(bytes - sizeof frame) + frame[0];
}

int main(int count, char** arguments) {
    MUST(count >= 3);
    const size_t size = strtoul(arguments[2], NULL, 10);
    void** held = NULL; /* a list through the blocks */
    for (size_t bytes = 0; bytes < kHeld; bytes += kBlock) {
        void** const block = malloc(kBlock);
        MUST(block != NULL);
        *block = held;
        held = block;
    }
    lower(address_space() + strtoul(arguments[1], NULL, 10), count == 4);

    MUST(deep(kStack - kMiB) > 0);
    pthread_t thread;
    pthread_attr_t attributes;
    MUST(pthread_attr_init(&attributes) == 0);
    MUST(pthread_attr_setstacksize(&attributes, kMiB) == 0);
    MUST(pthread_create(&thread, &attributes, allocate_a_little, NULL) == 0);
    MUST(pthread_join(thread, NULL) == 0);
    void* const library = dlopen("libresolv.so.2", RTLD_NOW | RTLD_LOCAL);
    MUST(library != NULL);
    dlclose(library);
    void* const pages = mmap(NULL, kMiB, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    MUST(pages != MAP_FAILED && munmap(pages, kMiB) == 0);

    unsigned long had = 0;
    for (errno = 0; opaque_pointer(malloc(size)) != NULL; errno = 0)
        had += size;
    MUST(errno == ENOMEM);
    while (held != NULL) {
        void** const next = *held;
        free(held);
        held = next;
    }
    void* const again = malloc(kBlock); /* freed memory is used again */
    MUST(again != NULL);
    free(again);
    printf("%lu\n", had);
    return 0;
}
