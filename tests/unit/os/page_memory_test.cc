// SPDX-License-Identifier: MIT
#include "../support/build_kind.h"
#include "../support/child.h"
#include "../support/limits.h"
#include "os/page_memory.h"

#include <algorithm>
#include <array>
#include <catch2/catch.hpp>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace {

using namespace ashlar; // NOLINT(google-build-using-namespace): the layer under test

// Asks the kernel to read or write an address. A failure causes no signal.
class Probe {
  public:
    Probe() { REQUIRE(::pipe(ends_.data()) == 0); }
    ~Probe() {
        ::close(ends_[0]);
        ::close(ends_[1]);
    }
    Probe(const Probe&) = delete;
    Probe& operator=(const Probe&) = delete;

    bool readable(const void* address) {
        if (::syscall(SYS_write, ends_[1], address, 1) != 1) return false;
        char taken = 0;
        return ::read(ends_[0], &taken, 1) == 1;
    }
    bool writable(void* address) {
        const char given = 0;
        if (::write(ends_[1], &given, 1) != 1) return false;
        if (::syscall(SYS_read, ends_[0], address, 1) == 1) return true;
        char rest = 0; // the byte is still in the pipe
        REQUIRE(::read(ends_[0], &rest, 1) == 1);
        return false;
    }

  private:
    std::array<int, 2> ends_{};
};

bool mapped(void* address) {
    unsigned char resident = 0;
    return ::mincore(address, os::page_size(), &resident) == 0;
}

bool all_zero(const char* start, std::size_t size) {
    return std::all_of(start, start + size, [](char c) { return c == 0; });
}

// Reserved pages, released by the destructor.
class Reserved {
  public:
    explicit Reserved(std::size_t pages)
        : size_(pages * os::page_size()), start_(static_cast<char*>(os::reserve(size_))) {
        REQUIRE(start_ != nullptr);
    }
    ~Reserved() { os::unreserve(start_, size_); }
    Reserved(const Reserved&) = delete;
    Reserved& operator=(const Reserved&) = delete;

    char* page(std::size_t number) const { return start_ + number * os::page_size(); }
    std::size_t size() const { return size_; }

  private:
    std::size_t size_;
    char* start_;
};

TEST_CASE("page memory: the page size is the system's") {
    CHECK(os::page_size() == static_cast<std::size_t>(::sysconf(_SC_PAGESIZE)));
}

TEST_CASE("page memory: reserved space is inaccessible until it is committed") {
    Probe probe;
    const Reserved space(4);
    const std::size_t page = os::page_size();
    CHECK(reinterpret_cast<std::uintptr_t>(space.page(0)) % page == 0);
    for (const std::size_t i : {0U, 1U, 2U, 3U}) {
        CHECK_FALSE(probe.readable(space.page(i)));
        CHECK_FALSE(probe.writable(space.page(i)));
    }
    REQUIRE(os::commit(space.page(1), 2 * page));
    CHECK_FALSE(probe.readable(space.page(1) - 1));
    CHECK_FALSE(probe.readable(space.page(3)));
    CHECK(probe.writable(space.page(1)));
    CHECK(probe.writable(space.page(3) - 1));
    CHECK(all_zero(space.page(1), 2 * page));
}

TEST_CASE("page memory: readable space is zero and stays read-only") {
    Probe probe;
    const Reserved space(3);
    REQUIRE(os::commit_readable(space.page(0), 2 * os::page_size()));
    CHECK(probe.readable(space.page(0)));
    CHECK(probe.readable(space.page(2) - 1));
    CHECK_FALSE(probe.writable(space.page(0)));
    CHECK_FALSE(probe.readable(space.page(2)));
    CHECK(all_zero(space.page(0), 2 * os::page_size()));
    REQUIRE(os::commit(space.page(0), os::page_size()));
    CHECK(probe.writable(space.page(0)));
    CHECK_FALSE(probe.writable(space.page(1)));
}

TEST_CASE("page memory: purged pages are zero, and only those") {
    const Reserved space(4);
    const std::size_t page = os::page_size();
    REQUIRE(os::commit(space.page(0), space.size()));
    std::memset(space.page(0), 0x5a, space.size());
    REQUIRE(os::purge(space.page(1), 2 * page));
    CHECK(all_zero(space.page(1), 2 * page));
    CHECK(std::count(space.page(0), space.page(1), 0x5a) == static_cast<std::ptrdiff_t>(page));
    CHECK(std::count(space.page(3), space.page(4), 0x5a) == static_cast<std::ptrdiff_t>(page));
    std::memset(space.page(1), 1, page); // still writable
    CHECK(*space.page(1) == 1);
}

TEST_CASE("page memory: purging takes the memory away") {
    const Reserved space(2);
    REQUIRE(os::commit(space.page(0), space.size()));
    std::memset(space.page(0), 1, space.size());
    std::array<unsigned char, 2> resident{};
    REQUIRE(::mincore(space.page(0), space.size(), resident.data()) == 0);
    REQUIRE(((resident[0] & 1) == 1 && (resident[1] & 1) == 1));
    REQUIRE(os::purge(space.page(0), os::page_size()));
    REQUIRE(::mincore(space.page(0), space.size(), resident.data()) == 0);
    CHECK((resident[0] & 1) == 0);
    CHECK((resident[1] & 1) == 1);
}

TEST_CASE("page memory: unreserved space is gone") {
    auto* const space = static_cast<char*>(os::reserve(2 * os::page_size()));
    REQUIRE(space != nullptr);
    REQUIRE(mapped(space));
    CHECK(os::unreserve(space, os::page_size()));
    CHECK_FALSE(mapped(space));
    CHECK(mapped(space + os::page_size()));
    CHECK(os::unreserve(space + os::page_size(), os::page_size()));
    CHECK_FALSE(mapped(space + os::page_size()));
}

TEST_CASE("page memory: errno is kept, whatever happens") {
    const std::size_t page = os::page_size();
    errno = EDOM;
    auto* const space = static_cast<char*>(os::reserve(2 * page));
    REQUIRE(space != nullptr);
    CHECK(os::commit_readable(space, page));
    CHECK(os::commit(space, page));
    CHECK(os::purge(space, page));
    CHECK(os::unreserve(space, 2 * page));
    CHECK(errno == EDOM);

    CHECK(os::reserve(std::size_t{1} << 62) == nullptr); // exceeds the address space
    CHECK(os::reserve(0) == nullptr);
    CHECK_FALSE(os::commit(space, page)); // unmapped
    CHECK_FALSE(os::commit_readable(space, page));
    CHECK_FALSE(os::purge(space, page));
    CHECK_FALSE(os::unreserve(space + 1, page)); // not a page
    CHECK(errno == EDOM);
}

TEST_CASE("page memory: a limit on the address space is reported by the result") {
    UNIT_SKIP_IF(unit::kSanitizer, "the address space cannot be limited");
    UNIT_REQUIRE_PASSED(unit::run_here([] {
        unit::allow_address_space(std::size_t{64} << 20);
        errno = EDOM;
        REQUIRE(os::reserve(std::size_t{65} << 20) == nullptr);
        REQUIRE(errno == EDOM);
        void* const fits = os::reserve(std::size_t{32} << 20);
        REQUIRE(fits != nullptr);
        REQUIRE(errno == EDOM);
        REQUIRE(os::unreserve(fits, std::size_t{32} << 20));
    }));
}

TEST_CASE("page memory: a limit on writable memory is reported by the result") {
    UNIT_SKIP_IF(unit::kSanitizer, "writable memory cannot be limited");
    UNIT_REQUIRE_PASSED(unit::run_here([] {
        constexpr std::size_t kSize = std::size_t{64} << 20;
        auto* const space = static_cast<char*>(os::reserve(kSize));
        REQUIRE(space != nullptr);
        unit::allow_writable_memory(kSize / 2);
        errno = EDOM;
        REQUIRE_FALSE(os::commit(space, kSize));
        REQUIRE(os::commit_readable(space, kSize)); // not charged to the process
        REQUIRE(os::commit(space, kSize / 4));
        REQUIRE(errno == EDOM);
        REQUIRE(all_zero(space, kSize));
        *space = 1;
    }));
}

} // namespace
