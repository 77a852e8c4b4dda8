// SPDX-License-Identifier: MIT
#include "../support/build_kind.h"
#include "../support/child.h"
#include "os/mutex.h"

#include <algorithm>
#include <atomic>
#include <catch2/catch.hpp>
#include <cerrno>
#include <fstream>
#include <string>
#include <sys/syscall.h>
#include <thread>
#include <unistd.h>
#include <vector>

namespace {

using ashlar::os::Guard;
using ashlar::os::Mutex;
using ashlar::os::Rank;

// As the kernel sees it: not running and not ready to.
bool asleep(pid_t thread) {
    std::ifstream stat("/proc/self/task/" + std::to_string(thread) + "/stat");
    std::string text;
    std::getline(stat, text);
    const auto name_end = text.rfind(") ");
    return name_end != std::string::npos && text[name_end + 2] == 'S';
}

// Threads that all want the mutex, which the caller holds; returns once every one sleeps in the kernel.
template <typename AnyMutex>
std::vector<std::thread> start_sleepers(AnyMutex& mutex, unsigned count, std::atomic<unsigned>& through,
                                        std::atomic<unsigned>& errno_kept) {
    std::vector<std::atomic<pid_t>> ids(count);
    std::vector<std::thread> threads;
    for (std::atomic<pid_t>& id : ids) {
        threads.emplace_back([&mutex, &through, &errno_kept, &id] {
            errno = EDOM;
            id = static_cast<pid_t>(::syscall(SYS_gettid));
            const Guard guard(mutex);
            if (errno == EDOM) ++errno_kept;
            ++through;
        });
    }
    for (const std::atomic<pid_t>& id : ids) {
        while (id == 0 || !asleep(id))
            std::this_thread::yield();
    }
    return threads;
}

TEST_CASE("mutex: is four bytes") {
    CHECK(sizeof(Mutex<Rank::kBin>) == 4);
}

TEST_CASE("mutex: one thread at a time") {
    constexpr unsigned kThreads = 4;
    constexpr unsigned kRounds = 50'000;
    Mutex<Rank::kBin> mutex;
    unsigned inside = 0; // not atomic: the mutex is what protects them
    unsigned collisions = 0;
    unsigned entries = 0;
    std::vector<std::thread> threads;
    for (unsigned t = 0; t < kThreads; ++t) {
        threads.emplace_back([&] {
            for (unsigned i = 0; i < kRounds; ++i) {
                const Guard guard(mutex);
                if (++inside != 1) ++collisions;
                ++entries;
                --inside;
            }
        });
    }
    for (std::thread& thread : threads)
        thread.join();
    CHECK(entries == kThreads * kRounds);
    CHECK(collisions == 0);
}

// A wake-up that gets lost shows as a hang, which the child's deadline ends.
TEST_CASE("mutex: sleeping threads are woken one after the other and keep errno") {
    UNIT_REQUIRE_PASSED(unit::run_here([] {
        constexpr unsigned kThreads = 5;
        for (unsigned round = 0; round < 5; ++round) {
            Mutex<Rank::kBin> mutex;
            std::atomic<unsigned> through = 0;
            std::atomic<unsigned> errno_kept = 0;
            mutex.lock();
            std::vector<std::thread> threads = start_sleepers(mutex, kThreads, through, errno_kept);
            REQUIRE(through == 0);
            mutex.unlock();
            for (std::thread& thread : threads)
                thread.join();
            REQUIRE(through == kThreads);
            REQUIRE(errno_kept == kThreads);
        }
    }));
}

TEST_CASE("mutex: unlocking keeps errno though it wakes") {
    UNIT_REQUIRE_PASSED(unit::run_here([] {
        Mutex<Rank::kBin> mutex;
        std::atomic<unsigned> through = 0;
        std::atomic<unsigned> errno_kept = 0;
        mutex.lock();
        std::vector<std::thread> threads = start_sleepers(mutex, 2, through, errno_kept);
        errno = EDOM;
        mutex.unlock();
        const int after = errno;
        for (std::thread& thread : threads)
            thread.join();
        REQUIRE(after == EDOM);
    }));
}

TEST_CASE("mutex: counts the locks that this thread holds") {
    using ashlar::os::locks_held;
    Mutex<Rank::kThreads> first;
    Mutex<Rank::kBin> second;
    CHECK(locks_held == 0);
    {
        const Guard guard(first);
        CHECK(locks_held == 1);
        {
            const Guard inner(second);
            CHECK(locks_held == 2);
            unsigned elsewhere = 1;
            std::thread([&elsewhere] { elsewhere = locks_held; }).join();
            CHECK(elsewhere == 0);
        }
        CHECK(locks_held == 1);
    }
    CHECK(locks_held == 0);
}

TEST_CASE("mutex: reset makes it free in a child whose parent held it") {
    UNIT_SKIP_IF(unit::kThreadSanitizer, "forks while another thread lives, after which it watches nothing");
    Mutex<Rank::kBin> mutex;
    std::atomic<bool> held = false;
    std::atomic<bool> done = false;
    std::thread holder([&] {
        const Guard guard(mutex);
        held = true;
        while (!done)
            std::this_thread::yield();
    });
    while (!held)
        std::this_thread::yield();
    const unit::Outcome outcome = unit::run_here([&] {
        mutex.reset();
        mutex.lock();
        mutex.unlock();
        mutex.lock();
    });
    done = true;
    holder.join();
    UNIT_REQUIRE_PASSED(outcome);
}

#ifndef NDEBUG

TEST_CASE("mutex: locks in the order of their ranks are fine") {
    Mutex<Rank::kThreads> threads;
    Mutex<Rank::kShardPool> shard_pool;
    Mutex<Rank::kBin> bin;
    Mutex<Rank::kSuperslabs> superslabs;
    Mutex<Rank::kMetadata> metadata;
    for (unsigned round = 0; round < 2; ++round) {
        threads.lock();
        shard_pool.lock();
        bin.lock();
        superslabs.lock();
        metadata.lock();
        // Unlocking has no order.
        bin.unlock();
        threads.unlock();
        metadata.unlock();
        shard_pool.unlock();
        superslabs.unlock();
    }
    SUCCEED();
}

template <Rank kHeld, Rank kTaken>
unit::Outcome take_while_holding() {
    return unit::run_here([] {
        Mutex<kHeld> held;
        Mutex<kTaken> taken;
        const Guard outer(held);
        const Guard inner(taken);
    });
}

TEST_CASE("mutex: a lock of a lower or equal rank ends the process") {
    UNIT_REQUIRE_ABORTED("locks taken out of order: threads (rank 1) under shard pool (rank 2)\n",
                         (take_while_holding<Rank::kShardPool, Rank::kThreads>()));
    UNIT_REQUIRE_ABORTED("locks taken out of order: bin (rank 3) under bin (rank 3)\n",
                         (take_while_holding<Rank::kBin, Rank::kBin>()));
    UNIT_REQUIRE_ABORTED("locks taken out of order: bin (rank 3) under superslabs (rank 6)\n",
                         (take_while_holding<Rank::kSuperslabs, Rank::kBin>()));
    UNIT_REQUIRE_ABORTED("locks taken out of order: superslabs (rank 6) under metadata (rank 8)\n",
                         (take_while_holding<Rank::kMetadata, Rank::kSuperslabs>()));
    UNIT_REQUIRE_PASSED(take_while_holding<Rank::kBin, Rank::kMetadata>());
}

TEST_CASE("mutex: the highest of the locks held is named, and the order counts again when it is free") {
    UNIT_REQUIRE_ABORTED("opening (rank 0) under growth (rank 5)\n", unit::run_here([] {
                             Mutex<Rank::kThreads> threads;
                             Mutex<Rank::kGrowth> growth;
                             Mutex<Rank::kOpening> opening;
                             const Guard outer(threads);
                             const Guard middle(growth);
                             const Guard inner(opening);
                         }));
    UNIT_REQUIRE_ABORTED("opening (rank 0) under threads (rank 1)\n", unit::run_here([] {
                             Mutex<Rank::kThreads> threads;
                             Mutex<Rank::kGrowth> growth;
                             Mutex<Rank::kOpening> opening;
                             const Guard outer(threads);
                             growth.lock();
                             growth.unlock();
                             const Guard inner(opening);
                         }));
}

TEST_CASE("mutex: what wants no lock ends the process under one") {
    UNIT_REQUIRE_ABORTED("ashlar: a feast under the lock superslabs (rank 6)\n", unit::run_here([] {
                             Mutex<Rank::kSuperslabs> mutex;
                             const Guard guard(mutex);
                             ashlar::os::expect_no_lock("a feast");
                         }));
    UNIT_REQUIRE_PASSED(unit::run_here([] {
        Mutex<Rank::kSuperslabs> mutex;
        mutex.lock();
        std::thread([] { ashlar::os::expect_no_lock("another thread's"); }).join();
        mutex.unlock();
        ashlar::os::expect_no_lock("a feast");
    }));
}

TEST_CASE("mutex: the order is each thread's own") {
    Mutex<Rank::kMetadata> high;
    const Guard guard(high);
    std::thread([] {
        Mutex<Rank::kThreads> low;
        const Guard other(low);
    }).join();
    SUCCEED();
}

TEST_CASE("mutex: the order is not checked while fork suspends it") {
    UNIT_REQUIRE_PASSED(unit::run_here([] {
        Mutex<Rank::kBin> first;
        Mutex<Rank::kBin> second;
        ashlar::os::suspend_rank_check(true);
        first.lock();
        second.lock();
        second.unlock();
        first.unlock();
        ashlar::os::suspend_rank_check(false);
        const Guard guard(first);
    }));
    UNIT_REQUIRE_ABORTED("out of order", unit::run_here([] {
                             Mutex<Rank::kBin> first;
                             Mutex<Rank::kBin> second;
                             ashlar::os::suspend_rank_check(true);
                             ashlar::os::suspend_rank_check(false);
                             const Guard outer(first);
                             const Guard inner(second);
                         }));
}

#endif

} // namespace
