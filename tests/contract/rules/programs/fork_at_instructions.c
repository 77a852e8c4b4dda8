/* SPDX-License-Identifier: MIT */
/*
 * Steps through calls of the allocator. A signal handler forks in the middle of them, again and again some
 * instructions later. A child whose thread held a lock has a closed heap. It uses the heap, returns into the
 * interrupted call and continues to allocate. Upkeep must not be due: it takes too many steps.
 *
 * usage: fork_at_instructions [instructions between two forks]
 */
#include "closed_heap.h"
#include "single_step.h"

#include <pthread.h>
#include <sys/wait.h>

static int distance = 211;
static int until_fork;
static int forks, closed;
static volatile sig_atomic_t is_child;

enum { kSeconds = 60, kClosed = 3 };

static void on_step(int signal, siginfo_t* information, void* context) {
    (void)signal;
    (void)information;
    if (place_in_allocator(context) == 0 || --until_fork > 0) return;
    until_fork = distance;
    const pid_t child = fork();
    MUST(child >= 0);
    if (child == 0) {
        alarm(kSeconds);
        if (!is_closed()) _exit(0);
        is_child = 1;
        end_steps(context);
        use_closed_heap();
        return;
    }
    int status = -1;
    MUST(waitpid(child, &status, 0) == child);
    if (status != 0 && status != kClosed << 8) {
        dprintf(STDERR_FILENO, "the child of fork %d ended with status %#x\n", forks, (unsigned)status);
        _exit(1);
    }
    ++forks;
    closed += status != 0;
}

static void small_blocks(void) {
    static const size_t sizes[] = {64, 400, 3000, 20000};
    enum { kBlocks = 24 };
    void* blocks[kBlocks];
    for (size_t i = 0; i < kBlocks; ++i)
        MUST((blocks[i] = opaque_pointer(malloc(sizes[i % 4]))) != NULL);
    for (size_t i = 0; i < kBlocks; ++i)
        free(blocks[i]);
}

static void large_blocks(void) {
    void* one = opaque_pointer(malloc(opaque_size(80000)));
    void* const other = opaque_pointer(malloc(opaque_size(66000)));
    MUST(one != NULL && other != NULL);
    MUST((one = opaque_pointer(realloc(one, opaque_size(140000)))) != NULL);
    MUST((one = opaque_pointer(realloc(one, opaque_size(70000)))) != NULL);
    free(other);
    free(one);
}

static void go_on_in_child(void) {
    exercise(70000);
    kept_are_intact();
    _exit(kClosed);
}

static void* wait_for_ever(void* unused) {
    for (;;)
        pause();
    return unused;
}

int main(int count, char** arguments) {
    if (count > 1) distance = atoi(arguments[1]);
    MUST(distance > 0);
    pthread_t other; /* fork takes locks only in a process with threads */
    MUST(pthread_create(&other, NULL, wait_for_ever, NULL) == 0);
    fill_kept();
    handle_steps(on_step);
    void (*const works[])(void) = {small_blocks, large_blocks};
    for (int round = 0; round < 6; ++round) {
        until_fork = 1 + 37 * round % distance;
        step_through(works[round % 2]);
        if (is_child) go_on_in_child();
    }
    kept_are_intact();
    MUST(closed > 0);
    if (count > 2) printf("%d forks, %d of them with a closed heap\n", forks, closed);
    return 0;
}
