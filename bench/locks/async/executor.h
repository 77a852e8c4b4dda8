// SPDX-License-Identifier: MIT
// Runs coroutines: a queue of ready coroutines, and threads that resume them one after another.
#pragma once

#include <condition_variable>
#include <coroutine>
#include <deque>
#include <mutex>

namespace bench::locks {

class Executor {
  public:
    // Lets the coroutine continue later, on one of the executor's threads. Any thread may call it.
    void schedule(std::coroutine_handle<> handle) {
        {
            const std::lock_guard held(mutex_);
            ready_.push_back(handle);
        }
        changed_.notify_one();
    }

    // For co_await: lets other coroutines run first.
    auto yield() {
        struct Awaiter {
            Executor& executor;
            bool await_ready() const noexcept { return false; }
            void await_suspend(std::coroutine_handle<> handle) const { executor.schedule(handle); }
            void await_resume() const noexcept {}
        };
        return Awaiter{*this};
    }

    // Resumes coroutines until stop() is called. Each of the executor's threads calls it.
    void run() {
        while (const std::coroutine_handle<> next = take()) {
            next.resume();
        }
    }

    // Ends run() after all ready coroutines have been resumed.
    void stop() {
        {
            const std::lock_guard held(mutex_);
            stopped_ = true;
        }
        changed_.notify_all();
    }

  private:
    std::coroutine_handle<> take() {
        std::unique_lock held(mutex_);
        changed_.wait(held, [this] { return stopped_ || !ready_.empty(); });
        if (ready_.empty()) {
            return nullptr;
        }
        const std::coroutine_handle<> next = ready_.front();
        ready_.pop_front();
        return next;
    }

    std::mutex mutex_;
    std::condition_variable changed_;
    std::deque<std::coroutine_handle<>> ready_;
    bool stopped_ = false;
};

} // namespace bench::locks
