// SPDX-License-Identifier: MIT
//
// What the heap holds, gathered from the layers below. Costs the fast paths nothing: what the program holds
// is what left the slabs less what the thread caches hold.
#pragma once

#include <ashlar/ashlar.h>
#include <ashlar/statistics_layout.h>

namespace ashlar::observe {

// Thread-safe; see struct ashlar_statistics for what the figures mean and how exact they are.
ashlar_statistics gather_all();
// Likewise, without what is resident, which takes a system call for each 2 MiB.
ashlar_statistics gather();
// Of the size class with that number, from 1 on.
ashlar_class_statistics gather_class(unsigned number);
// Of the kind of the heap's own locks with that number, from 1 on.
ashlar_lock_statistics gather_lock(unsigned number);
inline constexpr unsigned kLockKinds = 10;
// What they are called. No pointers: these would have to be filled in when the library is loaded.
inline constexpr char kLockNames[kLockKinds][ASHLAR_LOCK_NAME_BYTES] = {
    "opening",     "drain",  "threads",    "shard_pool", "bins",
    "mixed_slabs", "growth", "superslabs", "quarantine", "metadata"};
constexpr const char* lock_name(unsigned number) {
    return kLockNames[number - 1];
}
// Without the fallback, which has locks of its own: for callers that may have interrupted it.
ashlar_statistics gather_heap();

} // namespace ashlar::observe
