// SPDX-License-Identifier: MIT
#include "guard/waiting_blocks.h"

#include "guard/violation.h"
#include "heap/heap.h"

#include <new>

namespace ashlar::guard::waiting_blocks {

constinit thread_local Quarantine* mine = nullptr;

namespace {

using layout::metadata_pool;

constinit os::Mutex<os::Rank::kQuarantine> lock;
constinit Quarantine* all = nullptr;    // the threads' own
constinit Quarantine* shared = nullptr; // made when first needed

[[gnu::always_inline]] inline void check(Waiting waiting) {
    if (!poison::intact(waiting.block(), waiting.size(), extent_of(waiting))) [[unlikely]] {
        report_written_after_release(
            waiting.block(), poison::first_damage(waiting.block(), waiting.size(), extent_of(waiting)));
    }
}

Quarantine* make() {
    void* const memory = metadata_pool.take(sizeof(Quarantine));
    if (memory == nullptr) return nullptr;
    return new (memory) Quarantine(new_seed());
}

void link(Quarantine& own) {
    const os::Guard guard(lock);
    own.previous = nullptr;
    own.next = all;
    if (all != nullptr) all->previous = &own;
    all = &own;
}

void unlink(Quarantine& own) {
    const os::Guard guard(lock);
    (own.previous != nullptr ? own.previous->next : all) = own.next;
    if (own.next != nullptr) own.next->previous = own.previous;
}

// A thread has a quarantine as long as it has a cache, because somebody must end it.
bool may_have_own() {
    start_random(); // what comes into the stacks may be handed out
    if (cache::my_stacks().phase == cache::Phase::kNew) heap::release(heap::allocate(1)); // makes the cache
    return cache::my_stacks().phase == cache::Phase::kAttached;
}

bool have_shared() {
    {
        const os::Guard guard(lock);
        if (shared != nullptr) return true;
    }
    Quarantine* const made = make();
    if (made == nullptr) return false;
    const os::Guard guard(lock);
    if (shared == nullptr) {
        shared = made;
    } else {
        metadata_pool.give(made, sizeof(Quarantine));
    }
    return true;
}

// A block that is poisoned.
void add_to_shared(Waiting coming) {
    if (!have_shared()) {
        return_to_heap(coming);
        return;
    }
    for (bool done = false; !done;) {
        Waiting leaving;
        {
            const os::Guard guard(lock);
            done = !shared->full(coming.size()) || shared->make_room(coming.size(), leaving);
            if (done) leaving = shared->exchange(coming);
        }
        if (leaving.any()) return_to_heap(leaving);
    }
}

bool take_from_shared(Waiting& leaving) {
    const os::Guard guard(lock);
    leaving = shared != nullptr ? shared->take() : Waiting{};
    return leaving.any();
}

} // namespace

void return_to_heap(Waiting waiting) {
    check(waiting);
    heap::release(waiting.block());
}

void make_room(Quarantine& quarantine, std::size_t size) {
    Waiting leaving;
    while (!quarantine.make_room(size, leaving))
        return_to_heap(leaving);
}

void add_slowly(void* block, layout::SizeClass c) {
    if (may_have_own() && mine == nullptr) {
        if (Quarantine* const made = make()) {
            link(*made);
            mine = made;
        }
    }
    if (mine != nullptr) {
        add(block, c);
        return;
    }
    const Waiting coming(block, c, true);
    poison::fill(block, coming.size(), extent_of(coming));
    add_to_shared(coming);
}

bool return_all() {
    bool some = false;
    for (Waiting leaving; mine != nullptr && (leaving = mine->take()).any(); some = true)
        return_to_heap(leaving);
    for (Waiting leaving; take_from_shared(leaving); some = true)
        return_to_heap(leaving);
    return some;
}

void end_thread() {
    Quarantine* const own = mine;
    if (own == nullptr) return;
    mine = nullptr;
    unlink(*own);
    for (Waiting leaving; (leaving = own->take()).any();) {
        check(leaving);
        add_to_shared(leaving);
    }
    metadata_pool.give(own, sizeof(Quarantine));
}

std::size_t bytes() {
    const os::Guard guard(lock);
    std::size_t sum = shared != nullptr ? shared->bytes() : 0;
    for (const Quarantine* each = all; each != nullptr; each = each->next)
        sum += each->bytes();
    return sum;
}

os::Mutex<os::Rank::kQuarantine>& mutex() {
    return lock;
}

void survive_fork() {
    for (Quarantine* each = all; each != nullptr;) {
        Quarantine* const next = each->next;
        if (each != mine) metadata_pool.give(each, sizeof(Quarantine));
        each = next;
    }
    all = mine;
    if (mine != nullptr) mine->next = mine->previous = nullptr;
}

} // namespace ashlar::guard::waiting_blocks
