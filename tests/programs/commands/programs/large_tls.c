/* SPDX-License-Identifier: MIT */
/* A library with more thread-local memory than the loader's reserve in a running program. */
__attribute__((tls_model("initial-exec"))) _Thread_local char large[8192];

char* large_memory(void) {
    return large;
}
