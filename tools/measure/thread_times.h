// SPDX-License-Identifier: MIT
// How long the threads of a command were off the processor without wanting it. They were asleep, or waited
// for a lock, a page from disk, or another thread. The kernel counts each live thread's time on a processor,
// and its time waiting for one (/proc/PID/task/TID/schedstat). The rest of its life is this figure. A life
// lasts from a thread's first look to its last, so threads seen only once are left out.
#pragma once

#include <chrono>
#include <map>
#include <optional>
#include <sys/types.h>
#include <vector>

namespace ashlar::measure {

class ThreadTimes {
  public:
    void look(const std::vector<pid_t>& processes);

    // Returns seconds, the mean of all threads that were seen at least twice. Nothing if there are none.
    std::optional<double> idle_seconds() const;

  private:
    using Clock = std::chrono::steady_clock;
    struct Moment {
        Clock::time_point time;
        double busy; // seconds on a processor, or waiting for one
    };
    struct Life {
        Moment first;
        Moment last;
    };
    std::map<pid_t, Life> threads_;
};

} // namespace ashlar::measure
