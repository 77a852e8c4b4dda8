// SPDX-License-Identifier: MIT
//
// Moves memory to a run, so that touching the run causes no page faults: see superslab.h.
#include "layout/superslab.h"
#include "os/page_attributes.h"
#include "os/page_locks.h"

#include <algorithm>

namespace ashlar::layout {

Run Superslabs::warm(Run run, std::size_t slices, const MovePlan& plan) {
    // Only large blocks make the library read the limit. A program without them may be in a sandbox that ends
    // it for opening a file. The dirty slices of its slabs do not make it larger than it was.
    limit_.note_size(committed());
    bool whole = !run.unchecked || take_back_changes(run.first, slices);
    bool go_on = whole && plan.count != 0 && is_worth_moving(plan.moves[0]) &&
                 may_move(plan.moves[plan.count - 1].from, plan.moves[0].to);
    for (unsigned i = 0; i < plan.count; ++i) {
        run.zero = false;
        const os::Change last = carry_out(plan.moves[i], go_on);
        go_on = go_on && last != os::Change::kRefused;
        whole = whole && last != os::Change::kLost;
    }
    if (run.zero) note_excess();
    return whole ? run : Run{}; // the rest of the run has no owner
}

// Returns whether a move saves enough faults. Programs that use only the beginning of their buffers leave
// dirty slices that hold little memory. Then ever more runs get no moves, until that changes.
bool Superslabs::is_worth_moving(const SliceMap::Move& move) {
    constexpr std::size_t kLeastShare = 8; // 1/8 must be resident: about as many faults as a move costs
    constexpr unsigned kMostLeftOut = 63;
    std::size_t resident = 0;
    const std::size_t size = move.slices * kSliceSize;
    const bool worth =
        !os::find_resident(window.address_of(move.from), size, resident) || resident >= size / kLeastShare;
    const os::Guard guard(mutex_);
    plans_left_out_ = worth ? 0 : std::min(2 * plans_left_out_ + 1, kMostLeftOut);
    plans_to_leave_out_ = plans_left_out_;
    return worth;
}

// Locked memory stays in place, because a move removes the lock. After mlockall(MCL_CURRENT) the lower part
// of the heap is locked, so the lowest pages of both sides tell.
bool Superslabs::may_move(Slice from, Slice to) {
    const bool locked = os::any_locked(window.address_of(from), os::page_size()) ||
                        os::any_locked(window.address_of(to), os::page_size());
    return !locked || !os::locks_are_wanted();
}

// Carries out `move`, or only puts the slices back unless `try_it`. kLost refers to the place to move to.
os::Change Superslabs::carry_out(SliceMap::Move move, bool try_it) {
    os::Change result = os::Change::kRefused;
    if (try_it && move.unchecked) { // a move would keep a program's changes
        if (!take_back_changes(move.from, move.slices)) return os::Change::kSplit; // the slices are lost
        move.unchecked = false;
    }
    if (try_it) {
        result = os::move_pages(window.address_of(move.from), window.address_of(move.to),
                                move.slices * kSliceSize);
    }
    const bool moved = result == os::Change::kDone;
    if (result == os::Change::kSplit) advise_again(move.to, move.slices);
    const os::Change renewed = moved && move.renew ? renew(move.from, move.slices) : os::Change::kRefused;
    const os::Guard guard(mutex_);
    if (renewed == os::Change::kLost) {
        map_.set_displaced(move.to, move.slices, true); // the place that they left is lost
    } else {
        map_.put_back(move, moved, renewed == os::Change::kDone);
        if (result == os::Change::kSplit) map_.set_split(move.from, move.slices);
    }
    return result;
}

os::Change Superslabs::move(Slice from, Slice to, std::size_t slices) {
    {
        const os::Guard guard(mutex_);
        if (!map_.may_displace() || map_.any_displaced(from, slices)) return os::Change::kRefused;
    }
    // The kernel may move a part of several mappings and then refuse. The rest would be lost.
    const std::size_t size = slices * kSliceSize;
    if (!os::is_one_mapping(window.address_of(from), size) || !may_move(from, to))
        return os::Change::kRefused;
    const os::Change result = os::move_pages(window.address_of(from), window.address_of(to), size);
    if (result == os::Change::kDone) {
        const os::Guard guard(mutex_);
        map_.set_displaced(to, slices, true);
    }
    return result == os::Change::kSplit ? os::Change::kRefused : result;
}

} // namespace ashlar::layout
