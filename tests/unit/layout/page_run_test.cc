// SPDX-License-Identifier: MIT
#include "../support/random.h"
#include "layout/page_run.h"

#include <catch2/catch.hpp>
#include <cstdint>

namespace {

using namespace ashlar::layout; // NOLINT(google-build-using-namespace): the layer under test

constexpr unsigned kPages = 32;

bool is_free(PageMask free, unsigned page) {
    return (free >> page & 1) != 0;
}

// Page by page.
PageMask starts_by_looking(PageMask free, unsigned pages, unsigned step) {
    PageMask starts = 0;
    for (unsigned first = 0; first + pages <= kPages; first += step) {
        bool all = true;
        for (unsigned page = first; page < first + pages; ++page)
            all = all && is_free(free, page);
        if (all) starts |= PageMask{1} << first;
    }
    return starts;
}

void compare(PageMask free) {
    for (unsigned pages = 1; pages <= kPages; ++pages) {
        if (run_starts(free, pages) != starts_by_looking(free, pages, 1)) {
            FAIL("free pages " << free << ", runs of " << pages << ": " << run_starts(free, pages));
        }
    }
    unsigned longest = 0;
    while (longest < kPages && starts_by_looking(free, longest + 1, 1) != 0)
        ++longest;
    if (longest_run(free) != longest) FAIL("free pages " << free << ", longest run " << longest_run(free));
    for (const unsigned pages : {1U, 2U, 4U}) {
        if (aligned_run_starts(free, pages) != starts_by_looking(free, pages, pages)) {
            FAIL("free pages " << free << ", aligned runs of " << pages);
        }
    }
}

TEST_CASE("page run: the starts of free runs in every mask of 16 pages, at both ends") {
    for (PageMask low = 0; low <= 0xffff; low += 3) {
        compare(low);
        compare(low << 16);
        compare(~low);
        compare(low << 8 | 0xf000'000f);
    }
    SUCCEED();
}

TEST_CASE("page run: the starts of free runs in random masks") {
    unit::Random random;
    CAPTURE(random.seed());
    for (unsigned i = 0; i < 20'000; ++i) {
        const auto mask = static_cast<PageMask>(random.below(std::size_t{1} << 32));
        compare(mask);
        compare(mask | static_cast<PageMask>(random.below(std::size_t{1} << 32)));
    }
    SUCCEED();
}

TEST_CASE("page run: the mask of a run has its pages and no other") {
    for (unsigned pages = 1; pages <= kPages; ++pages) {
        for (unsigned first = 0; first + pages <= kPages; ++first) {
            const PageMask mask = run_mask(first, pages);
            for (unsigned page = 0; page < kPages; ++page) {
                if (is_free(mask, page) != (page >= first && page < first + pages)) {
                    FAIL("page " << page << " of the run of " << pages << " at " << first);
                }
            }
        }
    }
    SUCCEED();
}

} // namespace
