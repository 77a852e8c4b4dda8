// SPDX-License-Identifier: MIT
#include "os/thread_exit.h"

#include "os/mutex.h"

#include <cerrno>
#include <pthread.h>

extern "C" {
extern void* __dso_handle;
[[gnu::weak]] int __cxa_thread_atexit_impl(void (*function)(void*), void* argument, void* dso);
}

namespace ashlar::os {

namespace {

constinit ThreadExitFunction exit_function = nullptr;
constinit pthread_key_t key = 0;
constinit bool have_key = false;

void run(void* /*argument*/) {
    exit_function();
}

} // namespace

void prepare_thread_exit(ThreadExitFunction function) {
    exit_function = function;
    have_key = ::pthread_key_create(&key, run) == 0;
}

bool call_at_thread_exit() {
    expect_no_lock("pthread_setspecific");
    const int saved = errno;
    const bool done = have_key ? ::pthread_setspecific(key, &key) == 0
                               : __cxa_thread_atexit_impl != nullptr &&
                                     __cxa_thread_atexit_impl(run, nullptr, &__dso_handle) == 0;
    errno = saved;
    return done;
}

} // namespace ashlar::os
