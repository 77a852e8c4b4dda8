// SPDX-License-Identifier: MIT
//
// Released blocks that wait: limited in number, in random order, poisoned, and all return to the heap.
#include "../support/build_kind.h"
#include "../support/child.h"
#include "guard/canary.h"
#include "guard/live_map.h"
#include "guard/waiting_blocks.h"
#include "heap/heap.h"
#include "os/config.h"

#include <ashlar/ashlar.h>

#include <algorithm>
#include <barrier>
#include <catch2/catch.hpp>
#include <cstddef>
#include <cstring>
#include <set>
#include <thread>
#include <vector>

namespace {

using namespace ashlar;        // NOLINT(google-build-using-namespace): the layer under test
using namespace ashlar::guard; // NOLINT(google-build-using-namespace): the layer under test

using layout::SizeClass;

constexpr SizeClass kClass = layout::class_of(1000);
constexpr std::size_t kSize = layout::class_size(kClass);

void* make() {
    void* const block = heap::allocate(kSize);
    const std::size_t offset = layout::window.offset_of(block);
    if (block == nullptr || !live_map.cover(offset) || !live_map.begin(offset)) FAIL("no memory");
    return block;
}

std::size_t allocated() {
    ashlar_statistics statistics{};
    REQUIRE(ashlar_get_statistics(&statistics, sizeof(statistics)) == 0);
    return statistics.allocated;
}

// Adds 4 * `most` blocks and checks which of them return to the heap.
UNIT_TEST_CASE_IN_CHILD("waiting blocks: they leave when there are too many, in no order",
                        unit::kDefaultHeap) {
    const std::size_t most = Quarantine::kLeast / kSize;
    std::vector<void*> blocks(4 * most);
    std::generate(blocks.begin(), blocks.end(), make);
    for (void* const block : blocks)
        waiting_blocks::add(block, kClass);
    REQUIRE(waiting_blocks::bytes() <= std::max(Quarantine::kLeast, 4 * most * kSize / 4));
    REQUIRE(waiting_blocks::bytes() > Quarantine::kLeast / 2);
    // The blocks that return are not simply the oldest: some early blocks still wait, some late ones do not.
    std::vector<void*> again(3 * most);
    std::generate(again.begin(), again.end(), make);
    const std::set<void*> back(again.begin(), again.end());
    const auto early = blocks.begin() + static_cast<std::ptrdiff_t>(3 * most);
    const auto late = blocks.end() - static_cast<std::ptrdiff_t>(most);
    REQUIRE(std::any_of(blocks.begin(), early, [&](void* b) { return back.count(b) == 0; }));
    REQUIRE(std::any_of(late, blocks.end(), [&](void* b) { return back.count(b) != 0; }));
}

UNIT_TEST_CASE_IN_CHILD("waiting blocks: the setting bounds them", "") {
    os::settings.quarantine = 10 * kSize;
    for (int i = 0; i < 1000; ++i)
        waiting_blocks::add(make(), kClass);
    REQUIRE(waiting_blocks::bytes() <= 10 * kSize);
    REQUIRE(waiting_blocks::bytes() >= 9 * kSize);
}

UNIT_TEST_CASE_IN_CHILD("waiting blocks: with the setting 0 none waits, and those that do may go",
                        unit::kDefaultHeap) {
    heap::release(heap::allocate(kSize));
    const std::size_t before = allocated();
    for (int i = 0; i < 5; ++i)
        waiting_blocks::add(make(), kClass);
    os::settings.quarantine = 0; // takes effect when the class has no room
    for (int i = 0; waiting_blocks::mine != nullptr && i < 100'000; ++i)
        waiting_blocks::add(make(), kClass);
    REQUIRE(waiting_blocks::mine == nullptr);
    const std::size_t waiting = waiting_blocks::bytes();
    REQUIRE(waiting >= 5 * kSize);
    void* const block = make();
    waiting_blocks::add(block, kClass);
    REQUIRE(waiting_blocks::bytes() == waiting);
    REQUIRE(allocated() == before + waiting);
    // The block is free now. The address sanitizer would report a read.
    REQUIRE((unit::kAddressSanitizer || poison::intact(block, kSize, poison::Extent::kEnds)));
    REQUIRE(waiting_blocks::return_all());
    REQUIRE(allocated() == before);
}

UNIT_TEST_CASE_IN_CHILD("waiting blocks: they are poisoned, and all come back", unit::kDefaultHeap) {
    heap::release(heap::allocate(kSize));
    const std::size_t before = allocated();
    void* const block = make();
    std::memset(block, 1, kSize);
    waiting_blocks::add(block, kClass);
    REQUIRE(poison::intact(block, kSize, poison::Extent::kEnds));
    REQUIRE(waiting_blocks::return_all());
    REQUIRE_FALSE(waiting_blocks::return_all());
    REQUIRE(waiting_blocks::bytes() == 0);
    REQUIRE(allocated() == before);
}

UNIT_TEST_CASE_IN_CHILD("waiting blocks: those of a thread that ends wait on", unit::kDefaultHeap) {
    std::thread([] {
        for (int i = 0; i < 10; ++i)
            waiting_blocks::add(make(), kClass);
        waiting_blocks::end_thread();
        waiting_blocks::add(make(), kClass); // the thread has no quarantine, or creates a new one
    }).join();
    REQUIRE(waiting_blocks::bytes() >= 10 * kSize);
    REQUIRE(waiting_blocks::return_all());
}

UNIT_TEST_CASE_IN_CHILD("waiting blocks: once enough wait, they are handed out again in no order",
                        unit::kDefaultHeap) {
    REQUIRE_FALSE(waiting_blocks::enough(kClass));
    std::vector<void*> blocks(Quarantine::kLeast / kSize);
    std::generate(blocks.begin(), blocks.end(), make);
    for (void* const block : blocks)
        waiting_blocks::add(block, kClass);
    std::vector<void*> again;
    while (waiting_blocks::enough(kClass))
        again.push_back(waiting_blocks::take(kClass).block());
    REQUIRE(again.size() >= blocks.size() / 8);
    REQUIRE(waiting_blocks::bytes() >= blocks.size() / 2 * kSize);
    REQUIRE(waiting_blocks::bytes() == (blocks.size() - again.size()) * kSize);
    REQUIRE(std::set<void*>(again.begin(), again.end()).size() == again.size());
    std::vector<std::ptrdiff_t> places;
    for (void* const block : again)
        places.push_back(std::find(blocks.begin(), blocks.end(), block) - blocks.begin());
    REQUIRE(*std::max_element(places.begin(), places.end()) < static_cast<std::ptrdiff_t>(blocks.size()));
    REQUIRE_FALSE(std::is_sorted(places.begin(), places.end()));
    REQUIRE_FALSE(std::is_sorted(places.rbegin(), places.rend()));
}

// add() decides whether to poison the whole block, even if other blocks must leave first.
UNIT_TEST_CASE_IN_CHILD("waiting blocks: of long ones as many as should be are poisoned as a whole",
                        unit::kDefaultHeap) {
    constexpr SizeClass kLong = layout::class_of(2048);
    constexpr std::size_t kLength = layout::class_size(kLong);
    constexpr int kReleases = 40000;
    int whole = 0;
    for (int i = 0; i < kReleases; ++i) {
        auto* const block = static_cast<char*>(heap::allocate(kLength));
        REQUIRE(live_map.cover(layout::window.offset_of(block)));
        REQUIRE(live_map.begin(layout::window.offset_of(block)));
        block[kLength / 2] = 1;
        waiting_blocks::add(block, kLong);
        whole += static_cast<unsigned char>(block[kLength / 2]) == poison::kByte ? 1 : 0;
    }
    const double one_in = kLength / 4.0;
    REQUIRE(whole > kReleases / one_in * 0.65);
    REQUIRE(whole < kReleases / one_in * 1.35);
}

TEST_CASE("waiting blocks: a write is reported although waiting was forbidden for a time") {
    const unit::Outcome outcome = unit::run_here([] {
        os::settings.poison = kSize; // the whole block
        waiting_blocks::add(make(), kClass);
        os::settings.quarantine = 0;
        waiting_blocks::add(make(), kClass);
        os::settings.quarantine = std::size_t{1} << 20;
        auto* const block = static_cast<char*>(make());
        waiting_blocks::add(block, kClass);
        block[kSize / 2] = 0;
        waiting_blocks::return_all();
    });
    UNIT_REQUIRE_ABORTED("write after free, " + std::to_string(kSize / 2) + " bytes into the block", outcome);
}

UNIT_TEST_CASE_IN_CHILD("waiting blocks: what a thread leaves is the next one's", unit::kDefaultHeap) {
    for (std::size_t before = 0; before < 30; before += 10) {
        std::size_t found = 0;
        std::thread([&found] {
            waiting_blocks::add(make(), kClass);
            found = waiting_blocks::mine->bytes();
            for (int i = 1; i < 10; ++i)
                waiting_blocks::add(make(), kClass);
            waiting_blocks::end_thread();
        }).join();
        REQUIRE(found == (before + 1) * kSize);
    }
}

UNIT_TEST_CASE_IN_CHILD("waiting blocks: many threads leave no more than a few can", unit::kDefaultHeap) {
    constexpr std::size_t kThreads = 30;
    std::barrier together(static_cast<std::ptrdiff_t>(kThreads));
    std::vector<std::thread> threads;
    for (std::size_t t = 0; t < kThreads; ++t) {
        threads.emplace_back([&together] {
            waiting_blocks::add(make(), kClass);
            together.arrive_and_wait();
            waiting_blocks::end_thread();
        });
    }
    for (std::thread& thread : threads)
        thread.join();
    REQUIRE(waiting_blocks::bytes() < kThreads / 2 * kSize);
    REQUIRE(waiting_blocks::return_all());
    REQUIRE(waiting_blocks::bytes() == 0);
}

TEST_CASE("waiting blocks: a write to one is reported when it is handed out again") {
    const unit::Outcome outcome = unit::run_here([] {
        for (std::size_t i = 0; i < Quarantine::kLeast / kSize; ++i) {
            auto* const block = static_cast<char*>(make());
            waiting_blocks::add(block, kClass);
            block[kSize - 1] = 0;
        }
        waiting_blocks::check(waiting_blocks::take(kClass));
    });
    UNIT_REQUIRE_ABORTED("write after free, " + std::to_string(kSize - 1) + " bytes into the block", outcome);
}

TEST_CASE(
    "waiting blocks: one that two threads released at one time is reported when the second one lets go") {
    const unit::Outcome outcome = unit::run_here([] {
        auto* const block = static_cast<char*>(make());
        waiting_blocks::add(block, kClass); // released by one thread, then handed out again
        canary::close(block, kSize, {.size = 10});
        waiting_blocks::return_all(); // the release by the other thread
    });
    UNIT_REQUIRE_ABORTED("by two threads at one time", outcome);
}

TEST_CASE("waiting blocks: a write to one is reported when it leaves, with its place") {
    for (const std::size_t at : {std::size_t{0}, std::size_t{8}, kSize / 2, kSize - 1}) {
        INFO("byte " << at);
        const unit::Outcome outcome = unit::run_here([at] {
            os::settings.poison = kSize; // the whole block
            auto* const block = static_cast<char*>(make());
            waiting_blocks::add(block, kClass);
            block[at] = 0;
            waiting_blocks::return_all();
        });
        UNIT_REQUIRE_ABORTED("write after free, " + std::to_string(at) + " bytes into the block", outcome);
    }
}

TEST_CASE("waiting blocks: a write to a block of a thread is reported when the thread ends") {
    const unit::Outcome outcome = unit::run_here([] {
        std::thread([] {
            auto* const block = static_cast<char*>(make());
            waiting_blocks::add(block, kClass);
            block[1] = 0;
            waiting_blocks::end_thread();
        }).join();
    });
    UNIT_REQUIRE_ABORTED("write after free, 1 bytes into the block", outcome);
}

UNIT_TEST_CASE_IN_CHILD("waiting blocks: a forked child has its own thread's alone", unit::kDefaultHeap) {
    waiting_blocks::add(make(), kClass);
    std::size_t seen = 0;
    std::thread([&seen] {
        waiting_blocks::add(make(), kClass);
        const unit::Outcome child = unit::run_here([] {
            waiting_blocks::survive_fork();
            REQUIRE(waiting_blocks::bytes() == kSize);
            REQUIRE(waiting_blocks::return_all());
        });
        seen = child.exited(0) ? waiting_blocks::bytes() : 0;
    }).join();
    REQUIRE(seen == 2 * kSize);
}

} // namespace
