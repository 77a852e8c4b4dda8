// SPDX-License-Identifier: MIT
//
// The functions of a policy beside serving blocks, for builds without one.
#pragma once

#include "cache/thread_cache.h"
#include "heap/heap.h"

#include <cstddef>

namespace ashlar::guard {

// Start and end of the process and its threads; see lifecycle.cc.
inline void start() {}
using cache::end_thread;
inline void check_at_exit() {
    cache::flush();
}
inline void survive_fork() {}
using heap::close;
using heap::go_on;
template <typename Visit>
void for_each_lock(Visit /*visit*/) {}

// Bytes of blocks that were released and are not yet back in the heap: in slabs, and in large blocks.
inline std::size_t waiting_bytes() {
    return 0;
}
inline std::size_t waiting_large_bytes() {
    return 0;
}
// Returns the address of the latter count, for readers in other processes, or null if there is none.
constexpr const void* waiting_large_counter() {
    return nullptr;
}

} // namespace ashlar::guard
