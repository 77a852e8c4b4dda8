// SPDX-License-Identifier: MIT
// C++20 coroutines on a few threads, with an async mutex and an async semaphore. A waiting task blocks no
// thread, so a tool that watches threads sees nothing. The locks report their events themselves. An operation
// is one turn under a mutex, which the task holds while others run, and one under the semaphore.
#include "locks/async/semaphore.h"
#include "locks/async/task.h"
#include "locks/run.h"
#include "locks/scenario.h"
#include "locks/section.h"

#include <deque>
#include <string>
#include <thread>

namespace bench::locks {

namespace {

// Declares a lock under one name, here and in a lock profiler.
template <typename Lock>
LockId declare(Run& run, const Lock& lock, const std::string& name, const char* kind) {
    lock.set_name(name.c_str());
    return run.declare(name, kind, lock.address());
}

struct Mutex {
    Mutex(Run& run, Executor& executor, std::size_t index)
        : mutex(executor), id(declare(run, mutex, "async-mutex-" + std::to_string(index), "async mutex")) {}

    AsyncMutex mutex;
    LockId id;
    Section section;
};

struct Shared {
    explicit Shared(Run& of)
        : run(of), semaphore(executor, of.parameters.permits),
          semaphore_id(declare(of, semaphore, "async-semaphore", "async semaphore")),
          room(static_cast<std::uint32_t>(of.parameters.permits)), tasks_left(of.parameters.tasks) {
        for (std::size_t index = 0; index < of.parameters.locks; ++index) {
            mutexes.emplace_back(of, executor, index);
        }
    }

    Run& run;
    Executor executor;
    std::deque<Mutex> mutexes; // addresses remain valid
    AsyncSemaphore semaphore;
    LockId semaphore_id;
    Room room;
    std::atomic<std::uint64_t> tasks_left;
};

Task task(Shared& shared, Worker& worker) {
    for (std::uint64_t operation = 0; operation < shared.run.parameters.operations; ++operation) {
        Mutex& chosen = shared.mutexes[worker.below(static_cast<std::uint32_t>(shared.mutexes.size()))];
        std::uint64_t start = now_ns();
        co_await chosen.mutex.lock();
        worker.tally.acquired(chosen.id, start);
        chosen.section.begin_visit(shared.run, worker);
        co_await shared.executor.yield();
        worker.hold();
        chosen.section.end_visit();
        worker.tally.releases(chosen.id);
        chosen.mutex.unlock();

        start = now_ns();
        co_await shared.semaphore.acquire();
        worker.tally.acquired(shared.semaphore_id, start);
        shared.room.enter(shared.run);
        allocate_and_free(shared.run, worker);
        shared.room.leave();
        worker.tally.releases(shared.semaphore_id);
        shared.semaphore.release();
        worker.think();
        co_await shared.executor.yield();
    }
    if (shared.tasks_left.fetch_sub(1) == 1) {
        shared.executor.stop();
    }
}

void run(Run& run) {
    Shared shared(run);
    run.prepare_workers(run.parameters.tasks);
    for (Worker& worker : run.workers()) {
        shared.executor.schedule(task(shared, worker).handle);
    }
    run.start_clock();
    std::vector<std::thread> threads;
    for (std::uint64_t index = 0; index < run.parameters.threads; ++index) {
        threads.emplace_back([&] { shared.executor.run(); });
    }
    for (std::thread& thread : threads) {
        thread.join();
    }
    run.stop_clock();
    run.finished(run.parameters.tasks * run.parameters.operations);
    std::uint64_t visits = 0;
    for (const Mutex& each : shared.mutexes) {
        run.expect(each.section.visits() == run.counts(each.id).acquisitions,
                   "visits under a mutex were lost");
        visits += each.section.visits();
    }
    run.expect(visits == run.operations(), "a task did not do all its operations");
    run.expect(shared.semaphore.permits() == run.parameters.permits, "permits were lost");
}

const Registration kRegistration({.type = "async",
                                  .about = "coroutine tasks with an async mutex and an async semaphore",
                                  .own_parameters = {"tasks", "permits"},
                                  .obstacle = nullptr,
                                  .run = run});

} // namespace

} // namespace bench::locks
