// SPDX-License-Identifier: MIT
//
// The lock profiler's state of a thread: the locks that it holds, innermost last, and its samplers.
#pragma once

#include <ashlar/lock_format.h>

#include <array>
#include <cstdint>

namespace ashlar::locks {

using lock_format::LockRow;
using lock_format::ThreadRow;

struct Held {
    const void* lock;
    LockRow* row;
    std::uint64_t since;  // ns if this hold is timed, else 0; plus kReader for a reader; 0 if unused
    std::uint32_t weight; // holds that a timed hold stands for

    static constexpr std::uint64_t kReader = std::uint64_t{1} << 63;
};

// Picks about one event of a thread in `period` ns at random, or every event if events are rarer. A zeroed
// sampler is valid, and picks the first event.
struct Sampler {
    std::int32_t countdown; // events until the next pick
    std::uint32_t weight;   // events that a pick stands for: the mean of the next draw
    std::uint32_t drawn;    // last value that the countdown was set to
    std::uint64_t last;     // ns, time of the last pick

    // Counts an event. Returns whether to pick it, and then true for all later events until pick() is called.
    bool counts_down() { return --countdown <= 0; }
    // Picks an event, and returns the number of events that it stands for.
    std::uint32_t pick(std::uint64_t now, std::uint64_t period, std::uint64_t random) {
        constexpr std::uint64_t kMostWeight = 1024;
        const std::uint32_t stands_for = weight == 0 ? 1 : weight;
        const std::uint64_t elapsed = now > last ? now - last : 1;
        const std::uint64_t mean = period * drawn / elapsed;
        weight = static_cast<std::uint32_t>(mean < 1 ? 1 : mean > kMostWeight ? kMostWeight : mean);
        drawn = static_cast<std::uint32_t>(1 + random % (2 * std::uint64_t{weight} - 1));
        countdown = static_cast<std::int32_t>(drawn);
        last = now;
        return stands_for;
    }
};

struct Thread {
    static constexpr std::uint32_t kMostHeld = 48;

    std::uint32_t top_at_fork; // `top` at the fork; in the child `top` is 0 until it records
    std::uint32_t top;         // held[top] was acquired last; held[0] is no lock
    std::uint32_t number;      // 0: none
    Sampler holds;             // chooses holds to time
    Sampler stacks;            // chooses waits to take stacks of
    std::uint64_t random;
    std::uint32_t waits;
    bool busy;                   // the thread is inside the profiler, where calls are not recorded
    const void* condition_mutex; // mutex given up by a wait for a condition, which may have been cancelled
    LockRow* waits_for;
    ThreadRow* row;
    std::array<Held, kMostHeld + 1> held;
};

[[gnu::visibility("hidden")]] extern thread_local constinit Thread this_thread
    [[gnu::tls_model("initial-exec")]];

// Gives the thread a number and a row if it has none.
void introduce(Thread& thread);
// Reads the thread's name again, because a name may change.
void renew_name(Thread& thread);
// Makes ending threads call the profiler. Call it once.
void prepare_threads();

// Keeps a thread from entering the profiler twice. The profiler may call a wrapper, and a signal handler may
// interrupt it. Converts to false if the thread was inside already.
class Inside {
  public:
    explicit Inside(Thread& thread) : thread_(thread), entered_(!thread.busy) { thread.busy = true; }
    ~Inside() {
        if (entered_) thread_.busy = false;
    }
    Inside(const Inside&) = delete;
    Inside& operator=(const Inside&) = delete;
    explicit operator bool() const { return entered_; }

  private:
    Thread& thread_;
    bool entered_;
};

inline std::uint64_t next_random(Thread& thread) {
    std::uint64_t value = thread.random;
    value ^= value << 13;
    value ^= value >> 7;
    value ^= value << 17;
    return thread.random = value;
}

} // namespace ashlar::locks
