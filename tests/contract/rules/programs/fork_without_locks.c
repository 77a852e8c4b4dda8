/* SPDX-License-Identifier: MIT */
/*
 * A thread is stopped while it holds a lock of the allocator. The main thread holds another lock when a
 * signal handler forks. The fork cannot take all locks and continues without them. The child's heap stays
 * closed, also after the interrupted call has returned.
 */
#include "closed_heap.h"
#include "single_step.h"

#include <pthread.h>
#include <semaphore.h>
#include <sys/wait.h>

enum { kSeconds = 60, kClosed = 3, kDistance = 41 };

static sem_t stopped;
static uintptr_t place_under_lock; /* an address that the main thread passes */
static volatile sig_atomic_t is_child;
static int forks_without_lock;

/* Returns whether a child that is forked here finds a closed heap. */
static int is_under_lock(void) {
    const pid_t child = fork();
    MUST(child >= 0);
    if (child == 0) _exit(is_closed() ? kClosed : 0);
    int status = -1;
    MUST(waitpid(child, &status, 0) == child);
    MUST(status == 0 || status == kClosed << 8);
    return status != 0;
}

/* Returns the interrupted code's next instruction if it holds a lock, otherwise 0. Checks only some
 * places. */
static uintptr_t find_lock(const void* context) {
    static int until_look;
    const uintptr_t place = place_in_allocator(context);
    if (place == 0 || --until_look > 0) return 0;
    until_look = kDistance;
    return is_under_lock() ? place : 0;
}

static void find_place(int signal, siginfo_t* information, void* context) {
    (void)signal;
    (void)information;
    place_under_lock = find_lock(context);
    if (place_under_lock != 0) end_steps(context);
}

static void stop_under_lock(int signal, siginfo_t* information, void* context) {
    (void)signal;
    (void)information;
    if (find_lock(context) == 0) return;
    MUST(sem_post(&stopped) == 0);
    for (;;)
        pause();
}

static void fork_at_place(int signal, siginfo_t* information, void* context) {
    (void)signal;
    (void)information;
    if (place_in_allocator(context) != place_under_lock) return;
    end_steps(context);
    const pid_t child = fork();
    MUST(child >= 0);
    if (child == 0) {
        is_child = 1;
        alarm(kSeconds);
        use_closed_heap();
        return;
    }
    int status = -1;
    MUST(waitpid(child, &status, 0) == child);
    MUST(status == 0);
    ++forks_without_lock;
}

/* Uses few slabs, which already exist, so the thread only takes the lock of its own bin. */
static void small_blocks(void) {
    enum { kBlocks = 300 };
    void* blocks[kBlocks];
    for (size_t i = 0; i < kBlocks; ++i)
        MUST((blocks[i] = opaque_pointer(malloc(opaque_size(64)))) != NULL);
    for (size_t i = 0; i < kBlocks; ++i)
        free(blocks[i]);
}

static void* work_until_stopped(void* unused) {
    small_blocks();
    for (;;)
        step_through(small_blocks);
    return unused;
}

static void* wait_for_ever(void* unused) {
    for (;;)
        pause();
    return unused;
}

int main(void) {
    pthread_t other;
    MUST(pthread_create(&other, NULL, wait_for_ever, NULL) == 0); /* fork takes locks only with threads */
    fill_kept();
    small_blocks();
    handle_steps(find_place);
    while (place_under_lock == 0)
        step_through(small_blocks);
    handle_steps(stop_under_lock);
    MUST(sem_init(&stopped, 0, 0) == 0);
    MUST(pthread_create(&other, NULL, work_until_stopped, NULL) == 0);
    while (sem_wait(&stopped) != 0)
        MUST(errno == EINTR);
    handle_steps(fork_at_place);
    while (forks_without_lock == 0 && !is_child)
        step_through(small_blocks);
    kept_are_intact();
    if (is_child) {
        MUST(is_closed());
        exercise(70000);
        kept_are_intact();
    }
    _exit(0);
}
