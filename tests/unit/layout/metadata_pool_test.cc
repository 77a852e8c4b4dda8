// SPDX-License-Identifier: MIT
#include "../support/child.h"
#include "../support/random.h"
#include "layout/metadata_pool.h"
#include "layout/window.h"

#include <algorithm>
#include <atomic>
#include <bit>
#include <catch2/catch.hpp>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <map>
#include <thread>
#include <vector>

namespace {

using namespace ashlar::layout; // NOLINT(google-build-using-namespace): the layer under test

std::size_t rounded(std::size_t size) {
    return std::bit_ceil(std::max(size, MetadataPool::kMinBlock));
}

struct Held {
    unsigned char* block;
    std::size_t size;
    unsigned char stamp;

    bool intact() const {
        return std::all_of(block, block + size, [this](unsigned char c) { return c == stamp; });
    }
};

Held take(std::size_t size, unsigned char stamp) {
    auto* const block = static_cast<unsigned char*>(metadata_pool.take(size));
    if (block != nullptr) std::memset(block, stamp, size);
    return {block, size, stamp};
}

UNIT_TEST_CASE_IN_CHILD("metadata pool: blocks of every size lie apart and are aligned to themselves",
                        unit::kNoHeap) {
    REQUIRE(window.open(std::size_t{16} << 30));
    std::map<std::uintptr_t, std::size_t> taken; // start and size in bytes
    for (std::size_t size = 0; size <= MetadataPool::kMaxBlock; size += size < 300 ? 1 : 97) {
        for (unsigned i = 0; i < 3; ++i) {
            const auto start = reinterpret_cast<std::uintptr_t>(metadata_pool.take(size));
            CAPTURE(size, start);
            REQUIRE(start != 0);
            REQUIRE(start % rounded(size) == 0);
            REQUIRE(start >= window.pool.start());
            REQUIRE(start + rounded(size) <= window.pool.start() + window.pool.committed());
            const auto above = taken.lower_bound(start);
            REQUIRE((above == taken.end() || start + rounded(size) <= above->first));
            REQUIRE((above == taken.begin() || std::prev(above)->first + std::prev(above)->second <= start));
            taken.emplace(start, rounded(size));
        }
    }
}

TEST_CASE("metadata pool: serves no more than its largest block") {
    CHECK(metadata_pool.take(MetadataPool::kMaxBlock + 1) == nullptr);
    CHECK(metadata_pool.take(std::size_t{1} << 40) == nullptr);
}

UNIT_TEST_CASE_IN_CHILD("metadata pool: what was given back is used again", unit::kNoHeap) {
    REQUIRE(window.open(kMinWindow));
    for (std::size_t size = 1; size <= MetadataPool::kMaxBlock; size *= 2) {
        std::vector<void*> blocks(64);
        for (void*& block : blocks) {
            block = metadata_pool.take(size);
            if (block == nullptr) FAIL("no block of " << size);
        }
        const std::size_t committed = window.pool.committed();
        for (unsigned round = 0; round < 10; ++round) {
            std::vector<void*> again = blocks;
            for (void* const block : blocks)
                metadata_pool.give(block, size);
            for (void*& block : again)
                block = metadata_pool.take(size - size / 3); // rounded up to the same size
            std::sort(blocks.begin(), blocks.end());
            std::sort(again.begin(), again.end());
            REQUIRE(blocks == again);
        }
        REQUIRE(window.pool.committed() == committed);
        for (void* const block : blocks)
            metadata_pool.give(block, size);
    }
}

UNIT_TEST_CASE_IN_CHILD("metadata pool: a full one says so and recovers", unit::kNoHeap) {
    REQUIRE(window.open(kMinWindow));
    for (const std::size_t size : {std::size_t{64}, std::size_t{4096}, std::size_t{16384}}) {
        UNIT_REQUIRE_PASSED(unit::run_here([size] {
            CAPTURE(size);
            std::vector<void*> blocks;
            while (void* const block = metadata_pool.take(size))
                blocks.push_back(block);
            REQUIRE(blocks.size() >= window.pool.size() / size - 1);
            REQUIRE(metadata_pool.take(1) == nullptr);
            metadata_pool.give(blocks.back(), size);
            REQUIRE(metadata_pool.take(size) == blocks.back());
        }));
    }
}

TEST_CASE("metadata pool: random sizes keep their contents") {
    unit::Random random;
    CAPTURE(random.seed());
    std::vector<Held> held;
    for (unsigned step = 0; step < 5000; ++step) {
        if (held.size() < 60 && random.chance(60)) {
            held.push_back(take(random.below(MetadataPool::kMaxBlock >> random.below(9)) + 1,
                                static_cast<unsigned char>(step)));
            if (held.back().block == nullptr) FAIL("no block of " << held.back().size);
        } else if (!held.empty()) {
            std::swap(held[random.below(held.size())], held.back());
            if (!held.back().intact()) FAIL("a block of " << held.back().size << " has been changed");
            metadata_pool.give(held.back().block, held.back().size);
            held.pop_back();
        }
    }
    for (const Held& last : held)
        metadata_pool.give(last.block, last.size);
}

TEST_CASE("metadata pool: threads never get the same block") {
    constexpr unsigned kThreads = 4;
    std::atomic<unsigned> faults = 0;
    std::vector<std::thread> threads;
    for (unsigned t = 1; t <= kThreads; ++t) {
        threads.emplace_back([&faults, random = unit::Random(t), t]() mutable {
            std::vector<Held> held;
            for (unsigned step = 0; step < 3000; ++step) {
                if (held.size() < 30 && random.chance(60)) {
                    held.push_back(take(random.between(1, 2000), static_cast<unsigned char>(t)));
                } else if (!held.empty()) {
                    if (!held.front().intact()) ++faults;
                    metadata_pool.give(held.front().block, held.front().size);
                    held.erase(held.begin());
                }
            }
            for (const Held& last : held)
                metadata_pool.give(last.block, last.size);
        });
    }
    for (std::thread& thread : threads)
        thread.join();
    CHECK(faults == 0);
}

} // namespace
