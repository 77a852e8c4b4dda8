// SPDX-License-Identifier: MIT
#include "os/page_memory.h"

#include "os/counters.h"
#include "os/marking.h"
#include "os/page_locks.h"
#include "os/probe.h"
#include "os/system_call.h"

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <linux/mempolicy.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>

namespace ashlar::os {

namespace {

// True once move_pages() found that the kernel cannot move pages, or that a filter forbids it.
constinit std::atomic<bool> cannot_move{false};

long map(void* start, std::size_t size, int protection, int how = 0) {
    return system_call(SYS_mmap, start, size, protection, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | how,
                       -1, 0);
}

// Maps exactly at `start`, and only where nothing is mapped.
Opened map_at(void* start, std::size_t size, int protection) {
    const long result = map(start, size, protection, MAP_FIXED_NOREPLACE);
    if (failed(result)) return result == -EEXIST ? Opened::kOccupied : Opened::kRefused;
    if (reinterpret_cast<void*>(result) == start) return Opened::kDone;
    system_call(SYS_munmap, result, size); // kernels before 4.17 and emulators take `start` as a hint
    return Opened::kOccupied;
}

bool protect(void* start, std::size_t size, int protection) {
    return system_call(SYS_mprotect, start, size, protection) == 0;
}

// Checks a mapping that the kernel refused to replace. Maps the range again if the kernel unmapped it.
Change look_after(void* start, std::size_t size, int protection) {
    const long mapped = system_call(SYS_madvise, start, size, MADV_NORMAL); // changes nothing that is mapped
    if (mapped == 0) return Change::kRefused;
    const bool unmapped = mapped == -ENOMEM;
    if (map_at(start, size, protection) == Opened::kDone) return Change::kDone;
    return unmapped ? Change::kLost : Change::kRefused;
}

Change map_over(void* start, std::size_t size, int protection) {
    return failed(map(start, size, protection, MAP_FIXED)) ? look_after(start, size, protection)
                                                           : Change::kDone;
}

} // namespace

void* reserve(std::size_t size) {
    const long result = map(nullptr, size, PROT_NONE);
    return failed(result) ? nullptr : reinterpret_cast<void*>(result);
}

bool unreserve(void* start, std::size_t size) {
    const bool done = system_call(SYS_munmap, start, size) == 0;
    if (done) forget_marks(start, size);
    return done;
}

Opened open_pages(void* start, std::size_t size, Hold hold) {
    if (hold == Hold::kReserved) return commit(start, size) ? Opened::kDone : Opened::kRefused;
    return map_at(start, size, PROT_READ | PROT_WRITE);
}

bool commit(void* start, std::size_t size) {
    return protect(start, size, PROT_READ | PROT_WRITE);
}

bool commit_readable(void* start, std::size_t size) {
    return protect(start, size, PROT_READ);
}

bool purge(void* start, std::size_t size) {
    const long result = system_call(SYS_madvise, start, size, MADV_DONTNEED);
    const bool purged = result == 0 || (result == -EINVAL && purge_locked(start, size));
    if (purged) {
        count(counters.purges);
        count(counters.purged_bytes, size);
        ASHLAR_PROBE2(purge, start, size);
    }
    return purged;
}

Change move_pages(void* from, void* to, std::size_t size) {
    if (cannot_move.load(std::memory_order_relaxed)) return Change::kRefused;
    constexpr int kHow = MREMAP_MAYMOVE | MREMAP_FIXED | MREMAP_DONTUNMAP;
    const long result = system_call(SYS_mremap, from, size, size, kHow, to);
    if (!failed(result)) return Change::kDone;
    if (result == -ENOSYS || result == -EINVAL || result == -EPERM)
        cannot_move.store(true, std::memory_order_relaxed);
    if (look_after(to, size, PROT_READ | PROT_WRITE) == Change::kLost) return Change::kLost;
    return result == -EFAULT ? Change::kSplit : Change::kRefused;
}

Change decommit(void* start, std::size_t size) {
    return map_over(start, size, PROT_NONE);
}

Change close_pages(void* start, std::size_t size, Hold hold) {
    if (hold == Hold::kReserved) return decommit(start, size);
    return unreserve(start, size) ? Change::kDone : Change::kRefused;
}

Change renew(void* start, std::size_t size) {
    return map_over(start, size, PROT_READ | PROT_WRITE);
}

bool is_mapped(const void* address) {
    const std::size_t page = page_size();
    auto* const start = reinterpret_cast<void*>(reinterpret_cast<std::uintptr_t>(address) / page * page);
    unsigned char resident = 0;
    return system_call(SYS_mincore, start, page, &resident) != -ENOMEM;
}

bool prefer_node(void* start, std::size_t size, unsigned node) {
    const unsigned long mask = 1UL << node;
    return system_call(SYS_mbind, start, size, MPOL_PREFERRED, &mask, sizeof(mask) * 8, 0) == 0;
}

bool ask_resident(void* start, std::size_t size, unsigned char* answers) {
    if (system_call(SYS_mincore, start, size, answers) != 0) return false;
    for (std::size_t i = 0; i < size / page_size(); ++i)
        answers[i] &= 1U;
    return true;
}

// Asks in parts, because the kernel answers with one byte per page.
bool find_resident(void* start, std::size_t size, std::size_t& bytes) {
    constexpr std::size_t kAtOnce = 512;
    const std::size_t page = page_size();
    const std::size_t pages = size / page;
    for (std::size_t done = 0; done < pages; done += kAtOnce) {
        unsigned char answers[kAtOnce];
        const std::size_t count = std::min(kAtOnce, pages - done);
        if (!ask_resident(static_cast<char*>(start) + done * page, count * page, answers)) return false;
        bytes += static_cast<std::size_t>(std::count(answers, answers + count, 1)) * page;
    }
    return true;
}

bool mostly_resident(void* start, std::size_t size) {
    std::size_t resident = 0;
    return !find_resident(start, size, resident) || resident >= size - size / 8;
}

std::size_t address_space_limit() {
    rlimit64 limit{};
    const bool known = system_call(SYS_prlimit64, 0, RLIMIT_AS, nullptr, &limit) == 0;
    return known && limit.rlim_cur != RLIM64_INFINITY ? limit.rlim_cur : kNoLimit;
}

} // namespace ashlar::os
