// SPDX-License-Identifier: MIT
#include "os/background.h"

#include "os/clock.h"
#include "os/config.h"
#include "os/mutex.h"
#include "os/system_call.h"

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <climits>
#include <csignal>
#include <cstdint>
#include <ctime>
#include <linux/futex.h>
#include <pthread.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

namespace ashlar::os {

namespace {

enum State : std::uint32_t { kNone, kStarting, kFailed, kAwake, kAsleep };

constinit std::atomic<std::uint32_t> state{kNone};
constinit BackgroundFunction work = nullptr;

constinit Chore chore = nullptr;
constinit std::atomic<bool> called{false};
constexpr std::uint64_t kChorePause = 1000; // milliseconds

constexpr std::size_t kLongest = std::size_t{1} << 40; // milliseconds

void wait_while(std::uint32_t value, const timespec* timeout) {
    system_call(SYS_futex, &state, FUTEX_WAIT_PRIVATE, value, timeout);
}

timespec from_milliseconds(std::uint64_t milliseconds) {
    return {static_cast<time_t>(milliseconds / 1000), static_cast<long>(milliseconds % 1000) * 1'000'000};
}

// Waits up to `milliseconds` while the state is `value`, and does the chore meanwhile. A call right before
// the futex wait is answered when that wait ends.
void wait_with_chore(std::uint32_t value, std::uint64_t milliseconds) {
    static constinit std::uint64_t due = 0; // used by the background thread only
    const std::uint64_t end = coarse_milliseconds() + milliseconds;
    while (state.load(std::memory_order_acquire) == value) {
        const std::uint64_t now = coarse_milliseconds();
        const bool asked = called.exchange(false, std::memory_order_acquire);
        if (asked || now >= due) {
            chore(asked);
            due = now + kChorePause;
        }
        if (now >= end) return;
        const timespec pause = from_milliseconds(std::min(end - now, kChorePause));
        wait_while(value, &pause);
    }
}

void pause_between_works() {
    const std::size_t milliseconds =
        std::clamp<std::size_t>(settings.purge_delay_ms.load(std::memory_order_relaxed), 1, kLongest);
    if (chore != nullptr) return wait_with_chore(kAwake, milliseconds);
    const timespec pause = from_milliseconds(milliseconds);
    wait_while(kAwake, &pause);
}

void* run(void* /*argument*/) {
    system_call(SYS_prctl, PR_SET_NAME, "ashlar");
    state.store(kAwake, std::memory_order_release);
    for (;;) {
        pause_between_works();
        if (work()) continue;
        state.store(kAsleep, std::memory_order_seq_cst);
        if (work()) { // work that arrived before the store was not announced
            state.store(kAwake, std::memory_order_relaxed);
            continue;
        }
        while (state.load(std::memory_order_acquire) == kAsleep) {
            if (chore != nullptr) {
                wait_with_chore(kAsleep, kLongest);
            } else {
                wait_while(kAsleep, nullptr);
            }
        }
    }
    return nullptr;
}

using SignalMask = std::uint64_t;                     // bit s - 1: signal s
constexpr SignalMask kLibrarys = SignalMask{3} << 31; // 32 and 33: the C library stops threads with them

bool start() {
    const SignalMask all = ~kLibrarys;
    SignalMask before = 0;
    system_call(SYS_rt_sigprocmask, SIG_SETMASK, &all, &before, sizeof(before));
    pthread_t thread{}; // never ends and is never joined
    const bool started = ::pthread_create(&thread, nullptr, run, nullptr) == 0;
    system_call(SYS_rt_sigprocmask, SIG_SETMASK, &before, nullptr, sizeof(before));
    return started;
}

} // namespace

void start_background(BackgroundFunction function) {
    std::uint32_t now = kNone;
    if (!state.compare_exchange_strong(now, kStarting)) return;
    expect_no_lock("pthread_create");
    const int saved = errno;
    work = function;
    if (!start()) state.store(kFailed, std::memory_order_relaxed);
    errno = saved;
}

bool wake_background() {
    std::uint32_t now = state.load(std::memory_order_seq_cst);
    if (now == kAsleep && state.compare_exchange_strong(now, kAwake)) {
        system_call(SYS_futex, &state, FUTEX_WAKE_PRIVATE, INT_MAX);
    }
    return now == kAwake || now == kAsleep;
}

void set_background_chore(Chore function) {
    chore = function;
}

void call_background() {
    called.store(true, std::memory_order_release);
    system_call(SYS_futex, &state, FUTEX_WAKE_PRIVATE, INT_MAX);
}

void forget_background() {
    state.store(kNone, std::memory_order_relaxed);
}

} // namespace ashlar::os
