// SPDX-License-Identifier: MIT
#include "layout/superslab.h"

#include "os/config.h"
#include "os/edition.h"

#include <algorithm>

namespace ashlar::layout {

constinit Superslabs superslabs;

namespace {

constexpr std::size_t kRoom = 4; // times the length of a growing block

// Returns kAnyNode if there is one node.
os::Node told_apart(os::Node node) {
    return os::nodes() == 1 ? kAnyNode : node;
}

} // namespace

Run Superslabs::take_locked(Slice first, std::size_t slices) {
    const std::size_t dirty = dirty_slices();
    const Run run = map_.take(first, slices);
    reserves_.note_clean_taken(slices - (dirty - dirty_slices()));
    reserves_.note_in_use(present_slices());
    if (const unsigned returned = returned_runs_.load(std::memory_order_relaxed);
        run.unchecked && returned != 0) {
        returned_runs_.store(returned - 1, std::memory_order_relaxed);
    }
    return run;
}

Run Superslabs::take_locked(Slice first, std::size_t slices, std::size_t filled, MovePlan& plan) {
    if (plans_to_leave_out_ != 0) {
        --plans_to_leave_out_;
    } else {
        plan.count = map_.plan_moves(first, slices, filled, plan.moves.data(), MovePlan::kMost);
    }
    return take_locked(first, slices);
}

// Finds a run, and grows the heap if there is none. `take(first)` takes the run, under the lock.
template <typename Take>
Run Superslabs::take_or_grow(std::size_t slices, SliceMap::Fit fit, os::Node node, Take take) {
    os::Node wanted = told_apart(node);
    for (bool withdrawn = false;;) {
        std::size_t openings = 0;
        {
            const os::Guard guard(mutex_);
            if (const Slice found = map_.find(slices, fit, wanted); found != 0) return take(found);
            openings = map_.openings();
        }
        const Growth growth = grow(slices, fit, openings, wanted, node);
        if (growth == Growth::kDone) continue;
        if (wanted != kAnyNode) {
            wanted = kAnyNode;
            continue;
        }
        // Free superslabs elsewhere use up the same limits.
        if (growth == Growth::kNoRoom || withdrawn || withdraw_all() == 0) return {};
        withdrawn = true;
    }
}

Run Superslabs::take_for_slab(unsigned slices, os::Node node) {
    Run run = take_or_grow(slices, SliceMap::Fit::kAligned, node,
                           [&](Slice found) { return take_locked(found, slices); });
    if (run.unchecked && !take_back_changes(run.first, slices)) run = {};
    if constexpr (os::kHardened) {
        if (run.first != 0) raise_fence(run.first / kSlicesPerSuperslab);
    }
    if (run.zero) note_excess();
    return run;
}

Run Superslabs::take(std::size_t slices, Want want, os::Node node) {
    MovePlan plan;
    const Run run = take_or_grow(slices, SliceMap::Fit::kAnywhere, node, [&](Slice found) {
        return want == Want::kWarm ? take_locked(found, slices, 0, plan) : take_locked(found, slices);
    });
    return warm(run, slices, plan);
}

Run Superslabs::take_with_room(std::size_t slices, std::size_t filled, os::Node node) {
    MovePlan plan;
    Run run;
    if (slices < kSlicesPerSuperslab) {
        const os::Guard guard(mutex_);
        const std::size_t room = std::min<std::size_t>(slices * kRoom, kSlicesPerSuperslab);
        const Slice found = map_.find(room, SliceMap::Fit::kAnywhere, told_apart(node));
        if (found != 0) run = take_locked(found, slices, filled, plan);
    }
    if (run.first == 0) {
        run = take_or_grow(slices, SliceMap::Fit::kAnywhere, node,
                           [&](Slice found) { return take_locked(found, slices, filled, plan); });
    }
    return warm(run, slices, plan);
}

Run Superslabs::take_at(Slice first, std::size_t slices) {
    if (first + slices > window.end_slice) return {};
    MovePlan plan;
    std::size_t openings = 0;
    std::size_t missing = 0; // slices from the free superslabs at the heap's end to the end of the run
    const auto take_now = [&] {
        return map_.all_free(first, slices) ? take_locked(first, slices, 0, plan) : Run{};
    };
    Run run;
    {
        const os::Guard guard(mutex_);
        run = take_now();
        openings = map_.openings();
        const std::size_t end = map_.opened() * kSlicesPerSuperslab;
        if (run.first == 0 && first + slices > end &&
            (first == end || (first < end && map_.all_free(first, end - first)))) {
            missing = first + slices - end + map_.free_superslabs_at_end(kAnyNode) * kSlicesPerSuperslab;
        }
    }
    if (missing != 0 && grow(missing, SliceMap::Fit::kAnywhere, openings, kAnyNode,
                             node_of(static_cast<Slice>(first - 1)), Where::kAtEnd) == Growth::kDone) {
        const os::Guard guard(mutex_);
        run = take_now();
    }
    return warm(run, slices, plan);
}

void Superslabs::set_unchecked_locked(Slice first, std::size_t slices) {
    map_.set_unchecked(first, slices);
    returned_runs_.store(returned_runs_.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
}

void Superslabs::give(Slice first, std::size_t slices) {
    take_off_locks(first, slices);
    const std::size_t purged = purge_end(first, slices);
    slices -= purged;
    if (purged != 0) give_clean(static_cast<Slice>(first + slices), purged);
    {
        const os::Guard guard(mutex_);
        if (slices != 0) {
            map_.give(first, slices, true);
            set_unchecked_locked(first, slices);
        }
        note_excess(); // under the lock, while this core has the cache lines
    }
    if constexpr (os::kHardened) drop_lone_fences(first, slices);
}

void Superslabs::give_clean(Slice first, std::size_t slices) {
    take_off_locks(first, slices);
    give_clean(first, slices, Owner::kProgram);
}

void Superslabs::give_untouched(Slice first, std::size_t slices, bool zero) {
    if (slices == 0) return;
    if (zero) return give_clean(first, slices, Owner::kNobody);
    const os::Guard guard(mutex_);
    map_.give(first, slices, true);
}

// `last` is the last owner of the slices.
void Superslabs::give_clean(Slice first, std::size_t slices, Owner last) {
    bool displaced = false;
    {
        const os::Guard guard(mutex_);
        displaced = map_.any_displaced(first, slices);
    }
    const os::Change renewed = displaced ? renew(first, slices) : os::Change::kRefused;
    if (renewed == os::Change::kLost) return;
    {
        const os::Guard guard(mutex_);
        if (renewed == os::Change::kDone) map_.set_displaced(first, slices, false);
        map_.give(first, slices, false);
        if (renewed != os::Change::kDone && last == Owner::kProgram) set_unchecked_locked(first, slices);
    }
    if constexpr (os::kHardened) drop_lone_fences(first, slices);
}

os::Node Superslabs::node_of(Slice slice) {
    if (os::nodes() == 1) return 0;
    const os::Guard guard(mutex_);
    return map_.node_of(slice / kSlicesPerSuperslab);
}

bool Superslabs::is_huge(Slice slice) {
    if (os::settings.huge_pages_now() == os::HugePages::kNever) return false;
    const os::Guard guard(mutex_);
    return map_.is_huge(slice / kSlicesPerSuperslab);
}

SliceMask Superslabs::unchecked_slices(std::size_t superslab) {
    const os::Guard guard(mutex_);
    return map_.free_slices(superslab) & ~map_.known(superslab).usual;
}

SliceMask Superslabs::free_slices(std::size_t superslab) {
    const os::Guard guard(mutex_);
    return map_.free_slices(superslab);
}

} // namespace ashlar::layout
