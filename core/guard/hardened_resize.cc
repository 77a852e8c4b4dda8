// SPDX-License-Identifier: MIT
//
// Resizing: in place if the block is long enough and little of it is wasted, otherwise by a move.
#include "guard/canary.h"
#include "guard/external.h"
#include "guard/hardened.h"
#include "guard/hardened_blocks.h"
#include "guard/live_map.h"
#include "guard/not_live.h"
#include "guard/violation.h"
#include "heap/fallback.h"

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <cstring>

namespace ashlar::guard {

namespace {

using canary::Facts;
using canary::kTrailer;
using layout::class_size;
using layout::kMaxClassSize;
using layout::SizeClass;
using layout::window;

// Returns whether the block can be kept. At most 1/2 may be wasted, as in the heap, or 3/4 if alignment made
// the block longer.
bool stays(std::size_t room, const Facts& facts, std::size_t size) {
    const std::size_t least = facts.alignment_shift > shift_of(0) ? room / 4 : room / 2;
    const std::size_t needed = pointers_only ? size : size + kTrailer;
    return needed <= room && (needed >= least || room <= 2 * layout::kAlignment);
}

void resize_in_class(void* block, SizeClass c, const Facts& facts, std::size_t size) {
    if (pointers_only) return;
    auto* const start = static_cast<char*>(block);
    canary::forget_end(start, facts.size, size);
    canary::close(start, class_size(c), {.size = size, .alignment_shift = shift_of(0)});
}

// Resizes a large block that is not live meanwhile. So a second thread that uses the block is reported.
bool resize_large_in_place(void* block, std::size_t size) {
    const std::size_t offset = window.offset_of(block);
    if (!live_map.end_once(offset)) report_not_live(block);
    const bool done = large_blocks::resize_in_place(block, size);
    live_map.begin(offset);
    return done;
}

// Returns false if it is impossible, or while the heap is closed.
bool resize_in_place(void* block, SizeClass c, const Facts& facts, std::size_t size) {
    if (heap::closed()) return false;
    if (c == 0) {
        // A short block of large alignment remains large if its size is unchanged.
        const bool stays_large = size > kMostInClass || size == facts.size;
        return stays_large && resize_large_in_place(block, size);
    }
    if (!stays(class_size(c), facts, size) && size != facts.size) return false;
    resize_in_class(block, c, facts, size);
    return true;
}

// Keeps the block if there is no memory for a smaller one.
void shrink_in_place(void* block, SizeClass c, const Facts& facts, std::size_t size) {
    if (heap::closed()) return;
    if (c != 0) {
        resize_in_class(block, c, facts, size);
    } else {
        resize_large_in_place(block, size);
    }
}

void* allocate_for(std::size_t old_size, std::size_t size) {
    if (size <= kMostInClass || size < old_size) return allocate(size);
    return allocate_large(size, shift_of(0), Form::kMalloc, large_blocks::Contents::kGrowing);
}

void* move(void* block, std::size_t old_size, std::size_t size) {
    void* const moved = allocate_for(old_size, size);
    if (moved == nullptr) return nullptr;
    std::memcpy(moved, block, std::min(old_size, size));
    release(block);
    return moved;
}

void* resize_external(void* block, std::size_t size) {
    if (heap::serving() && !external::may_be_block(block)) report_external(block);
    // heap::resize() would return a block of the window without closing it.
    if (size > kMaxClassSize || !heap::serving()) return heap::resize(block, size);
    const std::size_t usable = heap::fallback::usable_size(block);
    if (size <= usable && size >= usable / 2) return block;
    const int saved = errno;
    void* const moved = move(block, usable, size);
    if (moved != nullptr || size > usable) return moved;
    errno = saved; // without memory for a smaller block the old one is kept
    return block;
}

} // namespace

void* resize(void* block, std::size_t size) {
    if (block == nullptr) return allocate(size);
    if (size == 0) {
        release(block);
        return nullptr;
    }
    if (size > PTRDIFF_MAX) return out_of_memory();
    if (!window.contains(block)) return resize_external(block, size);
    const Facts facts = examine_any(block);
    const SizeClass c = window.header_of(block).size_class();
    if (resize_in_place(block, c, facts, size)) return block;
    const int saved = errno;
    void* const moved = move(block, facts.size, size);
    if (moved != nullptr || size > facts.size) return moved;
    errno = saved;
    shrink_in_place(block, c, facts, size);
    return block;
}

} // namespace ashlar::guard
