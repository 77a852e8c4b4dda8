// SPDX-License-Identifier: MIT
// How much memory a program may use, and whether it did.
#pragma once

#include "profile/summary.h"

#include <optional>
#include <vector>

namespace ashlar::profile {

// In bytes, but for allocations and leaks: these are in blocks. What is not set has no limit.
struct Budget {
    std::optional<std::uint64_t> peak{};
    std::optional<std::uint64_t> live{}; // at the end
    std::optional<std::uint64_t> allocations{};
    std::optional<std::uint64_t> leaks{}; // live at the end, and not suppressed
};

enum class Outcome { kKept, kOutgrown, kUnknown };

// One limit and what it limits.
struct BudgetItem {
    const char* name; // "peak"
    View view;
    bool in_blocks;
    std::uint64_t limit;
    std::uint64_t used;

    Outcome outcome;
};

// Those that are set, of one process at a rate of 1. If not all of it was recorded, only what was outgrown
// until then is known. What was allocated, or live at once, can be more but not less.
std::vector<BudgetItem> check(const Summary& summary, const Budget& budget, bool was_cut_short = false);

} // namespace ashlar::profile
