// SPDX-License-Identifier: MIT
// The result of checking programs against budgets: for people, for programs, and as JUnit's XML for CI
// servers.
#pragma once

#include "measure/unrecorded.h"
#include "profile/budget.h"
#include "report/text_table.h"

#include <iosfwd>
#include <string>
#include <vector>

namespace ashlar::report::profile {

// The result of one process.
struct BudgetResult {
    const ashlar::profile::Summary* summary;
    std::vector<ashlar::profile::BudgetItem> items;

    ashlar::profile::Outcome outcome() const; // kKept only if every item is
};

// Writes the results with the `top` largest sites of each outgrown limit. `unrecorded` processes have no
// result.
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
