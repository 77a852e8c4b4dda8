/* SPDX-License-Identifier: MIT */
/*
 * many_threads <count>: `count` threads live at once and hold one small block each. Their cost in resident
 * memory is counted from the moment when all threads run but none has allocated. It is at most 15 KiB a
 * thread, and is returned when they end. The program supplies the stacks, so that the C library's cache of
 * stacks does not distort the figure.
 */
#include "exercise.h"

#include <fcntl.h>
#include <pthread.h>
#include <sys/mman.h>

enum {
    kStack = 128 * 1024, // minimum on aarch64
    kMostPerThread = 15 * 1024,
    kMostLeftPerThread = 1024,
    kTouched = 8 * 1024
};
static pthread_barrier_t together;

static size_t resident_bytes(void) {
    char text[4096];
    const int file = open("/proc/self/smaps_rollup", O_RDONLY);
    MUST(file >= 0);
    const ssize_t length = read(file, text, sizeof text - 1);
    MUST(length > 0);
    MUST(close(file) == 0);
    text[length] = 0;
    const char* const line = strstr(text, "Rss:");
    MUST(line != NULL);
    return strtoul(line + 4, NULL, 10) * 1024;
}

/* Touches the stack pages that a call needs before the count begins. */
__attribute__((noinline)) static void touch_stack(void) {
    volatile char area[kTouched];
    for (size_t i = 0; i < sizeof area; i += 512)
        area[i] = 1;
}

static void* in_thread(void* argument) {
    touch_stack();
    pthread_barrier_wait(&together); /* all run */
    pthread_barrier_wait(&together); /* counted */
    char* const block = malloc(32);
    MUST(block != NULL);
    memset(block, 1, 32);
    pthread_barrier_wait(&together); /* all hold a block */
    pthread_barrier_wait(&together); /* counted */
    (void)argument;
    free(block);
    return NULL;
}

int main(int count, char** arguments) {
    MUST(count == 2);
    const size_t threads = strtoul(arguments[1], NULL, 10);
    exercise(1000);
    MUST(pthread_barrier_init(&together, NULL, (unsigned)threads + 1) == 0);
    pthread_t* const ids = calloc(threads, sizeof *ids);
    MUST(ids != NULL);
    memset(ids, 0xFF, threads * sizeof *ids);
    char* const stacks = mmap(NULL, threads * kStack, PROT_READ | PROT_WRITE,
                              MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_STACK, -1, 0);
    MUST(stacks != MAP_FAILED);
    MUST(madvise(stacks, threads * kStack, MADV_NOHUGEPAGE) == 0 || errno == EINVAL);
    const size_t at_start = resident_bytes();
    pthread_attr_t attributes;
    MUST(pthread_attr_init(&attributes) == 0);
    for (size_t i = 0; i < threads; ++i) {
        MUST(pthread_attr_setstack(&attributes, stacks + i * kStack, kStack) == 0);
        errno = pthread_create(&ids[i], &attributes, in_thread, NULL);
        MUST(errno == 0);
    }
    pthread_barrier_wait(&together);
    const size_t standing = resident_bytes();
    pthread_barrier_wait(&together);
    pthread_barrier_wait(&together);
    const size_t holding = resident_bytes();
    pthread_barrier_wait(&together);
    for (size_t i = 0; i < threads; ++i)
        MUST(pthread_join(ids[i], NULL) == 0);
    MUST(munmap(stacks, threads * kStack) == 0);
    malloc_trim(0);
    const size_t at_end = resident_bytes();
    dprintf(STDOUT_FILENO, "a thread's first block: %zu bytes resident each; left behind: %zu bytes each\n",
            (holding - standing) / threads, at_end > at_start ? (at_end - at_start) / threads : 0);
    MUST(holding - standing <= threads * kMostPerThread);
    MUST(at_end <= at_start + threads * kMostLeftPerThread);
    free(ids);
    return 0;
}
