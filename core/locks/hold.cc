// SPDX-License-Identifier: MIT
#include "locks/hold.h"

#include "locks/settings.h"

#include <algorithm>
#include <bit>
#include <cerrno>

namespace ashlar::locks {

namespace {

// Mean ns between two timed holds of a thread, and two stacks of its waits. Rarer events are all sampled.
constexpr std::uint64_t kHoldPeriod = 20'000;
constexpr std::uint64_t kStackPeriod = 100'000;

void add_to(std::uint64_t& sum, std::uint64_t value) {
    __atomic_fetch_add(&sum, value, __ATOMIC_RELAXED);
}

void raise_to(std::uint64_t& largest, std::uint64_t value) {
    std::uint64_t present = __atomic_load_n(&largest, __ATOMIC_RELAXED);
    while (present < value && !__atomic_compare_exchange_n(&largest, &present, value, false, __ATOMIC_RELAXED,
                                                           __ATOMIC_RELAXED)) {
    }
}

class KeepErrno {
  public:
    KeepErrno() = default;
    ~KeepErrno() { errno = saved_; }
    KeepErrno(const KeepErrno&) = delete;
    KeepErrno& operator=(const KeepErrno&) = delete;

  private:
    int saved_ = errno;
};

void note_order(Thread& thread, const LockRow& row, std::uintptr_t site) {
    const Held& last = thread.held[thread.top];
    if (thread.top != 0 && last.row != &row) recording.note_order(*last.row, row, site, thread.number);
}

void count_acquisition(Thread& thread, LockRow& row, Holders holders, std::uintptr_t site) {
    if (holders == Holders::kReaders) {
        add_to(row.acquisitions, 1);
        add_to(row.shared, 1);
        if (__atomic_load_n(&row.holder, __ATOMIC_RELAXED) != 0)
            __atomic_store_n(&row.holder, 0, __ATOMIC_RELAXED);
        return;
    }
    __atomic_store_n(&row.acquisitions, row.acquisitions + 1, __ATOMIC_RELAXED);
    row.site = site;
    row.holder = thread.number;
}

// Counts a timed hold of `held` ns by its stack. The probability of taking a stack is proportional to the
// time it stands for, and its weight compensates. One stack per kStackPeriod is taken on average.
void count_hold_stack(LockRow& row, std::uint64_t held, std::uint32_t weight) {
    const std::uint64_t total = std::max(held, std::uint64_t{1}) * weight;
    if (total < kStackPeriod && next_random(this_thread) % kStackPeriod >= total) return;
    const std::uint64_t counted = std::max(total, kStackPeriod);
    recording.tally(row, Of::kHoldsByStack, recording.stack(),
                    std::max(weight * counted / total, std::uint64_t{1}), counted, held);
}

} // namespace

[[gnu::noinline, gnu::cold]] void acquired_slowly(Thread& thread, const void* lock, LockKind kind,
                                                  Holders holders, std::uintptr_t site, bool waited) {
    const Inside inside(thread);
    if (!inside) return;
    const KeepErrno keep;
    introduce(thread);
    LockRow* const row = recording.find_or_add(lock, kind, site, thread.number);
    if (row == nullptr) return;
    if (waited) note_order(thread, *row, site);
    count_acquisition(thread, *row, holders, site);
    if (thread.top == Thread::kMostHeld) return;
    Held& held = thread.held[thread.top + 1];
    held = {lock, row, 0, 0};
    if (thread.holds.counts_down()) {
        held.since = nanoseconds();
        held.weight = thread.holds.pick(held.since, kHoldPeriod, next_random(thread));
    }
    if (holders == Holders::kReaders) held.since |= Held::kReader;
    ++thread.top;
}

[[gnu::noinline]] void acquired_elsewhere(const void* lock, LockKind kind, std::uintptr_t site, bool by_try) {
    Thread& thread = this_thread;
    LockRow* const row = recording.find(lock);
    if (row == nullptr || thread.top != 0 || thread.holds.counts_down()) {
        acquired_slowly(thread, lock, kind, Holders::kOne, site, !by_try);
        return;
    }
    note_hold(thread, lock, row, site);
}

[[gnu::noinline, gnu::cold]] Released releasing(const void* lock) {
    Thread& thread = this_thread;
    const Inside inside(thread);
    if (!inside) return {};
    if (thread.condition_mutex == lock) { // a cancelled wait for a condition took the mutex
        thread.condition_mutex = nullptr;
        if (LockRow* const row = recording.find(lock)) {
            ++row->acquisitions;
            ++row->releases;
            return {row, 0, 0, false};
        }
    }
    for (std::uint32_t place = thread.top; place != 0; --place) {
        const Held held = thread.held[place];
        if (held.lock != lock) continue;
        std::copy(&thread.held[place + 1], &thread.held[thread.top + 1], &thread.held[place]);
        thread.held[thread.top].since = 0;
        --thread.top;
        const bool shared = (held.since & Held::kReader) != 0;
        if (shared) {
            add_to(held.row->releases, 1);
        } else {
            ++held.row->releases;
        }
        return {held.row, held.since & ~Held::kReader, held.weight, shared};
    }
    // Another thread acquired the lock, or this thread holds more than kMostHeld.
    LockRow* const row = recording.find(lock);
    if (row == nullptr) return {};
    add_to(row->releases, 1);
    return {row, 0, 0, false};
}

[[gnu::noinline, gnu::cold]] void released(const Released& what) {
    Thread& thread = this_thread;
    const Inside inside(thread);
    if (!inside) return;
    const KeepErrno keep;
    LockRow& row = *what.row;
    std::uint64_t now = 0;
    if (what.since != 0) {
        now = nanoseconds();
        const std::uint64_t held = now - what.since;
        add_to(row.holds_sampled, 1);
        add_to(row.holds, what.weight);
        add_to(row.hold_total, held * what.weight);
        add_to(row.hold_sampled_total, held);
        raise_to(row.hold_max, held);
        count_hold_stack(row, held, what.weight);
    }
    if (what.shared || __atomic_load_n(&row.waiting, __ATOMIC_RELAXED) == 0) return;
    if (now == 0) now = nanoseconds();
    const std::uint64_t since = __atomic_exchange_n(&row.blocked_since, now, __ATOMIC_RELAXED);
    if (since == 0 || since >= now) return;
    const std::uint64_t blocked = now - since;
    recording.tally(row, Of::kBlocksByThread, thread.number, 1, blocked, blocked);
    // Takes a stack with probability blocked / kStackPeriod. Its weight compensates.
    if (blocked < kStackPeriod && next_random(thread) % kStackPeriod >= blocked) return;
    const std::uint64_t total = std::max(blocked, kStackPeriod);
    recording.tally(row, Of::kBlocksByStack, recording.stack(), (total + blocked / 2) / blocked, total,
                    blocked);
}

Sampled stack_of_wait(Thread& thread, std::uint64_t now) {
    if (!thread.stacks.counts_down()) return {};
    const std::uint32_t weight = thread.stacks.pick(now, kStackPeriod, next_random(thread));
    return {recording.stack(), weight};
}

void count_wait(LockRow& row, const WaitFacts& wait) {
    const std::uint64_t waited = wait.now - wait.since;
    add_to(wait.got ? row.contended : row.timed_out, 1);
    add_to(row.wait_total, waited);
    raise_to(row.wait_max, waited);
    recording.tally(row, Of::kWaitsByThread, wait.thread, 1, waited, waited);
    // Every wait of kStackPeriod or more is counted with a stack, of one address if need be. Shorter waits
    // are estimated from those whose stacks were taken.
    const bool is_counted = waited >= kStackPeriod;
    Sampled stack = wait.stack;
    if (is_counted && stack.number == 0 && wait.site != 0) stack.number = recording.stack_of(wait.site);
    const std::uint64_t weight = is_counted ? 1 : stack.weight;
    if (weight != 0) recording.tally(row, Of::kWaitsByStack, stack.number, weight, waited * weight, waited);
    if (waited <= settings.threshold) return;
    add_to(row.long_waits, 1);
    recording.note_long_wait({wait.since, waited, static_cast<std::uint32_t>(row.number), wait.thread,
                              wait.holder, stack.number, wait.holder_site});
}

[[gnu::noinline]] Wait::Wait(const void* lock, LockKind kind, std::uintptr_t site) {
    Thread& thread = this_thread;
    const Inside inside(thread);
    if (!inside) return;
    const KeepErrno keep;
    introduce(thread);
    LockRow* const row = recording.find_or_add(lock, kind, site, thread.number);
    if (row == nullptr || thread.row == nullptr) return;
    facts_.site = site;
    facts_.thread = thread.number;
    facts_.holder = row->holder;
    facts_.holder_site = row->site;
    facts_.since = nanoseconds();
    if (__atomic_fetch_add(&row->waiting, 1, __ATOMIC_RELAXED) == 0)
        __atomic_store_n(&row->blocked_since, facts_.since, __ATOMIC_RELAXED);
    facts_.stack = stack_of_wait(thread, facts_.since);
    thread.waits_for = row;
    thread.row->since = facts_.since;
    thread.row->site = site;
    thread.row->stack = facts_.stack.number;
    __atomic_store_n(&thread.row->waits_for, row->number, __ATOMIC_RELEASE);
    row_ = row;
}

[[gnu::noinline]] void Wait::end(bool got, bool counts) {
    if (row_ == nullptr) return;
    Thread& thread = this_thread;
    const Inside inside(thread);
    const KeepErrno keep;
    LockRow& row = *row_;
    facts_.now = nanoseconds();
    facts_.got = got;
    thread.waits_for = nullptr;
    __atomic_store_n(&thread.row->waits_for, 0, __ATOMIC_RELAXED);
    const bool others = __atomic_fetch_sub(&row.waiting, 1, __ATOMIC_RELAXED) > 1;
    // Threads that still wait now wait for the caller.
    if (got) __atomic_store_n(&row.blocked_since, others ? facts_.now : 0, __ATOMIC_RELAXED);
    if (counts) count_wait(row, facts_);
    ++thread.waits;
    if (std::has_single_bit(thread.waits)) renew_name(thread); // rarely, because it is a system call
}

void try_failed(const void* lock, LockKind kind, std::uintptr_t site) {
    Thread& thread = this_thread;
    const Inside inside(thread);
    if (!inside) return;
    const KeepErrno keep;
    introduce(thread);
    if (LockRow* const row = recording.find_or_add(lock, kind, site, thread.number))
        add_to(row->failed_tries, 1);
}

void destroyed(const void* lock) {
    Thread& thread = this_thread;
    const Inside inside(thread);
    if (inside) recording.merge(lock);
}

void waiting_for_condition(const void* mutex) {
    Thread& thread = this_thread;
    if (!released_quickly(mutex)) {
        const Released what = releasing(mutex);
        if (what.row != nullptr) released(what);
    }
    thread.condition_mutex = mutex;
}

void waited_for_condition(const void* mutex, std::uintptr_t site) {
    Thread& thread = this_thread;
    thread.condition_mutex = nullptr;
    acquired_slowly(thread, mutex, LockKind::kMutex, Holders::kOne, site, true);
}

void count_event(const void* object, LockKind kind, std::uintptr_t site, std::uint64_t LockRow::*count) {
    Thread& thread = this_thread;
    const Inside inside(thread);
    if (!inside) return;
    const KeepErrno keep;
    LockRow* row = recording.find(object);
    if (row == nullptr) {
        introduce(thread);
        row = recording.find_or_add(object, kind, site, thread.number);
    }
    if (row != nullptr) add_to(row->*count, 1);
}

} // namespace ashlar::locks
