// SPDX-License-Identifier: MIT
// Six primitives in one program: mutex, recursive mutex, condition variable, semaphore, event and barrier.
// The event is a mutex, a condition variable and a flag, like Python's threading.Event. An operation uses the
// first four. Every eighth time all threads also wait for an event and meet at the barrier. The scenario
// shows whether a tool tells the primitives apart.
#include "locks/guarded.h"
#include "locks/scenario.h"

#include <semaphore.h>

namespace bench::locks {

namespace {

constexpr std::uint64_t kMeetEvery = 8; // operations

class Recursive {
  public:
    explicit Recursive(Run& run) : run_(run), id_(run.declare("recursive", "recursive mutex", &mutex_)) {
        pthread_mutexattr_t attributes;
        pthread_mutexattr_init(&attributes);
        pthread_mutexattr_settype(&attributes, PTHREAD_MUTEX_RECURSIVE);
        pthread_mutex_init(&mutex_, &attributes);
        pthread_mutexattr_destroy(&attributes);
    }
    ~Recursive() { pthread_mutex_destroy(&mutex_); }
    Recursive(const Recursive&) = delete;
    Recursive& operator=(const Recursive&) = delete;

    void visit(Worker& worker) {
        worker.tally.acquire(id_, [this] { pthread_mutex_lock(&mutex_); });
        pthread_mutex_lock(&mutex_);
        worker.tally.acquired_again(id_);
        section_.visit(run_, worker);
        worker.tally.releases_again(id_);
        pthread_mutex_unlock(&mutex_);
        worker.tally.releases(id_);
        pthread_mutex_unlock(&mutex_);
    }

    std::uint64_t visits() const { return section_.visits(); }

  private:
    Run& run_;
    pthread_mutex_t mutex_;
    LockId id_;
    Section section_;
};

class Semaphore {
  public:
    explicit Semaphore(Run& run)
        : run_(run), id_(run.declare("semaphore", "semaphore", &semaphore_)),
          room_(static_cast<std::uint32_t>(run.parameters.permits)) {
        sem_init(&semaphore_, 0, static_cast<unsigned>(run.parameters.permits));
    }
    ~Semaphore() { sem_destroy(&semaphore_); }
    Semaphore(const Semaphore&) = delete;
    Semaphore& operator=(const Semaphore&) = delete;

    void visit(Worker& worker) {
        worker.tally.acquire(id_, [this] {
            while (sem_wait(&semaphore_) != 0) { // interrupted by a signal
            }
        });
        room_.enter(run_);
        allocate_and_free(run_, worker);
        worker.hold();
        room_.leave();
        worker.tally.releases(id_);
        sem_post(&semaphore_);
    }

  private:
    Run& run_;
    sem_t semaphore_{};
    LockId id_;
    Room room_;
};

// A mutex and a condition variable with a number to wait for.
class Monitor {
  public:
    Monitor(Run& run, const char* name) : run_(run), id_(run.declare(name, "mutex", &mutex_)) {}
    ~Monitor() {
        pthread_cond_destroy(&changed_);
        pthread_mutex_destroy(&mutex_);
    }
    Monitor(const Monitor&) = delete;
    Monitor& operator=(const Monitor&) = delete;

    // Calls change(number) with the mutex held, and wakes all waiting threads.
    template <typename Change>
    void change(Worker& worker, const Change& change) {
        lock(worker);
        allocate_and_free(run_, worker);
        change(number_);
        pthread_cond_broadcast(&changed_);
        unlock(worker);
    }

    // Waits until ready(number), then calls change(number).
    template <typename Ready, typename Change>
    void await(Worker& worker, const Ready& ready, const Change& change) {
        lock(worker);
        while (!ready(number_)) {
            worker.tally.wait_for_condition(id_, [this] { pthread_cond_wait(&changed_, &mutex_); });
        }
        allocate_and_free(run_, worker);
        change(number_);
        unlock(worker);
    }

    std::uint64_t number() const { return number_; }

  private:
    void lock(Worker& worker) {
        worker.tally.acquire(id_, [this] { pthread_mutex_lock(&mutex_); });
    }
    void unlock(Worker& worker) {
        worker.tally.releases(id_);
        pthread_mutex_unlock(&mutex_);
    }

    Run& run_;
    pthread_mutex_t mutex_ = PTHREAD_MUTEX_INITIALIZER;
    pthread_cond_t changed_ = PTHREAD_COND_INITIALIZER;
    LockId id_;
    std::uint64_t number_ = 0;
};

class Barrier {
  public:
    explicit Barrier(Run& run) : id_(run.declare("barrier", "barrier", &barrier_)) {
        pthread_barrier_init(&barrier_, nullptr, static_cast<unsigned>(run.parameters.threads));
    }
    ~Barrier() { pthread_barrier_destroy(&barrier_); }
    Barrier(const Barrier&) = delete;
    Barrier& operator=(const Barrier&) = delete;

    void meet(Worker& worker) {
        worker.tally.wait_for_others(id_, [this] { pthread_barrier_wait(&barrier_); });
    }

  private:
    pthread_barrier_t barrier_{};
    LockId id_;
};

struct Primitives {
    explicit Primitives(Run& run)
        : mutexes(make_locks(run)), recursive(run), semaphore(run), stock(run, "stock"), event(run, "event"),
          barrier(run) {}

    GuardedLocks mutexes;
    Recursive recursive;
    Semaphore semaphore;
    Monitor stock; // permits, which are taken and put back
    Monitor event; // 1 while the event is set
    Barrier barrier;
};

void use(Primitives& primitives, Worker& worker, std::uint64_t operation) {
    Guarded& mutex = *primitives.mutexes[(worker.index + operation) % primitives.mutexes.size()];
    mutex.lock(worker);
    mutex.visit(worker);
    mutex.unlock(worker);
    primitives.recursive.visit(worker);
    primitives.semaphore.visit(worker);
    primitives.stock.await(
        worker, [](std::uint64_t left) { return left != 0; }, [](std::uint64_t& left) { --left; });
    primitives.stock.change(worker, [](std::uint64_t& left) { ++left; });
}

// One thread in turn sets the event, and all wait for it. It is cleared when all have seen it.
void meet(Run& run, Primitives& primitives, Worker& worker, std::uint64_t meeting) {
    const bool is_setter = meeting % run.parameters.threads == worker.index;
    if (is_setter) {
        primitives.event.change(worker, [](std::uint64_t& flag) { flag = 1; });
    }
    primitives.event.await(
        worker, [](std::uint64_t flag) { return flag == 1; }, [](std::uint64_t) {});
    primitives.barrier.meet(worker);
    if (is_setter) {
        primitives.event.change(worker, [](std::uint64_t& flag) { flag = 0; });
    }
    primitives.barrier.meet(worker);
}

void run(Run& run) {
    Primitives primitives(run);
    run.prepare_workers(run.parameters.threads);
    primitives.stock.change(run.workers().front(),
                            [&](std::uint64_t& left) { left = run.parameters.permits; });
    run.work([&](Worker& worker) {
        for (std::uint64_t operation = 0; operation < run.parameters.operations; ++operation) {
            use(primitives, worker, operation);
            if (operation % kMeetEvery == 0) {
                meet(run, primitives, worker, operation / kMeetEvery);
            }
            worker.think();
        }
    });
    run.finished(run.parameters.threads * run.parameters.operations);
    for (const auto& mutex : primitives.mutexes) {
        mutex->check();
    }
    run.expect(primitives.recursive.visits() == run.operations(),
               "visits under the recursive mutex were lost");
    run.expect(primitives.stock.number() == run.parameters.permits, "permits were lost");
    run.expect(primitives.event.number() == 0, "the event was left set");
}

const Registration
    kRegistration({.type = "mixed_primitives",
                   .about = "mutexes, a condition variable, a semaphore, an event and a barrier",
                   .own_parameters = {"permits"},
                   .obstacle = nullptr,
                   .run = run});

} // namespace

} // namespace bench::locks
