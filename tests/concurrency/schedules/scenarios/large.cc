// SPDX-License-Identifier: MIT
//
// Large blocks. Neighbours are freed, grown into and taken as one run. Two threads release or resize the same
// block; one of them must get a report. A full heap grows once, not once for each waiting thread.
#include "../scenarios.h"
#include "blocks.h"
#include "layout/superslab.h"

#include <ashlar/ashlar.h>

#include <array>

namespace schedules {

namespace {

using ashlar::layout::kSliceSize;
using ashlar::layout::kSuperslabSize;
using ashlar::layout::superslabs;

// ---- Runs

constexpr std::size_t kPair = 2 * kSliceSize;

std::array<void*, 4> in_a_row{};
void* grown = nullptr;
void* taken = nullptr;

void free_the_middle() {
    give(in_a_row[1], kPair, 1);
    give(in_a_row[2], kPair, 1);
}

void grow_the_first() {
    grown = ashlar_realloc(in_a_row[0], 2 * kPair);
    require(grown != nullptr, "no memory to grow");
    require_marked(grown, kPair, 1);
    mark(grown, 2 * kPair, 2);
}

void take_another() {
    taken = take(3 * kSliceSize, 3);
}

// ---- Misuse

void* shared = nullptr;
void* resized = nullptr;
std::array<bool, 2> reported{};

template <unsigned kNumber>
void free_shared() {
    reported[kNumber] = is_stopped_by_report([] { ashlar_free(shared); });
}

// Shrinks or grows the shared block in place.
void resize_shared() {
    reported[1] = is_stopped_by_report([] { resized = ashlar_realloc(shared, kSliceSize); });
    if (!reported[1]) reported[1] = is_stopped_by_report([] { resized = ashlar_realloc(shared, kPair); });
}

void prepare_shared() {
    ashlar_free(ashlar_malloc(1));
    shared = take(kPair, 1);
}

// ---- Growth

void* filling = nullptr;
std::array<void*, 2> halves{};

template <unsigned kNumber>
void take_half() {
    halves[kNumber] = take(kSuperslabSize / 2, kNumber);
}

} // namespace

Scenario large_runs() {
    return {.name = "large_runs",
            .prepare =
                [] {
                    ashlar_free(ashlar_malloc(1));
                    for (void*& block : in_a_row)
                        block = take(kPair, 1);
                },
            .actors = {free_the_middle, grow_the_first, take_another},
            .check =
                [] {
                    give(in_a_row[3], kPair, 1);
                    give(grown, 2 * kPair, 2);
                    give(taken, 3 * kSliceSize, 3);
                    require_empty_heap();
                },
            .preemptions = 1};
}

Scenario large_freed_twice() {
    return {.name = "large_freed_twice",
            .prepare = prepare_shared,
            .actors = {free_shared<0>, free_shared<1>},
            .check =
                [] {
                    require(reported[0] != reported[1], "one thread of two must be told, and only one");
                    require_empty_heap();
                },
            .preemptions = 2};
}

Scenario large_freed_and_resized() {
    return {.name = "large_freed_and_resized",
            .prepare = prepare_shared,
            .actors = {free_shared<0>, resize_shared},
            .check =
                [] {
                    require(!reported[0] || !reported[1], "both threads were told");
                    if (reported[0]) ashlar_free(resized);
                    require_empty_heap();
                },
            .preemptions = 2};
}

Scenario heap_grows() {
    return {.name = "heap_grows",
            .prepare =
                [] {
                    give(take(kSliceSize, 9), kSliceSize,
                         9); // makes a cache, and so the key of thread exit
                    filling = take(kSuperslabSize, 9);
                },
            .actors = {take_half<0>, take_half<1>},
            .check =
                [] {
                    require(superslabs.committed() == 2 * kSuperslabSize,
                            "the heap grew more often than it had to");
                    give(filling, kSuperslabSize, 9);
                    for (const unsigned number : {0U, 1U})
                        give(halves[number], kSuperslabSize / 2, number);
                    require(superslabs.slices_in_use() == 0,
                            "slices are in use though every block was given back");
                },
            .preemptions = 2};
}

} // namespace schedules
