// SPDX-License-Identifier: MIT
#include "../support/random.h"
#include "cache/pointer_stacks.h"

#include <array>
#include <catch2/catch.hpp>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace {

using ashlar::cache::Phase;
using ashlar::cache::PointerStacks;
using ashlar::layout::kClasses;
using ashlar::layout::Shard;
using ashlar::layout::SizeClass;
using ashlar::layout::SliceHeader;

constexpr unsigned kClass = 7;
constexpr unsigned kCapacity = 10;
constexpr Shard kHome = 3;

// Stacks with an array for one class. The blocks are numbers, because stacks never access them. The array
// begins `before_boundary` entries before a multiple of 64 KiB, where the low 16 bits of addresses wrap.
struct Armed {
    explicit Armed(unsigned before_boundary = 0)
        : slots(memory.data() + kBoundary / sizeof(void*) - before_boundary) {
        const auto start = reinterpret_cast<std::uintptr_t>(memory.data()) % kBoundary;
        slots += start == 0 ? 0 : (kBoundary - start) / sizeof(void*);
        stacks.use(kClass, slots, 0, kCapacity);
        stacks.set_shard(kHome);
    }
    Armed(const Armed&) = delete;
    Armed& operator=(const Armed&) = delete;

    bool push(std::uintptr_t block) { return stacks.push(kClass, reinterpret_cast<void*>(block)); }
    bool push_remote(std::uintptr_t block) {
        return stacks.push_remote(kClass, reinterpret_cast<void*>(block));
    }
    // Returns the block, or 0 if the stack is empty.
    std::uintptr_t pop() {
        void* block = nullptr;
        return stacks.pop(kClass, block) ? reinterpret_cast<std::uintptr_t>(block) : 0;
    }

    static constexpr std::size_t kBoundary = 1 << 16;
    std::vector<void*> memory = std::vector<void*>(3 * kBoundary / sizeof(void*));
    void** slots;
    PointerStacks stacks{};
};

TEST_CASE("pointer stacks: all zero, every pop is empty and every push full") {
    PointerStacks stacks;
    for (unsigned c = 0; c < kClasses; ++c) {
        void* block = &stacks;
        CAPTURE(c);
        CHECK_FALSE(stacks.pop(c, block));
        CHECK_FALSE(stacks.push(c, block));
        CHECK_FALSE(stacks.push_remote(c, block));
        for (const unsigned shard : {0U, 1U, 255U}) {
            const SliceHeader header{static_cast<SizeClass>(c), static_cast<Shard>(shard)};
            CHECK_FALSE(stacks.push(header, block));
        }
        CHECK(block == &stacks);
    }
    CHECK(stacks.shard() == 0);
    CHECK(stacks.phase == Phase::kNew);
}

TEST_CASE("pointer stacks: what was pushed last is popped first") {
    Armed armed;
    for (std::uintptr_t block = 1; block <= kCapacity; ++block)
        CHECK(armed.push(block));
    CHECK_FALSE(armed.push(99));
    CHECK(armed.stacks.count(kClass) == kCapacity);
    for (std::uintptr_t block = kCapacity; block >= 1; --block)
        CHECK(armed.pop() == block);
    CHECK(armed.pop() == 0);
    CHECK(armed.stacks.count(kClass) == 0);
}

TEST_CASE("pointer stacks: remote blocks fill the array from its far end and are never popped") {
    Armed armed;
    for (std::uintptr_t block = 1; block <= kCapacity; ++block)
        CHECK(armed.push_remote(block));
    CHECK_FALSE(armed.push_remote(99));
    CHECK_FALSE(armed.push(99));
    CHECK(armed.pop() == 0);
    CHECK(armed.stacks.limit(kClass) == 0);
    for (std::uintptr_t i = 0; i < kCapacity; ++i)
        CHECK(reinterpret_cast<std::uintptr_t>(armed.slots[kCapacity - 1 - i]) == i + 1);
}

TEST_CASE("pointer stacks: a header decides which end") {
    Armed armed;
    void* const block = &armed;
    CHECK(armed.stacks.push(SliceHeader{kClass, kHome}, block));
    CHECK(armed.stacks.count(kClass) == 1);
    CHECK(armed.stacks.limit(kClass) == kCapacity);
    for (unsigned shard = 0; shard < 256; ++shard) {
        if (shard == kHome) continue;
        Armed other;
        CAPTURE(shard);
        CHECK(other.stacks.push(SliceHeader{kClass, static_cast<Shard>(shard)}, block));
        CHECK(other.stacks.count(kClass) == 0);
        CHECK(other.stacks.limit(kClass) == kCapacity - 1);
    }
    // Class 0 is always full.
    CHECK_FALSE(armed.stacks.push(SliceHeader{}, block));
    CHECK_FALSE(armed.stacks.push(SliceHeader{0, kHome}, block));
    // Each class has its own array.
    CHECK_FALSE(armed.stacks.push(SliceHeader{kClass + 1, kHome}, block));
}

TEST_CASE("pointer stacks: closed, malloc takes nothing and slow paths do") {
    Armed armed;
    void* block = nullptr;
    CHECK(armed.push(1));
    CHECK(armed.push(2));
    CHECK(armed.stacks.take(kClass, block));
    CHECK(block == reinterpret_cast<void*>(2));
    armed.stacks.claim();
    CHECK(armed.stacks.is_outside());
    CHECK_FALSE(armed.stacks.take(kClass, block));
    CHECK(armed.stacks.count(kClass) == 1);
    CHECK_FALSE(armed.stacks.begin());
    armed.stacks.unclaim();
    CHECK_FALSE(armed.stacks.take(kClass, block)); // a slow path must open the stacks first
    CHECK(armed.stacks.begin());
    CHECK_FALSE(armed.stacks.is_outside());
    armed.stacks.claim(); // in the middle of the slow path
    CHECK(armed.pop() == 1);
    armed.stacks.leave();
    armed.stacks.unclaim();
    CHECK_FALSE(armed.stacks.push(SliceHeader{kClass, kHome}, block));
    CHECK_FALSE(armed.stacks.push(SliceHeader{kClass, kHome + 1}, block));
    CHECK(armed.stacks.begin());
    CHECK(armed.stacks.push(SliceHeader{kClass, kHome}, block));
    armed.stacks.leave();
    CHECK(armed.stacks.take(kClass, block));
    CHECK_FALSE(armed.stacks.take(kClass, block));
}

TEST_CASE("pointer stacks: a raised bottom leaves what lies above") {
    Armed armed(GENERATE(0U, 1U, 3U, 5U, kCapacity));
    for (std::uintptr_t block = 1; block <= 5; ++block)
        CHECK(armed.push(block));
    CHECK(armed.push_remote(9));
    armed.stacks.set_bottom(kClass, armed.slots + 4);
    CHECK(armed.stacks.count(kClass) == 1);
    CHECK(armed.stacks.slots(kClass) == armed.slots + 4);
    CHECK(armed.stacks.remote(kClass, kCapacity - 4).first == armed.slots + kCapacity - 1);
    CHECK(armed.stacks.remote(kClass, kCapacity - 4).count == 1);
    CHECK(armed.pop() == 5);
    CHECK(armed.pop() == 0);
    // malloc leaves this state for a moment.
    armed.stacks.set_bottom(kClass, armed.slots + 5);
    CHECK(armed.stacks.count(kClass) == 0);
    CHECK(armed.stacks.slots(kClass) == armed.slots + 5);
}

TEST_CASE("pointer stacks: both ends agree with a model until they meet") {
    unit::Random random;
    CAPTURE(random.seed());
    Armed armed(GENERATE(0U, 1U, 5U, kCapacity - 1, kCapacity));
    std::vector<std::uintptr_t> local;
    std::vector<std::uintptr_t> remote;
    for (std::uintptr_t step = 1; step <= 100'000; ++step) {
        const bool full = local.size() + remote.size() == kCapacity;
        const std::size_t what = random.below(20);
        if (what < 9) {
            if (armed.push(step) == full) FAIL("push of " << step);
            if (!full) local.push_back(step);
        } else if (what < 11) {
            if (armed.push_remote(step) == full) FAIL("remote push of " << step);
            if (!full) remote.push_back(step);
        } else if (what < 19) {
            const std::uintptr_t expected = local.empty() ? 0 : local.back();
            if (!local.empty()) local.pop_back();
            if (armed.pop() != expected) FAIL("pop at " << step);
        } else { // as after the return of remote blocks
            armed.stacks.set_limit(kClass, kCapacity);
            remote.clear();
        }
        if (armed.stacks.count(kClass) != local.size()) FAIL("count at " << step);
        if (armed.stacks.limit(kClass) != kCapacity - remote.size()) FAIL("limit at " << step);
        for (std::size_t i = 0; i < remote.size(); ++i) {
            const void* const slot = armed.slots[kCapacity - 1 - i];
            if (reinterpret_cast<std::uintptr_t>(slot) != remote[i]) FAIL("remote blocks at " << step);
        }
    }
}

} // namespace
