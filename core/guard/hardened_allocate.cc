// SPDX-License-Identifier: MIT
//
// Allocation in the hardened library. A block of a size class is a waiting one if enough wait. Otherwise it
// is taken from the thread's stacks or the heap. A waiting block is checked before it is handed out. Every
// block is closed with its facts.
#include "cache/thread_cache.h"
#include "guard/canary.h"
#include "guard/fast_limits.h"
#include "guard/hardened.h"
#include "guard/hardened_blocks.h"
#include "guard/live_map.h"
#include "guard/secret.h"
#include "guard/violation.h"
#include "heap/fallback.h"
#include "layout/superslab.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <utility>

namespace ashlar::guard {

namespace {

using canary::Facts;
using canary::kTrailer;
using layout::class_size;
using layout::kMaxClassSize;
using layout::SizeClass;
using layout::window;

// Returns the bytes that a block of a size class needs.
constexpr std::size_t room_for(std::size_t size) {
    return std::max(size + kTrailer, poison::kEnd);
}
constexpr auto kClassOfStep = [] {
    std::array<SizeClass, kMaxClassSize / layout::kAlignment + 1> classes{};
    for (std::size_t step = 1; step < classes.size(); ++step)
        classes[step] = layout::class_of(std::max(step * layout::kAlignment, poison::kEnd));
    return classes;
}();
SizeClass class_for(std::size_t size) {
    return kClassOfStep[(size + kTrailer + layout::kAlignment - 1) / layout::kAlignment];
}

// Exchanges a block for a random one of the thread's free blocks. It is one of the 16 that were freed last,
// because they are in the processor's cache.
[[gnu::always_inline]] inline void* exchange_for_any(SizeClass c, void* block) {
    constexpr std::uint32_t kChoice = 16;
    cache::PointerStacks& stacks = cache::my_stacks();
    stacks.enter();
    const std::uint32_t count = stacks.closed() ? 0 : stacks.count(c);
    const std::uint32_t chosen = random_numbers.below(std::min(count + 1, kChoice));
    if (chosen != 0) block = std::exchange(stacks.slots(c)[count - chosen], block);
    stacks.leave();
    return block;
}

[[gnu::always_inline]] inline void* hand_out(void* block, SizeClass c, const Facts& facts) {
    canary::close(static_cast<char*>(block), class_size(c), facts);
    return block;
}

// Marks a block of the heap as live, until it returns to the heap. Returns false if there is no memory.
[[gnu::always_inline]] inline bool take_from_heap(void* block) {
    const std::size_t offset = window.offset_of(block);
    if (!live_map.cover(offset)) [[unlikely]]
        return false;
    if (!live_map.begin(offset)) [[unlikely]]
        report_released_twice_at_once(block);
    return true;
}

// Does the same as heap::make_room(), and first returns waiting blocks to the heap.
bool make_room() {
    const bool small = waiting_blocks::return_all();
    const bool large = large_blocks::return_all();
    return heap::make_room() || small || large;
}

template <typename Ask>
void* insist(std::size_t size, Ask ask) {
    const int saved = errno;
    void* block = ask();
    if (block == nullptr && heap::serving() && size < window.capacity()) [[unlikely]] {
        if (make_room()) block = ask();
        errno = block != nullptr ? saved : ENOMEM;
    }
    return block;
}

// Serves a request of at most kMostInClass bytes from the heap, with pointers_only.
template <typename Ask>
void* allocate_bare_slowly(std::size_t size, Ask ask) {
    return insist(size, [ask]() -> void* {
        void* const block = ask();
        // The block is null or of the fallback, or becomes live.
        if (!window.contains(block) || take_from_heap(block)) return block;
        heap::release(block);
        return out_of_memory();
    });
}

[[gnu::noinline]] void* allocate_bare_slowly(std::size_t size) {
    return allocate_bare_slowly(size, [size] { return heap::allocate(size); });
}
// Does the same, and first returns a block that the live map does not cover.
[[gnu::noinline]] void* allocate_bare_slowly(std::size_t size, void* block) {
    heap::release(block);
    return allocate_bare_slowly(size);
}

[[gnu::noinline]] void* allocate_bare(std::size_t size) {
    void* block = nullptr;
    if (!cache::my_stacks().take(layout::class_of(size), block)) [[unlikely]]
        return allocate_bare_slowly(size);
    if (!take_from_heap(block)) [[unlikely]]
        return allocate_bare_slowly(size, block);
    return block;
}

// Returns a block of the window that the live map covers, or a bare block of the fallback, or null.
void* ask_heap(SizeClass c, const Facts& facts) {
    const std::size_t alignment = std::size_t{1} << facts.alignment_shift;
    void* block = alignment <= layout::kAlignment ? heap::allocate_slow(room_for(facts.size))
                                                  : heap::allocate_aligned(alignment, room_for(facts.size));
    if (block == nullptr || !window.contains(block)) return block;
    block = exchange_for_any(c, block);
    if (take_from_heap(block)) return block;
    heap::release(block);
    return out_of_memory();
}

[[gnu::noinline]] void* allocate_slowly(SizeClass c, const Facts& facts) {
    start_random();
    void* const block = insist(facts.size, [&] { return ask_heap(c, facts); });
    return block != nullptr && window.contains(block) ? hand_out(block, c, facts) : block;
}

// The facts are passed one by one, in registers. allocate_in_class() makes its calls in tail position and so
// saves no registers for them.

[[gnu::noinline]] void* hand_out_checked(SizeClass c, std::size_t size, unsigned alignment_shift, Form form,
                                         WaitingBlock waiting) {
    waiting_blocks::check(waiting);
    return hand_out(waiting.block(), c, {.size = size, .alignment_shift = alignment_shift, .form = form});
}

// Allocates while too few blocks of the class wait.
[[gnu::noinline]] void* allocate_from_stack(SizeClass c, std::size_t size, unsigned alignment_shift,
                                            Form form) {
    if (waiting_blocks::enough_of_class(c))
        return hand_out_checked(c, size, alignment_shift, form, waiting_blocks::take(c));
    const Facts facts{.size = size, .alignment_shift = alignment_shift, .form = form};
    void* block = nullptr;
    if (cache::my_stacks().take(c, block)) [[likely]] {
        block = exchange_for_any(c, block);
        if (take_from_heap(block)) [[likely]]
            return hand_out(block, c, facts);
        heap::release(block);
    }
    return allocate_slowly(c, facts);
}

[[gnu::always_inline]] inline void* allocate_in_class(SizeClass c, std::size_t size, unsigned alignment_shift,
                                                      Form form) {
    if (!waiting_blocks::enough(c)) [[unlikely]]
        return allocate_from_stack(c, size, alignment_shift, form);
    const WaitingBlock waiting = waiting_blocks::take(c);
    if (!waiting_blocks::is_intact_at_ends(waiting)) [[unlikely]]
        return hand_out_checked(c, size, alignment_shift, form, waiting);
    return hand_out(waiting.block_if_not_whole(), c,
                    {.size = size, .alignment_shift = alignment_shift, .form = form});
}

// Allocates while the heap is closed.
void* allocate_from_fallback(std::size_t size, std::size_t alignment, large_blocks::Contents contents) {
    if (contents == large_blocks::Contents::kZero) return heap::fallback::allocate_zeroed(1, size);
    return alignment <= layout::kAlignment ? heap::fallback::allocate(size)
                                           : heap::fallback::allocate_aligned(alignment, size);
}

} // namespace

[[gnu::noinline]] void* allocate_large(std::size_t size, unsigned alignment_shift, Form form,
                                       large_blocks::Contents contents) {
    constexpr std::size_t kMostAround = 2 * layout::kSliceSize; // room for guards and rounding
    const Facts facts{.size = size, .alignment_shift = alignment_shift, .form = form};
    const std::size_t alignment = std::size_t{1} << facts.alignment_shift;
    if (facts.size > PTRDIFF_MAX - kMostAround || alignment > PTRDIFF_MAX - kMostAround - facts.size) {
        return out_of_memory();
    }
    if (heap::closed()) [[unlikely]]
        return allocate_from_fallback(size, alignment, contents);
    start_random(); // also prepares the secret
    void* const block = insist(facts.size, [&] { return large_blocks::allocate(facts, contents); });
    if (block == nullptr || !window.contains(block)) return block;
    if (!live_map.begin(window.offset_of(block))) report_released_twice_at_once(block);
    return block;
}

namespace {

[[gnu::noinline]] void* allocate_otherwise(std::size_t size, Form form) {
    if (size > kMostInClass) return allocate_large(size, shift_of(0), form, large_blocks::Contents::kAny);
    // Without pointers_only the heap is closed here.
    return pointers_only ? allocate_bare(size) : heap::fallback::allocate(size);
}

[[gnu::always_inline]] inline void* allocate_unaligned(std::size_t size, Form form) {
    if (size < fast_limits.sizes) [[likely]]
        return allocate_in_class(class_for(size), size, shift_of(0), form);
    return allocate_otherwise(size, form);
}

} // namespace

void* allocate(std::size_t size) {
    return allocate_unaligned(size, Form::kMalloc);
}
void* allocate(std::size_t size, Form form) {
    return allocate_unaligned(size, form);
}

void* allocate_zeroed(std::size_t count, std::size_t size) {
    std::size_t bytes = 0;
    if (__builtin_mul_overflow(count, size, &bytes)) return out_of_memory();
    if (bytes > kMostInClass) {
        return allocate_large(bytes, shift_of(0), Form::kMalloc, large_blocks::Contents::kZero);
    }
    void* const block = allocate(bytes);
    return block != nullptr ? std::memset(block, 0, bytes) : nullptr;
}

void* allocate_aligned(std::size_t alignment, std::size_t size, Form form) {
    if (size <= kMostInClass && !heap::closed()) {
        const SizeClass c = layout::class_of_aligned(room_for(size), std::max(alignment, layout::kAlignment));
        if (c != 0 && pointers_only) {
            return allocate_bare_slowly(size, [=] { return heap::allocate_aligned(alignment, size); });
        }
        if (c != 0) return allocate_in_class(c, size, shift_of(alignment), form);
    }
    return allocate_large(size, shift_of(alignment), form, large_blocks::Contents::kAny);
}

} // namespace ashlar::guard
