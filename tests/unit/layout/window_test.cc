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
#include <memory>
#include <sys/mman.h>
#include <vector>

namespace {

using namespace ashlar;         // NOLINT(google-build-using-namespace): the layer under test
using namespace ashlar::layout; // NOLINT(google-build-using-namespace): the layer under test

constexpr std::size_t kMi = std::size_t{1} << 20;
constexpr std::size_t kGi = std::size_t{1} << 30;

using os::Hold;

// A window of the test, besides the window of the process.
struct OwnWindow : Window {
    OwnWindow() = default;
    ~OwnWindow() {
        if (end_slice == 0) return;
        for (MetadataPart* part : {&header_lines, &slab_descriptors, &superslab_states, &threads, &pool})
            part->give_up();
    }
    OwnWindow(const OwnWindow&) = delete;
    OwnWindow& operator=(const OwnWindow&) = delete;

    const char* at(std::size_t offset) const { return reinterpret_cast<const char*>(base + offset); }
    void open_up_to(Slice end) {
        REQUIRE(grow_slice_tables(end));
        set_headers(first_slice, end - first_slice, kUnused);
        publish(end);
    }
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

TEST_CASE("window: before it is open no address lies in it") {
    const Window none;
    const int on_stack = 0;
    CHECK_FALSE(none.contains(nullptr));
    CHECK_FALSE(none.contains(&on_stack));
    CHECK_FALSE(none.contains(&none.base));
    CHECK_FALSE(none.contains(reinterpret_cast<void*>(none.base)));
    CHECK_FALSE(none.contains(reinterpret_cast<void*>(~std::uintptr_t{0})));
    CHECK_FALSE(none.in_tables(nullptr));
    CHECK_FALSE(none.in_tables(&none));
    CHECK(none.metadata_committed() == 0);
}

TEST_CASE("window: its tables lie one after the other, apart from each other and from the superslabs") {
    const std::size_t wanted =
        GENERATE(values<std::size_t>({kMinWindow, 128 * kMi, kGi, 16 * kGi, 64 * kGi}));
    const Hold hold = GENERATE(Hold::kClaimed, Hold::kReserved);
    OwnWindow w;
    REQUIRE(w.open(wanted, hold));
    CAPTURE(wanted, w.base);
    REQUIRE(w.capacity() == wanted);
    CHECK(w.base % kSuperslabSize == 0);

    std::vector<Stretch> parts{
        of(w.header_lines), of(w.slab_descriptors), of(w.superslab_states), of(w.threads),
        of(w.pool),         of(w.live_bytes)};
    for (const Stretch& part : parts) {
        CHECK(part.start < part.end);
        CHECK(part.end + kSliceSize <= w.base);
        CHECK(part.start % os::page_size() == 0);
        CHECK(part.end % os::page_size() == 0);
        CHECK(w.in_tables(reinterpret_cast<void*>(part.start)));
        CHECK(w.in_tables(reinterpret_cast<void*>(part.end - 1)));
    }
    CHECK_FALSE(w.in_tables(reinterpret_cast<void*>(parts.front().start - 1)));
    CHECK_FALSE(w.in_tables(w.address_of(w.first_slice)));
    for (std::size_t i = 1; i < parts.size(); ++i)
        CHECK(parts[i - 1].end + kSliceSize <= parts[i].start);

    CHECK(w.first_slice % kSlicesPerSuperslab == 0);
    CHECK(w.end_slice % kSlicesPerSuperslab == 0);
    CHECK(w.header_lines.size() >= w.end_slice * sizeof(AtomicSliceHeader));
    CHECK(w.slab_descriptors.size() >= std::size_t{w.end_slice} * kSlabDescriptorSize);
    CHECK(w.live_bytes.size() >= w.capacity() / kAlignment);
    CHECK(w.metadata_committed() <= 5 * 64 * 1024);
}

TEST_CASE("window: what is wanted is rounded to a power of two that can be served") {
    OwnWindow none;
    CHECK(none.open(0));
    CHECK(none.capacity() == kMinWindow);
    OwnWindow little;
    CHECK(little.open(kMinWindow - 1));
    CHECK(little.capacity() == kMinWindow);
    OwnWindow between;
    CHECK(between.open(3 * kGi));
    CHECK(between.capacity() == 2 * kGi);
}

TEST_CASE("window: more than there is gives what there is") {
    UNIT_SKIP_IF(unit::kSanitizer, "address space for terabytes is taken by shadow memory");
    OwnWindow w;
    CHECK(w.open(std::size_t{1} << 62));
    CHECK(w.capacity() >= 64 * kGi);
}

TEST_CASE("window: claimed addresses cost next to none") {
    UNIT_SKIP_IF(unit::kSanitizer, "address space is taken by shadow memory");
    const std::size_t before = unit::address_space();
    OwnWindow w;
    REQUIRE(w.open(std::size_t{1} << 62));
    CHECK(w.hold == Hold::kClaimed);
    CHECK(unit::address_space() - before <= kMi);
}

TEST_CASE("window: several in one process find places of their own") {
    std::vector<std::unique_ptr<OwnWindow>> windows;
    for (unsigned i = 0; i < 16; ++i) {
        windows.push_back(std::make_unique<OwnWindow>());
        REQUIRE(windows.back()->open(kMinWindow));
        windows.back()->open_up_to(windows.back()->first_slice + kSlicesPerSuperslab);
    }
    for (const auto& w : windows) {
        for (const auto& other : windows)
            CHECK(w->contains(other->address_of(other->first_slice)) == (w == other));
    }
}

TEST_CASE("window: contains what is open and nothing else") {
    OwnWindow w;
    REQUIRE(w.open(kMinWindow));
    CHECK_FALSE(w.contains(w.address_of(w.first_slice)));
    w.open_up_to(w.first_slice + 2 * kSlicesPerSuperslab);
    CHECK(w.contains(w.address_of(w.first_slice)));
    CHECK(w.contains(w.address_of(w.first_slice + 2 * kSlicesPerSuperslab) - 1));
    CHECK_FALSE(w.contains(w.at(0)));
    CHECK_FALSE(w.contains(w.address_of(w.first_slice) - 1));
    CHECK_FALSE(w.contains(w.address_of(w.first_slice + 2 * kSlicesPerSuperslab)));
    CHECK_FALSE(w.contains(nullptr));
    CHECK_FALSE(w.contains(&w));
    CHECK(w.offset_of(w.at(12345)) == 12345);
    w.set_headers(w.first_slice + kSlicesPerSuperslab, kSlicesPerSuperslab, kNotOurs); // e.g. withdrawn
    CHECK(w.contains(w.address_of(w.first_slice + kSlicesPerSuperslab) - 1));
    CHECK_FALSE(w.contains(w.address_of(w.first_slice + kSlicesPerSuperslab)));
    for (const Slice slice : {Slice{0}, Slice{1}, w.first_slice, static_cast<Slice>(w.end_slice - 1)}) {
        CHECK(w.slice_of(w.address_of(slice)) == slice);
        CHECK(w.slice_of(w.address_of(slice) + kSliceSize - 1) == slice);
        CHECK(w.address_of(slice) == w.at(slice * kSliceSize));
    }
}

TEST_CASE("window: one comparison sees external and misaligned addresses alike") {
    OwnWindow w;
    REQUIRE(w.open(kMinWindow));
    w.open_up_to(w.first_slice + kSlicesPerSuperslab);
    const auto reaches = [&w](const char* address) { return w.reaches_sixteenth(w.sixteenths_of(address)); };
    const char* const start = w.address_of(w.first_slice);
    const char* const end = start + kSuperslabSize;
    for (std::size_t offset = 0; offset < 64; ++offset) {
        CHECK(reaches(start + offset) == (offset % kAlignment == 0));
        CHECK(reaches(end - 64 + offset) == (offset % kAlignment == 0));
        CHECK_FALSE(reaches(end + offset));
        CHECK_FALSE(reaches(w.at(0) - 1 - offset));
    }
    CHECK_FALSE(reaches(nullptr));
    CHECK(w.header_of_sixteenth(w.sixteenths_of(start + 16)) == kUnused);
}

TEST_CASE("window: headers are set for the slices named and no other") {
    OwnWindow w;
    REQUIRE(w.open(kMinWindow));
    const Slice end = w.first_slice + 3 * kSlicesPerSuperslab;
    w.open_up_to(end);
    CHECK(w.metadata_committed() >= end * (sizeof(AtomicSliceHeader) + kSlabDescriptorSize));
    const SliceHeader header{17, 201};
    w.set_headers(w.first_slice + 5, 4, header);
    w.set_headers(end - 1, 1, header);
    for (Slice slice = 0; slice < end; ++slice) {
        const bool set = (slice >= w.first_slice + 5 && slice < w.first_slice + 9) || slice == end - 1;
        const SliceHeader expected = set ? header : slice < w.first_slice ? kNotOurs : kUnused;
        if (w.header(slice) != expected) FAIL("slice " << slice);
        if (w.header_of(w.address_of(slice) + 777) != w.header(slice)) FAIL("address in slice " << slice);
        if (w.header_at(slice * kSliceSize + 777) != w.header(slice)) FAIL("offset in slice " << slice);
        if (w.header_of_sixteenth(w.sixteenths_of(w.address_of(slice) + 768)) != w.header(slice)) {
            FAIL("aligned address in slice " << slice);
        }
    }
    CHECK(zero(reinterpret_cast<void*>(w.slab_descriptors.start()), end * kSlabDescriptorSize));
}

TEST_CASE("window: slice tables for all of it") {
    OwnWindow w;
    REQUIRE(w.open(kMinWindow, GENERATE(Hold::kClaimed, Hold::kReserved)));
    w.open_up_to(w.end_slice);
    w.set_headers(w.end_slice - 1, 1, SliceHeader{1, 1});
    std::memset(reinterpret_cast<void*>(w.slab_descriptors.start()), 1, w.end_slice * kSlabDescriptorSize);
    CHECK(w.header(w.end_slice - 1) == SliceHeader{1, 1});
    CHECK(w.header(w.end_slice - 2) == kUnused);
}

TEST_CASE("window: a header tells its class and whose it is") {
    for (unsigned c = 0; c < 256; ++c) {
        for (unsigned s = 0; s < 256; ++s) {
            const SliceHeader header{static_cast<SizeClass>(c), static_cast<Shard>(s)};
            if (header.size_class() != c || header.shard() != s) FAIL("class " << c << ", shard " << s);
            if (header.class_within(ShardWord(static_cast<Shard>(s))) != c) FAIL("own shard " << s);
            const unsigned elsewhere = header.class_within(ShardWord(static_cast<Shard>(s ^ 1)));
            if (elsewhere < 256 || (elsewhere & 0xff) != c) FAIL("shard " << s << " seen from another");
        }
    }
    CHECK(SliceHeader{} == SliceHeader{0, 0});
    CHECK(ShardWord(200).shard() == 200);
    CHECK(ShardWord{}.shard() == 0);
}

TEST_CASE("window: without address space for its tables there is none") {
    UNIT_SKIP_IF(unit::kSanitizer, "the address space cannot be limited");
    UNIT_REQUIRE_PASSED(unit::run_here([] {
        OwnWindow w;
        unit::allow_address_space(200 * 1024);
        const std::size_t before = unit::address_space();
        REQUIRE_FALSE(w.open(std::size_t{1} << 40));
        REQUIRE(unit::address_space() == before);
        REQUIRE_FALSE(w.contains(&w));
    }));
}

TEST_CASE("window: where the kernel chooses, a limited address space is shared") {
    UNIT_SKIP_IF(unit::kSanitizer, "the address space cannot be limited");
    const std::size_t more =
        GENERATE(values<std::size_t>({32 * kMi, 100 * kMi, 200 * kMi, 300 * kMi, kGi, 3 * kGi}));
    UNIT_REQUIRE_PASSED(unit::run_here([more] {
        OwnWindow w;
        unit::allow_address_space(more);
        const std::size_t before = unit::address_space();
        const bool done = w.open(std::size_t{1} << 40, Hold::kReserved);
        const std::size_t taken = unit::address_space() - before;
        CAPTURE(more, done, w.capacity(), taken);
        if (!done) {
            REQUIRE(more < 4 * kMinWindow);
            REQUIRE(taken == 0);
            return;
        }
        REQUIRE(w.capacity() >= kMinWindow);
        REQUIRE(w.capacity() <= more / 2);
        REQUIRE(w.capacity() >= more / 8);
        w.open_up_to(w.end_slice);
    }));
}

// ---- Parts

// Address space for one part, released by the destructor. Claimed parts grow into a hole of that size.
class OwnPart {
  public:
    explicit OwnPart(std::size_t size, Hold hold = Hold::kReserved) : size_(size), start_(os::reserve(size)) {
        REQUIRE(start_ != nullptr);
        if (hold == Hold::kClaimed) os::unreserve(start_, size);
        part.place(reinterpret_cast<std::uintptr_t>(start_), size, hold);
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
    CHECK(steps < 100); // for 800 requests
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

// The kernel maps nothing in the hole during the test: the process has one thread, and mappings are in order.
UNIT_TEST_CASE_IN_CHILD("window: a stranger ends the growth of a part", unit::kNoHeap) {
    constexpr std::size_t kSize = 8 * kMi;
    OwnPart own(kSize, Hold::kClaimed);
    char* const stranger = own.bytes() + kMi;
    REQUIRE(::mmap(stranger, os::page_size(), PROT_READ | PROT_WRITE,
                   MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0) == stranger);
    *stranger = 7;
    REQUIRE(own.part.grow_to(kMi)); // all memory before the stranger's page
    std::memset(own.bytes(), 1, kMi);
    REQUIRE_FALSE(own.part.is_blocked());
    REQUIRE_FALSE(own.part.grow_to(kMi + 1));
    REQUIRE(own.part.is_blocked());
    REQUIRE_FALSE(own.part.grow_to(2 * kMi));
    REQUIRE(own.part.committed() == kMi);
    REQUIRE(*stranger == 7);
    own.part.give_up();
    REQUIRE(*stranger == 7);
}

} // namespace
