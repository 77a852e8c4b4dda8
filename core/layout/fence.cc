// SPDX-License-Identifier: MIT
//
// The fences of the hardened library: see superslab.h.
//
// A fence takes a slice like any other run, so the slice has no other owner. The first slab of a superslab
// that finds the last slice free raises the fence. The fence is dropped when the rest of the superslab is
// free, because long runs and limits need wholly free superslabs.
#include "layout/superslab.h"
#include "os/config.h"
#include "os/guard_pages.h"

namespace ashlar::layout {

namespace {

constexpr std::size_t kMostFenced = 8192; // superslabs, 16 GiB: each fence may be another mapping

constexpr Slice fence_of(std::size_t superslab) {
    return first_slice_of(superslab) + kSlicesPerSuperslab - 1;
}

} // namespace

// Gives the slice back. It stays unchecked, because a program may have changed it before it was a fence.
void Superslabs::give_fence_locked(Slice slice) {
    map_.give(slice, 1, true);
    map_.set_unchecked(slice, 1);
}

void Superslabs::raise_fence(std::size_t superslab) {
    const Slice slice = fence_of(superslab);
    // Most superslabs have a fence. This check needs no lock: an outdated answer does no harm.
    if (window.header(slice) != kUnused) return;
    if (os::settings.guard_pages.load(std::memory_order_relaxed) == 0) return;
    if (superslab - window.first_slice / kSlicesPerSuperslab >= kMostFenced && os::guards_are_mappings())
        return;
    {
        const os::Guard guard(mutex_);
        if (!map_.all_free(slice, 1) || map_.is_huge(superslab)) return;
        map_.take(slice, 1);
        window.set_headers(slice, 1, kBusyFence);
    }
    const bool done = os::raise_guard(window.address_of(slice), kSliceSize);
    {
        const os::Guard guard(mutex_);
        window.set_headers(slice, 1, done ? kFence : kUnused);
        if (!done) give_fence_locked(slice);
    }
    if (done) drop_lone_fence(superslab); // the rest may be free by now
}

void Superslabs::drop_lone_fence(std::size_t superslab) {
    const Slice slice = fence_of(superslab);
    if (window.header(slice) != kFence) return;
    {
        const os::Guard guard(mutex_);
        if (window.header(slice) != kFence ||
            !map_.all_free(first_slice_of(superslab), kSlicesPerSuperslab - 1)) {
            return;
        }
        window.set_headers(slice, 1, kBusyFence);
    }
    const bool done = os::lower_guard(window.address_of(slice), kSliceSize);
    const os::Guard guard(mutex_);
    window.set_headers(slice, 1, done ? kUnused : kFence);
    if (done) give_fence_locked(slice);
}

void Superslabs::drop_lone_fences(Slice first, std::size_t slices) {
    drop_lone_fence(first / kSlicesPerSuperslab);
    drop_lone_fence((first + slices - 1) / kSlicesPerSuperslab);
}

} // namespace ashlar::layout
