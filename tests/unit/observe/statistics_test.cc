// SPDX-License-Identifier: MIT
#include "../support/build_kind.h"
#include "../support/child.h"
#include "../support/random.h"
#include "cache/thread_registry.h"
#include "layout/size_class.h"
#include "layout/window.h"

#include <ashlar/ashlar.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <barrier>
#include <catch2/catch.hpp>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <string>
#include <thread>
#include <utility>
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
            step.arrive_and_wait(); // all threads hold their blocks
            step.arrive_and_wait();
            for (void* const block : blocks[(t + 1) % kThreads])
                ashlar_free(block);
            step.arrive_and_wait(); // no thread holds blocks; some blocks wait for their return
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

// Figures are read one after another. The tolerance is what threads hold and cache meanwhile.
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

// A thread has reused a cache but not prepared its stacks. The cache must not report arrays that they lack.
TEST_CASE("statistics: a cache that is not ready yet holds nothing") {
    namespace cache = ashlar::cache;
    void* const block = ashlar_malloc(std::size_t{16} << 10); // taken from its slab, so it could be cached
    std::thread([] { ashlar_free(ashlar_malloc(1)); }).join();
    const std::size_t before = now().cached;
    cache::PointerStacks stacks;
    cache::ThreadCache* const added = cache::thread_registry.add(stacks);
    REQUIRE(added != nullptr);
    const std::size_t meanwhile = now().cached;
    cache::thread_registry.remove(*added);
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

TEST_CASE("statistics: a caller compiled for another version of the structure is served") {
    constexpr std::size_t kFirst = 96;
    constexpr std::size_t kMore = 16;
    struct {
        ashlar_statistics known;
        std::array<unsigned char, kMore> more;
    } later{};
    std::memset(&later, 0xee, sizeof(later));
    errno = EDOM;
    REQUIRE(ashlar_get_statistics(&later.known, sizeof(later)) == 0);
    CHECK(later.known.window == now().window);
    CHECK(later.more == decltype(later.more){});

    std::array<unsigned char, sizeof(ashlar_statistics)> earlier{};
    earlier.fill(0xee);
    REQUIRE(ashlar_get_statistics(reinterpret_cast<ashlar_statistics*>(earlier.data()), kFirst) == 0);
    std::size_t window = 0;
    std::memcpy(&window, earlier.data(), sizeof(window));
    CHECK(window == now().window);
    CHECK(std::all_of(earlier.begin() + kFirst, earlier.end(), [](unsigned char c) { return c == 0xee; }));
    CHECK(errno == EDOM);
}

TEST_CASE("statistics: what is no version of the structure is refused") {
    ashlar_statistics s{};
    s.window = 42;
    errno = EDOM;
    CHECK(ashlar_get_statistics(&s, 95) == EINVAL);
    CHECK(ashlar_get_statistics(&s, 0) == EINVAL);
    CHECK(ashlar_get_statistics(nullptr, sizeof(s)) == EINVAL);
    CHECK(s.window == 42);
    ashlar_class_statistics of_class{};
    CHECK(ashlar_get_class_statistics(0, &of_class, sizeof(of_class)) == EINVAL);
    constexpr unsigned kLast = ashlar::layout::kClasses - 1;
    CHECK(ashlar_get_class_statistics(kLast + 1, &of_class, sizeof(of_class)) == EINVAL);
    CHECK(ashlar_get_class_statistics(1, &of_class, 71) == EINVAL);
    CHECK(ashlar_get_class_statistics(1, nullptr, sizeof(of_class)) == EINVAL);
    CHECK(ashlar_get_class_statistics(kLast, &of_class, sizeof(of_class)) == 0);
    CHECK(of_class.size == 32768);
    ashlar_lock_statistics of_lock{};
    CHECK(ashlar_get_lock_statistics(0, &of_lock, sizeof(of_lock)) == EINVAL);
    CHECK(ashlar_get_lock_statistics(11, &of_lock, sizeof(of_lock)) == EINVAL);
    CHECK(ashlar_get_lock_statistics(9, &of_lock, 31) == EINVAL);
    CHECK(ashlar_get_lock_statistics(9, &of_lock, sizeof(of_lock)) == 0);
    CHECK(ashlar_get_lock_name(0) == nullptr);
    CHECK(ashlar_get_lock_name(11) == nullptr);
    CHECK(std::string(ashlar_get_lock_name(10)) == "metadata");
    CHECK(errno == EDOM);
}

UNIT_TEST_CASE_IN_CHILD("statistics: classes add up to the whole", unit::kDefaultHeap) {
    UNIT_SKIP_IF(unit::kAddressSanitizer, "blocks have red zones there");
    unit::Random random;
    CAPTURE(random.seed());
    std::vector<void*> held;
    // Grows with small blocks and keeps few of them. Larger blocks then use the gaps.
    for (unsigned i = 0; i < 400'000; ++i)
        held.push_back(ashlar_malloc(random.below(128)));
    for (void*& block : held) {
        if (random.chance(90)) ashlar_free(std::exchange(block, nullptr));
    }
    for (unsigned i = 0; i < 20'000; ++i)
        held.push_back(ashlar_malloc(random.below(4096)));
    std::size_t allocated = 0;
    std::size_t cached = 0;
    std::size_t slab_bytes = 0;
    std::size_t refills = 0;
    const ashlar_statistics s = now();
    for (unsigned c = 1; c < ashlar::layout::kClasses; ++c) {
        ashlar_class_statistics of_class{};
        REQUIRE(ashlar_get_class_statistics(c, &of_class, sizeof(of_class)) == 0);
        allocated += of_class.live * of_class.size;
        cached += of_class.cached * of_class.size;
        slab_bytes += of_class.slab_bytes;
        refills += of_class.refills;
    }
    CHECK(allocated == s.allocated);
    CHECK(cached == s.cached);
    CHECK(slab_bytes < s.slabs); // the rest is mixed
    CHECK(refills == s.refills);
    for (void* const block : held)
        ashlar_free(block);
}

// The static library has its own names, so the tests' own calls of malloc are not counted.
UNIT_TEST_CASE_IN_CHILD("statistics: each operation is counted if that is wanted", "count:true") {
    UNIT_SKIP_IF(unit::kAddressSanitizer, "blocks have red zones there");
    constexpr unsigned kThreads = 4;
    constexpr unsigned kRounds = 5000;
    const auto of_class = [](std::size_t size) {
        ashlar_class_statistics s{};
        REQUIRE(ashlar_get_class_statistics(class_of(size), &s, sizeof(s)) == 0);
        return s;
    };
    std::vector<void*> held(kThreads);
    std::vector<std::thread> threads;
    for (unsigned t = 0; t < kThreads; ++t) {
        threads.emplace_back([&held, t] {
            for (unsigned i = 0; i < kRounds; ++i)
                ashlar_free(ashlar_malloc(48));
            ashlar_free(ashlar_aligned_alloc(256, 256));
            ashlar_free(ashlar_malloc(std::size_t{32} << 10)); // the last class
            held[t] = ashlar_calloc(1, 1000);
        });
    }
    for (std::thread& thread : threads)
        thread.join();
    CHECK(of_class(48).allocations == std::size_t{kThreads} * kRounds);
    CHECK(of_class(48).releases == std::size_t{kThreads} * kRounds);
    CHECK(of_class(48).refills < 10 * kThreads); // counting does not change the caches
    CHECK(of_class(256).allocations == kThreads);
    CHECK(of_class(256).releases == kThreads);
    CHECK(of_class(32768).allocations == kThreads);
    CHECK(of_class(32768).refills == kThreads);
    CHECK(of_class(1000).allocations == kThreads);
    CHECK(of_class(1000).releases == 0);
    CHECK(of_class(1000).live == kThreads);
    const ashlar_statistics s = now();
    CHECK(s.allocations == kThreads * (kRounds + std::size_t{3}));
    CHECK(s.releases == kThreads * (kRounds + std::size_t{2}));
    CHECK(s.refill_ns > s.refills);
    CHECK(s.refill_ns / s.refills < 1'000'000);
    CHECK(s.allocated == kThreads * block_size(1000));
    CHECK(s.threads == 0);
    for (void* const block : held)
        ashlar_free(block);
    CHECK(now().allocated == 0);
    CHECK(now().threads == 1);
}

// Returns the resident bytes from the heap's tables to the window's end, according to the kernel.
std::size_t resident_by_smaps() {
    namespace layout = ashlar::layout;
    const std::uintptr_t begin = layout::window.header_lines.start();
    const std::uintptr_t end = layout::window.base + layout::window.capacity();
    std::ifstream smaps("/proc/self/smaps");
    std::size_t resident = 0;
    bool ours = false;
    for (std::string line; std::getline(smaps, line);) {
        std::uintptr_t first = 0;
        std::uintptr_t last = 0;
        std::size_t kibibytes = 0;
        if (std::sscanf(line.c_str(), "%lx-%lx ", &first, &last) == 2) {
            ours = first >= begin && first < end;
        } else if (ours && std::sscanf(line.c_str(), "Rss: %zu kB", &kibibytes) == 1) {
            resident += kibibytes * 1024;
        }
    }
    return resident;
}

UNIT_TEST_CASE_IN_CHILD("statistics: the sum is what the heap contributes to resident memory",
                        unit::kDefaultHeap) {
    UNIT_SKIP_IF(unit::kSanitizer, "its own memory lies in between");
    unit::Random random;
    CAPTURE(random.seed());
    const auto check = [](const char* phase) {
        const ashlar_statistics s = now();
        const std::size_t truth = resident_by_smaps();
        const std::size_t sum =
            s.allocated + s.cached + s.free_resident + s.dirty_resident + s.metadata_resident - s.untouched;
        CAPTURE(phase, truth, sum, s.resident);
        const std::size_t tolerance = std::max(truth * 3 / 100, std::size_t{256} << 10);
        CHECK(sum == s.resident);
        CHECK(std::max(sum, truth) - std::min(sum, truth) <= tolerance);
        CHECK(s.free_resident + s.free_absent + s.allocated + s.cached + s.dirty + s.clean <= s.committed);
        CHECK(s.residence_unknown == 0);
    };
    check("unused");
    std::vector<void*> held;
    for (unsigned i = 0; i < 40'000; ++i) {
        const std::size_t size = random.below(std::size_t{32769} >> random.below(12));
        held.push_back(std::memset(ashlar_malloc(size), 1, size));
    }
    for (unsigned i = 0; i < 20; ++i)
        held.push_back(std::memset(ashlar_malloc(std::size_t{1} << 20), 1, 700'000));
    check("full");
    for (void*& block : held) {
        if (random.chance(50)) ashlar_free(std::exchange(block, nullptr));
    }
    check("half freed");
    ashlar_malloc_trim(0);
    check("trimmed");
    for (void* const block : held)
        ashlar_free(block);
    check("empty");
}

} // namespace
