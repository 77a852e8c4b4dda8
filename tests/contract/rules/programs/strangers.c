/* SPDX-License-Identifier: MIT */
/*
 * strangers heap|tables: maps foreign pages where Ashlar's heap, or one of its tables, would grow, and
 * continues to allocate. With `heap`, blocks come from behind these pages. With `tables` the fallback
 * takes over, and the statistics show it. The library must not write to the foreign pages.
 */
#include "common/must.h"

#include <ashlar/ashlar.h>

#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

enum { kStrangers = 64, kBlock = 1000, kLength = 65536 };
static const uintptr_t kSuperslab = (uintptr_t)2 << 20;
static const uintptr_t kTiB = (uintptr_t)1 << 40;

static int (*owns)(const void*);
static int (*get_statistics)(struct ashlar_statistics*, size_t);
static unsigned char* strangers[kStrangers];
static int stranger_count;

static void find(const char* name, void* function) {
    void* const found = dlsym(RTLD_DEFAULT, name);
    MUST(found != NULL);
    memcpy(function, &found, sizeof found);
}

static void settle(uintptr_t address) {
    if (stranger_count == kStrangers) return;
    void* const wanted = (void*)address; /* NOLINT(performance-no-int-to-ptr) */
    unsigned char* const got = mmap(wanted, kLength, PROT_READ | PROT_WRITE,
                                    MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
    if (got == MAP_FAILED) return; /* the heap has the address already */
    MUST(got == wanted);
    memset(got, 0xA5, kLength);
    strangers[stranger_count++] = got;
}

/* Maps foreign pages in one superslab, in several in a row, and further away. */
static void settle_in_heap(uintptr_t heap) {
    for (uintptr_t i = 0; i < 16; ++i)
        settle(heap + i * kSuperslab + kSuperslab / 2);
    for (uintptr_t i = 20; i < 30; i += 3)
        settle(heap + i * kSuperslab);
}

/* Maps foreign pages behind each mapping that lies less than a table's reach below the heap. */
static void settle_in_tables(uintptr_t heap) {
    uintptr_t ends[kStrangers];
    int count = 0;
    FILE* const maps = fopen("/proc/self/maps", "re");
    char line[512];
    MUST(maps != NULL);
    while (fgets(line, sizeof line, maps) != NULL) {
        char* rest = NULL;
        const uintptr_t begin = strtoul(line, &rest, 16);
        const uintptr_t end = strtoul(rest + 1, NULL, 16);
        if (begin < heap && heap - begin < 2 * kTiB && heap - begin > kSuperslab && count < kStrangers)
            ends[count++] = end;
    }
    fclose(maps);
    MUST(count >= 3);
    while (count-- > 0)
        settle(ends[count]);
}

int main(int count, char** arguments) {
    MUST(count == 2);
    find("ashlar_owns", &owns);
    find("ashlar_get_statistics", &get_statistics);
    void* const first = malloc(kBlock);
    MUST(owns(first));
    const uintptr_t heap = (uintptr_t)first / kSuperslab * kSuperslab;
    const int in_heap = strcmp(arguments[1], "heap") == 0;
    if (in_heap) {
        settle_in_heap(heap);
    } else {
        settle_in_tables(heap);
    }
    MUST(stranger_count != 0);

    /* Allocates 200 MB of small blocks, and some that are longer than a superslab. */
    unsigned char** blocks = NULL;
    int of_heap = 1;
    for (int i = 0; i < 200000; ++i) {
        unsigned char* const block = malloc(i % 10000 == 0 ? 3 * kSuperslab : kBlock);
        MUST(block != NULL);
        memset(block, 0x11, kBlock);
        of_heap = of_heap && owns(block);
        memcpy(block, &blocks, sizeof blocks);
        blocks = (unsigned char**)block;
    }
    struct ashlar_statistics statistics;
    MUST(get_statistics(&statistics, sizeof statistics) == 0);
    MUST(of_heap == in_heap);
    MUST(statistics.growth_blocked == !in_heap);
    for (int i = 0; i < stranger_count; ++i) {
        MUST(!owns(strangers[i]));
        for (int byte = 0; byte < kLength; ++byte)
            MUST(strangers[i][byte] == 0xA5);
    }
    while (blocks != NULL) {
        unsigned char** const next = (unsigned char**)*blocks;
        free(blocks);
        blocks = next;
    }
    return 0;
}
