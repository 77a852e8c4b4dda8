// SPDX-License-Identifier: MIT
// Tests the mutex and the semaphore for coroutines, step by step on one thread, and on several.
#include "locks/async/semaphore.h"
#include "locks/async/task.h"

#include <atomic>
#include <catch2/catch.hpp>
#include <string>
#include <thread>
#include <vector>

namespace {

using bench::locks::AsyncMutex;
using bench::locks::AsyncSemaphore;
using bench::locks::Executor;
using bench::locks::Task;

Task hold_and_yield(Executor& executor, AsyncSemaphore& semaphore, std::string& seen, char name) {
    co_await semaphore.acquire();
    seen += name;
    co_await executor.yield();
    seen += name;
    semaphore.release();
}

Task stop_after(Executor& executor, AsyncSemaphore& done, int count) {
    for (int left = count; left != 0; --left) {
        co_await done.acquire();
    }
    executor.stop();
}

Task add_often(Executor& executor, AsyncMutex& mutex, AsyncSemaphore& done, long& sum, int times) {
    for (int left = times; left != 0; --left) {
        co_await mutex.lock();
        const long before = sum;
        co_await executor.yield(); // other coroutines run while the mutex is held
        sum = before + 1;
        mutex.unlock();
    }
    done.release();
}

Task count_inside(Executor& executor, AsyncSemaphore& semaphore, AsyncSemaphore& done,
                  std::atomic<int>& inside, std::atomic<int>& most) {
    co_await semaphore.acquire();
    const int now = ++inside;
    for (int seen = most; seen < now && !most.compare_exchange_weak(seen, now);) {
    }
    co_await executor.yield();
    --inside;
    semaphore.release();
    done.release();
}

void run_on_threads(Executor& executor, int count) {
    std::vector<std::thread> threads;
    for (int index = 0; index < count; ++index) {
        threads.emplace_back([&] { executor.run(); });
    }
    for (std::thread& thread : threads) {
        thread.join();
    }
}

} // namespace

TEST_CASE("async semaphore: one permit is handed on in the order of those who wait") {
    Executor executor;
    AsyncSemaphore semaphore(executor, 1);
    std::string seen;
    for (const char name : {'a', 'b', 'c'}) {
        executor.schedule(hold_and_yield(executor, semaphore, seen, name).handle);
    }
    executor.stop(); // ready coroutines, and those that become ready, still run
    executor.run();
    CHECK(seen == "aabbcc");
    CHECK(semaphore.permits() == 1);
}

TEST_CASE("async semaphore: as many permits as there are let so many in at a time") {
    Executor executor;
    AsyncSemaphore semaphore(executor, 2);
    std::string seen;
    for (const char name : {'a', 'b', 'c'}) {
        executor.schedule(hold_and_yield(executor, semaphore, seen, name).handle);
    }
    executor.stop();
    executor.run();
    CHECK(seen == "ababcc");
    CHECK(semaphore.permits() == 2);
}

TEST_CASE("async mutex: tasks on several threads exclude each other across suspensions") {
    constexpr int kTasks = 50;
    constexpr int kTimes = 40;
    Executor executor;
    AsyncMutex mutex(executor);
    AsyncSemaphore done(executor, 0);
    long sum = 0;
    executor.schedule(stop_after(executor, done, kTasks).handle);
    for (int task = 0; task < kTasks; ++task) {
        executor.schedule(add_often(executor, mutex, done, sum, kTimes).handle);
    }
    run_on_threads(executor, 3);
    CHECK(sum == kTasks * kTimes);
}

TEST_CASE("async semaphore: on several threads never more are inside than permits") {
    constexpr int kTasks = 200;
    constexpr int kPermits = 3;
    Executor executor;
    AsyncSemaphore semaphore(executor, kPermits);
    AsyncSemaphore done(executor, 0);
    std::atomic<int> inside{0};
    std::atomic<int> most{0};
    executor.schedule(stop_after(executor, done, kTasks).handle);
    for (int task = 0; task < kTasks; ++task) {
        executor.schedule(count_inside(executor, semaphore, done, inside, most).handle);
    }
    run_on_threads(executor, 4);
    CHECK(inside == 0);
    CHECK(most >= 1);
    CHECK(most <= kPermits);
    CHECK(semaphore.permits() == kPermits);
}
