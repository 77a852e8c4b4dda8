/* SPDX-License-Identifier: MIT */
/* A library with large, widely aligned thread-local storage. The loader allocates the storage with the
 * process's malloc, once a thread, at the first access. It frees the storage when the thread ends or the
 * library is closed. */
#include "exercise.h"

static _Thread_local _Alignas(4096) unsigned char wide[20000];
static _Thread_local size_t calls;

size_t touch_tls(void);
size_t touch_tls(void) {
    MUST((uintptr_t)wide % 4096 == 0);
    if (calls == 0) MUST(all_bytes_are(wide, sizeof wide, 0));
    memset(wide, 0x77, sizeof wide);
    return ++calls;
}
