// SPDX-License-Identifier: MIT
#include "wrapped_calls.h"

#include "injector.h"

#include <atomic>
#include <ctime>
#include <linux/futex.h>
#include <malloc.h>
#include <pthread.h>
#include <sys/mman.h>
#include <sys/syscall.h>

using faults::Call;
using faults::decide;
using faults::Failure;

namespace {

constinit std::atomic<std::int64_t> blocks{0};
constinit std::atomic<long> milliseconds{1000};

struct Kind {
    bool may_fail;
    Call call;
};

Kind kind_of(long number, long b, long c, long d) {
    switch (number) {
    case SYS_mmap:
        return {true, (d & MAP_FIXED) != 0 ? Call::kMapOver : Call::kMap};
    case SYS_munmap:
        return {true, Call::kUnmap};
    case SYS_mprotect:
        return {true, Call::kProtect};
    case SYS_madvise:
        return {c != MADV_NORMAL, Call::kAdvise};
    case SYS_mremap:
        return {true, Call::kMove};
    case SYS_mbind:
        return {true, Call::kBind};
    case SYS_openat:
        return {true, Call::kOpen};
    case SYS_read:
        return {true, Call::kRead};
    case SYS_prctl:
        return {true, Call::kName};
    case SYS_sched_getaffinity:
        return {true, Call::kAffinity};
    case SYS_futex:
        return {b == FUTEX_WAIT_PRIVATE, Call::kWait};
    default:
        return {false, {}};
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

long __real_ashlar_system_call(long number, long a, long b, long c, long d, long e, long f);
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

long __wrap_ashlar_system_call(long number, long a, long b, long c, long d, long e, long f) {
    const Kind kind = kind_of(number, b, c, d);
    const Failure failure = kind.may_fail ? decide(kind.call) : Failure{};
    if (failure.error == 0) return __real_ashlar_system_call(number, a, b, c, d, e, f);
    // Without a target mremap only asks (os/page_attributes.h).
    const bool has_target = kind.call != Call::kMove || (d & MREMAP_FIXED) != 0;
    if (failure.unmaps && has_target) {
        const long target = kind.call == Call::kMove ? e : a;
        __real_ashlar_system_call(SYS_munmap, target, b, 0, 0, 0, 0);
    }
    return -failure.error;
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
