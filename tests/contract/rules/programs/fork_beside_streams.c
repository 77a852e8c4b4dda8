/* SPDX-License-Identifier: MIT */
/*
 * One thread flushes all streams. Another reads lines longer than its buffer: getline reallocates and holds
 * the stream's lock. Meanwhile the process forks. Flushing holds the lock on the list of streams, which fork
 * needs too, and waits for the stream. The child allocates and uses its own streams.
 *
 * usage: fork_beside_streams [forks]
 */
#include "exercise.h"

#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <sys/wait.h>

enum { kLine = 50000 };

static atomic_bool stop;
static sem_t running;

static void* flush(void* unused) {
    sem_post(&running);
    while (!atomic_load(&stop))
        MUST(fflush(NULL) == 0);
    return unused;
}

static void* read_lines(void* file) {
    sem_post(&running);
    while (!atomic_load(&stop)) {
        char* line = NULL;
        size_t room = 0;
        rewind(file);
        MUST(getline(&line, &room, file) == kLine + 1);
        free(line);
    }
    return NULL;
}

static void live_as_child(FILE* file) {
    exercise(10000);
    FILE* const own = tmpfile();
    MUST(own != NULL);
    MUST(fputs("a line\n", own) >= 0);
    MUST(fflush(NULL) == 0);
    MUST(fclose(own) == 0);
    char character;
    MUST(fread(&character, 1, 1, file) <= 1); /* the contents do not matter: the stream's lock is free */
    _exit(0);
}

int main(int count, char** arguments) {
    const int forks = count > 1 ? atoi(arguments[1]) : 500;
    MUST(forks > 0);
    static char text[kLine + 1];
    memset(text, 'x', kLine);
    text[kLine] = '\n';
    FILE* const file = fmemopen(text, sizeof(text), "r"); /* a child would move the offset of a real file */
    MUST(file != NULL);
    MUST(sem_init(&running, 0, 0) == 0);
    pthread_t threads[2];
    MUST(pthread_create(&threads[0], NULL, flush, NULL) == 0);
    MUST(pthread_create(&threads[1], NULL, read_lines, file) == 0);
    for (int i = 0; i < 2; ++i)
        while (sem_wait(&running) != 0)
            MUST(errno == EINTR);
    for (int i = 0; i < forks; ++i) {
        const pid_t child = fork();
        MUST(child >= 0);
        if (child == 0) live_as_child(file);
        int status = -1;
        MUST(waitpid(child, &status, 0) == child);
        MUST(status == 0);
    }
    atomic_store(&stop, 1);
    for (int i = 0; i < 2; ++i)
        MUST(pthread_join(threads[i], NULL) == 0);
    return 0;
}
