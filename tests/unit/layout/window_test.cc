// SPDX-License-Identifier: MIT
#include "../support/build_kind.h"
#include "../support/child.h"
#include "../support/limits.h"
#include "layout/window.h"
#include "os/page_memory.h"

#include <algorithm>
#include <array>
#include <catch2/catch.hpp>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <vector>

namespace {

using namespace ashlar;         // NOLINT(google-build-using-namespace): the layer under test
using namespace ashlar::layout; // NOLINT(google-build-using-namespace): the layer under test

constexpr std::size_t kMi = std::size_t{1} << 20;
constexpr std::size_t kGi = std::size_t{1} << 30;

// A window beside the process's, of a test's own.
struct OwnWindow : Window {
    OwnWindow() = default;
    ~OwnWindow() {
        if (size != 0) os::unreserve(reinterpret_cast<void*>(base), size);
    }
    OwnWindow(const OwnWindow&) = delete;
    OwnWindow& operator=(const OwnWindow&) = delete;

    std::size_t pages() const { return size / kPageSize; }
    const char* at(std::size_t offset) const { return reinterpret_cast<const char*>(base + offset); }
};

struct Stretch {
    std::uintptr_t start;
    std::uintptr_t end;
};

Stretch of(const MetadataPart& part) {
    return {part.start(), part.start() + part.size()};
}

bool zero(const void* start, std::size_t size) {
    const auto* const bytes = static_cast<const char*>(start);
    return std::all_of(bytes, bytes + size, [](char c) { return c == 0; });
}

TEST_CASE("window: before it is reserved no address lies in it") {
    const Window none;
    const int on_stack = 0;
    CHECK_FALSE(none.contains(nullptr));
    CHECK_FALSE(none.contains(&on_stack));
    CHECK_FALSE(none.contains(&none.base));
    CHECK_FALSE(none.contains(reinterpret_cast<void*>(none.base)));
    CHECK_FALSE(none.contains(reinterpret_cast<void*>(~std::uintptr_t{0})));
    CHECK(none.metadata_committed() == 0);
}

TEST_CASE("window: its parts lie in it one after the other, guards between") {
    const std::size_t wanted =
        GENERATE(values<std::size_t>({kMinWindow, 128 * kMi, kGi, 16 * kGi, 128 * kGi}));
    OwnWindow w;
    REQUIRE(w.reserve(wanted));
    CAPTURE(wanted, w.size);
    REQUIRE(w.size == wanted);
    CHECK(w.base % kSuperslabSize == 0);

    const Stretch superslabs{reinterpret_cast<std::uintptr_t>(w.address_of(w.first_page)),
                             reinterpret_cast<std::uintptr_t>(w.address_of(w.end_page))};
    std::vector<Stretch> parts{of(w.header_lines),     superslabs,    of(w.slab_descriptors),
                               of(w.superslab_states), of(w.threads), of(w.pool)};
    CHECK(parts[0].start == w.base);
    for (const Stretch& part : parts) {
        CHECK(part.start < part.end);
        CHECK(part.start >= w.base);
        CHECK(part.end <= w.base + w.size);
        CHECK(part.start % os::page_size() == 0);
        CHECK(part.end % os::page_size() == 0);
    }
    std::sort(parts.begin(), parts.end(),
              [](const Stretch& a, const Stretch& b) { return a.start < b.start; });
    for (std::size_t i = 1; i < parts.size(); ++i)
        CHECK(parts[i - 1].end <= parts[i].start);
    CHECK(parts[1].start == superslabs.start);
    CHECK(parts[0].end + kPageSize <= superslabs.start);
    CHECK(superslabs.end + kPageSize <= parts[2].start);

    CHECK(w.first_page % kPagesPerSuperslab == 0);
    CHECK(w.end_page % kPagesPerSuperslab == 0);
    CHECK(w.header_lines.size() >= w.pages() * sizeof(AtomicPageHeader));
    CHECK(w.slab_descriptors.size() >= std::size_t{w.end_page} * kSlabDescriptorSize);
    // Most of it is for blocks.
    CHECK((w.end_page - w.first_page) * kPageSize >= w.size / 4 * 3);
    CHECK(w.metadata_committed() == 0);
}

TEST_CASE("window: what is wanted is rounded to a power of two that can be served") {
    OwnWindow none;
    CHECK(none.reserve(0));
    CHECK(none.size == kMinWindow);
    OwnWindow little;
    CHECK(little.reserve(kMinWindow - 1));
    CHECK(little.size == kMinWindow);
    OwnWindow between;
    CHECK(between.reserve(3 * kGi));
    CHECK(between.size == 2 * kGi);
}

TEST_CASE("window: more than there is gives what there is") {
    UNIT_SKIP_IF(unit::kSanitizer, "address space for terabytes is taken by shadow memory");
    OwnWindow w;
    CHECK(w.reserve(std::size_t{1} << 62));
    CHECK(w.size >= kGi);
}

TEST_CASE("window: contains its addresses and no other") {
    OwnWindow w;
    REQUIRE(w.reserve(kMinWindow));
    CHECK(w.contains(w.at(0)));
    CHECK(w.contains(w.at(w.size - 1)));
    CHECK_FALSE(w.contains(w.at(0) - 1));
    CHECK_FALSE(w.contains(w.at(0) + w.size));
    CHECK_FALSE(w.contains(nullptr));
    CHECK_FALSE(w.contains(&w));
    CHECK(w.offset_of(w.at(12345)) == 12345);
    for (const Page page : {Page{0}, Page{1}, w.first_page, w.end_page, static_cast<Page>(w.pages() - 1)}) {
        CHECK(w.page_of(w.address_of(page)) == page);
        CHECK(w.page_of(w.address_of(page) + kPageSize - 1) == page);
        CHECK(w.address_of(page) == w.at(page * kPageSize));
    }
}

TEST_CASE("window: the header of any of its addresses can be read and is zero") {
    const std::size_t wanted = GENERATE(values<std::size_t>({kMinWindow, 16 * kGi}));
    OwnWindow w;
    REQUIRE(w.reserve(wanted));
    std::size_t others = 0;
    for (std::size_t page = 0; page < w.pages(); ++page) {
        if (w.header(static_cast<Page>(page)) != PageHeader{}) ++others;
    }
    CHECK(others == 0);
    CHECK(w.header_of(w.at(0)).size_class() == 0);
    CHECK(w.header_of(w.at(w.size - 1)).size_class() == 0);
    CHECK(w.header_at(w.size - 1).shard() == 0);
}

TEST_CASE("window: headers are set for the pages named and no other") {
    OwnWindow w;
    REQUIRE(w.reserve(kMinWindow));
    const Page end = w.first_page + 3 * kPagesPerSuperslab;
    REQUIRE(w.commit_page_tables(end));
    CHECK(w.metadata_committed() >= end * (sizeof(AtomicPageHeader) + kSlabDescriptorSize));
    const PageHeader header{17, 201};
    w.set_headers(w.first_page + 5, 4, header);
    w.set_headers(end - 1, 1, header);
    for (Page page = 0; page < w.pages(); ++page) {
        const bool set = (page >= w.first_page + 5 && page < w.first_page + 9) || page == end - 1;
        if (w.header(page) != (set ? header : PageHeader{})) FAIL("page " << page);
        if (w.header_of(w.address_of(page) + 777) != w.header(page)) FAIL("address in page " << page);
        if (w.header_at(page * kPageSize + 777) != w.header(page)) FAIL("offset in page " << page);
    }
    w.set_headers(w.first_page + 5, 4, PageHeader{});
    CHECK(w.header(w.first_page + 5) == PageHeader{});
    CHECK(zero(reinterpret_cast<void*>(w.slab_descriptors.start()), end * kSlabDescriptorSize));
}

TEST_CASE("window: page tables for all of it") {
    OwnWindow w;
    REQUIRE(w.reserve(kMinWindow));
    REQUIRE(w.commit_page_tables(w.end_page));
    w.set_headers(w.end_page - 1, 1, PageHeader{1, 1});
    std::memset(reinterpret_cast<void*>(w.slab_descriptors.start()), 1, w.end_page * kSlabDescriptorSize);
    CHECK(w.header(w.end_page - 1) == PageHeader{1, 1});
    CHECK(w.header(w.end_page) == PageHeader{});
}

TEST_CASE("window: a header tells its class and whose it is") {
    for (unsigned c = 0; c < 256; ++c) {
        for (unsigned s = 0; s < 256; ++s) {
            const PageHeader header{static_cast<SizeClass>(c), static_cast<Shard>(s)};
            if (header.size_class() != c || header.shard() != s) FAIL("class " << c << ", shard " << s);
            if (header.class_within(ShardWord(static_cast<Shard>(s))) != c) FAIL("own shard " << s);
            const unsigned elsewhere = header.class_within(ShardWord(static_cast<Shard>(s ^ 1)));
            if (elsewhere < 256 || (elsewhere & 0xff) != c) FAIL("shard " << s << " seen from another");
        }
    }
    CHECK(PageHeader{} == PageHeader{0, 0});
    CHECK(ShardWord(200).shard() == 200);
    CHECK(ShardWord{}.shard() == 0);
}

TEST_CASE("window: a limited address space is shared") {
    UNIT_SKIP_IF(unit::kSanitizer, "the address space cannot be limited");
    const std::size_t more =
        GENERATE(values<std::size_t>({32 * kMi, 60 * kMi, 100 * kMi, 130 * kMi, 140 * kMi, 200 * kMi,
                                      300 * kMi, 600 * kMi, kGi, 3 * kGi, 40 * kGi}));
    UNIT_REQUIRE_PASSED(unit::run_here([more] {
        OwnWindow w;
        unit::allow_address_space(more);
        const std::size_t before = unit::address_space();
        const bool done = w.reserve(std::size_t{1} << 40);
        const std::size_t taken = unit::address_space() - before;
        CAPTURE(more, done, w.size, taken);
        if (!done) {
            REQUIRE(more < 4 * kMinWindow);
            REQUIRE(taken == 0);
            REQUIRE(w.size == 0);
            REQUIRE_FALSE(w.contains(&w));
            return;
        }
        REQUIRE(w.size >= kMinWindow);
        REQUIRE(w.size <= more / 2);
        REQUIRE(w.size >= more / 8);
        REQUIRE(taken <= w.size + kSuperslabSize);
        // As much as was taken is left to others.
        void* const rest = os::reserve(w.size - kSuperslabSize);
        REQUIRE(rest != nullptr);
        REQUIRE(w.commit_page_tables(w.end_page));
    }));
}

TEST_CASE("window: a small one that was asked for is had if it fits") {
    UNIT_SKIP_IF(unit::kSanitizer, "the address space cannot be limited");
    UNIT_REQUIRE_PASSED(unit::run_here([] {
        OwnWindow w;
        unit::allow_address_space(kMinWindow + 8 * kMi);
        REQUIRE(w.reserve(kMinWindow));
        REQUIRE(w.size == kMinWindow);
    }));
    UNIT_REQUIRE_PASSED(unit::run_here([] {
        OwnWindow w;
        unit::allow_address_space(kMinWindow - 8 * kMi);
        REQUIRE_FALSE(w.reserve(kMinWindow));
    }));
}

// ---- Parts
// -------------------------------------------------------------------------------------------------

// Address space for one part, as long as a test runs.
class OwnPart {
  public:
    explicit OwnPart(std::size_t size) : size_(size), start_(os::reserve(size)) {
        REQUIRE(start_ != nullptr);
        part.place(reinterpret_cast<std::uintptr_t>(start_), size);
    }
    ~OwnPart() { os::unreserve(start_, size_); }
    OwnPart(const OwnPart&) = delete;
    OwnPart& operator=(const OwnPart&) = delete;

    char* bytes() const { return static_cast<char*>(start_); }
    MetadataPart part{};

  private:
    std::size_t size_;
    void* start_;
};

TEST_CASE("window: a part becomes usable in steps") {
    constexpr std::size_t kSize = 32 * kMi;
    OwnPart own(kSize);
    CHECK(own.part.committed() == 0);
    unsigned steps = 0;
    for (std::size_t needed = 1; needed <= kSize; needed += 40'000) {
        const std::size_t before = own.part.committed();
        REQUIRE(own.part.grow_to(needed));
        const std::size_t after = own.part.committed();
        if (after < needed || after > kSize || after < before)
            FAIL(needed << " needed, " << after << " usable");
        if (after != before) {
            ++steps;
            if (!zero(own.bytes() + before, after - before)) FAIL("not zero");
            std::memset(own.bytes() + before, 1, after - before);
        }
    }
    CHECK(steps < 100); // of the 800 requests
    CHECK(own.part.grow_to(kSize));
    CHECK(own.part.committed() == kSize);
    CHECK_FALSE(own.part.grow_to(kSize + 1));
    CHECK(own.part.committed() == kSize);
    CHECK(own.part.grow_to(0));
}

TEST_CASE("window: a part grows at once to what is needed") {
    OwnPart own(32 * kMi);
    CHECK(own.part.grow_to(20 * kMi));
    CHECK(own.part.committed() >= 20 * kMi);
    std::memset(own.bytes(), 1, 20 * kMi);
    CHECK_FALSE(own.part.grow_to(33 * kMi));
    CHECK(own.part.grow_to(32 * kMi));
}

TEST_CASE("window: a part makes do with what is needed when memory is short") {
    UNIT_SKIP_IF(unit::kSanitizer, "writable memory cannot be limited");
    UNIT_REQUIRE_PASSED(unit::run_here([] {
        OwnPart own(64 * kMi);
        REQUIRE(own.part.grow_to(32 * kMi)); // the next step is large now
        const std::size_t before = own.part.committed();
        unit::allow_writable_memory(256 * 1024);
        REQUIRE(own.part.grow_to(before + 1));
        own.bytes()[before] = 1;
        REQUIRE_FALSE(own.part.grow_to(before + kMi));
        const std::size_t after = own.part.committed();
        REQUIRE(after > before);
        REQUIRE(after < before + kMi);
        unit::allow_any_amount();
        REQUIRE(own.part.grow_to(before + kMi));
        REQUIRE(own.bytes()[before] == 1);
    }));
}

} // namespace
