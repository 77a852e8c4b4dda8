// SPDX-License-Identifier: MIT
//
// Watches threads that count their operations. It shows progress on a terminal, and tells threads that their
// time is up. A run hangs if no working thread counts an operation for `patience` seconds. Watch then makes
// each thread print its stack, and aborts. It allocates nothing while threads run.
#pragma once

#include "report.h"

#include <atomic>
#include <cerrno>
#include <chrono>
#include <condition_variable>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <ctime>
#include <execinfo.h>
#include <mutex>
#include <pthread.h>
#include <semaphore.h>
#include <thread>
#include <unistd.h>
#include <vector>

namespace common {

// The progress of one thread, on a cache line of its own.
struct alignas(64) Progress {
    std::atomic<std::uint64_t> done{0};
    std::atomic<bool> working{false};
    pthread_t thread{};
};

class Watch {
  public:
    struct Limits {
        std::uint64_t operations; // of all threads together
        std::uint64_t seconds;    // 0: no limit
        std::uint64_t patience;   // in seconds; longer than one operation takes on the slowest machine
    };

    Watch(std::size_t threads, Limits limits) : limits_(limits), progress_(threads) {
        void* frame = nullptr;
        backtrace(&frame, 1); // the first call loads a library
        sem_init(&printed(), 0, 0);
        std::signal(kPrintStack, print_stack);
        watcher_ = std::thread([this] { watch(); });
    }
    ~Watch() {
        {
            const std::lock_guard lock(mutex_);
            ended_ = true;
        }
        changed_.notify_all();
        watcher_.join();
    }
    Watch(const Watch&) = delete;
    Watch& operator=(const Watch&) = delete;

    // Registers the calling thread. The thread calls this function before its work.
    Progress& begin(std::size_t number) {
        Progress& mine = progress_[number];
        mine.thread = pthread_self();
        mine.working.store(true, std::memory_order_release);
        return mine;
    }
    // Marks a thread as ended. The thread that joined it calls this function: a thread may hang at its end.
    void end(std::size_t number) { progress_[number].working.store(false, std::memory_order_release); }

    bool time_is_up() const { return time_is_up_.load(std::memory_order_relaxed); }
    std::uint64_t done() const {
        std::uint64_t sum = 0;
        for (const Progress& each : progress_)
            sum += each.done.load(std::memory_order_relaxed);
        return sum;
    }
    double seconds() const { return std::chrono::duration<double>(Clock::now() - start_).count(); }

  private:
    using Clock = std::chrono::steady_clock;
    static constexpr int kPrintStack = SIGUSR2;

    static sem_t& printed() {
        static sem_t semaphore;
        return semaphore;
    }

    static void print_stack(int /*signal*/) {
        ::dprintf(STDERR_FILENO, "\nthread %u, operation %llu:\n", current_thread,
                  static_cast<unsigned long long>(current_step)); // takes no lock of a stream
        void* frames[64];
        backtrace_symbols_fd(frames, backtrace(frames, 64), STDERR_FILENO);
        sem_post(&printed());
    }

    bool anybody_works() const {
        for (const Progress& each : progress_) {
            if (each.working.load(std::memory_order_acquire)) return true;
        }
        return false;
    }

    void watch() {
        const bool terminal = ::isatty(STDERR_FILENO) != 0;
        std::uint64_t last_done = 0;
        auto last_change = Clock::now();
        std::unique_lock lock(mutex_);
        while (!changed_.wait_for(lock, std::chrono::seconds(1), [this] { return ended_; })) {
            const auto now = Clock::now();
            const std::uint64_t count = done();
            if (terminal) show(count);
            if (limits_.seconds != 0 && now - start_ >= std::chrono::seconds(limits_.seconds)) {
                time_is_up_.store(true, std::memory_order_relaxed);
            }
            if (count != last_done || !anybody_works()) {
                last_done = count;
                last_change = now;
            } else if (now - last_change >= std::chrono::seconds(limits_.patience)) {
                report_hang();
            }
        }
        if (terminal) std::fprintf(stderr, "\r\x1b[K");
    }

    void show(std::uint64_t count) const {
        std::fprintf(stderr, "\r\x1b[K%.1f %% of %.0f M operations, %.2f M/s",
                     100.0 * static_cast<double>(count) / static_cast<double>(limits_.operations),
                     static_cast<double>(limits_.operations) / 1e6,
                     static_cast<double>(count) / 1e6 / seconds());
    }

    [[noreturn]] void report_hang() {
        std::fprintf(stderr, "\nFAILED: hang: no thread has done anything for %llu s (seed %llu)\n",
                     static_cast<unsigned long long>(limits_.patience),
                     static_cast<unsigned long long>(run_seed));
        for (const Progress& each : progress_) {
            if (!each.working.load(std::memory_order_acquire)) continue;
            if (pthread_kill(each.thread, kPrintStack) != 0) continue;
            timespec until{};
            clock_gettime(CLOCK_REALTIME, &until);
            until.tv_sec += 2; // for a thread that cannot run a signal handler
            while (sem_timedwait(&printed(), &until) != 0 && errno == EINTR) {
            }
        }
        std::abort();
    }

    Limits limits_;
    std::vector<Progress> progress_;
    Clock::time_point start_ = Clock::now();
    std::atomic<bool> time_is_up_{false};
    std::mutex mutex_;
    std::condition_variable changed_;
    bool ended_ = false;
    std::thread watcher_;
};

} // namespace common
