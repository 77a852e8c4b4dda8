// SPDX-License-Identifier: MIT
// Whether programs kept their budgets: for people, for programs, and for CI servers that read JUnit's XML.
#pragma once

#include "measure/unrecorded.h"
#include "profile/budget.h"
#include "report/text_table.h"

#include <iosfwd>
#include <string>
#include <vector>

namespace ashlar::report::profile {

// One process.
struct BudgetResult {
    const ashlar::profile::Summary* summary;
    std::vector<ashlar::profile::BudgetItem> items;

    ashlar::profile::Outcome outcome() const; // known to be kept only if all are
};

// With the `top` places of each limit that was not kept. Of processes that are `unrecorded` nothing is known.
std::string budget_text(const std::vector<BudgetResult>& results,
                        const std::vector<measure::Unrecorded>& unrecorded,
                        const ashlar::profile::Frames& frames, std::size_t top, const TextSettings& settings);
void write_budget_json(std::ostream& out, const std::vector<BudgetResult>& results,
                       const std::vector<measure::Unrecorded>& unrecorded,
                       const ashlar::profile::Frames& frames, std::size_t top);
void write_budget_junit(std::ostream& out, const std::vector<BudgetResult>& results,
                        const std::vector<measure::Unrecorded>& unrecorded,
                        const ashlar::profile::Frames& frames, std::size_t top);

} // namespace ashlar::report::profile
