// SPDX-License-Identifier: MIT
// Limits on a program's memory, and the check against them.
#pragma once

#include "profile/summary.h"

#include <optional>
#include <vector>

namespace ashlar::profile {

// Limits in bytes; `allocations` and `leaks` are in blocks. An unset member sets no limit.
struct Budget {
    std::optional<std::uint64_t> peak{};
    std::optional<std::uint64_t> live{}; // at the end
    std::optional<std::uint64_t> allocations{};
    std::optional<std::uint64_t> leaks{}; // live at the end and not suppressed
};

enum class Outcome { kKept, kOutgrown, kUnknown };

// A limit and the figure that it limits.
struct BudgetItem {
    const char* name; // "peak"
    View view;
    bool in_blocks;
    std::uint64_t limit;
    std::uint64_t used;

    Outcome outcome;
};

// Returns an item for each limit that is set. The recording must be of one process at a rate of 1. An
// incomplete recording can only show that a peak or a sum of allocations was outgrown. All other results are
// kUnknown then, because these two figures only grow.
std::vector<BudgetItem> check(const Summary& summary, const Budget& budget, bool was_cut_short = false);

} // namespace ashlar::profile
