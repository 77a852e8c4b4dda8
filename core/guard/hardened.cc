// SPDX-License-Identifier: MIT
#include "guard/hardened.h"

#include "cache/thread_cache.h"
#include "guard/canary.h"
#include "guard/foreign.h"
#include "guard/live_map.h"
#include "guard/secret.h"
#include "guard/violation.h"
#include "heap/fallback.h"
#include "layout/superslab.h"
#include "os/config.h"

#include <algorithm>
#include <bit>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <sys/resource.h>
#include <utility>

namespace ashlar::guard {

namespace {

using canary::Facts;
using canary::kTrailer;
using layout::class_size;
using layout::kMaxClassSize;
using layout::SizeClass;
using layout::window;

constexpr std::size_t kMostInClass = kMaxClassSize - kTrailer;

void* out_of_memory() {
    errno = ENOMEM;
    return nullptr;
}

unsigned shift_of(std::size_t alignment) {
    return static_cast<unsigned>(std::countr_zero(std::max(alignment, layout::kAlignment)));
}

// Puts a block back among the free ones of the calling thread and takes any of them instead: of those that
// came last, because they are in the processor's cache.
[[gnu::always_inline]] inline void* exchange_for_any(SizeClass c, void* block) {
    constexpr std::uint32_t kChoice = 16;
    cache::PointerStacks& stacks = cache::my_stacks();
    const std::uint32_t count = stacks.count(c);
    const std::uint32_t chosen = random_numbers.below(std::min(count + 1, kChoice));
    return chosen == 0 ? block : std::exchange(stacks.slots(c)[count - chosen], block);
}

// A block of the class that the live map covers, closed and live.
[[gnu::always_inline]] inline void* hand_out(void* block, SizeClass c, const Facts& facts) {
    const std::size_t offset = window.offset_of(block);
    canary::close(static_cast<char*>(block), class_size(c), facts);
    if (!live_map.begin(offset)) [[unlikely]]
        report_handed_out_twice(block);
    return block;
}

// Gives back all that is free, so that a request which is about to be refused may be served: what waits, and
// memory that limits count although nobody uses it. False if there was nothing.
bool make_room() {
    const bool small = waiting_blocks::return_all();
    const bool large = large_blocks::return_all();
    const bool trimmed = heap::trim(0);
    return layout::superslabs.withdraw_all() != 0 || small || large || trimmed;
}

template <typename Ask>
void* insist(std::size_t size, Ask ask) {
    const int saved = errno;
    void* block = ask();
    if (block == nullptr && heap::serving() && size < window.size) [[unlikely]] {
        if (make_room()) block = ask();
        errno = block != nullptr ? saved : ENOMEM;
    }
    return block;
}

// Of the window, where the live map covers it, or bare, of the fallback.
void* ask_heap(SizeClass c, const Facts& facts) {
    const std::size_t alignment = std::size_t{1} << facts.alignment_shift;
    void* block = alignment <= layout::kAlignment ? heap::allocate_slow(facts.size + kTrailer)
                                                  : heap::allocate_aligned(alignment, facts.size + kTrailer);
    if (block == nullptr || !window.contains(block)) return block;
    block = exchange_for_any(c, block);
    if (live_map.cover(window.offset_of(block))) return block;
    heap::release(block);
    return out_of_memory();
}

[[gnu::noinline]] void* allocate_slowly(SizeClass c, const Facts& facts) {
    start_random();
    void* const block = insist(facts.size, [&] { return ask_heap(c, facts); });
    return block != nullptr && window.contains(block) ? hand_out(block, c, facts) : block;
}

[[gnu::always_inline]] inline void* allocate_in_class(SizeClass c, const Facts& facts) {
    void* block = nullptr;
    if (cache::my_stacks().pop(c, block)) [[likely]] {
        block = exchange_for_any(c, block);
        if (live_map.cover(window.offset_of(block))) [[likely]]
            return hand_out(block, c, facts);
        heap::release(block);
    }
    return allocate_slowly(c, facts);
}

[[gnu::noinline]] void* allocate_large(const Facts& facts, large_blocks::Contents contents) {
    constexpr std::size_t kMostAround = 2 * layout::kPageSize; // guards and roundings
    const std::size_t alignment = std::size_t{1} << facts.alignment_shift;
    if (facts.size > PTRDIFF_MAX - kMostAround || alignment > PTRDIFF_MAX - kMostAround - facts.size) {
        return out_of_memory();
    }
    start_random(); // and with it the secret
    void* const block = insist(facts.size, [&] { return large_blocks::allocate(facts, contents); });
    if (block == nullptr || !window.contains(block)) return block;
    if (!live_map.begin(window.offset_of(block))) report_handed_out_twice(block);
    return block;
}

// ---- Blocks that are given back

// Of a live block; reports what was written behind it.
[[gnu::always_inline]] inline Facts examine(const void* block, SizeClass c) {
    Facts facts;
    if (!canary::read(static_cast<const char*>(block), class_size(c), facts)) [[unlikely]]
        report_overflow_into_trailer(block, class_size(c));
    const std::size_t bytes = canary::overflow(static_cast<const char*>(block), class_size(c), facts);
    if (bytes != 0) [[unlikely]]
        report_overflow(block, facts.size, bytes);
    return facts;
}

Facts examine_large(const void* block) {
    const Facts facts = large_blocks::facts_of(block);
    const std::size_t bytes = large_blocks::overflow(block);
    if (bytes != 0) report_overflow(block, facts.size, bytes);
    return facts;
}

Facts examine_any(const void* block) {
    const SizeClass c = window.header_of(block).size_class();
    return c != 0 ? examine(block, c) : examine_large(block);
}

bool is_live(const void* block) {
    return live_map.at(window.offset_of(block)) == LiveMap::State::kLive;
}

[[gnu::noinline]] void release_outside_of_classes(void* block) {
    if (block == nullptr) return;
    if (window.contains(block)) {
        if (!live_map.end(window.offset_of(block))) report_not_live(block);
        examine_large(block);
        large_blocks::release(block);
        return;
    }
    if (heap::serving() && !foreign::may_be_block(block)) report_foreign(block);
    heap::release(block);
}

// A claim about a block of the window.
void check(const void* block, const Claim& claim) {
    if (!is_live(block)) report_not_live(block);
    const Facts facts = examine_any(block);
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

// ---- Resizing

// As the heap does: half of a block would be waste, or three quarters of one whose alignment made it longer.
bool stays(std::size_t room, const Facts& facts, std::size_t size) {
    const std::size_t least = facts.alignment_shift > shift_of(0) ? room / 4 : room / 2;
    return size + kTrailer <= room && (size + kTrailer >= least || room <= 2 * layout::kAlignment);
}

void resize_in_class(void* block, SizeClass c, const Facts& facts, std::size_t size) {
    auto* const start = static_cast<char*>(block);
    canary::forget_end(start, facts.size, size);
    canary::close(start, class_size(c), {.size = size, .alignment_shift = shift_of(0)});
}

void* allocate_for(std::size_t old_size, std::size_t size) {
    if (size <= kMostInClass || size < old_size) return allocate(size);
    return allocate_large({.size = size, .alignment_shift = shift_of(0)}, large_blocks::Contents::kGrowing);
}

void* move(void* block, std::size_t old_size, std::size_t size) {
    void* const moved = allocate_for(old_size, size);
    if (moved == nullptr) return nullptr;
    std::memcpy(moved, block, std::min(old_size, size));
    release(block);
    return moved;
}

void* resize_foreign(void* block, std::size_t size) {
    if (heap::serving() && !foreign::may_be_block(block)) report_foreign(block);
    // The heap would take a block of the window without closing it.
    if (size > kMaxClassSize || !heap::serving()) return heap::resize(block, size);
    const std::size_t usable = heap::fallback::usable_size(block);
    if (size <= usable && size >= usable / 2) return block;
    return move(block, usable, size);
}

} // namespace

void* allocate(std::size_t size, Form form) {
    const Facts facts{.size = size, .alignment_shift = shift_of(0), .form = form};
    if (size <= kMostInClass) [[likely]]
        return allocate_in_class(layout::class_of(size + kTrailer), facts);
    return allocate_large(facts, large_blocks::Contents::kAny);
}

void* allocate_zeroed(std::size_t count, std::size_t size) {
    std::size_t bytes = 0;
    if (__builtin_mul_overflow(count, size, &bytes)) return out_of_memory();
    if (bytes > kMostInClass) {
        return allocate_large({.size = bytes, .alignment_shift = shift_of(0)}, large_blocks::Contents::kZero);
    }
    void* const block = allocate(bytes);
    return block != nullptr ? std::memset(block, 0, bytes) : nullptr;
}

void* allocate_aligned(std::size_t alignment, std::size_t size, Form form) {
    const Facts facts{.size = size, .alignment_shift = shift_of(alignment), .form = form};
    if (size <= kMostInClass) {
        const SizeClass c =
            layout::class_of_aligned(size + kTrailer, std::max(alignment, layout::kAlignment));
        if (c != 0) return allocate_in_class(c, facts);
    }
    return allocate_large(facts, large_blocks::Contents::kAny);
}

void release(void* block) {
    const std::size_t offset = window.offset_of(block);
    if (offset >= window.size) [[unlikely]]
        return release_outside_of_classes(block);
    const SizeClass c = window.header_at(offset).size_class();
    if (c == 0) [[unlikely]]
        return release_outside_of_classes(block);
    if (!live_map.end(offset)) [[unlikely]]
        report_not_live(block);
    examine(block, c);
    waiting_blocks::add(block, c);
}

void release(void* block, const Claim& claim) {
    if (window.contains(block)) check(block, claim);
    release(block);
}

void* resize(void* block, std::size_t size) {
    if (block == nullptr) return allocate(size);
    if (size == 0) {
        release(block);
        return nullptr;
    }
    if (size > PTRDIFF_MAX) return out_of_memory();
    if (!window.contains(block)) return resize_foreign(block, size);
    if (!is_live(block)) report_not_live(block);
    const Facts facts = examine_any(block);
    const SizeClass c = window.header_of(block).size_class();
    if (c == 0 && size > kMostInClass && large_blocks::resize_in_place(block, size)) return block;
    if (c != 0 && (stays(class_size(c), facts, size) || size == facts.size)) {
        resize_in_class(block, c, facts, size);
        return block;
    }
    const int saved = errno;
    void* const moved = move(block, facts.size, size);
    if (moved != nullptr || size > facts.size) return moved;
    errno = saved; // without memory for a smaller block this one does
    if (c != 0) {
        resize_in_class(block, c, facts, size);
    } else {
        large_blocks::resize_in_place(block, size);
    }
    return block;
}

std::size_t usable_size(void* block) {
    if (block == nullptr) return 0;
    if (!window.contains(block)) {
        if (heap::serving() && !foreign::may_be_block(block)) report_foreign(block);
        return heap::usable_size(block);
    }
    if (!is_live(block)) report_not_live(block);
    return examine_any(block).size;
}

bool trim(std::size_t keep) {
    const bool small = waiting_blocks::return_all();
    const bool large = large_blocks::return_all();
    return heap::trim(keep) || small || large;
}

// Where what is writable is limited, pages that were made inaccessible might stay so.
void start() {
    foreign::prepare();
    rlimit limit{};
    if (::getrlimit(RLIMIT_DATA, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY) {
        os::settings.guard_pages.store(0, std::memory_order_relaxed);
    }
}

void end_thread() {
    waiting_blocks::end_thread();
    cache::end_thread();
}

void check_at_exit() {
    waiting_blocks::return_all();
    cache::flush();
}

void survive_fork() {
    waiting_blocks::survive_fork();
}

std::size_t waiting_bytes() {
    return waiting_blocks::bytes();
}
std::size_t waiting_large_bytes() {
    return large_blocks::bytes();
}
std::size_t metadata_bytes() {
    return live_map.committed();
}

} // namespace ashlar::guard
