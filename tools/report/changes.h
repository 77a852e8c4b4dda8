// SPDX-License-Identifier: MIT
// Before and after: two results of the same settings, and what is different in the second. Compared are the
// ratios to the reference, not the figures themselves, for the machine may have been busier one day than the
// other. The rounds of one result have no partner in the other. A change counts if the interval of the ratio
// of the medians leaves 1 and the Mann-Whitney test agrees.
#pragma once

#include "report/findings.h"

namespace ashlar::report {

struct Change {
    std::string setting;
    std::size_t subject = 0; // in the result after
    Estimate before;         // ratios to the reference
    Estimate after;
    Estimate change; // after over before
    double p = 1;    // of Mann and Whitney, two-sided
    Standing standing = Standing::kUnknown;
};

struct ChangedSheet {
    const Sheet* sheet; // of the result after, which must outlive this
    std::vector<Change> changes;
};

struct Changes {
    std::vector<ChangedSheet> sheets;
    std::vector<std::string> conditions; // what else differs: one sentence each
    std::vector<std::string> unmatched;  // what only one of both has

    std::size_t count(Standing standing) const;
    std::size_t all() const;
};

// Settings, allocators and quantities are matched by name. Throws std::invalid_argument if nothing matches.
Changes compare_findings(const Findings& before, const Findings& after);

} // namespace ashlar::report
