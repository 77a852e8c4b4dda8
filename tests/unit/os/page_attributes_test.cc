// SPDX-License-Identifier: MIT
//
// Locks, protection and advice that a program leaves on pages. All tests are children: some lock all memory.
#include "../support/child.h"
#include "os/page_attributes.h"
#include "os/page_locks.h"
#include "os/page_memory.h"

#include <catch2/catch.hpp>
#include <cstddef>
#include <cstring>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

namespace {

using namespace ashlar; // NOLINT(google-build-using-namespace): the layer under test

constexpr std::size_t kPages = 8;

char* new_pages() {
    auto* const start = static_cast<char*>(os::reserve(kPages * os::page_size()));
    REQUIRE(start != nullptr);
    REQUIRE(os::commit(start, kPages * os::page_size()));
    std::memset(start, 1, kPages * os::page_size());
    return start;
}

// Locks by a system call, because a sanitizer's functions have no effect.
bool lock(void* start, std::size_t size) {
    return ::syscall(SYS_mlock, start, size) == 0;
}
bool lock_all(int what) {
    return ::syscall(SYS_mlockall, what) == 0;
}

UNIT_TEST_CASE_IN_CHILD("page attributes: pages with any are a mapping of their own", unit::kNoHeap) {
    char* const start = new_pages();
    const std::size_t page = os::page_size();
    REQUIRE(os::is_one_mapping(start, kPages * page));
    REQUIRE(::madvise(start + 2 * page, 2 * page, MADV_DONTFORK) == 0);
    REQUIRE_FALSE(os::is_one_mapping(start, kPages * page));
    REQUIRE(os::reset_attributes(start, kPages * page));
    REQUIRE(os::is_one_mapping(start, kPages * page));
    REQUIRE(start[2 * page] == 1); // the contents are kept
}

UNIT_TEST_CASE_IN_CHILD("page attributes: those of any single page are noticed", unit::kNoHeap) {
    char* const start = new_pages();
    const std::size_t page = os::page_size();
    for (std::size_t i = 0; i < kPages; ++i) {
        INFO("page " << i);
        REQUIRE(::mprotect(start + i * page, page, PROT_READ) == 0);
        REQUIRE_FALSE(os::is_one_mapping(start, kPages * page));
        REQUIRE(os::reset_attributes(start, kPages * page));
        REQUIRE(os::is_one_mapping(start, kPages * page));
    }
    // The free addresses behind the pages are not mapped.
    REQUIRE(::munmap(start + (kPages - 1) * page, page) == 0);
    REQUIRE(os::is_one_mapping(start, (kPages - 1) * page));
    REQUIRE_FALSE(os::is_mapped(start + (kPages - 1) * page));
}

UNIT_TEST_CASE_IN_CHILD("page attributes: after the reset pages are writable and reach children",
                        unit::kNoHeap) {
    char* const start = new_pages();
    const std::size_t page = os::page_size();
    REQUIRE(::madvise(start, page, MADV_DONTFORK) == 0);
    REQUIRE(::madvise(start + page, page, MADV_WIPEONFORK) == 0);
    REQUIRE(::mprotect(start + 2 * page, page, PROT_NONE) == 0);
    REQUIRE(os::reset_attributes(start, kPages * page));
    start[2 * page] = 2;
    const pid_t child = ::fork();
    if (child == 0) ::_exit(start[0] == 1 && start[page] == 1 && start[2 * page] == 2 ? 0 : 1);
    int status = -1;
    REQUIRE(::waitpid(child, &status, 0) == child);
    REQUIRE(status == 0);
}

UNIT_TEST_CASE_IN_CHILD("page locks: free pages lose the lock that was left on them", unit::kNoHeap) {
    char* const start = new_pages();
    const std::size_t page = os::page_size();
    if (!lock(start + page, page)) return; // the limit forbids a lock
    REQUIRE_FALSE(os::locks_are_wanted());
    REQUIRE(os::any_locked(start + page, page));
    REQUIRE_FALSE(os::any_locked(start + 2 * page, page));
    REQUIRE(os::purge(start, kPages * page));
    REQUIRE_FALSE(os::any_locked(start + page, page));
    for (std::size_t i = 0; i < kPages; ++i)
        REQUIRE(start[i * page] == 0);
}

UNIT_TEST_CASE_IN_CHILD("page locks: those of mlockall stay", unit::kNoHeap) {
    char* const start = new_pages();
    const std::size_t page = os::page_size();
    REQUIRE_FALSE(os::new_mappings_are_locked());
    if (!lock_all(MCL_CURRENT | MCL_ONFAULT)) return; // the limit forbids a lock
    REQUIRE_FALSE(os::new_mappings_are_locked());
    REQUIRE(os::locks_are_wanted());
    REQUIRE_FALSE(os::purge(start, kPages * page));
    REQUIRE(start[page] == 1);
    REQUIRE(os::reset_attributes(start, kPages * page));
    REQUIRE(os::any_locked(start, page));
    REQUIRE(lock_all(MCL_FUTURE | MCL_ONFAULT));
    REQUIRE(os::new_mappings_are_locked());
    REQUIRE(::syscall(SYS_munlockall) == 0);
    REQUIRE_FALSE(os::locks_are_wanted());
    REQUIRE(os::purge(start, kPages * page));
}

} // namespace
