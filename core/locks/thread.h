// SPDX-License-Identifier: MIT
//
// What the lock profiler knows of the calling thread: the locks that it holds, innermost last, and when the
// next hold is to be timed.
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
    std::uint64_t since; // ns, if this hold is timed; else 0. With kReader if it is a reader's. 0 if not held
    std::uint32_t weight; // holds that a timed one stands for

    static constexpr std::uint64_t kReader = std::uint64_t{1} << 63;
};

// Picks one event of a thread in `period` nanoseconds, at random, or every event if they are rarer. Zeroes
// are a valid start: the first event is picked.
struct Sampler {
    std::int32_t countdown; // events until the one that is picked
    std::uint32_t weight;   // events that it stands for: the mean that `drawn` was drawn with
    std::uint32_t drawn;    // what the countdown was set to
    std::uint64_t last;     // ns, when the last was picked

    // One more event: whether it is to be picked. Until it is, so are all that follow.
    bool counts_down() { return --countdown <= 0; }
    // Of an event that is picked: how many it stands for.
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

    std::uint32_t top_at_fork; // of a child that has not recorded since: `top` is 0 until it does
    std::uint32_t top;         // held[top] is the last that was acquired; held[0] is none
    std::uint32_t number;      // 0: none
    Sampler holds;             // which are timed
    Sampler stacks;            // of waits
    std::uint64_t random;
    std::uint32_t waits;
    bool busy;                   // inside the profiler: whatever is called from there is not recorded
    const void* condition_mutex; // is given back by a wait for a condition that goes on, or was cancelled
    LockRow* waits_for;
    ThreadRow* row;
    std::array<Held, kMostHeld + 1> held;
};

[[gnu::visibility("hidden")]] extern thread_local constinit Thread this_thread
    [[gnu::tls_model("initial-exec")]];

// Gives the thread a number and a row if it has none.
void introduce(Thread& thread);
// A thread's name may change.
void renew_name(Thread& thread);
// Once; makes threads be told of at their ends.
void prepare_threads();

// Whoever is here does not come in again: what the profiler calls may be a wrapper, and a signal handler may
// interrupt it.
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
