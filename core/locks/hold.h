// SPDX-License-Identifier: MIT
//
// The wrappers call these functions when a lock was acquired, is released, or must be waited for. The usual
// case is inline: the lock is free, and the thread holds no other. An acquisition then costs some 30
// instructions and a release 14. The test locks.cost counts them.
//
// A sole holder counts in the lock's row without atomic operations, because the lock excludes other threads.
#pragma once

#include "locks/recording.h"
#include "locks/thread.h"

#include <cstdint>

namespace ashlar::locks {

// Whether one thread or several readers may hold the lock.
enum class Holders { kOne, kReaders };

inline std::uintptr_t caller(void* return_address) {
    return reinterpret_cast<std::uintptr_t>(return_address);
}

inline bool is_off() {
    return mode.load(std::memory_order_relaxed) == Mode::kOff;
}
// Prepares recording in the modes kEarly and kForked. Returns whether calls are recorded.
bool start_recording();
inline bool is_recording() {
    const Mode now = mode.load(std::memory_order_relaxed);
    return now == Mode::kOn || now == Mode::kDelaying ||
           ((now == Mode::kEarly || now == Mode::kForked) && start_recording());
}

// Records any acquisition: also by a new thread, of a new lock, with other locks held, or timed. `waited`:
// the call waited or would have waited. Only such calls matter for the order of locks.
void acquired_slowly(Thread& thread, const void* lock, LockKind kind, Holders holders, std::uintptr_t site,
                     bool waited);

inline void note_hold(Thread& thread, const void* lock, LockRow* row, std::uintptr_t site) {
    row->acquisitions += 1;
    row->site = site;
    row->holder = thread.number;
    Held& held = thread.held[1]; // `since` is 0 while the entry is unused
    held.lock = lock;
    held.row = row;
    thread.top = 1;
}

// Continues acquired() if the lock has another slot of the index. Calls acquired_slowly() in all other cases.
void acquired_elsewhere(const void* lock, LockKind kind, std::uintptr_t site, bool by_try);

// Records that the calling thread has the lock at the first try. `by_try`: the call would not have waited.
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

// Work that remains after the release of a lock: usually none.
struct Released {
    LockRow* row = nullptr;  // null: no work
    std::uint64_t since = 0; // ns, start of a timed hold; 0: not timed
    std::uint32_t weight = 0;
    bool shared = false;
};

// Records the release and returns true if the lock is the thread's last, is not timed, and has no waiter.
inline bool released_quickly(const void* lock) {
    Thread& thread = this_thread;
    const Held& held = thread.held[thread.top];
    if (held.lock != lock || (held.since | __atomic_load_n(&held.row->waiting, __ATOMIC_RELAXED)) != 0)
        return false;
    held.row->releases += 1;
    --thread.top;
    return true;
}
// Records the release in all other cases. Call it before the lock is released.
Released releasing(const void* lock);
// Does the remaining work. Call it after the release from the wrapper, because it takes the caller's stack.
void released(const Released& what);

// A stack's number, 0 for none, and the number of events it stands for.
struct Sampled {
    std::uint32_t number = 0;
    std::uint32_t weight = 0;
};
Sampled stack_of_wait(Thread& thread, std::uint64_t now);

struct WaitFacts {
    std::uint64_t since = 0;
    std::uint64_t now = 0;   // end of the wait
    std::uintptr_t site = 0; // 0: unknown
    Sampled stack{};         // stack of the waiting thread
    std::uint32_t thread = 0;
    std::uint32_t holder = 0;    // thread that had the lock when the wait began
    std::uint64_t holder_site{}; // return address of its acquiring call
    bool got = false;            // the wait ended with the lock
};
void count_wait(LockRow& row, const WaitFacts& wait);

// A wait of the calling thread, from the first failed try to the end. A cancelled wait never calls end().
class Wait {
  public:
    Wait(const void* lock, LockKind kind, std::uintptr_t site);
    Wait(const Wait&) = delete;
    Wait& operator=(const Wait&) = delete;

    // Ends the wait. `got`: acquired_slowly() follows. `counts`: false if the call did not wait after all.
    void end(bool got, bool counts = true);

  private:
    LockRow* row_ = nullptr;
    WaitFacts facts_;
};

// Counts a failed try of the program.
void try_failed(const void* lock, LockKind kind, std::uintptr_t site);
// Notes that the lock was destroyed.
void destroyed(const void* lock);
// Adds 1 to `count` in the row of an object that has no holder.
void count_event(const void* object, LockKind kind, std::uintptr_t site, std::uint64_t LockRow::*count);

// Note that a wait for a condition gives up the mutex, and that the thread has the mutex again.
void waiting_for_condition(const void* mutex);
void waited_for_condition(const void* mutex, std::uintptr_t site);

} // namespace ashlar::locks
