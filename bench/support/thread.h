// SPDX-License-Identifier: MIT
// Threads of a workload. A workload runs with all the threads that it needs or not at all.
#pragma once

#include "support/fail.h"
#include "support/placement.h"

#include <cstring>
#include <pthread.h>

namespace bench {

using ThreadBody = void* (*)(void*);

inline pthread_t start_thread(ThreadBody body, void* argument, const pthread_attr_t* attributes = nullptr) {
    const Pinning::Turn turn(pinning);
    pthread_t thread{};
    const int error = pthread_create(&thread, attributes, body, argument);
    if (error != 0) {
        fail(kRunFailed, "cannot start a thread: %s\n", strerrordesc_np(error));
    }
    return thread;
}

// Starts a thread that is not joined. It may end while its successor works, like threads of a server.
inline void start_detached_thread(ThreadBody body, void* argument) {
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    start_thread(body, argument, &attributes);
    pthread_attr_destroy(&attributes);
}

} // namespace bench
