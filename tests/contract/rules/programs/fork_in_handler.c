/* SPDX-License-Identifier: MIT */
/*
 * A single-threaded process allocates and frees. A timer's signal interrupts it anywhere, in malloc too, and
 * the handler forks. The fork must not block. The child must work: it returns from the handler into the
 * interrupted call and continues to allocate.
 *
 * usage: fork_in_handler [forks]
 */
#include "exercise.h"

#include <signal.h>
#include <sys/time.h>
#include <sys/wait.h>

static sig_atomic_t wanted = 200;
static volatile sig_atomic_t forks;
static volatile sig_atomic_t is_child;

static void on_timer(int signal) {
    (void)signal;
    if (is_child || forks == wanted) return; /* a slow child must not delay the end of the loop */
    const int errno_before = errno;
    const pid_t pid = fork();
    MUST(pid >= 0);
    if (pid == 0) {
        is_child = 1;
        return;
    }
    int status = -1;
    MUST(waitpid(pid, &status, 0) == pid);
    MUST(status == 0);
    ++forks;
    errno = errno_before;
}

int main(int count, char** arguments) {
    if (count > 1) wanted = atoi(arguments[1]);
    MUST(wanted > 0);
    struct sigaction action = {.sa_handler = on_timer, .sa_flags = SA_RESTART};
    MUST(sigaction(SIGALRM, &action, NULL) == 0);
    const struct itimerval every_millisecond = {{0, 1000}, {0, 1000}};
    MUST(setitimer(ITIMER_REAL, &every_millisecond, NULL) == 0);
    int rounds_of_child = 0;
    while (forks < wanted && rounds_of_child < 3) {
        exercise(100000);
        for (int i = 0; i < 2000; ++i)
            free(opaque_pointer(malloc(opaque_size(1 + (size_t)i % 3000))));
        rounds_of_child += is_child;
    }
    return 0;
}
