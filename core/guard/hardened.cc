// SPDX-License-Identifier: MIT
#include "guard/hardened.h"

#include "cache/thread_cache.h"
#include "guard/canary.h"
#include "guard/external.h"
#include "guard/hardened_blocks.h"
#include "guard/live_map.h"
#include "guard/not_live.h"
#include "guard/secret.h"
#include "guard/violation.h"
#include "heap/fallback.h"
#include "layout/superslab.h"
#include "os/config.h"
#include "os/guard_pages.h"
#include "os/system_call.h"
#include "slab/slab.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <sys/auxv.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <utility>

namespace ashlar::guard {

constinit bool pointers_only = false;

namespace {

using canary::Facts;
using canary::kTrailer;
using layout::class_size;
using layout::kMaxClassSize;
using layout::SizeClass;
using layout::window;

// What a block of the size classes needs.
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

// Puts a block back among the free ones of the calling thread and takes any of them instead. It is one of
// those that came last, because they are in the processor's cache.
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

// The heap's block is the program's, or waits, until it is the heap's again. False if there is no memory.
[[gnu::always_inline]] inline bool take_from_heap(void* block) {
    const std::size_t offset = window.offset_of(block);
    if (!live_map.cover(offset)) [[unlikely]]
        return false;
    if (!live_map.begin(offset)) [[unlikely]]
        report_released_twice_at_once(block);
    return true;
}

// What the fast paths compare with, because they would ask about sizes and addresses anyway. From a limit on
// the slow paths decide.
struct Limits {
    std::size_t sizes = 0;
    std::array<std::uint32_t, layout::kClasses> offsets{}; // of a block in its slice, for each class
};
constexpr Limits kLimitsOfClosedBlocks = [] {
    Limits limits{.sizes = kMostInClass + 1};
    for (unsigned c = 1; c < layout::kClasses; ++c) { // where the last bytes begin that are too few for one
        const std::size_t last = layout::kSliceSize - class_size(static_cast<SizeClass>(c));
        limits.offsets[c] = static_cast<std::uint32_t>(last + 1);
    }
    return limits;
}();
constinit Limits limits = kLimitsOfClosedBlocks;

void leave_all_to_slow_paths() {
    limits = {};
}

// Likewise, and what waits.
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

// With pointers_only: what is asked of the heap, at most kMostInClass bytes.
template <typename Ask>
void* allocate_bare_slowly(std::size_t size, Ask ask) {
    return insist(size, [ask]() -> void* {
        void* const block = ask();
        if (!window.contains(block) || take_from_heap(block)) return block; // null, or the fallback's
        heap::release(block);
        return out_of_memory();
    });
}

[[gnu::noinline]] void* allocate_bare_slowly(std::size_t size) {
    return allocate_bare_slowly(size, [size] { return heap::allocate(size); });
}
// With a block that the live map does not cover.
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

// Of the window, where the live map covers it, or bare, of the fallback.
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

// The parts of the facts come one by one, in registers. The calls of allocate_in_class() are in tail
// position, so that it saves nothing for them.

[[gnu::noinline]] void* hand_out_checked(SizeClass c, std::size_t size, unsigned alignment_shift, Form form,
                                         Waiting waiting) {
    waiting_blocks::check(waiting);
    return hand_out(waiting.block(), c, {.size = size, .alignment_shift = alignment_shift, .form = form});
}

// While too few blocks of the class wait.
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
    const Waiting waiting = waiting_blocks::take(c);
    if (!waiting_blocks::is_intact_at_ends(waiting)) [[unlikely]]
        return hand_out_checked(c, size, alignment_shift, form, waiting);
    return hand_out(waiting.block_if_not_whole(), c,
                    {.size = size, .alignment_shift = alignment_shift, .form = form});
}

// While the heap is closed.
void* allocate_from_fallback(std::size_t size, std::size_t alignment, large_blocks::Contents contents) {
    if (contents == large_blocks::Contents::kZero) return heap::fallback::allocate_zeroed(1, size);
    return alignment <= layout::kAlignment ? heap::fallback::allocate(size)
                                           : heap::fallback::allocate_aligned(alignment, size);
}

} // namespace

[[gnu::noinline]] void* allocate_large(std::size_t size, unsigned alignment_shift, Form form,
                                       large_blocks::Contents contents) {
    constexpr std::size_t kMostAround = 2 * layout::kSliceSize; // guards and roundings
    const Facts facts{.size = size, .alignment_shift = alignment_shift, .form = form};
    const std::size_t alignment = std::size_t{1} << facts.alignment_shift;
    if (facts.size > PTRDIFF_MAX - kMostAround || alignment > PTRDIFF_MAX - kMostAround - facts.size) {
        return out_of_memory();
    }
    if (heap::closed()) [[unlikely]]
        return allocate_from_fallback(size, alignment, contents);
    start_random(); // and with it the secret
    void* const block = insist(facts.size, [&] { return large_blocks::allocate(facts, contents); });
    if (block == nullptr || !window.contains(block)) return block;
    if (!live_map.begin(window.offset_of(block))) report_released_twice_at_once(block);
    return block;
}

namespace {

[[gnu::noinline]] void* allocate_otherwise(std::size_t size, Form form) {
    if (size > kMostInClass) return allocate_large(size, shift_of(0), form, large_blocks::Contents::kAny);
    return pointers_only ? allocate_bare(size) : heap::fallback::allocate(size); // the heap is closed
}

[[gnu::always_inline]] inline void* allocate_unaligned(std::size_t size, Form form) {
    if (size < limits.sizes) [[likely]]
        return allocate_in_class(class_for(size), size, shift_of(0), form);
    return allocate_otherwise(size, form);
}

// ---- Blocks that are given back

// Behind the end of a slab nothing may be read.
bool may_be_read(std::size_t offset, std::size_t size) {
    return offset % layout::kSliceSize + size <= layout::kSliceSize;
}

[[noreturn, gnu::noinline]] void report_trailer(const void* block, SizeClass c) {
    const bool is_block = live_map.at(window.offset_of(block)) == LiveMap::State::kLive;
    if (!is_block || waiting_blocks::seems_to_wait(block, c)) report_not_live(block);
    report_overflow_into_trailer(block, class_size(c));
}

// What stands behind a block is genuine from the moment that it is handed out to its release, which poisons
// it. It is genuine at no other address. So only a block in use passes, and the live map, whose lines are
// others, need not be asked. Reports what else the address is, or what was written behind the block.
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

// What the caller who releases a block says about it.
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

void release_outside_of_classes(void* block, const Claim* claim) {
    if (block == nullptr) return;
    if (window.contains(block)) {
        const Facts facts = examine_large(block);
        if (claim != nullptr) check(block, facts, *claim);
        if (!live_map.end_once(window.offset_of(block))) report_not_live(block);
        large_blocks::release(block);
        return;
    }
    if (heap::serving() && !external::may_be_block(block)) report_external(block);
    heap::release(block);
}

// Of a size class, with pointers_only.
void release_live(void* block) {
    if (!live_map.end(window.offset_of(block))) report_not_live(block);
    heap::release(block);
}

// Blocks of the window are lost.
void release_while_closed(void* block) {
    if (!window.contains(block)) heap::release(block);
}

// Whatever the block is; with a claim, or null.
[[gnu::noinline]] void release_any(void* block, const Claim* claim) {
    if (heap::closed()) [[unlikely]]
        return release_while_closed(block);
    const std::size_t offset = window.offset_of(block);
    const SizeClass c = window.reaches(offset) ? window.header_at(offset).size_class() : SizeClass{0};
    if (c == 0) return release_outside_of_classes(block, claim);
    if (pointers_only) return release_live(block);
    const Facts facts = examine(block, c);
    if (claim != nullptr) check(block, facts, *claim);
    waiting_blocks::add(block, c);
}

[[gnu::noinline]] void release_bare(void* block) {
    const std::size_t offset = window.offset_of(block);
    if (!window.reaches(offset)) [[unlikely]]
        return release_any(block, nullptr);
    const layout::SliceHeader header = window.header_at(offset);
    if (header.size_class() == 0) [[unlikely]]
        return release_any(block, nullptr);
    if (!live_map.end(offset)) [[unlikely]]
        report_not_live(block);
    if (!cache::my_stacks().push(header, block)) [[unlikely]]
        heap::release_slow(block);
}

[[gnu::noinline]] void release_otherwise(void* block) {
    if (pointers_only) return release_bare(block);
    release_any(block, nullptr);
}

// A block that the program locked stays locked while it waits. So little waits where little may be locked.
// The limit is that of the start: later a sandbox may end who asks for it.
void leave_room_for_locks() {
    constexpr rlim_t kEnough = rlim_t{4} << 20;
    constexpr rlim_t kShare = 8;
    rlimit limit{};
    if (::getauxval(AT_EUID) == 0 ||
        os::system_call(SYS_prlimit64, 0, RLIMIT_MEMLOCK, nullptr, &limit) != 0) {
        return;
    }
    if (limit.rlim_cur == 0 || limit.rlim_cur >= kEnough) return;
    const std::size_t most = limit.rlim_cur / kShare;
    os::settings.quarantine.store(std::min(os::settings.quarantine.load(std::memory_order_relaxed), most),
                                  std::memory_order_relaxed);
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

void release(void* block) {
    const std::size_t offset = window.offset_of(block);
    if (!window.reaches(offset)) [[unlikely]]
        return release_otherwise(block);
    const SizeClass c = window.header_at(offset).size_class();
    if (offset % layout::kSliceSize >= limits.offsets[c] ||
        !canary::is_usual_and_intact(static_cast<const char*>(block), class_size(c))) [[unlikely]]
        return release_otherwise(block);
    waiting_blocks::add(block, c);
}

void release(void* block, const Claim& claim) {
    release_any(block, &claim);
}

std::size_t usable_size(void* block) {
    if (block == nullptr) return 0;
    if (!window.contains(block)) {
        if (heap::serving() && !external::may_be_block(block)) report_external(block);
        return heap::usable_size(block);
    }
    return examine_any(block).size;
}

bool trim(std::size_t keep) {
    if (heap::closed()) return heap::trim(keep);
    const bool small = waiting_blocks::return_all();
    const bool large = large_blocks::return_all();
    return heap::trim(keep) || small || large;
}

// Where what is writable is limited, pages that were made inaccessible might stay so.
void start() {
    external::prepare();
    leave_room_for_locks();
    if (os::settings.checks.load(std::memory_order_relaxed) ==
        static_cast<std::size_t>(os::Checks::kPointers)) {
        pointers_only = true;
        leave_all_to_slow_paths();
    }
    rlimit limit{};
    if (os::system_call(SYS_prlimit64, 0, RLIMIT_DATA, nullptr, &limit) == 0 &&
        limit.rlim_cur != RLIM_INFINITY && os::guards_are_mappings()) {
        os::settings.guard_pages.store(0, std::memory_order_relaxed);
    }
}

void end_thread() {
    if (!heap::closed()) waiting_blocks::end_thread();
    cache::end_thread();
}

void check_at_exit() {
    if (heap::closed()) return;
    waiting_blocks::return_all();
    large_blocks::return_all();
    cache::flush();
}

void survive_fork() {
    waiting_blocks::survive_fork();
}

void close() {
    heap::close();
    leave_all_to_slow_paths();
}

void go_on(bool whole) {
    heap::go_on(whole);
    if (whole && !pointers_only) limits = kLimitsOfClosedBlocks;
}

std::size_t waiting_bytes() {
    return waiting_blocks::bytes();
}
std::size_t waiting_large_bytes() {
    return large_blocks::bytes();
}

} // namespace ashlar::guard
