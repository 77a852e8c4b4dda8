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

bool purge(void* start, std::size_t size) {
    const KeepErrno keep;
    return ::madvise(start, size, MADV_DONTNEED) == 0;
}

Move move_pages(void* from, void* to, std::size_t size) {
    if (given_up.load(std::memory_order_relaxed)) return Move::kRefused;
    const KeepErrno keep;
    if (::mremap(from, size, size, MREMAP_MAYMOVE | MREMAP_FIXED | MREMAP_DONTUNMAP, to) == to) {
        return Move::kDone;
    }
    given_up.store(true, std::memory_order_relaxed);
    if (errno == EINVAL || errno == ENOSYS || errno == EPERM) return Move::kRefused; // looked at nothing
    const bool too_many = errno == ENOMEM || errno == EAGAIN; // most likely found before anything was done
    const bool mapped_again =
        ::mmap(to, size, PROT_READ | PROT_WRITE,
               MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED_NOREPLACE, -1, 0) == to;
    return mapped_again || (too_many && errno == EEXIST) ? Move::kRefused : Move::kLost;
}

bool decommit(void* start, std::size_t size) {
    const KeepErrno keep;
    return ::mmap(start, size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED, -1, 0) ==
           start;
}

bool renew(void* start, std::size_t size) {
    const KeepErrno keep;
    return ::mmap(start, size, PROT_READ | PROT_WRITE,
                  MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED, -1, 0) == start;
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
