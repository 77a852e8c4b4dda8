// SPDX-License-Identifier: MIT
//
// Maps of a test's own, whose states lie in the window of a child. What a map does with one node is seen by
// the tests of superslabs.
#include "../support/child.h"
#include "layout/page_map.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cstddef>

namespace {

using namespace ashlar::layout; // NOLINT(google-build-using-namespace): the layer under test

using Fit = PageMap::Fit;

constexpr std::size_t kFirst = 10; // superslab
constexpr std::size_t kEnd = 200;  // in the fourth group

// Superslabs [kFirst, kEnd) opened in turn for the nodes from 0 to nodes - 1, so many at a time.
void open_in_turn(PageMap& map, unsigned nodes, std::size_t step) {
    REQUIRE(window.open(std::size_t{1} << 30));
    REQUIRE(window.superslab_states.grow_to(PageMap::bytes_for(kEnd)));
    std::size_t turn = 0;
    for (std::size_t begin = kFirst; begin < kEnd; begin += step, ++turn)
        map.open(begin, std::min(begin + step, kEnd), static_cast<ashlar::os::Node>(turn % nodes));
}

UNIT_TEST_CASE_IN_CHILD("page map: a superslab is of the node that it was opened for", unit::kNoHeap) {
    PageMap map;
    open_in_turn(map, 8, 1);
    for (std::size_t s = kFirst; s < kEnd; ++s)
        REQUIRE(map.node_of(s) == (s - kFirst) % 8);
}

UNIT_TEST_CASE_IN_CHILD("page map: short runs are found on the node", unit::kNoHeap) {
    PageMap map;
    open_in_turn(map, 4, 3);
    for (const Fit fit : {Fit::kAnywhere, Fit::kAligned}) {
        REQUIRE(map.find(4, fit, kAnyNode) == first_page_of(kFirst));
        for (ashlar::os::Node node = 0; node < 4; ++node)
            REQUIRE(map.find(4, fit, node) == first_page_of(kFirst + 3 * node));
        REQUIRE(map.find(4, fit, 4) == 0);
    }
    // All of node 2, from group to group.
    std::size_t taken = 0;
    while (const Page first = map.find(32, Fit::kAnywhere, 2)) {
        REQUIRE((first / kPagesPerSuperslab - kFirst) / 3 % 4 == 2);
        map.take(first, 32);
        ++taken;
    }
    REQUIRE(taken == 48);
    REQUIRE(map.find(1, Fit::kAligned, 2) == 0);
    REQUIRE(map.find(1, Fit::kAligned, 3) == first_page_of(kFirst + 9));
    map.give(first_page_of(kFirst + 20), 5, true);
    REQUIRE(map.find(5, Fit::kAnywhere, 2) == first_page_of(kFirst + 20));
    REQUIRE(map.find(6, Fit::kAnywhere, 2) == 0);
}

UNIT_TEST_CASE_IN_CHILD("page map: long runs are of one node unless any will do", unit::kNoHeap) {
    PageMap map;
    open_in_turn(map, 2, 3);
    const std::size_t three = 3 * kPagesPerSuperslab;
    REQUIRE(map.find(three, Fit::kAnywhere, 0) == first_page_of(kFirst));
    REQUIRE(map.find(three, Fit::kAnywhere, 1) == first_page_of(kFirst + 3));
    REQUIRE(map.find(three + 1, Fit::kAnywhere, 0) == 0); // its last page would be of the other
    REQUIRE(map.find(three + 1, Fit::kAnywhere, kAnyNode) == first_page_of(kFirst));
    map.take(first_page_of(kFirst + 4), 1);
    REQUIRE(map.find(three, Fit::kAnywhere, 1) == first_page_of(kFirst + 9));
    REQUIRE(map.find(kPagesPerSuperslab + 1, Fit::kAnywhere, 1) == first_page_of(kFirst + 9));
    REQUIRE(map.find(three + 1, Fit::kAnywhere, kAnyNode) == first_page_of(kFirst));
    REQUIRE(map.find(three * 2, Fit::kAnywhere, kAnyNode) == first_page_of(kFirst + 5));
}

UNIT_TEST_CASE_IN_CHILD("page map: counts the free superslabs of a node at the end", unit::kNoHeap) {
    PageMap map;
    open_in_turn(map, 2, 100); // node 1 has the last 90
    REQUIRE(map.free_superslabs_at_end(0) == 0);
    REQUIRE(map.free_superslabs_at_end(1) == 90);
    REQUIRE(map.free_superslabs_at_end(kAnyNode) == 190);
    map.take(first_page_of(kEnd - 5), 1);
    REQUIRE(map.free_superslabs_at_end(1) == 4);
    REQUIRE(map.free_superslabs_at_end(kAnyNode) == 4);
}

UNIT_TEST_CASE_IN_CHILD("page map: memory is moved within a node only", unit::kNoHeap) {
    PageMap map;
    open_in_turn(map, 2, 1);
    const Page on_first = first_page_of(kFirst);
    const Page on_second = first_page_of(kFirst + 1);
    map.take(on_first, 32);
    map.give(on_first, 32, true);
    PageMap::Move moves[4];
    REQUIRE(map.plan_moves(on_second, 32, 0, moves, 4) == 0);
    REQUIRE(map.plan_moves(on_first + 64, 32, 0, moves, 4) == 1);
    REQUIRE(moves[0].from == on_first);
    REQUIRE(moves[0].to == on_first + 64);
    REQUIRE(moves[0].pages == 32);
}

UNIT_TEST_CASE_IN_CHILD("page map: a move ends where a mapping does", unit::kNoHeap) {
    PageMap map;
    open_in_turn(map, 1, 1);
    const Page source = first_page_of(kFirst);
    const Page target = first_page_of(kFirst + 1);
    map.take(source, 32);
    map.set_displaced(source, 12, true);
    map.set_displaced(source + 12, 9, true); // beside it, but another mapping
    map.give(source, 32, true);
    PageMap::Move moves[8];
    REQUIRE(map.plan_moves(target, 32, 0, moves, 8) == 3);
    REQUIRE((moves[0].from == source && moves[0].pages == 12));
    REQUIRE((moves[1].from == source + 12 && moves[1].pages == 9));
    REQUIRE((moves[2].from == source + 21 && moves[2].pages == 11));
    REQUIRE((moves[0].to == target && moves[1].to == target + 12 && moves[2].to == target + 21));
}

UNIT_TEST_CASE_IN_CHILD("page map: what the kernel calls several mappings is not moved again",
                        unit::kNoHeap) {
    PageMap map;
    open_in_turn(map, 1, 1);
    const Page source = first_page_of(kFirst);
    const Page target = first_page_of(kFirst + 1);
    map.take(source, 32);
    map.give(source, 32, true);
    PageMap::Move moves[8];
    REQUIRE(map.plan_moves(target, 32, 0, moves, 8) == 1);
    map.put_back(moves[0], false, false);
    map.set_split(source, 32);
    REQUIRE(map.plan_moves(target, 32, 0, moves, 8) == 0);
    const PageMap::Piece piece =
        map.take_dirty(PageMap::Which::kAll, first_page_of(kEnd), kPagesPerSuperslab);
    REQUIRE(piece.displaced == kAllPages);
    map.put_back(piece, 0); // renewed
    REQUIRE(map.none_displaced());
}

} // namespace
