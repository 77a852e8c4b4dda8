// SPDX-License-Identifier: MIT
#include "guard/large_blocks.h"

#include "guard/live_map.h"
#include "heap/heap.h"
#include "heap/large.h"
#include "os/config.h"
#include "os/page_memory.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <cstdint>
#include <utility>

namespace ashlar::guard::large_blocks {

namespace {

using canary::Facts;
using layout::kPageSize;
using layout::Page;
using layout::window;

// In the descriptor of a run's first page, behind what the heap keeps there.
struct Record {
    Facts facts;
    bool guarded;
};
constexpr std::size_t kRecordOffset = 64;
static_assert(kRecordOffset + sizeof(Record) <= layout::kSlabDescriptorSize);

Record& record_of(Page first) {
    return *reinterpret_cast<Record*>(window.slab_descriptors.start() + first * layout::kSlabDescriptorSize +
                                      kRecordOffset);
}

constexpr std::size_t round_up(std::size_t value, std::size_t unit) {
    return (value + unit - 1) / unit * unit;
}

// A guard is a page of the system; where that is as large as the heap's there is none.
std::size_t guard_size() {
    const std::size_t page = os::page_size();
    return os::settings.guard_pages.load(std::memory_order_relaxed) != 0 && page < kPageSize ? page : 0;
}

// Each block has two mappings more than it would have without.
constexpr std::size_t kMostGuarded = 8192;
constinit std::atomic<std::size_t> guarded_blocks{0};

std::size_t front_for(const Facts& facts) {
    const std::size_t guard = guard_size();
    return std::size_t{1} << facts.alignment_shift <= guard ? guard : 0;
}
char* run_of(const void* block) {
    return window.address_of(window.page_of(block));
}
std::size_t front_of(const void* block) {
    return window.offset_of(block) % kPageSize;
}
// Where the guard behind a block of so many bytes begins.
std::size_t room_for(std::size_t size) {
    return round_up(size + canary::kWatched, os::page_size());
}
// Bytes from the block to the end of its run.
std::size_t reach_of(const void* block) {
    return heap::large::usable_size(run_of(block)) - front_of(block);
}

// Makes the front guard and all behind the block's room inaccessible, or none of it.
bool raise_guards(char* block, std::size_t room) {
    if (guarded_blocks.load(std::memory_order_relaxed) >= kMostGuarded) return false;
    const std::size_t reach = reach_of(block);
    if (reach > room && !os::forbid(block + room, reach - room)) return false;
    const std::size_t front = front_of(block);
    if (front == 0 || os::forbid(block - front, front)) return true;
    return reach > room && !os::commit(block + room, reach - room); // then it remains one
}

void set_up(char* block, const Facts& facts) {
    Record& record = record_of(window.page_of(block));
    record.facts = facts;
    record.guarded = guard_size() != 0 && raise_guards(block, room_for(facts.size));
    if (record.guarded) guarded_blocks.fetch_add(1, std::memory_order_relaxed);
    canary::guard_end(block, facts.size, secret.key(block));
}

void* out_of_memory() {
    errno = ENOMEM;
    return nullptr;
}

// The whole run, accessible again. Its old contents are not wanted: another mapping will do.
bool open(char* run, std::size_t size) {
    return os::commit(run, size) || os::renew(run, size) == os::Change::kDone;
}

// Released blocks, inaccessible, by their runs.
class Waiting {
  public:
    // False if there is no room for it.
    bool put(char* run, std::size_t size) {
        const os::Guard guard(lock_);
        if (count_ == runs_.size()) return false;
        runs_[count_++] = run;
        bytes_.store(bytes() + size, std::memory_order_relaxed);
        return true;
    }
    // One that has to leave, any; null if all may stay.
    char* take_excess() {
        const os::Guard guard(lock_);
        const std::size_t most = std::min(kMostBytes, window.size / kShareOfWindow);
        if (count_ <= kMostRuns && (bytes() <= most || count_ == 0)) return nullptr;
        return take(start_random().below(count_));
    }
    char* take_last() {
        const os::Guard guard(lock_);
        return count_ == 0 ? nullptr : take(count_ - 1);
    }

    std::size_t bytes() const { return bytes_.load(std::memory_order_relaxed); }
    os::Mutex<os::Rank::kQuarantine>& mutex() { return lock_; }

  private:
    // Of addresses, not of memory.
    static constexpr std::size_t kMostBytes = std::size_t{1} << 30;
    static constexpr std::size_t kShareOfWindow = 16;
    static constexpr std::uint32_t kMostRuns = 64;

    char* take(std::uint32_t number) {
        char* const taken = std::exchange(runs_[number], runs_[count_ - 1]);
        --count_;
        bytes_.store(bytes() - heap::large::usable_size(taken), std::memory_order_relaxed);
        return taken;
    }

    os::Mutex<os::Rank::kQuarantine> lock_;
    std::atomic<std::size_t> bytes_{0};
    std::uint32_t count_ = 0;
    std::array<char*, 2 * kMostRuns> runs_{}; // room for what several threads put at one time
};
constinit Waiting waiting;

void return_to_heap(char* run) {
    if (open(run, heap::large::usable_size(run))) heap::release(run);
}

} // namespace

void* allocate(const Facts& facts, Contents contents) {
    const std::size_t alignment = std::size_t{1} << facts.alignment_shift;
    const std::size_t guard = guard_size();
    const std::size_t front = front_for(facts);
    // One that could be of a size class would not be a large block.
    const std::size_t length = std::max(front + room_for(facts.size) + guard, layout::kMaxClassSize + 1);
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
    return record_of(window.page_of(block)).facts;
}

std::size_t overflow(const void* block) {
    return canary::overflow(static_cast<const char*>(block), facts_of(block).size, canary::kWatched,
                            secret.key(block));
}

void release(void* block) {
    char* const run = run_of(block);
    if (!record_of(window.page_of(block)).guarded) {
        heap::release(run);
        return;
    }
    guarded_blocks.fetch_sub(1, std::memory_order_relaxed);
    const std::size_t size = heap::large::usable_size(run);
    if (os::settings.quarantine.load(std::memory_order_relaxed) == 0 || !os::forbid(run, size)) {
        if (open(run, size)) heap::release(run);
        return;
    }
    os::purge(run, size);
    if (!waiting.put(run, size)) return_to_heap(run);
    while (char* const leaving = waiting.take_excess())
        return_to_heap(leaving);
}

bool resize_in_place(void* block, std::size_t size) {
    auto* const start = static_cast<char*>(block);
    Record& record = record_of(window.page_of(block));
    const std::size_t old_room = room_for(record.facts.size);
    const std::size_t room = room_for(size);
    const std::size_t guard = record.guarded ? guard_size() : 0;
    const std::size_t reach = reach_of(block);
    const std::size_t length = front_of(block) + room + guard;
    if (room != old_room) {
        // What was the guard behind it is the block's, or another block's, from here on.
        if (record.guarded && !os::commit(start + old_room, reach - old_room)) return false;
        const bool done = round_up(length, kPageSize) == front_of(block) + reach ||
                          heap::large::resize_in_place(run_of(block), length);
        const std::size_t kept = done ? room : old_room;
        if (record.guarded && reach_of(block) > kept) os::forbid(start + kept, reach_of(block) - kept);
        if (!done) return false;
    }
    canary::forget_end(start, record.facts.size, size);
    record.facts.size = size;
    canary::guard_end(start, size, secret.key(block));
    return true;
}

void* around(const void* address) {
    if (!window.contains(address)) return nullptr;
    Page first = window.page_of(address);
    const Page asked = first;
    while (first > window.first_page && window.header(first) == layout::PageHeader{})
        --first;
    if (window.header(first) != heap::large::kHeader) return nullptr;
    char* const run = window.address_of(first);
    if ((asked - first) * kPageSize >= heap::large::usable_size(run)) return nullptr;
    return run + front_for(record_of(first).facts);
}

bool return_all() {
    bool some = false;
    while (char* const run = waiting.take_last()) {
        return_to_heap(run);
        some = true;
    }
    return some;
}

std::size_t bytes() {
    return waiting.bytes();
}

os::Mutex<os::Rank::kQuarantine>& mutex() {
    return waiting.mutex();
}

} // namespace ashlar::guard::large_blocks
