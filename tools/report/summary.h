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
    std::vector<double> times{};           // wall seconds of each run that counts; of System those of both
    std::vector<std::uint64_t> peak_rss{}; // bytes, likewise
    double user = 0;                       // seconds, means
    double system = 0;
    std::optional<compare::Ratio> wall_to_system{}; // nothing for System itself
    std::optional<compare::Ratio> rss_to_system{};

    double mean() const;
    std::optional<double> deviation() const; // standard deviation; nothing of one run
    double median_rss() const;
};

// Those of which a run counts.
std::vector<SummaryLine> summary(const compare::Experiment& experiment, const compare::Result& result);

} // namespace ashlar::report
