// SPDX-License-Identifier: MIT
//
// Which dirty slices are purged, and when: see superslab.h.
#include "layout/superslab.h"
#include "os/clock.h"
#include "os/config.h"

#include <algorithm>
#include <bit>

namespace ashlar::layout {

namespace {

constexpr std::size_t kMostInVain = 16;  // pieces in a row that the kernel refuses to purge
constexpr std::size_t kCallsToRenew = 3; // a mapping, and advice about huge pages and the node

constexpr std::size_t above(std::size_t value, std::size_t bound) {
    return value - std::min(value, bound);
}

} // namespace

// The count of absent bytes may change a moment before or after the count of slices in use.
std::size_t Superslabs::present_slices() const {
    return above(slices_in_use(),
                 static_cast<std::size_t>(std::max<std::ptrdiff_t>(absent_bytes(), 0)) / kSliceSize);
}

// Returns the dirty slices that are allowed with `in_use` slices in use.
std::size_t Superslabs::allowed_dirty(std::size_t in_use) const {
    const std::size_t floor = os::settings.dirty_limit.load(std::memory_order_relaxed) / kSliceSize;
    return reserves_.allowed_dirty(in_use, floor, limit_.bytes() / kSliceSize);
}

std::size_t Superslabs::floor_in_slabs() const {
    return Reserves::floor_in_slabs(slices_in_use() * kSliceSize,
                                    os::settings.dirty_limit.load(std::memory_order_relaxed));
}

std::size_t Superslabs::allowed_unused() const {
    return reserves_.allowed_unused(slices_in_use() * kSliceSize,
                                    os::settings.dirty_limit.load(std::memory_order_relaxed));
}

std::size_t Superslabs::excess() const {
    if (purging_is_vain_.load(std::memory_order_relaxed)) return 0;
    return above(dirty_slices(), allowed_dirty(present_slices()));
}

std::size_t Superslabs::excess_over_limit() const {
    return above(dirty_slices(), Reserves::allowed_by_limit(present_slices(), limit_.bytes() / kSliceSize));
}

void Superslabs::note_excess() {
    if (!purge_is_due() && excess() != 0) due_.store(true, std::memory_order_relaxed);
}

void Superslabs::purge_excess() {
    const std::size_t slices = excess();
    if (slices == 0) return;
    Slice below = kTop;
    Step step{.slices = slices, .calls = kNoBounds.calls};
    const std::size_t purged = purge(SliceMap::Which::kExcess, below, step);
    const os::Guard guard(mutex_);
    reserves_.note_purged(purged);
}

// Clears the flag first, so that the next step sees slices that become due meanwhile.
void Superslabs::purge_step() {
    due_.store(false, std::memory_order_relaxed);
    Step step = kStep;
    std::size_t purged = 0;
    if (excess() != 0) { // a whole step: one call per slice above the budget would cost more
        if (const std::size_t over = excess_over_limit(); over != 0)
            step = {.slices = std::max(over, step.slices), .calls = kNoBounds.calls};
        Slice below = kTop;
        purged = purge(SliceMap::Which::kExcess, below, step);
        const os::Guard guard(mutex_);
        reserves_.note_purged(purged);
        step.slices = above(kStep.slices, purged);
    }
    if (purge_aged(step) || (purged != 0 && excess() != 0)) due_.store(true, std::memory_order_relaxed);
}

// Purges what `step` allows, from the slice `below` down. Leaves the rest in both. Returns the slices purged.
std::size_t Superslabs::purge(SliceMap::Which which, Slice& below, Step& step) {
    std::size_t purged = 0;
    std::size_t in_vain = 0;
    while (step.slices != 0 && step.calls != 0 && in_vain < kMostInVain) {
        SliceMap::Piece piece{};
        {
            const os::Guard guard(mutex_);
            const std::size_t most = std::min<std::size_t>(step.slices, kSlicesPerSuperslab);
            piece = map_.take_dirty(which, below, static_cast<unsigned>(most));
            below = piece.slices == 0 ? 0
                                      : first_slice_of(piece.superslab) +
                                            static_cast<Slice>(std::countr_zero(piece.slices));
        }
        if (piece.slices == 0) break;
        if (piece.slices != kAllSlices) break_up_or_count(first_slice_of(piece.superslab));
        SliceMask refused = 0;
        for (SliceMask rest = piece.slices; rest != 0;) { // several runs only with huge pages
            const auto first = static_cast<unsigned>(std::countr_zero(rest));
            const auto slices = static_cast<unsigned>(std::countr_one(rest >> first));
            const SliceMask run = run_mask(first, slices);
            rest &= ~run;
            step.calls = above(step.calls, 1);
            step.slices = above(step.slices, slices);
            const Slice start = first_slice_of(piece.superslab) + first;
            if (!os::purge(window.address_of(start), slices * kSliceSize)) {
                refused |= run;
                continue;
            }
            purged += slices;
            if ((piece.displaced & run) == 0) continue;
            const bool can_renew = step.calls >= kCallsToRenew; // otherwise after the next use
            const os::Change renewed = can_renew ? renew(start, slices) : os::Change::kRefused;
            if (can_renew) step.calls -= kCallsToRenew;
            if (renewed != os::Change::kDone) piece.displaced &= ~run;
            if (renewed == os::Change::kLost) piece.slices &= ~run;
        }
        const os::Guard guard(mutex_);
        map_.put_back(piece, refused);
        in_vain = refused == piece.slices ? in_vain + 1 : 0;
    }
    if (purged != 0 || in_vain != 0) purging_is_vain_.store(purged == 0, std::memory_order_relaxed);
    return purged;
}

// Purges the last slices of a run before it is given, if they exceed the budget by more than a step. Returns
// their number.
std::size_t Superslabs::purge_end(Slice first, std::size_t slices) {
    if (slices <= kStep.slices || purging_is_vain_.load(std::memory_order_relaxed)) return 0;
    const std::size_t allowed = allowed_dirty(above(present_slices(), slices));
    const std::size_t purged = std::min(above(dirty_slices() + slices, allowed), slices);
    if (purged <= kStep.slices) return 0;
    const auto end = static_cast<Slice>(first + slices);
    const auto start = static_cast<Slice>(end - purged);
    if (!os::purge(window.address_of(start), purged * kSliceSize)) return 0;
    if (start % kSlicesPerSuperslab != 0) break_up_or_count(start);
    if (end % kSlicesPerSuperslab != 0 && start / kSlicesPerSuperslab != end / kSlicesPerSuperslab)
        break_up_or_count(end);
    const os::Guard guard(mutex_);
    reserves_.note_purged(purged);
    return purged;
}

std::size_t Superslabs::purge_all() {
    Slice below = kTop;
    Step step = kNoBounds;
    return purge(SliceMap::Which::kAll, below, step) * kSliceSize;
}

void Superslabs::start_purging_aged() {
    limit_.note_time(os::coarse_milliseconds());
    const os::Guard guard(mutex_);
    reserves_.forget(present_slices());
    if (!aging_) aged_below_ = kTop;
    aging_ = true;
    due_.store(true, std::memory_order_relaxed);
}

// Returns true if there is more. Slices that are dirty at the end of a sweep belong to the next one.
bool Superslabs::purge_aged(Step step) {
    purge(SliceMap::Which::kAged, aged_below_, step);
    const os::Guard guard(mutex_);
    if (aged_below_ != 0) return true;
    if (aging_) map_.age();
    aging_ = false;
    return false;
}

void Superslabs::purge_aged() {
    start_purging_aged();
    purge_excess();
    while (purge_aged(kNoBounds))
        ;
}

} // namespace ashlar::layout
