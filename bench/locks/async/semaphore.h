// SPDX-License-Identifier: MIT
// A semaphore and a mutex for coroutines. A waiting coroutine is suspended, and its thread does other work.
// Waiters are served in the order of their arrival. A release hands the permit to the first waiter and
// schedules it, so that no other coroutine can take the permit.
//
// A tool that watches threads sees none of this. So both types report to a lock profiler by ashlar/locks.h.
// Without a profiler a report is a comparison with null.
#pragma once

#include "locks/async/executor.h"

#include <ashlar/locks.h>

#include <coroutine>
#include <cstdint>
#include <mutex>

namespace bench::locks {

class AsyncSemaphore {
  public:
    AsyncSemaphore(Executor& executor, std::uint64_t permits) : executor_(executor), permits_(permits) {}
    AsyncSemaphore(const AsyncSemaphore&) = delete;
    AsyncSemaphore& operator=(const AsyncSemaphore&) = delete;

    // For co_await. The object is in the coroutine's frame, so waiting allocates nothing.
    class Acquire {
      public:
        explicit Acquire(AsyncSemaphore& semaphore) : semaphore_(semaphore) {}

        bool await_ready() const noexcept { return false; }

        // Returns false if there was a permit, and the coroutine continues. Once in the list, the coroutine
        // may be resumed by another thread at any time. This object must not be touched after that.
        bool await_suspend(std::coroutine_handle<> handle) {
            const std::lock_guard held(semaphore_.mutex_);
            if (semaphore_.permits_ != 0) {
                --semaphore_.permits_;
                return false;
            }
            handle_ = handle;
            wait_ = ashlar_lock_wait_begins(&semaphore_);
            semaphore_.append(*this);
            return true;
        }

        void await_resume() const noexcept { ashlar_lock_acquired(&semaphore_, wait_); }

      private:
        friend class AsyncSemaphore;
        AsyncSemaphore& semaphore_;
        std::coroutine_handle<> handle_;
        ashlar_lock_wait wait_ = ashlar_lock_no_wait();
        Acquire* next_ = nullptr;
    };

    Acquire acquire() { return Acquire(*this); }

    void release() {
        ashlar_lock_released(this);
        std::coroutine_handle<> next;
        {
            const std::lock_guard held(mutex_);
            if (first_ == nullptr) {
                ++permits_;
                return;
            }
            next = first_->handle_;
            first_ = first_->next_;
        }
        executor_.schedule(next);
    }

    // The semaphore's address for a lock profiler.
    const void* address() const { return this; }
    void set_name(const char* name) const { ashlar_lock_name(this, name); }

    // Must not be called while coroutines use the semaphore.
    std::uint64_t permits() const { return permits_; }

  private:
    void append(Acquire& waiter) {
        (first_ == nullptr ? first_ : last_->next_) = &waiter;
        last_ = &waiter;
    }

    Executor& executor_;
    std::mutex mutex_;
    std::uint64_t permits_;
    Acquire* first_ = nullptr;
    Acquire* last_ = nullptr; // stale while `first_` is null
};

// A semaphore with one permit.
class AsyncMutex {
  public:
    explicit AsyncMutex(Executor& executor) : semaphore_(executor, 1) {}

    AsyncSemaphore::Acquire lock() { return semaphore_.acquire(); }
    void unlock() { semaphore_.release(); }
    const void* address() const { return semaphore_.address(); }
    void set_name(const char* name) const { semaphore_.set_name(name); }

  private:
    AsyncSemaphore semaphore_;
};

} // namespace bench::locks
