// SPDX-License-Identifier: MIT
//
// The slow paths, called directly: they work with any contents of the stacks. Most tests run in new threads,
// which begin without a cache. Their processes are children whose heap no other code uses.
#include "../support/build_kind.h"
#include "../support/child.h"
#include "../support/random.h"
#include "cache/thread_cache.h"
#include "cache/thread_registry.h"
#include "layout/superslab.h"
#include "os/config.h"
#include "slab/shard_pool.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <barrier>
#include <catch2/catch.hpp>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <functional>
#include <mutex>
#include <set>
#include <string>
#include <sys/prctl.h>
#include <thread>
#include <vector>

namespace {

using namespace ashlar;        // NOLINT(google-build-using-namespace): the layer under test
using namespace ashlar::cache; // NOLINT(google-build-using-namespace): the layer under test

using layout::class_of;
using layout::class_size;
using layout::kClasses;
using layout::kShapes;
using layout::SizeClass;
using layout::window;
using Blocks = std::vector<void*>;

void give(void* block) {
    release(window.header_of(block), block);
}

void give_all(Blocks& blocks) {
    for (void* const block : blocks)
        give(block);
    blocks.clear();
}

Blocks take(SizeClass c, std::size_t count) {
    Blocks blocks;
    for (std::size_t i = 0; i < count; ++i) {
        blocks.push_back(allocate(c));
        if (blocks.back() == nullptr) FAIL("no block");
    }
    return blocks;
}

layout::Shard shard_of(const void* block) {
    return window.header_of(block).shard();
}

// Returns the blocks that the program or caches hold.
std::size_t blocks_out() {
    std::size_t out = 0;
    slab::shard_pool.for_each_bin([&out](layout::SliceHeader, slab::Bin& bin) { out += bin.blocks_out(); });
    return out;
}

std::size_t capacity(SizeClass c) {
    std::size_t found = 0;
    thread_registry.for_each([&](const ThreadCache& cache) {
        if (cache.owner == &stacks) found = cache.classes[c].capacity;
    });
    return found;
}

// Returns the capacity of the calling thread's stacks, in bytes of blocks.
std::size_t capacity_in_bytes() {
    std::size_t bytes = 0;
    for (unsigned c = 1; c < kClasses; ++c)
        bytes += capacity(static_cast<SizeClass>(c)) * class_size(static_cast<SizeClass>(c));
    return bytes;
}

std::size_t cached_blocks() {
    std::size_t cached = 0;
    for (unsigned i = 1; i < kClasses; ++i) {
        const auto c = static_cast<SizeClass>(i);
        cached += stacks.count(c) + (capacity(c) - stacks.limit(c));
    }
    return cached;
}

// A failed condition in a thread. Catch2's assertions must run in the test's thread; others throw Wrong.
struct Wrong {
    std::string what;
};
void must(bool holds, const char* what) {
    if (!holds) throw Wrong{what};
}
#define MUST(condition) must(condition, #condition)

// Runs `body` in a new thread and waits for its end.
void in_thread(const std::function<void()>& body) {
    std::string wrong;
    std::thread([&] {
        try {
            body();
        } catch (const Wrong& told) {
            wrong = told.what;
        }
    }).join();
    INFO(wrong);
    REQUIRE(wrong.empty());
}

// Runs `body` in a new thread whose shard is not `shard`. A thread with `shard` lives until another shard is
// found, because threads are spread evenly over shards.
void in_thread_of_another_shard(layout::Shard shard, const std::function<void()>& body) {
    in_thread([&] {
        give(allocate(1));
        if (stacks.shard() != shard) {
            body();
        } else {
            in_thread_of_another_shard(shard, body);
        }
    });
}

UNIT_TEST_CASE_IN_CHILD("thread cache: is made by the first call and ends with its thread",
                        unit::kDefaultHeap) {
    const std::size_t live = thread_registry.live();
    in_thread([live] {
        MUST(stacks.phase == Phase::kNew);
        MUST(thread_registry.live() == live);
        give(allocate(1));
        MUST(stacks.phase == Phase::kAttached);
        MUST(stacks.shard() != 0);
        MUST(thread_registry.live() == live + 1);
    });
    REQUIRE(thread_registry.live() == live);
    in_thread([live] { // the thread's first call is a free
        void* block = nullptr;
        std::thread([&block] { block = allocate(1); }).join();
        give(block);
        MUST(stacks.phase == Phase::kAttached);
        MUST(thread_registry.live() == live + 1);
    });
    REQUIRE(thread_registry.live() == live);
    REQUIRE(blocks_out() == 0);
}

UNIT_TEST_CASE_IN_CHILD("thread cache: fresh blocks come in the order of addresses", unit::kDefaultHeap) {
    for (unsigned i = 1; i < kClasses; ++i) {
        const auto c = static_cast<SizeClass>(i);
        CAPTURE(i);
        Blocks blocks = take(c, std::size_t{kShapes[c].blocks} * 2 + 3);
        for (std::size_t b = 1; b < blocks.size(); ++b) {
            if (blocks[b] <= blocks[b - 1]) FAIL("block " << b << " lies before the one that came earlier");
        }
        give_all(blocks);
    }
}

UNIT_TEST_CASE_IN_CHILD("thread cache: blocks of every class keep what is written until they are freed",
                        unit::kDefaultHeap) {
    for (unsigned i = 1; i < kClasses; ++i) {
        const auto c = static_cast<SizeClass>(i);
        unit::Random random(i);
        CAPTURE(i, random.seed());
        struct Held {
            unsigned char* block;
            unsigned char stamp;
        };
        std::vector<Held> held;
        for (unsigned step = 0; step < 1500; ++step) {
            if (random.chance(step < 1000 ? 60 : 40)) {
                auto* const block = static_cast<unsigned char*>(allocate(c));
                if (block == nullptr || window.header_of(block).size_class() != c)
                    FAIL("no block of the class");
                held.push_back({block, static_cast<unsigned char>(step)});
                std::memset(block, held.back().stamp, class_size(c));
            } else if (!held.empty()) {
                std::swap(held[random.below(held.size())], held.back());
                const Held last = held.back();
                held.pop_back();
                if (std::count(last.block, last.block + class_size(c), last.stamp) !=
                    static_cast<std::ptrdiff_t>(class_size(c))) {
                    FAIL("a block was changed while it was held");
                }
                give(last.block);
            }
        }
        for (const Held& last : held)
            give(last.block);
        flush(); // cached blocks could keep slabs that other classes use as mixed slabs
    }
    REQUIRE(blocks_out() == 0);
}

UNIT_TEST_CASE_IN_CHILD("thread cache: flushing returns all blocks and leaves the cache usable",
                        unit::kDefaultHeap) {
    flush(); // no effect without a cache
    REQUIRE(blocks_out() == 0);
    for (unsigned round = 0; round < 3; ++round) {
        Blocks blocks;
        for (unsigned c = 1; c < kClasses; ++c) {
            const Blocks some = take(static_cast<SizeClass>(c), 40);
            blocks.insert(blocks.end(), some.begin(), some.end());
        }
        REQUIRE(blocks_out() == blocks.size() + cached_blocks());
        flush();
        REQUIRE(cached_blocks() == 0);
        REQUIRE(blocks_out() == blocks.size());
        const std::size_t held = blocks.size();
        give_all(blocks);
        REQUIRE(blocks_out() <= held);
        REQUIRE(blocks_out() == cached_blocks());
        flush();
        REQUIRE(blocks_out() == 0);
        REQUIRE(stacks.phase == Phase::kAttached);
    }
}

UNIT_TEST_CASE_IN_CHILD("thread cache: remote blocks go home and are not handed out", unit::kDefaultHeap) {
    for (const std::size_t size : {16U, 48U, 640U, 4096U, 32768U}) {
        CAPTURE(size);
        const SizeClass c = class_of(size);
        Blocks mine = take(c, 500);
        std::set<void*> live(mine.begin(), mine.end());
        const std::set<void*> mine_before = live;
        const layout::SliceHeader home{c, stacks.shard()};
        flush();
        slab::Bin& bin = slab::shard_pool.bin(home);
        REQUIRE(bin.blocks_out() == mine.size());
        in_thread_of_another_shard(stacks.shard(), [&] {
            Blocks others;
            for (void* const block : mine) {
                live.erase(block);
                give(block);
                for (unsigned i = 0; i < 2; ++i) {
                    others.push_back(allocate(c));
                    MUST(others.back() != nullptr);
                    // The slice may have belonged to the other shard until that shard's slab was dissolved.
                    MUST(shard_of(others.back()) == stacks.shard());
                    MUST(live.insert(others.back()).second);
                }
            }
            MUST(bin.blocks_out() < mine_before.size()); // a full array was returned to the bin
            give_all(others);
            flush();
            MUST(bin.blocks_out() == 0);
            MUST(cached_blocks() == 0);
        });
        // The owner may hand out the blocks again. Empty slabs may have other owners now.
        mine = take(c, 500);
        const auto again = std::count_if(mine.begin(), mine.end(),
                                         [&](void* block) { return mine_before.count(block) != 0; });
        REQUIRE(again > 100);
        give_all(mine);
        flush();
    }
    REQUIRE(blocks_out() == 0);
}

UNIT_TEST_CASE_IN_CHILD("thread cache: local and remote blocks share arrays of any depth without a loss",
                        unit::kDefaultHeap) {
    unit::Random random;
    CAPTURE(random.seed());
    for (const std::size_t size : {16U, 64U, 1024U, 16384U}) {
        const SizeClass c = class_of(size);
        CAPTURE(size);
        Blocks remote = take(c, 8000);
        flush();
        in_thread_of_another_shard(stacks.shard(), [&] {
            std::set<void*> live(remote.begin(), remote.end());
            Blocks own;
            for (unsigned phase = 0; phase < 20; ++phase) {
                const std::size_t burst = random.between(1, 400);
                const std::size_t remote_percent = random.below(30);
                for (std::size_t i = 0; i < burst; ++i) {
                    own.push_back(allocate(c));
                    MUST(live.insert(own.back()).second);
                    if (random.below(100) < remote_percent && !remote.empty()) {
                        live.erase(remote.back());
                        give(remote.back());
                        remote.pop_back();
                    }
                }
                for (std::size_t i = random.below(own.size() + 1); i > 0; --i) {
                    std::swap(own[random.below(own.size())], own.back());
                    live.erase(own.back());
                    give(own.back());
                    own.pop_back();
                }
            }
            MUST(blocks_out() == live.size() + cached_blocks());
            give_all(own);
            give_all(remote);
        });
        REQUIRE(blocks_out() == 0);
    }
}

// ---- Depth

// Takes and gives back `count` blocks per round, so that both slow paths alternate.
void alternate(SizeClass c, std::size_t count, unsigned rounds) {
    for (unsigned round = 0; round < rounds; ++round) {
        Blocks blocks = take(c, count);
        give_all(blocks);
    }
}

TEST_CASE("thread cache: stacks start shallow and deepen with use") {
    for (const std::size_t size : {16U, 64U, 256U}) {
        const SizeClass c = class_of(size);
        CAPTURE(size);
        in_thread([c] {
            give(allocate(c));
            const std::size_t first = capacity(c);
            MUST(first >= 2);
            MUST(first <= 64);
            alternate(c, first / 4, 100);
            MUST(capacity(c) == first); // that it held
            alternate(c, 2000, 20);
            MUST(capacity(c) >= 8 * first);
            MUST(capacity(c) <= 1024);
        });
        in_thread([c] { // the next thread begins with the initial depth
            give(allocate(c));
            MUST(capacity(c) <= 64);
        });
    }
}

// Each kept block may occupy a page. A process with many threads that use many classes pays that per thread.
UNIT_TEST_CASE_IN_CHILD(
    "thread cache: of many threads one that uses a block of a class keeps one more at most",
    unit::kDefaultHeap) {
    std::vector<PointerStacks> others(100);
    for (PointerStacks& each : others)
        REQUIRE(thread_registry.add(each) != nullptr);
    in_thread([] {
        give(allocate(1)); // creates the cache
        for (unsigned i = 2; i < layout::kClasses; ++i) {
            const auto c = static_cast<SizeClass>(i);
            const std::size_t before = slab::shard_pool.bin({c, stacks.shard()}).blocks_out();
            void* const block = allocate(c);
            MUST(slab::shard_pool.bin({c, stacks.shard()}).blocks_out() <= before + 2);
            give(block);
        }
    });
}

// The threads may be idle afterwards, and other threads cannot reach their blocks.
UNIT_TEST_CASE_IN_CHILD("thread cache: of many threads one that uses every class keeps 40 KiB at most",
                        unit::kDefaultHeap) {
    std::vector<PointerStacks> others(300);
    for (PointerStacks& each : others)
        REQUIRE(thread_registry.add(each) != nullptr);
    in_thread([] {
        for (const unsigned count : {1U, 40U}) {
            for (unsigned c = 1; c < kClasses; ++c)
                alternate(static_cast<SizeClass>(c), count, 10);
            std::size_t held = 0;
            for (unsigned i = 1; i < kClasses; ++i) {
                const auto c = static_cast<SizeClass>(i);
                held += stacks.count(c) * class_size(c);
            }
            MUST(capacity_in_bytes() <= (std::size_t{40} << 10));
            MUST(held <= capacity_in_bytes());
            MUST(held > 0);
        }
    });
}

UNIT_TEST_CASE_IN_CHILD(
    "thread cache: of a class without a stack each block comes from its slab, and goes there",
    "thread_cache:0") {
    Blocks remote = take(class_of(100), 50);
    in_thread_of_another_shard(stacks.shard(), [&remote] {
        for (unsigned i = 1; i < kClasses; ++i) {
            const auto c = static_cast<SizeClass>(i);
            const std::size_t before = blocks_out();
            Blocks blocks = take(c, 50);
            MUST(std::set<void*>(blocks.begin(), blocks.end()).size() == 50);
            MUST(blocks_out() == before + 50);
            give_all(blocks);
            MUST(blocks_out() == before);
        }
        give_all(remote);
        MUST(cached_blocks() == 0);
    });
    REQUIRE(blocks_out() == 0);
    REQUIRE(os::change_setting("thread_cache:1m") == os::SetResult::kDone);
    for (unsigned i = 0; i < 20; ++i) // until a slow path reads the setting
        give(allocate(class_of(100)));
    REQUIRE(cached_blocks() != 0);
}

UNIT_TEST_CASE_IN_CHILD("thread cache: a thread that only frees other threads' blocks gets deeper stacks",
                        unit::kDefaultHeap) {
    const SizeClass c = class_of(64);
    Blocks remote = take(c, 4000);
    in_thread_of_another_shard(stacks.shard(), [&] {
        give(allocate(class_of(16))); // creates the cache
        const std::size_t first = capacity(c);
        give_all(remote);
        MUST(capacity(c) >= 4 * first);
    });
    flush();
    REQUIRE(blocks_out() == 0);
}

TEST_CASE("thread cache: bursts without anything else in use end without slow calls") {
    in_thread([] {
        const SizeClass c = class_of(64);
        alternate(c, 40, 100);
        MUST(capacity(c) >= 40);
    });
}

TEST_CASE("thread cache: the depth of a class follows what is in use of it") {
    in_thread([] {
        const SizeClass c = class_of(1024);
        alternate(c, 40, 100);
        MUST(capacity(c) <= 40); // a budget of 1 MiB would allow 128 blocks
        Blocks held = take(c, 400);
        alternate(c, 100, 100);
        MUST(capacity(c) >= 100);
        give_all(held);
    });
}

// Capacity of a new thread's stacks, and committed memory of the heap, in bytes.
struct Deepened {
    std::size_t bytes = 0;
    std::size_t heap = 0;
};
Deepened deepened() {
    std::size_t bytes = 0;
    std::size_t heap = 0;
    in_thread([&] {
        for (unsigned c = 1; c <= class_of(4096); ++c)
            alternate(static_cast<SizeClass>(c), 600, 8);
        bytes = capacity_in_bytes();
        heap = layout::superslabs.committed();
    });
    return {bytes, heap};
}

UNIT_TEST_CASE_IN_CHILD("thread cache: depth stays within the setting, and 3 MiB in a small heap",
                        unit::kDefaultHeap) {
    constexpr std::size_t kMebibyte = 1 << 20;
    constexpr std::size_t kInSmallHeap = 3 * kMebibyte;
    for (const std::size_t allowed :
         {std::size_t{0}, 16 * kMebibyte / 1024, kMebibyte / 4, kMebibyte, 8 * kMebibyte}) {
        CAPTURE(allowed);
        os::settings.thread_cache = allowed;
        const auto [bytes, heap] = deepened(); // a heap of more than 24 MiB allows more
        const std::size_t most = std::min(allowed, std::max(kInSmallHeap, heap / 8));
        REQUIRE(bytes <= most);
        REQUIRE(bytes >= most / 4); // the budget is used: at least four classes have their full depth
    }
    REQUIRE(blocks_out() == 0);
}

UNIT_TEST_CASE_IN_CHILD("thread cache: in a large heap depth is an eighth of it, divided among threads",
                        "thread_cache:16m") {
    constexpr std::size_t kPages = (std::size_t{48} << 20) / layout::kSliceSize;
    const layout::Slice page = layout::superslabs.take(kPages, layout::Superslabs::Want::kAny, 0).first;
    REQUIRE(page != 0);
    give(allocate(1)); // two threads
    const std::size_t bytes = deepened().bytes;
    CHECK(bytes > std::size_t{2} << 20);
    CHECK(bytes <= std::size_t{4} << 20); // the test's own blocks also enlarge the heap
    layout::superslabs.give(page, kPages);
}

// With this delay each look of a slow path begins a new purge delay.
UNIT_TEST_CASE_IN_CHILD("thread cache: a class that is idle gives its depth back", "purge_delay_ms:0") {
    in_thread([] {
        const SizeClass c = class_of(64);
        give(allocate(c));
        const std::size_t first = capacity(c);
        alternate(c, 2000, 20);
        MUST(capacity(c) >= 8 * first);
        alternate(class_of(512), 1000, 20);
        MUST(capacity(c) == 0);
        MUST(capacity(class_of(512)) > 14); // this class is in use
        alternate(c, 2000, 20);
        MUST(capacity(c) >= 8 * first);
    });
    REQUIRE(blocks_out() == 0);
}

// Phases that follow each other within the purge delay.
UNIT_TEST_CASE_IN_CHILD("thread cache: a class takes its depth from the one that was not used for longest",
                        "purge_delay_ms:1000000000,thread_cache:192k") {
    in_thread([] {
        const SizeClass before = class_of(4096);
        const SizeClass now = class_of(512);
        alternate(before, 600, 10);
        const std::size_t deep = capacity(before);
        MUST(deep * class_size(before) >= (std::size_t{128} << 10));
        Blocks held = take(now, 4000);
        alternate(now, 200, 20);
        MUST(capacity(before) == deep); // the class may be used again
        alternate(now, 200, 1000);
        MUST(capacity(before) == 0);
        MUST(capacity(now) >= 200);
        give_all(held);
    });
    REQUIRE(blocks_out() == 0);
}

TEST_CASE("thread cache: a class keeps few large blocks") {
    in_thread([] {
        const SizeClass c = class_of(layout::kMaxClassSize);
        alternate(c, 200, 20);
        MUST(cached_blocks() >= 1);
        MUST(stacks.count(c) <= 8);
    });
}

UNIT_TEST_CASE_IN_CHILD("thread cache: prewarmed threads start with tiny blocks at hand", "prewarm:true") {
    in_thread([] {
        give(allocate(class_of(4096)));
        for (std::size_t size = 16; size <= 128; size += 16)
            MUST(stacks.count(class_of(size)) > 0);
        MUST(stacks.count(class_of(1024)) == 0);
    });
    REQUIRE(blocks_out() == 0);
    os::settings.prewarm = 0;
    in_thread([] {
        give(allocate(class_of(4096)));
        MUST(stacks.count(1) == 0);
    });
}

// ---- The end of threads

// The limit prevents mixed slabs, because the test counts the blocks of bins.
UNIT_TEST_CASE_IN_CHILD("thread cache: a thread that ends returns everything", "dirty_limit:8g") {
    const std::size_t metadata_rounds = 3;
    std::size_t metadata = 0;
    for (std::size_t round = 0; round < metadata_rounds; ++round) {
        Blocks left;
        for (unsigned t = 0; t < 20; ++t) {
            in_thread([&left, t] {
                for (unsigned i = 1; i < kClasses; ++i) {
                    const auto c = static_cast<SizeClass>(i);
                    alternate(c, 100, 3);
                    for (unsigned b = 0; b < t; ++b)
                        left.push_back(allocate(c));
                }
            });
            REQUIRE(blocks_out() == left.size());
        }
        in_thread([&left] { give_all(left); });
        REQUIRE(blocks_out() == 0);
        REQUIRE(thread_registry.live() == 0);
        // Deep arrays are released too.
        if (round == 0) metadata = window.metadata_committed();
        REQUIRE(window.metadata_committed() == metadata);
    }
}

UNIT_TEST_CASE_IN_CHILD("thread cache: more threads than shards share them", unit::kDefaultHeap) {
    const unsigned count = 4 * slab::shard_pool.created() + 40;
    std::barrier together(count);
    std::atomic<unsigned> faults = 0;
    std::vector<Blocks> blocks(count);
    std::vector<std::thread> threads;
    for (unsigned t = 0; t < count; ++t) {
        threads.emplace_back([&, t] {
            const auto c = static_cast<SizeClass>(t % 8 + 1);
            for (unsigned i = 0; i < 300; ++i) {
                blocks[t].push_back(allocate(c));
                *static_cast<unsigned*>(blocks[t].back()) = t;
            }
            if (stacks.phase != Phase::kAttached || stacks.shard() > slab::shard_pool.created()) ++faults;
            together.arrive_and_wait(); // all threads live
            if (thread_registry.live() != count) ++faults;
            const unsigned neighbour = (t + 1) % count;
            for (void* const block : blocks[neighbour]) {
                if (*static_cast<unsigned*>(block) != neighbour) ++faults;
                give(block);
            }
            together.arrive_and_wait();
        });
    }
    for (std::thread& thread : threads)
        thread.join();
    REQUIRE(faults == 0);
    REQUIRE(blocks_out() == 0);
    REQUIRE(thread_registry.live() == 0);
    REQUIRE(slab::shard_pool.created() < count);
}

UNIT_TEST_CASE_IN_CHILD("thread cache: a thread that ended its cache works without one", unit::kDefaultHeap) {
    for (const bool had_one : {false, true}) {
        CAPTURE(had_one);
        in_thread([had_one] {
            void* const before = had_one ? allocate(class_of(100)) : nullptr;
            end_thread();
            MUST(stacks.phase == Phase::kEnded);
            MUST(thread_registry.live() == 0);
            MUST(blocks_out() == (had_one ? 1 : 0));
            Blocks blocks = take(class_of(100), 1000);
            MUST(std::set<void*>(blocks.begin(), blocks.end()).size() == 1000);
            MUST(blocks_out() == (had_one ? 1001 : 1000)); // no block is cached
            MUST(stacks.phase == Phase::kEnded);
            if (had_one) blocks.push_back(before);
            give_all(blocks);
            MUST(blocks_out() == 0);
            flush();
            end_thread();
        });
    }
}

UNIT_TEST_CASE_IN_CHILD("thread cache: threads that find no room in the table work without a cache",
                        "window:64m") {
    constexpr unsigned kThreads = 600; // a window of 64 MiB has 512 caches
    std::barrier together(kThreads);
    std::atomic<unsigned> faults = 0;
    std::atomic<unsigned> without = 0;
    std::vector<std::thread> threads;
    for (unsigned t = 0; t < kThreads; ++t) {
        threads.emplace_back([&, t] {
            std::array<unsigned*, 5> blocks{};
            for (unsigned*& block : blocks) {
                block = static_cast<unsigned*>(allocate(class_of(32)));
                if (block == nullptr) ++faults;
                *block = t;
            }
            together.arrive_and_wait();
            if (stacks.phase != Phase::kAttached) ++without;
            for (unsigned* const block : blocks) {
                if (*block != t) ++faults;
                give(block);
            }
        });
    }
    for (std::thread& thread : threads)
        thread.join();
    REQUIRE(faults == 0);
    REQUIRE(without >= kThreads - 512);
    REQUIRE(blocks_out() == 0);
    REQUIRE(thread_registry.live() == 0);
}

UNIT_TEST_CASE_IN_CHILD("thread cache: null when the window has no more", "window:64m") {
    const SizeClass c = class_of(4096);
    Blocks blocks;
    while (void* const block = allocate(c))
        blocks.push_back(block);
    REQUIRE(blocks.size() > 10'000);
    REQUIRE(allocate(c) == nullptr);
    REQUIRE(allocate(1) == nullptr);
    REQUIRE(std::set<void*>(blocks.begin(), blocks.end()).size() == blocks.size());
    give(blocks.back());
    blocks.pop_back();
    blocks.push_back(allocate(c));
    REQUIRE(blocks.back() != nullptr);
    in_thread([c] {
        MUST(allocate(c) == nullptr);
        end_thread();
        MUST(allocate(c) == nullptr);
    });
    give_all(blocks);
    flush();
    REQUIRE(blocks_out() == 0);
    REQUIRE(allocate(c) != nullptr);
}

UNIT_TEST_CASE_IN_CHILD("thread cache: producers and consumers leave nothing behind", unit::kDefaultHeap) {
    constexpr unsigned kPairs = 3;
    constexpr unsigned kBatches = 200;
    std::mutex mutex;
    std::vector<Blocks> queue;
    std::atomic<unsigned> taken = 0;
    std::vector<std::thread> threads;
    for (unsigned t = 0; t < kPairs; ++t) {
        threads.emplace_back([&, random = unit::Random(t)]() mutable {
            for (unsigned i = 0; i < kBatches; ++i) {
                Blocks batch;
                for (std::size_t b = random.between(1, 60); b > 0; --b) {
                    batch.push_back(allocate(static_cast<SizeClass>(random.between(1, 20))));
                    *static_cast<void**>(batch.back()) = batch.back();
                }
                const std::scoped_lock lock(mutex);
                queue.push_back(batch);
            }
        });
        threads.emplace_back([&] {
            while (taken < kPairs * kBatches) {
                Blocks batch;
                {
                    const std::scoped_lock lock(mutex);
                    if (queue.empty()) continue;
                    batch = queue.back();
                    queue.pop_back();
                    ++taken;
                }
                for (void* const block : batch) {
                    if (*static_cast<void**>(block) != block) std::abort();
                }
                give_all(batch);
            }
        });
    }
    for (std::thread& thread : threads)
        thread.join();
    REQUIRE(blocks_out() == 0);
}

#if defined(__x86_64__)
UNIT_TEST_CASE_IN_CHILD("thread cache: works where a process may not read the time-stamp counter",
                        unit::kDefaultHeap) {
    Blocks blocks(20'000);
    allocate(class_of(100)); // opens the heap and creates the cache
    // Catch2 reads the clock too: no assertion may run between the two calls.
    const int forbidden = ::prctl(PR_SET_TSC, PR_TSC_SIGSEGV);
    for (void*& block : blocks)
        block = allocate(class_of(100));
    const int allowed = ::prctl(PR_SET_TSC, PR_TSC_ENABLE);
    REQUIRE(forbidden == 0);
    REQUIRE(allowed == 0);
    for (void* const block : blocks)
        release(window.header_of(block), block);
}
#endif

} // namespace
