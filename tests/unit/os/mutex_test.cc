// SPDX-License-Identifier: MIT
#include "../support/asleep.h"
#include "../support/build_kind.h"
#include "../support/child.h"
#include "os/mutex.h"

#include <algorithm>
#include <atomic>
#include <catch2/catch.hpp>
#include <cerrno>
#include <csignal>
#include <sys/syscall.h>
#include <sys/time.h>
#include <thread>
#include <unistd.h>
#include <vector>

namespace {

using ashlar::os::Guard;
using ashlar::os::Mutex;
using ashlar::os::Rank;

// Starts threads that lock `mutex`, which the caller holds. Returns when all of them sleep in the kernel.
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
        while (id == 0 || !unit::asleep(id))
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
    unsigned inside = 0; // not atomic, because the mutex protects the counter
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

// A lost wake-up causes a hang, which the child's deadline ends.
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

using ashlar::os::Holder;

TEST_CASE("mutex: says who holds it") {
    Mutex<Rank::kThreads> mutex;
    CHECK(mutex.holder() == Holder::kNobody);
    mutex.lock();
    CHECK(mutex.holder() == Holder::kThisThread);
    Holder elsewhere = Holder::kNobody;
    std::thread([&] { elsewhere = mutex.holder(); }).join(); // this thread never took a lock
    CHECK(elsewhere == Holder::kOther);
    std::thread([&] {
        Mutex<Rank::kBin> other;
        const Guard guard(other);
        elsewhere = mutex.holder();
    }).join();
    CHECK(elsewhere == Holder::kOther);
    mutex.unlock();
    CHECK(mutex.holder() == Holder::kNobody);
}

TEST_CASE("mutex: what fork holds is this thread's to lock and unlock, until fork gives it back") {
    Mutex<Rank::kBin> mutex;
    REQUIRE(mutex.take_for_fork(0));
    CHECK(mutex.holder() == Holder::kItsFork);
    mutex.lock();
    mutex.unlock();
    CHECK(mutex.holder() == Holder::kItsFork);
    CHECK(mutex.take_for_fork(0)); // a nested fork
    mutex.give_after_fork();
    CHECK(mutex.holder() == Holder::kNobody);
    mutex.give_after_fork();
    CHECK(mutex.holder() == Holder::kNobody);
}

TEST_CASE("mutex: fork leaves what it did not take") {
    Mutex<Rank::kBin> mutex;
    const Guard guard(mutex);
    CHECK(mutex.take_for_fork(0)); // the interrupted thread holds the lock
    CHECK(mutex.holder() == Holder::kThisThread);
    mutex.give_after_fork();
    CHECK(mutex.holder() == Holder::kThisThread);
    std::thread([&mutex] { mutex.give_after_fork(); }).join();
    CHECK(mutex.holder() == Holder::kThisThread);
}

TEST_CASE("mutex: fork does not wait for ever, and keeps errno") {
    Mutex<Rank::kBin> mutex;
    mutex.lock();
    bool taken = true;
    int error = 0;
    std::thread([&] {
        errno = EDOM;
        taken = mutex.take_for_fork(1);
        error = errno;
    }).join();
    CHECK_FALSE(taken);
    CHECK(error == EDOM);
    CHECK(mutex.holder() == Holder::kThisThread);
    mutex.unlock(); // wakes no thread
    std::thread([&] { taken = mutex.take_for_fork(1); }).join();
    CHECK(taken);
}

// For example, a profiler's timer sends signals. The timer and the handler end with the child.
TEST_CASE("mutex: fork does not wait longer because signals come") {
    UNIT_REQUIRE_PASSED(unit::run_here([] {
        static std::atomic<unsigned> signals{0};
        struct sigaction action {};
        action.sa_handler = [](int) { ++signals; };
        REQUIRE(::sigaction(SIGALRM, &action, nullptr) == 0);
        Mutex<Rank::kBin> mutex;
        std::atomic<bool> held{false};
        std::atomic<bool> over{false};
        std::thread holder([&] {
            sigset_t alarm;
            ::sigemptyset(&alarm);
            ::sigaddset(&alarm, SIGALRM);
            ::pthread_sigmask(SIG_BLOCK, &alarm, nullptr);
            mutex.lock();
            held = true;
            while (!over)
                std::this_thread::yield();
            mutex.unlock();
        });
        while (!held)
            std::this_thread::yield();
        const itimerval often{{0, 1000}, {0, 1000}};
        ::setitimer(ITIMER_REAL, &often, nullptr);
        const bool taken = mutex.take_for_fork(100);
        const itimerval never{};
        ::setitimer(ITIMER_REAL, &never, nullptr);
        over = true;
        holder.join();
        CHECK_FALSE(taken);
        CHECK(signals > 5);
    }));
}

TEST_CASE("mutex: who waits for what fork holds is woken when fork gives it back") {
    UNIT_REQUIRE_PASSED(unit::run_here([] {
        Mutex<Rank::kBin> mutex;
        std::atomic<unsigned> through = 0;
        std::atomic<unsigned> errno_kept = 0;
        REQUIRE(mutex.take_for_fork(0));
        std::vector<std::thread> threads = start_sleepers(mutex, 3, through, errno_kept);
        mutex.lock();
        mutex.unlock();
        REQUIRE(through == 0);
        mutex.give_after_fork();
        for (std::thread& thread : threads)
            thread.join();
        REQUIRE(through == 3);
    }));
}

std::atomic<unsigned> times_ended = 0;

TEST_CASE("mutex: unlocking after a reset is counted, and harmful to nobody") {
    Mutex<Rank::kGrowth> outer;
    Mutex<Rank::kMetadata> inner;
    times_ended = 0;
    outer.lock();
    inner.lock();
    outer.reset(); // as in a child that a signal handler forked
    inner.reset();
    ashlar::os::forget_ranks();
    ashlar::os::expect_inherited_unlocks(2, [] { ++times_ended; });
    outer.lock(); // the handler allocates
    outer.unlock();
    inner.unlock();
    CHECK(times_ended == 0);
    bool still_held = false;
    std::thread other([&] {
        outer.lock(); // another thread holds the lock meanwhile
        while (times_ended == 0)
            std::this_thread::yield();
        still_held = outer.holder() == Holder::kThisThread;
        outer.unlock();
    });
    while (outer.holder() != Holder::kOther)
        std::this_thread::yield();
    outer.unlock();
    other.join();
    CHECK(still_held);
    CHECK(times_ended == 1);
    const Guard guard(outer);
    CHECK(times_ended == 1);
}

TEST_CASE("mutex: a child of such a child expects more") {
    Mutex<Rank::kGrowth> outer;
    Mutex<Rank::kMetadata> inner;
    times_ended = 0;
    outer.lock();
    outer.reset();
    ashlar::os::forget_ranks();
    ashlar::os::expect_inherited_unlocks(1, [] { ++times_ended; });
    inner.lock(); // a signal interrupts the interrupted code again
    inner.reset();
    ashlar::os::forget_ranks();
    ashlar::os::expect_more_inherited_unlocks(1);
    inner.unlock();
    CHECK(times_ended == 0);
    outer.unlock();
    CHECK(times_ended == 1);
    inner.lock();
    inner.reset();
    ashlar::os::forget_ranks();
    ashlar::os::expect_more_inherited_unlocks(1); // no end is awaited
    inner.unlock();
    CHECK(times_ended == 1);
}

TEST_CASE("mutex: who expects no inherited unlock has seen the last one") {
    times_ended = 0;
    ashlar::os::expect_inherited_unlocks(0, [] { ++times_ended; });
    CHECK(times_ended == 1);
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
        // Locks may be released in any order.
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
    UNIT_REQUIRE_ABORTED("locks taken out of order: threads (rank 2) under shard pool (rank 3); ",
                         (take_while_holding<Rank::kShardPool, Rank::kThreads>()));
    UNIT_REQUIRE_ABORTED("locks taken out of order: bin (rank 4) under bin (rank 4); ",
                         (take_while_holding<Rank::kBin, Rank::kBin>()));
    UNIT_REQUIRE_ABORTED("locks taken out of order: bin (rank 4) under superslabs (rank 7); ",
                         (take_while_holding<Rank::kSuperslabs, Rank::kBin>()));
    UNIT_REQUIRE_ABORTED("locks taken out of order: superslabs (rank 7) under metadata (rank 9); ",
                         (take_while_holding<Rank::kMetadata, Rank::kSuperslabs>()));
    UNIT_REQUIRE_PASSED(take_while_holding<Rank::kBin, Rank::kMetadata>());
}

TEST_CASE("mutex: the highest of the locks held is named, and the order counts again when it is free") {
    UNIT_REQUIRE_ABORTED("opening (rank 0) under growth (rank 6); ", unit::run_here([] {
                             Mutex<Rank::kThreads> threads;
                             Mutex<Rank::kGrowth> growth;
                             Mutex<Rank::kOpening> opening;
                             const Guard outer(threads);
                             const Guard middle(growth);
                             const Guard inner(opening);
                         }));
    UNIT_REQUIRE_ABORTED("opening (rank 0) under threads (rank 2); ", unit::run_here([] {
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
    UNIT_REQUIRE_ABORTED("ashlar: a feast under the lock superslabs (rank 7); ", unit::run_here([] {
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

TEST_CASE("mutex: fork takes locks in any order, and those that are forgotten do not count") {
    UNIT_REQUIRE_PASSED(unit::run_here([] {
        Mutex<Rank::kBin> first;
        Mutex<Rank::kBin> second;
        REQUIRE(first.take_for_fork(0));
        REQUIRE(second.take_for_fork(0));
        second.give_after_fork();
        first.give_after_fork();
        first.lock();
        ashlar::os::forget_ranks();
        second.lock();
    }));
}

#endif

// The process's own heap takes locks too. It takes none of these two ranks.
UNIT_TEST_CASE_IN_CHILD("mutex: acquisitions and waits are counted if wanted", "enabled:false,count:true") {
    static Mutex<Rank::kQuarantine> mutex;
    static Mutex<Rank::kShardPool> other;
    const auto& counts = ashlar::os::lock_counts[static_cast<unsigned>(Rank::kQuarantine)];
    ashlar::os::count_locks(); // counting begins only now, because no other code has read the setting
    constexpr unsigned kSleepers = 3;
    std::atomic<unsigned> through{0};
    std::atomic<unsigned> errno_kept{0};
    mutex.lock();
    REQUIRE(mutex.holder() == ashlar::os::Holder::kThisThread);
    std::vector<std::thread> sleepers = start_sleepers(mutex, kSleepers, through, errno_kept);
    ::usleep(5000);
    REQUIRE(through == 0);
    mutex.unlock();
    for (std::thread& sleeper : sleepers)
        sleeper.join();
    REQUIRE(through == kSleepers);
    REQUIRE(errno_kept == kSleepers);
    REQUIRE(mutex.holder() == ashlar::os::Holder::kNobody);
    for (int i = 0; i < 100; ++i) {
        const Guard outer(other);
        const Guard guard(mutex);
    }
    REQUIRE(counts.acquisitions == 1 + kSleepers + 100);
    REQUIRE(counts.contended == kSleepers);
    REQUIRE(counts.wait_ns >= kSleepers * 5'000'000);
    REQUIRE(counts.wait_max_ns >= 5'000'000);
    REQUIRE(counts.wait_max_ns <= counts.wait_ns);
}

UNIT_TEST_CASE_IN_CHILD("mutex: nothing is counted otherwise", unit::kNoHeap) {
    static Mutex<Rank::kQuarantine> mutex;
    for (int i = 0; i < 100; ++i) {
        const Guard guard(mutex);
    }
    REQUIRE(ashlar::os::lock_counts[static_cast<unsigned>(Rank::kQuarantine)].acquisitions == 0);
}

} // namespace
