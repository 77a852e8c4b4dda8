// SPDX-License-Identifier: MIT
//
// Drains the caches of other threads: idle, busy and ending threads, and threads that a fork removed. Each
// test is a child whose heap no other code uses.
#include "../support/asleep.h"
#include "../support/build_kind.h"
#include "../support/child.h"
#include "../support/forbid_call.h"
#include "../support/random.h"
#include "cache/drain.h"
#include "cache/thread_cache.h"
#include "cache/thread_registry.h"
#include "heap/heap.h"
#include "layout/superslab.h"
#include "os/memory_barrier.h"
#include "slab/supply.h"

#include <ashlar/ashlar.h>

#include <array>
#include <atomic>
#include <barrier>
#include <catch2/catch.hpp>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>
#include <vector>

namespace {

using namespace ashlar;        // NOLINT(google-build-using-namespace): the layer under test
using namespace ashlar::cache; // NOLINT(google-build-using-namespace): the layer under test

constexpr std::size_t kRun = std::size_t{128} << 10;
constexpr unsigned kOften = 20; // requests for a length, after which runs of it are kept

// Returns the blocks that the program or caches hold. Blocks of mixed slabs count in bytes.
std::size_t blocks_out() {
    std::size_t out = 0;
    slab::shard_pool.for_each_bin([&out](layout::SliceHeader, slab::Bin& bin) { out += bin.blocks_out(); });
    slab::for_each_mixed([&out](slab::MixedSlabs& mixed) { out += mixed.bytes_out(); });
    return out;
}

void use_every_class() {
    std::vector<void*> blocks;
    for (unsigned i = 1; i < layout::kClasses; ++i) {
        for (unsigned n = 0; n < 40; ++n)
            blocks.push_back(ashlar_malloc(layout::class_size(static_cast<layout::SizeClass>(i))));
    }
    for (void* const block : blocks)
        ashlar_free(block);
}

void use_runs() {
    for (unsigned i = 0; i < kOften; ++i)
        ashlar_free(ashlar_malloc(kRun));
}

std::size_t capacity_of(const PointerStacks& owner) {
    std::size_t sum = 0;
    thread_registry.for_each([&](const ThreadCache& cache) {
        if (cache.owner != &owner) return;
        for (const ClassState& state : cache.classes)
            sum += state.capacity;
    });
    return sum;
}

// Returns the blocks in another thread's stacks.
std::size_t held_by(const PointerStacks& owner) {
    std::size_t sum = 0;
    thread_registry.for_each([&](const ThreadCache& cache) {
        if (cache.owner != &owner) return;
        for (unsigned i = 1; i < layout::kClasses; ++i) {
            const auto c = static_cast<layout::SizeClass>(i);
            sum += owner.count(c) + owner.remote(c, cache.classes[c].capacity).count;
        }
    });
    return sum;
}

// A thread that executes only given functions.
class Told {
  public:
    Told() : thread_([this] { serve(); }) {
        tell([this] {
            stacks_ = &stacks;
            id_ = static_cast<pid_t>(::syscall(SYS_gettid));
        });
    }
    ~Told() { end(); }
    Told(const Told&) = delete;
    Told& operator=(const Told&) = delete;

    // Runs `what` in the thread, and returns when `what` has returned.
    void tell(const std::function<void()>& what) {
        begin(what);
        wait();
    }
    void begin(const std::function<void()>& what) {
        what_ = &what;
        state_.store(1, std::memory_order_release);
        state_.notify_all();
    }
    void wait() {
        for (int now = state_.load(); now != 0; now = state_.load())
            state_.wait(now);
    }
    void begin_end() {
        state_.store(2, std::memory_order_release);
        state_.notify_all();
    }
    void end() {
        if (!thread_.joinable()) return;
        begin_end();
        thread_.join();
    }
    PointerStacks& its_stacks() { return *stacks_; }
    // Returns whether the thread sleeps in its exit after begin_end().
    bool waits_to_end() const { return ending_ && unit::asleep(id_); }

  private:
    void serve() {
        for (;;) {
            state_.wait(0);
            if (state_.load(std::memory_order_acquire) == 2) break;
            (*what_)();
            state_.store(0, std::memory_order_release);
            state_.notify_all();
        }
        ending_ = true;
    }

    std::atomic<int> state_{0};
    std::atomic<bool> ending_{false};
    pid_t id_ = 0;
    const std::function<void()>* what_ = nullptr;
    PointerStacks* stacks_ = nullptr;
    std::thread thread_;
};

UNIT_TEST_CASE_IN_CHILD("drain: idle threads hold nothing afterwards", unit::kDefaultHeap) {
    std::vector<std::unique_ptr<Told>> idle;
    for (unsigned i = 0; i < 40; ++i) { // more than drain claims at once
        idle.push_back(std::make_unique<Told>());
        idle.back()->tell([] {
            use_every_class();
            use_runs();
        });
    }
    REQUIRE(blocks_out() > 1000);
    REQUIRE(layout::superslabs.large_slices() != 0);
    drain_others();
    REQUIRE(blocks_out() == 0);
    REQUIRE(layout::superslabs.large_slices() == 0);
    for (const auto& each : idle) { // each thread still has a cache
        each->tell([] { use_every_class(); });
        REQUIRE(capacity_of(each->its_stacks()) != 0);
    }
    REQUIRE(blocks_out() != 0);
    ashlar_malloc_trim(0);
    REQUIRE(blocks_out() == 0);
    idle.clear();
    REQUIRE(thread_registry.live() == 0);
}

UNIT_TEST_CASE_IN_CHILD("drain: remote blocks go home, too", unit::kDefaultHeap) {
    Told lender;
    Told keeper;
    std::vector<void*> blocks(5);
    lender.tell([&] {
        for (void*& block : blocks)
            block = ashlar_malloc(100);
    });
    keeper.tell([&] {
        ashlar_free(ashlar_malloc(100));
        for (void* const block : blocks)
            ashlar_free(block);
    });
    REQUIRE(blocks_out() != 0);
    drain_others();
    REQUIRE(blocks_out() == 0);
}

UNIT_TEST_CASE_IN_CHILD("drain: a thread in the middle of a slow path is left out", unit::kDefaultHeap) {
    Told busy;
    busy.tell([] { use_every_class(); });
    const std::size_t held = blocks_out();
    busy.tell([] { stacks.enter(); });
    drain_others();
    REQUIRE(blocks_out() == held);
    busy.tell([] { stacks.leave(); });
    // The stacks remain closed until the thread's next slow path.
    void* block = nullptr;
    busy.tell([&] {
        block = ashlar_malloc(100);
        ashlar_free(block);
        for (unsigned i = 0; i < 1000; ++i)
            ashlar_free(ashlar_malloc(100));
    });
    REQUIRE_FALSE(busy.its_stacks().closed());
    REQUIRE(blocks_out() == held);
    drain_others();
    REQUIRE(blocks_out() == 0);
}

UNIT_TEST_CASE_IN_CHILD("drain: a thread does without its cache while it is claimed", unit::kDefaultHeap) {
    Told thread;
    thread.tell([] { use_every_class(); });
    drain_others();
    REQUIRE(blocks_out() == 0);
    thread.its_stacks().claim();
    std::vector<void*> blocks(100);
    thread.tell([&] {
        for (void*& block : blocks)
            block = ashlar_malloc(100);
    });
    REQUIRE(blocks_out() == blocks.size());
    thread.tell([&] {
        for (void* const block : blocks)
            ashlar_free(block);
        use_runs();
    });
    REQUIRE(blocks_out() == 0);
    REQUIRE(layout::superslabs.large_slices() == 0); // no run was kept
    REQUIRE(thread.its_stacks().is_outside());
    thread.its_stacks().unclaim();
    thread.tell([] { ashlar_free(ashlar_malloc(100)); });
    REQUIRE(blocks_out() != 0);
}

UNIT_TEST_CASE_IN_CHILD("drain: a thread does not end while it is drained", unit::kDefaultHeap) {
    Told thread;
    thread.tell([] { use_every_class(); });
    {
        const os::Guard guard(drain_mutex());
        thread.its_stacks().claim();
        thread.begin_end();
        while (!thread.waits_to_end())
            std::this_thread::yield();
        REQUIRE(thread_registry.live() == 1);
        thread.its_stacks().unclaim();
    }
    thread.end();
    REQUIRE(thread_registry.live() == 0);
    REQUIRE(blocks_out() == 0);
}

// Blocks that a thread freed after a drain, before its next slow path.
UNIT_TEST_CASE_IN_CHILD("drain: what a drained thread frees is drained again, and found by itself",
                        unit::kDefaultHeap) {
    constexpr unsigned kBlocks = 4;
    Told lender;
    Told thread;
    std::vector<void*> own(kBlocks);
    std::vector<void*> remote(kBlocks);
    const auto take_all = [](std::vector<void*>& blocks) {
        for (void*& block : blocks)
            block = ashlar_malloc(8192);
    };
    const auto free_one = [](std::vector<void*>& blocks) {
        ashlar_free(blocks.back());
        blocks.pop_back();
    };
    lender.tell([&] { take_all(remote); });
    thread.tell([&] {
        take_all(own);
        free_one(own);
        free_one(remote);
    });
    for (unsigned i = 1; i < kBlocks; ++i) {
        drain_others();
        REQUIRE(held_by(thread.its_stacks()) == 0);
        REQUIRE(blocks_out() == 2 * (kBlocks - i));
        thread.tell([&] {
            free_one(own);
            free_one(remote);
        });
        REQUIRE(held_by(thread.its_stacks()) == 2);
    }
    void* again = nullptr;
    thread.tell([&] { again = ashlar_malloc(8192); });
    REQUIRE(held_by(thread.its_stacks()) == 1); // the remote block
    thread.tell([&] {
        ashlar_free(again);
        take_all(own);
        for (void* const block : own)
            ashlar_free(block);
        flush();
    });
    lender.tell([] { flush(); });
    REQUIRE(blocks_out() == 0);
}

// The drain happens after malloc has moved `top`, before malloc checks whether the stacks are closed.
UNIT_TEST_CASE_IN_CHILD("drain: a malloc that moved top and finds closed stacks has lost nothing",
                        unit::kDefaultHeap) {
    Told thread;
    thread.tell([] { ashlar_free(ashlar_malloc(8192)); });
    PointerStacks& theirs = thread.its_stacks();
    layout::SizeClass c = layout::class_of(8192); // or a larger class where blocks have canaries
    while (c + 1U < layout::kClasses && theirs.count(c) == 0)
        ++c;
    REQUIRE(theirs.count(c) >= 1);
    REQUIRE(held_by(theirs) == theirs.count(c));
    for (unsigned drains = 0; drains < 2; ++drains) {
        thread.tell([&] { stacks.set_count(c, stacks.count(c) - 1); });
        drain_others();
        REQUIRE(theirs.count(c) == 0);
        thread.tell([&] { stacks.set_count(c, 1); });
        REQUIRE(theirs.count(c) == 1);
        REQUIRE(blocks_out() == 1);
    }
    thread.tell([&] {
        ashlar_free(ashlar_malloc(8192));
        flush();
    });
    REQUIRE(blocks_out() == 0);
}

UNIT_TEST_CASE_IN_CHILD("drain: what an idle thread frees after it was drained is drained later",
                        unit::kDefaultHeap) {
    constexpr unsigned kFreed = 4;
    Told idle;
    std::vector<void*> blocks(30);
    idle.tell([&] {
        for (void*& block : blocks)
            block = ashlar_malloc(4096);
        for (unsigned i = 0; i < 20; ++i)
            ashlar_free(ashlar_malloc(4096));
    });
    const auto look_often = [] {
        for (unsigned i = 0; i < 5; ++i)
            drain_idle();
    };
    look_often();
    REQUIRE(held_by(idle.its_stacks()) == 0);
    const std::size_t before = blocks_out();
    idle.tell([&] {
        for (unsigned i = 0; i < kFreed; ++i)
            ashlar_free(blocks[i]);
    });
    REQUIRE(held_by(idle.its_stacks()) == kFreed);
    look_often();
    REQUIRE(held_by(idle.its_stacks()) == 0);
    REQUIRE(blocks_out() == before - kFreed);
}

UNIT_TEST_CASE_IN_CHILD("drain: where the kernel refuses the barrier all is as it was", unit::kDefaultHeap) {
    UNIT_SKIP_IF(!unit::forbid_call(SYS_membarrier), "no filters of system calls");
    Told thread;
    thread.tell([] { use_every_class(); });
    const std::size_t held = blocks_out();
    REQUIRE(!os::barrier_in_all_threads());
    drain_others();
    REQUIRE(blocks_out() == held);
    ashlar_malloc_trim(0);
    REQUIRE(blocks_out() == held);
    REQUIRE(!drain_idle());
    REQUIRE_FALSE(thread.its_stacks().closed());
}

UNIT_TEST_CASE_IN_CHILD("drain: with the setting count, too", "count:true") {
    Told thread;
    thread.tell([] {
        use_every_class();
        use_runs();
    });
    REQUIRE(blocks_out() != 0);
    drain_others();
    REQUIRE(blocks_out() == 0);
    thread.tell([] { use_every_class(); });
    REQUIRE(blocks_out() != 0);
}

UNIT_TEST_CASE_IN_CHILD("drain: in the background once a thread was idle for two looks", unit::kDefaultHeap) {
    Told idle;
    Told busy;
    const auto work = [] { use_every_class(); };
    idle.tell(work);
    busy.tell(work);
    REQUIRE(drain_idle()); // first look at both threads
    busy.tell(work);
    REQUIRE(drain_idle());
    REQUIRE(held_by(idle.its_stacks()) != 0);
    busy.tell(work);
    REQUIRE(drain_idle());
    REQUIRE(held_by(idle.its_stacks()) == 0);
    REQUIRE(held_by(busy.its_stacks()) != 0);
    REQUIRE(drain_idle());
    REQUIRE(drain_idle()); // drains the busy thread, which is idle now
    REQUIRE(blocks_out() == 0);
    REQUIRE(!drain_idle()); // no thread is left to drain
    idle.tell(work);
    REQUIRE(drain_idle());
}

UNIT_TEST_CASE_IN_CHILD("drain: the background thread does so", "background:true,purge_delay_ms:20") {
    Told idle;
    idle.tell([] { use_every_class(); });
    while (held_by(idle.its_stacks()) != 0)
        std::this_thread::yield();
    REQUIRE(blocks_out() == 0);
}

// Every block holds its own address and size until a thread releases the block.
struct Stamp {
    void* self;
    std::size_t size;
};

UNIT_TEST_CASE_IN_CHILD("drain: threads that allocate meanwhile lose nothing", unit::kDefaultHeap) {
    constexpr unsigned kThreads = 4;
    constexpr unsigned kHeld = 200;
    constexpr unsigned kRounds = unit::kThreadSanitizer ? 20'000 : 300'000;
    const unsigned seed = unit::Random{}.seed();
    CAPTURE(seed);
    std::atomic<unsigned> faults = 0;
    std::atomic<unsigned> running = kThreads;
    std::mutex lock;
    std::vector<void*> handed;
    const auto make = [](unit::Random& random) {
        const std::size_t size = random.chance(2)
                                     ? random.between(40'000, 200'000)
                                     : random.between(sizeof(Stamp), random.chance(20) ? 32'000 : 600);
        void* const block = ashlar_malloc(size);
        *static_cast<Stamp*>(block) = {block, size};
        return block;
    };
    const auto end = [&faults](void* block) {
        if (block == nullptr) return;
        auto* const stamp = static_cast<Stamp*>(block);
        if (stamp->self != block || ashlar_malloc_usable_size(block) < stamp->size) ++faults;
        *stamp = {};
        ashlar_free(block);
    };
    const auto work = [&](unsigned salt) {
        unit::Random random(salt);
        std::array<void*, kHeld> held{};
        for (unsigned i = 0; i < kRounds; ++i) {
            void*& block = held[random.below(kHeld)];
            if (random.chance(5)) { // hand the block to another thread
                const std::lock_guard guard(lock);
                if (block != nullptr) handed.push_back(block);
                block = nullptr;
                if (handed.size() > 50) {
                    block = handed[random.below(handed.size())];
                    std::swap(*std::find(handed.begin(), handed.end(), block), handed.back());
                    handed.pop_back();
                }
            } else {
                end(block);
                block = make(random);
            }
        }
        for (void* const block : held)
            end(block);
        --running;
    };
    std::vector<std::thread> threads;
    for (unsigned t = 0; t < kThreads; ++t)
        threads.emplace_back(work, t + 1);
    std::thread ending([&] { // caches that begin and end
        for (unsigned salt = 100; running != 0; ++salt)
            std::thread([&] { use_every_class(); }).join();
    });
    while (running != 0) {
        drain_others();
        drain_idle();
    }
    for (std::thread& thread : threads)
        thread.join();
    ending.join();
    for (void* const block : handed)
        end(block);
    REQUIRE(faults == 0);
    flush();
    REQUIRE(blocks_out() == 0);
    REQUIRE(layout::superslabs.large_slices() == 0);
}

// ---- After a fork

bool child_agrees(const std::function<bool()>& body) {
    const pid_t pid = ::fork();
    if (pid == 0) ::_exit(body() ? 0 : 1);
    int status = -1;
    return ::waitpid(pid, &status, 0) == pid && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

// Performs `times` slow paths, which leave no blocks in the cache.
void come_by(unsigned times) {
    for (unsigned i = 0; i < times; ++i) {
        cache::flush();
        ashlar_free(ashlar_malloc(100));
    }
    cache::flush();
}

UNIT_TEST_CASE_IN_CHILD("drain: a child gets what the threads held that it does not have",
                        unit::kDefaultHeap) {
    UNIT_SKIP_IF(unit::kThreadSanitizer, "forks while another thread lives, after which it watches nothing");
    std::vector<std::unique_ptr<Told>> idle;
    for (unsigned i = 0; i < 20; ++i) {
        idle.push_back(std::make_unique<Told>());
        idle.back()->tell([] {
            use_every_class();
            use_runs();
        });
    }
    idle[3]->tell([] { stacks.enter(); }); // in the middle of a slow path: its blocks are lost
    const std::size_t held = blocks_out();
    ashlar_free(ashlar_malloc(1)); // the survivor has a cache
    REQUIRE(child_agrees([&] {
        if (thread_registry.live() != 1 || left_caches != 19) return false;
        if (blocks_out() < held) return false; // fork returns no blocks
        come_by(1);
        if (left_caches >= 19 || left_caches == 0) return false; // a slow path returns some of the caches
        come_by(40);
        if (left_caches != 0 || thread_registry.live() != 1) return false;
        const std::size_t lost = blocks_out();
        return lost != 0 && lost < held / 10 &&
               layout::superslabs.large_slices() * layout::kSliceSize <= 2 * kRun;
    }));
    REQUIRE(child_agrees([] { // a grandchild continues the return
        return left_caches == 19 && child_agrees([] {
                   const bool all = left_caches == 19;
                   ashlar_malloc_trim(0);
                   return all && left_caches == 0;
               });
    }));
    idle[3]->tell([] { stacks.leave(); });
    REQUIRE(child_agrees([] { // new threads may reuse caches of old threads
        std::array<std::thread, 10> fresh;
        for (std::thread& thread : fresh)
            thread = std::thread([] { use_every_class(); });
        for (std::thread& thread : fresh)
            thread.join();
        ashlar_malloc_trim(0);
        return blocks_out() == 0 && thread_registry.live() == 1;
    }));
    idle.clear();
    flush();
    REQUIRE(blocks_out() == 0);
}

UNIT_TEST_CASE_IN_CHILD("drain: drained threads take no places of those that hold something in a child",
                        unit::kDefaultHeap) {
    UNIT_SKIP_IF(unit::kThreadSanitizer, "forks while another thread lives, after which it watches nothing");
    std::vector<std::unique_ptr<Told>> idle;
    for (unsigned i = 0; i < 256; ++i) { // as many as a fork copies
        idle.push_back(std::make_unique<Told>());
        idle.back()->tell([] { ashlar_free(ashlar_malloc(100)); });
    }
    drain_others();
    REQUIRE(blocks_out() == 0);
    Told last;
    last.tell([] { use_every_class(); });
    REQUIRE(blocks_out() != 0);
    ashlar_free(ashlar_malloc(1)); // the survivor has a cache
    REQUIRE(child_agrees([] {
        ashlar_malloc_trim(0);
        return blocks_out() == 0;
    }));
}

UNIT_TEST_CASE_IN_CHILD("drain: a child that a claimed thread forks has its cache", unit::kDefaultHeap) {
    UNIT_SKIP_IF(unit::kThreadSanitizer, "forks while another thread lives, after which it watches nothing");
    Told forking;
    bool works = false;
    forking.tell([] { use_every_class(); });
    forking.its_stacks().claim();
    forking.tell([&works] {
        works = child_agrees([] {
            use_every_class();
            return !stacks.closed() && thread_registry.live() == 1;
        });
    });
    forking.its_stacks().unclaim();
    REQUIRE(works);
}

} // namespace
