// SPDX-License-Identifier: MIT
// Producers allocate items and put them into bounded queues. Consumers take and free the items. Each queue
// has a mutex and two condition variables. An operation is one item. The scenario shows memory that flows
// from one thread to another, and waits for a condition, which are not waits for a lock.
#include "locks/run.h"
#include "locks/scenario.h"
#include "locks/section.h"

#include <deque>
#include <pthread.h>

namespace bench::locks {

namespace {

struct Item {
    TouchedBlock block;
    std::uint64_t number; // each number is used once
};

class Queue {
  public:
    Queue(Run& run, std::size_t index)
        : run_(run), id_(run.declare("queue-" + std::to_string(index), "mutex", &mutex_)),
          items_(run.parameters.capacity) {}
    ~Queue() {
        pthread_cond_destroy(&not_full_);
        pthread_cond_destroy(&not_empty_);
        pthread_mutex_destroy(&mutex_);
    }
    Queue(const Queue&) = delete;
    Queue& operator=(const Queue&) = delete;

    void put(Worker& worker, const Item& item) {
        lock(worker);
        while (count_ == items_.size()) {
            wait(worker, not_full_);
        }
        allocate_and_free(run_, worker);
        worker.hold();
        items_[(first_ + count_) % items_.size()] = item;
        ++count_;
        room_.leave();
        unlock(worker);
        pthread_cond_signal(&not_empty_);
    }

    // Returns false once the queue is closed and empty.
    bool take(Worker& worker, Item& item) {
        lock(worker);
        while (count_ == 0 && !closed_) {
            wait(worker, not_empty_);
        }
        const bool any = count_ != 0;
        if (any) {
            allocate_and_free(run_, worker);
            item = items_[first_];
            first_ = (first_ + 1) % items_.size();
            --count_;
        }
        room_.leave();
        unlock(worker);
        pthread_cond_signal(&not_full_);
        return any;
    }

    // Closes the queue. The last producer calls it.
    void close(Worker& worker) {
        lock(worker);
        closed_ = true;
        room_.leave();
        unlock(worker);
        pthread_cond_broadcast(&not_empty_);
    }

    bool is_empty() const { return count_ == 0; }

  private:
    void lock(Worker& worker) {
        worker.tally.acquire(id_, [this] { pthread_mutex_lock(&mutex_); });
        room_.enter(run_);
    }
    void unlock(Worker& worker) {
        worker.tally.releases(id_);
        pthread_mutex_unlock(&mutex_);
    }
    void wait(Worker& worker, pthread_cond_t& condition) {
        room_.leave();
        worker.tally.wait_for_condition(id_, [&] { pthread_cond_wait(&condition, &mutex_); });
        room_.enter(run_);
    }

    Run& run_;
    pthread_mutex_t mutex_ = PTHREAD_MUTEX_INITIALIZER;
    pthread_cond_t not_full_ = PTHREAD_COND_INITIALIZER;
    pthread_cond_t not_empty_ = PTHREAD_COND_INITIALIZER;
    LockId id_;
    std::vector<Item> items_;
    std::size_t first_ = 0;
    std::size_t count_ = 0;
    bool closed_ = false;
    Room room_{1};
};

const char* obstacle(const Parameters& parameters) {
    if (parameters.consumers >= parameters.threads) {
        return "consumers: some of the threads must produce, so fewer than --threads";
    }
    return parameters.consumers < parameters.locks
               ? "locks: each queue needs a consumer, so at most --consumers"
               : nullptr;
}

// Count and sum of the items that went in, or out.
struct Flow {
    std::atomic<std::uint64_t> count{0};
    std::atomic<std::uint64_t> sum{0};

    void add(std::uint64_t number) {
        count.fetch_add(1, std::memory_order_relaxed);
        sum.fetch_add(scramble(number), std::memory_order_relaxed);
    }
};

struct Shared {
    std::deque<Queue> queues; // addresses remain valid
    std::atomic<std::uint64_t> producers_left{0};
    Flow in;
    Flow out;
};

void produce(Run& run, Shared& shared, Worker& worker) {
    for (std::uint64_t operation = 0; operation < run.parameters.operations; ++operation) {
        Item item{.block = {}, .number = worker.index * run.parameters.operations + operation};
        item.block.acquire(size_of_block(run.parameters, worker), item.number);
        shared.in.add(item.number);
        shared.queues[operation % shared.queues.size()].put(worker, item);
        worker.think();
    }
    if (shared.producers_left.fetch_sub(1) == 1) {
        for (Queue& queue : shared.queues) {
            queue.close(worker);
        }
    }
}

void consume(Shared& shared, Worker& worker) {
    Queue& queue = shared.queues[worker.index % shared.queues.size()];
    for (Item item{}; queue.take(worker, item);) {
        shared.out.add(item.number);
        item.block.release();
    }
}

void run(Run& run) {
    Shared shared;
    for (std::size_t index = 0; index < run.parameters.locks; ++index) {
        shared.queues.emplace_back(run, index);
    }
    const std::uint64_t consumers = run.parameters.consumers;
    const std::uint64_t producers = run.parameters.threads - consumers;
    shared.producers_left = producers;
    run.prepare_workers(run.parameters.threads);
    run.work([&](Worker& worker) {
        if (worker.index < consumers) {
            consume(shared, worker);
        } else {
            produce(run, shared, worker);
        }
    });
    run.finished(producers * run.parameters.operations);
    run.expect(shared.in.count == run.operations(), "not every item was produced");
    run.expect(shared.out.count == shared.in.count, "items were lost or taken twice");
    run.expect(shared.out.sum == shared.in.sum, "other items came out than went in");
    for (const Queue& queue : shared.queues) {
        run.expect(queue.is_empty(), "items were left in a queue");
    }
}

const Registration kRegistration({.type = "producer_consumer",
                                  .about = "several producers and consumers on bounded queues",
                                  .own_parameters = {"consumers", "capacity"},
                                  .obstacle = obstacle,
                                  .run = run});

} // namespace

} // namespace bench::locks
