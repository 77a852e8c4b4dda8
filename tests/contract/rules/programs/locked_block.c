/* SPDX-License-Identifier: MIT */
/*
 * locked_block: secrets are locked and released without being unlocked, between large blocks that are
 * released too. These must not keep their memory while the program goes on, and no more may be locked than
 * was.
 */
#include "common/must.h"
#include "status.h"

#include <malloc.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

enum { kBlocks = 100, kSize = 1 << 20, kSecrets = 3, kMostMib = 16 };
static const size_t kSecretSizes[kSecrets] = {4096, 65536, 500000};

static char* make(size_t size) {
    char* const block = aligned_alloc(4096, opaque_size(size));
    MUST(block != NULL);
    memset(block, 1, size);
    return opaque_pointer(block);
}

int main(void) {
    char* blocks[kBlocks];
    char* secrets[kSecrets];
    size_t locked = 0;
    for (int i = 0; i < kBlocks; ++i) {
        blocks[i] = make(kSize);
        if (i % (kBlocks / kSecrets) != 0 || i / (kBlocks / kSecrets) >= kSecrets) continue;
        const int next = i / (kBlocks / kSecrets);
        secrets[next] = make(kSecretSizes[next]);
        MUST(mlock(secrets[next], kSecretSizes[next]) == 0);
        locked += (kSecretSizes[next] + 4095) / 4096 * 4;
    }
    for (int i = 0; i < kSecrets; ++i)
        free(secrets[i]);
    for (int i = 0; i < kBlocks; ++i)
        free(blocks[i]);
    while (status_kib("VmRSS:") >= kMostMib * 1024)
        free(make(100000)); /* it is a decay round that gives the memory back */
    malloc_trim(0);
    MUST(status_kib("VmRSS:") < kMostMib * 1024);
    MUST(status_kib("VmLck:") <= (long)locked);
    return 0;
}
