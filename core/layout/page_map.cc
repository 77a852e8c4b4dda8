// SPDX-License-Identifier: MIT
#include "layout/page_map.h"

#include <algorithm>
#include <bit>

namespace ashlar::layout {

namespace {

constexpr std::size_t kWorthBreaking = kPagesPerSuperslab / 2; // pages, for which a huge page is given up

constexpr std::size_t kMostDisplaced = 16'000; // mappings; a process may have some 65 thousand
// From here on the place that something is moved from is renewed.
constexpr std::size_t kManyDisplaced = kMostDisplaced / 2;

constexpr unsigned kLevelShift = 6; // 64 members of a level are one of the next

std::size_t count(PageMask pages) {
    return static_cast<std::size_t>(std::popcount(pages));
}

// Of the highest run the last pages, at most so many.
PageMask highest_run(PageMask pages, unsigned most) {
    const auto above = static_cast<unsigned>(std::countl_zero(pages));
    const unsigned length = std::min(static_cast<unsigned>(std::countl_one(pages << above)), most);
    return run_mask(kPagesPerSuperslab - above - length, length);
}

std::uint64_t with_bit(std::uint64_t word, std::uint64_t bit, bool set) {
    return set ? word | bit : word & ~bit;
}

// The map has one writer at a time: no need for the lock prefix.
void add(std::atomic<std::size_t>& counter, std::size_t value) {
    counter.store(counter.load(std::memory_order_relaxed) + value, std::memory_order_relaxed);
}

void subtract(std::atomic<std::size_t>& counter, std::size_t value) {
    counter.store(counter.load(std::memory_order_relaxed) - value, std::memory_order_relaxed);
}

} // namespace

PageMap::Group* PageMap::groups() {
    return reinterpret_cast<Group*>(window.superslab_states.start());
}

// At level 1 of 64 groups, in the first of them, at level 2 of 64 times 64, in the second: bytes_for() has it
// mapped.
PageMap::Summary& PageMap::summary_of(unsigned level, std::size_t number) {
    return level == 1 ? groups()[number * kGroupSize].summary
                      : groups()[number * kGroupSize * kGroupSize + 1].summary;
}

std::uint64_t PageMap::of_node(const Group& home, os::Node node) {
    return node == kAnyNode ? ~std::uint64_t{0} : home.of_node[node];
}

bool PageMap::is_of_node(std::size_t superslab, os::Node node) {
    return (of_node(group(superslab), node) >> (superslab % kGroupSize) & 1U) != 0;
}

std::uint64_t& PageMap::word(Set set, unsigned level, std::size_t number) {
    return level == 0 ? groups()[number].sets[set] : summary_of(level, number).sets[set];
}

std::uint64_t PageMap::members(Set set, unsigned level, std::size_t number, os::Node node) {
    const std::uint64_t all = word(set, level, number);
    return level == 0 ? all & of_node(groups()[number], node) : all;
}

bool PageMap::contains(Set set, std::size_t superslab) {
    return (group(superslab).sets[set] >> (superslab % kGroupSize) & 1U) != 0;
}

bool PageMap::belongs_to(Set set, std::size_t superslab) {
    const State& s = state(superslab);
    switch (set) {
    case kWhole:
        return s.free == kAllPages;
    case kPair:
        return aligned_run_starts(s.free, 2) != 0;
    case kQuad:
        return aligned_run_starts(s.free, 4) != 0;
    case kDirty:
        return s.dirty != 0;
    case kWorthPurging:
        return is_huge(superslab) ? count(s.dirty) >= kWorthBreaking : s.dirty != 0;
    case kGives8:
        return movable_starts(s, s.dirty, kLeastPagesToMove) != 0;
    case kGives4:
        return movable_starts(s, s.dirty, kLeastPagesToFill) != 0;
    default:
        return true;
    }
}

void PageMap::put(Set set, std::size_t superslab, bool member) {
    std::size_t number = superslab;
    for (unsigned level = 0; level < kLevels; ++level) {
        std::uint64_t& all = word(set, level, number / kGroupSize);
        const bool had_any = all != 0;
        all = with_bit(all, std::uint64_t{1} << (number % kGroupSize), member);
        if ((all != 0) == had_any) return;
        number /= kGroupSize;
    }
}

// To those of the sets that it belongs to. Most often it is in all of them.
template <typename... Sets>
void PageMap::add_to(std::size_t superslab, Sets... sets) {
    const std::uint64_t in_all = (group(superslab).sets[sets] & ...);
    if ((in_all >> (superslab % kGroupSize) & 1U) != 0) return;
    for (const Set set : {sets...}) {
        if (!contains(set, superslab) && belongs_to(set, superslab)) put(set, superslab, true);
    }
}

std::size_t PageMap::lowest(Set set, std::size_t from, os::Node node) const {
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

std::size_t PageMap::highest(Set set, std::size_t below, os::Node node) const {
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

void PageMap::note_taken(std::size_t superslab) {
    if (contains(kWhole, superslab)) put(kWhole, superslab, false);
}

// Pages of the superslab came free, and are in runs of at most that length.
void PageMap::note_given(std::size_t superslab, unsigned longest) {
    std::uint8_t& here = group(superslab).longest[superslab % kGroupSize];
    if (here < longest) here = static_cast<std::uint8_t>(longest);
    raise_longest(superslab, longest);
    if (longest == kPagesPerSuperslab) add_to(superslab, kWhole);
    add_to(superslab, kPair, kQuad);
}

void PageMap::note_dirty(std::size_t superslab) {
    add_to(superslab, kDirty, kWorthPurging, kGives8, kGives4);
}

void PageMap::raise_longest(std::size_t superslab, std::size_t pages) {
    std::size_t number = superslab / kGroupSize;
    for (unsigned level = 1; level < kLevels; ++level, number /= kGroupSize) {
        std::uint16_t& longest = summary_of(level, number / kGroupSize).longest[number % kGroupSize];
        if (longest >= pages) return;
        longest = static_cast<std::uint16_t>(std::min(pages, kMostTold));
    }
}

// How many pages are free in a row from the superslab's first on; all, or `most` and some more. Superslabs
// behind that, too, if they are of the node.
std::size_t PageMap::free_from(std::size_t superslab, std::size_t most, os::Node node) const {
    std::size_t end = superslab; // of the whole ones
    while (end < opened() && (end - superslab) * kPagesPerSuperslab < most) {
        const std::uint64_t whole = members(kWhole, 0, end / kGroupSize, node) >> (end % kGroupSize);
        end += static_cast<std::size_t>(std::countr_one(whole));
        if (whole % 2 == 0 || end % kGroupSize != 0) break;
    }
    const std::size_t rest = end < opened() && is_of_node(end, node)
                                 ? static_cast<std::size_t>(std::countr_one(state(end).free))
                                 : 0;
    return (end - superslab) * kPagesPerSuperslab + rest;
}

// How many superslabs of the node, right before this one and in one group, are wholly free.
std::size_t PageMap::whole_before(std::size_t superslab, os::Node node) {
    const std::size_t last = superslab - 1;
    const std::uint64_t whole = members(kWhole, 0, last / kGroupSize, node)
                                << (kGroupSize - 1 - last % kGroupSize);
    return static_cast<std::size_t>(std::countl_one(whole));
}

// So many pages came free, the last of them in that superslab: long runs that start with it or with one of
// those before are longer now. What starts so far before the pages that it was too long to be told still is.
void PageMap::note_long(std::size_t superslab, std::size_t given) const {
    const PageMask free = state(superslab).free;
    if (free % 2 == 0 || (free != kAllPages && !contains(kWhole, superslab - 1))) return;
    const std::size_t pages = free_from(superslab, kMostTold, kAnyNode);
    std::size_t before = 0;
    for (std::size_t more = 1; more != 0 && before * kPagesPerSuperslab < kMostTold + given; before += more) {
        raise_longest(superslab - before, pages + before * kPagesPerSuperslab);
        more = whole_before(superslab - before, kAnyNode);
    }
}

// Calls visit(superslab, mask) for the part of the run in each superslab.
template <typename Visit>
void PageMap::for_each_piece(Page first, std::size_t pages, Visit visit) {
    while (pages != 0) {
        const unsigned offset = first % kPagesPerSuperslab;
        const auto here = static_cast<unsigned>(std::min<std::size_t>(pages, kPagesPerSuperslab - offset));
        visit(first / kPagesPerSuperslab, run_mask(offset, here));
        first += here;
        pages -= here;
    }
}

void PageMap::open(std::size_t begin, std::size_t end, os::Node node) {
    opened_.store(std::max(opened(), end), std::memory_order_relaxed);
    ++openings_;
    for (std::size_t s = begin; s < end; ++s) {
        for (os::Node other = 0; other < os::kMaxNodes; ++other) {
            std::uint64_t& members = group(s).of_node[other];
            members = with_bit(members, std::uint64_t{1} << (s % kGroupSize), other == node);
        }
        state(s) = {.free = kAllPages, .dirty = 0, .aged = 0, .displaced = 0, .borders = 0};
        note_given(s, kPagesPerSuperslab);
    }
    note_long(end - 1, (end - begin) * kPagesPerSuperslab);
}

void PageMap::step_over(std::size_t end) {
    opened_.store(std::max(opened(), end), std::memory_order_relaxed);
    ++openings_;
}

os::Node PageMap::node_of(std::size_t superslab) const {
    os::Node node = 0;
    while (node + 1U < os::kMaxNodes && !is_of_node(superslab, node))
        ++node;
    return node;
}

Page PageMap::find(std::size_t pages, Fit fit, os::Node node) const {
    return fit == Fit::kAligned && pages > 1 ? find_aligned(static_cast<unsigned>(pages), node)
                                             : find_anywhere(pages, node);
}

Page PageMap::find_aligned(unsigned pages, os::Node node) const {
    const std::size_t superslab = lowest(pages == 2 ? kPair : kQuad, 0, node);
    if (superslab == 0) return 0;
    const PageMask starts = aligned_run_starts(state(superslab).free, pages);
    return first_page_of(superslab) + static_cast<unsigned>(std::countr_zero(starts));
}

// A run that was looked for in vain lowers the bounds, unless it would be too long to be told.
Page PageMap::find_anywhere(std::size_t pages, os::Node node) const {
    const std::size_t told = std::min(pages, kMostTold);
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
            if (const Page found = find_in(g, pages, node); found != 0) return found;
            const bool other_node = node != kAnyNode && find_in(g, pages, kAnyNode) != 0;
            if (!other_node && pages <= kMostTold) here = static_cast<std::uint16_t>(pages - 1);
        }
        longest_of_many = *std::max_element(longest, longest + kGroupSize);
    }
    return 0;
}

Page PageMap::find_in(std::size_t group, std::size_t pages, os::Node node) const {
    return pages <= kPagesPerSuperslab ? find_short_in(group, static_cast<unsigned>(pages), node)
                                       : find_long_in(group, pages, node);
}

// Looks at eight superslabs at once: to each byte so much is added that it reaches 128 if the run is there.
Page PageMap::find_short_in(std::size_t group, unsigned pages, os::Node node) {
    constexpr std::uint64_t kOnes = 0x0101'0101'0101'0101;
    static_assert(std::endian::native == std::endian::little, "the lowest byte is the lowest superslab's");
    Group& home = groups()[group];
    for (unsigned slot = 0; slot < kGroupSize; slot += 8) {
        std::uint64_t longest = 0;
        __builtin_memcpy(&longest, home.longest + slot, sizeof(longest));
        std::uint64_t fit = (longest + (128 - pages) * kOnes) & (128 * kOnes);
        for (; fit != 0; fit &= fit - 1) {
            const unsigned here = slot + static_cast<unsigned>(std::countr_zero(fit)) / 8;
            const std::size_t superslab = group * kGroupSize + here;
            const PageMask starts = run_starts(home.states[here].free, pages);
            if (starts == 0) {
                home.longest[here] = static_cast<std::uint8_t>(longest_run(home.states[here].free));
            } else if (is_of_node(superslab, node)) {
                return first_page_of(superslab) + static_cast<unsigned>(std::countr_zero(starts));
            }
        }
    }
    return 0;
}

// The lowest that starts with a superslab of the group.
Page PageMap::find_long_in(std::size_t group, std::size_t pages, os::Node node) const {
    for (std::uint64_t rest = members(kWhole, 0, group, node); rest != 0;) {
        const std::size_t first = group * kGroupSize + static_cast<std::size_t>(std::countr_zero(rest));
        if (free_from(first, pages, node) >= pages) return first_page_of(first);
        rest &= rest + (rest & (~rest + 1)); // without the superslabs in a row that it starts with
    }
    return 0;
}

bool PageMap::all_free(Page first, std::size_t pages) const {
    bool free = (first + pages - 1) / kPagesPerSuperslab < opened();
    if (free) {
        for_each_piece(first, pages, [&](std::size_t superslab, PageMask mask) {
            free = free && (state(superslab).free & mask) == mask;
        });
    }
    return free;
}

std::size_t PageMap::free_superslabs_at_end(os::Node node) const {
    std::size_t free = 0;
    while (free < opened()) {
        const std::size_t more = whole_before(opened() - free, node);
        if (more == 0) break;
        free += more;
    }
    return free;
}

Run PageMap::take(Page first, std::size_t pages) {
    Run run{first, true};
    for_each_piece(first, pages, [&](std::size_t superslab, PageMask mask) {
        State& s = state(superslab);
        const PageMask dirty = s.dirty & mask;
        if (dirty != 0) run.zero = false;
        subtract(dirty_, count(dirty));
        s.free &= ~mask;
        s.dirty &= ~mask;
        s.aged &= ~mask;
        note_taken(superslab);
    });
    add(in_use_, pages);
    return run;
}

void PageMap::give(Page first, std::size_t pages, bool dirty) {
    for_each_piece(first, pages, [&](std::size_t superslab, PageMask mask) {
        State& s = state(superslab);
        s.free |= mask;
        if (dirty) {
            s.dirty |= mask;
            add(dirty_, count(mask));
            note_dirty(superslab);
        }
        note_given(superslab, run_around(s.free, static_cast<unsigned>(std::countr_zero(mask))));
    });
    note_long((first + pages - 1) / kPagesPerSuperslab, pages);
    subtract(in_use_, pages);
}

void PageMap::set_huge(std::size_t begin, std::size_t end, bool huge) {
    for (std::size_t s = begin; s < end; ++s) {
        std::uint64_t& word = group(s).huge;
        word = with_bit(word, std::uint64_t{1} << (s % kGroupSize), huge);
        note_dirty(s);
    }
}

bool PageMap::is_huge(std::size_t superslab) {
    return (group(superslab).huge >> (superslab % kGroupSize) & 1U) != 0;
}

PageMap::Piece PageMap::take_dirty(Which which, Page below, unsigned most) {
    const Set set = which == Which::kAll ? kDirty : kWorthPurging;
    const std::size_t end = below;
    for (std::size_t next = (end + kPagesPerSuperslab - 1) / kPagesPerSuperslab;
         (next = highest(set, next, kAnyNode)) != 0;) {
        State& s = state(next);
        PageMask chosen = which == Which::kAged ? s.dirty & s.aged : s.dirty;
        if (const std::size_t here = end - next * kPagesPerSuperslab; here < kPagesPerSuperslab)
            chosen &= run_mask(0, static_cast<unsigned>(here));
        if (chosen == 0) continue;
        if (!is_huge(next)) {
            chosen = highest_run(chosen, most);
        } else if (which != Which::kAll && count(chosen) < kWorthBreaking) {
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

void PageMap::put_back(Piece piece, PageMask still_dirty) {
    State& s = state(piece.superslab);
    s.free |= piece.pages;
    s.dirty |= still_dirty;
    set_in_place(piece.superslab, piece.displaced & ~still_dirty);
    add(dirty_, count(still_dirty));
    if (still_dirty != 0) note_dirty(piece.superslab);
    note_given(piece.superslab, longest_run(s.free));
    note_long(piece.superslab, kPagesPerSuperslab);
}

void PageMap::age() {
    for (std::size_t s = 0; (s = lowest(kDirty, s, kAnyNode)) != 0; ++s)
        state(s).aged = state(s).dirty;
}

PageMap::Piece PageMap::take_superslab(std::size_t below) {
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

void PageMap::set_aside(Piece superslab) {
    set_in_place(superslab.superslab, kAllPages);
    set_aside(superslab.superslab);
}

void PageMap::set_aside(std::size_t superslab) {
    put(kAside, superslab, true);
}

std::size_t PageMap::reclaim(std::size_t count) {
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

void PageMap::give_back(Piece superslab) {
    put_back({superslab.superslab, kAllPages, 0}, superslab.pages);
}

// The highest superslab from donor.superslab - 1 down that has a long enough run of dirty pages outside of
// the given run.
bool PageMap::next_donor(Donor& donor, Page first, std::size_t pages) const {
    const Set set = donor.least == kLeastPagesToMove ? kGives8 : kGives4;
    while ((donor.superslab = highest(set, donor.superslab, donor.node)) != 0) {
        donor.pages = state(donor.superslab).dirty;
        for_each_piece(first, pages, [&](std::size_t superslab, PageMask mask) {
            if (superslab == donor.superslab) donor.pages &= ~mask;
        });
        if (movable_starts(donor) != 0) return true;
    }
    donor.pages = 0;
    return false;
}

bool PageMap::may_displace() const {
    return displacement_.load(std::memory_order_relaxed) < kMostDisplaced;
}

unsigned PageMap::plan_moves(Page first, std::size_t pages, std::size_t filled, Move* moves, unsigned most) {
    unsigned planned = 0;
    for (const unsigned least : {kLeastPagesToMove, kLeastPagesToFill}) {
        if (pages - filled < least) continue;
        Donor donor{may_displace() ? opened() : 0, 0, node_of(first / kPagesPerSuperslab), least};
        const auto wanted = static_cast<Page>(first + filled);
        for_each_piece(wanted, pages - filled, [&](std::size_t superslab, PageMask mask) {
            PageMask clean = mask & ~state(superslab).dirty;
            for (unsigned i = 0; i < planned; ++i) {
                if (moves[i].to / kPagesPerSuperslab == superslab)
                    clean &= ~run_mask(moves[i].to % kPagesPerSuperslab, moves[i].pages);
            }
            while (planned < most) {
                const PageMask to_starts = run_starts(clean, least);
                if (to_starts == 0) return;
                if (movable_starts(donor) == 0 && !next_donor(donor, first, pages)) return;
                const auto to = static_cast<unsigned>(std::countr_zero(to_starts));
                moves[planned] = take_from(donor, static_cast<unsigned>(std::countr_one(clean >> to)));
                moves[planned].to = first_page_of(superslab) + to;
                clean &= ~run_mask(to, moves[planned].pages);
                ++planned;
            }
        });
    }
    return planned;
}

// Takes the first pages that a donor can give, at most so many, out of the map.
PageMap::Move PageMap::take_from(Donor& donor, unsigned most) {
    State& source = state(donor.superslab);
    const auto from = static_cast<unsigned>(std::countr_zero(movable_starts(donor)));
    const unsigned length = std::min(most, movable_from(source, donor.pages, from));
    const PageMask taken = run_mask(from, length);
    source.free &= ~taken;
    source.dirty &= ~taken;
    source.aged &= ~taken;
    subtract(dirty_, length);
    note_taken(donor.superslab);
    donor.pages &= ~taken;
    const bool renew =
        displacement_.load(std::memory_order_relaxed) > kManyDisplaced && (source.displaced & taken) != 0;
    return {first_page_of(donor.superslab) + from, 0, static_cast<std::uint16_t>(length), renew};
}

void PageMap::put_back(const Move& move, bool moved, bool renewed) {
    for_each_piece(move.from, move.pages, [&](std::size_t superslab, PageMask mask) {
        put_back(Piece{superslab, mask, 0}, moved ? 0 : mask);
    });
    if (moved) set_displaced(move.to, move.pages, true);
    if (renewed) set_displaced(move.from, move.pages, false);
}

std::size_t PageMap::mappings(const State& s) {
    return s.displaced == 0 ? 0 : count(s.borders) + 1;
}

// How many of `pages`, from one of them on, are one mapping.
unsigned PageMap::movable_from(const State& s, PageMask pages, unsigned first) {
    const PageMask joined = pages & ~s.borders; // to the page before
    return 1 + (first + 1 == kPagesPerSuperslab
                    ? 0
                    : static_cast<unsigned>(std::countr_one(joined >> (first + 1))));
}

// Where at least so many of the pages are one mapping.
PageMask PageMap::movable_starts(const State& s, PageMask pages, unsigned least) {
    const PageMask joined = pages & ~s.borders; // to the page before
    return pages & (run_starts(joined, least - 1) >> 1);
}

PageMask PageMap::movable_starts(const Donor& donor) {
    return donor.pages == 0 ? 0 : movable_starts(state(donor.superslab), donor.pages, donor.least);
}

// `borders`: those of the pages at which a mapping begins.
void PageMap::set_displaced(std::size_t superslab, PageMask pages, PageMask borders) {
    State& s = state(superslab);
    const std::size_t before = mappings(s);
    s.displaced |= pages;
    s.borders = (s.borders & ~pages) | borders | (pages ^ (pages << 1));
    add(displacement_, mappings(s) - before);
}

void PageMap::set_in_place(std::size_t superslab, PageMask pages) {
    State& s = state(superslab);
    const std::size_t before = mappings(s);
    s.displaced &= ~pages;
    s.borders = (s.borders & s.displaced) | (s.displaced ^ (s.displaced << 1));
    add(displacement_, mappings(s) - before);
}

void PageMap::set_displaced(Page first, std::size_t pages, bool displaced) {
    for_each_piece(first, pages, [&](std::size_t superslab, PageMask mask) {
        displaced ? set_displaced(superslab, mask, PageMask{0}) : set_in_place(superslab, mask);
        note_dirty(superslab);
    });
}

void PageMap::set_split(Page first, std::size_t pages) {
    for_each_piece(first, pages,
                   [&](std::size_t superslab, PageMask mask) { set_displaced(superslab, mask, mask); });
}

bool PageMap::any_displaced(Page first, std::size_t pages) const {
    if (none_displaced()) return false;
    bool any = false;
    for_each_piece(first, pages, [&](std::size_t superslab, PageMask mask) {
        any = any || (state(superslab).displaced & mask) != 0;
    });
    return any;
}

} // namespace ashlar::layout
