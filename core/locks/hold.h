// SPDX-License-Identifier: MIT
//
// What the wrappers call: a lock was acquired, is released, has to be waited for. The usual case, a lock that
// is free and no other held, is inline. It is some thirty instructions to acquire and fourteen to release,
// which the test locks.cost counts.
//
// Who holds a lock alone counts in its row without atomic operations: the lock itself keeps others away.
#pragma once

#include "locks/recording.h"
#include "locks/thread.h"

#include <cstdint>

namespace ashlar::locks {

// How a lock may be held.
enum class Holders { kOne, kReaders };

inline std::uintptr_t caller(void* return_address) {
    return reinterpret_cast<std::uintptr_t>(return_address);
}

inline bool is_off() {
    return mode.load(std::memory_order_relaxed) == Mode::kOff;
}
// Whether calls are recorded; what has to be done first, at start or in a forked child, is done.
bool start_recording();
inline bool is_recording() {
    const Mode now = mode.load(std::memory_order_relaxed);
    return now == Mode::kOn || now == Mode::kDelaying ||
           ((now == Mode::kEarly || now == Mode::kForked) && start_recording());
}

// All else that belongs to an acquisition: the thread is new, the lock is new, others are held, it is timed.
// `waited`: it waited or would have; only then the order of locks matters.
void acquired_slowly(Thread& thread, const void* lock, LockKind kind, Holders holders, std::uintptr_t site,
                     bool waited);

inline void note_hold(Thread& thread, const void* lock, LockRow* row, std::uintptr_t site) {
    row->acquisitions += 1;
    row->site = site;
    row->holder = thread.number;
    Held& held = thread.held[1]; // `since` is 0 while nothing is held
    held.lock = lock;
    held.row = row;
    thread.top = 1;
}

// The same if the lock has another place in the index; otherwise it calls acquired_slowly().
void acquired_elsewhere(const void* lock, LockKind kind, std::uintptr_t site, bool by_try);

// The calling thread has the lock, at the first try. `by_try`: it would not have waited.
[[gnu::always_inline]] inline void acquired(const void* lock, LockKind kind, std::uintptr_t site,
                                            bool by_try = false) {
    Thread& thread = this_thread;
    const LockIndex::Slot* const slot = recording.first_slot(lock);
    if (!slot->is_of(lock) || thread.top != 0 || thread.holds.counts_down()) [[unlikely]] {
        acquired_elsewhere(lock, kind, site, by_try);
        return;
    }
    note_hold(thread, lock, slot->row, site);
}

// What else there is to do once the lock is released: nothing, as a rule.
struct Released {
    LockRow* row = nullptr;  // null: nothing
    std::uint64_t since = 0; // of a hold that is timed
    std::uint32_t weight = 0;
    bool shared = false;
};

// The lock was the last that the thread acquired, the hold is not timed, and nobody waits: all is done.
inline bool released_quickly(const void* lock) {
    Thread& thread = this_thread;
    const Held& held = thread.held[thread.top];
    if (held.lock != lock || (held.since | __atomic_load_n(&held.row->waiting, __ATOMIC_RELAXED)) != 0)
        return false;
    held.row->releases += 1;
    --thread.top;
    return true;
}
// Otherwise: before the lock is released.
Released releasing(const void* lock);
// To be called once it is released, on the stack of whoever did it.
void released(const Released& what);

// A number of a stack, 0 for none, and how many events it stands for.
struct Sampled {
    std::uint32_t number = 0;
    std::uint32_t weight = 0;
};
Sampled stack_of_wait(Thread& thread, std::uint64_t now);

struct WaitFacts {
    std::uint64_t since = 0;
    std::uint64_t now = 0;       // its end
    std::uintptr_t site = 0;     // 0: unknown
    Sampled stack{};             // of whoever waits
    std::uint32_t thread = 0;    //
    std::uint32_t holder = 0;    // thread that had the lock when the wait began
    std::uint64_t holder_site{}; // and where it had acquired it
    bool got = false;            // the wait ended with the lock
};
void count_wait(LockRow& row, const WaitFacts& wait);

// A wait of the calling thread: from the first failed try to the end. Cancellation may end it without end().
class Wait {
  public:
    Wait(const void* lock, LockKind kind, std::uintptr_t site);
    Wait(const Wait&) = delete;
    Wait& operator=(const Wait&) = delete;

    // `got`: with the lock; then it is called before acquired_slowly(). Does not count if !counts: the call
    // was no wait after all.
    void end(bool got, bool counts = true);

  private:
    LockRow* row_ = nullptr;
    WaitFacts facts_;
};

// The program's own try failed.
void try_failed(const void* lock, LockKind kind, std::uintptr_t site);
// The lock is no more.
void destroyed(const void* lock);
// One more of what a row counts, of objects that nobody holds.
void count_event(const void* object, LockKind kind, std::uintptr_t site, std::uint64_t LockRow::*count);

// A wait for a condition gives back the mutex, and has it again in the end.
void waiting_for_condition(const void* mutex);
void waited_for_condition(const void* mutex, std::uintptr_t site);

} // namespace ashlar::locks
