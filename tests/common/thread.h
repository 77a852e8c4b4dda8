// SPDX-License-Identifier: MIT
//
// A thread with a chosen stack size. std::thread uses the default, 8 MiB.
#pragma once

#include "build_kind.h"
#include "report.h"

#include <cstddef>
#include <cstring>
#include <pthread.h>

namespace common {

inline constexpr std::size_t kSmallStack = kSanitized ? std::size_t{512} << 10 : std::size_t{64} << 10;

inline pthread_t start_thread(void* (*function)(void*), void* argument, std::size_t stack = kSmallStack) {
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, stack);
    pthread_t thread{};
    const int error = pthread_create(&thread, &attributes, function, argument);
    pthread_attr_destroy(&attributes);
    if (error != 0) fail("pthread_create: %s", std::strerror(error));
    return thread;
}

inline void join_thread(pthread_t thread) {
    const int error = pthread_join(thread, nullptr);
    if (error != 0) fail("pthread_join: %s", std::strerror(error));
}

} // namespace common
