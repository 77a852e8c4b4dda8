// SPDX-License-Identifier: MIT
//
// Blocks above the size classes, through the heap.
#include "../support/build_kind.h"
#include "../support/child.h"
#include "../support/mappings.h"
#include "../support/random.h"
#include "heap/heap.h"
#include "layout/superslab.h"

#include <ashlar/ashlar.h>

#include <algorithm>
#include <atomic>
#include <barrier>
#include <catch2/catch.hpp>
#include <cerrno>
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <sched.h>
#include <sys/mman.h>
#include <thread>
#include <utility>
#include <vector>

namespace {

using namespace ashlar; // NOLINT(google-build-using-namespace): the layer under test

using layout::kMaxClassSize;
using layout::kSliceSize;
using layout::window;

constexpr std::size_t kMi = std::size_t{1} << 20;

std::size_t large_bytes() {
    ashlar_statistics statistics{};
    REQUIRE(ashlar_get_statistics(&statistics, sizeof(statistics)) == 0);
    return statistics.large;
}

// Writes a distinct value to every 4 KiB.
void stamp(void* block, std::size_t size, std::uint64_t key) {
    for (std::size_t at = 0; at + sizeof(key) <= size; at += 4096) {
        const std::uint64_t value = key + at;
        std::memcpy(static_cast<char*>(block) + at, &value, sizeof(value));
    }
}

bool stamped(const void* block, std::size_t size, std::uint64_t key) {
    for (std::size_t at = 0; at + sizeof(key) <= size; at += 4096) {
        std::uint64_t value = 0;
        std::memcpy(&value, static_cast<const char*>(block) + at, sizeof(value));
        if (value != key + at) return false;
    }
    return true;
}

TEST_CASE("large: every size takes the pages it needs and gives them back") {
    const std::size_t before = large_bytes();
    for (const std::size_t size : {kMaxClassSize + 1, kSliceSize, kSliceSize + 1, kMi, 2 * kMi, 2 * kMi + 1,
                                   5 * kMi + 12345, 100 * kMi}) {
        CAPTURE(size);
        void* const block = heap::allocate(size);
        REQUIRE(window.contains(block));
        CHECK(heap::usable_size(block) == (size + kSliceSize - 1) / kSliceSize * kSliceSize);
        CHECK(large_bytes() == before + heap::usable_size(block));
        stamp(block, size, 7);
        CHECK(stamped(block, size, 7));
        heap::release(block);
        CHECK(large_bytes() == before);
    }
}

TEST_CASE("large: a zeroed block is zero whether its memory was used or not") {
    for (unsigned round = 0; round < 4; ++round) {
        const std::size_t size = 3 * kMi + round;
        auto* const block = static_cast<unsigned char*>(heap::allocate_zeroed(1, size));
        REQUIRE(std::all_of(block, block + size, [](unsigned char c) { return c == 0; }));
        std::memset(block, 0xff, size);
        heap::release(block);
        if (round == 1) heap::trim(0);
    }
}

ashlar_statistics statistics() {
    ashlar_statistics found{};
    REQUIRE(ashlar_get_statistics(&found, sizeof(found)) == 0);
    return found;
}

// Requests a size until the thread keeps released blocks of that size.
void* ask_often(std::size_t size) {
    void* block = nullptr;
    for (unsigned i = 0; i < 10; ++i) {
        heap::release(block);
        block = heap::allocate(size);
        std::memset(block, 1, size);
    }
    return block;
}

UNIT_TEST_CASE_IN_CHILD("large: a thread keeps what it asks for again and again", unit::kDefaultHeap) {
    constexpr std::size_t kSize = 3 * kSliceSize;
    heap::release(heap::allocate(100));
    const std::size_t pages_before = layout::superslabs.slices_in_use();
    const ashlar_statistics before = statistics();
    void* const block = ask_often(kSize);
    REQUIRE(statistics().large == before.large + kSize);
    heap::release(block);
    REQUIRE(layout::superslabs.slices_in_use() == pages_before + 3);
    const ashlar_statistics kept = statistics();
    CHECK(kept.large == before.large);
    CHECK(kept.allocated == before.allocated);
    CHECK(kept.slabs == before.slabs + kSize);
    CHECK(kept.cached == before.cached + kSize);
    // Other threads see a free block.
    UNIT_REQUIRE_ABORTED("a large block that was freed or moved before",
                         unit::run_here([&] { heap::release(block); }));
    UNIT_REQUIRE_ABORTED("a large block that was freed or moved before",
                         unit::run_here([&] { heap::usable_size(block); }));
    UNIT_REQUIRE_ABORTED("a large block that was freed or moved before",
                         unit::run_here([&] { heap::resize(block, 1); }));
    REQUIRE(heap::allocate(kSize) == block);
    CHECK(statistics().large == before.large + kSize);
    CHECK(statistics().cached == before.cached);
    heap::release(block);
    const auto* const zeroed = static_cast<unsigned char*>(heap::allocate_zeroed(1, kSize));
    CHECK(std::all_of(zeroed, zeroed + kSize, [](unsigned char c) { return c == 0; }));
    heap::release(const_cast<unsigned char*>(zeroed));
    heap::trim(0);
    CHECK(layout::superslabs.slices_in_use() < pages_before + 3);
    CHECK(statistics().cached == 0);
}

UNIT_TEST_CASE_IN_CHILD("large: what a thread keeps goes with it, and to whom it is passed",
                        unit::kDefaultHeap) {
    constexpr std::size_t kSize = 2 * kSliceSize;
    void* block = nullptr;
    std::thread([&] { block = ask_often(kSize); }).join();
    CHECK(statistics().large == kSize);
    std::thread([&] {
        void* const own = ask_often(kSize);
        heap::release(block);
        REQUIRE(heap::allocate(kSize) == block);
        heap::release(own);
        heap::release(block);
        CHECK(statistics().cached >= 2 * kSize);
    }).join();
    CHECK(statistics().large == 0);
    CHECK(statistics().cached == 0);
    heap::trim(0);
    CHECK(layout::superslabs.slices_in_use() == 0);
}

UNIT_TEST_CASE_IN_CHILD("large: what nobody asks for any more is given back", "purge_delay_ms:20") {
    constexpr std::size_t kSize = 2 * kSliceSize;
    heap::release(ask_often(kSize));
    REQUIRE(statistics().cached >= kSize);
    // Other work of the thread causes the slow calls that check its kept runs.
    std::vector<void*> blocks(20'000); // more than a stack holds
    while (statistics().cached >= kSize) {
        for (void*& each : blocks)
            each = heap::allocate(16);
        for (void* const each : blocks)
            heap::release(each);
    }
}

UNIT_TEST_CASE_IN_CHILD("large: what makes room for others among what a thread keeps is purged in time",
                        "background:true,purge_delay_ms:20") {
    constexpr std::size_t kSize = kSliceSize - 100;
    heap::release(ask_often(kSize));
    std::vector<void*> blocks(800);
    for (void*& block : blocks) {
        block = heap::allocate(kSize);
        std::memset(block, 1, kSize);
    }
    while (statistics().dirty != 0) // the background thread purges, and is idle then
        sched_yield();
    for (void* const block : blocks)
        heap::release(block);
    while (statistics().dirty != 0)
        sched_yield();
}

UNIT_TEST_CASE_IN_CHILD("large: nothing is kept with a cache of nothing", "thread_cache:0") {
    heap::release(ask_often(kSliceSize));
    REQUIRE(layout::superslabs.slices_in_use() == 0);
}

UNIT_TEST_CASE_IN_CHILD("large: what other threads kept is free memory of the forked child",
                        unit::kDefaultHeap) {
    std::barrier kept(2);
    std::barrier forked(2);
    std::thread other([&] {
        heap::release(ask_often(2 * kSliceSize));
        kept.arrive_and_wait();
        forked.arrive_and_wait();
    });
    kept.arrive_and_wait();
    REQUIRE(statistics().cached >= 2 * kSliceSize);
    UNIT_REQUIRE_PASSED(unit::run_here([&] {
        REQUIRE(statistics().large == 0);
        REQUIRE(statistics().allocated == 0);
        REQUIRE(statistics().cached >= 2 * kSliceSize);
        heap::trim(0);
        REQUIRE(statistics().allocated == 0);
        REQUIRE(statistics().cached == 0);
        REQUIRE(layout::superslabs.large_slices() == 0);
    }));
    forked.arrive_and_wait();
    other.join();
}

UNIT_TEST_CASE_IN_CHILD("large: a forked child has what its thread kept", unit::kDefaultHeap) {
    constexpr std::size_t kSize = 2 * kSliceSize;
    void* const block = ask_often(kSize);
    heap::release(block);
    UNIT_REQUIRE_PASSED(unit::run_here([&] {
        REQUIRE(heap::allocate(kSize) == block);
        heap::release(block);
        heap::trim(0);
        REQUIRE(statistics().cached == 0);
    }));
    REQUIRE(heap::allocate(kSize) == block);
    heap::release(block);
}

TEST_CASE("large: alignments beyond a page") {
    const std::size_t before = large_bytes();
    for (std::size_t alignment = kSliceSize; alignment <= 256 * kMi; alignment *= 2) {
        for (const std::size_t size : {std::size_t{1}, kSliceSize, 3 * kMi}) {
            CAPTURE(alignment, size);
            void* const block = heap::allocate_aligned(alignment, size);
            REQUIRE(window.contains(block));
            CHECK(reinterpret_cast<std::uintptr_t>(block) % alignment == 0);
            std::memset(block, 1, size);
            heap::release(block);
        }
    }
    CHECK(large_bytes() == before);
}

TEST_CASE("large: a block grows into free neighbours and shrinks in place") {
    const std::size_t pages = 64;
    void* const block = heap::allocate(pages * kSliceSize);
    stamp(block, pages * kSliceSize, 1);
    REQUIRE(heap::resize(block, kSliceSize * 40) == block);
    CHECK(heap::usable_size(block) == kSliceSize * 40);
    REQUIRE(heap::resize(block, kSliceSize * 64) == block); // the slices that the block just returned
    CHECK(stamped(block, kSliceSize * 40, 1));
    stamp(block, pages * kSliceSize, 2);
    void* const small = heap::resize(block, 1000);
    CHECK(small != block);
    CHECK(stamped(small, 1000, 2));
    heap::release(small);
}

TEST_CASE("large: a block that cannot grow in place moves without its bytes, and leaves zeroes") {
    const std::size_t size = 5 * kMi;
    void* block = heap::allocate(size);
    for (std::uint64_t round = 1; round <= 20; ++round) {
        void* const in_the_way = heap::allocate(kSliceSize); // in the lowest free slice
        void* const behind = heap::allocate(3 * kMi);
        stamp(block, size * round, round << 40);
        void* const moved = heap::resize(block, size * (round + 1));
        REQUIRE(stamped(moved, size * round, round << 40));
        heap::release(behind);
        heap::release(in_the_way);
        auto* const zeroed = static_cast<unsigned char*>(heap::allocate_zeroed(1, size));
        REQUIRE(std::all_of(zeroed, zeroed + size, [](unsigned char c) { return c == 0; }));
        heap::release(zeroed);
        block = moved;
    }
    heap::release(block);
}

TEST_CASE("large: moved blocks leave no mappings behind") {
    layout::superslabs.purge_all();
    const std::size_t before = unit::count_mappings();
    for (unsigned round = 0; round < 200; ++round) {
        void* a = heap::allocate(5 * kMi);
        void* const b = heap::allocate(5 * kMi);
        std::memset(a, 1, 5 * kMi);
        a = heap::resize(a, 9 * kMi);
        heap::release(a);
        heap::release(b);
    }
    CHECK(unit::count_mappings() <= before + 100);
    layout::superslabs.purge_all();
    CHECK(unit::count_mappings() <= before + 10);
}

// Many blocks grow, so their places, warm slices and room lie all over the heap.
TEST_CASE("large: blocks that grow never overlap") {
    unit::Random random;
    CAPTURE(random.seed());
    struct Block {
        unsigned char* start;
        std::size_t size;
    };
    std::vector<Block> blocks;
    const auto check = [&](const Block& b, std::size_t size) {
        const auto mark = static_cast<unsigned char>(reinterpret_cast<std::uintptr_t>(b.start) >> 16);
        for (std::size_t at = 0; at < size; at += kSliceSize) {
            if (b.start[at] != mark)
                FAIL("page " << at / kSliceSize << " of " << size << " bytes was changed");
        }
    };
    const auto mark = [](const Block& b) {
        for (std::size_t at = 0; at < b.size; at += kSliceSize)
            b.start[at] = static_cast<unsigned char>(reinterpret_cast<std::uintptr_t>(b.start) >> 16);
    };
    for (unsigned step = 0; step < 4000; ++step) {
        if (blocks.size() < 60 || random.chance(50)) {
            const std::size_t size = random.between(300 << 10, 4 * kMi);
            blocks.push_back({static_cast<unsigned char*>(heap::allocate(size)), size});
            mark(blocks.back());
            continue;
        }
        std::swap(blocks[random.below(blocks.size())], blocks.back());
        Block& b = blocks.back();
        check(b, b.size);
        if (random.chance(50) && b.size < 16 * kMi) {
            const auto before = static_cast<unsigned char>(reinterpret_cast<std::uintptr_t>(b.start) >> 16);
            const std::size_t old_size = b.size;
            b.size *= 2;
            b.start = static_cast<unsigned char*>(heap::resize(b.start, b.size));
            for (std::size_t at = 0; at < old_size; at += kSliceSize)
                if (b.start[at] != before) FAIL("page " << at / kSliceSize << " was lost in resize");
            mark(b);
        } else {
            heap::release(b.start);
            blocks.pop_back();
        }
        while (blocks.size() > 120) {
            check(blocks.back(), blocks.back().size);
            heap::release(blocks.back().start);
            blocks.pop_back();
        }
    }
    for (const Block& b : blocks) {
        check(b, b.size);
        heap::release(b.start);
    }
}

// Without further mappings the kernel refuses moves, some half-way. Contents survive, and nothing leaks.
UNIT_TEST_CASE_IN_CHILD("large: blocks grow without a mapping to spare", unit::kDefaultHeap) {
    UNIT_SKIP_IF(unit::kSanitizer, "which needs mappings");
    const std::size_t size = 2 * kMi;
    heap::release(heap::allocate(100 * kMi)); // growth of the heap needs mappings too
    // Uses up all mappings: one page each, with alternating protection.
    for (bool full = false; !full;) {
        char* const pages = static_cast<char*>(
            mmap(nullptr, 512 * 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0));
        full = pages == MAP_FAILED;
        for (unsigned i = 0; i < 512 && !full; i += 2)
            full = mprotect(pages + i * 4096, 4096, PROT_READ | PROT_WRITE) != 0;
    }
    const std::size_t before = layout::superslabs.slices_in_use();
    for (unsigned round = 0; round < 100; ++round) {
        void* block = heap::allocate(size);
        void* const wall = heap::allocate(size);
        REQUIRE(block != nullptr);
        stamp(block, size, round);
        void* const grown = heap::resize(block, 3 * size);
        REQUIRE(grown != nullptr);
        REQUIRE(stamped(grown, size, round));
        heap::release(wall);
        heap::release(grown);
    }
    REQUIRE(layout::superslabs.slices_in_use() <= before + 3 * size / kSliceSize);
}

TEST_CASE("large: random blocks keep what is written") {
    unit::Random random;
    CAPTURE(random.seed());
    struct Block {
        void* start;
        std::size_t size;
        std::uint64_t key;
    };
    const std::size_t before = large_bytes();
    std::vector<Block> blocks;
    for (std::uint64_t step = 1; step <= 3000; ++step) {
        const std::size_t size = random.between(1, std::size_t{8} * kMi >> random.below(10));
        if (blocks.size() < 20) {
            blocks.push_back({heap::allocate(size), size, step << 32});
        } else {
            Block& b = blocks[random.below(blocks.size())];
            if (!stamped(b.start, b.size, b.key)) FAIL("changed: " << b.size << " bytes at " << b.start);
            if (random.chance(50)) {
                heap::release(b.start);
                b.start = heap::allocate(size);
            } else {
                b.start = heap::resize(b.start, size);
                if (!stamped(b.start, std::min(size, b.size), b.key)) FAIL("lost in resize to " << size);
            }
            b.size = size;
            b.key = step << 32;
            stamp(b.start, b.size, b.key);
            continue;
        }
        stamp(blocks.back().start, size, blocks.back().key);
    }
    for (const Block& b : blocks) {
        if (!stamped(b.start, b.size, b.key)) FAIL("changed: " << b.size << " bytes at " << b.start);
        heap::release(b.start);
    }
    CHECK(large_bytes() == before);
}

TEST_CASE("large: threads never share pages") {
    std::vector<std::thread> threads;
    std::atomic<unsigned> faults = 0;
    for (unsigned t = 0; t < 4; ++t) {
        threads.emplace_back([&faults, random = unit::Random(t), t]() mutable {
            void* blocks[8] = {};
            std::size_t sizes[8] = {};
            for (unsigned step = 0; step < 2000; ++step) {
                const std::size_t i = random.below(8);
                if (blocks[i] != nullptr && !stamped(blocks[i], sizes[i], t * 1000 + i)) ++faults;
                heap::release(blocks[i]);
                sizes[i] = random.between(kMaxClassSize + 1, 3 * kMi);
                blocks[i] = heap::allocate(sizes[i]);
                stamp(blocks[i], sizes[i], t * 1000 + i);
            }
            for (void* const block : blocks)
                heap::release(block);
        });
    }
    for (std::thread& thread : threads)
        thread.join();
    CHECK(faults == 0);
}

TEST_CASE("large: a pointer into a block or to a freed one is reported at once") {
    const auto reported = [](std::size_t offset, bool twice) {
        return unit::run_here([=] {
            auto* const block = static_cast<char*>(heap::allocate(3 * kMi));
            if (twice) heap::release(block);
            heap::release(block + offset);
        });
    };
    CHECK(reported(16, false).killed_by(SIGABRT));
    CHECK(reported(kSliceSize, false).killed_by(SIGABRT));
    CHECK(reported(0, true).killed_by(SIGABRT));
    UNIT_REQUIRE_PASSED(reported(0, false));
}

UNIT_TEST_CASE_IN_CHILD("large: beyond the limit the fallback serves", "large_limit:1m") {
    UNIT_SKIP_IF(unit::kSanitizer, "its malloc tells nothing");
    void* const inside = heap::allocate(kMi);
    void* const beyond = heap::allocate(kMi + 1);
    REQUIRE(window.contains(inside));
    REQUIRE_FALSE(window.contains(beyond));
    heap::release(inside);
    heap::release(beyond);
}

TEST_CASE("large: what the window cannot hold is refused") {
    UNIT_SKIP_IF(unit::kSanitizer, "whose malloc ends the process instead");
    errno = 0;
    void* const block = heap::allocate(std::size_t{1} << 46);
    CHECK(block == nullptr);
    CHECK(errno == ENOMEM);
}

} // namespace
