// SPDX-License-Identifier: MIT
#include "os/thread_exit.h"

#include "os/mutex.h"

#include <atomic>
#include <cerrno>
#include <cstdint>
#include <pthread.h>

extern "C" {
[[gnu::weak]] int __cxa_thread_atexit_impl(void (*function)(void*), void* argument, void* in_this_library);
}

namespace ashlar::os {

namespace {

constexpr std::uint64_t kUnmade = ~std::uint64_t{0};
constexpr std::uint64_t kRefused = kUnmade - 1;

constinit ThreadExitFunction exit_function = nullptr;
constinit std::atomic<std::uint64_t> key{kUnmade};

void run(void* /*argument*/) {
    exit_function();
}

// Returns the key, or kRefused. If several threads make it at once, all use the first one.
std::uint64_t made_key() {
    std::uint64_t known = key.load(std::memory_order_relaxed);
    if (known != kUnmade) return known;
    pthread_key_t made = 0;
    const std::uint64_t mine = ::pthread_key_create(&made, run) == 0 ? made : kRefused;
    if (key.compare_exchange_strong(known, mine, std::memory_order_relaxed)) return mine;
    if (mine != kRefused) ::pthread_key_delete(made);
    return known;
}

} // namespace

[[gnu::cold]] void prepare_thread_exit(ThreadExitFunction function) {
    exit_function = function;
}

bool call_at_thread_exit() {
    expect_no_lock("pthread_setspecific");
    const int saved = errno;
    const std::uint64_t made = made_key();
    const bool done = made != kRefused ? ::pthread_setspecific(static_cast<pthread_key_t>(made), &key) == 0
                                       : __cxa_thread_atexit_impl != nullptr &&
                                             __cxa_thread_atexit_impl(run, nullptr, &key) == 0;
    errno = saved;
    return done;
}

} // namespace ashlar::os
