// SPDX-License-Identifier: MIT
//
// Which slices of the window are free and which of those may hold memory: the bare map, without locks, system
// calls or policy.
//
// A run of up to 32 slices lies in one superslab, the lowest that has room for it. A longer one starts with a
// superslab and covers whole ones and the first slices of a last one. So the heap stays dense at its low end.
//
// 64 superslabs (128 MiB) form a group. A bound of the length of its runs is kept for each superslab, each
// group and 64 groups. Superslabs that have something else in common form a *set*: those with dirty slices,
// those set aside, and so on. A group has a word for each set. Above that, a bit for each group says whether
// its word is zero, and a bit for 64 groups whether all of theirs are. So the lowest and the highest are
// found in a few steps, however large the heap is.
//
// Releasing slices raises bounds and adds to sets. Taking them changes nothing of that (but kWhole is exact):
// a search that finds less than it was told corrects it. So nobody comes in vain twice.
//
// Guarded by its owner; the counters may be read at any time.
#pragma once

#include "layout/slice_run.h"
#include "layout/window.h"
#include "os/topology.h"

#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>

namespace ashlar::observe {
struct Tables;
}

namespace ashlar::layout {

struct Run {
    Slice first = 0;        // 0: none
    bool zero = false;      // all of it reads zero
    bool unchecked = false; // some of it is: see SliceMap::set_unchecked()
};

inline constexpr os::Node kAnyNode = os::kMaxNodes;

class SliceMap {
  public:
    enum class Fit : std::uint8_t { kAnywhere, kAligned };
    static constexpr std::size_t kFits = 2;

    // Superslabs below this number may be free; none is before the first was opened.
    std::size_t opened() const { return opened_.load(std::memory_order_relaxed); }
    // They are free now, read zero, and are of that node.
    void open(std::size_t begin, std::size_t end, os::Node node);
    // Those below `end` that were not opened never will be: their states must read zero.
    void step_over(std::size_t end);
    std::size_t openings() const { return openings_; } // how often one of these happened
    os::Node node_of(std::size_t superslab) const;

    // The lowest run of so many free slices in superslabs of the node, or of any for kAnyNode. Aligned runs
    // have up to 4. 0 if there is none.
    Slice find(std::size_t slices, Fit fit, os::Node node) const;
    bool all_free(Slice first, std::size_t slices) const;
    std::size_t free_superslabs_at_end(os::Node node) const;

    Run take(Slice first, std::size_t slices);
    void give(Slice first, std::size_t slices, bool dirty);

    // Free slices that a program gave back are *unchecked* until the kernel was asked whether it had changed
    // their attributes (see resets.cc). To take them ends that: who takes them asks.
    void set_unchecked(Slice first, std::size_t slices);
    // What an answer about other slices of a superslab depends on. `returns` counts the calls above.
    struct Known {
        SliceMask usual; // free slices that are not unchecked
        SliceMask displaced;
        SliceMask borders;
        std::uint32_t returns;
    };
    Known known(std::size_t superslab) const;
    // The answer is that these slices were not changed. It holds unless some came back since.
    void set_checked(std::size_t superslab, SliceMask slices, std::uint32_t returns);

    // Takes dirty slices below the slice `below` out of the highest superslab that has such: the highest run
    // of them, of at most `most` slices. With kAged they are those that were dirty before the last age().
    // They are nobody's, not even in use, until they are put back. Of a superslab with huge pages it takes
    // all or, unless it is asked for kAll, none if they are a small part.
    enum class Which : std::uint8_t { kAll, kExcess, kAged };
    struct Piece {
        std::size_t superslab;
        SliceMask slices; // 0: there are none
        SliceMask displaced;
    };
    Piece take_dirty(Which which, Slice below, unsigned most);
    // Of what is no longer dirty, `displaced` is in no mapping of its own either.
    void put_back(Piece piece, SliceMask still_dirty);
    void age();
    // Takes the highest superslab below `below` that is free as a whole; its slices are the dirty ones of it.
    // {0, 0, 0}: there is none. Nobody's until it is set aside or given back.
    Piece take_superslab(std::size_t below);
    void set_aside(Piece superslab);
    void set_aside(std::size_t superslab);
    // The first of so many in a row that were set aside, to be opened; 0: there are none.
    std::size_t reclaim(std::size_t count);
    void give_back(Piece superslab);

    // Memory can be moved from slice to slice. Slices that have another's are *displaced*: in a mapping of
    // their own, of which a process may have some 65 thousand. A move ends where a mapping does, because
    // kernels refuse what lies in several.
    struct Move {
        Slice from;
        Slice to;
        std::uint16_t slices;
        bool renew;     // the mapping of `from`: it is displaced, and many are
        bool unchecked; // some of `from` is
    };
    static constexpr unsigned kLeastSlicesToMove = 8; // costs about as much as a fault or two
    static constexpr unsigned kLeastSlicesToFill = 4; // what longer pieces leave of a run
    bool may_displace() const;
    // Finds dirty slices of the same node, outside of a free run, for its clean ones but the first `filled`.
    // Takes them out of the map and returns how many moves there are.
    unsigned plan_moves(Slice first, std::size_t slices, std::size_t filled, Move* moves, unsigned most);
    void put_back(const Move& move, bool moved, bool renewed);
    // A piece that was moved as one, or to the mapping around it.
    void set_displaced(Slice first, std::size_t slices, bool displaced);
    // The kernel says that these are several mappings: none of them is moved until it is in the one around.
    void set_split(Slice first, std::size_t slices);
    bool any_displaced(Slice first, std::size_t slices) const;
    bool none_displaced() const { return displacement_.load(std::memory_order_relaxed) == 0; }

    // Superslabs that may have huge pages.
    void set_huge(std::size_t begin, std::size_t end, bool huge);
    static bool is_huge(std::size_t superslab);

    SliceMask free_slices(std::size_t superslab) const { return state(superslab).free; }
    std::size_t slices_in_use() const { return in_use_.load(std::memory_order_relaxed); }
    std::size_t dirty_slices() const { return dirty_.load(std::memory_order_relaxed); }

  private:
    friend struct observe::Tables; // tells other processes where things are
    struct State {
        SliceMask free;
        SliceMask dirty; // free slices that may hold memory
        SliceMask aged;  // of them, those that were dirty at the last age()
        SliceMask displaced;
        SliceMask borders; // slices at which a mapping begins, as far as some slice is displaced
        SliceMask unchecked;
        std::uint32_t returns; // of slices that are unchecked then
    };

    enum Set : std::uint8_t {
        kWhole,        // all of it is free; always exact
        kPair,         // two free slices at a multiple of two
        kQuad,         // likewise four
        kDirty,        // any dirty slice
        kWorthPurging, // likewise; enough of them, if it has huge pages
        kGives8,       // at least kLeastSlicesToMove dirty slices in one mapping
        kGives4,       // likewise kLeastSlicesToFill
        kAside,
        kSets
    };

    static constexpr unsigned kGroupSize = 64;
    static constexpr unsigned kLevels = 3;
    static constexpr std::size_t kMostTold = 0xffff; // slices, 4 GiB: longer runs count as so long
    // 64 groups have one, and 64 times 64 groups.
    struct Summary {
        std::uint64_t sets[kSets];
        std::uint16_t longest[kGroupSize]; // slices; no run that starts there has more
    };
    struct alignas(64) Group {
        std::uint64_t sets[kSets];
        std::uint8_t longest[kGroupSize]; // slices; no run in that superslab has more
        Summary summary;                  // of groups: see summary_of()
        std::uint64_t huge;
        std::uint64_t of_node[os::kMaxNodes];
        State states[kGroupSize];
    };

  public:
    // A group for each so many superslabs, in the window's part for their states, and one more: see
    // summary_of().
    static constexpr std::size_t bytes_for(std::size_t superslabs) {
        return ((superslabs + kGroupSize - 1) / kGroupSize + 1) * sizeof(Group);
    }

  private:
    static_assert(sizeof(Group) / kGroupSize <= kSuperslabStateSize, "what the window sets aside");

    static constexpr std::uint64_t with_bit(std::uint64_t word, std::uint64_t bit, bool set) {
        return set ? word | bit : word & ~bit;
    }
    static Group* groups();
    static Group& group(std::size_t superslab) { return groups()[superslab / kGroupSize]; }
    static State& state(std::size_t superslab) { return group(superslab).states[superslab % kGroupSize]; }
    static Summary& summary_of(unsigned level, std::size_t number);
    static std::uint64_t of_node(const Group& home, os::Node node);
    static bool is_of_node(std::size_t superslab, os::Node node);

    // At level 0 of superslabs, above that of groups, and of 64 groups each.
    static std::uint64_t& word(Set set, unsigned level, std::size_t number);
    static std::uint64_t members(Set set, unsigned level, std::size_t number, os::Node node);
    static bool contains(Set set, std::size_t superslab);
    static bool belongs_to(Set set, std::size_t superslab);
    // Enough slices to give up a huge one for.
    static constexpr bool is_worth_breaking(SliceMask slices) {
        return std::popcount(slices) >= int{kSlicesPerSuperslab / 2};
    }
    static void put(Set set, std::size_t superslab, bool member);
    template <typename... Sets>
    static void add_to(std::size_t superslab, Sets... sets);
    // The lowest member from `from` on, the highest below `below`; 0: there is none.
    std::size_t lowest(Set set, std::size_t from, os::Node node) const;
    std::size_t highest(Set set, std::size_t below, os::Node node) const;

    static void note_taken(std::size_t superslab);
    static void note_given(std::size_t superslab, unsigned longest);
    static void note_dirty(std::size_t superslab);
    static void raise_longest(std::size_t superslab, std::size_t slices);
    void note_long(std::size_t superslab, std::size_t given) const;
    std::size_t free_from(std::size_t superslab, std::size_t most, os::Node node) const;
    static std::size_t whole_before(std::size_t superslab, os::Node node);
    static std::size_t mappings(const State& s);
    void set_displaced(std::size_t superslab, SliceMask slices, SliceMask borders);
    void set_in_place(std::size_t superslab, SliceMask slices);
    static unsigned movable_from(const State& s, SliceMask slices, unsigned first);

    template <typename Visit>
    static void for_each_piece(Slice first, std::size_t slices, Visit visit);

    // The next run of dirty slices to give to others; 0: there is none.
    struct Donor {
        std::size_t superslab;
        SliceMask slices; // that may be given
        os::Node node;
        unsigned least; // slices in a row
    };
    static SliceMask movable_starts(const State& s, SliceMask slices, unsigned least);
    static SliceMask movable_starts(const Donor& donor);
    Move take_from(Donor& donor, unsigned most);
    bool next_donor(Donor& donor, Slice first, std::size_t slices) const;

    Slice find_aligned(unsigned slices, os::Node node) const;
    Slice find_anywhere(std::size_t slices, os::Node node) const;
    Slice find_in(std::size_t group, std::size_t slices, os::Node node) const;
    static Slice find_short_in(std::size_t group, unsigned slices, os::Node node);
    Slice find_long_in(std::size_t group, std::size_t slices, os::Node node) const;

    std::atomic<std::size_t> opened_{0};
    std::size_t openings_ = 0;
    std::atomic<std::size_t> displacement_{0}; // the mappings of superslabs that have displaced slices
    std::atomic<std::size_t> in_use_{0};
    std::atomic<std::size_t> dirty_{0};
};

constexpr Slice first_slice_of(std::size_t superslab) {
    return static_cast<Slice>(superslab * kSlicesPerSuperslab);
}

} // namespace ashlar::layout
