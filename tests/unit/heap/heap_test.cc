// SPDX-License-Identifier: MIT
//
// The whole heap, by its public names where those add no behaviour.
#include "../support/build_kind.h"
#include "../support/child.h"
#include "../support/limits.h"
#include "../support/random.h"
#include "../support/unused_page.h"
#include "heap/fallback.h"
#include "heap/heap.h"
#include "layout/superslab.h"
#include "os/background.h"
#include "os/mutex.h"
#include "os/page_memory.h"
#include "os/thread_exit.h"

#include <ashlar/ashlar.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <catch2/catch.hpp>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <pthread.h>
#include <set>
#include <string>
#include <sys/mman.h>
#include <thread>
#include <vector>

namespace {

using namespace ashlar; // NOLINT(google-build-using-namespace): the layer under test

using layout::class_of;
using layout::class_size;
using layout::kClasses;
using layout::kMaxClassSize;
using layout::window;
using Blocks = std::vector<void*>;

// Hides a value from the compiler, which may know what allocation functions do with a pointer.
template <typename T>
T opaque(T value) {
    asm volatile("" : "+r"(value));
    return value;
}

void fill(void* block, int value, std::size_t size) {
    std::memset(opaque(block), value, size);
}

bool filled(const void* block, int value, std::size_t size) {
    const auto* const bytes = static_cast<const unsigned char*>(opaque(block));
    return std::all_of(bytes, bytes + size, [value](unsigned char c) { return c == value; });
}

bool aligned(const void* block, std::size_t alignment) {
    return reinterpret_cast<std::uintptr_t>(block) % alignment == 0;
}

std::size_t heap_bytes() {
    ashlar_statistics statistics{};
    REQUIRE(ashlar_get_statistics(&statistics, sizeof(statistics)) == 0);
    return statistics.allocated;
}

// ---- Allocating

TEST_CASE("heap: every size is served, by the class that fits or by whole pages") {
    errno = EDOM;
    for (std::size_t size = 0; size <= kMaxClassSize + 4096; ++size) {
        void* const block = heap::allocate(size);
        if (block == nullptr || !aligned(block, 16)) FAIL("block " << block << " of " << size);
        if (!window.contains(block)) FAIL(size << " is served by the wrong heap");
        const std::size_t usable = heap::usable_size(block);
        if (usable != (size <= kMaxClassSize ? class_size(class_of(size)) : layout::kSliceSize)) {
            FAIL(size << " has " << usable << " usable bytes");
        }
        fill(block, 1, usable);
        heap::release(block);
    }
    CHECK(errno == EDOM);
}

TEST_CASE("heap: sizes around the largest class") {
    for (const std::size_t size : {kMaxClassSize - 1, kMaxClassSize}) {
        void* const block = heap::allocate(size);
        CHECK(window.contains(block));
        CHECK(heap::usable_size(block) == kMaxClassSize);
        heap::release(block);
    }
    void* const block = heap::allocate(kMaxClassSize + 1);
    CHECK(window.contains(block));
    CHECK(heap::usable_size(block) == layout::kSliceSize);
    fill(block, 1, layout::kSliceSize);
    heap::release(block);
}

TEST_CASE("heap: blocks of no bytes are unique") {
    std::set<void*> blocks;
    for (unsigned i = 0; i < 100; ++i)
        blocks.insert(heap::allocate(0));
    CHECK(blocks.size() == 100);
    CHECK(blocks.count(nullptr) == 0);
    for (void* const block : blocks)
        heap::release(block);
}

TEST_CASE("heap: too much is refused with ENOMEM") {
    constexpr std::size_t kHalf = PTRDIFF_MAX;
    const std::size_t before = heap_bytes();
    for (const std::size_t size : {kHalf + 1, kHalf + 4096, SIZE_MAX - 15, SIZE_MAX}) {
        CAPTURE(size);
        errno = 0;
        CHECK(heap::allocate(opaque(size)) == nullptr);
        CHECK(errno == ENOMEM);
        errno = 0;
        CHECK(heap::allocate_zeroed(1, opaque(size)) == nullptr);
        CHECK(errno == ENOMEM);
        errno = 0;
        CHECK(heap::allocate_aligned(64, opaque(size)) == nullptr);
        CHECK(errno == ENOMEM);
    }
    errno = 0;
    CHECK(heap::allocate_zeroed(SIZE_MAX / 2, 3) == nullptr);
    CHECK(errno == ENOMEM);
    errno = 0;
    CHECK(heap::allocate_zeroed(std::size_t{1} << 32, std::size_t{1} << 32) == nullptr); // 2^64 wraps to zero
    CHECK(errno == ENOMEM);
    errno = 0;
    CHECK(heap::allocate_aligned(std::size_t{1} << 62, kHalf - 100) == nullptr);
    CHECK(errno == ENOMEM);
    CHECK(heap_bytes() == before);
}

TEST_CASE("heap: more than there is is refused with ENOMEM") {
    UNIT_SKIP_IF(unit::kSanitizer, "its malloc ends the process instead");
    for (const std::size_t size : {std::size_t{PTRDIFF_MAX}, std::size_t{1} << 60}) {
        CAPTURE(size);
        errno = 0;
        CHECK(heap::allocate(opaque(size)) == nullptr);
        CHECK(errno == ENOMEM);
        errno = 0;
        CHECK(heap::allocate_zeroed(1, opaque(size)) == nullptr);
        CHECK(errno == ENOMEM);
        errno = 0;
        CHECK(heap::allocate_aligned(4096, opaque(size - 8192)) == nullptr);
        CHECK(errno == ENOMEM);
    }
}

TEST_CASE("heap: zeroed blocks are zero in memory that was used before") {
    for (std::size_t size = 1; size <= kMaxClassSize + 10'000; size += size / 16 + 1) {
        CAPTURE(size);
        Blocks dirty;
        for (unsigned i = 0; i < 50; ++i) {
            dirty.push_back(heap::allocate(size));
            fill(dirty.back(), 0xff, size);
        }
        for (void* const block : dirty)
            heap::release(block);
        Blocks zeroed;
        for (unsigned i = 0; i < 50; ++i) {
            zeroed.push_back(i % 2 == 0 ? heap::allocate_zeroed(1, size) : heap::allocate_zeroed(size, 1));
            if (!filled(zeroed.back(), 0, size)) FAIL("not zero");
        }
        for (void* const block : zeroed)
            heap::release(block);
    }
    void* const none = heap::allocate_zeroed(0, 100);
    CHECK(none != nullptr);
    heap::release(none);
}

TEST_CASE("heap: every alignment") {
    for (std::size_t alignment = 1; alignment <= std::size_t{1} << 20; alignment *= 2) {
        for (const std::size_t size :
             {0, 1, 15, 16, 17, 48, 100, 128, 144, 1000, 4096, 4097, 10'000, 32'768, 32'769, 100'000}) {
            CAPTURE(alignment, size);
            std::array<void*, 12> blocks{};
            for (void*& block : blocks) {
                block = heap::allocate_aligned(alignment, size);
                REQUIRE(block != nullptr);
                if (!aligned(block, alignment) || !aligned(block, 16)) FAIL("misaligned: " << block);
                if (heap::usable_size(block) < size) FAIL("too small");
                if (!window.contains(block)) FAIL("served by the wrong heap");
                fill(block, 3, size);
            }
            REQUIRE(std::set<void*>(blocks.begin(), blocks.end()).size() == blocks.size());
            for (void* const block : blocks)
                heap::release(block);
        }
    }
}

// ---- Resizing

TEST_CASE("heap: growing within the usable size never moves") {
    for (unsigned c = 2; c < kClasses; ++c) {
        const std::size_t least = class_size(static_cast<layout::SizeClass>(c - 1)) + 1;
        void* const block = heap::allocate(least);
        const std::size_t usable = heap::usable_size(block);
        fill(block, 9, least);
        for (const std::size_t size : {least, least + 1, usable - 1, usable}) {
            CAPTURE(c, size);
            REQUIRE(heap::resize(block, size) == block);
        }
        REQUIRE(filled(block, 9, least));
        heap::release(block);
    }
}

// The limit on waste does not apply to the smallest class.
TEST_CASE("heap: growing within the smallest class never moves") {
    for (std::size_t size = 1; size <= 16; ++size) {
        void* const block = heap::allocate(1);
        void* const resized = heap::resize(block, size);
        CAPTURE(size);
        CHECK(resized == block);
        heap::release(resized);
    }
}

// The heap does not record requested sizes. The class of an aligned block may exceed its size many times. A
// resize gives the block the class of its new size, as for a block that shrinks.
TEST_CASE("heap: an aligned block that is mostly waste moves when it is resized") {
    void* const block = heap::allocate_aligned(4096, 10);
    fill(block, 7, 10);
    void* const resized = heap::resize(block, 20);
    CHECK(heap::usable_size(resized) == 32);
    CHECK(filled(resized, 7, 10));
    heap::release(resized);
}

TEST_CASE("heap: a block that shrinks moves when more than half of it would be waste") {
    for (unsigned c = 2; c < kClasses; ++c) {
        const std::size_t size = class_size(static_cast<layout::SizeClass>(c));
        CAPTURE(size);
        void* const block = heap::allocate(size);
        fill(block, 5, size);
        REQUIRE(heap::resize(block, size / 2) == block);
        REQUIRE(heap::usable_size(block) == size);
        void* const moved = heap::resize(block, size / 2 - 1);
        REQUIRE(moved != nullptr);
        REQUIRE(heap::usable_size(moved) < size);
        REQUIRE(filled(moved, 5, size / 2 - 1));
        heap::release(moved);
    }
}

TEST_CASE("heap: resizing keeps the contents from any size to any size") {
    unit::Random random;
    CAPTURE(random.seed());
    const std::size_t before = heap_bytes();
    void* block = nullptr;
    std::size_t size = 0;
    int stamp = 0;
    for (unsigned i = 0; i < 4000; ++i) {
        const std::size_t next = random.between(1, std::size_t{100'000} >> random.below(14));
        void* const resized = heap::resize(block, next);
        REQUIRE(resized != nullptr);
        if (!filled(resized, stamp, std::min(size, next))) FAIL("from " << size << " to " << next);
        if (!window.contains(resized)) FAIL(next << " is served by the wrong heap");
        block = resized;
        size = next;
        stamp = static_cast<int>(i % 256);
        fill(block, stamp, size);
    }
    heap::release(block);
    CHECK(heap_bytes() == before);
}

TEST_CASE("heap: resizing null allocates and to nothing frees") {
    const std::size_t before = heap_bytes();
    void* block = heap::resize(nullptr, 100);
    REQUIRE(block != nullptr);
    CHECK(heap::usable_size(block) >= 100);
    CHECK(heap_bytes() > before);
    errno = EDOM;
    CHECK(heap::resize(block, 0) == nullptr);
    CHECK(errno == EDOM);
    CHECK(heap_bytes() == before);
    block = heap::resize(nullptr, 0);
    CHECK(block != nullptr);
    heap::release(block);
}

TEST_CASE("heap: a resize that fails keeps the block") {
    void* const block = heap::allocate(1000);
    fill(block, 7, 1000);
    for (const std::size_t size : {std::size_t{PTRDIFF_MAX} + 1, std::size_t{SIZE_MAX}}) {
        errno = 0;
        CHECK(heap::resize(block, opaque(size)) == nullptr);
        CHECK(errno == ENOMEM);
    }
    if (!unit::kSanitizer) { // a sanitizer's malloc ends the process instead
        errno = 0;
        CHECK(heap::resize(block, opaque(std::size_t{1} << 60)) == nullptr);
        CHECK(errno == ENOMEM);
        void* const large = heap::allocate(100'000);
        fill(large, 8, 100'000);
        CHECK(heap::resize(large, opaque(std::size_t{1} << 60)) == nullptr);
        CHECK(filled(large, 8, 100'000));
        heap::release(large);
    }
    CHECK(filled(block, 7, 1000));
    CHECK(heap::usable_size(block) >= 1000);
    heap::release(block);
}

UNIT_TEST_CASE_IN_CHILD("heap: a block that cannot move stays when it shrinks", "window:64m") {
    UNIT_SKIP_IF(unit::kSanitizer, "the address space cannot be limited");
    // No slice is left for a slab of another class.
    Blocks blocks;
    for (const std::size_t size : {kMaxClassSize, std::size_t{16384}, std::size_t{8192}}) {
        while (window.contains(blocks.emplace_back(heap::allocate(size)))) {
        }
        heap::release(blocks.back());
        blocks.pop_back();
    }
    void* const block = blocks.front();
    fill(block, 6, kMaxClassSize);
    unit::allow_address_space(0);
    for (const std::size_t size : {64U, 50U}) {
        while (heap::fallback::allocate(size) != nullptr) {
        }
    }
    void* const resized = heap::resize(block, 50);
    const bool kept = filled(block, 6, kMaxClassSize);
    unit::allow_any_amount();
    REQUIRE(resized == block);
    REQUIRE(kept);
    REQUIRE(heap::usable_size(block) == kMaxClassSize);
}

// ---- External blocks

TEST_CASE("heap: blocks of the system's malloc are accepted") {
    void* const freed = std::malloc(100);
    CHECK_FALSE(ashlar_owns(freed));
    errno = EDOM;
    heap::release(opaque(freed));
    CHECK(errno == EDOM);

    void* const measured = std::malloc(100);
    CHECK(heap::usable_size(measured) >= 100);
    fill(measured, 4, 100);
    void* resized = heap::resize(measured, 200);
    CHECK(filled(resized, 4, 100));
    resized = heap::resize(resized, 100'000);
    CHECK(filled(resized, 4, 100));
    CHECK(ashlar_owns(resized));
    heap::release(resized);
}

TEST_CASE("heap: blocks of the system's malloc stay its own while they are large") {
    void* const measured = std::malloc(100);
    void* const resized = heap::resize(opaque(measured), 100'000);
    CHECK_FALSE(ashlar_owns(resized));
    std::free(resized);
}

TEST_CASE("heap: null is no block") {
    errno = EDOM;
    heap::release(nullptr);
    CHECK(heap::usable_size(nullptr) == 0);
    CHECK(errno == EDOM);
}

TEST_CASE("heap: a pointer that is no block is reported when its size matters") {
    void* const block = heap::allocate(100);
    char* const inside = static_cast<char*>(opaque(block)) + 16;
    UNIT_REQUIRE_ABORTED("16 bytes into the block at 0x", unit::run_here([&] { heap::usable_size(inside); }));
    UNIT_REQUIRE_ABORTED("16 bytes into the block at 0x", unit::run_here([&] { heap::resize(inside, 50); }));
    char* const nowhere = unit::unused_page() + 64;
    UNIT_REQUIRE_ABORTED("no block lies there now", unit::run_here([&] { heap::release(nowhere); }));
    UNIT_REQUIRE_ABORTED("no block lies there now", unit::run_here([&] { heap::usable_size(nowhere); }));
    UNIT_REQUIRE_ABORTED("no block lies there now", unit::run_here([&] { heap::resize(nowhere, 50); }));
    heap::release(block);
}

// ---- Memory

// Returns the number of blocks whose first page is resident.
std::size_t resident(const Blocks& page_blocks) {
    std::size_t count = 0;
    for (void* const block : page_blocks) {
        unsigned char page = 0;
        if (::mincore(block, 1, &page) == 0 && (page & 1) != 0) ++count;
    }
    return count;
}

TEST_CASE("heap: trimming returns the memory of freed blocks to the system") {
    const std::size_t page = os::page_size();
    const std::size_t pages_before = layout::superslabs.slices_in_use();
    Blocks blocks;
    for (unsigned i = 0; i < 4000; ++i) {
        blocks.push_back(heap::allocate_aligned(page, page));
        fill(blocks.back(), 1, page);
    }
    REQUIRE(resident(blocks) == blocks.size());
    const std::size_t half = blocks.size() / 2;
    for (std::size_t i = 0; i < half; ++i)
        heap::release(blocks[i]);
    CHECK(heap::trim(0));
    CHECK(resident(blocks) < half + 2 * layout::kSliceSize / page);
    for (std::size_t i = half; i < blocks.size(); ++i)
        if (!filled(blocks[i], 1, page)) FAIL("a block in use was changed");
    for (std::size_t i = half; i < blocks.size(); ++i)
        heap::release(blocks[i]);
    CHECK(heap::trim(0));
    CHECK(resident(blocks) == 0);
    CHECK(layout::superslabs.slices_in_use() <= pages_before);
}

TEST_CASE("heap: trimming returns single pages between blocks in use") {
    const std::size_t page = os::page_size();
    Blocks blocks;
    for (unsigned i = 0; i < 1000; ++i) {
        blocks.push_back(heap::allocate_aligned(page, page));
        fill(blocks.back(), 1, page);
    }
    for (std::size_t i = 0; i < blocks.size(); i += 2)
        heap::release(blocks[i]);
    CHECK(heap::trim(0));
    CHECK(resident(blocks) == blocks.size() / 2);
    for (std::size_t i = 1; i < blocks.size(); i += 2) {
        if (!filled(blocks[i], 1, page)) FAIL("a block in use was changed");
        heap::release(blocks[i]);
    }
}

UNIT_TEST_CASE_IN_CHILD("heap: trimming says whether it had something to return", unit::kDefaultHeap) {
    heap::release(heap::allocate(100));
    REQUIRE(heap::trim(0));
    // The fallback may find memory each time.
    if (!heap::fallback::trim(0)) REQUIRE_FALSE(heap::trim(0));
    heap::release(heap::allocate(100));
    REQUIRE(ashlar_malloc_trim(0) == 1);
}

UNIT_TEST_CASE_IN_CHILD("heap: a full window leaves requests to the fallback until there is room",
                        "window:64m") {
    constexpr std::size_t kSize = 1000;
    for (unsigned round = 0; round < 3; ++round) {
        Blocks blocks;
        while (window.contains(blocks.emplace_back(heap::allocate(kSize)))) {
            fill(blocks.back(), static_cast<int>(blocks.size() % 251), kSize);
        }
        REQUIRE(blocks.size() > 40'000); // of 64 MiB
        for (unsigned i = 0; i < 100; ++i) {
            blocks.push_back(heap::allocate(kSize));
            if (blocks.back() == nullptr || window.contains(blocks.back())) FAIL("no block of the fallback");
        }
        void* const zeroed = heap::allocate_zeroed(1, 5000);
        REQUIRE(filled(zeroed, 0, 5000));
        blocks.push_back(zeroed);
        void* const on_page = heap::allocate_aligned(4096, 100);
        REQUIRE(aligned(on_page, 4096));
        blocks.push_back(on_page);
        void* const resized = heap::resize(blocks[0], 9000);
        REQUIRE(filled(resized, 1, kSize));
        blocks[0] = resized;
        for (std::size_t i = 1; i < 40'000; ++i) {
            if (!filled(blocks[i], static_cast<int>((i + 1) % 251), kSize)) FAIL("block " << i);
        }
        for (void* const block : blocks)
            heap::release(block);
        REQUIRE(heap_bytes() == 0);
        heap::trim(0);
        for (const std::size_t size : {std::size_t{16}, std::size_t{5000}, kMaxClassSize}) {
            void* const block = heap::allocate(size);
            REQUIRE(window.contains(block));
            heap::release(block);
        }
        heap::trim(0);
    }
}

UNIT_TEST_CASE_IN_CHILD("heap: threads in a full window leave nothing behind", "window:64m") {
    std::atomic<unsigned> faults = 0;
    std::vector<std::thread> threads;
    for (unsigned t = 0; t < 4; ++t) {
        threads.emplace_back([&faults, t] {
            for (unsigned round = 0; round < 2; ++round) {
                std::vector<unsigned*> blocks;
                bool full = false;
                while (!full) {
                    blocks.push_back(static_cast<unsigned*>(heap::allocate(2000)));
                    if (blocks.back() == nullptr) std::abort();
                    *blocks.back() = t;
                    full = !window.contains(blocks.back());
                }
                for (unsigned* const block : blocks) {
                    if (*block != t) ++faults;
                    heap::release(block);
                }
            }
        });
    }
    for (std::thread& thread : threads)
        thread.join();
    REQUIRE(faults == 0);
    REQUIRE(heap_bytes() == 0);
    void* const block = heap::allocate(2000);
    REQUIRE(window.contains(block));
}

// ---- Switched off

UNIT_TEST_CASE_IN_CHILD("heap: switched off, everything goes to the fallback", "enabled:false") {
    REQUIRE_FALSE(heap::serving());
    REQUIRE(window.capacity() == 0);
    const auto check = [] {
        for (std::size_t size = 0; size < 100'000; size += size / 4 + 1) {
            void* block = heap::allocate(size);
            if (block == nullptr || window.contains(block)) std::abort();
            fill(block, 1, size);
            block = heap::resize(block, size + 100);
            if (!filled(block, 1, size)) std::abort();
            heap::release(block);
            block = heap::allocate_zeroed(2, size);
            if (!filled(block, 0, 2 * size)) std::abort();
            heap::release(block);
            block = heap::allocate_aligned(256, size);
            if (!aligned(block, 256) || heap::usable_size(block) < size) std::abort();
            heap::release(block);
        }
    };
    check();
    std::thread(check).join();
    heap::trim(0);
    ashlar_statistics statistics{};
    REQUIRE(ashlar_get_statistics(&statistics, sizeof(statistics)) == 0);
    REQUIRE(statistics.fallback_only == 1);
    REQUIRE(statistics.window == 0);
    REQUIRE(statistics.threads == 0);
}

UNIT_TEST_CASE_IN_CHILD("heap: serves with a window", unit::kDefaultHeap) {
    REQUIRE(heap::serving());
    REQUIRE(window.capacity() >= layout::kMinWindow);
}

TEST_CASE("heap: without address space for a window everything goes to the fallback") {
    UNIT_SKIP_IF(unit::kSanitizer, "the address space cannot be limited");
    std::vector<std::string> call =
        unit::call_of_test("child: heap: switched off, everything goes to the fallback");
    const std::vector<char*> words = common::pointers_to(call);
    const unit::Outcome outcome = unit::run_here([&] {
        unit::allow_address_space(std::size_t{24} << 20);
        ::execv(words[0], words.data());
        ::_exit(127);
    });
    UNIT_REQUIRE_PASSED(outcome);
}

// ---- Threads

struct AtThreadEnd {
    ~AtThreadEnd() {
        heap::release(block);
        void* const another = heap::allocate(300);
        fill(another, 1, 300);
        heap::release(another);
        ran = true;
    }
    void* block = nullptr;
    static std::atomic<bool> ran;
};
std::atomic<bool> AtThreadEnd::ran = false;

TEST_CASE("heap: calls from a thread-local destructor") {
    const std::size_t before = heap_bytes();
    std::thread([] {
        thread_local AtThreadEnd at_end;
        at_end.block = heap::allocate(500);
    }).join();
    CHECK(AtThreadEnd::ran);
    CHECK(heap_bytes() == before);
}

std::atomic<unsigned> ended_calls = 0;

// Runs after the end of the cache, because its key was created after Ashlar's.
void after_the_end(void* block) {
    if (cache::stacks.phase == cache::Phase::kEnded) ++ended_calls;
    heap::release(block);
    Blocks blocks;
    for (std::size_t size = 1; size < 60'000; size *= 3) {
        blocks.push_back(heap::allocate(size));
        fill(blocks.back(), 1, size);
        blocks.back() = heap::resize(blocks.back(), size + 20);
    }
    for (void* const each : blocks)
        heap::release(each);
}

TEST_CASE("heap: calls after the end of a thread's cache") {
    // Another thread makes Ashlar create its key first. Destructors run in the order of the keys.
    std::thread([] { heap::release(heap::allocate(1)); }).join();
    const std::size_t before = heap_bytes();
    pthread_key_t key = 0;
    REQUIRE(::pthread_key_create(&key, after_the_end) == 0);
    ended_calls = 0;
    std::thread([key] { ::pthread_setspecific(key, heap::allocate(100)); }).join();
    CHECK(ended_calls == 1);
    CHECK(heap_bytes() == before);
    REQUIRE(::pthread_key_delete(key) == 0);
}

TEST_CASE("heap: random work in threads that free each other's blocks") {
    struct Shared {
        std::array<std::atomic<std::uint64_t*>, 512> slots{};
        std::atomic<unsigned> faults = 0;
    } shared;
    const std::size_t before = heap_bytes();
    // The first word of a block holds its size in words, and the last holds its address.
    const auto check_and_free = [&shared](std::uint64_t* block) {
        if (block == nullptr) return;
        const std::uint64_t words = block[0];
        if (block[words - 1] != (words == 1 ? 1 : reinterpret_cast<std::uintptr_t>(block))) ++shared.faults;
        heap::release(block);
    };
    std::vector<std::thread> threads;
    for (unsigned t = 0; t < 4; ++t) {
        threads.emplace_back([&shared, &check_and_free, random = unit::Random(t)]() mutable {
            for (unsigned i = 0; i < 20'000; ++i) {
                const std::size_t words = random.between(1, std::size_t{6000} >> random.below(13));
                auto* const block = static_cast<std::uint64_t*>(heap::allocate(words * 8));
                block[words - 1] = reinterpret_cast<std::uintptr_t>(block);
                block[0] = words;
                check_and_free(shared.slots[random.below(512)].exchange(block));
            }
        });
    }
    for (std::thread& thread : threads)
        thread.join();
    for (std::atomic<std::uint64_t*>& slot : shared.slots)
        check_and_free(slot);
    CHECK(shared.faults == 0);
    CHECK(heap_bytes() == before);
}

#ifndef NDEBUG

// Runs `call` in a child that holds the lock of a bin.
template <typename Call>
unit::Outcome under_a_lock(Call call) {
    return unit::run_here([call] {
        void* const block = heap::allocate(100);
        os::Mutex<os::Rank::kBin> mutex;
        const os::Guard guard(mutex);
        call(block);
    });
}

TEST_CASE("heap: nothing that allocates may be called under a lock") {
    const auto ends = [](const std::string& what, auto call) {
        UNIT_REQUIRE_ABORTED("ashlar: " + what + " under the lock bin (rank 4); ", under_a_lock(call));
    };
    ends("malloc", [](void*) { ashlar_malloc(opaque(100)); });
    ends("calloc", [](void*) { ashlar_calloc(1, opaque(100)); });
    ends("realloc", [](void* block) { ashlar_realloc(block, opaque(200)); });
    ends("free", [](void* block) { ashlar_free(block); });
    ends("free", [](void*) { ashlar_free(nullptr); });
    ends("aligned_alloc", [](void*) { ashlar_aligned_alloc(64, opaque(100)); });
    ends("malloc_trim", [](void*) { ashlar_malloc_trim(0); });
    ends("the program's malloc", [](void*) { heap::fallback::allocate(opaque(100)); });
    ends("the program's free", [](void*) { heap::fallback::release(nullptr); });
    ends("the program's mallinfo2", [](void*) { heap::fallback::allocated_bytes(); });
    ends("pthread_create", [](void*) { os::start_background([] { return false; }); });
    ends("pthread_setspecific", [](void*) { os::call_at_thread_exit(); });
}

#endif

} // namespace
