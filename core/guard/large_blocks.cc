// SPDX-License-Identifier: MIT
#include "guard/large_blocks.h"

#include "cache/thread_cache.h"
#include "guard/live_map.h"
#include "guard/poison.h"
#include "guard/violation.h"
#include "guard/waiting_runs.h"
#include "heap/heap.h"
#include "heap/large.h"
#include "layout/superslab.h"
#include "os/config.h"
#include "os/guard_pages.h"
#include "os/page_attributes.h"
#include "os/page_locks.h"
#include "os/page_memory.h"
#include "os/round_up.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <cstdint>
#include <cstring>

namespace ashlar::guard::large_blocks {

namespace {

using canary::Facts;
using layout::kSliceSize;
using layout::Slice;
using layout::window;
using os::round_up;

// Lies in the descriptor of a run's first slice, behind the heap's data.
struct Record {
    Facts facts;
    std::atomic<bool> released; // released and not handed out again
    bool guarded;
    bool resident;               // waited before and has been in memory since
    bool whole;                  // poisoned as a whole; otherwise
    std::uint16_t sample_offset; // a sample is poisoned, at this offset (poison.h)
};
constexpr std::size_t kRecordOffset = 64;
static_assert(kRecordOffset + sizeof(Record) <= layout::kSlabDescriptorSize);

Record& record_of(Slice first) {
    return *reinterpret_cast<Record*>(window.slab_descriptors.start() + first * layout::kSlabDescriptorSize +
                                      kRecordOffset);
}

// Returns the size of a guard: one page, or 0 if a page is as large as a slice.
std::size_t guard_size() {
    const std::size_t page = os::page_size();
    return os::settings.guard_pages.load(std::memory_order_relaxed) != 0 && page < kSliceSize ? page : 0;
}

// Limit for blocks with guards that are mappings. Each has up to two more mappings than it would have.
constexpr std::size_t kMostGuarded = 8192;
constinit std::atomic<std::size_t> guarded_blocks{0};

std::size_t front_for(const Facts& facts) {
    const std::size_t guard = guard_size();
    return std::size_t{1} << facts.alignment_shift <= guard ? guard : 0;
}
char* run_of(const void* block) {
    return window.address_of(window.slice_of(block));
}
std::size_t front_of(const void* block) {
    return window.offset_of(block) % kSliceSize;
}
// Returns the offset at which the guard behind a block of `size` bytes begins.
std::size_t room_for(std::size_t size) {
    return round_up(size + canary::kWatched, os::page_size());
}
// Returns the bytes from the block to the end of its run.
std::size_t reach_of(const void* block) {
    return heap::large::usable_size(run_of(block)) - front_of(block);
}

// Makes the front guard and everything behind the block's room inaccessible, or nothing.
bool raise_guards(char* block, std::size_t room) {
    if (guarded_blocks.load(std::memory_order_relaxed) >= kMostGuarded && os::guards_are_mappings())
        return false;
    const std::size_t reach = reach_of(block);
    if (reach > room && !os::raise_guard(block + room, reach - room)) return false;
    const std::size_t front = front_of(block);
    if (front == 0 || os::raise_guard(block - front, front)) return true;
    // True if the rear guard could not be lowered again and so remains.
    return reach > room && !os::lower_guard(block + room, reach - room);
}

// Lowers both guards. Returns false if that is refused; one guard may then be lowered.
bool lower_guards(char* block, std::size_t room) {
    const std::size_t reach = reach_of(block);
    const std::size_t front = front_of(block);
    return (reach <= room || os::lower_guard(block + room, reach - room)) &&
           (front == 0 || os::lower_guard(block - front, front));
}

// Moves the beginning of the guard behind a block in use.
bool move_guard(char* block, std::size_t old_room, std::size_t room) {
    if (room > old_room) return os::lower_guard(block + old_room, room - old_room);
    return room == old_room || os::raise_guard(block + room, old_room - room);
}

void set_up(char* block, const Facts& facts) {
    Record& record = record_of(window.slice_of(block));
    record.facts = facts;
    record.released.store(false, std::memory_order_relaxed);
    record.resident = false;
    record.guarded = guard_size() != 0 && raise_guards(block, room_for(facts.size));
    if (record.guarded) guarded_blocks.fetch_add(1, std::memory_order_relaxed);
    canary::guard_end(block, facts.size, secret.key(block));
}

void* out_of_memory() {
    errno = ENOMEM;
    return nullptr;
}

// ---- Blocks that keep their memory, poisoned

constinit WaitingRuns kept;

std::size_t longest_kept() {
    return os::settings.large_quarantine.load(std::memory_order_relaxed);
}

// Returns the bytes that may wait in this list. A single block may always wait.
std::size_t most_kept() {
    constexpr std::size_t kLeast = std::size_t{2} << 20;
    constexpr std::size_t kShareOfHeap = 8;
    const std::size_t heap = layout::superslabs.slices_in_use() * kSliceSize;
    return std::min(std::max(heap / kShareOfHeap, kLeast), longest_kept());
}

// Returns whether most of the block is in memory. Assumed for a short block, whose pages cost as much as
// asking.
bool is_in_memory(const Record& record, void* block, std::size_t room) {
    constexpr std::size_t kShort = std::size_t{256} << 10;
    return room <= kShort || record.resident || os::mostly_resident(block, room);
}

// Returns whether the block is locked for good, as after mlockall(). Removes a lock that is only left over.
bool must_stay_in_memory(char* block, std::size_t room) {
    return os::any_locked(block, room) && !os::unlock(block, room);
}

// Resets attributes that the program changed on the pages. Returns false if pages may be inaccessible. A
// change to a whole block ends at the guards, so the run is then no longer one mapping.
bool reset(const Record& record, const WaitingRun& run, std::size_t room) {
    return (record.guarded && os::is_one_mapping_but_for_last_page(run.start, run.size)) ||
           os::reset_attributes(run.block(), room);
}

void poison_block(Record& record, char* block, std::size_t room) {
    constexpr std::uint32_t kOneIsWhole = 4;
    Random& random = start_random();
    record.whole =
        room <= os::settings.poison.load(std::memory_order_relaxed) || random.below(kOneIsWhole) == 0;
    record.sample_offset = static_cast<std::uint16_t>(random.below(poison::kSampleStep / layout::kAlignment) *
                                                      layout::kAlignment);
    record.resident = true;
    if (record.whole) {
        poison::fill(block, room, poison::Extent::kWhole);
    } else {
        poison::fill_sample(block, room, record.sample_offset);
    }
}

void check_poison(const char* block) {
    const Record& record = record_of(window.slice_of(block));
    const std::size_t room = room_for(record.facts.size);
    if (record.whole) {
        if (poison::intact(block, room, poison::Extent::kWhole)) return;
        report_written_after_release(block, poison::first_damage(block, room, poison::Extent::kWhole));
    }
    if (poison::sample_intact(block, room, record.sample_offset)) return;
    report_written_after_release(block, poison::first_damage_of_sample(block, room, record.sample_offset));
}

// Lowers the guards and returns the run to the heap. If lowering is refused, a new mapping replaces the run,
// because its contents are not needed. If that fails too, the run is never used again.
void give_to_heap(const WaitingRun& run) {
    const Record& record = record_of(window.slice_of(run.start));
    if (record.guarded) {
        guarded_blocks.fetch_sub(1, std::memory_order_relaxed);
        if (!lower_guards(run.block(), room_for(record.facts.size)) &&
            os::renew(run.start, run.size) != os::Change::kDone) {
            return;
        }
    }
    heap::release(run.start);
}

void return_kept(const WaitingRun& run) {
    check_poison(run.block());
    give_to_heap(run);
}

void keep(const WaitingRun& run) {
    if (!kept.put(run)) return return_kept(run);
    for (WaitingRun leaving; (leaving = kept.take_excess(most_kept(), 1)).start != nullptr;)
        return_kept(leaving);
}

// Returns a waiting block of the right length and moves its rear guard. Returns null if too few bytes wait or
// none fits.
char* take_kept(const Facts& facts, std::size_t length, std::size_t front, Contents contents) {
    const std::size_t size = round_up(length, kSliceSize);
    const std::size_t most = most_kept();
    const std::size_t enough =
        std::min(most - most / 4, most - std::min(size, most)); // otherwise none would remain
    const WaitingRun run = kept.take_fitting(enough, size, front);
    if (run.start == nullptr) return nullptr;
    char* const block = run.block();
    check_poison(block);
    Record& record = record_of(window.slice_of(block));
    if (record.guarded && !move_guard(block, room_for(record.facts.size), room_for(facts.size))) {
        give_to_heap(run);
        return nullptr;
    }
    if (contents == Contents::kZero) std::memset(block, 0, facts.size);
    cache::look_after_allocation();
    layout::superslabs.purge_if_due();
    record.facts = facts;
    record.released.store(false, std::memory_order_relaxed);
    canary::guard_end(block, facts.size, secret.key(block));
    return block;
}

// ---- Blocks that are inaccessible and have no memory

constinit WaitingRuns closed;

// Returns the bytes of addresses that may wait in this list.
std::size_t most_closed() {
    constexpr std::size_t kMostBytes = std::size_t{1} << 30;
    constexpr std::size_t kShareOfWindow = 16;
    return std::min(kMostBytes, window.capacity() / kShareOfWindow);
}

void return_closed(const WaitingRun& run) {
    if (os::lower_guard(run.start, run.size) || os::renew(run.start, run.size) == os::Change::kDone)
        heap::release(run.start);
}

void close(const WaitingRun& run) {
    if (!record_of(window.slice_of(run.start)).guarded || !os::raise_guard(run.start, run.size))
        return give_to_heap(run);
    guarded_blocks.fetch_sub(1, std::memory_order_relaxed);
    // Guards that are not mappings have freed the memory already.
    if (os::guards_are_mappings()) os::purge(run.start, run.size);
    if (!closed.put(run)) return_closed(run);
    for (WaitingRun leaving; (leaving = closed.take_excess(most_closed(), 0)).start != nullptr;)
        return_closed(leaving);
}

} // namespace

void* allocate(const Facts& facts, Contents contents) {
    const std::size_t alignment = std::size_t{1} << facts.alignment_shift;
    const std::size_t guard = guard_size();
    const std::size_t front = front_for(facts);
    // A run that could be of a size class would not be a large block.
    const std::size_t length = std::max(front + room_for(facts.size) + guard, layout::kMaxClassSize + 1);
    if (contents != Contents::kGrowing && alignment <= kSliceSize) { // the alignment of every run
        if (char* const block = take_kept(facts, length, front, contents)) return block;
    }
    char* run = nullptr;
    if (contents == Contents::kGrowing &&
        length <= os::settings.large_limit.load(std::memory_order_relaxed)) {
        run = static_cast<char*>(heap::large::allocate_growing(length).start);
    }
    if (run == nullptr) {
        run = static_cast<char*>(contents == Contents::kZero ? heap::allocate_zeroed(1, length)
                                                             : heap::allocate_aligned(alignment, length));
    }
    if (run == nullptr || !window.contains(run)) return run;
    char* const block = run + front;
    if (!live_map.cover(window.offset_of(block))) {
        heap::release(run);
        return out_of_memory();
    }
    set_up(block, facts);
    return block;
}

const Facts& facts_of(const void* block) {
    return record_of(window.slice_of(block)).facts;
}

std::size_t overflow(const void* block) {
    return canary::overflow(static_cast<const char*>(block), facts_of(block).size, canary::kWatched,
                            secret.key(block));
}

void release(void* block) {
    char* const start = run_of(block);
    Record& record = record_of(window.slice_of(block));
    if (record.released.exchange(true, std::memory_order_relaxed)) report_released_twice_at_once(block);
    const WaitingRun run{start, heap::large::usable_size(start), front_of(block)};
    if (os::settings.quarantine.load(std::memory_order_relaxed) == 0) return give_to_heap(run);
    const std::size_t room = room_for(record.facts.size);
    const bool may_keep = run.size <= longest_kept() && is_in_memory(record, block, room);
    if (!may_keep && must_stay_in_memory(run.block(), room)) return give_to_heap(run);
    if (!may_keep || !reset(record, run, room)) return close(run);
    poison_block(record, run.block(), room);
    keep(run);
}

bool resize_in_place(void* block, std::size_t size) {
    auto* const start = static_cast<char*>(block);
    Record& record = record_of(window.slice_of(block));
    const std::size_t old_room = room_for(record.facts.size);
    const std::size_t room = room_for(size);
    const std::size_t guard = record.guarded ? guard_size() : 0;
    const std::size_t reach = reach_of(block);
    const std::size_t length = front_of(block) + room + guard;
    if (room != old_room) {
        // The guard behind the block becomes part of this or another block.
        if (record.guarded && !os::lower_guard(start + old_room, reach - old_room)) return false;
        const bool done = round_up(length, kSliceSize) == front_of(block) + reach ||
                          heap::large::resize_in_place(run_of(block), length);
        const std::size_t kept_room = done ? room : old_room;
        if (record.guarded && reach_of(block) > kept_room)
            os::raise_guard(start + kept_room, reach_of(block) - kept_room);
        if (!done) return false;
        record.resident = record.resident && room < old_room; // new pages may be untouched
    }
    canary::forget_end(start, record.facts.size, size);
    record.facts.size = size;
    canary::guard_end(start, size, secret.key(block));
    return true;
}

void* around(const void* address) {
    if (!window.contains(address)) return nullptr;
    const char* const run = heap::large::block_around(address);
    if (run == nullptr) return nullptr;
    const Slice first = window.slice_of(run);
    return window.address_of(first) + front_for(record_of(first).facts);
}

bool return_all() {
    bool some = false;
    for (WaitingRun run; (run = kept.take_last()).start != nullptr; some = true)
        return_kept(run);
    for (WaitingRun run; (run = closed.take_last()).start != nullptr; some = true)
        return_closed(run);
    return some;
}

} // namespace ashlar::guard::large_blocks
