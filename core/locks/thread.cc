// SPDX-License-Identifier: MIT
#include "locks/thread.h"

#include "locks/recording.h"
#include "locks/settings.h"
#include "os/process.h"
#include "os/system_call.h"

#include <atomic>
#include <cstring>
#include <pthread.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

namespace ashlar::locks {

thread_local constinit Thread this_thread{};

namespace {

constinit pthread_key_t key = 0;
constinit bool has_key = false;

void leave(void* /*thread*/) {
    Thread& thread = this_thread;
    if (thread.row == nullptr) return;
    renew_name(thread);
    // Ends the wait in which the thread was cancelled.
    if (thread.waits_for != nullptr) __atomic_fetch_sub(&thread.waits_for->waiting, 1, __ATOMIC_RELAXED);
    thread.waits_for = nullptr;
    thread.row->waits_for = 0;
    thread.row->ended = 1;
}

} // namespace

void prepare_threads() {
    // The first keys have room in each thread. For later keys pthread_setspecific would allocate.
    constexpr pthread_key_t kKeysWithRoom = 32;
    has_key = ::pthread_key_create(&key, leave) == 0 && key < kKeysWithRoom;
}

void renew_name(Thread& thread) {
    if (thread.row == nullptr) return;
    std::array<char, 16> name{};
    if (os::system_call(SYS_prctl, PR_GET_NAME, name.data(), 0, 0, 0) == 0) thread.row->name = name;
}

[[gnu::noinline, gnu::cold]] void introduce(Thread& thread) {
    if (thread.number != 0) return;
    const auto [row, number] = recording.new_thread();
    if (row == nullptr) return;
    thread.row = row;
    row->tid = static_cast<std::uint32_t>(os::thread_id());
    row->started = nanoseconds();
    const std::uint64_t seed = settings.seed != 0 ? settings.seed : row->started;
    thread.random = (seed ^ std::uint64_t{number} << 32) * 0x9e3779b97f4a7c15 | 1;
    renew_name(thread);
    thread.number = number;
    if (has_key) ::pthread_setspecific(key, &thread);
}

} // namespace ashlar::locks
