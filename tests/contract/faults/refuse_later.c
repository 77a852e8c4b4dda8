/* SPDX-License-Identifier: MIT */
/*
 * A library to preload. The system calls named in REFUSE_FROM_MAIN fail once the libraries are loaded.
 * Those in REFUSE_ON_SIGNAL fail in the thread that receives SIGUSR2, from then on. Allocates nothing.
 */
#include "refusals.h"

#include <signal.h>

static struct refusals on_signal;

static void refuse_now(int signal) {
    (void)signal;
    const int saved = errno;
    install_filter(on_signal.program, on_signal.length);
    errno = saved;
}

__attribute__((constructor)) static void start(void) {
    static struct refusals from_main;
    const char* const later = getenv("REFUSE_ON_SIGNAL");
    if (later != NULL) {
        parse_refusals(&on_signal, later);
        struct sigaction action = {.sa_handler = refuse_now};
        MUST(sigaction(SIGUSR2, &action, NULL) == 0);
    }
    const char* const now = getenv("REFUSE_FROM_MAIN");
    if (now == NULL) return;
    parse_refusals(&from_main, now);
    install_filter(from_main.program, from_main.length);
}
