// SPDX-License-Identifier: MIT
// One run of one scenario: its parameters, locks, workers and errors. A scenario declares its locks, starts
// workers, and checks its own promises. Only events that it counts here are reported.
#pragma once

#include "locks/parameters.h"
#include "locks/tally.h"
#include "support/random.h"
#include "support/thread.h"

#include <atomic>
#include <cstdarg>
#include <cstdint>
#include <cstdio>
#include <functional>
#include <memory>
#include <string>
#include <unistd.h>
#include <vector>

namespace bench::locks {

struct DeclaredLock {
    std::string name;
    const char* kind;
    const void* address;
};

// State of one thread or task.
class Worker {
  public:
    Worker(const Parameters& parameters, Tallies& tallies, std::size_t number, std::size_t locks)
        : tally(tallies, number, locks), index(number), parameters_(parameters),
          random_(scramble(parameters.seed) + number) {}

    Draw draw() { return random_.draw(); }
    std::uint32_t below(std::uint32_t bound) { return random_.draw().below(bound); }

    // Returns how long to hold a lock, with the random spread.
    std::uint64_t hold_us() {
        const std::uint64_t spread = parameters_.hold_spread_us;
        if (spread == 0) {
            return parameters_.hold_us;
        }
        const std::uint64_t shifted = parameters_.hold_us + below(static_cast<std::uint32_t>(2 * spread + 1));
        return shifted > spread ? shifted - spread : 0;
    }
    void hold() { spend(hold_us()); }
    void think() const { spend(parameters_.think_us); }

    Tally tally;
    const std::size_t index;
    pid_t thread_id = 0; // 0 for a task, which moves between threads

  private:
    const Parameters& parameters_;
    Random random_;
};

class Run {
  public:
    explicit Run(const Parameters& given) : parameters(given) {}

    const Parameters parameters;

    // Declares a lock. Call it before any worker is prepared. `kind` is a word such as "mutex".
    LockId declare(std::string name, const char* kind, const void* address) {
        locks_.push_back({std::move(name), kind, address});
        return static_cast<LockId>(locks_.size() - 1);
    }

    // Prepares the workers. Call it once, when all locks are declared.
    void prepare_workers(std::size_t count) {
        tallies_ = std::make_unique<Tallies>(count, locks_.size());
        workers_.reserve(count);
        for (std::size_t index = 0; index < count; ++index) {
            workers_.emplace_back(parameters, *tallies_, index, locks_.size());
        }
    }

    // Runs body(worker) in a thread for each worker. Times the run from the first start to the last end.
    void work(const std::function<void(Worker&)>& body);

    // Enclose the timed part if work() does not time it.
    void start_clock() { start_ns_ = now_ns(); }
    void stop_clock() { duration_ns_ = now_ns() - start_ns_; }

    // Counts an error, and prints it if it is one of the first five. Any thread may call it.
    [[gnu::format(printf, 2, 3)]] void error(const char* format, ...);

    // Counts an error unless `is_true`.
    void expect(bool is_true, const char* what) {
        if (!is_true) {
            error("%s", what);
        }
    }

    // Counts `done` finished operations. Each scenario defines its operation.
    void finished(std::uint64_t done) { operations_ += done; }

    std::uint64_t operations() const { return operations_; }
    std::uint64_t errors() const { return errors_; }
    double seconds() const { return static_cast<double>(duration_ns_) * 1e-9; }
    const std::vector<DeclaredLock>& locks() const { return locks_; }
    std::vector<Worker>& workers() { return workers_; }
    LockCounts counts(LockId lock) { return tallies_->sum(lock); }
    std::uint64_t order(LockId held, LockId acquired) { return tallies_->order(held, acquired); }

  private:
    std::vector<DeclaredLock> locks_;
    std::unique_ptr<Tallies> tallies_;
    std::vector<Worker> workers_;
    std::uint64_t start_ns_ = 0;
    std::uint64_t duration_ns_ = 0;
    std::uint64_t operations_ = 0;
    std::atomic<std::uint64_t> errors_{0};
};

} // namespace bench::locks
