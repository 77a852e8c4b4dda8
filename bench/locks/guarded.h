// SPDX-License-Identifier: MIT
// Mutexes with a section each, the parts of most scenarios.
#pragma once

#include "locks/run.h"
#include "locks/section.h"

#include <memory>
#include <pthread.h>

namespace bench::locks {

class Guarded {
  public:
    explicit Guarded(Run& run, const std::string& name)
        : run_(run), id_(run.declare(name, "mutex", &mutex_)), name_(name) {}
    ~Guarded() { pthread_mutex_destroy(&mutex_); }
    Guarded(const Guarded&) = delete;
    Guarded& operator=(const Guarded&) = delete;

    void lock(Worker& worker) {
        worker.tally.acquire(id_, [this] { pthread_mutex_lock(&mutex_); });
    }

    // Returns false if the mutex was not acquired in time.
    bool lock_within(Worker& worker, std::uint64_t microseconds) {
        return worker.tally.try_acquire(id_, [&] {
#ifdef __SANITIZE_THREAD__ // GCC 12's ThreadSanitizer does not know pthread_mutex_clocklock
            timespec deadline{};
            clock_gettime(CLOCK_REALTIME, &deadline);
            const auto now = static_cast<std::uint64_t>(deadline.tv_sec) * 1'000'000'000 +
                             static_cast<std::uint64_t>(deadline.tv_nsec);
            deadline = timespec_of(now + microseconds * 1000);
            return pthread_mutex_timedlock(&mutex_, &deadline) == 0;
#else
            const timespec deadline = timespec_of(now_ns() + microseconds * 1000);
            return pthread_mutex_clocklock(&mutex_, CLOCK_MONOTONIC, &deadline) == 0;
#endif
        });
    }

    void visit(Worker& worker) {
        section_.visit(run_, worker);
    }

    void unlock(Worker& worker) {
        worker.tally.releases(id_);
        pthread_mutex_unlock(&mutex_);
    }

    // Checks, after all workers have ended, that every acquisition had one visit and that no visit was lost.
    void check() {
        const LockCounts counts = run_.counts(id_);
        if (counts.acquisitions != counts.releases || section_.visits() != counts.acquisitions) {
            run_.error("%s: %lu acquisitions, %lu releases, %lu visits", name_.c_str(), counts.acquisitions,
                       counts.releases, section_.visits());
        }
    }

    LockId id() const {
        return id_;
    }
    const std::string& name() const {
        return name_;
    }

  private:
    Run& run_;
    pthread_mutex_t mutex_ = PTHREAD_MUTEX_INITIALIZER;
    LockId id_;
    std::string name_;
    Section section_;
};

using GuardedLocks = std::vector<std::unique_ptr<Guarded>>;

// Returns locks with the names "lock-0", "lock-1" and so on.
inline GuardedLocks make_locks(Run& run, const std::string& prefix = "lock-") {
    GuardedLocks locks;
    for (std::uint64_t index = 0; index < run.parameters.locks; ++index) {
        locks.push_back(std::make_unique<Guarded>(run, prefix + std::to_string(index)));
    }
    return locks;
}

// Runs threads that take one lock at a time, `operations` times. choose(worker, operation) returns its
// number.
template <typename Choose>
void take_one_at_a_time(Run& run, const Choose& choose) {
    const GuardedLocks locks = make_locks(run);
    run.prepare_workers(run.parameters.threads);
    run.work([&](Worker& worker) {
        for (std::uint64_t operation = 0; operation < run.parameters.operations; ++operation) {
            Guarded& lock = *locks[choose(worker, operation) % locks.size()];
            lock.lock(worker);
            lock.visit(worker);
            lock.unlock(worker);
            worker.think();
        }
    });
    run.finished(run.parameters.threads * run.parameters.operations);
    for (const auto& lock : locks) {
        lock->check();
    }
}

} // namespace bench::locks
