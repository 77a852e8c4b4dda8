// SPDX-License-Identifier: MIT
//
// Samples through the whole family of functions. The profiler belongs to a higher layer, so the test installs
// its own hooks. They choose the samples and record the heap's reports.
#include "../support/build_kind.h"
#include "../support/child.h"
#include "../support/random.h"
#include "heap/heap.h"
#include "heap/large.h"
#include "heap/sampling.h"
#include "layout/size_class.h"
#include "layout/window.h"
#include "slab/mixed_slab.h"
#include "slab/supply.h"

#include <ashlar/ashlar.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <catch2/catch.hpp>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <map>
#include <sys/resource.h>
#include <thread>
#include <vector>

namespace {

using namespace ashlar; // NOLINT(google-build-using-namespace): the layer under test

using layout::window;

// Builds that mark memory request a red zone as well.
constexpr std::size_t kAdded = unit::kAddressSanitizer ? 16 : 0;

bool choosing = false;
std::map<std::uint64_t, heap::sampling::Facts> watched;
std::uint64_t last_id = 0;

// Makes the heap ask about every request.
bool choose(std::size_t /*size*/) {
    cache::my_stacks().allow_bytes(0);
    return choosing;
}
heap::sampling::Facts begin(const void* /*block*/, std::size_t size, std::size_t usable) {
    REQUIRE(usable >= size);
    const heap::sampling::Facts facts{++last_id, 1, size, 2 * size, 2048};
    watched[facts.id] = facts;
    return facts;
}
void end(const heap::sampling::Facts& facts) {
    REQUIRE(watched.erase(facts.id) == 1);
}
std::size_t lost = 0;
void lose(std::size_t /*size*/) {
    ++lost;
}
constexpr heap::sampling::Hooks kHooks{choose, begin, lose, end};

void start() {
    heap::sampling::set_hooks(kHooks);
    heap::sampling::control.store(heap::sampling::kRecord);
    cache::my_stacks().allow_bytes(0);
    ashlar_free(ashlar_malloc(1));
    choosing = true;
}

bool is_small_sample(const void* block) {
    return window.contains(block) && window.header_of(block) == slab::kSampled;
}
bool is_sample(const void* block) {
    return is_small_sample(block) ||
           (window.contains(block) && window.header_of(block) == heap::large::kHeader &&
            heap::large::number_of(block) != 0);
}

std::size_t allocated() {
    ashlar_statistics statistics{};
    REQUIRE(ashlar_get_statistics(&statistics, sizeof(statistics)) == 0);
    return statistics.allocated;
}

template <typename T>
T opaque(T value) {
    asm volatile("" : "+r"(value));
    return value;
}

UNIT_TEST_CASE_IN_CHILD("sampling: the whole family serves samples", unit::kDefaultHeap) {
    start();
    for (const std::size_t size : {1, 16, 100, 1000, 8000, 32768, 40000, 3'000'000}) {
        CAPTURE(size);
        auto* block = static_cast<char*>(ashlar_malloc(size));
        REQUIRE(is_sample(block));
        REQUIRE(watched.size() == 1);
        REQUIRE(watched.begin()->second.size == size + kAdded);
        REQUIRE(ashlar_malloc_usable_size(block) >= size);
        std::memset(opaque(block), 1, ashlar_malloc_usable_size(block));
        ashlar_free(block);
        REQUIRE(watched.empty());

        block = static_cast<char*>(ashlar_calloc(size, 1));
        REQUIRE(is_sample(block));
        REQUIRE(std::all_of(block, block + size, [](char c) { return c == 0; }));
        ashlar_free_sized(block, size);
        REQUIRE(watched.empty());
    }
    for (std::size_t alignment = 32; alignment <= 262144; alignment *= 2) {
        CAPTURE(alignment);
        auto* const block = static_cast<char*>(ashlar_aligned_alloc(alignment, 100));
        REQUIRE(is_sample(block));
        REQUIRE(reinterpret_cast<std::uintptr_t>(block) % alignment == 0);
        std::memset(opaque(block), 1, 100);
        ashlar_free_aligned_sized(block, alignment, 100);
        REQUIRE(watched.empty());
    }
}

UNIT_TEST_CASE_IN_CHILD("sampling: a sample that is resized keeps its contents, and its place where it may",
                        unit::kDefaultHeap) {
    start();
    auto* block = static_cast<char*>(ashlar_malloc(100));
    std::memset(opaque(block), 5, 100);
    REQUIRE(ashlar_realloc(block, 104) == block); // within its class
    REQUIRE(watched.begin()->second.size == 100 + kAdded);
    std::size_t size = 100;
    for (const std::size_t next : {200, 30000, 50000, 700000, 3000000, 400000, 33000, 500, 20}) {
        CAPTURE(next);
        block = static_cast<char*>(ashlar_realloc(block, next));
        REQUIRE(is_sample(block));
        REQUIRE(watched.size() == 1);
        REQUIRE(watched.begin()->second.size == next + kAdded);
        size = std::min(size, next);
        REQUIRE(std::all_of(block, block + size, [](char c) { return c == 5; }));
        std::memset(opaque(block), 5, next);
        size = next;
    }
    choosing = false;
    block = static_cast<char*>(ashlar_realloc(block, 5000)); // turns a sample into an ordinary block
    REQUIRE_FALSE(is_sample(block));
    REQUIRE(watched.empty());
    choosing = true;
    block = static_cast<char*>(ashlar_realloc(block, 9000));
    REQUIRE(is_sample(block));
    REQUIRE(ashlar_realloc(block, 0) == nullptr);
    REQUIRE(watched.empty());
}

UNIT_TEST_CASE_IN_CHILD("sampling: the shadow is in the slab where the block would have been",
                        unit::kDefaultHeap) {
    start();
    static constexpr std::size_t kSize = 1000;
    const std::size_t before = allocated();
    void* const sample = ashlar_malloc(kSize);
    REQUIRE(allocated() == before + layout::class_size(layout::class_of(kSize + kAdded)));
    const void* shadow = nullptr;
    heap::sampling::for_each(
        [](void* context, const heap::sampling::Facts& facts, const void* found) {
            REQUIRE(facts.size == kSize + kAdded);
            *static_cast<const void**>(context) = found;
        },
        &shadow);
    REQUIRE(window.header_of(shadow).size_class() == layout::class_of(kSize + kAdded));
    choosing = false;
    std::vector<void*> others;
    for (int i = 0; i < 200; ++i) { // no other request gets the sample's memory
        others.push_back(ashlar_malloc(kSize));
        REQUIRE(others.back() != shadow);
    }
    for (void* const other : others)
        ashlar_free(other);
    const slab::Room room = slab::room_beside(shadow);
    REQUIRE(room.blocks >= 1);
    ashlar_free(sample);
    REQUIRE(allocated() == before);
}

UNIT_TEST_CASE_IN_CHILD("sampling: many samples of all sizes, among blocks like any other",
                        unit::kDefaultHeap) {
    unit::Random random;
    CAPTURE(random.seed());
    start();
    struct Block {
        unsigned char* start;
        std::size_t size;
        unsigned char stamp;
    };
    const std::size_t before = allocated();
    std::vector<Block> blocks;
    for (int i = 0; i < 40'000; ++i) {
        choosing = random.chance(50);
        if (blocks.size() < 600 || random.chance(50)) {
            const std::size_t size = random.chance(95) ? random.between(1, 3000) : random.between(1, 300'000);
            auto* const start = static_cast<unsigned char*>(ashlar_malloc(size));
            REQUIRE(is_sample(start) == choosing);
            const auto stamp = static_cast<unsigned char>(random.below(256));
            std::memset(start, stamp, size);
            blocks.push_back({start, size, stamp});
        } else {
            const std::size_t chosen = random.below(blocks.size());
            const Block block = blocks[chosen];
            REQUIRE(
                std::all_of(block.start, block.start + block.size, [&](auto c) { return c == block.stamp; }));
            ashlar_free(block.start);
            blocks[chosen] = blocks.back();
            blocks.pop_back();
        }
    }
    std::size_t samples = 0;
    for (const Block& block : blocks)
        samples += is_sample(block.start) ? 1 : 0;
    REQUIRE(samples == watched.size());
    for (const Block& block : blocks)
        ashlar_free(block.start);
    REQUIRE(watched.empty());
    REQUIRE(allocated() == before);
    ashlar_malloc_trim(0);
    REQUIRE(slab::mixed_slabs(0)->bytes_out() == 0);
}

UNIT_TEST_CASE_IN_CHILD("sampling: threads allocate and release each other's samples", unit::kDefaultHeap) {
    static std::atomic<std::uint64_t> ids{0};
    static std::atomic<std::uint64_t> ended{0};
    static constexpr heap::sampling::Hooks kCounting{
        [](std::size_t) {
            cache::my_stacks().allow_bytes(0);
            return true;
        },
        [](const void*, std::size_t size, std::size_t) {
            return heap::sampling::Facts{ids.fetch_add(1) + 1, 0, size, 0, 0};
        },
        [](std::size_t) {}, [](const heap::sampling::Facts&) { ended.fetch_add(1); }};
    heap::sampling::set_hooks(kCounting);
    heap::sampling::control.store(heap::sampling::kRecord);
    constexpr std::size_t kThreads = 4;
    constexpr std::size_t kSlots = 64;
    static std::array<std::atomic<void*>, kSlots> slots{};
    std::vector<std::thread> threads;
    for (std::size_t t = 0; t < kThreads; ++t) {
        threads.emplace_back([t] {
            std::uint64_t state = t + 1;
            for (int i = 0; i < 20'000; ++i) {
                state = state * 6364136223846793005U + 1442695040888963407U;
                void* const block = ashlar_malloc(1 + (state >> 40) % 2000);
                ashlar_free(slots[(state >> 33) % kSlots].exchange(block));
            }
        });
    }
    for (std::thread& thread : threads)
        thread.join();
    heap::sampling::control.store(heap::sampling::kOff);
    for (auto& slot : slots)
        ashlar_free(slot.exchange(nullptr));
    REQUIRE(ids > kThreads * 19'000);
    REQUIRE(ids == ended);
    std::size_t left = 0;
    heap::sampling::for_each(
        [](void* context, const auto&, const void*) { ++*static_cast<std::size_t*>(context); }, &left);
    REQUIRE(left == 0);
}

UNIT_TEST_CASE_IN_CHILD("sampling: more than 65536 live at one time", unit::kDefaultHeap) {
    start();
    constexpr std::size_t kCount = 100'000;
    std::vector<void*> blocks;
    choosing = false;
    blocks.reserve(kCount);
    choosing = true;
    while (blocks.size() < kCount) {
        blocks.push_back(ashlar_malloc(1));
        if (!is_sample(blocks.back())) break;
    }
    REQUIRE(blocks.size() == kCount);
    REQUIRE(lost == 0);
    REQUIRE(watched.size() == kCount);
    for (void* const block : blocks)
        ashlar_free(block);
    REQUIRE(watched.empty());
}

UNIT_TEST_CASE_IN_CHILD("sampling: where memory is short, samples that cannot be are counted",
                        unit::kDefaultHeap) {
    UNIT_SKIP_IF(unit::kSanitizer, "the sanitizer needs addresses");
    static std::array<void*, 20'000> small{}; // small blocks fit, but their samples will not
    for (void*& block : small)
        block = ashlar_malloc(1);
    start();
    const rlimit none{1, 1};
    REQUIRE(::setrlimit(RLIMIT_AS, &none) == 0);
    while (ashlar_malloc(30'000) != nullptr) {
    }
    for (void* const block : small)
        ashlar_free(block);
    void* block = nullptr;
    lost = 0;
    do {
        block = ashlar_malloc(1);
    } while (block != nullptr && lost == 0);
    REQUIRE(lost == 1);
    REQUIRE(block != nullptr);
    REQUIRE_FALSE(is_sample(block));
}

UNIT_TEST_CASE_IN_CHILD("sampling: while it is off, bytes are counted and nobody is asked",
                        unit::kDefaultHeap) {
    heap::sampling::set_hooks(kHooks);
    for (int i = 0; i < 100'000; ++i)
        ashlar_free(ashlar_malloc(100));
    REQUIRE_FALSE(is_sample(ashlar_malloc(100)));
    REQUIRE(watched.empty());
}

#define SAMPLING_REQUIRE_ABORTED(words, ...)                                                                 \
    UNIT_REQUIRE_ABORTED(words, unit::run_here([] {                                                          \
                             start();                                                                        \
                             auto* const block = static_cast<char*>(ashlar_malloc(1000));                    \
                             auto* const other = static_cast<char*>(ashlar_malloc(1000));                    \
                             REQUIRE(is_small_sample(block));                                                \
                             REQUIRE(other != nullptr);                                                      \
                             __VA_ARGS__;                                                                    \
                         }))

TEST_CASE("sampling: misuse of a sample is reported in the call") {
    UNIT_SKIP_IF(unit::kAddressSanitizer, "the sanitizer reports first");
    SAMPLING_REQUIRE_ABORTED("double free", (ashlar_free(block), ashlar_free(opaque(block))));
    SAMPLING_REQUIRE_ABORTED("inside a block", ashlar_free(opaque(block + 16)));
    SAMPLING_REQUIRE_ABORTED("misaligned", ashlar_free(opaque(block + 1)));
    SAMPLING_REQUIRE_ABORTED("inside a block", ashlar_realloc(opaque(block + 32), 100));
    SAMPLING_REQUIRE_ABORTED("double free", (ashlar_free(block), ashlar_malloc_usable_size(opaque(block))));
}

} // namespace
