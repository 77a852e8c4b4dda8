// SPDX-License-Identifier: MIT
//
// Maps of the test, with states in a child's window. The tests of superslabs cover a map with one node.
#include "../support/build_kind.h"
#include "../support/child.h"
#include "../support/random.h"
#include "layout/slice_map.h"
#include "os/page_memory.h"

#include <algorithm>
#include <bit>
#include <catch2/catch.hpp>
#include <cstddef>
#include <cstdint>
#include <span>
#include <sys/mman.h>
#include <vector>

namespace {

using namespace ashlar::layout; // NOLINT(google-build-using-namespace): the layer under test

using Fit = SliceMap::Fit;

constexpr std::size_t kFirst = 10; // superslab
constexpr std::size_t kEnd = 200;  // in the fourth group

// Opens superslabs [kFirst, kEnd), `step` at a time, for nodes 0 to `nodes` - 1 in turn.
void open_in_turn(SliceMap& map, unsigned nodes, std::size_t step) {
    REQUIRE(window.open(std::size_t{1} << 30));
    REQUIRE(window.superslab_states.grow_to(SliceMap::bytes_for(kEnd)));
    std::size_t turn = 0;
    for (std::size_t begin = kFirst; begin < kEnd; begin += step, ++turn)
        map.open(begin, std::min(begin + step, kEnd), static_cast<ashlar::os::Node>(turn % nodes));
}

UNIT_TEST_CASE_IN_CHILD("slice map: a superslab is of the node that it was opened for", unit::kNoHeap) {
    SliceMap map;
    open_in_turn(map, 8, 1);
    for (std::size_t s = kFirst; s < kEnd; ++s)
        REQUIRE(map.node_of(s) == (s - kFirst) % 8);
}

UNIT_TEST_CASE_IN_CHILD("slice map: short runs are found on the node", unit::kNoHeap) {
    SliceMap map;
    open_in_turn(map, 4, 3);
    for (const Fit fit : {Fit::kAnywhere, Fit::kAligned}) {
        REQUIRE(map.find(4, fit, kAnyNode) == first_slice_of(kFirst));
        for (ashlar::os::Node node = 0; node < 4; ++node)
            REQUIRE(map.find(4, fit, node) == first_slice_of(kFirst + 3 * node));
        REQUIRE(map.find(4, fit, 4) == 0);
    }
    // Takes all superslabs of node 2, across groups.
    std::size_t taken = 0;
    while (const Slice first = map.find(32, Fit::kAnywhere, 2)) {
        REQUIRE((first / kSlicesPerSuperslab - kFirst) / 3 % 4 == 2);
        map.take(first, 32);
        ++taken;
    }
    REQUIRE(taken == 48);
    REQUIRE(map.find(1, Fit::kAligned, 2) == 0);
    REQUIRE(map.find(1, Fit::kAligned, 3) == first_slice_of(kFirst + 9));
    map.give(first_slice_of(kFirst + 20), 5, true);
    REQUIRE(map.find(5, Fit::kAnywhere, 2) == first_slice_of(kFirst + 20));
    REQUIRE(map.find(6, Fit::kAnywhere, 2) == 0);
}

UNIT_TEST_CASE_IN_CHILD("slice map: long runs are of one node unless any will do", unit::kNoHeap) {
    SliceMap map;
    open_in_turn(map, 2, 3);
    const std::size_t three = 3 * kSlicesPerSuperslab;
    REQUIRE(map.find(three, Fit::kAnywhere, 0) == first_slice_of(kFirst));
    REQUIRE(map.find(three, Fit::kAnywhere, 1) == first_slice_of(kFirst + 3));
    REQUIRE(map.find(three + 1, Fit::kAnywhere, 0) == 0); // its last slice would be on the other node
    REQUIRE(map.find(three + 1, Fit::kAnywhere, kAnyNode) == first_slice_of(kFirst));
    map.take(first_slice_of(kFirst + 4), 1);
    REQUIRE(map.find(three, Fit::kAnywhere, 1) == first_slice_of(kFirst + 9));
    REQUIRE(map.find(kSlicesPerSuperslab + 1, Fit::kAnywhere, 1) == first_slice_of(kFirst + 9));
    REQUIRE(map.find(three + 1, Fit::kAnywhere, kAnyNode) == first_slice_of(kFirst));
    REQUIRE(map.find(three * 2, Fit::kAnywhere, kAnyNode) == first_slice_of(kFirst + 5));
}

UNIT_TEST_CASE_IN_CHILD("slice map: counts the free superslabs of a node at the end", unit::kNoHeap) {
    SliceMap map;
    open_in_turn(map, 2, 100); // node 1 has the last 90
    REQUIRE(map.free_superslabs_at_end(0) == 0);
    REQUIRE(map.free_superslabs_at_end(1) == 90);
    REQUIRE(map.free_superslabs_at_end(kAnyNode) == 190);
    map.take(first_slice_of(kEnd - 5), 1);
    REQUIRE(map.free_superslabs_at_end(1) == 4);
    REQUIRE(map.free_superslabs_at_end(kAnyNode) == 4);
}

UNIT_TEST_CASE_IN_CHILD("slice map: memory is moved within a node only", unit::kNoHeap) {
    SliceMap map;
    open_in_turn(map, 2, 1);
    const Slice on_first = first_slice_of(kFirst);
    const Slice on_second = first_slice_of(kFirst + 1);
    map.take(on_first, 32);
    map.give(on_first, 32, true);
    SliceMap::Move moves[4];
    REQUIRE(map.plan_moves(on_second, 32, 0, moves, 4) == 0);
    REQUIRE(map.plan_moves(on_first + 64, 32, 0, moves, 4) == 1);
    REQUIRE(moves[0].from == on_first);
    REQUIRE(moves[0].to == on_first + 64);
    REQUIRE(moves[0].slices == 32);
}

UNIT_TEST_CASE_IN_CHILD("slice map: returned slices are unchecked until they are taken or an answer comes",
                        unit::kNoHeap) {
    SliceMap map;
    open_in_turn(map, 1, 1);
    const Slice first = first_slice_of(kFirst) + 30;
    const auto unchecked = [&](std::size_t superslab) {
        return map.free_slices(superslab) & ~map.known(superslab).usual;
    };
    REQUIRE_FALSE(map.take(first, 6).unchecked);
    map.give(first, 6, true);
    map.set_unchecked(first, 6);
    REQUIRE(unchecked(kFirst) == 0xc000'0000);
    REQUIRE(unchecked(kFirst + 1) == 0b1111);
    REQUIRE(map.take(first, 3).unchecked);
    REQUIRE(unchecked(kFirst) == 0);
    REQUIRE(unchecked(kFirst + 1) == 0b1110);
    // Slices remain unchecked while they are purged.
    const SliceMap::Piece piece = map.take_dirty(SliceMap::Which::kAll, first + 6, 2);
    REQUIRE(piece.slices == 0b1100);
    map.put_back(piece, 0);
    REQUIRE(unchecked(kFirst + 1) == 0b1110);
    // set_checked() ignores slices that were returned after the query.
    std::uint32_t returns = map.known(kFirst + 1).returns;
    map.give(first, 3, true);
    map.set_unchecked(first, 3);
    map.set_checked(kFirst + 1, kAllSlices, returns);
    REQUIRE(unchecked(kFirst + 1) == 0b1111);
    returns = map.known(kFirst + 1).returns;
    map.set_checked(kFirst + 1, 0b0110, returns);
    REQUIRE(unchecked(kFirst + 1) == 0b1001);
    REQUIRE(unchecked(kFirst) == 0xc000'0000);
}

UNIT_TEST_CASE_IN_CHILD("slice map: who moves unchecked slices is told", unit::kNoHeap) {
    SliceMap map;
    open_in_turn(map, 1, 1);
    const Slice source = first_slice_of(kFirst);
    map.take(source, 32);
    map.give(source, 32, true);
    map.set_unchecked(source, 1);
    SliceMap::Move moves[4];
    REQUIRE(map.plan_moves(source + 32, 16, 0, moves, 4) == 1);
    REQUIRE(moves[0].unchecked);
    map.put_back(moves[0], false, false);
    REQUIRE(map.known(kFirst).usual == (kAllSlices & ~SliceMask{1}));
    REQUIRE(map.plan_moves(source + 32, 16, 0, moves, 4) == 1);
    moves[0].unchecked = false;
    map.put_back(moves[0], true, false);
    REQUIRE(map.known(kFirst).usual == kAllSlices);
}

UNIT_TEST_CASE_IN_CHILD("slice map: a move ends where a mapping does", unit::kNoHeap) {
    SliceMap map;
    open_in_turn(map, 1, 1);
    const Slice source = first_slice_of(kFirst);
    const Slice target = first_slice_of(kFirst + 1);
    map.take(source, 32);
    map.set_displaced(source, 12, true);
    map.set_displaced(source + 12, 9, true); // adjacent, but another mapping
    map.give(source, 32, true);
    SliceMap::Move moves[8];
    REQUIRE(map.plan_moves(target, 32, 0, moves, 8) == 3);
    REQUIRE((moves[0].from == source && moves[0].slices == 12));
    REQUIRE((moves[1].from == source + 12 && moves[1].slices == 9));
    REQUIRE((moves[2].from == source + 21 && moves[2].slices == 11));
    REQUIRE((moves[0].to == target && moves[1].to == target + 12 && moves[2].to == target + 21));
}

UNIT_TEST_CASE_IN_CHILD("slice map: what the kernel calls several mappings is not moved again",
                        unit::kNoHeap) {
    SliceMap map;
    open_in_turn(map, 1, 1);
    const Slice source = first_slice_of(kFirst);
    const Slice target = first_slice_of(kFirst + 1);
    map.take(source, 32);
    map.give(source, 32, true);
    SliceMap::Move moves[8];
    REQUIRE(map.plan_moves(target, 32, 0, moves, 8) == 1);
    map.put_back(moves[0], false, false);
    map.set_split(source, 32);
    REQUIRE(map.plan_moves(target, 32, 0, moves, 8) == 0);
    const SliceMap::Piece piece =
        map.take_dirty(SliceMap::Which::kAll, first_slice_of(kEnd), kSlicesPerSuperslab);
    REQUIRE(piece.displaced == kAllSlices);
    map.put_back(piece, 0); // renewed
    REQUIRE(map.none_displaced());
}

// ---- Sets of superslabs: a map of several levels agrees with a model that visits every superslab ----

using Which = SliceMap::Which;

class Model {
  public:
    struct Superslab {
        std::size_t number;
        ashlar::os::Node node;
        SliceMask free = kAllSlices;
        SliceMask dirty = 0;
        SliceMask aged = 0;
        bool huge = false;
        bool aside = false;
    };
    std::vector<Superslab> all; // opened superslabs, in order

    Superslab& at(std::size_t number) { return *find_superslab(number); }
    Slice find(std::size_t slices, Fit fit, ashlar::os::Node node) const {
        for (auto s = all.begin(); s != all.end(); ++s) {
            if (!is_of(*s, node)) continue;
            if (slices > kSlicesPerSuperslab) {
                if (free_from(s, node) >= slices) return first_slice_of(s->number);
                continue;
            }
            const auto length = static_cast<unsigned>(slices);
            const SliceMask starts =
                fit == Fit::kAligned ? aligned_run_starts(s->free, length) : run_starts(s->free, length);
            if (starts != 0)
                return first_slice_of(s->number) + static_cast<unsigned>(std::countr_zero(starts));
        }
        return 0;
    }
    // Returns the highest superslab below `below` for which `does` is true, or 0.
    template <typename Does>
    std::size_t highest(std::size_t below, Does does) const {
        for (auto s = all.rbegin(); s != all.rend(); ++s) {
            if (s->number < below && does(*s)) return s->number;
        }
        return 0;
    }
    std::size_t reclaim(std::size_t count) const {
        std::size_t found = 0;
        for (std::size_t i = 0; i < all.size(); ++i) {
            const bool follows = i != 0 && all[i - 1].number + 1 == all[i].number;
            found = !all[i].aside ? 0 : follows ? found + 1 : 1;
            if (found == count) return all[i].number + 1 - count;
        }
        return 0;
    }
    std::size_t free_at_end(ashlar::os::Node node) const {
        std::size_t free = 0;
        while (free < all.size() && all[all.size() - 1 - free].free == kAllSlices &&
               is_of(all[all.size() - 1 - free], node) &&
               all[all.size() - 1 - free].number + 1 + free == all.back().number + 1)
            ++free;
        return free;
    }
    // Returns the slices to purge first: below slice `below`, at most `most`.
    static SliceMask chosen(const Superslab& s, Which which, Slice below, unsigned most) {
        const std::size_t first = first_slice_of(s.number);
        SliceMask rest = which == Which::kAged ? s.dirty & s.aged : s.dirty;
        for (unsigned slice = 0; slice < kSlicesPerSuperslab; ++slice) {
            if (first + slice >= below) rest &= ~(SliceMask{1} << slice);
        }
        if (s.huge) return which != Which::kAll && std::popcount(rest) < 16 ? 0 : rest;
        SliceMask highest = 0;
        for (unsigned slice = kSlicesPerSuperslab; slice-- != 0;) {
            const SliceMask bit = SliceMask{1} << slice;
            if ((rest & bit) == 0 && highest != 0) break;
            if ((rest & bit) != 0 && std::popcount(highest) < static_cast<int>(most)) highest |= bit;
        }
        return highest;
    }

  private:
    std::vector<Superslab>::iterator find_superslab(std::size_t number) {
        return std::lower_bound(all.begin(), all.end(), number,
                                [](const Superslab& s, std::size_t n) { return s.number < n; });
    }
    static bool is_of(const Superslab& s, ashlar::os::Node node) {
        return node == kAnyNode || s.node == node;
    }
    std::size_t free_from(std::vector<Superslab>::const_iterator s, ashlar::os::Node node) const {
        std::size_t slices = 0;
        for (std::size_t number = s->number; s != all.end() && s->number == number && is_of(*s, node);
             ++s, ++number) {
            slices += static_cast<std::size_t>(std::countr_one(s->free));
            if (s->free != kAllSlices) break;
        }
        return slices;
    }
};

// Superslabs on both sides of the borders between groups, between 64 groups, and between 64 * 64 groups.
struct Stretch {
    std::size_t begin;
    std::size_t end;
};
constexpr Stretch kAllStretches[] = {{10, 210}, {4000, 4250}, {262'100, 262'250}};
// The thread sanitizer's own mappings leave no room for a window of 1 TiB.
constexpr std::span<const Stretch> kStretches =
    std::span(kAllStretches).first(unit::kThreadSanitizer ? 2 : std::span(kAllStretches).size());
constexpr std::size_t kWindowOfStretches = std::size_t{1} << (unit::kThreadSanitizer ? 34 : 40);

class MapAndModel {
  public:
    MapAndModel() {
        REQUIRE(window.open(kWindowOfStretches));
        REQUIRE(window.superslab_states.grow_to(SliceMap::bytes_for(kStretches.back().end)));
        for (const Stretch& stretch : kStretches) {
            map_.step_over(stretch.begin);
            for (std::size_t s = stretch.begin; s < stretch.end; ++s)
                model_.all.push_back({.number = s, .node = 0});
            open(stretch.begin, stretch.end - stretch.begin, 0);
        }
    }
    unsigned seed() const { return random_.seed(); }

    void open(std::size_t begin, std::size_t count, ashlar::os::Node node) {
        map_.open(begin, begin + count, node);
        for (std::size_t s = begin; s < begin + count; ++s)
            model_.at(s) = {.number = s, .node = node, .huge = map_.is_huge(s)};
    }
    void take_and_compare() {
        const bool aligned = random_.chance(20);
        const std::size_t most = random_.chance(70) ? 8 : random_.chance(70) ? 32 : 200 * kSlicesPerSuperslab;
        const std::size_t slices = aligned ? std::size_t{1} << random_.below(3) : random_.between(1, most);
        const Fit fit = aligned ? Fit::kAligned : Fit::kAnywhere;
        const auto node = random_.chance(50) ? kAnyNode : random_node();
        const Slice found = map_.find(slices, fit, node);
        if (found != model_.find(slices, fit, node))
            FAIL("found " << found << " for " << slices << " slices, not " << model_.find(slices, fit, node));
        if (found != 0 && random_.chance(70)) take(found, slices);
    }
    void take(Slice first, std::size_t slices) {
        map_.take(first, slices);
        for_each_page(first, slices, [](Model::Superslab& s, SliceMask slice) {
            s.free &= ~slice;
            s.dirty &= ~slice;
            s.aged &= ~slice;
        });
    }
    // Gives back slices in use from a random place on.
    void give() {
        const Model::Superslab& s = random_superslab();
        const Slice first = first_slice_of(s.number) + static_cast<Slice>(random_.below(kSlicesPerSuperslab));
        const std::size_t most = random_.chance(90) ? 16 : std::size_t{100} * kSlicesPerSuperslab;
        std::size_t slices = 0;
        while (slices < most && is_in_use(first + static_cast<Slice>(slices)))
            ++slices;
        if (slices == 0) return;
        const bool dirty = random_.chance(60);
        map_.give(first, slices, dirty);
        for_each_page(first, slices, [dirty](Model::Superslab& of, SliceMask slice) {
            of.free |= slice;
            if (dirty) of.dirty |= slice;
        });
    }
    void purge_and_compare() {
        const auto which = static_cast<Which>(random_.below(3));
        const Slice below = random_.chance(50) ? ~Slice{0}
                                               : first_slice_of(random_superslab().number) +
                                                     static_cast<Slice>(random_.below(kSlicesPerSuperslab));
        const auto most = static_cast<unsigned>(random_.between(1, kSlicesPerSuperslab));
        const SliceMap::Piece piece = map_.take_dirty(which, below, most);
        const auto chosen = [=](const Model::Superslab& s) { return Model::chosen(s, which, below, most); };
        const std::size_t expected =
            model_.highest(~std::size_t{0}, [&](const Model::Superslab& s) { return chosen(s) != 0; });
        if (piece.superslab != expected) FAIL("purged " << piece.superslab << ", not " << expected);
        if (expected == 0) return;
        Model::Superslab& s = model_.at(expected);
        if (piece.slices != chosen(s)) FAIL("purged other slices of " << expected);
        const SliceMask refused = random_.chance(20) ? piece.slices & random_mask() : 0;
        map_.put_back(piece, refused);
        s.dirty = (s.dirty & ~piece.slices) | refused;
        s.aged &= ~piece.slices;
    }
    void withdraw_and_compare() {
        const std::size_t below = random_.chance(50) ? ~std::size_t{0} : random_superslab().number;
        const SliceMap::Piece piece = map_.take_superslab(below);
        const std::size_t expected =
            model_.highest(below, [](const Model::Superslab& s) { return s.free == kAllSlices; });
        if (piece.superslab != expected) FAIL("withdrew " << piece.superslab << ", not " << expected);
        if (expected == 0) return;
        Model::Superslab& s = model_.at(expected);
        s.aged = 0;
        if (random_.chance(30)) {
            map_.give_back(piece);
            return;
        }
        map_.set_aside(piece);
        s.free = 0;
        s.dirty = 0;
        s.aside = true;
    }
    void reclaim_and_compare() {
        const std::size_t count = random_.between(1, 3);
        const std::size_t found = map_.reclaim(count);
        if (found != model_.reclaim(count))
            FAIL("reclaimed " << count << " from " << found << ", not " << model_.reclaim(count));
        if (found != 0) open(found, count, random_node());
    }
    // No slice is displaced here, so the source of a move depends on the dirty slices only.
    void move_and_compare() {
        const Slice first = map_.find(random_.between(8, 40), Fit::kAnywhere, kAnyNode);
        if (first == 0) return;
        const std::size_t to = first / kSlicesPerSuperslab;
        const SliceMask clean = run_mask(first % kSlicesPerSuperslab, 8) & ~model_.at(to).dirty;
        SliceMap::Move move{};
        const unsigned planned = map_.plan_moves(first, 8, 0, &move, 1);
        std::size_t expected = 0;
        for (const unsigned least : {8U, 4U}) {
            if (expected != 0 || run_starts(clean, least) == 0) continue;
            expected = model_.highest(~std::size_t{0}, [&](const Model::Superslab& s) {
                const SliceMask own = s.number == to ? run_mask(first % kSlicesPerSuperslab, 8) : 0;
                return s.node == map_.node_of(to) && run_starts(s.dirty & ~own, least) != 0;
            });
        }
        const std::size_t from = planned == 0 ? 0 : move.from / kSlicesPerSuperslab;
        if (from != expected) FAIL("moved from " << from << ", not " << expected);
        if (planned == 0) return;
        map_.put_back(move, false, false);
        model_.at(from).aged &= ~run_mask(move.from % kSlicesPerSuperslab, move.slices);
    }
    void age() {
        map_.age();
        for (Model::Superslab& s : model_.all)
            s.aged = s.dirty;
    }
    void set_huge() {
        Model::Superslab& s = random_superslab();
        s.huge = random_.chance(30);
        map_.set_huge(s.number, s.number + 1, s.huge);
    }
    void step(unsigned gives) {
        if (random_.chance(gives))
            give();
        else
            take_and_compare();
        if (random_.chance(20)) purge_and_compare();
        if (random_.chance(10)) move_and_compare();
        if (random_.chance(5)) withdraw_and_compare();
        if (random_.chance(10)) reclaim_and_compare();
        if (random_.chance(2)) set_huge();
        if (random_.chance(1)) age();
        const auto node = random_.chance(50) ? kAnyNode : random_node();
        if (map_.free_superslabs_at_end(node) != model_.free_at_end(node)) FAIL("free superslabs at the end");
    }

  private:
    ashlar::os::Node random_node() { return static_cast<ashlar::os::Node>(random_.below(3)); }
    SliceMask random_mask() { return static_cast<SliceMask>(random_.below(std::size_t{1} << 32)); }
    Model::Superslab& random_superslab() { return model_.all[random_.below(model_.all.size())]; }
    bool is_in_use(Slice slice) {
        const std::size_t number = slice / kSlicesPerSuperslab;
        for (const Stretch& stretch : kStretches) {
            if (number < stretch.begin || number >= stretch.end) continue;
            const Model::Superslab& s = model_.at(number);
            return !s.aside && (s.free >> (slice % kSlicesPerSuperslab) & 1) == 0;
        }
        return false;
    }
    template <typename Visit>
    void for_each_page(Slice first, std::size_t slices, Visit visit) {
        for (Slice slice = first; slice < first + slices; ++slice)
            visit(model_.at(slice / kSlicesPerSuperslab), run_mask(slice % kSlicesPerSuperslab, 1));
    }

    SliceMap map_;
    Model model_;
    unit::Random random_;
};

UNIT_TEST_CASE_IN_CHILD("slice map: on all levels it agrees with a model", unit::kNoHeap) {
    MapAndModel both;
    CAPTURE(both.seed());
    for (unsigned i = 0; i < 20'000; ++i)
        both.step(i / 2000 % 2 == 0 ? 30 : 65); // fills and empties in turns
}

// 6000 superslabs. Access to the states of groups 2 to 62 ends the process.
constexpr std::size_t kManyEnd = 6000;

void forbid_middle(int protection) {
    const std::size_t slice = ashlar::os::page_size();
    const std::uintptr_t start = window.superslab_states.start();
    const std::uintptr_t begin = (start + SliceMap::bytes_for(64) + slice - 1) / slice * slice;
    const std::uintptr_t end = (start + SliceMap::bytes_for(std::size_t{61} * 64)) / slice * slice;
    REQUIRE(::mprotect(reinterpret_cast<void*>(begin), end - begin, protection) == 0);
}

UNIT_TEST_CASE_IN_CHILD("slice map: runs longer than can be told are found", unit::kNoHeap) {
    constexpr std::size_t kPages = std::size_t{5000} * kSlicesPerSuperslab;
    SliceMap map;
    REQUIRE(window.open(std::size_t{1} << 34));
    REQUIRE(window.superslab_states.grow_to(SliceMap::bytes_for(kManyEnd)));
    map.open(kFirst, kManyEnd, 0);
    const Slice first = first_slice_of(kFirst);
    REQUIRE(map.find(kPages, Fit::kAnywhere, kAnyNode) == first);
    map.take(first, kPages);
    REQUIRE(map.find(kPages, Fit::kAnywhere, kAnyNode) == 0);
    map.give(first, kPages, false);
    REQUIRE(map.find(kPages, Fit::kAnywhere, kAnyNode) == first);
    map.take(first, kPages);
    map.give(first, kPages / 2, false);
    map.give(first + static_cast<Slice>(kPages / 2), kPages / 2, false);
    REQUIRE(map.find(kPages, Fit::kAnywhere, kAnyNode) == first);
}

UNIT_TEST_CASE_IN_CHILD("slice map: superslabs that nearly have room are not visited", unit::kNoHeap) {
    SliceMap map;
    REQUIRE(window.open(std::size_t{1} << 34));
    REQUIRE(window.superslab_states.grow_to(SliceMap::bytes_for(kManyEnd)));
    map.open(kFirst, kManyEnd, 0);
    for (std::size_t s = kFirst; s < kManyEnd; ++s) {
        if (s % 4 != 0) map.take(first_slice_of(s) + 4, 28); // at most 36 slices in a row
    }
    const Slice last = first_slice_of(kManyEnd - 1);
    map.give(last + 4, 8, true);
    REQUIRE(map.find(37, Fit::kAnywhere, kAnyNode) == 0); // visits are still allowed
    forbid_middle(PROT_NONE);
    REQUIRE(map.find(37, Fit::kAnywhere, kAnyNode) == 0);
    forbid_middle(PROT_READ | PROT_WRITE);
    for (std::size_t s = kFirst; s < kManyEnd; ++s) {
        if (s % 4 == 0) map.take(first_slice_of(s) + 4, 28);
    }
    REQUIRE(map.find(5, Fit::kAnywhere, kAnyNode) == last);
    forbid_middle(PROT_NONE);
    REQUIRE(map.find(5, Fit::kAnywhere, kAnyNode) == last);
    REQUIRE(map.find(13, Fit::kAnywhere, kAnyNode) == 0);
    REQUIRE(map.find(33, Fit::kAnywhere, kAnyNode) == 0);
    map.give(first_slice_of(kFirst) + 10, 2, true);
    REQUIRE(map.take_dirty(Which::kExcess, first_slice_of(kManyEnd - 1), kSlicesPerSuperslab).superslab ==
            kFirst);
    REQUIRE(map.take_superslab(kManyEnd).superslab == 0);
    REQUIRE(map.reclaim(1) == 0);
    SliceMap::Move moves[4];
    REQUIRE(map.plan_moves(first_slice_of(kFirst + 1), 4, 0, moves, 4) == 1); // four of the eight
    REQUIRE(map.plan_moves(first_slice_of(kFirst + 1), 4, 0, moves, 4) == 1); // the other four
    REQUIRE(map.plan_moves(first_slice_of(kFirst + 1), 4, 0, moves, 4) == 0);
}

} // namespace
