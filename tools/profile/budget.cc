// SPDX-License-Identifier: MIT
#include "profile/budget.h"

#include <array>
#include <cmath>

namespace ashlar::profile {

namespace {

Outcome outcome(const Recording& recording, View view, bool is_more, bool was_cut_short) {
    if (recording.is_complete() && !was_cut_short) {
        return is_more ? Outcome::kOutgrown : Outcome::kKept;
    }
    // Only these two grow. Live bytes and leaks are too high where the release of a block is missing.
    const bool only_grows = view == View::kPeak || view == View::kAllocated;
    return is_more && only_grows && recording.damaged == 0 ? Outcome::kOutgrown : Outcome::kUnknown;
}

} // namespace

std::vector<BudgetItem> check(const Summary& summary, const Budget& budget, bool was_cut_short) {
    struct Limit {
        const char* name;
        View view;
        bool in_blocks;
        std::optional<std::uint64_t> most;
    };
    const std::array limits{
        Limit{.name = "peak", .view = View::kPeak, .in_blocks = false, .most = budget.peak},
        Limit{.name = "live", .view = View::kLive, .in_blocks = false, .most = budget.live},
        Limit{.name = "allocations", .view = View::kAllocated, .in_blocks = true, .most = budget.allocations},
        Limit{.name = "leaks", .view = View::kLeaks, .in_blocks = true, .most = budget.leaks}};
    std::vector<BudgetItem> items;
    for (const Limit& limit : limits) {
        if (limit.most) {
            const Amount& total = summary.at(limit.view).total;
            const auto used = static_cast<std::uint64_t>(
                std::llround(limit.in_blocks ? total.blocks.value : total.bytes.value));
            items.push_back(
                {.name = limit.name,
                 .view = limit.view,
                 .in_blocks = limit.in_blocks,
                 .limit = *limit.most,
                 .used = used,
                 .outcome = outcome(summary.recording, limit.view, used > *limit.most, was_cut_short)});
        }
    }
    return items;
}

} // namespace ashlar::profile
