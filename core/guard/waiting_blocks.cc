// SPDX-License-Identifier: MIT
#include "guard/waiting_blocks.h"

#include "guard/canary.h"
#include "guard/live_map.h"
#include "guard/violation.h"
#include "heap/heap.h"
#include "layout/metadata_pool.h"
#include "os/config.h"

#include <new>
#include <utility>

namespace ashlar::guard::waiting_blocks {

constinit thread_local Quarantine* mine = nullptr;

namespace {

using layout::metadata_pool;
using layout::SizeClass;

constexpr unsigned kMostLeft = 8;

class List {
  public:
    Quarantine* first() const { return first_; }
    unsigned length() const { return length_; }

    void add(Quarantine& one) {
        one.previous = nullptr;
        one.next = first_;
        if (first_ != nullptr) first_->previous = &one;
        first_ = &one;
        ++length_;
    }
    void remove(Quarantine& one) {
        (one.previous != nullptr ? one.previous->next : first_) = one.next;
        if (one.next != nullptr) one.next->previous = one.previous;
        --length_;
    }

  private:
    Quarantine* first_ = nullptr;
    unsigned length_ = 0;
};

constinit os::Mutex<os::Rank::kQuarantine> lock;
constinit List owned; // quarantines of running threads
constinit List left;  // quarantines of ended threads, for new threads and for threads without one
constinit thread_local bool ended = false;

Quarantine* make() {
    void* const memory = metadata_pool.take(sizeof(Quarantine));
    return memory != nullptr ? new (memory) Quarantine(new_seed()) : nullptr;
}

[[gnu::always_inline]] inline void give_to_heap(void* block) {
    if (!live_map.end(layout::window.offset_of(block))) [[unlikely]]
        report_released_twice_at_once(block);
    heap::release(block);
}

void return_to_heap(WaitingBlock waiting) {
    check(waiting);
    give_to_heap(waiting.block());
}

bool empty(Quarantine& quarantine) {
    bool some = false;
    for (WaitingBlock leaving; (leaving = quarantine.take_any()).any(); some = true)
        return_to_heap(leaving);
    return some;
}

void dissolve(Quarantine& quarantine) {
    empty(quarantine);
    quarantine.finish();
    metadata_pool.give(&quarantine, sizeof(Quarantine));
}

// Returns whether the thread may have a quarantine. It needs a cache, whose end also ends the quarantine.
bool may_have_own() {
    if (ended) return false;
    start_random(); // the stream must be started before blocks are put into the stacks
    if (cache::my_stacks().phase == cache::Phase::kNew) heap::release(heap::allocate(1)); // makes the cache
    return cache::my_stacks().phase == cache::Phase::kAttached;
}

// Makes `quarantine` the thread's own, under the lock. A child of a fork from here on keeps `mine`.
void own(Quarantine& quarantine) {
    mine = &quarantine;
    owned.add(quarantine);
}

bool acquire_left() {
    const os::Guard guard(lock);
    Quarantine* const taken = left.first();
    if (taken == nullptr) return false;
    left.remove(*taken);
    own(*taken);
    return true;
}

// Acquires the quarantine that was left last, or a new one. Returns false if there is no memory.
bool acquire() {
    if (acquire_left()) return true;
    Quarantine* const made = make();
    if (made == nullptr) return false;
    const os::Guard guard(lock);
    own(*made);
    return true;
}

// Adds a quarantine to `left`. Returns false if there are enough.
bool leave(Quarantine& quarantine) {
    const os::Guard guard(lock);
    owned.remove(quarantine);
    if (left.length() >= kMostLeft) return false;
    left.add(quarantine);
    return true;
}

void give_up_own() {
    Quarantine* const own = std::exchange(mine, nullptr);
    if (!leave(*own)) dissolve(*own);
}

void add_to_own(Quarantine& quarantine, WaitingBlock coming) {
    WaitingBlock leaving;
    while (!quarantine.make_room(coming.size_class(), leaving)) {
        if (!leaving.any()) return return_to_heap(coming);
        return_to_heap(leaving);
    }
    quarantine.put(coming);
}

// Returns whether `left` has a quarantine, made if necessary. Threads without one use it under the lock.
bool have_left() {
    {
        const os::Guard guard(lock);
        if (left.first() != nullptr) return true;
    }
    Quarantine* const made = make();
    if (made == nullptr) return false;
    const os::Guard guard(lock);
    left.add(*made);
    return true;
}

// Another thread may take what is left between two rounds.
void add_to_left(WaitingBlock coming) {
    for (WaitingBlock leaving; have_left();) {
        bool room = false;
        {
            const os::Guard guard(lock);
            Quarantine* const quarantine = left.first();
            if (quarantine == nullptr) continue;
            room = quarantine->make_room(coming.size_class(), leaving);
            if (room) quarantine->put(coming);
        }
        if (room) return;
        if (!leaving.any()) break;
        return_to_heap(leaving);
    }
    return_to_heap(coming);
}

WaitingBlock take_from_left() {
    const os::Guard guard(lock);
    for (Quarantine* each = left.first(); each != nullptr; each = each->next) {
        if (const WaitingBlock taken = each->take_any(); taken.any()) return taken;
    }
    return {};
}

// Reports damage of a waiting block. A genuine trailer means that the block is in use. Then two threads
// released it at once, and one of them did not see the other's release.
[[noreturn]] void report(WaitingBlock waiting, poison::Extent extent) {
    canary::Facts facts;
    if (canary::read(static_cast<const char*>(waiting.block()), waiting.size(), facts))
        report_released_twice_at_once(waiting.block());
    report_written_after_release(waiting.block(),
                                 poison::first_damage(waiting.block(), waiting.size(), extent));
}

} // namespace

void check(WaitingBlock waiting) {
    const poison::Extent extent = waiting.whole() ? poison::Extent::kWhole : poison::Extent::kEnds;
    if (!poison::intact(waiting.block(), waiting.size(), extent)) report(waiting, extent);
}

bool seems_to_wait(const void* block, SizeClass c) {
    const char* const end = static_cast<const char*>(block) + layout::class_size(c);
    return poison::intact(end - layout::kAlignment, layout::kAlignment, poison::Extent::kWhole);
}

void add_slowly(void* block, SizeClass c) {
    if (os::settings.quarantine.load(std::memory_order_relaxed) == 0) {
        if (mine != nullptr) {
            if (mine->wants_whole(c)) mine->next_whole(c);
            give_up_own();
        }
        poison::fill(block, layout::class_size(c), poison::Extent::kEnds);
        return give_to_heap(block);
    }
    bool whole = true;
    if (mine != nullptr) {
        whole = mine->wants_whole(c) || mine->counts_down(c);
    } else if (may_have_own() && acquire()) {
        whole = mine->counts_down(c);
    }
    poison::fill(block, layout::class_size(c), whole ? poison::Extent::kWhole : poison::Extent::kEnds);
    const WaitingBlock coming(block, c, whole);
    if (mine != nullptr) {
        if (whole) mine->next_whole(c);
        add_to_own(*mine, coming);
    } else {
        add_to_left(coming);
    }
}

void add_without_room(void* block, SizeClass c) {
    mine->gives_room(c);
    if (os::settings.quarantine.load(std::memory_order_relaxed) == 0) {
        give_up_own();
        return give_to_heap(block);
    }
    add_to_own(*mine, WaitingBlock(block, c, false));
}

bool return_all() {
    bool some = mine != nullptr && empty(*mine);
    for (WaitingBlock leaving; (leaving = take_from_left()).any(); some = true)
        return_to_heap(leaving);
    return some;
}

void end_thread() {
    ended = true;
    if (mine == nullptr) return;
    mine->for_each(check);
    give_up_own();
}

std::size_t bytes() {
    const os::Guard guard(lock);
    std::size_t sum = 0;
    for (const List& list : {owned, left}) {
        for (const Quarantine* each = list.first(); each != nullptr; each = each->next)
            sum += each->bytes();
    }
    return sum;
}

os::Mutex<os::Rank::kQuarantine>& mutex() {
    return lock;
}

// Forgets the quarantines of other threads, because their shelves may have been changing.
void survive_fork() {
    owned = {};
    if (mine != nullptr) owned.add(*mine);
}

} // namespace ashlar::guard::waiting_blocks
