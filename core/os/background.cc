// SPDX-License-Identifier: MIT
#include "os/background.h"

#include "os/config.h"

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <climits>
#include <csignal>
#include <cstdint>
#include <ctime>
#include <linux/futex.h>
#include <pthread.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace ashlar::os {

namespace {

enum State : std::uint32_t { kNone, kStarting, kFailed, kAwake, kAsleep };

constinit std::atomic<std::uint32_t> state{kNone};
constinit BackgroundFunction work = nullptr;

constexpr std::size_t kLongest = std::size_t{1} << 40; // milliseconds
constexpr std::size_t kStack = 64 * 1024; // what we need, and room for a program's thread-local storage

void wait_while(std::uint32_t value, const timespec* timeout) {
    ::syscall(SYS_futex, &state, FUTEX_WAIT_PRIVATE, value, timeout, nullptr, 0);
}

void* run(void* /*argument*/) {
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

bool start() {
    pthread_attr_t attributes;
    if (::pthread_attr_init(&attributes) != 0) return false;
    ::pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    ::pthread_attr_setstacksize(&attributes, kStack);
    sigset_t all;
    sigset_t before;
    ::sigfillset(&all);
    ::pthread_sigmask(SIG_SETMASK, &all, &before);
    pthread_t thread{};
    bool started = ::pthread_create(&thread, &attributes, run, nullptr) == 0;
    if (!started) { // thread-local storage may want a larger stack
        started = ::pthread_create(&thread, nullptr, run, nullptr) == 0;
        if (started) ::pthread_detach(thread);
    }
    if (started) ::pthread_setname_np(thread, "ashlar");
    ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
    ::pthread_attr_destroy(&attributes);
    return started;
}

} // namespace

void start_background(BackgroundFunction function) {
    std::uint32_t now = kNone;
    if (!state.compare_exchange_strong(now, kStarting)) return;
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
