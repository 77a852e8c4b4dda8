// SPDX-License-Identifier: MIT
#include "../support/random.h"
#include "layout/slice_run.h"

#include <catch2/catch.hpp>
#include <cstdint>

namespace {

using namespace ashlar::layout; // NOLINT(google-build-using-namespace): the layer under test

constexpr unsigned kPages = 32;

bool is_free(SliceMask free, unsigned slice) {
    return (free >> slice & 1) != 0;
}

// Finds the starts slice by slice.
SliceMask starts_by_looking(SliceMask free, unsigned slices, unsigned step) {
    SliceMask starts = 0;
    for (unsigned first = 0; first + slices <= kPages; first += step) {
        bool all = true;
        for (unsigned slice = first; slice < first + slices; ++slice)
            all = all && is_free(free, slice);
        if (all) starts |= SliceMask{1} << first;
    }
    return starts;
}

void compare(SliceMask free) {
    for (unsigned slices = 1; slices <= kPages; ++slices) {
        if (run_starts(free, slices) != starts_by_looking(free, slices, 1)) {
            FAIL("free slices " << free << ", runs of " << slices << ": " << run_starts(free, slices));
        }
    }
    unsigned longest = 0;
    while (longest < kPages && starts_by_looking(free, longest + 1, 1) != 0)
        ++longest;
    if (longest_run(free) != longest) FAIL("free slices " << free << ", longest run " << longest_run(free));
    for (const unsigned slices : {1U, 2U, 4U}) {
        if (aligned_run_starts(free, slices) != starts_by_looking(free, slices, slices)) {
            FAIL("free slices " << free << ", aligned runs of " << slices);
        }
    }
}

TEST_CASE("slice run: the starts of free runs in every mask of 16 slices, at both ends") {
    for (SliceMask low = 0; low <= 0xffff; low += 3) {
        compare(low);
        compare(low << 16);
        compare(~low);
        compare(low << 8 | 0xf000'000f);
    }
    SUCCEED();
}

TEST_CASE("slice run: the starts of free runs in random masks") {
    unit::Random random;
    CAPTURE(random.seed());
    for (unsigned i = 0; i < 20'000; ++i) {
        const auto mask = static_cast<SliceMask>(random.below(std::size_t{1} << 32));
        compare(mask);
        compare(mask | static_cast<SliceMask>(random.below(std::size_t{1} << 32)));
    }
    SUCCEED();
}

TEST_CASE("slice run: the mask of a run has its slices and no other") {
    for (unsigned slices = 1; slices <= kPages; ++slices) {
        for (unsigned first = 0; first + slices <= kPages; ++first) {
            const SliceMask mask = run_mask(first, slices);
            for (unsigned slice = 0; slice < kPages; ++slice) {
                if (is_free(mask, slice) != (slice >= first && slice < first + slices)) {
                    FAIL("slice " << slice << " of the run of " << slices << " at " << first);
                }
            }
        }
    }
    SUCCEED();
}

} // namespace
