// SPDX-License-Identifier: MIT
//
// The functions that the compiler calls in the code under test: before each access to memory, and for each
// atomic operation. That code is compiled with -fsanitize=thread but linked with this file instead of the
// sanitizer's library. The linker also directs the core's system calls here (--wrap). So the code itself
// contains nothing for schedules, and other builds of it are unchanged.
#include "scheduler.h"

#include <cerrno>
#include <csetjmp>
#include <cstddef>
#include <cstdint>
#include <ctime>
#include <linux/futex.h>
#include <pthread.h>
#include <sched.h>
#include <string_view>
#include <sys/syscall.h>

namespace {

using schedules::Kind;
using schedules::Place;
using schedules::Release;

enum Order : int { kRelaxed, kConsume, kAcquire, kRelease, kAcquireRelease, kSequential };

bool acquires(int order) {
    return order != kRelaxed && order != kRelease;
}
bool releases(int order) {
    return order >= kRelease;
}

template <typename T>
T load(const volatile T* word, int order, Place place) {
    schedules::come_to_atomic(word, Kind::kLoad, place);
    if (acquires(order)) schedules::acquired(word);
    return __atomic_load_n(word, __ATOMIC_SEQ_CST);
}

template <typename T>
void store(volatile T* word, T value, int order, Place place) {
    schedules::come_to_atomic(word, Kind::kStore, place);
    schedules::released(word, releases(order) ? Release::kAnew : Release::kNothing);
    __atomic_store_n(word, value, __ATOMIC_SEQ_CST);
}

// Replaces the value by `next(value)`, and returns the old value.
template <typename T, typename Next>
T update(volatile T* word, int order, Place place, Next next) {
    schedules::come_to_atomic(word, Kind::kUpdate, place);
    if (acquires(order)) schedules::acquired(word);
    if (releases(order)) schedules::released(word, Release::kMore);
    T value = __atomic_load_n(word, __ATOMIC_SEQ_CST);
    // Only one actor runs at a time, but actors share data with threads that are no actors.
    while (
        !__atomic_compare_exchange_n(word, &value, next(value), false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST)) {
    }
    return value;
}

template <typename T>
bool replace(volatile T* word, T* expected, T value, int order, int order_if_not, Place place) {
    schedules::come_to_atomic(word, Kind::kUpdate, place);
    const bool same =
        __atomic_compare_exchange_n(word, expected, value, false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
    if (acquires(same ? order : order_if_not)) schedules::acquired(word);
    if (same && releases(order)) schedules::released(word, Release::kMore);
    return same;
}

thread_local std::jmp_buf* before_report = nullptr;
bool barriers_refused = false;

} // namespace

void schedules::refuse_barriers() {
    barriers_refused = true;
}

// Skips no destructor of the core: a report holds no lock.
bool schedules::is_stopped_by_report(void (*body)()) {
    std::jmp_buf here;
    const bool stopped = setjmp(here) != 0;
    if (!stopped) {
        before_report = &here;
        body();
    }
    before_report = nullptr;
    return stopped;
}

extern "C" {

[[noreturn]] void __real_ashlar_fatal(const void* message, std::string_view advice);
[[noreturn]] void __wrap_ashlar_fatal(const void* message, std::string_view advice) {
    if (before_report != nullptr) std::longjmp(*before_report, 1);
    __real_ashlar_fatal(message, advice);
}

void __tsan_init() {}
void __tsan_func_entry(void* /*caller*/) {}
void __tsan_func_exit() {}
void __tsan_atomic_signal_fence(int /*order*/) {}

#define HERE __builtin_return_address(0)

#define ACCESS(name, size, write)                                                                            \
    void __tsan_##name(void* address) {                                                                      \
        schedules::accessed(address, size, write, HERE);                                                     \
    }
#define ACCESSES(size)                                                                                       \
    ACCESS(read##size, size, false)                                                                          \
    ACCESS(write##size, size, true)                                                                          \
    ACCESS(unaligned_read##size, size, false)                                                                \
    ACCESS(unaligned_write##size, size, true)
ACCESSES(1)
ACCESSES(2)
ACCESSES(4)
ACCESSES(8)
ACCESSES(16)

void __tsan_read_range(void* address, std::size_t size) {
    schedules::accessed(address, size, false, HERE);
}
void __tsan_write_range(void* address, std::size_t size) {
    schedules::accessed(address, size, true, HERE);
}

#define UPDATE(bits, name, expression)                                                                       \
    std::uint##bits##_t __tsan_atomic##bits##_##name(volatile std::uint##bits##_t* word,                     \
                                                     std::uint##bits##_t operand, int order) {               \
        using T = std::uint##bits##_t;                                                                       \
        return update(word, order, HERE, [operand](T value) {                                                \
            static_cast<void>(value);                                                                        \
            return static_cast<T>(expression);                                                               \
        });                                                                                                  \
    }
#define REPLACE(bits, name)                                                                                  \
    int __tsan_atomic##bits##_compare_exchange_##name(                                                       \
        volatile std::uint##bits##_t* word, std::uint##bits##_t* expected, std::uint##bits##_t value,        \
        int order, int order_if_not) {                                                                       \
        return replace(word, expected, value, order, order_if_not, HERE) ? 1 : 0;                            \
    }
#define ATOMICS(bits)                                                                                        \
    std::uint##bits##_t __tsan_atomic##bits##_load(const volatile std::uint##bits##_t* word, int order) {    \
        return load(word, order, HERE);                                                                      \
    }                                                                                                        \
    void __tsan_atomic##bits##_store(volatile std::uint##bits##_t* word, std::uint##bits##_t value,          \
                                     int order) {                                                            \
        store(word, value, order, HERE);                                                                     \
    }                                                                                                        \
    UPDATE(bits, exchange, operand)                                                                          \
    UPDATE(bits, fetch_add, value + operand)                                                                 \
    UPDATE(bits, fetch_sub, value - operand)                                                                 \
    UPDATE(bits, fetch_and, value& operand)                                                                  \
    UPDATE(bits, fetch_or, value | operand)                                                                  \
    UPDATE(bits, fetch_xor, value ^ operand)                                                                 \
    REPLACE(bits, strong)                                                                                    \
    REPLACE(bits, weak)
ATOMICS(8)
ATOMICS(16)
ATOMICS(32)
ATOMICS(64)

// ---- System calls

long __real_ashlar_system_call(long number, long a, long b, long c, long d, long e, long f);
int __real_pthread_create(pthread_t* thread, const pthread_attr_t* attributes, void* (*function)(void*),
                          void* argument);

// Handles every system call of the core. Simulates the futex, and a machine with two processors and one node.
long __wrap_ashlar_system_call(long number, long a, long b, long c, long d, long e, long f) {
    switch (number) {
    case SYS_futex: {
        const auto* const word = reinterpret_cast<const std::uint32_t*>(a);
        const auto operand = static_cast<std::uint32_t>(c);
        return b == FUTEX_WAKE_PRIVATE ? schedules::futex_wake(word, operand, HERE)
                                       : schedules::futex_wait(word, operand, d != 0, HERE);
    }
    case SYS_sched_getaffinity:
        *reinterpret_cast<unsigned long*>(c) = 3;
        return sizeof(unsigned long);
    case SYS_membarrier: // every access is visible at once anyway
        return barriers_refused ? -ENOSYS : 0;
    case SYS_madvise:
    case SYS_mprotect:
        schedules::come_to_call(HERE);
        break;
    default:
        break;
    }
    return __real_ashlar_system_call(number, a, b, c, d, e, f);
}

int __wrap_getcpu(unsigned* processor, unsigned* node) {
    *processor = 0;
    *node = 0;
    return 0;
}

// The clock stands still, because timeouts do not depend on the order of threads.
int __wrap_clock_gettime(clockid_t /*clock*/, timespec* now) {
    *now = {.tv_sec = 1, .tv_nsec = 0};
    return 0;
}

int __wrap_pthread_create(pthread_t* thread, const pthread_attr_t* attributes, void* (*function)(void*),
                          void* argument) {
    if (schedules::acting()) return schedules::start_servant(function, argument);
    return __real_pthread_create(thread, attributes, function, argument);
}

} // extern "C"
