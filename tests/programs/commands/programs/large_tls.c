/* SPDX-License-Identifier: MIT */
/* A library with more thread-local memory than the loader has room for once the program runs. */
__attribute__((tls_model("initial-exec"))) _Thread_local char large[8192];

char* large_memory(void) {
    return large;
}
