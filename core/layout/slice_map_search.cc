// SPDX-License-Identifier: MIT
//
// Finds free and dirty slices in a few steps, however large the heap is: see slice_map.h.
#include "layout/slice_map.h"

#include <algorithm>
#include <bit>

namespace ashlar::layout {

namespace {

constexpr unsigned kLevelShift = 6; // 64 members of a level form one of the next

} // namespace

SliceMap::Group* SliceMap::groups() {
    return reinterpret_cast<Group*>(window.superslab_states.start());
}

// The summary of 64 groups (level 1) lies in the first of them. That of 64 times 64 groups (level 2) lies in
// the second, which bytes_for() includes.
SliceMap::Summary& SliceMap::summary_of(unsigned level, std::size_t number) {
    return level == 1 ? groups()[number * kGroupSize].summary
                      : groups()[number * kGroupSize * kGroupSize + 1].summary;
}

std::uint64_t SliceMap::of_node(const Group& home, os::Node node) {
    return node == kAnyNode ? ~std::uint64_t{0} : home.of_node[node];
}

bool SliceMap::is_of_node(std::size_t superslab, os::Node node) {
    return (of_node(group(superslab), node) >> (superslab % kGroupSize) & 1U) != 0;
}

std::uint64_t& SliceMap::word(Set set, unsigned level, std::size_t number) {
    return level == 0 ? groups()[number].sets[set] : summary_of(level, number).sets[set];
}

std::uint64_t SliceMap::members(Set set, unsigned level, std::size_t number, os::Node node) {
    const std::uint64_t all = word(set, level, number);
    return level == 0 ? all & of_node(groups()[number], node) : all;
}

bool SliceMap::contains(Set set, std::size_t superslab) {
    return (group(superslab).sets[set] >> (superslab % kGroupSize) & 1U) != 0;
}

bool SliceMap::belongs_to(Set set, std::size_t superslab) {
    const State& s = state(superslab);
    switch (set) {
    case kWhole:
        return s.free == kAllSlices;
    case kPair:
        return aligned_run_starts(s.free, 2) != 0;
    case kQuad:
        return aligned_run_starts(s.free, 4) != 0;
    case kDirty:
        return s.dirty != 0;
    case kWorthPurging:
        return is_huge(superslab) ? is_worth_breaking(s.dirty) : s.dirty != 0;
    case kGives8:
        return movable_starts(s, s.dirty, kLeastSlicesToMove) != 0;
    case kGives4:
        return movable_starts(s, s.dirty, kLeastSlicesToFill) != 0;
    default:
        return true;
    }
}

void SliceMap::put(Set set, std::size_t superslab, bool member) {
    std::size_t number = superslab;
    for (unsigned level = 0; level < kLevels; ++level) {
        std::uint64_t& all = word(set, level, number / kGroupSize);
        const bool had_any = all != 0;
        all = with_bit(all, std::uint64_t{1} << (number % kGroupSize), member);
        if ((all != 0) == had_any) return;
        number /= kGroupSize;
    }
}

// Adds the superslab to the sets that it belongs to. Most often all of them have it already.
template <typename... Sets>
void SliceMap::add_to(std::size_t superslab, Sets... sets) {
    const std::uint64_t in_all = (group(superslab).sets[sets] & ...);
    if ((in_all >> (superslab % kGroupSize) & 1U) != 0) return;
    for (const Set set : {sets...}) {
        if (!contains(set, superslab) && belongs_to(set, superslab)) put(set, superslab, true);
    }
}

std::size_t SliceMap::lowest(Set set, std::size_t from, os::Node node) const {
    for (unsigned level = 0; from << (level * kLevelShift) < opened();) {
        const std::uint64_t rest = members(set, level, from / kGroupSize, node) >> (from % kGroupSize);
        if (rest == 0) {
            from = from / kGroupSize + 1;
            level + 1 < kLevels ? ++level : from *= kGroupSize;
            continue;
        }
        from += static_cast<std::size_t>(std::countr_zero(rest));
        if (level != 0) {
            --level;
            from *= kGroupSize;
            continue;
        }
        if (belongs_to(set, from)) return from;
        put(set, from, false);
    }
    return 0;
}

std::size_t SliceMap::highest(Set set, std::size_t below, os::Node node) const {
    below = std::min(below, opened());
    for (unsigned level = 0; below != 0;) {
        const std::size_t last = below - 1;
        const std::uint64_t rest = members(set, level, last / kGroupSize, node)
                                   << (kGroupSize - 1 - last % kGroupSize);
        if (rest == 0) {
            below = last / kGroupSize;
            level + 1 < kLevels ? ++level : below *= kGroupSize;
            continue;
        }
        below -= static_cast<std::size_t>(std::countl_zero(rest));
        if (level != 0) {
            --level;
            below *= kGroupSize;
            continue;
        }
        if (belongs_to(set, below - 1)) return below - 1;
        put(set, below - 1, false);
    }
    return 0;
}

void SliceMap::note_taken(std::size_t superslab) {
    if (contains(kWhole, superslab)) put(kWhole, superslab, false);
}

// Notes that slices of the superslab were given, into runs of at most `longest` slices.
void SliceMap::note_given(std::size_t superslab, unsigned longest) {
    std::uint8_t& here = group(superslab).longest[superslab % kGroupSize];
    if (here < longest) here = static_cast<std::uint8_t>(longest);
    raise_longest(superslab, longest);
    if (longest == kSlicesPerSuperslab) add_to(superslab, kWhole);
    add_to(superslab, kPair, kQuad);
}

void SliceMap::note_dirty(std::size_t superslab) {
    add_to(superslab, kDirty, kWorthPurging, kGives8, kGives4);
}

void SliceMap::raise_longest(std::size_t superslab, std::size_t slices) {
    std::size_t number = superslab / kGroupSize;
    for (unsigned level = 1; level < kLevels; ++level, number /= kGroupSize) {
        std::uint16_t& longest = summary_of(level, number / kGroupSize).longest[number % kGroupSize];
        if (longest >= slices) return;
        longest = static_cast<std::uint16_t>(std::min(slices, kMostTold));
    }
}

// Counts the free slices in a row from the superslab's first one on, across superslabs of `node`. Stops after
// `most`, and may exceed that.
std::size_t SliceMap::free_from(std::size_t superslab, std::size_t most, os::Node node) const {
    std::size_t end = superslab; // behind the wholly free ones
    while (end < opened() && (end - superslab) * kSlicesPerSuperslab < most) {
        const std::uint64_t whole = members(kWhole, 0, end / kGroupSize, node) >> (end % kGroupSize);
        end += static_cast<std::size_t>(std::countr_one(whole));
        if (whole % 2 == 0 || end % kGroupSize != 0) break;
    }
    const std::size_t rest = end < opened() && is_of_node(end, node)
                                 ? static_cast<std::size_t>(std::countr_one(state(end).free))
                                 : 0;
    return (end - superslab) * kSlicesPerSuperslab + rest;
}

// Returns how many superslabs of `node`, right before this one and in one group, are wholly free.
std::size_t SliceMap::whole_before(std::size_t superslab, os::Node node) {
    const std::size_t last = superslab - 1;
    const std::uint64_t whole = members(kWhole, 0, last / kGroupSize, node)
                                << (kGroupSize - 1 - last % kGroupSize);
    return static_cast<std::size_t>(std::countl_one(whole));
}

// Notes that `given` slices were given, the last of them in `superslab`. Raises the bounds of long runs that
// start with this superslab or one before. Earlier starts had a run above kMostTold, and keep that bound.
void SliceMap::note_long(std::size_t superslab, std::size_t given) const {
    const SliceMask free = state(superslab).free;
    if (free % 2 == 0 || (free != kAllSlices && !contains(kWhole, superslab - 1))) return;
    const std::size_t slices = free_from(superslab, kMostTold, kAnyNode);
    std::size_t before = 0;
    for (std::size_t more = 1; more != 0 && before * kSlicesPerSuperslab < kMostTold + given;
         before += more) {
        raise_longest(superslab - before, slices + before * kSlicesPerSuperslab);
        more = whole_before(superslab - before, kAnyNode);
    }
}

Slice SliceMap::find(std::size_t slices, Fit fit, os::Node node) const {
    return fit == Fit::kAligned && slices > 1 ? find_aligned(static_cast<unsigned>(slices), node)
                                              : find_anywhere(slices, node);
}

Slice SliceMap::find_aligned(unsigned slices, os::Node node) const {
    const std::size_t superslab = lowest(slices == 2 ? kPair : kQuad, 0, node);
    if (superslab == 0) return 0;
    const SliceMask starts = aligned_run_starts(state(superslab).free, slices);
    return first_slice_of(superslab) + static_cast<unsigned>(std::countr_zero(starts));
}

// A search in vain lowers the bounds, unless the run is longer than kMostTold.
Slice SliceMap::find_anywhere(std::size_t slices, os::Node node) const {
    const std::size_t told = std::min(slices, kMostTold);
    const std::size_t end = (opened() + kGroupSize - 1) / kGroupSize;
    for (std::size_t g = 0; g < end;) {
        const std::size_t many = g / kGroupSize;
        std::uint16_t& longest_of_many = summary_of(2, many / kGroupSize).longest[many % kGroupSize];
        const std::size_t end_of_many = std::min(end, (many + 1) * kGroupSize);
        if (longest_of_many < told) {
            g = end_of_many;
            continue;
        }
        std::uint16_t* const longest = summary_of(1, many).longest;
        for (; g < end_of_many; ++g) {
            std::uint16_t& here = longest[g % kGroupSize];
            if (here < told) continue;
            if (const Slice found = find_in(g, slices, node); found != 0) return found;
            const bool other_node = node != kAnyNode && find_in(g, slices, kAnyNode) != 0;
            if (!other_node && slices <= kMostTold) here = static_cast<std::uint16_t>(slices - 1);
        }
        longest_of_many = *std::max_element(longest, longest + kGroupSize);
    }
    return 0;
}

Slice SliceMap::find_in(std::size_t group, std::size_t slices, os::Node node) const {
    return slices <= kSlicesPerSuperslab ? find_short_in(group, static_cast<unsigned>(slices), node)
                                         : find_long_in(group, slices, node);
}

// Tests eight superslabs at once: each byte plus (128 - slices) reaches 128 if a run may be there.
Slice SliceMap::find_short_in(std::size_t group, unsigned slices, os::Node node) {
    constexpr std::uint64_t kOnes = 0x0101'0101'0101'0101;
    static_assert(std::endian::native == std::endian::little, "the lowest byte is the lowest superslab's");
    Group& home = groups()[group];
    for (unsigned slot = 0; slot < kGroupSize; slot += 8) {
        std::uint64_t longest = 0;
        __builtin_memcpy(&longest, home.longest + slot, sizeof(longest));
        std::uint64_t fit = (longest + (128 - slices) * kOnes) & (128 * kOnes);
        for (; fit != 0; fit &= fit - 1) {
            const unsigned here = slot + static_cast<unsigned>(std::countr_zero(fit)) / 8;
            const std::size_t superslab = group * kGroupSize + here;
            const SliceMask starts = run_starts(home.states[here].free, slices);
            if (starts == 0) {
                home.longest[here] = static_cast<std::uint8_t>(longest_run(home.states[here].free));
            } else if (is_of_node(superslab, node)) {
                return first_slice_of(superslab) + static_cast<unsigned>(std::countr_zero(starts));
            }
        }
    }
    return 0;
}

// Returns the lowest run that starts with a superslab of the group, or 0.
Slice SliceMap::find_long_in(std::size_t group, std::size_t slices, os::Node node) const {
    for (std::uint64_t rest = members(kWhole, 0, group, node); rest != 0;) {
        const std::size_t first = group * kGroupSize + static_cast<std::size_t>(std::countr_zero(rest));
        if (free_from(first, slices, node) >= slices) return first_slice_of(first);
        rest &= rest + (rest & (~rest + 1)); // drops the adjacent superslabs that it starts with
    }
    return 0;
}

std::size_t SliceMap::free_superslabs_at_end(os::Node node) const {
    std::size_t free = 0;
    while (free < opened()) {
        const std::size_t more = whole_before(opened() - free, node);
        if (more == 0) break;
        free += more;
    }
    return free;
}

} // namespace ashlar::layout
