// SPDX-License-Identifier: MIT
//
// What a program did to the slices of its blocks is taken back before somebody else gets them: see
// superslab.h.
//
// Slices that were changed are a mapping of their own. So the kernel is asked whether the slices and some
// that nobody can have changed, which are *usual*, are one mapping. A release asks nothing: its slices are
// unchecked. Who takes a run with such slices asks, and about all that surrounds the run: the answer holds
// for the other unchecked slices, too. So one question serves for all that was released since the last one.
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

constexpr std::size_t kSmallBlock = 1024; // a slice of such blocks belongs to many
constexpr SliceMask kLast = SliceMask{1} << (kSlicesPerSuperslab - 1);
constexpr std::size_t kReach = 32; // superslabs to each side of a run that one question is about
// After a no. It most often comes from a block that stays as it is, for instance a stack with a guard page.
constexpr unsigned kQuestionsLeftOut = 16;

bool is_open(std::size_t superslab) {
    return window.header(first_slice_of(superslab)) != kNotOurs;
}

// Which is a mapping of its own.
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

// In use by slabs of small blocks.
SliceMask small_blocks(std::size_t superslab) {
    SliceMask found = 0;
    for (unsigned slice = 0; slice < kSlicesPerSuperslab; ++slice) {
        const SizeClass c = window.header(first_slice_of(superslab) + slice).size_class();
        if (c != 0 && class_size(c) <= kSmallBlock) found |= run_mask(slice, 1);
    }
    return found;
}

// Whether the lowest slice of the heap belongs to a slab, which no program changes as a whole.
bool lowest_is_in_slab() {
    const SliceHeader lowest = window.header(window.first_slice);
    return lowest.size_class() != 0 || lowest.shard() > kBusyFence.shard(); // or a mixed one
}

} // namespace

// Of a run: slices around it that lie in one mapping with it, as far as the map knows, and a page more. None
// if the run itself lies in several.
struct Superslabs::Surroundings {
    Slice begin = 0;
    Slice end = 0; // is mapped: it can be the last slice asked about
    bool has_usual = false;
    // Of the superslabs from the run's first one down, and from its last one up.
    std::uint32_t lowest = 0;
    std::uint32_t first = 0;
    std::uint32_t last = 0;
    std::uint32_t highest = 0;
    std::uint32_t returns_below[kReach + 1];
    std::uint32_t returns_above[kReach + 1];
};

Superslabs::Surroundings Superslabs::surroundings(Slice first, std::size_t slices) {
    Surroundings s; // one object, also for the caller: it is large
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

// The nearest usual slice of the run's last superslab, kNone if there is none.
Superslabs::Answer Superslabs::ask_about_run(Slice first, std::size_t slices) {
    const auto end = static_cast<Slice>(first + slices);
    const unsigned place = end % kSlicesPerSuperslab; // the slice asked about last is to be mapped
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

// Whether nobody changed the run. (Another thread may take a usual slice and change it in the same way at
// this moment. Then the run keeps what was done to it.)
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

// The process may have as many mappings as it can, so that none can be split. What a program changed as a
// whole is one mapping, and most of it is free if not all. With the free slices around it nothing is split.
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

// To be called for unchecked slices that nobody else can get. False if they were lost. Where the kernel
// refuses all of it they are taken for accessible, as nearly all are.
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

// Of slices that a program gives back. Locks count against a limit of its own, which may be low. So they are
// not left until the slices are taken or purged, once a lock was found on free slices.
void Superslabs::take_off_locks(Slice first, std::size_t slices) {
    if (!os::locks_are_left()) return;
    char* const start = window.address_of(first);
    if (os::any_locked(start, slices * kSliceSize)) os::unlock(start, slices * kSliceSize);
}

// The new mapping has none of the advice that the superslab was given.
os::Change Superslabs::renew(Slice first, std::size_t slices) {
    char* const start = window.address_of(first);
    const os::Change result = os::renew(start, slices * kSliceSize);
    if (result == os::Change::kDone) advise_again(first, slices);
    return result;
}

} // namespace ashlar::layout
