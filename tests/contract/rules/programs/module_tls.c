/* SPDX-License-Identifier: MIT */
/* Opens a library with large thread-local storage, touches the storage in many threads, and closes the
 * library, repeatedly. */
#include "exercise.h"

#include <dlfcn.h>
#include <pthread.h>

typedef size_t Touch(void);
static Touch* touch;

static void* in_thread(void* unused) {
    (void)unused;
    exercise(1000);
    MUST(touch() == 1);
    exercise(1000);
    MUST(touch() == 2);
    return NULL;
}

static void* without_exercise(void* unused) {
    (void)unused;
    MUST(touch() == 1);
    return NULL;
}

int main(int count, char** arguments) {
    MUST(count == 2);
    for (int round = 0; round < 10; ++round) {
        void* const library = dlopen(arguments[1], RTLD_NOW | RTLD_LOCAL);
        MUST(library != NULL);
        void* const found = dlsym(library, "touch_tls");
        MUST(found != NULL);
        memcpy(&touch, &found, sizeof touch);
        MUST(touch() == 1);
        pthread_t threads[8];
        for (int i = 0; i < 8; ++i)
            MUST(pthread_create(&threads[i], NULL, i % 2 == 0 ? in_thread : without_exercise, NULL) == 0);
        for (int i = 0; i < 8; ++i)
            MUST(pthread_join(threads[i], NULL) == 0);
        MUST(dlclose(library) == 0);
    }
    exercise(100000);
    return 0;
}
