// SPDX-License-Identifier: MIT
//
// Fork, and the latest points at which double frees are detected. All tests run in children.
#include "../support/build_kind.h"
#include "../support/child.h"
#include "cache/decay.h"
#include "cache/thread_cache.h"
#include "cache/thread_registry.h"
#include "heap/heap.h"
#include "layout/metadata_pool.h"
#include "layout/superslab.h"
#include "os/mutex.h"
#include "slab/shard_pool.h"

#include <ashlar/ashlar.h>

#include <array>
#include <atomic>
#include <catch2/catch.hpp>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>
#include <vector>

namespace {

using namespace ashlar; // NOLINT(google-build-using-namespace): the layer under test

using Blocks = std::vector<void*>;

template <typename T>
T opaque(T value) {
    asm volatile("" : "+r"(value));
    return value;
}

// Allocates, fills, checks and frees blocks of many classes. Uses no other allocator.
bool heap_works() {
    std::array<unsigned char*, 400> blocks{};
    for (unsigned round = 0; round < 3; ++round) {
        std::size_t size = 1;
        for (unsigned char*& block : blocks) {
            block = static_cast<unsigned char*>(ashlar_malloc(size));
            if (block == nullptr || ashlar_owns(block) == 0) return false;
            block[0] = block[size - 1] = static_cast<unsigned char>(size);
            size = size * 5 % 32'768 + 1;
        }
        size = 1;
        for (unsigned char* const block : blocks) {
            const auto expected = static_cast<unsigned char>(size);
            if (block[0] != expected || block[size - 1] != expected) return false;
            ashlar_free(block);
            size = size * 5 % 32'768 + 1;
        }
    }
    return true;
}

// Forks and runs `body` in the child. Returns whether `body` returned true.
bool child_agrees(const std::function<bool()>& body) {
    const pid_t pid = ::fork();
    if (pid == 0) ::_exit(body() ? 0 : 1);
    int status = -1;
    return ::waitpid(pid, &status, 0) == pid && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

// ---- Fork

TEST_CASE("lifecycle: a child of a process without threads can allocate") {
    UNIT_REQUIRE_PASSED(unit::run_here([] {
        REQUIRE(heap_works());
        void* const kept = ashlar_malloc(100);
        std::memset(kept, 1, 100);
        for (unsigned i = 0; i < 20; ++i) {
            REQUIRE(child_agrees([kept] {
                const bool intact = static_cast<char*>(kept)[99] == 1;
                ashlar_free(kept);
                ashlar_malloc_trim(0);
                return intact && heap_works() && cache::thread_registry.live() == 1 && os::forking == 0;
            }));
        }
        REQUIRE(heap_works());
        ashlar_free(kept);
    }));
}

UNIT_TEST_CASE_IN_CHILD("lifecycle: a child may be the first to allocate", unit::kDefaultHeap) {
    UNIT_REQUIRE_PASSED(unit::run_here([] {
        REQUIRE(heap_works());
        std::atomic<bool> works = false;
        std::thread([&works] { works = heap_works(); }).join();
        REQUIRE(works);
    }));
    REQUIRE(heap_works());
}

UNIT_TEST_CASE_IN_CHILD("lifecycle: grandchildren and children of threads can allocate", unit::kDefaultHeap) {
    UNIT_SKIP_IF(unit::kThreadSanitizer, "forks while another thread lives, after which it watches nothing");
    std::atomic<bool> works = false;
    std::thread([&works] {
        ashlar_free(ashlar_malloc(10));
        works = child_agrees([] {
            return cache::thread_registry.live() == 1 && heap_works() && child_agrees([] {
                       bool fine = false;
                       std::thread([&fine] { fine = heap_works(); }).join();
                       return fine && heap_works();
                   });
        });
    }).join();
    REQUIRE(works);
    // A thread that never allocated has no cache that survives.
    std::thread([&works] {
        works = child_agrees([] { return cache::thread_registry.live() == 0 && heap_works(); });
    }).join();
    REQUIRE(works);
}

UNIT_TEST_CASE_IN_CHILD("lifecycle: forks while other threads allocate", unit::kDefaultHeap) {
    UNIT_SKIP_IF(unit::kThreadSanitizer, "forks while another thread lives, after which it watches nothing");
    constexpr unsigned kThreads = 3;
    constexpr unsigned kForks = 100;
    std::atomic<bool> done = false;
    std::atomic<unsigned> running = 0;
    std::vector<std::thread> threads;
    for (unsigned t = 0; t < kThreads; ++t) {
        threads.emplace_back([&done, &running] {
            ++running;
            std::vector<void*> blocks(1000);
            while (!done) {
                std::size_t size = 1;
                for (void*& block : blocks) {
                    block = ashlar_malloc(size);
                    size = size * 7 % 3001 + 1;
                }
                for (void* const block : blocks)
                    ashlar_free(block);
                ashlar_malloc_trim(0);
            }
        });
    }
    while (running < kThreads)
        std::this_thread::yield();
    unsigned failed = 0;
    for (unsigned i = 0; i < kForks; ++i) {
        const bool fine = child_agrees([] {
            ashlar_statistics statistics{};
            ashlar_get_statistics(&statistics, sizeof(statistics));
            return statistics.threads <= 1 && heap_works() && ashlar_malloc_trim(0) >= 0;
        });
        if (!fine) ++failed;
        if (!heap_works()) ++failed;
    }
    done = true;
    for (std::thread& thread : threads)
        thread.join();
    REQUIRE(failed == 0);
    ashlar_statistics statistics{};
    REQUIRE(ashlar_get_statistics(&statistics, sizeof(statistics)) == 0);
    REQUIRE(statistics.allocated == 0);
}

// Forks while another thread holds `mutex`.
template <typename Mutex>
void fork_while_held(Mutex& mutex) {
    UNIT_REQUIRE_PASSED(unit::run_here([&mutex] {
        std::atomic<bool> held = false;
        std::atomic<bool> forking = false;
        // Releases the lock once fork may wait for it. Fork must wait, or it would copy a half-changed state.
        std::thread holder([&] {
            const os::Guard guard(mutex);
            held = true;
            while (!forking)
                std::this_thread::yield();
        });
        while (!held)
            std::this_thread::yield();
        forking = true;
        REQUIRE(child_agrees(heap_works));
        holder.join();
        REQUIRE(heap_works());
    }));
}

TEST_CASE("lifecycle: a fork waits for whoever holds a lock") {
    UNIT_SKIP_IF(unit::kThreadSanitizer, "forks while another thread lives, after which it watches nothing");
    REQUIRE(heap_works());
    fork_while_held(cache::thread_registry.mutex());
    fork_while_held(slab::shard_pool.mutex());
    fork_while_held(slab::shard_pool.bin({3, 1}).mutex());
    fork_while_held(layout::superslabs.mutex());
    fork_while_held(layout::metadata_pool.mutex());
}

TEST_CASE("lifecycle: a fork in the middle of a call of one's own does not wait for ever") {
    UNIT_REQUIRE_PASSED(unit::run_here([] {
        REQUIRE(heap_works());
        {
            // Simulates a refill that a forking signal handler interrupted.
            const os::Guard guard(slab::shard_pool.bin({3, 1}).mutex());
            REQUIRE(child_agrees([] { return true; }));
        }
        REQUIRE(heap_works());
    }));
}

TEST_CASE("lifecycle: a child's child opens its heap when the last lock is given back") {
    UNIT_REQUIRE_PASSED(unit::run_here([] {
        REQUIRE(heap_works());
        auto& first = slab::shard_pool.bin({3, 1}).mutex();
        auto& second = layout::metadata_pool.mutex();
        first.lock();
        REQUIRE(child_agrees([&] {
            if (!heap::closed()) return false;
            second.lock(); // the interrupted call continues, and another signal arrives
            const bool child_is_fine = child_agrees([&] {
                second.unlock();
                const bool closed_meanwhile = heap::closed();
                first.unlock();
                return closed_meanwhile && !heap::closed() && heap_works();
            });
            second.unlock();
            first.unlock();
            return child_is_fine && !heap::closed() && heap_works();
        }));
        first.unlock();
        REQUIRE(heap_works());
    }));
}

// Forks in a thread that holds a lock, while another thread holds a lock that fork cannot take. `body` runs
// in the child after the release of the first lock.
template <typename Body>
void fork_without_lock(Body body) {
    std::atomic<bool> held = false;
    std::atomic<bool> forked = false;
    std::thread holder([&] {
        const os::Guard guard(layout::superslabs.mutex());
        held = true;
        while (!forked)
            std::this_thread::yield();
    });
    while (!held)
        std::this_thread::yield();
    bool agreed = false;
    {
        auto& mutex = slab::shard_pool.bin({3, 1}).mutex();
        const os::Guard guard(mutex);
        agreed = child_agrees([&mutex, &body] {
            mutex.unlock();
            return body();
        });
    }
    forked = true;
    holder.join();
    REQUIRE(agreed);
}

UNIT_TEST_CASE_IN_CHILD("lifecycle: a heap that another thread was changing stays closed, without decay",
                        "purge_delay_ms:0") {
    UNIT_SKIP_IF(unit::kThreadSanitizer, "forks while another thread lives, after which it watches nothing");
    REQUIRE(heap_works());
    const std::uint32_t rounds = cache::decay_after_release();
    REQUIRE(cache::decay_after_release() != rounds);
    fork_without_lock([] {
        const std::uint32_t before = cache::decay_after_release();
        cache::look_after_release();
        cache::look_after_allocation();
        const bool done = cache::decay_after_allocation() != before;
        return heap::closed() && !done;
    });
    fork_without_lock([] { // the child's child does so too
        return child_agrees([] { return heap::closed(); });
    });
    REQUIRE(heap_works());
}

// ---- Double frees

constexpr std::size_t kSize = 48;

void* freed_twice() {
    void* const block = ashlar_malloc(kSize);
    ashlar_free(opaque(block));
    ashlar_free(opaque(block));
    return block;
}

void* freed_here_and_there() {
    void* const block = ashlar_malloc(kSize);
    ashlar_free(opaque(block));
    std::thread([block] { ashlar_free(opaque(block)); }).join();
    return block;
}

void* freed_there_and_here() {
    void* const block = ashlar_malloc(kSize);
    std::thread([block] { ashlar_free(opaque(block)); }).join();
    ashlar_free(opaque(block));
    return block;
}

void* freed_by_two_others() {
    void* const block = ashlar_malloc(kSize);
    for (unsigned i = 0; i < 2; ++i)
        std::thread([block] { ashlar_free(opaque(block)); }).join();
    return block;
}

using Misdeed = void* (*)();
constexpr std::array<Misdeed, 4> kMisdeeds = {freed_twice, freed_here_and_there, freed_there_and_here,
                                              freed_by_two_others};

// `reveal` must detect each misdeed and end the process.
template <typename Reveal>
void must_be_found(Reveal reveal) {
    for (std::size_t i = 0; i < kMisdeeds.size(); ++i) {
        CAPTURE(i);
        const unit::Outcome outcome = unit::run_here([&] { reveal(kMisdeeds[i]); });
        UNIT_REQUIRE_ABORTED("double free of 0x", outcome);
        CHECK_THAT(outcome.errors, Catch::Matchers::Contains("48-byte size class"));
        CHECK_THAT(outcome.errors, Catch::Matchers::Contains(", thread "));
        CHECK(std::count(outcome.errors.begin(), outcome.errors.end(), '\n') == 2);
    }
}

TEST_CASE("lifecycle: a double free is found when memory is trimmed") {
    UNIT_SKIP_IF(unit::kAddressSanitizer, "the sanitizer reports it, and sooner");
    must_be_found([](Misdeed misdeed) {
        misdeed();
        ashlar_malloc_trim(0);
    });
}

TEST_CASE("lifecycle: a double free is found when the process ends") {
    UNIT_SKIP_IF(unit::kAddressSanitizer, "the sanitizer reports it, and sooner");
    must_be_found([](Misdeed misdeed) {
        misdeed();
        std::exit(0); // NOLINT(concurrency-mt-unsafe): no other thread lives
    });
}

TEST_CASE("lifecycle: a double free is found when the thread ends") {
    UNIT_SKIP_IF(unit::kAddressSanitizer, "the sanitizer reports it, and sooner");
    must_be_found([](Misdeed misdeed) { std::thread(misdeed).join(); });
}

TEST_CASE("lifecycle: a double free is found when the cache runs full") {
    UNIT_SKIP_IF(unit::kAddressSanitizer, "the sanitizer reports it, and sooner");
    must_be_found([](Misdeed misdeed) {
        misdeed();
        Blocks blocks;
        for (unsigned i = 0; i < 5000; ++i)
            blocks.push_back(ashlar_malloc(kSize));
        for (void* const block : blocks)
            ashlar_free(block);
    });
}

TEST_CASE("lifecycle: a double free is found at once when the slab has gone meanwhile") {
    UNIT_SKIP_IF(unit::kAddressSanitizer, "the sanitizer reports it, and sooner");
    const unit::Outcome outcome = unit::run_here([] {
        ashlar_malloc_trim(0); // makes the block the only one of its class
        void* const block = ashlar_malloc(kSize);
        ashlar_free(opaque(block));
        ashlar_malloc_trim(0);
        ashlar_free(opaque(block));
        ::_exit(0); // too late
    });
    UNIT_REQUIRE_ABORTED(": no block lies there now", outcome);
}

TEST_CASE("lifecycle: a double free is found at once in a thread whose cache has ended") {
    UNIT_SKIP_IF(unit::kAddressSanitizer, "the sanitizer reports it, and sooner");
    const unit::Outcome outcome = unit::run_here([] {
        std::thread([] {
            cache::end_thread();
            freed_twice();
            ::_exit(0); // too late
        }).join();
    });
    UNIT_REQUIRE_ABORTED("double free of 0x", outcome);
}

TEST_CASE("lifecycle: a free inside a block is found when memory is trimmed") {
    const unit::Outcome outcome = unit::run_here([] {
        auto* const block = static_cast<char*>(ashlar_malloc(kSize));
        ashlar_free(opaque(block + 16));
        ashlar_malloc_trim(0);
    });
    UNIT_REQUIRE_ABORTED("16 bytes into the block at 0x", outcome);
}

TEST_CASE("lifecycle: a remote free inside a block is found when the thread ends") {
    const unit::Outcome outcome = unit::run_here([] {
        auto* const block = static_cast<char*>(ashlar_malloc(kSize));
        std::thread([block] { ashlar_free(opaque(block + 32)); }).join();
    });
    UNIT_REQUIRE_ABORTED("32 bytes into the block at 0x", outcome);
}

TEST_CASE("lifecycle: a free where no block is ends the process at once") {
    const unit::Outcome outcome = unit::run_here([] {
        ashlar_free(opaque(
            reinterpret_cast<void*>(layout::window.pool.start()))); // NOLINT(performance-no-int-to-ptr)
        ::_exit(0);                                                 // too late
    });
    UNIT_REQUIRE_ABORTED("invalid pointer", outcome);
}

TEST_CASE("lifecycle: correct programs end in peace") {
    UNIT_REQUIRE_PASSED(unit::run_here([] {
        REQUIRE(heap_works());
        Blocks blocks;
        for (unsigned i = 0; i < 1000; ++i)
            blocks.push_back(ashlar_malloc(i));
        std::thread([&blocks] {
            for (void* const block : blocks)
                ashlar_free(block);
        }).join();
        std::exit(0); // NOLINT(concurrency-mt-unsafe): no other thread lives
    }));
}

} // namespace
