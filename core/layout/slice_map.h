// SPDX-License-Identifier: MIT
//
// Which slices of the window are free, and which of those may hold memory: the bare map, without locks,
// system calls or policy.
//
// A run of up to 32 slices lies in one superslab, the lowest that has room for it. A longer run starts with a
// superslab, and covers whole ones and the start of a last one. So the heap stays dense at its low end.
//
// 64 superslabs (128 MiB) form a group. Each superslab, each group and each 64 groups have an upper bound on
// the length of their runs. Superslabs with a common property form a *set*: those with dirty slices, those
// set aside, and so on. A group has one word per set. On the levels above, one bit per group, and per 64
// groups, tells whether there are members. So a search takes a few steps, however large the heap is.
//
// Releasing slices raises bounds and adds to sets. Taking slices does not change them (only kWhole is exact).
// A search that finds less than a bound or set says corrects that. So no search fails twice for one reason.
//
// Guarded by its owner's lock; the counters may be read at any time.
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
    Slice first = 0;        // 0: no run
    bool zero = false;      // the whole run reads zero
    bool unchecked = false; // some slices are unchecked: see SliceMap::set_unchecked()
};

inline constexpr os::Node kAnyNode = os::kMaxNodes;

class SliceMap {
  public:
    enum class Fit : std::uint8_t { kAnywhere, kAligned };
    static constexpr std::size_t kFits = 2;

    // Only superslabs below this number may be free. 0 at first.
    std::size_t opened() const { return opened_.load(std::memory_order_relaxed); }
    // Makes these superslabs of `node` free. They read zero.
    void open(std::size_t begin, std::size_t end, os::Node node);
    // Never opens superslabs below `end` that were not opened so far. Their states must read zero.
    void step_over(std::size_t end);
    std::size_t openings() const { return openings_; } // calls of these two
    os::Node node_of(std::size_t superslab) const;

    // Returns the lowest run of `slices` free slices (up to 4 if aligned) on `node`, any for kAnyNode, or 0.
    Slice find(std::size_t slices, Fit fit, os::Node node) const;
    bool all_free(Slice first, std::size_t slices) const;
    std::size_t free_superslabs_at_end(os::Node node) const;

    Run take(Slice first, std::size_t slices);
    void give(Slice first, std::size_t slices, bool dirty);

    // Marks free slices that a program gave back as *unchecked*: the program may have changed their
    // attributes (see resets.cc). take() ends that, and its caller asks the kernel.
    void set_unchecked(Slice first, std::size_t slices);
    // The facts behind an answer about other slices of a superslab. `returns` changes with each call above.
    struct Known {
        SliceMask usual; // free slices that are not unchecked
        SliceMask displaced;
        SliceMask borders;
        std::uint32_t returns;
    };
    Known known(std::size_t superslab) const;
    // Notes that `slices` were not changed, unless further slices were given back since `returns` was read.
    void set_checked(std::size_t superslab, SliceMask slices, std::uint32_t returns);

    // Takes the highest run of dirty slices below the slice `below` out of the map, at most `most` slices of
    // one superslab. kAged: only slices that were dirty before the last age(). Until put_back() they have no
    // owner and are not in use. With huge pages it takes all dirty slices of the superslab. Unless `which` is
    // kAll, it takes none of them if they are a small part.
    enum class Which : std::uint8_t { kAll, kExcess, kAged };
    struct Piece {
        std::size_t superslab;
        SliceMask slices; // 0: no such slices
        SliceMask displaced;
    };
    Piece take_dirty(Which which, Slice below, unsigned most);
    // Puts the piece back. Slices of `displaced` that are no longer dirty have lost their own mapping too.
    void put_back(Piece piece, SliceMask still_dirty);
    void age();
    // Takes the highest wholly free superslab below `below`. `slices` are its dirty slices. {0, 0, 0}: there
    // is none. It has no owner until it is set aside or given back.
    Piece take_superslab(std::size_t below);
    void set_aside(Piece superslab);
    void set_aside(std::size_t superslab);
    // Returns the first of `count` adjacent superslabs that were set aside, or 0. The caller opens them.
    std::size_t reclaim(std::size_t count);
    void give_back(Piece superslab);

    // Memory can move from slice to slice. Slices that received memory are *displaced*: in a mapping of their
    // own, of which a process may have some 65 thousand. Kernels refuse to move several mappings at once.
    struct Move {
        Slice from;
        Slice to;
        std::uint16_t slices;
        bool renew;     // renew the mapping of `from`: it is displaced, and many are
        bool unchecked; // some of `from` is unchecked
    };
    static constexpr unsigned kLeastSlicesToMove = 8; // a move costs about as much as 1 or 2 faults
    static constexpr unsigned kLeastSlicesToFill = 4; // for the parts of a run that longer moves leave
    bool may_displace() const;
    // Plans moves to the clean slices of a free run, except its first `filled`. Takes dirty slices of the
    // same node outside of the run out of the map for them. Returns the number of moves.
    unsigned plan_moves(Slice first, std::size_t slices, std::size_t filled, Move* moves, unsigned most);
    void put_back(const Move& move, bool moved, bool renewed);
    // For a piece that was moved as one mapping, or that is in the mapping around it again (false).
    void set_displaced(Slice first, std::size_t slices, bool displaced);
    // For slices that the kernel calls several mappings. None is moved until it is in the mapping around it.
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
    friend struct observe::Tables; // tells other processes the addresses
    struct State {
        SliceMask free;
        SliceMask dirty; // free slices that may hold memory
        SliceMask aged;  // those that were dirty at the last age()
        SliceMask displaced;
        SliceMask borders; // slices at which a mapping begins, as far as displaced slices tell
        SliceMask unchecked;
        std::uint32_t returns; // changes whenever slices become unchecked
    };

    enum Set : std::uint8_t {
        kWhole,        // all slices are free; always exact
        kPair,         // two free slices at a multiple of two
        kQuad,         // four free slices at a multiple of four
        kDirty,        // any dirty slice
        kWorthPurging, // any dirty slice, or with huge pages enough of them
        kGives8,       // at least kLeastSlicesToMove dirty slices in one mapping
        kGives4,       // at least kLeastSlicesToFill dirty slices in one mapping
        kAside,
        kSets
    };

    static constexpr unsigned kGroupSize = 64;
    static constexpr unsigned kLevels = 3;
    static constexpr std::size_t kMostTold = 0xffff; // slices, 4 GiB: the bound for all longer runs
    // One for 64 groups, and one for 64 times 64 groups.
    struct Summary {
        std::uint64_t sets[kSets];
        std::uint16_t longest[kGroupSize]; // slices of the longest run that starts there, at most
    };
    struct alignas(64) Group {
        std::uint64_t sets[kSets];
        std::uint8_t longest[kGroupSize]; // slices of the longest run in that superslab, at most
        Summary summary;                  // for many groups: see summary_of()
        std::uint64_t huge;
        std::uint64_t of_node[os::kMaxNodes];
        State states[kGroupSize];
    };

  public:
    // Returns the bytes for the groups of `superslabs`, and for one more group: see summary_of().
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

    // The word has bits for superslabs at level 0, for groups at level 1, and for 64 groups each at level 2.
    static std::uint64_t& word(Set set, unsigned level, std::size_t number);
    static std::uint64_t members(Set set, unsigned level, std::size_t number, os::Node node);
    static bool contains(Set set, std::size_t superslab);
    static bool belongs_to(Set set, std::size_t superslab);
    // Returns whether these slices are enough to break up a huge page.
    static constexpr bool is_worth_breaking(SliceMask slices) {
        return std::popcount(slices) >= int{kSlicesPerSuperslab / 2};
    }
    static void put(Set set, std::size_t superslab, bool member);
    template <typename... Sets>
    static void add_to(std::size_t superslab, Sets... sets);
    // Return the lowest member from `from` on, the highest below `below`, or 0.
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

    // The next run of dirty slices that can be moved. `superslab` 0: there is none.
    struct Donor {
        std::size_t superslab;
        SliceMask slices; // slices that may be moved
        os::Node node;
        unsigned least; // slices in a row, at least
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
    std::atomic<std::size_t> displacement_{0}; // mappings of superslabs that have displaced slices
    std::atomic<std::size_t> in_use_{0};
    std::atomic<std::size_t> dirty_{0};
};

constexpr Slice first_slice_of(std::size_t superslab) {
    return static_cast<Slice>(superslab * kSlicesPerSuperslab);
}

} // namespace ashlar::layout
