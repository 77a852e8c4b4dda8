// SPDX-License-Identifier: MIT
//
// Release in the hardened library. It checks the address, the bytes behind the block, and the caller's
// claims. A block that passes is poisoned and waits.
#include "cache/thread_cache.h"
#include "guard/canary.h"
#include "guard/external.h"
#include "guard/fast_limits.h"
#include "guard/hardened.h"
#include "guard/hardened_blocks.h"
#include "guard/live_map.h"
#include "guard/not_live.h"
#include "guard/violation.h"
#include "os/config.h"
#include "slab/slab.h"

#include <algorithm>

namespace ashlar::guard {

namespace {

using canary::Facts;
using layout::class_size;
using layout::SizeClass;
using layout::window;

// Returns whether a block of `size` bytes ends in its slice. Memory behind a slab must not be read.
bool may_be_read(std::size_t offset, std::size_t size) {
    return offset % layout::kSliceSize + size <= layout::kSliceSize;
}

[[noreturn, gnu::noinline]] void report_trailer(const void* block, SizeClass c) {
    const bool is_block = live_map.at(window.offset_of(block)) == LiveMap::State::kLive;
    if (!is_block || waiting_blocks::seems_to_wait(block, c)) report_not_live(block);
    report_overflow_into_trailer(block, class_size(c));
}

// Returns the facts of a block in use, and reports any other address or a write behind the block. The bytes
// behind a block are genuine from hand-out until release, which poisons them, and at no other address. So
// they prove that the block is in use. The live map, on other cache lines, need not be read.
Facts examine(const void* block, SizeClass c) {
    Facts facts;
    const std::size_t size = class_size(c);
    if (!may_be_read(window.offset_of(block), size)) {
        const char* const around = slab::block_around(block, c);
        if (around == nullptr || around != block) report_not_live(block);
    }
    if (!canary::read(static_cast<const char*>(block), size, facts)) report_trailer(block, c);
    const std::size_t bytes = canary::overflow(static_cast<const char*>(block), size, facts);
    if (bytes != 0) report_overflow(block, facts.size, bytes);
    return facts;
}

Facts examine_large(const void* block) {
    if (live_map.at(window.offset_of(block)) != LiveMap::State::kLive) report_not_live(block);
    const Facts facts = large_blocks::facts_of(block);
    const std::size_t bytes = large_blocks::overflow(block);
    if (bytes != 0) report_overflow(block, facts.size, bytes);
    return facts;
}

Facts examine_bare(const void* block, SizeClass c) {
    if (live_map.at(window.offset_of(block)) != LiveMap::State::kLive) report_not_live(block);
    return {.size = class_size(c)};
}

} // namespace

Facts examine_any(const void* block) {
    const SizeClass c = window.header_of(block).size_class();
    if (c == 0) return examine_large(block);
    return pointers_only ? examine_bare(block, c) : examine(block, c);
}

namespace {

// The claim of `free`: the block is not from `new`.
constexpr Claim kFree{.form = Form::kMalloc};

void check(const void* block, const Facts& facts, const Claim& claim) {
    const std::size_t alignment = std::size_t{1} << facts.alignment_shift;
    if (os::settings.check_sizes.load(std::memory_order_relaxed) != 0) {
        if (claim.size != 0 && claim.size != facts.size) report_wrong_size(block, facts, claim);
        if (claim.alignment != 0 && std::max(claim.alignment, layout::kAlignment) != alignment) {
            report_wrong_alignment(block, facts, claim);
        }
    }
    if (os::settings.check_forms.load(std::memory_order_relaxed) != 0) {
        const bool aligned = claim.by_operator && claim.alignment == 0 && alignment > layout::kAlignment;
        if (claim.form != facts.form || aligned) report_wrong_form(block, facts, claim);
    }
}

void release_outside_of_classes(void* block, const Claim& claim) {
    if (block == nullptr) return;
    if (window.contains(block)) {
        const Facts facts = examine_large(block);
        check(block, facts, claim);
        if (!live_map.end_once(window.offset_of(block))) report_not_live(block);
        large_blocks::release(block);
        return;
    }
    if (heap::serving() && !external::may_be_block(block)) report_external(block);
    heap::release(block);
}

// Releases a block of a size class, with pointers_only.
void release_live(void* block) {
    if (!live_map.end(window.offset_of(block))) report_not_live(block);
    heap::release(block);
}

// Releases a block while the heap is closed. Blocks of the window are lost.
void release_while_closed(void* block) {
    if (!window.contains(block)) heap::release(block);
}

[[gnu::noinline]] void release_any(void* block, const Claim& claim) {
    if (heap::closed()) [[unlikely]]
        return release_while_closed(block);
    const std::size_t offset = window.offset_of(block);
    const SizeClass c = window.reaches(offset) ? window.header_at(offset).size_class() : SizeClass{0};
    if (c == 0) return release_outside_of_classes(block, claim);
    if (pointers_only) return release_live(block);
    const Facts facts = examine(block, c);
    check(block, facts, claim);
    waiting_blocks::add(block, c);
}

[[gnu::noinline]] void release_bare(void* block) {
    const std::size_t offset = window.offset_of(block);
    if (!window.reaches(offset)) [[unlikely]]
        return release_any(block, kFree);
    const layout::SliceHeader header = window.header_at(offset);
    if (header.size_class() == 0) [[unlikely]]
        return release_any(block, kFree);
    if (!live_map.end(offset)) [[unlikely]]
        report_not_live(block);
    if (!cache::my_stacks().push(header, block)) [[unlikely]]
        heap::release_slow(block);
}

[[gnu::noinline]] void release_otherwise(void* block) {
    if (pointers_only) return release_bare(block);
    release_any(block, kFree);
}

} // namespace

void release(void* block) {
    const std::size_t offset = window.offset_of(block);
    if (!window.reaches(offset)) [[unlikely]]
        return release_otherwise(block);
    const SizeClass c = window.header_at(offset).size_class();
    if (offset % layout::kSliceSize >= fast_limits.offsets[c] ||
        !canary::is_usual_and_intact(static_cast<const char*>(block), class_size(c))) [[unlikely]]
        return release_otherwise(block);
    waiting_blocks::add(block, c);
}

void release(void* block, const Claim& claim) {
    release_any(block, claim);
}

std::size_t usable_size(void* block) {
    if (block == nullptr) return 0;
    if (!window.contains(block)) {
        if (heap::serving() && !external::may_be_block(block)) report_external(block);
        return heap::usable_size(block);
    }
    return examine_any(block).size;
}

} // namespace ashlar::guard
