// SPDX-License-Identifier: MIT
//
// Runs of 64 KiB pages inside one superslab, as arithmetic on a 32-bit mask (1 = free).
//
// A slab's run of n pages, n a power of two, starts at a multiple of n. Its first page then follows from any
// page of it without a look-up. Runs of large blocks start anywhere.
#pragma once

#include <bit>
#include <cstdint>

namespace ashlar::layout {

using PageMask = std::uint32_t;

inline constexpr unsigned kPagesPerSuperslab = 32;
inline constexpr PageMask kAllPages = ~PageMask{0};

// A bit for each page at which a run of `pages` (1 to 32) starts.
constexpr PageMask run_starts(PageMask free, unsigned pages) {
    // After each step bit i says that `covered` pages from i on are free.
    unsigned covered = 1;
    while (covered < pages && free != 0) {
        const unsigned step = covered < pages - covered ? covered : pages - covered;
        free &= free >> step;
        covered += step;
    }
    return free;
}

// The length of the longest free run.
constexpr unsigned longest_run(PageMask free) {
    unsigned longest = 0;
    for (; free != 0; free &= free >> 1)
        ++longest;
    return longest;
}

// The length of the free run that this page is part of.
constexpr unsigned run_around(PageMask free, unsigned page) {
    const int up_to_page = std::countl_one(free << (kPagesPerSuperslab - 1 - page));
    return static_cast<unsigned>(up_to_page + std::countr_one(free >> page) - 1);
}

// The starts of runs at multiples of `pages` (1, 2 or 4).
constexpr PageMask aligned_run_starts(PageMask free, unsigned pages) {
    const PageMask multiples = pages == 1 ? kAllPages : pages == 2 ? 0x55555555 : 0x11111111;
    return run_starts(free, pages) & multiples;
}

constexpr PageMask run_mask(unsigned first, unsigned pages) {
    return (pages == kPagesPerSuperslab ? kAllPages : (PageMask{1} << pages) - 1) << first;
}

static_assert(aligned_run_starts(0b0000'0110, 2) == 0, "pages 1 and 2 are free, but no aligned pair");
static_assert(aligned_run_starts(0b1111'1110, 4) == 0b0001'0000);
static_assert(run_starts(0b0111'0110, 3) == 0b0001'0000);
static_assert(run_around(0b0111'0110, 5) == 3 && run_around(kAllPages, 31) == 32);
static_assert(longest_run(0b0111'0110) == 3 && longest_run(0) == 0 && longest_run(kAllPages >> 1) == 31);
static_assert(run_starts(kAllPages, 32) == 1 && run_starts(kAllPages >> 1, 32) == 0);

} // namespace ashlar::layout
