// SPDX-License-Identifier: MIT
//
// Children without a heap, where the test owns the table of caches. A small window has a few hundred caches.
#include "../support/child.h"
#include "../support/random.h"
#include "cache/thread_registry.h"
#include "os/page_memory.h"

#include <algorithm>
#include <atomic>
#include <catch2/catch.hpp>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <deque>
#include <memory>
#include <set>
#include <sys/mman.h>
#include <thread>
#include <vector>

namespace {

using namespace ashlar;        // NOLINT(google-build-using-namespace): the layer under test
using namespace ashlar::cache; // NOLINT(google-build-using-namespace): the layer under test

using layout::window;

// A registry with numbered caches, and an owner for each cache.
class Table {
  public:
    Table() {
        REQUIRE(window.open(layout::kMinWindow));
        ThreadCache* const first = registry.add(owners.emplace_back());
        ThreadCache* const second = registry.add(owners.emplace_back());
        stride = static_cast<std::size_t>(reinterpret_cast<char*>(second) - reinterpret_cast<char*>(first));
        REQUIRE(reinterpret_cast<std::uintptr_t>(first) == window.threads.start());
        REQUIRE(stride >= sizeof(ThreadCache));
        registry.remove(*second);
        registry.remove(*first);
        owners.clear();
        capacity = window.threads.size() / stride;
    }

    std::size_t number(const ThreadCache* cache) const {
        return (reinterpret_cast<std::uintptr_t>(cache) - window.threads.start()) / stride;
    }
    ThreadCache* add() { return registry.add(owners.emplace_back()); }
    std::set<std::size_t> live() {
        std::set<std::size_t> numbers;
        registry.for_each([&](const ThreadCache& cache) { numbers.insert(number(&cache)); });
        return numbers;
    }
    std::size_t resident_pages() const {
        std::vector<unsigned char> pages(window.threads.committed() / os::page_size());
        REQUIRE(::mincore(reinterpret_cast<void*>(window.threads.start()), window.threads.committed(),
                          pages.data()) == 0);
        return static_cast<std::size_t>(
            std::count_if(pages.begin(), pages.end(), [](unsigned char p) { return (p & 1) != 0; }));
    }

    ThreadRegistry& registry = thread_registry;
    std::deque<PointerStacks> owners{};
    std::size_t stride = 0;
    std::size_t capacity = 0;
};

// A cache has 8 KiB. The kernel drops whole pages, whatever length the call names.
TEST_CASE("thread registry: only pages that no other cache shares are dropped") {
    const auto own = [](unsigned begin, unsigned end, std::size_t page_size) {
        const ThreadRegistry::Caches caches = ThreadRegistry::in_own_pages(begin, end, page_size);
        return caches.begin < caches.end ? std::pair(caches.begin, caches.end) : std::pair(0U, 0U);
    };
    CHECK(own(0, 5, 4096) == std::pair(0U, 5U));
    CHECK(own(6, 9, 4096) == std::pair(6U, 9U));
    CHECK(own(0, 5, 16384) == std::pair(0U, 4U));
    CHECK(own(6, 9, 16384) == std::pair(6U, 8U));
    CHECK(own(7, 8, 16384) == std::pair(0U, 0U));
    CHECK(own(0, 5, 65536) == std::pair(0U, 0U));
    CHECK(own(6, 40, 65536) == std::pair(8U, 40U));
}

UNIT_TEST_CASE_IN_CHILD("thread registry: the lowest free cache comes first", unit::kNoHeap) {
    Table table;
    unit::Random random;
    CAPTURE(random.seed());
    std::vector<ThreadCache*> caches(table.capacity, nullptr);
    std::size_t live = 0;
    for (unsigned step = 0; step < 20'000; ++step) {
        const auto lowest =
            static_cast<std::size_t>(std::find(caches.begin(), caches.end(), nullptr) - caches.begin());
        if (random.chance(step / 4000 % 2 == 0 ? 80 : 30)) {
            ThreadCache* const added = table.add();
            if (lowest == table.capacity) {
                if (added != nullptr) FAIL("a cache beyond the table");
                continue;
            }
            if (added == nullptr || table.number(added) != lowest) FAIL("not cache " << lowest);
            if (added->owner != &table.owners.back()) FAIL("another owner");
            caches[lowest] = added;
            ++live;
        } else {
            const std::size_t number = random.below(table.capacity);
            if (caches[number] == nullptr) continue;
            table.registry.remove(*caches[number]);
            caches[number] = nullptr;
            --live;
        }
        if (table.registry.live() != live) FAIL(table.registry.live() << " are live, not " << live);
    }
    REQUIRE(table.live().size() == live);
}

UNIT_TEST_CASE_IN_CHILD("thread registry: a full table says so and recovers", unit::kNoHeap) {
    Table table;
    std::vector<ThreadCache*> caches;
    while (ThreadCache* const cache = table.add())
        caches.push_back(cache);
    REQUIRE(caches.size() == table.capacity);
    REQUIRE(table.registry.live() == table.capacity);
    REQUIRE(table.add() == nullptr);
    REQUIRE(table.registry.live() == table.capacity);
    for (const std::size_t number : {std::size_t{0}, std::size_t{63}, std::size_t{64}, table.capacity - 1}) {
        table.registry.remove(*caches[number]);
        REQUIRE(table.registry.live() == table.capacity - 1);
        REQUIRE(table.add() == caches[number]);
    }
}

UNIT_TEST_CASE_IN_CHILD("thread registry: visits the live ones", unit::kNoHeap) {
    Table table;
    REQUIRE(table.live().empty());
    std::vector<ThreadCache*> caches;
    for (unsigned i = 0; i < 130; ++i)
        caches.push_back(table.add());
    for (const std::size_t number : {0U, 1U, 64U, 100U, 129U})
        table.registry.remove(*caches[number]);
    const std::set<std::size_t> live = table.live();
    REQUIRE(live.size() == 125);
    for (const std::size_t number : {0U, 1U, 64U, 100U, 129U})
        REQUIRE(live.count(number) == 0);
}

UNIT_TEST_CASE_IN_CHILD("thread registry: a storm of threads leaves little behind", unit::kNoHeap) {
    const auto resident_after = [](bool lowest_first) {
        Table& table = *new Table; // NOLINT(cppcoreguidelines-owning-memory): the child ends
        std::vector<ThreadCache*> caches;
        while (ThreadCache* const cache = table.add()) {
            PointerStacks* const owner = cache->owner;
            std::memset(static_cast<void*>(cache), 1, table.stride);
            cache->owner = owner;
            cache->counted[0] = 0; // reset counts that class 0 would never have
            cache->counted[1] = 0;
            caches.push_back(cache);
        }
        const std::size_t peak = table.resident_pages();
        REQUIRE(peak == window.threads.size() / os::page_size());
        if (!lowest_first) std::reverse(caches.begin(), caches.end());
        for (ThreadCache* const cache : caches)
            table.registry.remove(*cache);
        REQUIRE(table.registry.live() == 0);
        REQUIRE(table.resident_pages() <= peak / 4);
        REQUIRE(table.resident_pages() > 0); // some caches are kept for new threads
        // The caches are usable again.
        for (unsigned i = 0; i < caches.size(); ++i) {
            ThreadCache* const cache = table.add();
            REQUIRE(cache != nullptr);
            cache->stack_bytes = 1;
        }
    };
    UNIT_REQUIRE_PASSED(unit::run_here([&] { resident_after(true); }));
    UNIT_REQUIRE_PASSED(unit::run_here([&] { resident_after(false); }));
}

UNIT_TEST_CASE_IN_CHILD("thread registry: after a fork only the survivor is there", unit::kNoHeap) {
    Table table;
    std::vector<ThreadCache*> caches;
    for (unsigned i = 0; i < 70; ++i)
        caches.push_back(table.add());
    table.registry.remove(*caches[2]);
    table.registry.forget_others(*caches[66]->owner, nullptr);
    REQUIRE(table.live() == std::set<std::size_t>{66});
    REQUIRE(table.registry.live() == 1);
    for (std::size_t expected = 0; expected < 66; ++expected)
        REQUIRE(table.number(table.add()) == expected);
    REQUIRE(table.number(table.add()) == 67);
    table.registry.forget_others(PointerStacks{}, nullptr);
    REQUIRE(table.live().empty());
    REQUIRE(table.registry.live() == 0);
    REQUIRE(table.number(table.add()) == 0);
}

// One system call for each of thousands of threads would dominate the cost of fork.
UNIT_TEST_CASE_IN_CHILD("thread registry: after a fork the memory of the others is given back",
                        unit::kNoHeap) {
    Table table;
    std::vector<ThreadCache*> caches;
    for (unsigned i = 0; i < 200; ++i) {
        caches.push_back(table.add());
        caches.back()->classes[1].last_call = 1;
        *caches.back()->first_slots(ashlar::layout::kClasses - 1) = nullptr;
    }
    const std::size_t before = table.resident_pages();
    table.registry.forget_others(*caches[100]->owner, nullptr);
    REQUIRE(table.resident_pages() == before / 200);
    REQUIRE(caches[100]->classes[1].last_call == 1);
    for (unsigned i = 0; i < 200; ++i)
        REQUIRE(table.number(table.add()) == (i < 100 ? i : i + 1));
}

// For example, the kernel refuses MADV_DONTNEED for locked memory.
UNIT_TEST_CASE_IN_CHILD("thread registry: a fork is survived when memory cannot be given back",
                        unit::kNoHeap) {
    Table table;
    std::vector<ThreadCache*> caches;
    for (unsigned i = 0; i < 5; ++i)
        caches.push_back(table.add());
    if (::mlock(caches[3], table.stride) != 0) return;
    table.registry.forget_others(*caches[1]->owner, nullptr);
    REQUIRE(table.live() == std::set<std::size_t>{1});
    REQUIRE(table.number(table.add()) == 0);
    REQUIRE(table.number(table.add()) == 2);
}

UNIT_TEST_CASE_IN_CHILD("thread registry: threads never get the same cache", unit::kNoHeap) {
    const auto table = std::make_unique<Table>();
    std::atomic<unsigned> faults = 0;
    std::vector<std::thread> threads;
    for (unsigned t = 0; t < 4; ++t) {
        threads.emplace_back([&table, &faults] {
            PointerStacks mine;
            for (unsigned i = 0; i < 5000; ++i) {
                ThreadCache* const cache = table->registry.add(mine);
                if (cache == nullptr || cache->owner != &mine) {
                    ++faults;
                    continue;
                }
                cache->stack_bytes = i;
                if (cache->stack_bytes != i || cache->owner != &mine) ++faults;
                table->registry.remove(*cache);
            }
        });
    }
    for (std::thread& thread : threads)
        thread.join();
    REQUIRE(faults == 0);
    REQUIRE(table->registry.live() == 0);
}

} // namespace
