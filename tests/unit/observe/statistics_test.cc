// SPDX-License-Identifier: MIT
#include "../support/build_kind.h"
#include "../support/child.h"
#include "../support/random.h"
#include "cache/thread_registry.h"
#include "layout/size_class.h"
#include "observe/statistics.h"

#include <ashlar/ashlar.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <barrier>
#include <catch2/catch.hpp>
#include <cerrno>
#include <cstddef>
#include <string>
#include <thread>
#include <vector>

namespace {

using ashlar::layout::class_of;
using ashlar::layout::class_size;

ashlar_statistics now() {
    ashlar_statistics statistics{};
    REQUIRE(ashlar_get_statistics(&statistics, sizeof(statistics)) == 0);
    return statistics;
}

std::size_t block_size(std::size_t size) {
    return class_size(class_of(size));
}

UNIT_TEST_CASE_IN_CHILD("statistics: a heap that nobody used holds nothing", unit::kDefaultHeap) {
    const ashlar_statistics s = now();
    REQUIRE(s.window >= std::size_t{1} << 30);
    REQUIRE(s.committed == 0);
    REQUIRE(s.slabs == 0);
    REQUIRE(s.allocated == 0);
    REQUIRE(s.cached == 0);
    REQUIRE(s.threads == 0);
    REQUIRE(s.shards <= 1);
    REQUIRE(s.fallback_only == 0);
}

UNIT_TEST_CASE_IN_CHILD("statistics: what the program holds is counted to the byte", unit::kDefaultHeap) {
    UNIT_SKIP_IF(unit::kAddressSanitizer, "blocks have red zones there");
    unit::Random random;
    CAPTURE(random.seed());
    struct Held {
        void* block;
        std::size_t size;
    };
    std::vector<Held> held;
    std::size_t allocated = 0;
    for (unsigned step = 0; step < 20'000; ++step) {
        if (random.chance(step < 12'000 ? 60 : 40)) {
            const std::size_t size = random.below(std::size_t{32769} >> random.below(12));
            held.push_back({ashlar_malloc(size), size});
            allocated += block_size(size);
        } else if (!held.empty()) {
            std::swap(held[random.below(held.size())], held.back());
            ashlar_free(held.back().block);
            allocated -= block_size(held.back().size);
            held.pop_back();
        }
        if (step % 100 != 0) continue;
        const ashlar_statistics s = now();
        if (s.allocated != allocated) FAIL(s.allocated << " allocated, not " << allocated);
        if (s.slabs < s.allocated + s.cached) FAIL("more blocks than slabs");
        if (s.committed < s.slabs) FAIL("more slabs than memory");
        if (s.window < s.committed) FAIL("more memory than window");
    }
    const ashlar_statistics before = now();
    ashlar_malloc_trim(0);
    const ashlar_statistics after = now();
    REQUIRE(before.cached > 0);
    REQUIRE(after.cached == 0);
    REQUIRE(after.allocated == allocated);
    REQUIRE(after.slabs <= before.slabs);
    REQUIRE(after.threads == 1);
    REQUIRE(after.metadata > 0);
    for (const Held& last : held)
        ashlar_free(last.block);
    REQUIRE(now().allocated == 0);
    ashlar_malloc_trim(0);
    REQUIRE(now().slabs == 0);
    REQUIRE(now().cached == 0);
}

UNIT_TEST_CASE_IN_CHILD("statistics: blocks move from allocated to cached when they are freed",
                        unit::kDefaultHeap) {
    void* const block = ashlar_malloc(1000);
    const ashlar_statistics held = now();
    REQUIRE(held.allocated == block_size(1000));
    ashlar_free(block);
    const ashlar_statistics freed = now();
    REQUIRE(freed.allocated == 0);
    REQUIRE(freed.cached == held.cached + block_size(1000));
}

UNIT_TEST_CASE_IN_CHILD("statistics: threads and what they hold and cache for others", unit::kDefaultHeap) {
    UNIT_SKIP_IF(unit::kAddressSanitizer, "blocks have red zones there");
    constexpr unsigned kThreads = 8;
    constexpr unsigned kBlocks = 100;
    std::barrier step(kThreads + 1);
    std::vector<std::array<void*, kBlocks>> blocks(kThreads);
    std::vector<std::thread> threads;
    for (unsigned t = 0; t < kThreads; ++t) {
        threads.emplace_back([&, t] {
            for (void*& block : blocks[t])
                block = ashlar_malloc(200);
            step.arrive_and_wait(); // all hold theirs
            step.arrive_and_wait();
            for (void* const block : blocks[(t + 1) % kThreads])
                ashlar_free(block);
            step.arrive_and_wait(); // none is held; some wait here to go home
            step.arrive_and_wait();
        });
    }
    step.arrive_and_wait();
    const ashlar_statistics held = now();
    step.arrive_and_wait();
    step.arrive_and_wait();
    const ashlar_statistics freed = now();
    step.arrive_and_wait();
    for (std::thread& thread : threads)
        thread.join();
    const ashlar_statistics ended = now();
    CAPTURE(held.cached, freed.cached);
    REQUIRE(held.allocated == kThreads * kBlocks * block_size(200));
    REQUIRE(held.threads == kThreads);
    REQUIRE(freed.allocated == 0);
    REQUIRE(freed.cached > 0);
    REQUIRE(freed.threads == kThreads);
    REQUIRE(freed.shards >= 1);
    REQUIRE(ended.allocated == 0);
    REQUIRE(ended.cached == 0);
    REQUIRE(ended.threads == 0);
}

// Figures are gathered one after the other; what the threads have out and cache meanwhile is the tolerance.
UNIT_TEST_CASE_IN_CHILD("statistics: are near the truth while threads work and come and go",
                        unit::kDefaultHeap) {
    constexpr std::size_t kTolerance = std::size_t{4} << 20;
    std::vector<void*> held(10'000);
    for (void*& block : held)
        block = ashlar_malloc(1000);
    ashlar_malloc_trim(0);
    const std::size_t truth = held.size() * block_size(1000);
    std::atomic<bool> done = false;
    std::vector<std::thread> threads;
    for (unsigned t = 0; t < 3; ++t) {
        threads.emplace_back([&done] {
            do {
                std::thread([] {
                    std::array<void*, 100> blocks{};
                    for (void*& block : blocks)
                        block = ashlar_malloc(100);
                    for (void* const block : blocks)
                        ashlar_free(block);
                }).join();
            } while (!done);
        });
    }
    std::size_t least = truth;
    std::size_t most = truth;
    std::size_t most_cached = 0;
    std::size_t most_threads = 0;
    for (unsigned i = 0; i < 3000; ++i) {
        const ashlar_statistics s = now();
        least = std::min(least, s.allocated);
        most = std::max(most, s.allocated);
        most_cached = std::max(most_cached, s.cached);
        most_threads = std::max(most_threads, s.threads);
    }
    done = true;
    for (std::thread& thread : threads)
        thread.join();
    CAPTURE(truth, least, most, most_cached);
    REQUIRE(now().allocated == truth);
    REQUIRE(now().cached == 0);
    REQUIRE(most_threads <= 4);
    REQUIRE(most <= truth + kTolerance);
    REQUIRE(least >= truth - kTolerance);
    REQUIRE(most_cached <= kTolerance);
}

// As between the moment when a thread gets a chunk that another one left and the moment when its stacks are
// ready: the chunk must not speak of arrays then that the new stacks do not have.
TEST_CASE("statistics: a cache that is not ready yet holds nothing") {
    namespace cache = ashlar::cache;
    void* const block = ashlar_malloc(std::size_t{16} << 10); // out of its slab, so that it could be cached
    std::thread([] { ashlar_free(ashlar_malloc(1)); }).join();
    const std::size_t before = now().cached;
    cache::PointerStacks stacks;
    cache::Chunk* const chunk = cache::thread_registry.add(stacks);
    REQUIRE(chunk != nullptr);
    const std::size_t meanwhile = now().cached;
    cache::thread_registry.remove(*chunk);
    ashlar_free(block);
    CHECK(meanwhile == before);
}

TEST_CASE("statistics: the fallback's share") {
    UNIT_SKIP_IF(unit::kSanitizer, "its malloc tells nothing");
    const std::size_t before = now().fallback;
    REQUIRE(ashlar_control("large_limit:1m") == 0);
    void* const large = ashlar_malloc(std::size_t{10} << 20);
    CHECK(now().fallback >= before + (std::size_t{10} << 20));
    ashlar_free(large);
    CHECK(now().fallback < before + (std::size_t{10} << 20));
    REQUIRE(ashlar_control("large_limit:16g") == 0);
}

TEST_CASE("statistics: large blocks count, and what they leave is dirty until it is purged") {
    UNIT_SKIP_IF(unit::kAddressSanitizer, "blocks have red zones there");
    constexpr std::size_t kSize = std::size_t{10} << 20;
    ashlar_malloc_trim(0);
    const ashlar_statistics before = now();
    void* const large = ashlar_malloc(kSize);
    const ashlar_statistics meanwhile = now();
    ashlar_free(large);
    const ashlar_statistics after = now();
    ashlar_malloc_trim(0);
    CHECK(meanwhile.large == before.large + kSize);
    CHECK(meanwhile.allocated == before.allocated + kSize);
    CHECK(meanwhile.slabs == before.slabs);
    CHECK(after.large == before.large);
    CHECK(after.dirty >= kSize);
    CHECK(now().dirty == 0);
}

TEST_CASE("statistics: a caller compiled for another structure is refused") {
    ashlar_statistics s{};
    s.window = 42;
    errno = EDOM;
    CHECK(ashlar_get_statistics(&s, sizeof(s) - 1) == EINVAL);
    CHECK(ashlar_get_statistics(&s, sizeof(s) + 8) == EINVAL);
    CHECK(ashlar_get_statistics(&s, 0) == EINVAL);
    CHECK(ashlar_get_statistics(nullptr, sizeof(s)) == EINVAL);
    CHECK(s.window == 42);
    CHECK(ashlar_get_statistics(&s, sizeof(s)) == 0);
    CHECK(errno == EDOM);
}

TEST_CASE("statistics: are printed one figure a line") {
    const unit::Outcome outcome = unit::run_here([] {
        ashlar_statistics s{};
        s.window = 1;
        s.committed = 2;
        s.slabs = 3;
        s.large = 10;
        s.dirty = 11;
        s.allocated = 4;
        s.cached = 5;
        s.metadata = 6;
        s.threads = 7;
        s.shards = 8;
        s.fallback = 9;
        s.fallback_only = 1;
        ashlar::observe::print(s);
    });
    UNIT_REQUIRE_PASSED(outcome);
    for (const char* const line :
         {"window 1", "committed 2", "slabs 3", "large 10", "dirty 11", "allocated 4", "cached 5",
          "metadata 6", "threads 7", "shards 8", "fallback 9", "fallback_only 1"}) {
        CHECK_THAT(outcome.errors, Catch::Matchers::Contains("ashlar: " + std::string(line) + "\n"));
    }
}

TEST_CASE("statistics: the largest figures fit") {
    const unit::Outcome outcome = unit::run_here([] {
        constexpr std::size_t most = ~std::size_t{0};
        ashlar::observe::print({most, most, most, most, most, most, most, most, most, most, most, 1});
    });
    CHECK_THAT(outcome.errors, Catch::Matchers::EndsWith("ashlar: fallback_only 1\n"));
}

} // namespace
