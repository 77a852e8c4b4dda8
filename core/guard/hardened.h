// SPDX-License-Identifier: MIT
//
// The hardened policy: the functions of the heap (see heap.h for their contracts), with these differences.
//
// A block is live or not. An address that is not live is reported by the release, resize or size query that
// passes it (canary.h, live_map.h, external.h). The size of a block is known exactly. The bytes behind it are
// checked on release and resize (canary.h, large_blocks.h). Released blocks are poisoned and wait
// (waiting_blocks.h). A random one of the thread's free blocks is handed out. With the setting
// `checks:pointers` blocks of the size classes are only checked for being live.
//
// The heap below gets slightly larger requests and knows nothing of this policy. A block outside of the
// window belongs to the fallback and has no canary.
#pragma once

#include "guard/form.h"
#include "guard/large_blocks.h"
#include "guard/waiting_blocks.h"
#include "guard/waiting_runs.h"
#include "heap/heap.h"

#include <cstddef>

namespace ashlar::guard {

void* allocate(std::size_t size); // Form::kMalloc
void* allocate(std::size_t size, Form form);
constexpr void* allocate_fast(std::size_t /*size*/) {
    return nullptr; // every request takes the slow path
}
inline void* allocate_slow(std::size_t size, Form form) {
    return allocate(size, form);
}
void* allocate_zeroed(std::size_t count, std::size_t size);
void* allocate_aligned(std::size_t alignment, std::size_t size, Form form = Form::kMalloc);
void* resize(void* block, std::size_t size);
void release(void* block);
void release(void* block, const Claim& claim);
std::size_t usable_size(void* block);
bool trim(std::size_t keep);

// Start and end of the process and its threads; see lifecycle.cc.
void start();
void end_thread();
void check_at_exit();
void survive_fork();
// close() closes the heap. Until go_on() released blocks do not wait, and waiting blocks are not handed out.
void close();
void go_on(bool whole);
template <typename Visit>
void for_each_lock(Visit visit) {
    visit(waiting_blocks::mutex());
    visit(WaitingRuns::mutex());
}

// Bytes of blocks that were released and are not yet back in the heap: in slabs, and in large blocks.
std::size_t waiting_bytes();
std::size_t waiting_large_bytes();
constexpr const void* waiting_large_counter() {
    return &WaitingRuns::bytes_of_all;
}

} // namespace ashlar::guard
