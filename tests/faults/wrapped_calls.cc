// SPDX-License-Identifier: MIT
#include "wrapped_calls.h"

#include "injector.h"

#include <atomic>
#include <cstdarg>
#include <ctime>
#include <linux/futex.h>
#include <malloc.h>
#include <pthread.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/types.h>

using faults::Call;
using faults::decide;
using faults::Failure;

namespace {

constinit std::atomic<std::int64_t> blocks{0};
constinit std::atomic<long> milliseconds{1000};

// The call that a number stands for; false if it is none that may fail.
bool find_call(long number, int operation, Call& call) {
    switch (number) {
    case SYS_mbind:
        call = Call::kBind;
        return true;
    case SYS_openat:
        call = Call::kOpen;
        return true;
    case SYS_read:
        call = Call::kRead;
        return true;
    case SYS_prctl:
        call = Call::kName;
        return true;
    case SYS_sched_getaffinity:
        call = Call::kAffinity;
        return true;
    case SYS_futex:
        call = Call::kWait;
        return operation == FUTEX_WAIT_PRIVATE;
    default:
        return false;
    }
}

void* counted(void* block) {
    if (block != nullptr) blocks.fetch_add(1, std::memory_order_relaxed);
    return block;
}

bool fallback_fails() {
    const Failure failure = decide(Call::kFallback);
    if (failure.error != 0) errno = failure.error;
    return failure.error != 0;
}

} // namespace

std::int64_t faults::fallback_blocks() {
    return blocks.load(std::memory_order_relaxed);
}

extern "C" {

void* __real_mmap(void* start, size_t size, int protection, int flags, int file, off_t offset);
int __real_munmap(void* start, size_t size);
int __real_mprotect(void* start, size_t size, int protection);
int __real_madvise(void* start, size_t size, int advice);
void* __real_mremap(void* from, size_t old_size, size_t size, int flags, void* to);
long __real_syscall(long number, long a, long b, long c, long d, long e, long f);
int __real_getcpu(unsigned* processor, unsigned* node);
int __real_pthread_create(pthread_t* thread, const pthread_attr_t* attributes, void* (*function)(void*),
                          void* argument);
int __real_pthread_key_create(pthread_key_t* key, void (*function)(void*));
int __real_pthread_setspecific(pthread_key_t key, const void* value);
void* __real_malloc(size_t size);
void* __real_calloc(size_t count, size_t size);
void* __real_memalign(size_t alignment, size_t size);
void* __real_realloc(void* block, size_t size);
void __real_free(void* block);
int __real_clock_gettime(clockid_t clock, timespec* now);

void* __wrap_mmap(void* start, size_t size, int protection, int flags, int file, off_t offset) {
    const Failure failure = decide((flags & MAP_FIXED) != 0 ? Call::kMapOver : Call::kMap);
    if (failure.error == 0) return __real_mmap(start, size, protection, flags, file, offset);
    if (failure.unmaps) __real_munmap(start, size);
    errno = failure.error;
    return MAP_FAILED;
}

int __wrap_munmap(void* start, size_t size) {
    const Failure failure = decide(Call::kUnmap);
    if (failure.error == 0) return __real_munmap(start, size);
    errno = failure.error;
    return -1;
}

int __wrap_mprotect(void* start, size_t size, int protection) {
    const Failure failure = decide(Call::kProtect);
    if (failure.error == 0) return __real_mprotect(start, size, protection);
    errno = failure.error;
    return -1;
}

int __wrap_madvise(void* start, size_t size, int advice) {
    const Failure failure = advice == MADV_NORMAL ? Failure{} : decide(Call::kAdvise);
    if (failure.error == 0) return __real_madvise(start, size, advice);
    errno = failure.error;
    return -1;
}

void* __wrap_mremap(void* from, size_t old_size, size_t size, int flags, void* to) {
    const Failure failure = decide(Call::kMove);
    if (failure.error == 0) return __real_mremap(from, old_size, size, flags, to);
    if (failure.unmaps) __real_munmap(to, size);
    errno = failure.error;
    return MAP_FAILED;
}

// As the C library does: six arguments, whatever the call takes.
long __wrap_syscall(long number, ...) {
    va_list arguments;
    va_start(arguments, number);
    long a[6];
    for (long& each : a)
        each = va_arg(arguments, long);
    va_end(arguments);
    Call call{};
    const Failure failure = find_call(number, static_cast<int>(a[1]), call) ? decide(call) : Failure{};
    if (failure.error == 0) return __real_syscall(number, a[0], a[1], a[2], a[3], a[4], a[5]);
    errno = failure.error;
    return -1;
}

int __wrap_getcpu(unsigned* processor, unsigned* node) {
    const Failure failure = decide(Call::kNode);
    if (failure.error == 0) return __real_getcpu(processor, node);
    errno = failure.error;
    return -1;
}

int __wrap_pthread_create(pthread_t* thread, const pthread_attr_t* attributes, void* (*function)(void*),
                          void* argument) {
    const Failure failure = decide(Call::kThread);
    return failure.error != 0 ? failure.error : __real_pthread_create(thread, attributes, function, argument);
}

int __wrap_pthread_key_create(pthread_key_t* key, void (*function)(void*)) {
    const Failure failure = decide(Call::kKey);
    return failure.error != 0 ? failure.error : __real_pthread_key_create(key, function);
}

int __wrap_pthread_setspecific(pthread_key_t key, const void* value) {
    const Failure failure = decide(Call::kSetKey);
    return failure.error != 0 ? failure.error : __real_pthread_setspecific(key, value);
}

void* __wrap_malloc(size_t size) {
    return fallback_fails() ? nullptr : counted(__real_malloc(size));
}

void* __wrap_calloc(size_t count, size_t size) {
    return fallback_fails() ? nullptr : counted(__real_calloc(count, size));
}

void* __wrap_memalign(size_t alignment, size_t size) {
    return fallback_fails() ? nullptr : counted(__real_memalign(alignment, size));
}

void* __wrap_realloc(void* block, size_t size) {
    const bool grows = size > malloc_usable_size(block);
    return grows && fallback_fails() ? nullptr : __real_realloc(block, size);
}

void __wrap_free(void* block) {
    if (block != nullptr) blocks.fetch_sub(1, std::memory_order_relaxed);
    __real_free(block);
}

int __wrap_clock_gettime(clockid_t clock, timespec* now) {
    if (clock != CLOCK_MONOTONIC_COARSE) return __real_clock_gettime(clock, now);
    const long time = milliseconds.fetch_add(1, std::memory_order_relaxed);
    *now = {time / 1000, time % 1000 * 1'000'000};
    return 0;
}

} // extern "C"
