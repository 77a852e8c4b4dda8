// SPDX-License-Identifier: MIT
// The lock that people write themselves: tries over and over, and lets others run now and then, without which
// a thread that was taken off its processor while it holds the lock would stop all others for its whole turn.
#pragma once

#include <atomic>
#include <sched.h>

namespace bench {

class SpinLock {
  public:
    void lock() {
        constexpr int kTries = 100;
        int left = kTries;
        while (taken_.test_and_set(std::memory_order_acquire)) {
            if (--left == 0) {
                sched_yield();
                left = kTries;
            }
        }
    }

    void unlock() { taken_.clear(std::memory_order_release); }

  private:
    std::atomic_flag taken_{};
};

} // namespace bench
