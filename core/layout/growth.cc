// SPDX-License-Identifier: MIT
//
// Opens superslabs for growth, and unmaps free ones until they are needed again: see superslab.h.
#include "layout/metadata_pool.h"
#include "layout/superslab.h"
#include "os/config.h"
#include "os/counters.h"
#include "os/huge_pages.h"
#include "os/page_locks.h"
#include "os/probe.h"

#include <algorithm>

namespace ashlar::layout {

namespace {

constexpr std::size_t kMostAhead = 8;     // superslabs, 16 MiB, opened ahead of need
constexpr std::size_t kBitmapBytes = 512; // metadata per slice: the bitmap of a slab of the smallest blocks

// A large heap in superslabs, and the eighths of a heap that are in use if the heap is well filled.
constexpr std::size_t kLargeHeap = 128;
constexpr std::size_t kWellFilled = 7;

} // namespace

bool Superslabs::wants_huge_pages() const {
    const os::HugePages policy = os::settings.huge_pages_now();
    if (policy == os::HugePages::kNever) return false;
    const std::size_t have = committed_.load(std::memory_order_relaxed);
    const bool filled = slices_in_use() >= have * kSlicesPerSuperslab / 8 * kWellFilled;
    return (policy == os::HugePages::kAlways || (have >= kLargeHeap && filled)) && os::huge_pages_allowed();
}

// Advises a new mapping. Small pages need advice too, because some systems give huge pages unasked.
void Superslabs::advise(Slice first, std::size_t slices, os::Node node, bool huge) const {
    void* const start = window.address_of(first);
    if (huge) {
        os::advise_huge_pages(start, slices * kSliceSize);
    } else {
        os::advise_small_pages(start, slices * kSliceSize);
    }
    if (os::settings.numa_now() == os::Numa::kBind) os::prefer_node(start, slices * kSliceSize, node);
}

// Repeats the advice for the superslabs of these slices. Neighbours of one kind share a call.
void Superslabs::advise_again(Slice first, std::size_t slices) {
    const os::Node node = node_of(first);
    while (slices != 0) {
        const bool huge = is_huge(first);
        std::size_t alike = kSlicesPerSuperslab - first % kSlicesPerSuperslab;
        while (alike < slices && is_huge(static_cast<Slice>(first + alike)) == huge)
            alike += kSlicesPerSuperslab;
        alike = std::min(alike, slices);
        advise(first, alike, node, huge);
        first = static_cast<Slice>(first + alike);
        slices -= alike;
    }
}

bool Superslabs::stays_huge(Slice slice) {
    return os::settings.huge_pages_now() == os::HugePages::kAlways && is_huge(slice);
}

// Without the advice the kernel would make a huge page again, and fill the purged pages.
bool Superslabs::break_up(Slice slice) {
    if (!is_huge(slice)) return true;
    if (stays_huge(slice)) return false;
    const std::size_t superslab = slice / kSlicesPerSuperslab;
    if (!os::advise_small_pages(window.address_of(first_slice_of(superslab)), kSuperslabSize)) return false;
    const os::Guard guard(mutex_);
    if (SliceMap::is_huge(superslab)) os::count(os::counters.break_ups);
    map_.set_huge(superslab, superslab + 1, false);
    return true;
}

void Superslabs::break_up_or_count(Slice slice) {
    if (!break_up(slice)) os::count(os::counters.break_ups);
}

// Grows the tables for the superslabs below `end`, of which `open` are open. Returns false without memory.
bool Superslabs::grow_tables(std::size_t end, std::size_t open) {
    return window.superslab_states.grow_to(SliceMap::bytes_for(end)) &&
           window.grow_slice_tables(first_slice_of(end)) &&
           metadata_pool.set_aside(open * kSlicesPerSuperslab * kBitmapBytes);
}

// Maps superslabs from `begin` on: at least `least`, at most `most`. Maps fewer before a foreign mapping.
Superslabs::Opening Superslabs::map_superslabs(std::size_t begin, std::size_t least, std::size_t most) {
    const auto map = [&](std::size_t first, std::size_t count) {
        return os::open_pages(window.address_of(first_slice_of(first)), count * kSuperslabSize, window.hold);
    };
    os::Opened result = map(begin, most);
    if (result == os::Opened::kDone) return {most, result};
    if (least != most) {
        result = map(begin, least);
        if (result == os::Opened::kDone) return {least, result};
    }
    std::size_t before = 0;
    if (result == os::Opened::kOccupied) {
        while (before < least && map(begin + before, 1) == os::Opened::kDone)
            ++before;
    }
    return {before, result};
}

// Returns whether the heap may grow under a limit on address space, where its waste is lost to the program.
// Slabs waste up to 1/8, large blocks the rest of a slice or superslab, the fallback next to nothing. So
// there the heap grows for slabs only, to 1/8 of the limit, which wastes up to 16 MiB per GiB.
bool Superslabs::may_grow(SliceMap::Fit fit) const {
    constexpr std::size_t kShareOfLimit = 8;
    constexpr std::size_t kUnasked = 64; // superslabs, 128 MiB: most heaps of slabs alone stay below
    const std::size_t open = committed_.load(std::memory_order_relaxed);
    if (window.hold == os::Hold::kReserved) return true; // the limit counts the addresses already
    if (fit == SliceMap::Fit::kAligned && open < kUnasked) return true;
    const std::size_t limit = os::address_space_limit();
    if (limit == os::kNoLimit) return true;
    return fit == SliceMap::Fit::kAligned && open < limit / kShareOfLimit / kSuperslabSize;
}

// Opens superslabs behind the last one, so that a run of `slices` fits there. With Where::kAnywhere it may
// reopen withdrawn ones. `seen` is the caller's value of map_.openings(). A long run may begin in free
// superslabs of the node `beginning`. New superslabs belong to `node`.
//
// kDone: the caller searches again. That is also the result after other openings since `seen`, and after a
// foreign mapping, behind which growth continues.
Superslabs::Growth Superslabs::grow(std::size_t slices, SliceMap::Fit fit, std::size_t seen,
                                    os::Node beginning, os::Node node, Where where) {
    const os::Guard growing(growth_mutex_);
    RefusedRequests& refused = refused_[static_cast<std::size_t>(fit)];
    const std::size_t whole = (slices + kSlicesPerSuperslab - 1) / kSlicesPerSuperslab;
    std::size_t needed = whole;
    // Requests for more superslabs are never left out, since withdrawing others may make room. A request for
    // one node is repeated for any node, and only the second one is counted.
    if (needed == 1 && (beginning == kAnyNode ? refused.leave_out() : refused.leaves_out()))
        return Growth::kNoRoom;
    if (!may_grow(fit)) {
        refused.note_refused();
        return Growth::kNoRoom;
    }
    std::size_t begin = window.first_slice / kSlicesPerSuperslab;
    std::size_t room = 0;
    std::size_t again = 0;
    {
        const os::Guard guard(mutex_);
        if (map_.openings() != seen) return Growth::kDone;
        begin = std::max(begin, map_.opened());
        room = window.end_slice / kSlicesPerSuperslab - begin;
        if (where == Where::kAnywhere) again = map_.reclaim(whole);
        if (again == 0 && whole > 1) { // the run may start in the last superslabs
            needed -= std::min(map_.free_superslabs_at_end(beginning), needed - 1);
        }
        // Without room, withdrawn superslabs are reopened one by one.
        if (again == 0 && needed > room && where == Where::kAnywhere) {
            again = map_.reclaim(1);
            if (again != 0) needed = 1;
        }
    }
    if (again != 0) {
        begin = again;
    } else if (needed > room) {
        return Growth::kNoRoom;
    }
    const std::size_t open = committed_.load(std::memory_order_relaxed);
    std::size_t most = again != 0 ? needed : std::max(needed, std::min({open / 8, kMostAhead, room}));
    if (most > needed && os::new_mappings_are_locked()) most = needed; // these would take memory at once
    Opening opening{.superslabs = 0, .result = os::Opened::kRefused};
    if (grow_tables(begin + needed, open + needed)) {
        opening = map_superslabs(begin, needed, grow_tables(begin + most, open + most) ? most : needed);
    }
    if (opening.superslabs != 0) open_superslabs(begin, opening.superslabs, node);
    if (opening.result == os::Opened::kDone) {
        stride_ = 1;
        refused.forget();
        return Growth::kDone;
    }
    const bool is_occupied = opening.result == os::Opened::kOccupied;
    if (again != 0) { // but not where the foreign mapping lies
        const os::Guard guard(mutex_);
        for (std::size_t i = opening.superslabs + (is_occupied ? 1 : 0); i < needed; ++i)
            map_.set_aside(again + i);
    }
    if (is_occupied) {
        if (opening.superslabs != 0) stride_ = 1;
        return step_over(begin + opening.superslabs, again == 0 ? room - opening.superslabs : 0);
    }
    refused.note_refused();
    return window.is_blocked() ? Growth::kNoRoom : Growth::kRefused;
}

void Superslabs::open_superslabs(std::size_t begin, std::size_t count, os::Node node) {
    const Slice first = first_slice_of(begin);
    const bool huge = wants_huge_pages();
    advise(first, count * kSlicesPerSuperslab, node, huge);
    const os::Guard guard(mutex_);
    window.set_headers(first, count * kSlicesPerSuperslab, kUnused);
    window.publish(first_slice_of(begin + count));
    map_.open(begin, begin + count, node);
    map_.set_huge(begin, begin + count, huge);
    committed_.fetch_add(count, std::memory_order_relaxed);
    os::count(os::counters.growths);
    ASHLAR_PROBE2(grow, window.address_of(first), count * kSuperslabSize);
}

// Steps over `superslab`, where a foreign mapping lies. Of `room` superslabs from there on, growth leaves out
// one, and twice as many each time that the next is foreign too. `room` 0: a withdrawn one, lost for ever.
Superslabs::Growth Superslabs::step_over(std::size_t superslab, std::size_t room) {
    const std::size_t end = superslab + std::min(stride_, room);
    if (!window.superslab_states.grow_to(SliceMap::bytes_for(end))) return Growth::kRefused;
    if (room != 0) stride_ *= 2;
    const os::Guard guard(mutex_);
    map_.step_over(end);
    return Growth::kDone;
}

std::size_t Superslabs::withdraw_all() {
    std::size_t withdrawn = 0;
    for (std::size_t below = ~std::size_t{0};;) {
        SliceMap::Piece piece{};
        {
            const os::Guard guard(mutex_);
            piece = map_.take_superslab(below);
        }
        if (piece.superslab == 0) break;
        below = piece.superslab;
        const Slice first = first_slice_of(piece.superslab);
        window.set_headers(first, kSlicesPerSuperslab, kNotOurs);
        const os::Change result = os::close_pages(window.address_of(first), kSuperslabSize, window.hold);
        const os::Guard guard(mutex_);
        if (result == os::Change::kRefused) {
            window.set_headers(first, kSlicesPerSuperslab, kUnused);
            map_.give_back(piece);
            continue;
        }
        if (result == os::Change::kDone) map_.set_aside(piece);
        committed_.fetch_sub(1, std::memory_order_relaxed);
        ++withdrawn;
    }
    if (withdrawn != 0) {
        const os::Guard growing(growth_mutex_);
        for (RefusedRequests& refused : refused_)
            refused.forget();
        metadata_pool.ask_again();
    }
    return withdrawn * kSuperslabSize + purge_all();
}

} // namespace ashlar::layout
