/* SPDX-License-Identifier: MIT */
/*
 * control_group pretend <limit> | enter <directory> <limit>
 *
 * Allocates and frees large blocks, 30 to 50 MiB at a time, in a control group with a memory limit in bytes.
 *
 * enter    creates a group in that directory of a hierarchy, version 1 or 2. The memory controller must be on
 * for its children. The kernel ends the program if it grows too large. pretend  files claim that there is
 * such a group, and the program checks its own size.
 *
 * Ends with 77 where this is impossible.
 */
#include "common/must.h"

#include <fcntl.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>

enum { kNotAllowed = 77, kMi = 1 << 20, kBlocks = 64 };

static int write_file(const char* path, const char* text) {
    const int file = open(path, O_WRONLY | O_CREAT, 0644);
    if (file < 0) return 0;
    const ssize_t length = (ssize_t)strlen(text);
    const int written = write(file, text, (size_t)length) == length;
    close(file);
    return written;
}

static void pretend(const char* limit) {
    if (unshare(geteuid() == 0 ? CLONE_NEWNS : CLONE_NEWNS | CLONE_NEWUSER) != 0) _exit(kNotAllowed);
    if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0) _exit(kNotAllowed);
    if (mount("none", "/proc", "tmpfs", 0, NULL) != 0) _exit(kNotAllowed);
    MUST(mkdir("/proc/self", 0755) == 0 && mkdir("/proc/groups", 0755) == 0);
    MUST(mkdir("/proc/groups/job", 0755) == 0);
    MUST(write_file("/proc/self/cgroup", "0::/job\n"));
    MUST(write_file("/proc/self/mountinfo", "30 1 0:30 / /proc/groups rw - cgroup2 cgroup2 rw\n"));
    MUST(write_file("/proc/groups/job/memory.max", limit));
}

static void enter(const char* directory, const char* limit) {
    if (chdir(directory) != 0) _exit(kNotAllowed);
    const int version1 = access("memory.limit_in_bytes", F_OK) == 0;
    if (!version1 && access("memory.max", F_OK) != 0) _exit(kNotAllowed);
    if (!write_file(version1 ? "memory.limit_in_bytes" : "memory.max", limit)) _exit(kNotAllowed);
    if (!version1) write_file("memory.swap.max", "0");
    if (!write_file("cgroup.procs", "0")) _exit(kNotAllowed);
}

static int statm = -1; /* opened before /proc is replaced */

static size_t resident_bytes(void) {
    char text[128] = "";
    size_t pages = 0;
    MUST(pread(statm, text, sizeof text - 1, 0) > 0);
    MUST(sscanf(text, "%*u %zu", &pages) == 1);
    return pages * (size_t)sysconf(_SC_PAGESIZE);
}

static unsigned random_below(unsigned bound) {
    static unsigned state = 1;
    state = state * 1664525 + 1013904223;
    return (unsigned)(((unsigned long)(state >> 8) * bound) >> 24);
}

static void churn(size_t limit, int pretended) {
    static struct {
        char* start;
        size_t size;
    } blocks[kBlocks];
    size_t live = 0;
    int growing = 1;
    for (int step = 0; step < 4000; ++step) {
        if (live >= 48 * (size_t)kMi) growing = 0;
        if (live <= 32 * (size_t)kMi) growing = 1;
        const unsigned i = random_below(kBlocks);
        live -= blocks[i].size;
        free(blocks[i].start);
        blocks[i].start = NULL;
        MUST(resident_bytes() < limit);
        /* An eighth of the remaining limit may be dirty. Blocks are rounded up, and the program itself
         * needs memory. */
        if (pretended && live <= 35 * (size_t)kMi) MUST(resident_bytes() < live + 12 * (size_t)kMi);
        blocks[i].size = 0;
        const size_t size = (size_t)(growing ? 4 : 1) * (40000 + random_below(kMi / 2));
        if (live + size > 50 * (size_t)kMi) continue;
        blocks[i].start = malloc(opaque_size(size));
        MUST(blocks[i].start != NULL);
        memset(blocks[i].start, 1, size);
        blocks[i].size = size;
        live += size;
    }
}

int main(int count, char** arguments) {
    MUST(count >= 3);
    const char* const limit = arguments[count - 1];
    statm = open("/proc/self/statm", O_RDONLY | O_CLOEXEC);
    if (count == 4) {
        enter(arguments[2], limit);
    } else {
        pretend(limit);
    }
    churn(strtoul(limit, NULL, 10), count == 3);
    return 0;
}
