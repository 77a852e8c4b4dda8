// SPDX-License-Identifier: MIT
//
// Runs of 64 KiB pages inside one superslab, as arithmetic on a 32-bit mask (1 = free).
//
// A run of n pages, n a power of two, starts at a multiple of n: the first page of a slab then follows from
// any page of it without a look-up.
#pragma once

#include <bit>
#include <cstdint>

namespace ashlar::layout {

using PageMask = std::uint32_t;

inline constexpr unsigned kRunOrders = 3; // runs of 1, 2 and 4 pages

// A bit for each page at which a free run of 1 << order pages starts.
constexpr PageMask run_starts(PageMask free, unsigned order) {
    constexpr PageMask kAligned[kRunOrders] = {0xffffffff, 0x55555555, 0x11111111};
    for (unsigned i = 0; i < order; ++i)
        free &= free >> (1U << i);
    return free & kAligned[order];
}

constexpr PageMask run_mask(unsigned first, unsigned pages) {
    return (pages == 32 ? ~PageMask{0} : (PageMask{1} << pages) - 1) << first;
}

static_assert(run_starts(0b0000'0110, 1) == 0, "pages 1 and 2 are free, but no aligned pair");
static_assert(run_starts(0b1111'1110, 2) == 0b0001'0000);

} // namespace ashlar::layout
