// SPDX-License-Identifier: MIT
// Compares two results of the same settings, before and after. Compares ratios to the reference, not the
// figures, because the machine may have been busier on one day. Rounds of the two results are not paired. A
// change counts if the interval of the ratio of the medians excludes 1 and the Mann-Whitney test agrees.
#pragma once

#include "report/findings.h"

namespace ashlar::report {

struct Change {
    std::string setting;
    std::size_t subject = 0; // in the result after
    Estimate before;         // ratios to the reference
    Estimate after;
    Estimate change; // ratio after / before
    double p = 1;    // of the two-sided Mann-Whitney test
    Standing standing = Standing::kUnknown;
};

struct ChangedSheet {
    const Sheet* sheet; // of the result after, which must outlive this
    std::vector<Change> changes;
};

struct Changes {
    std::vector<ChangedSheet> sheets;
    std::vector<std::string> conditions; // other differences, a sentence each
    std::vector<std::string> unmatched;  // parts that only one of the results has

    std::size_t count(Standing standing) const;
    std::size_t all() const;
};

// Matches settings, allocators and quantities by name. Throws std::invalid_argument if nothing matches.
Changes compare_findings(const Findings& before, const Findings& after);

} // namespace ashlar::report
