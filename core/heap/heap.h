// SPDX-License-Identifier: MIT
//
// The heap: allocates, releases and resizes blocks of every size and owner.
// Requests within the size classes are served by the calling thread's stacks, larger ones by slices of the
// window. The fallback serves what the window does not hold. The fast paths are here, in full: malloc finds
// the class and pops, free finds the owner and pushes. They take no lock, make no call and do not touch the
// block. A golden test counts their instructions.
//
// Results and errno are those of the C functions. A request above PTRDIFF_MAX, or without memory, returns
// null and sets ENOMEM. Releasing keeps errno.
#pragma once

#include "cache/pointer_stacks.h"
#include "layout/size_class.h"
#include "layout/window.h"
#include "os/marking.h"
#include "os/mutex.h"

#include <cstddef>

namespace ashlar::heap {

// Serve what the calling thread's stacks do not. The caller has counted the request (see
// PointerStacks::count_bytes) unless it is above the size classes.
void* allocate_slow(std::size_t size);
void release_slow(void* block);

// Returns a block, or null if the caller must call allocate_slow().
[[gnu::always_inline]] inline void* allocate_fast(std::size_t size) {
    os::expect_no_lock("malloc");
    if (size > layout::kMaxClassSize) [[unlikely]]
        return nullptr;
    cache::PointerStacks& stacks = cache::my_stacks();
    const layout::SizeClass c = layout::class_of(size);
    void* block = nullptr;
    if (!stacks.count_bytes(size) || !stacks.take(c, block)) [[unlikely]]
        return nullptr;
    os::mark_used(block, layout::class_size(c));
    return block;
}

[[gnu::always_inline]] inline void* allocate(std::size_t size) {
    if (void* const block = allocate_fast(size)) [[likely]]
        return block;
    return allocate_slow(size);
}

[[gnu::always_inline]] inline void release(void* block) {
    os::expect_no_lock("free");
    const std::size_t sixteenth = layout::window.sixteenths_of(block);
    if (layout::window.reaches_sixteenth(sixteenth)) [[likely]] {
        const layout::SliceHeader header = layout::window.header_of_sixteenth(sixteenth);
        os::mark_free(block, layout::class_size(header.size_class())); // does nothing for class 0
        if (cache::my_stacks().push(header, block)) [[likely]]
            return;
    }
    release_slow(block);
}

void* allocate_zeroed(std::size_t count, std::size_t size);
// `alignment` is a power of two.
void* allocate_aligned(std::size_t alignment, std::size_t size);
// A null `block` allocates. A `size` of 0 releases and returns null, keeping errno. Failure keeps the block.
void* resize(void* block, std::size_t size);
std::size_t usable_size(void* block);

// Runs at start-up, with the environment of the process. In the preload library the first allocation reserves
// the window, so a process that never allocates has none. In the static library start() reserves it.
// `arguments` are those of main and lie where the main thread's stack begins.
void start(const char* const* arguments, const char* const* environment);
os::Mutex<os::Rank::kOpening>& opening_mutex();
// Returns false if the fallback serves everything: there is no window, or Ashlar is switched off.
bool serving();
// Close and reopen the heap in a forked child whose thread was interrupted in a call of the allocator. While
// the heap is closed, the thread has no cache, allocations use the fallback, and released blocks are lost.
// go_on() gives the thread its cache back. The heap then works as before if it is `whole`.
void close();
void go_on(bool whole);
bool closed();
// Gives back all free memory that counts against a limit, so that a request about to be refused may succeed.
// Returns false if there was none.
bool make_room();
// Returns the thread's cached blocks and all free memory to the system; false if there was none.
bool trim(std::size_t keep);

} // namespace ashlar::heap
