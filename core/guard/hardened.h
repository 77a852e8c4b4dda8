// SPDX-License-Identifier: MIT
//
// The hardened policy: the functions of the heap (see heap.h for what they promise), with these differences.
//
// A block is live or not. A release, resize or question about an address that is not live is reported at that
// call (canary.h, live_map.h, external.h). Its size is known exactly, and what stands behind it is looked at
// when it is released or resized (canary.h, large_blocks.h). Released blocks are poisoned and wait
// (waiting_blocks.h). Which of the thread's free blocks is handed out is random. With the setting
// `checks:pointers` only that a block of the size classes is live is asked.
//
// The heap below is asked for a little more than the program asks for and knows nothing of this. A block
// outside of the window is the fallback's and bare.
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
    return nullptr; // all is slow
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

// Of the process and its threads; see lifecycle.cc.
void start();
void end_thread();
void check_at_exit();
void survive_fork();
void close(); // the heap: meanwhile blocks neither wait nor are taken from those that do
void go_on(bool whole);
template <typename Visit>
void for_each_lock(Visit visit) {
    visit(waiting_blocks::mutex());
    visit(WaitingRuns::mutex());
}

// What was released and is not yet back in the heap, of slabs and in large blocks.
std::size_t waiting_bytes();
std::size_t waiting_large_bytes();
inline const void* waiting_large_counter() {
    return &WaitingRuns::bytes_of_all();
}

} // namespace ashlar::guard
