// SPDX-License-Identifier: MIT
//
// The heap: allocate, release, resize, whatever the size and whoever owns the pointer.
//
// A request within the size classes is served by the calling thread's stacks, a larger one by slices of the
// window. What the window does not hold is served by the fallback. The fast paths are here, in full. malloc
// is "which class; pop; or the slow path". free is "whose is it; push; or the slow path". They take no lock,
// make no call and touch no memory of the block; a golden test counts their instructions. Results and errno
// are as the C functions want them: null with ENOMEM when memory is short or the size exceeds PTRDIFF_MAX;
// releasing keeps errno.
#pragma once

#include "cache/pointer_stacks.h"
#include "layout/size_class.h"
#include "layout/window.h"
#include "os/marking.h"
#include "os/mutex.h"

#include <cstddef>

namespace ashlar::heap {

// What the calling thread's stacks do not serve. The request was counted (see PointerStacks::count_bytes),
// unless it is above the size classes.
void* allocate_slow(std::size_t size);
void release_slow(void* block);

// Null if the rest is allocate_slow()'s.
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
        os::mark_free(block, layout::class_size(header.size_class())); // nothing, if it is no class's
        if (cache::my_stacks().push(header, block)) [[likely]]
            return;
    }
    release_slow(block);
}

void* allocate_zeroed(std::size_t count, std::size_t size);
// `alignment` is a power of two.
void* allocate_aligned(std::size_t alignment, std::size_t size);
// Null allocates; 0 releases and returns null with errno unchanged. On failure the old block is untouched.
void* resize(void* block, std::size_t size);
std::size_t usable_size(void* block);

// Start-up hook, with the environment of the process. In the preload library the first call reserves the
// window, so that a process which never allocates does not pay for one. In the static library it is reserved
// here. The arguments of main lie where the main thread's stack begins.
void start(const char* const* arguments, const char* const* environment);
os::Mutex<os::Rank::kOpening>& opening_mutex();
// False if everything goes to the fallback: there is no window, or the user switched Ashlar off.
bool serving();
// In a forked child, while its thread's own call is interrupted half-way. The calling thread has no cache,
// what is allocated comes from the fallback, and what is released here is lost. Once that call goes on, the
// thread has its cache again, and if the heap is `whole`, all is as usual.
void close();
void go_on(bool whole);
bool closed();
// Gives back all that is free and counts against a limit, so that a request which is about to be refused may
// be served. False if there was nothing.
bool make_room();
// Returns the calling thread's cached blocks and all free memory to the system; true if some was returned.
bool trim(std::size_t keep);

} // namespace ashlar::heap
