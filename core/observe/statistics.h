// SPDX-License-Identifier: MIT
//
// Figures of the heap, gathered from the layers below at no cost to the fast paths. The program holds the
// blocks that left the slabs, less the blocks in thread caches.
#pragma once

#include <ashlar/ashlar.h>
#include <ashlar/statistics_layout.h>

namespace ashlar::observe {

// Thread-safe. struct ashlar_statistics explains the figures and how exact they are.
ashlar_statistics gather_all();
// Gathers all but the resident memory, which takes a system call for each 2 MiB.
ashlar_statistics gather();
// Gathers the figures of size class `number`, from 1 on.
ashlar_class_statistics gather_class(unsigned number);
// Gathers the figures of the heap's own locks of kind `number`, from 1 on.
ashlar_lock_statistics gather_lock(unsigned number);
inline constexpr unsigned kLockKinds = 10;
// Names of the kinds. The loader would have to relocate pointers.
inline constexpr char kLockNames[kLockKinds][ASHLAR_LOCK_NAME_BYTES] = {
    "opening",     "drain",  "threads",    "shard_pool", "bins",
    "mixed_slabs", "growth", "superslabs", "quarantine", "metadata"};
constexpr const char* lock_name(unsigned number) {
    return kLockNames[number - 1];
}
// Gathers without the fallback, which has its own locks. For callers that may have interrupted the fallback.
ashlar_statistics gather_heap();

} // namespace ashlar::observe
