// SPDX-License-Identifier: MIT
//
// Decay of unused memory, in children with a short purge delay. The tests wait for the expected events, and
// only the test runner's time limit ends them.
#include "../support/build_kind.h"
#include "../support/child.h"
#include "cache/decay.h"
#include "cache/thread_cache.h"
#include "heap/heap.h"
#include "layout/superslab.h"
#include "os/config.h"
#include "os/counters.h"
#include "slab/slab.h"

#include <catch2/catch.hpp>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <dirent.h>
#include <fstream>
#include <sched.h>
#include <string>
#include <sys/mman.h>
#include <vector>

namespace {

using namespace ashlar;        // NOLINT(google-build-using-namespace): the layer under test
using namespace ashlar::cache; // NOLINT(google-build-using-namespace): the layer under test

using layout::class_of;
using layout::window;
using Blocks = std::vector<void*>;

constexpr std::size_t kSize = 4096;

void give(void* block) {
    release(window.header_of(block), block);
}

Blocks touched_blocks(std::size_t count) {
    Blocks blocks(count);
    for (void*& block : blocks) {
        block = allocate(class_of(kSize));
        if (block == nullptr) FAIL("no block");
        std::memset(block, 1, kSize);
    }
    return blocks;
}

std::size_t resident(const Blocks& blocks) {
    std::size_t count = 0;
    for (void* const block : blocks) {
        const auto page =
            reinterpret_cast<std::uintptr_t>(block) / slab::kSystemPageSize * slab::kSystemPageSize;
        unsigned char there = 0;
        if (mincore(reinterpret_cast<void*>(page), 1, &there) == 0) count += there & 1U;
    }
    return count;
}

// Makes slow calls for class_of(64) only, in slabs of their own. Busy programs contribute no more to decay.
class Busy {
  public:
    Busy() : blocks_(500) { take(); }
    ~Busy() { give_all(); }
    Busy(const Busy&) = delete;
    Busy& operator=(const Busy&) = delete;

    void work() {
        give_all();
        take();
    }

  private:
    void take() {
        for (void*& block : blocks_)
            block = allocate(class_of(64));
    }
    void give_all() {
        for (void* const block : blocks_)
            give(block);
    }
    Blocks blocks_;
};

// Returns the number of Ashlar's own threads in this process. A sanitizer has threads too.
unsigned own_threads() {
    unsigned count = 0;
    DIR* const tasks = opendir("/proc/self/task");
    REQUIRE(tasks != nullptr);
    while (const dirent* const entry = readdir(tasks)) {
        std::ifstream file(std::string("/proc/self/task/") + entry->d_name + "/comm");
        std::string name;
        std::getline(file, name);
        if (name == "ashlar") ++count;
    }
    closedir(tasks);
    return count;
}

// Waits until Ashlar's thread exists. The thread names itself after its start.
void wait_for_own_thread() {
    while (own_threads() == 0)
        sched_yield();
    REQUIRE(own_threads() == 1);
}

UNIT_TEST_CASE_IN_CHILD("decay: what nobody uses any more is given back by those who come by",
                        "purge_delay_ms:20,thread_cache:0") {
    Busy busy;
    const Blocks blocks = touched_blocks(4000);
    for (void* const block : blocks)
        give(block);
    REQUIRE(resident(blocks) > 0); // at least the blocks in this thread's own stack
    while (resident(blocks) != 0)
        busy.work();
}

UNIT_TEST_CASE_IN_CHILD("decay: a class that is not used any more gives back pages between its blocks",
                        "purge_delay_ms:20,thread_cache:0") {
    Busy busy;
    const Blocks blocks = touched_blocks(64); // too few for unused pages while the class is in use
    Blocks freed;
    for (std::size_t i = 0; i < blocks.size(); ++i) {
        if (i % 2 == 0) continue;
        freed.push_back(blocks[i]);
        give(blocks[i]);
    }
    while (resident(freed) != 0)
        busy.work();
    for (std::size_t i = 0; i < blocks.size(); i += 2) {
        const auto* const bytes = static_cast<const char*>(blocks[i]);
        REQUIRE(bytes[0] == 1);
        REQUIRE(bytes[kSize - 1] == 1);
        give(blocks[i]);
    }
}

// No call purges more than one step. The blocks are so large that no bin has unused pages.
UNIT_TEST_CASE_IN_CHILD("decay: no call of malloc or free purges more than a mebibyte, by four calls",
                        "purge_delay_ms:1000000000") {
    static constexpr std::size_t kLarge = std::size_t{1} << 20;
    Blocks blocks(300);
    for (void*& block : blocks) {
        block = heap::allocate(kLarge);
        REQUIRE(block != nullptr);
        std::memset(block, 1, kLarge);
    }
    const auto bounded = [](auto work) {
        const std::uint64_t calls = os::counters.purges;
        const std::uint64_t bytes = os::counters.purged_bytes;
        work();
        REQUIRE(os::counters.purges - calls <= 4);
        REQUIRE(os::counters.purged_bytes - bytes <= kLarge);
    };
    for (std::size_t i = 0; i < blocks.size(); i += 2)
        bounded([&] { heap::release(blocks[i]); });
    REQUIRE(layout::superslabs.dirty_slices() * layout::kSliceSize >= 100 * kLarge);
    os::settings.purge_delay_ms = 0; // every look is due
    unsigned rounds = 0;
    for (; layout::superslabs.dirty_slices() > 64; ++rounds) {
        REQUIRE(rounds < 100'000);
        for (unsigned i = 0; i < 15; ++i) {
            void* block = nullptr;
            bounded([&] { block = heap::allocate(40'000 + i * layout::kSliceSize); });
            bounded([&] { heap::release(block); });
        }
    }
    REQUIRE(rounds >= 4); // of 30 calls with up to 1 MiB each
}

UNIT_TEST_CASE_IN_CHILD("decay: the longest delay is no short one", "purge_delay_ms:18446744073709551615") {
    const std::uint32_t rounds = decay_after_release();
    for (unsigned i = 0; i < 3; ++i)
        REQUIRE(decay_after_release() == rounds);
}

UNIT_TEST_CASE_IN_CHILD("decay: a delay that gets shorter counts from then on", "purge_delay_ms:1000000000") {
    const std::uint32_t rounds = decay_after_release();
    REQUIRE(os::change_setting("purge_delay_ms:0") == os::SetResult::kDone);
    REQUIRE(decay_after_release() == rounds + 1);
}

UNIT_TEST_CASE_IN_CHILD("decay: the background thread gives back what an idle process freed",
                        "purge_delay_ms:20,background:true") {
    CHECK(own_threads() == 0);
    errno = 5;
    const Blocks blocks = touched_blocks(4000);
    for (void* const block : blocks)
        give(block);
    REQUIRE(errno == 5);
    wait_for_own_thread();
    flush(); // other threads cannot reach this thread's stacks
    while (resident(blocks) != 0 || layout::superslabs.dirty_slices() != 0)
        sched_yield();
    // The background thread sleeps now, and wakes when there is memory to purge.
    for (unsigned round = 0; round < 3; ++round) {
        const Blocks more = touched_blocks(4000);
        for (void* const block : more)
            give(block);
        flush();
        while (resident(more) != 0 || layout::superslabs.dirty_slices() != 0)
            sched_yield();
    }
    CHECK(own_threads() == 1);
}

UNIT_TEST_CASE_IN_CHILD("decay: a forked child gets a background thread of its own",
                        "purge_delay_ms:20,background:true") {
    UNIT_SKIP_IF(unit::kSanitizer, "which may not fork with threads");
    const Blocks blocks = touched_blocks(4000);
    for (void* const block : blocks)
        give(block);
    wait_for_own_thread();
    UNIT_REQUIRE_PASSED(unit::run_here([] {
        REQUIRE(own_threads() == 0);
        const Blocks again = touched_blocks(4000);
        for (void* const block : again)
            give(block);
        flush();
        while (resident(again) != 0 || layout::superslabs.dirty_slices() != 0)
            sched_yield();
        wait_for_own_thread();
    }));
}

} // namespace
