// SPDX-License-Identifier: MIT
//
// Takes back what a program did to the slices of its blocks, before the next owner gets them (superslab.h).
//
// Changed slices are a mapping of their own. *Usual* slices are those that no program can have changed. So
// the kernel is asked whether the slices and some usual ones are one mapping. A release asks nothing, and
// leaves its slices unchecked. Taking such a run asks, also about everything around the run. The answer then
// holds for the other unchecked slices too, and serves for all releases since the last question.
#include "layout/superslab.h"
#include "os/edition.h"
#include "os/guard_pages.h"
#include "os/marking.h"
#include "os/page_attributes.h"
#include "os/page_locks.h"

#include <algorithm>
#include <bit>

namespace ashlar::layout {

namespace {

constexpr std::size_t kSmallBlock = 1024; // bytes; a slice of such blocks has many owners
constexpr SliceMask kLast = SliceMask{1} << (kSlicesPerSuperslab - 1);
constexpr std::size_t kReach = 32; // superslabs on each side of a run that one question covers
// Questions left out after a no. Most often a block causes that and stays, say a stack with a guard page.
constexpr unsigned kQuestionsLeftOut = 16;

bool is_open(std::size_t superslab) {
    return window.header(first_slice_of(superslab)) != kNotOurs;
}

// Returns whether the superslab ends in a fence that is a mapping of its own.
bool ends_in_fence([[maybe_unused]] std::size_t superslab) {
    if constexpr (os::kHardened) {
        const SliceHeader last = window.header(first_slice_of(superslab) + kSlicesPerSuperslab - 1);
        return (last == kFence || last == kBusyFence) && os::guards_are_mappings();
    }
    return false;
}

bool is_one_mapping(Slice begin, Slice end, std::size_t more) {
    return os::is_one_mapping_but_for_last_page(window.address_of(begin), (end - begin) * kSliceSize + more);
}

// Returns the slices in use by slabs of small blocks.
SliceMask small_blocks(std::size_t superslab) {
    SliceMask found = 0;
    for (unsigned slice = 0; slice < kSlicesPerSuperslab; ++slice) {
        const SizeClass c = window.header(first_slice_of(superslab) + slice).size_class();
        if (c != 0 && class_size(c) <= kSmallBlock) found |= run_mask(slice, 1);
    }
    return found;
}

// Returns whether the lowest slice of the heap belongs to a slab, which no program changes as a whole.
bool lowest_is_in_slab() {
    const SliceHeader lowest = window.header(window.first_slice);
    return lowest.size_class() != 0 || lowest.shard() > kBusyFence.shard(); // mixed slabs
}

} // namespace

// The slices around a run that form one mapping with the run, as far as the map knows. A question also covers
// the page behind them. Empty if the run itself lies in several mappings.
struct Superslabs::Surroundings {
    Slice begin = 0;
    Slice end = 0; // is mapped, so a question may cover its first page
    bool has_usual = false;
    // Superslabs of the run and its surroundings. The arrays go down from `first` and up from `last`.
    std::uint32_t lowest = 0;
    std::uint32_t first = 0;
    std::uint32_t last = 0;
    std::uint32_t highest = 0;
    std::uint32_t returns_below[kReach + 1];
    std::uint32_t returns_above[kReach + 1];
};

Superslabs::Surroundings Superslabs::surroundings(Slice first, std::size_t slices) {
    Surroundings s; // returned without a copy, because it is large
    s.first = first / kSlicesPerSuperslab;
    s.last = static_cast<Slice>(first + slices - 1) / kSlicesPerSuperslab;
    SliceMask usual = 0;
    const os::Guard guard(mutex_);
    returned_runs_.store(0, std::memory_order_relaxed);
    const auto look = [&](std::size_t superslab, std::uint32_t& returns) {
        const SliceMap::Known known = map_.known(superslab);
        if (known.displaced != 0) return false;
        usual |= known.usual & ~kLast;
        returns = known.returns;
        return true;
    };
    s.lowest = s.first;
    s.highest = s.last;
    if (map_.any_displaced(first_slice_of(s.first), (s.last - s.first + 1) * kSlicesPerSuperslab)) {
        if (s.first != s.last) return s;
        const SliceMap::Known known = map_.known(s.first);
        const unsigned offset = first % kSlicesPerSuperslab;
        const auto length = static_cast<unsigned>(slices);
        const SliceMask run = run_mask(offset, length);
        const SliceMask from_run = ~(run_mask(offset, 1) - 1) & ~run_mask(offset, 1);
        if ((known.borders & run & from_run) != 0) return s;
        const SliceMask before = known.borders & ~from_run;
        const SliceMask behind = known.borders & from_run;
        const unsigned begin = before == 0 ? 0 : static_cast<unsigned>(std::bit_width(before)) - 1;
        const unsigned end =
            behind == 0 ? kSlicesPerSuperslab : static_cast<unsigned>(std::countr_zero(behind));
        s.returns_below[0] = s.returns_above[0] = known.returns;
        s.begin = first_slice_of(s.first) + begin;
        s.end = first_slice_of(s.first) + end;
        usual = known.usual & run_mask(begin, end - begin) & ~kLast;
    } else {
        look(s.first, s.returns_below[0]);
        look(s.last, s.returns_above[0]);
        const std::size_t bottom = window.first_slice / kSlicesPerSuperslab;
        while (s.lowest > bottom && s.first - s.lowest < kReach && is_open(s.lowest - 1) &&
               !ends_in_fence(s.lowest - 1) && look(s.lowest - 1, s.returns_below[s.first - s.lowest + 1]))
            --s.lowest;
        while (s.highest + 1 < map_.opened() && s.highest - s.last < kReach && is_open(s.highest + 1) &&
               !ends_in_fence(s.highest) && look(s.highest + 1, s.returns_above[s.highest - s.last + 1]))
            ++s.highest;
        s.begin = first_slice_of(s.lowest);
        s.end = first_slice_of(s.highest + 1);
    }
    if (s.end % kSlicesPerSuperslab == 0) --s.end; // the next superslab may be unmapped
    s.has_usual = usual != 0;
    return s;
}

bool Superslabs::has_usual_slice(const Surroundings& around) {
    if (around.has_usual) return true;
    if (around.begin == window.first_slice && lowest_is_in_slab()) return true;
    for (std::size_t s = around.lowest; s <= around.highest; ++s) {
        SliceMask found = small_blocks(s);
        if (s == around.begin / kSlicesPerSuperslab)
            found &= ~(run_mask(around.begin % kSlicesPerSuperslab, 1) - 1);
        if (s == around.end / kSlicesPerSuperslab) found &= run_mask(around.end % kSlicesPerSuperslab, 1) - 1;
        if (found != 0) return true;
    }
    return false;
}

void Superslabs::note_checked(const Surroundings& around) {
    const auto slices_in = [&](std::size_t superslab) {
        const Slice slice = first_slice_of(superslab);
        const Slice begin = std::max(around.begin, slice) - slice;
        const Slice end = std::min(around.end, slice + kSlicesPerSuperslab) - slice;
        return begin < end ? run_mask(begin, end - begin) : SliceMask{0};
    };
    const os::Guard guard(mutex_);
    for (std::size_t s = around.lowest; s <= around.first; ++s)
        map_.set_checked(s, slices_in(s), around.returns_below[around.first - s]);
    for (std::size_t s = around.last; s <= around.highest; ++s)
        map_.set_checked(s, slices_in(s), around.returns_above[s - around.last]);
}

// Asks about the run with the nearest usual slice of its last superslab. Returns kNone if there is none.
Superslabs::Answer Superslabs::ask_about_run(Slice first, std::size_t slices) {
    const auto end = static_cast<Slice>(first + slices);
    const unsigned place = end % kSlicesPerSuperslab; // the last slice of a question must be mapped
    if (os::page_size() == kSliceSize || place == 0) return Answer::kNone;
    const Slice superslab = end - place;
    const SliceMask others =
        place > slices ? ~run_mask(place - static_cast<unsigned>(slices), static_cast<unsigned>(slices))
                       : ~(run_mask(place, 1) - 1);
    SliceMask usual = usual_slices(superslab / kSlicesPerSuperslab) & others;
    if (usual == 0) usual = small_blocks(superslab / kSlicesPerSuperslab) & others;
    if (usual == 0) return Answer::kNone;
    bool is_one = false;
    if (const SliceMask behind = usual >> place; behind != 0) {
        is_one = is_one_mapping(first, end + static_cast<Slice>(std::countr_zero(behind)) + 1, 0);
    } else {
        is_one =
            is_one_mapping(superslab + static_cast<Slice>(std::bit_width(usual)) - 1, end, os::page_size());
    }
    return is_one ? Answer::kYes : Answer::kNo;
}

Superslabs::Answer Superslabs::ask_about_surroundings(Slice first, std::size_t slices) {
    if (const unsigned left_out = questions_to_leave_out_.load(std::memory_order_relaxed); left_out != 0) {
        questions_to_leave_out_.store(left_out - 1, std::memory_order_relaxed);
        return Answer::kNone;
    }
    const Surroundings around = surroundings(first, slices);
    if (first + slices > around.end || !has_usual_slice(around)) return Answer::kNone;
    if (is_one_mapping(around.begin, around.end, os::page_size())) {
        note_checked(around);
        return Answer::kYes;
    }
    questions_to_leave_out_.store(kQuestionsLeftOut, std::memory_order_relaxed);
    return Answer::kNo;
}

// Returns whether no program changed the run. (Another thread may take a usual slice at this moment and
// change it in the same way. Then the run keeps its changes.)
bool Superslabs::is_usual(Slice first, std::size_t slices) {
    const bool others = returned_runs_.load(std::memory_order_relaxed) != 0;
    if (others && ask_about_surroundings(first, slices) == Answer::kYes) return true;
    Answer answer = ask_about_run(first, slices);
    if (!others && answer == Answer::kNone) answer = ask_about_surroundings(first, slices);
    return answer == Answer::kYes;
}

SliceMask Superslabs::usual_slices(std::size_t superslab) {
    const os::Guard guard(mutex_);
    return map_.known(superslab).usual;
}

// Resets the run with the free slices around it. At the limit on mappings none can be split. A program's
// change to a whole range made one mapping, most of which is free. With the free slices, nothing is split.
void Superslabs::reset_with_free_slices(Slice first, std::size_t slices) {
    Slice begin = first;
    auto end = static_cast<Slice>(first + slices);
    {
        const os::Guard guard(mutex_);
        while (begin > window.first_slice && map_.all_free(begin - 1, 1))
            --begin;
        while (end / kSlicesPerSuperslab < map_.opened() && map_.all_free(end, 1))
            ++end;
    }
    os::reset_attributes(window.address_of(begin), (end - begin) * kSliceSize);
}

// Takes back changes to unchecked slices that no other thread can get. Returns false if the slices were lost.
// If the kernel refuses everything, the slices are taken for accessible, as nearly all are.
bool Superslabs::take_back_changes(Slice first, std::size_t slices) {
    if (is_usual(first, slices)) return true;
    if (!os::reset_attributes(window.address_of(first), slices * kSliceSize)) {
        const os::Change renewed = renew(first, slices);
        if (renewed != os::Change::kRefused) return renewed == os::Change::kDone;
        reset_with_free_slices(first, slices);
        return true;
    }
    os::mark_still_free(window.address_of(first), slices * kSliceSize);
    advise_again(first, slices);
    return true;
}

// Unlocks slices that a program gives back, once locks were found on free slices. Locks use up the program's
// limit, which may be low. So they do not last until the slices are taken or purged.
void Superslabs::take_off_locks(Slice first, std::size_t slices) {
    if (!os::locks_are_left()) return;
    char* const start = window.address_of(first);
    if (os::any_locked(start, slices * kSliceSize)) os::unlock(start, slices * kSliceSize);
}

// Gives the new mapping the advice for its superslab.
os::Change Superslabs::renew(Slice first, std::size_t slices) {
    char* const start = window.address_of(first);
    const os::Change result = os::renew(start, slices * kSliceSize);
    if (result == os::Change::kDone) advise_again(first, slices);
    return result;
}

} // namespace ashlar::layout
