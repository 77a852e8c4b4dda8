// SPDX-License-Identifier: MIT
//
// Runs of 64 KiB slices inside one superslab, as arithmetic on a 32-bit mask (1 = free).
//
// A slab's run of n slices, n a power of two, starts at a multiple of n. So any slice of the run gives its
// first slice without a look-up. Runs of large blocks start anywhere.
#pragma once

#include <bit>
#include <cstdint>

namespace ashlar::layout {

using SliceMask = std::uint32_t;

inline constexpr unsigned kSlicesPerSuperslab = 32;
inline constexpr SliceMask kAllSlices = ~SliceMask{0};

// Returns a bit for each slice at which a run of `slices` (1 to 32) starts.
constexpr SliceMask run_starts(SliceMask free, unsigned slices) {
    // After each step, bit i means that the `covered` slices from i on are free.
    unsigned covered = 1;
    while (covered < slices && free != 0) {
        const unsigned step = covered < slices - covered ? covered : slices - covered;
        free &= free >> step;
        covered += step;
    }
    return free;
}

// Returns the length of the longest free run.
constexpr unsigned longest_run(SliceMask free) {
    unsigned longest = 0;
    for (; free != 0; free &= free >> 1)
        ++longest;
    return longest;
}

// Returns the length of the free run that contains `slice`.
constexpr unsigned run_around(SliceMask free, unsigned slice) {
    const int up_to_slice = std::countl_one(free << (kSlicesPerSuperslab - 1 - slice));
    return static_cast<unsigned>(up_to_slice + std::countr_one(free >> slice) - 1);
}

// Returns the starts of runs at multiples of `slices` (1, 2 or 4).
constexpr SliceMask aligned_run_starts(SliceMask free, unsigned slices) {
    const SliceMask multiples = slices == 1 ? kAllSlices : slices == 2 ? 0x55555555 : 0x11111111;
    return run_starts(free, slices) & multiples;
}

constexpr SliceMask run_mask(unsigned first, unsigned slices) {
    return (slices == kSlicesPerSuperslab ? kAllSlices : (SliceMask{1} << slices) - 1) << first;
}

static_assert(aligned_run_starts(0b0000'0110, 2) == 0, "slices 1 and 2 are free, but no aligned pair");
static_assert(aligned_run_starts(0b1111'1110, 4) == 0b0001'0000);
static_assert(run_starts(0b0111'0110, 3) == 0b0001'0000);
static_assert(run_around(0b0111'0110, 5) == 3 && run_around(kAllSlices, 31) == 32);
static_assert(longest_run(0b0111'0110) == 3 && longest_run(0) == 0 && longest_run(kAllSlices >> 1) == 31);
static_assert(run_starts(kAllSlices, 32) == 1 && run_starts(kAllSlices >> 1, 32) == 0);

} // namespace ashlar::layout
