// SPDX-License-Identifier: MIT
#include "os/page_memory.h"

#include <atomic>
#include <cerrno>
#include <linux/mempolicy.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace ashlar::os {

namespace {

class KeepErrno {
  public:
    KeepErrno() : saved_(errno) {}
    ~KeepErrno() { errno = saved_; }
    KeepErrno(const KeepErrno&) = delete;
    KeepErrno& operator=(const KeepErrno&) = delete;

  private:
    int saved_;
};

// A kernel without it, or a process with too many mappings: the answer would be the same again.
constinit std::atomic<bool> given_up{false};

bool map_at(void* start, std::size_t size, int protection, int how) {
    return ::mmap(start, size, protection, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | how, -1, 0) == start;
}

// To be called when the kernel refused to replace a mapping; done if that had gone and the range is mapped
// now.
Change look_after(void* start, std::size_t size, int protection) {
    if (::madvise(start, size, MADV_NORMAL) == 0)
        return Change::kRefused; // changes nothing of what is mapped
    const bool unmapped = errno == ENOMEM;
    if (map_at(start, size, protection, MAP_FIXED_NOREPLACE)) return Change::kDone;
    return unmapped ? Change::kLost : Change::kRefused;
}

Change map_over(void* start, std::size_t size, int protection) {
    const KeepErrno keep;
    return map_at(start, size, protection, MAP_FIXED) ? Change::kDone : look_after(start, size, protection);
}

} // namespace

void* reserve(std::size_t size) {
    const KeepErrno keep;
    void* start = ::mmap(nullptr, size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    return start == MAP_FAILED ? nullptr : start;
}

bool unreserve(void* start, std::size_t size) {
    const KeepErrno keep;
    return ::munmap(start, size) == 0;
}

bool commit(void* start, std::size_t size) {
    const KeepErrno keep;
    return ::mprotect(start, size, PROT_READ | PROT_WRITE) == 0;
}

bool commit_readable(void* start, std::size_t size) {
    const KeepErrno keep;
    return ::mprotect(start, size, PROT_READ) == 0;
}

bool forbid(void* start, std::size_t size) {
    const KeepErrno keep;
    return ::mprotect(start, size, PROT_NONE) == 0;
}

bool purge(void* start, std::size_t size) {
    const KeepErrno keep;
    return ::madvise(start, size, MADV_DONTNEED) == 0;
}

Change move_pages(void* from, void* to, std::size_t size) {
    if (given_up.load(std::memory_order_relaxed)) return Change::kRefused;
    const KeepErrno keep;
    if (::mremap(from, size, size, MREMAP_MAYMOVE | MREMAP_FIXED | MREMAP_DONTUNMAP, to) == to) {
        return Change::kDone;
    }
    given_up.store(true, std::memory_order_relaxed);
    const bool lost = look_after(to, size, PROT_READ | PROT_WRITE) == Change::kLost;
    return lost ? Change::kLost : Change::kRefused;
}

Change decommit(void* start, std::size_t size) {
    return map_over(start, size, PROT_NONE);
}

Change renew(void* start, std::size_t size) {
    return map_over(start, size, PROT_READ | PROT_WRITE);
}

// The C library has no function for it.
bool prefer_node(void* start, std::size_t size, unsigned node) {
    const KeepErrno keep;
    const unsigned long mask = 1UL << node;
    return ::syscall(SYS_mbind, start, size, MPOL_PREFERRED, &mask, sizeof(mask) * 8, 0) == 0;
}

std::size_t page_size() {
    return ::getauxval(AT_PAGESZ);
}

} // namespace ashlar::os
