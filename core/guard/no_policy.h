// SPDX-License-Identifier: MIT
//
// What a policy has to do beside serving blocks, where there is none.
#pragma once

#include "cache/thread_cache.h"
#include "heap/heap.h"

#include <cstddef>

namespace ashlar::guard {

// Of the process and its threads; see lifecycle.cc.
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

// What was released and is not yet back in the heap, of slabs and in large blocks, and what knowing about
// blocks takes.
inline std::size_t waiting_bytes() {
    return 0;
}
inline std::size_t waiting_large_bytes() {
    return 0;
}
// Where the latter is counted, for readers in other processes; null: nowhere.
constexpr const void* waiting_large_counter() {
    return nullptr;
}

} // namespace ashlar::guard
