// SPDX-License-Identifier: MIT
//
// Limits for the fast paths of the hardened library: sizes of requests, and offsets of released blocks in
// their slice. The fast paths compare with both anyway. So a limit of 0 sends every call to the slow paths at
// no cost.
#pragma once

#include "guard/hardened_blocks.h"
#include "layout/size_class.h"

#include <array>
#include <cstddef>
#include <cstdint>

namespace ashlar::guard {

struct FastLimits {
    std::size_t sizes = 0;
    std::array<std::uint32_t, layout::kClasses> offsets{}; // of a block in its slice, by class

    static constexpr FastLimits all() {
        FastLimits limits{.sizes = kMostInClass + 1};
        // A block at a greater offset would not fit into the slice.
        for (unsigned c = 1; c < layout::kClasses; ++c) {
            const std::size_t last =
                layout::kSliceSize - layout::class_size(static_cast<layout::SizeClass>(c));
            limits.offsets[c] = static_cast<std::uint32_t>(last + 1);
        }
        return limits;
    }
    static constexpr FastLimits none() { return {}; }
};

[[gnu::visibility("hidden")]] extern constinit FastLimits fast_limits;

} // namespace ashlar::guard
