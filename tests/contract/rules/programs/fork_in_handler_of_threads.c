/* SPDX-License-Identifier: MIT */
/*
 * Threads allocate and wait for each other's locks. Signals interrupt them anywhere, and the handlers fork. A
 * thread that was not interrupted forks too. No fork may block. The children in turn end at once, run another
 * program, allocate in the handler, or return into the interrupted call and continue to allocate.
 *
 * usage: fork_in_handler_of_threads [forks]
 */
#include "exercise.h"

#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/wait.h>

enum { kThreads = 3, kLargest = 70000 };

static atomic_int handled;
static atomic_bool stop;
static sem_t running;
static _Thread_local volatile sig_atomic_t is_child;

static void wait_for(pid_t child, int kind) {
    int status = -1;
    MUST(waitpid(child, &status, 0) == child);
    if (status == 0) return;
    dprintf(STDERR_FILENO, "child of kind %d: status %#x\n", kind, (unsigned)status);
    _exit(1);
}

static void on_signal(int signal) {
    (void)signal;
    if (is_child) return;
    const int errno_before = errno;
    const int number = atomic_fetch_add(&handled, 1);
    const pid_t child = fork();
    MUST(child >= 0);
    if (child == 0) {
        is_child = 1;
        switch (number % 4) {
        case 0:
            _exit(0);
        case 1:
            execl("/bin/true", "true", (char*)NULL);
            _exit(127);
        case 2:
            exercise(kLargest);
            _exit(0);
        default:
            return;
        }
    }
    wait_for(child, number % 4);
    errno = errno_before;
}

/* Slabs and caches hold few blocks of these sizes, so the threads hold locks most of the time. */
static void* allocate(void* unused) {
    static const size_t sizes[] = {20000, 9000, 3000, 40000, 1000};
    enum { kSizes = sizeof(sizes) / sizeof(sizes[0]), kBlocks = 64 };
    void* blocks[kBlocks];
    int rounds_of_child = 0;
    (void)unused;
    sem_post(&running);
    for (size_t round = 0; !atomic_load(&stop) && rounds_of_child < 3; ++round) {
        for (size_t i = 0; i < kBlocks; ++i)
            MUST((blocks[i] = opaque_pointer(malloc(sizes[(round + i / 16) % kSizes]))) != NULL);
        for (size_t i = 0; i < kBlocks; ++i)
            free(blocks[i]);
        if (!is_child) continue;
        exercise(kLargest);
        ++rounds_of_child;
    }
    if (is_child) _exit(0);
    return NULL;
}

static void* fork_undisturbed(void* unused) {
    sigset_t all;
    (void)unused;
    MUST(sigfillset(&all) == 0);
    MUST(pthread_sigmask(SIG_BLOCK, &all, NULL) == 0);
    while (!atomic_load(&stop)) {
        const pid_t child = fork();
        MUST(child >= 0);
        if (child == 0) {
            exercise(kLargest);
            _exit(0);
        }
        wait_for(child, -1);
    }
    return NULL;
}

int main(int count, char** arguments) {
    const int wanted = count > 1 ? atoi(arguments[1]) : 400;
    MUST(wanted > 0);
    const struct sigaction action = {.sa_handler = on_signal, .sa_flags = SA_RESTART};
    MUST(sigaction(SIGUSR1, &action, NULL) == 0);
    MUST(sem_init(&running, 0, 0) == 0);
    pthread_t threads[kThreads], forking;
    for (int i = 0; i < kThreads; ++i)
        MUST(pthread_create(&threads[i], NULL, allocate, NULL) == 0);
    for (int i = 0; i < kThreads; ++i)
        while (sem_wait(&running) != 0)
            MUST(errno == EINTR);
    MUST(pthread_create(&forking, NULL, fork_undisturbed, NULL) == 0);
    for (int sent = 0; sent < wanted; ++sent) {
        MUST(pthread_kill(threads[sent % kThreads], SIGUSR1) == 0);
        while (atomic_load(&handled) + 1 < sent) /* at most two handlers at a time */
            sched_yield();
    }
    atomic_store(&stop, 1);
    for (int i = 0; i < kThreads; ++i)
        MUST(pthread_join(threads[i], NULL) == 0);
    MUST(pthread_join(forking, NULL) == 0);
    return 0;
}
