/* SPDX-License-Identifier: MIT */
/* Opens libashlar.so (the argument) beside the C library's malloc, uses it by name, closes it, and uses it
 * again. */
#include "exercise.h"

#include <dlfcn.h>
#include <pthread.h>

static void* (*their_malloc)(size_t);
static void (*their_free)(void*);
static void* (*their_realloc)(void*, size_t);
static int (*owns)(const void*);

static void* find(void* library, const char* name) {
    void* const found = dlsym(library, name);
    MUST(found != NULL);
    return found;
}

static void* in_thread(void* unused) {
    (void)unused;
    void* blocks[kExerciseBlocks];
    for (size_t i = 0; i < kExerciseBlocks; ++i) {
        blocks[i] = their_malloc(exercise_size(i, 30000));
        MUST(owns(blocks[i]) == 1);
        memset(blocks[i], 1, exercise_size(i, 30000));
    }
    for (size_t i = 0; i < kExerciseBlocks; ++i)
        their_free(blocks[i]);
    exercise(1000); /* and the C library's own */
    return NULL;
}

static void in_new_thread(void) {
    pthread_t thread;
    MUST(pthread_create(&thread, NULL, in_thread, NULL) == 0);
    MUST(pthread_join(thread, NULL) == 0);
}

int main(int count, char** arguments) {
    MUST(count == 2);
    void* const foreign = malloc(1000);
    void* const foreign_large = malloc(1000000);
    void* const library = dlopen(arguments[1], RTLD_NOW | RTLD_LOCAL);
    if (library == NULL) dprintf(STDERR_FILENO, "%s\n", dlerror());
    MUST(library != NULL);
    void* found = find(library, "malloc");
    memcpy(&their_malloc, &found, sizeof their_malloc);
    found = find(library, "free");
    memcpy(&their_free, &found, sizeof their_free);
    found = find(library, "realloc");
    memcpy(&their_realloc, &found, sizeof their_realloc);
    found = find(library, "ashlar_owns");
    memcpy(&owns, &found, sizeof owns);

    unsigned char* blocks[kExerciseBlocks];
    for (size_t i = 0; i < kExerciseBlocks; ++i) {
        blocks[i] = their_malloc(i * 100 + 1);
        MUST(blocks[i] != NULL && owns(blocks[i]) == 1);
        memset(blocks[i], (int)i, i * 100 + 1);
    }
    their_free(foreign);
    their_free(their_realloc(foreign_large, 2000000));
    in_new_thread();
    MUST(dlclose(library) == 0);

    for (size_t i = 0; i < kExerciseBlocks; ++i) {
        MUST(all_bytes_are(blocks[i], i * 100 + 1, (unsigned char)i));
        blocks[i] = their_realloc(blocks[i], i * 100 + 500);
        MUST(blocks[i] != NULL);
        if (i % 2 == 0) their_free(blocks[i]);
    }
    in_new_thread();
    exercise(100000);
    MUST(dlopen(arguments[1], RTLD_NOW | RTLD_LOCAL) != NULL);
    for (size_t i = 1; i < kExerciseBlocks; i += 2)
        their_free(blocks[i]);
    in_new_thread();
    return 0;
}
