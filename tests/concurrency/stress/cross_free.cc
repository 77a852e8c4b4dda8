// SPDX-License-Identifier: MIT
//
// Threads that release each other's blocks. Each allocates batches, stamps them and sends them; the receiver
// checks and frees. Ring: every thread frees its neighbour's blocks. Scatter: every thread frees blocks of
// any thread. To-one: a single consumer frees the blocks of all others, and so never its own slabs'.
//
// usage: cross_free [--threads N] [--batches N] [--seed N] [--expect-ashlar]
#include "common/arguments.h"
#include "common/build_kind.h"
#include "common/heap.h"
#include "common/random.h"
#include "common/report.h"
#include "common/stamp.h"

#include <array>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <mutex>
#include <random>
#include <thread>
#include <vector>

namespace {

using namespace common;

struct Letter {
    void* block = nullptr;
    std::size_t size = 0;
    std::uint64_t key = 0;
};
using Batch = std::array<Letter, 64>;

class Mailbox {
  public:
    explicit Mailbox(std::size_t senders) : senders_(senders) {}

    // Waits while the box holds `limit` batches.
    void put(const Batch& batch, std::size_t limit) {
        std::unique_lock lock(mutex_);
        taken_.wait(lock, [&] { return batches_.size() < limit; });
        batches_.push_back(batch);
        arrived_.notify_one();
    }

    void close_one_sender() {
        const std::lock_guard lock(mutex_);
        senders_--;
        arrived_.notify_one();
    }

    // Returns false if the box is empty. With `wait`, returns false only when no sender is left.
    bool get(Batch& batch, bool wait) {
        std::unique_lock lock(mutex_);
        if (wait) arrived_.wait(lock, [&] { return !batches_.empty() || senders_ == 0; });
        if (batches_.empty()) return false;
        batch = batches_.front();
        batches_.pop_front();
        taken_.notify_one();
        return true;
    }

  private:
    std::mutex mutex_;
    std::condition_variable arrived_, taken_;
    std::deque<Batch> batches_;
    std::size_t senders_;
};

enum class Route { kRing, kScatter, kToOne };

class Correspondent {
  public:
    Correspondent(unsigned number, Route route, std::deque<Mailbox>& boxes)
        : number_(number), route_(route), boxes_(boxes), random_(run_seed * 1000003 + number) {}

    void run(std::uint64_t batches) {
        current_thread = number_;
        const bool sends = route_ != Route::kToOne || number_ != 0;
        const bool receives = route_ != Route::kToOne || number_ == 0;
        std::uint64_t received = 0;
        Batch batch;
        for (current_step = 0; sends && current_step < batches; current_step++) {
            fill(batch);
            // Only the single consumer's box is bounded. The consumer sends nothing, so there is no circular
            // wait.
            boxes_[receiver()].put(batch, route_ == Route::kToOne ? 16 : SIZE_MAX);
            // On other routes a thread that is eight batches ahead waits for mail. They cannot all wait:
            // every thread receives as much as it sends. So if every box is empty, some thread is not ahead.
            while (receives && boxes_[number_].get(batch, current_step > received + 8)) {
                empty(batch);
                received++;
            }
        }
        if (sends) {
            for (Mailbox& box : boxes_)
                box.close_one_sender();
        }
        while (receives && boxes_[number_].get(batch, true))
            empty(batch);
    }

  private:
    std::size_t receiver() {
        switch (route_) {
        case Route::kRing:
            return (number_ + 1) % boxes_.size();
        case Route::kScatter:
            // Uses the same shift for all threads at each step, so that each receives as much as it sends.
            return (number_ + Random(run_seed + current_step).below(boxes_.size())) % boxes_.size();
        default:
            return 0;
        }
    }

    void fill(Batch& batch) {
        const bool alike = random_.chance(50); // a batch of one class, or of all classes
        const std::size_t size = random_.below(512);
        for (Letter& letter : batch) {
            letter.size = alike ? size : random_.below(random_.chance(95) ? 1024 : 40000);
            letter.block = heap::allocate_or_fail(letter.size);
            letter.key = random_.next();
            stamp(letter.block, letter.size, letter.key);
        }
    }

    static void empty(const Batch& batch) {
        for (const Letter& letter : batch) {
            require_stamp(letter.block, letter.size, letter.key, "received");
            heap::release(letter.block);
        }
    }

    unsigned number_;
    Route route_;
    std::deque<Mailbox>& boxes_;
    Random random_;
};

void exchange(Route route, unsigned threads, std::uint64_t batches) {
    std::deque<Mailbox> boxes;
    for (unsigned number = 0; number < threads; number++) {
        boxes.emplace_back(route == Route::kToOne ? threads - 1 : threads);
    }
    std::vector<std::thread> running;
    for (unsigned number = 0; number < threads; number++) {
        running.emplace_back([&, number] { Correspondent(number, route, boxes).run(batches); });
    }
    for (std::thread& thread : running)
        thread.join();
}

} // namespace

int main(int count, char** values) {
    Arguments arguments(count, values);
    const auto threads = static_cast<unsigned>(arguments.number("--threads", 4));
    const std::uint64_t batches = arguments.number("--batches", scaled(2000));
    run_seed = arguments.number("--seed", std::random_device()());
    if (arguments.flag("--expect-ashlar")) heap::require_ashlar();
    arguments.refuse_others();
    std::printf("cross_free: %u threads, %llu batches each, seed %llu\n", threads,
                static_cast<unsigned long long>(batches), static_cast<unsigned long long>(run_seed));
    std::fflush(stdout);

    for (const Route route : {Route::kRing, Route::kScatter, Route::kToOne}) {
        // Runs twice: the second set of threads takes over the shards of the first.
        exchange(route, threads, batches / 2);
        exchange(route, threads, batches / 2);
    }
}
