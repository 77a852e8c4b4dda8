/* SPDX-License-Identifier: MIT */
/* dlsym and dlerror allocate inside the loader at their first use in a process and in a thread. */
#include "exercise.h"

#include <dlfcn.h>
#include <pthread.h>

static void look_up(void) {
    MUST(dlsym(RTLD_DEFAULT, "there_is_no_such_function") == NULL);
    const char* const message = dlerror();
    MUST(message != NULL && strstr(message, "there_is_no_such_function") != NULL);
    MUST(dlsym(RTLD_NEXT, "malloc") != NULL);
    MUST(dlopen("/there/is/no/such/library.so", RTLD_NOW) == NULL);
    MUST(dlerror() != NULL);
}

static void* in_thread(void* unused) {
    (void)unused;
    look_up();
    exercise(1000);
    return NULL;
}

int main(void) {
    look_up();
    for (int i = 0; i < 20; ++i) {
        pthread_t thread;
        MUST(pthread_create(&thread, NULL, in_thread, NULL) == 0);
        MUST(pthread_join(thread, NULL) == 0);
    }
    exercise(100000);
    return 0;
}
