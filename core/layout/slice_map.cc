// SPDX-License-Identifier: MIT
#include "layout/slice_map.h"

#include <algorithm>
#include <bit>

namespace ashlar::layout {

namespace {

constexpr std::size_t kMostDisplaced = 16'000; // mappings, of the some 65 thousand that a process may have
// With more mappings, a move renews the mapping of its source.
constexpr std::size_t kManyDisplaced = kMostDisplaced / 2;

std::size_t count(SliceMask slices) {
    return static_cast<std::size_t>(std::popcount(slices));
}

// Returns the last slices of the highest run, at most `most`.
SliceMask highest_run(SliceMask slices, unsigned most) {
    const auto above = static_cast<unsigned>(std::countl_zero(slices));
    const unsigned length = std::min(static_cast<unsigned>(std::countl_one(slices << above)), most);
    return run_mask(kSlicesPerSuperslab - above - length, length);
}

// The map has one writer at a time, so the lock prefix is not needed.
void add(std::atomic<std::size_t>& counter, std::size_t value) {
    counter.store(counter.load(std::memory_order_relaxed) + value, std::memory_order_relaxed);
}

void subtract(std::atomic<std::size_t>& counter, std::size_t value) {
    counter.store(counter.load(std::memory_order_relaxed) - value, std::memory_order_relaxed);
}

} // namespace

// Calls visit(superslab, mask) for the part of the run in each superslab.
template <typename Visit>
void SliceMap::for_each_piece(Slice first, std::size_t slices, Visit visit) {
    while (slices != 0) {
        const unsigned offset = first % kSlicesPerSuperslab;
        const auto here = static_cast<unsigned>(std::min<std::size_t>(slices, kSlicesPerSuperslab - offset));
        visit(first / kSlicesPerSuperslab, run_mask(offset, here));
        first += here;
        slices -= here;
    }
}

void SliceMap::open(std::size_t begin, std::size_t end, os::Node node) {
    opened_.store(std::max(opened(), end), std::memory_order_relaxed);
    ++openings_;
    for (std::size_t s = begin; s < end; ++s) {
        for (os::Node other = 0; other < os::kMaxNodes; ++other) {
            std::uint64_t& members = group(s).of_node[other];
            members = with_bit(members, std::uint64_t{1} << (s % kGroupSize), other == node);
        }
        state(s) = {.free = kAllSlices,
                    .dirty = 0,
                    .aged = 0,
                    .displaced = 0,
                    .borders = 0,
                    .unchecked = 0,
                    .returns = state(s).returns + 1};
        note_given(s, kSlicesPerSuperslab);
    }
    note_long(end - 1, (end - begin) * kSlicesPerSuperslab);
}

void SliceMap::step_over(std::size_t end) {
    opened_.store(std::max(opened(), end), std::memory_order_relaxed);
    ++openings_;
}

os::Node SliceMap::node_of(std::size_t superslab) const {
    os::Node node = 0;
    while (node + 1U < os::kMaxNodes && !is_of_node(superslab, node))
        ++node;
    return node;
}

bool SliceMap::all_free(Slice first, std::size_t slices) const {
    bool free = (first + slices - 1) / kSlicesPerSuperslab < opened();
    if (free) {
        for_each_piece(first, slices, [&](std::size_t superslab, SliceMask mask) {
            free = free && (state(superslab).free & mask) == mask;
        });
    }
    return free;
}

Run SliceMap::take(Slice first, std::size_t slices) {
    Run run{.first = first, .zero = true, .unchecked = false};
    for_each_piece(first, slices, [&](std::size_t superslab, SliceMask mask) {
        State& s = state(superslab);
        const SliceMask dirty = s.dirty & mask;
        if (dirty != 0) run.zero = false;
        if ((s.unchecked & mask) != 0) run.unchecked = true;
        s.unchecked &= ~mask;
        subtract(dirty_, count(dirty));
        s.free &= ~mask;
        s.dirty &= ~mask;
        s.aged &= ~mask;
        note_taken(superslab);
    });
    add(in_use_, slices);
    return run;
}

void SliceMap::give(Slice first, std::size_t slices, bool dirty) {
    for_each_piece(first, slices, [&](std::size_t superslab, SliceMask mask) {
        State& s = state(superslab);
        s.free |= mask;
        if (dirty) {
            s.dirty |= mask;
            add(dirty_, count(mask));
            note_dirty(superslab);
        }
        note_given(superslab, run_around(s.free, static_cast<unsigned>(std::countr_zero(mask))));
    });
    note_long((first + slices - 1) / kSlicesPerSuperslab, slices);
    subtract(in_use_, slices);
}

void SliceMap::set_unchecked(Slice first, std::size_t slices) {
    for_each_piece(first, slices, [](std::size_t superslab, SliceMask mask) {
        state(superslab).unchecked |= mask;
        ++state(superslab).returns;
    });
}

SliceMap::Known SliceMap::known(std::size_t superslab) const {
    const State& s = state(superslab);
    return {s.free & ~s.unchecked, s.displaced, s.borders, s.returns};
}

void SliceMap::set_checked(std::size_t superslab, SliceMask slices, std::uint32_t returns) {
    State& s = state(superslab);
    if (s.returns == returns) s.unchecked &= ~slices;
}

void SliceMap::set_huge(std::size_t begin, std::size_t end, bool huge) {
    for (std::size_t s = begin; s < end; ++s) {
        std::uint64_t& word = group(s).huge;
        word = with_bit(word, std::uint64_t{1} << (s % kGroupSize), huge);
        note_dirty(s);
    }
}

bool SliceMap::is_huge(std::size_t superslab) {
    return (group(superslab).huge >> (superslab % kGroupSize) & 1U) != 0;
}

SliceMap::Piece SliceMap::take_dirty(Which which, Slice below, unsigned most) {
    const Set set = which == Which::kAll ? kDirty : kWorthPurging;
    const std::size_t end = below;
    for (std::size_t next = (end + kSlicesPerSuperslab - 1) / kSlicesPerSuperslab;
         (next = highest(set, next, kAnyNode)) != 0;) {
        State& s = state(next);
        SliceMask chosen = which == Which::kAged ? s.dirty & s.aged : s.dirty;
        if (const std::size_t here = end - next * kSlicesPerSuperslab; here < kSlicesPerSuperslab)
            chosen &= run_mask(0, static_cast<unsigned>(here));
        if (chosen == 0) continue;
        if (!is_huge(next)) {
            chosen = highest_run(chosen, most);
        } else if (which != Which::kAll && !is_worth_breaking(chosen)) {
            continue;
        }
        s.free &= ~chosen;
        s.dirty &= ~chosen;
        s.aged &= ~chosen;
        subtract(dirty_, count(chosen));
        note_taken(next);
        return {next, chosen, chosen & s.displaced};
    }
    return {0, 0, 0};
}

void SliceMap::put_back(Piece piece, SliceMask still_dirty) {
    State& s = state(piece.superslab);
    s.free |= piece.slices;
    s.dirty |= still_dirty;
    set_in_place(piece.superslab, piece.displaced & ~still_dirty);
    s.unchecked &= ~(piece.displaced & ~still_dirty); // their mapping is new
    add(dirty_, count(still_dirty));
    if (still_dirty != 0) note_dirty(piece.superslab);
    note_given(piece.superslab, longest_run(s.free));
    note_long(piece.superslab, kSlicesPerSuperslab);
}

void SliceMap::age() {
    for (std::size_t s = 0; (s = lowest(kDirty, s, kAnyNode)) != 0; ++s)
        state(s).aged = state(s).dirty;
}

SliceMap::Piece SliceMap::take_superslab(std::size_t below) {
    const std::size_t highest_free = highest(kWhole, below, kAnyNode);
    if (highest_free == 0) return {0, 0, 0};
    State& s = state(highest_free);
    const Piece taken{highest_free, s.dirty, s.displaced};
    subtract(dirty_, count(s.dirty));
    s.free = 0;
    s.dirty = 0;
    s.aged = 0;
    note_taken(highest_free);
    return taken;
}

void SliceMap::set_aside(Piece superslab) {
    set_in_place(superslab.superslab, kAllSlices);
    set_aside(superslab.superslab);
}

void SliceMap::set_aside(std::size_t superslab) {
    put(kAside, superslab, true);
}

std::size_t SliceMap::reclaim(std::size_t count) {
    for (std::size_t first = 0; (first = lowest(kAside, first, kAnyNode)) != 0;) {
        std::size_t end = first + 1;
        while (end < opened() && end - first < count && contains(kAside, end))
            ++end;
        if (end - first == count) {
            for (std::size_t s = first; s < end; ++s)
                put(kAside, s, false);
            return first;
        }
        first = end;
    }
    return 0;
}

void SliceMap::give_back(Piece superslab) {
    put_back({superslab.superslab, kAllSlices, 0}, superslab.slices);
}

// Finds the highest superslab below donor.superslab with a long enough run of dirty slices outside of the
// given run. Returns false if there is none.
bool SliceMap::next_donor(Donor& donor, Slice first, std::size_t slices) const {
    const Set set = donor.least == kLeastSlicesToMove ? kGives8 : kGives4;
    while ((donor.superslab = highest(set, donor.superslab, donor.node)) != 0) {
        donor.slices = state(donor.superslab).dirty;
        for_each_piece(first, slices, [&](std::size_t superslab, SliceMask mask) {
            if (superslab == donor.superslab) donor.slices &= ~mask;
        });
        if (movable_starts(donor) != 0) return true;
    }
    donor.slices = 0;
    return false;
}

bool SliceMap::may_displace() const {
    return displacement_.load(std::memory_order_relaxed) < kMostDisplaced;
}

unsigned SliceMap::plan_moves(Slice first, std::size_t slices, std::size_t filled, Move* moves,
                              unsigned most) {
    unsigned planned = 0;
    SliceMask any_clean = 0;
    for_each_piece(first, slices, [&](std::size_t superslab, SliceMask mask) {
        any_clean |= mask & ~state(superslab).dirty;
    });
    if (any_clean == 0) return 0; // mostly so: programs release what they will need again
    for (const unsigned least : {kLeastSlicesToMove, kLeastSlicesToFill}) {
        if (slices - filled < least) continue;
        Donor donor{may_displace() ? opened() : 0, 0, node_of(first / kSlicesPerSuperslab), least};
        const auto wanted = static_cast<Slice>(first + filled);
        for_each_piece(wanted, slices - filled, [&](std::size_t superslab, SliceMask mask) {
            SliceMask clean = mask & ~state(superslab).dirty;
            for (unsigned i = 0; i < planned; ++i) {
                if (moves[i].to / kSlicesPerSuperslab == superslab)
                    clean &= ~run_mask(moves[i].to % kSlicesPerSuperslab, moves[i].slices);
            }
            while (planned < most) {
                const SliceMask to_starts = run_starts(clean, least);
                if (to_starts == 0) return;
                if (movable_starts(donor) == 0 && !next_donor(donor, first, slices)) return;
                const auto to = static_cast<unsigned>(std::countr_zero(to_starts));
                moves[planned] = take_from(donor, static_cast<unsigned>(std::countr_one(clean >> to)));
                moves[planned].to = first_slice_of(superslab) + to;
                clean &= ~run_mask(to, moves[planned].slices);
                ++planned;
            }
        });
    }
    return planned;
}

// Takes the first slices of a donor, at most `most`, out of the map.
SliceMap::Move SliceMap::take_from(Donor& donor, unsigned most) {
    State& source = state(donor.superslab);
    const auto from = static_cast<unsigned>(std::countr_zero(movable_starts(donor)));
    const unsigned length = std::min(most, movable_from(source, donor.slices, from));
    const SliceMask taken = run_mask(from, length);
    source.free &= ~taken;
    source.dirty &= ~taken;
    source.aged &= ~taken;
    subtract(dirty_, length);
    note_taken(donor.superslab);
    donor.slices &= ~taken;
    const bool renew =
        displacement_.load(std::memory_order_relaxed) > kManyDisplaced && (source.displaced & taken) != 0;
    return {.from = first_slice_of(donor.superslab) + from,
            .to = 0,
            .slices = static_cast<std::uint16_t>(length),
            .renew = renew,
            .unchecked = (source.unchecked & taken) != 0};
}

void SliceMap::put_back(const Move& move, bool moved, bool renewed) {
    for_each_piece(move.from, move.slices, [&](std::size_t superslab, SliceMask mask) {
        put_back(Piece{superslab, mask, 0}, moved ? 0 : mask);
        if (!move.unchecked) state(superslab).unchecked &= ~mask;
    });
    if (moved) set_displaced(move.to, move.slices, true);
    if (renewed) set_displaced(move.from, move.slices, false);
}

std::size_t SliceMap::mappings(const State& s) {
    return s.displaced == 0 ? 0 : count(s.borders) + 1;
}

// Returns how many of `slices`, from `first` on, are one mapping.
unsigned SliceMap::movable_from(const State& s, SliceMask slices, unsigned first) {
    const SliceMask joined = slices & ~s.borders; // joined to the slice before
    return 1 + (first + 1 == kSlicesPerSuperslab
                    ? 0
                    : static_cast<unsigned>(std::countr_one(joined >> (first + 1))));
}

// Returns the starts of at least `least` slices that are one mapping.
SliceMask SliceMap::movable_starts(const State& s, SliceMask slices, unsigned least) {
    const SliceMask joined = slices & ~s.borders; // joined to the slice before
    return slices & (run_starts(joined, least - 1) >> 1);
}

SliceMask SliceMap::movable_starts(const Donor& donor) {
    return donor.slices == 0 ? 0 : movable_starts(state(donor.superslab), donor.slices, donor.least);
}

// `borders` are those of the slices at which a mapping begins.
void SliceMap::set_displaced(std::size_t superslab, SliceMask slices, SliceMask borders) {
    State& s = state(superslab);
    const std::size_t before = mappings(s);
    s.displaced |= slices;
    s.borders = (s.borders & ~slices) | borders | (slices ^ (slices << 1));
    add(displacement_, mappings(s) - before);
}

void SliceMap::set_in_place(std::size_t superslab, SliceMask slices) {
    State& s = state(superslab);
    const std::size_t before = mappings(s);
    s.displaced &= ~slices;
    s.borders = (s.borders & s.displaced) | (s.displaced ^ (s.displaced << 1));
    add(displacement_, mappings(s) - before);
}

void SliceMap::set_displaced(Slice first, std::size_t slices, bool displaced) {
    for_each_piece(first, slices, [&](std::size_t superslab, SliceMask mask) {
        displaced ? set_displaced(superslab, mask, SliceMask{0}) : set_in_place(superslab, mask);
        note_dirty(superslab);
    });
}

void SliceMap::set_split(Slice first, std::size_t slices) {
    for_each_piece(first, slices,
                   [&](std::size_t superslab, SliceMask mask) { set_displaced(superslab, mask, mask); });
}

bool SliceMap::any_displaced(Slice first, std::size_t slices) const {
    if (none_displaced()) return false;
    bool any = false;
    for_each_piece(first, slices, [&](std::size_t superslab, SliceMask mask) {
        any = any || (state(superslab).displaced & mask) != 0;
    });
    return any;
}

} // namespace ashlar::layout
