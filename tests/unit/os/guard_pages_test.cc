// SPDX-License-Identifier: MIT
#include "os/guard_pages.h"
#include "os/page_memory.h"

#include <array>
#include <catch2/catch.hpp>
#include <cerrno>
#include <cstddef>
#include <string>
#include <sys/mman.h>
#include <unistd.h>

namespace {

using namespace ashlar; // NOLINT(google-build-using-namespace): the layer under test

class Pages {
  public:
    static constexpr std::size_t kCount = 8;

    Pages() {
        void* const mapped =
            ::mmap(nullptr, size(), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        REQUIRE(mapped != MAP_FAILED);
        start_ = static_cast<char*>(mapped);
        for (std::size_t i = 0; i < kCount; ++i)
            *at(i) = 1;
    }
    ~Pages() { ::munmap(start_, size()); }
    Pages(const Pages&) = delete;
    Pages& operator=(const Pages&) = delete;

    char* at(std::size_t number) const { return start_ + number * os::page_size(); }
    static std::size_t size() { return kCount * os::page_size(); }

    // Returns a letter per page: accessible or not. The kernel makes the accesses.
    std::string shape() const {
        std::array<int, 2> ends{};
        REQUIRE(::pipe(ends.data()) == 0);
        std::string letters;
        for (std::size_t i = 0; i < kCount; ++i)
            letters += ::write(ends[1], at(i), 1) == 1 ? '.' : 'G';
        ::close(ends[0]);
        ::close(ends[1]);
        return letters;
    }

  private:
    char* start_ = nullptr;
};

TEST_CASE("guard pages: raised and lowered in parts, beside memory that stays") {
    const Pages pages;
    const std::size_t page = os::page_size();
    errno = E2BIG;
    REQUIRE(os::raise_guard(pages.at(1), 2 * page));
    REQUIRE(os::raise_guard(pages.at(2), 2 * page)); // one page is guarded already
    CHECK(errno == E2BIG);
    CHECK(pages.shape() == ".GGG....");
    REQUIRE(os::lower_guard(pages.at(2), page));
    CHECK(pages.shape() == ".G.G....");
    *pages.at(2) = 1;
    CHECK(*pages.at(0) == 1);
    CHECK(*pages.at(4) == 1);
    REQUIRE(os::lower_guard(pages.at(0), Pages::size()));
    CHECK(pages.shape() == "........");
}

TEST_CASE("guard pages: locked memory has them too") {
    const Pages pages;
    const std::size_t page = os::page_size();
    if (::mlock(pages.at(2), 2 * page) != 0) return; // the limit forbids a lock
    REQUIRE(os::raise_guard(pages.at(1), 4 * page));
    CHECK(pages.shape() == ".GGGG...");
    REQUIRE(os::lower_guard(pages.at(1), 4 * page));
    CHECK(pages.shape() == "........");
}

TEST_CASE("guard pages: purging leaves them, a new mapping does not") {
    const Pages pages;
    REQUIRE(os::raise_guard(pages.at(3), os::page_size()));
    REQUIRE(os::purge(pages.at(0), Pages::size()));
    CHECK(pages.shape() == "...G....");
    REQUIRE(os::renew(pages.at(0), Pages::size()) == os::Change::kDone);
    CHECK(pages.shape() == "........");
}

TEST_CASE("guard pages: where nothing is mapped it is refused") {
    char* nowhere = nullptr;
    {
        const Pages pages;
        nowhere = pages.at(0);
    }
    CHECK_FALSE(os::raise_guard(nowhere, os::page_size()));
}

TEST_CASE("page memory: whether most of a range is in memory") {
    const std::size_t page = os::page_size();
    constexpr std::size_t kPages = 1600;
    void* const mapped =
        ::mmap(nullptr, kPages * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    REQUIRE(mapped != MAP_FAILED);
    auto* const start = static_cast<char*>(mapped);
    ::madvise(start, kPages * page, MADV_NOHUGEPAGE);
    CHECK_FALSE(os::mostly_resident(start, kPages * page));
    for (std::size_t i = 0; i < kPages * 3 / 4; ++i)
        start[i * page] = 1;
    CHECK_FALSE(os::mostly_resident(start, kPages * page));
    for (std::size_t i = 0; i < kPages * 9 / 10; ++i)
        start[i * page] = 1;
    CHECK(os::mostly_resident(start, kPages * page));
    ::munmap(mapped, kPages * page);
}

} // namespace
