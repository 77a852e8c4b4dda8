/* SPDX-License-Identifier: MIT */
/*
 * locked_block: locks secrets and releases them without unlocking, between large blocks that are released
 * too. The large blocks must not keep their memory, and the locked amount must not grow.
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
        free(make(100000)); /* starts a decay round, which gives the memory back */
    malloc_trim(0);
    MUST(status_kib("VmRSS:") < kMostMib * 1024);
    MUST(status_kib("VmLck:") <= (long)locked);
    return 0;
}
