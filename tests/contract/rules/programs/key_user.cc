// SPDX-License-Identifier: MIT
// A library whose constructor starts and joins threads. They allocate, free the opener's blocks and end with
// key destructors. (thread_local objects with destructors would need the loader's lock under any allocator.)
#include "exercise.h"

#include <pthread.h>

namespace {

pthread_key_t key{};

void* in_thread(void* block) {
    free(block);
    exercise(100'000);
    MUST(pthread_setspecific(key, malloc(100)) == 0);
    return nullptr;
}

struct Starter {
    Starter() {
        MUST(pthread_key_create(&key, [](void* block) {
                 exercise(1000);
                 free(block);
             }) == 0);
        pthread_t threads[4];
        for (pthread_t& thread : threads)
            MUST(pthread_create(&thread, nullptr, in_thread, malloc(500)) == 0);
        for (const pthread_t thread : threads)
            MUST(pthread_join(thread, nullptr) == 0);
        MUST(pthread_key_delete(key) == 0);
    }
};
const Starter starter;

} // namespace
