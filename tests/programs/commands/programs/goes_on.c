/* SPDX-License-Identifier: MIT
 *
 * A program that allocates, for `ashlar profile --pid` and `ashlar top` to look at. Says "ready" and goes on
 * until its standard input ends. A line of input makes it do something:
 *
 *   run        allocate from now on, a MiB of it before that is answered: planted_growth keeps blocks,
 *              planted_churn frees its own
 *   idle       allocate no more
 *   fork       have a child that allocates likewise, as long as its parent lives; its number is said
 *   exec       become this program again, idle
 *   kill       end by SIGKILL
 *
 * What was done is said: "done", or the number. */
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

static void* volatile sink;

__attribute__((noinline)) void planted_growth(void) {
    sink = malloc(4000);
}
__attribute__((noinline)) void planted_churn(void) {
    for (int i = 0; i < 8; ++i)
        free(sink = malloc(1000));
}

static void allocate(int times) {
    for (int i = 0; i < times; ++i) {
        planted_growth();
        planted_churn();
    }
}

/* Runs until there is input. */
static void go_on(void) {
    struct pollfd input = {STDIN_FILENO, POLLIN, 0};
    while (poll(&input, 1, 1) == 0)
        allocate(8);
}

/* Runs until the process is killed. The input belongs to the parent. */
static void go_on_until_killed(void) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    for (;;) {
        allocate(8);
        usleep(1000);
    }
}

static void say(const char* format, int number) {
    printf(format, number);
    fflush(stdout);
}

static pid_t child;

static void obey(const char* line, char* const* self) {
    if (strcmp(line, "fork\n") == 0) {
        child = fork();
        if (child == 0) go_on_until_killed();
        say("%d\n", child);
        return;
    }
    if (strcmp(line, "exec\n") == 0) execv("/proc/self/exe", self);
    if (strcmp(line, "kill\n") == 0) raise(SIGKILL);
    if (strcmp(line, "run\n") == 0) allocate(90);
    say("done\n", 0);
}

int main(int count, char** words) {
    (void)count;
    char line[16];
    say("ready\n", 0);
    setvbuf(stdin, NULL, _IONBF, 0); /* the program must not read ahead of poll */
    while (fgets(line, sizeof(line), stdin) != NULL) {
        obey(line, words);
        if (strcmp(line, "run\n") == 0) go_on();
    }
    if (child > 0) kill(child, SIGKILL);
    return 0;
}
