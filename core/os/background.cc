// SPDX-License-Identifier: MIT
#include "os/background.h"

#include "os/config.h"
#include "os/mutex.h"

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
#include <unistd.h>

namespace ashlar::os {

namespace {

enum State : std::uint32_t { kNone, kStarting, kFailed, kAwake, kAsleep };

constinit std::atomic<std::uint32_t> state{kNone};
constinit BackgroundFunction work = nullptr;

constexpr std::size_t kLongest = std::size_t{1} << 40; // milliseconds

void wait_while(std::uint32_t value, const timespec* timeout) {
    ::syscall(SYS_futex, &state, FUTEX_WAIT_PRIVATE, value, timeout, nullptr, 0);
}

void* run(void* /*argument*/) {
    ::syscall(SYS_prctl, PR_SET_NAME, "ashlar", 0, 0, 0);
    state.store(kAwake, std::memory_order_release);
    for (;;) {
        const std::size_t milliseconds =
            std::clamp<std::size_t>(settings.purge_delay_ms.load(std::memory_order_relaxed), 1, kLongest);
        const timespec pause{static_cast<time_t>(milliseconds / 1000),
                             static_cast<long>(milliseconds % 1000) * 1'000'000};
        wait_while(kAwake, &pause);
        if (work()) continue;
        state.store(kAsleep, std::memory_order_seq_cst);
        if (work()) { // came in between, and may not have seen it
            state.store(kAwake, std::memory_order_relaxed);
            continue;
        }
        while (state.load(std::memory_order_acquire) == kAsleep)
            wait_while(kAsleep, nullptr);
    }
    return nullptr;
}

using SignalMask = std::uint64_t;                     // bit s - 1: signal s
constexpr SignalMask kLibrarys = SignalMask{3} << 31; // 32 and 33: the C library stops threads with them

// By system call where there is one: each function of libc costs every process a look-up at its start.
bool start() {
    const SignalMask all = ~kLibrarys;
    SignalMask before = 0;
    ::syscall(SYS_rt_sigprocmask, SIG_SETMASK, &all, &before, sizeof(before));
    pthread_t thread{}; // never ends, and nobody waits for it
    const bool started = ::pthread_create(&thread, nullptr, run, nullptr) == 0;
    ::syscall(SYS_rt_sigprocmask, SIG_SETMASK, &before, nullptr, sizeof(before));
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
        const int saved = errno;
        ::syscall(SYS_futex, &state, FUTEX_WAKE_PRIVATE, INT_MAX, nullptr, nullptr, 0);
        errno = saved;
    }
    return now == kAwake || now == kAsleep;
}

void forget_background() {
    state.store(kNone, std::memory_order_relaxed);
}

} // namespace ashlar::os
