// SPDX-License-Identifier: MIT
// Times and peak memory of each command under each allocator, in hyperfine's quantities.
#pragma once

#include "compare/result.h"

#include <cstdint>
#include <optional>
#include <vector>

namespace ashlar::report {

struct SummaryLine {
    std::size_t configuration = 0;
    std::size_t contender = 0;
    std::vector<double> times{}; // wall seconds of each run that counts; for System, of both contenders
    std::vector<std::uint64_t> peak_rss{}; // bytes, of the same runs
    double user = 0;                       // mean seconds
    double system = 0;
    std::optional<compare::Ratio> wall_to_system{}; // none for System itself
    std::optional<compare::Ratio> rss_to_system{};

    double mean() const;
    std::optional<double> deviation() const; // standard deviation; none for one run
    double median_rss() const;
};

// Returns lines for all pairs with at least one run that counts.
std::vector<SummaryLine> summary(const compare::Experiment& experiment, const compare::Result& result);

} // namespace ashlar::report
