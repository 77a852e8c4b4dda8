/* SPDX-License-Identifier: MIT
 *
 * Threads under full load whose figures are known at any moment: each keeps kBlocks blocks of kSizes sizes,
 * as many of one as of another. It frees kBatch random blocks of one size and asks for as many of that size
 * again. That is more than a cache holds, and so goes through slabs. Of each size there is all the time what
 * there was at the start, but for kBatch blocks a thread.
 *
 * usage: steady_load THREADS BATCHES
 *
 * Says "ready", waits for a line, and replaces so many batches in each thread (0: until the input ends). Then
 * it says how many microseconds of processor time that took.
 */
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

enum { kSizes = 8, kBlocks = 8000, kBatch = 100, kMostThreads = 8, kBetweenLooks = 1000 };
static const size_t sizes[kSizes] = {16, 64, 100, 256, 500, 1000, 3000, 20000};

static void* blocks[kMostThreads][kBlocks];
static unsigned long batches;
static pthread_barrier_t filled, begin;
static int ended;

static void fill(void** block, size_t size) {
    *block = malloc(size);
    if (*block == NULL) abort();
    memset(*block, 0x5a, size);
}

static void* work(void* own) {
    void** const mine = own;
    for (size_t i = 0; i < kBlocks; ++i)
        fill(&mine[i], sizes[i % kSizes]);
    pthread_barrier_wait(&filled);
    pthread_barrier_wait(&begin);
    unsigned long random = 1;
    for (unsigned long i = 0; batches == 0 || i < batches; ++i) {
        size_t chosen[kBatch];
        const size_t size = i % kSizes;
        random = random * 6364136223846793005UL + 1442695040888963407UL;
        const size_t first = (random >> 33) % (kBlocks / kSizes);
        for (size_t j = 0; j < kBatch; ++j) { /* 7 and 1000 have no common divisor, so all differ */
            chosen[j] = (first + 7 * j) % (kBlocks / kSizes) * kSizes + size;
            free(mine[chosen[j]]);
        }
        for (size_t j = 0; j < kBatch; ++j) {
            void* const block = malloc(sizes[size]);
            if (block == NULL) abort();
            *(volatile char*)block = 1;
            mine[chosen[j]] = block;
        }
        if (batches == 0 && i % kBetweenLooks == 0 && __atomic_load_n(&ended, __ATOMIC_RELAXED)) break;
    }
    return NULL;
}

static long microseconds(void) {
    struct rusage used;
    getrusage(RUSAGE_SELF, &used);
    return 1000000L * (used.ru_utime.tv_sec + used.ru_stime.tv_sec) + used.ru_utime.tv_usec +
           used.ru_stime.tv_usec;
}

int main(int count, char** arguments) {
    const long threads = count == 3 ? strtol(arguments[1], NULL, 10) : 0;
    if (threads < 1 || threads > kMostThreads) {
        fprintf(stderr, "usage: steady_load THREADS BATCHES\n");
        return 2;
    }
    batches = strtoul(arguments[2], NULL, 10);
    pthread_barrier_init(&filled, NULL, (unsigned)threads + 1);
    pthread_barrier_init(&begin, NULL, (unsigned)threads + 1);
    pthread_t others[kMostThreads];
    for (long i = 0; i < threads; ++i) {
        if (pthread_create(&others[i], NULL, work, blocks[i]) != 0) return 1;
    }
    pthread_barrier_wait(&filled);
    char line[16];
    if (write(STDOUT_FILENO, "ready\n", 6) != 6 || read(STDIN_FILENO, line, sizeof line) < 1) return 1;
    const long before = microseconds();
    pthread_barrier_wait(&begin);
    if (batches == 0) {
        struct pollfd input = {STDIN_FILENO, POLLIN, 0};
        poll(&input, 1, -1);
        __atomic_store_n(&ended, 1, __ATOMIC_RELAXED);
    }
    for (long i = 0; i < threads; ++i)
        pthread_join(others[i], NULL);
    char text[32];
    const int length = snprintf(text, sizeof text, "%ld\n", microseconds() - before);
    return write(STDOUT_FILENO, text, (size_t)length) == length ? 0 : 1;
}
