// SPDX-License-Identifier: MIT
#include "heap/large.h"

#include "cache/thread_cache.h"
#include "layout/superslab.h"
#include "os/marking.h"
#include "os/page_memory.h"
#include "os/topology.h"
#include "slab/misuse.h"

#include <algorithm>
#include <atomic>
#include <cstdint>

namespace ashlar::heap::large {

namespace {

using layout::kSliceSize;
using layout::Run;
using layout::Slice;
using layout::SliceHeader;
using layout::Superslabs;
using layout::superslabs;
using layout::window;

// The descriptor of a large block's first slice. Members are atomic because a faulty program may use one
// block in two threads, and then reads and writes race.
struct Extent {
    std::atomic<std::uint32_t> slices;
    std::atomic<std::uint32_t> mark;
    std::atomic<std::uint32_t> number;
};
// Remains after the block is released. In a slab's descriptor the upper half of an address lies here, which
// is never as large.
constexpr std::uint32_t kMark = 0xb10cb10c;
static_assert(sizeof(Extent) <= layout::kSlabDescriptorSize && offsetof(Extent, slices) == kOffsetOfSlices);

Extent& extent_of(Slice first) {
    return *reinterpret_cast<Extent*>(window.slab_descriptors.start() + first * layout::kSlabDescriptorSize);
}

std::size_t slices_of(Slice first) {
    return extent_of(first).slices.load(std::memory_order_relaxed);
}
void set_slices(Slice first, std::size_t slices) {
    extent_of(first).slices.store(static_cast<std::uint32_t>(slices), std::memory_order_relaxed);
}

constexpr std::size_t slices_for(std::size_t size) {
    return (size + kSliceSize - 1) / kSliceSize;
}

// Starts a block in `run`. With `kept` the run is a kept run, which already counts as large.
Block begin(Run run, std::size_t slices, bool kept = false) {
    if (run.first == 0) return {};
    if (!kept) superslabs.note_large(static_cast<std::ptrdiff_t>(slices));
    set_slices(run.first, slices);
    extent_of(run.first).mark.store(kMark, std::memory_order_relaxed);
    extent_of(run.first).number.store(0, std::memory_order_relaxed);
    window.publish_header(run.first, kHeader);
    os::mark_used(window.address_of(run.first), slices * kSliceSize);
    return {window.address_of(run.first), run.zero};
}

// Header of a slice where no block starts.
constexpr SliceHeader kNoBlock = layout::kUnused;

// Takes the block away from the program before anything about it is read or changed. If several threads
// release or resize it at once, one claims it and the others end the process.
void claim(Slice first) {
    if (window.replace_header(first, kHeader, kNoBlock)) return;
    os::Message message;
    message.text("double free of ").address(window.address_of(first));
    message.text(": a large block that another thread frees or reallocates at this moment");
    slab::report(message, slab::Found::kInTheCall);
}
// Gives a claimed block back to the program.
void hand_back(Slice first) {
    window.publish_header(first, kHeader);
}

// Ends a claimed block. The caller owns its slices afterwards. They count as large until give(), kept or not.
std::size_t end(Slice first) {
    const std::size_t slices = slices_of(first);
    os::mark_free(window.address_of(first), slices * kSliceSize);
    return slices;
}

void give(Slice first, std::size_t slices) {
    superslabs.note_large(-static_cast<std::ptrdiff_t>(slices));
    superslabs.give(first, slices);
}

// Takes a run of `slices` whose first slice is aligned to `multiple` slices in memory.
Run take(std::size_t slices, std::size_t multiple, Superslabs::Want want) {
    const os::Node node = os::current_node();
    if (multiple == 1) return superslabs.take(slices, want, node);
    Run run = superslabs.take(slices + multiple - 1, Superslabs::Want::kAny, node);
    if (run.first == 0) return run;
    const std::uintptr_t start = reinterpret_cast<std::uintptr_t>(window.address_of(run.first)) / kSliceSize;
    const auto before = static_cast<Slice>((multiple - start % multiple) % multiple);
    superslabs.give_untouched(run.first, before, run.zero);
    superslabs.give_untouched(static_cast<Slice>(run.first + before + slices), multiple - 1 - before,
                              run.zero);
    run.first += before;
    return run;
}

// Resizes a claimed block in place. Returns false if the slices behind it are not free.
bool resize_claimed(Slice first, std::size_t slices) {
    const std::size_t old_slices = slices_of(first);
    if (slices > old_slices &&
        superslabs.take_at(static_cast<Slice>(first + old_slices), slices - old_slices).first == 0) {
        return false;
    }
    set_slices(first, slices);
    if (slices > old_slices) superslabs.note_large(static_cast<std::ptrdiff_t>(slices - old_slices));
    char* const changed = window.address_of(static_cast<Slice>(first + std::min(slices, old_slices)));
    if (slices > old_slices) os::mark_used(changed, (slices - old_slices) * kSliceSize);
    if (slices < old_slices) {
        os::mark_free(changed, (old_slices - slices) * kSliceSize);
        give(static_cast<Slice>(first + slices), old_slices - slices);
    }
    return true;
}

// Moves the pages of a claimed block to a longer run. Returns null if that is impossible.
void* move_claimed(Slice from, std::size_t slices) {
    const std::size_t old_slices = slices_of(from);
    // The memory remains on its node.
    const Run to = superslabs.take_with_room(slices, old_slices, superslabs.node_of(from));
    if (to.first == 0) return nullptr;
    const os::Change result = superslabs.move(from, to.first, old_slices);
    if (result != os::Change::kDone) {
        if (result == os::Change::kRefused) { // the attempt may have cost the slices their advice
            to.zero ? superslabs.give_clean(to.first, slices) : superslabs.give(to.first, slices);
        }
        return nullptr;
    }
    end(from);
    superslabs.note_large(-static_cast<std::ptrdiff_t>(old_slices));
    superslabs.give_clean(from, old_slices);
    return begin(to, slices).start;
}

} // namespace

Block allocate(std::size_t size, std::size_t alignment, Contents contents) {
    const std::size_t slices = std::max<std::size_t>(slices_for(size), 1);
    const std::size_t multiple = std::max<std::size_t>(alignment / kSliceSize, 1);
    // Larger requests exceed the window. The check also excludes overflow below.
    if (slices >= window.end_slice || multiple >= window.end_slice) return {};
    if (contents == Contents::kAny && multiple == 1) {
        if (const Slice recent = cache::take_run(slices)) return begin({recent, false}, slices, true);
    }
    cache::look_after_allocation();
    const auto want = contents == Contents::kAny ? Superslabs::Want::kWarm : Superslabs::Want::kAny;
    const Run run = take(slices, multiple, want);
    superslabs.purge_if_due();
    return begin(run, slices);
}

Block allocate_growing(std::size_t size) {
    const std::size_t slices = slices_for(size);
    if (slices >= window.end_slice) return {};
    const Run run = superslabs.take_with_room(slices, 0, os::current_node());
    superslabs.purge_if_due();
    return begin(run, slices);
}

std::uint32_t release(void* block) {
    const Slice first = window.slice_of(block);
    claim(first);
    const std::uint32_t number = number_of(block);
    const std::size_t slices = end(first);
    if (cache::keep_run(first, slices)) return number;
    give(first, slices);
    cache::look_after_release();
    return number;
}

std::size_t usable_size(const void* block) {
    return slices_of(window.slice_of(block)) * kSliceSize;
}

std::uint32_t number_of(const void* block) {
    return extent_of(window.slice_of(block)).number.load(std::memory_order_relaxed);
}

void set_number(void* block, std::uint32_t number) {
    extent_of(window.slice_of(block)).number.store(number, std::memory_order_relaxed);
}

const char* block_around(const void* address) {
    const Slice asked = window.slice_of(address);
    Slice first = asked;
    while (first > window.first_slice && window.header(first) == kNoBlock)
        --first;
    return window.header(first) == kHeader && asked - first < slices_of(first) ? window.address_of(first)
                                                                               : nullptr;
}

bool was_block(const void* address) {
    const Slice slice = window.slice_of(address);
    return layout::is_slice_start(address) && window.header(slice) == kNoBlock &&
           (slice + std::size_t{1}) * layout::kSlabDescriptorSize <= window.slab_descriptors.committed() &&
           extent_of(slice).mark.load(std::memory_order_relaxed) == kMark;
}

bool resize_in_place(void* block, std::size_t size) {
    const Slice first = window.slice_of(block);
    const std::size_t slices = std::max<std::size_t>(slices_for(size), 1);
    if (slices >= window.end_slice) return false;
    if (slices == slices_of(first)) return true;
    claim(first);
    const bool done = resize_claimed(first, slices);
    hand_back(first);
    superslabs.purge_if_due();
    return done;
}

bool should_move(const void* block, std::size_t size) {
    const std::size_t old_slices = slices_of(window.slice_of(block));
    const std::size_t slices = slices_for(size);
    return old_slices >= layout::SliceMap::kLeastSlicesToMove && slices > old_slices &&
           slices < window.end_slice;
}

void* resize_by_moving(void* block, std::size_t size) {
    if (!should_move(block, size)) return nullptr;
    const Slice first = window.slice_of(block);
    claim(first);
    void* const moved = move_claimed(first, slices_for(size));
    if (moved == nullptr) hand_back(first);
    return moved;
}

} // namespace ashlar::heap::large
