// SPDX-License-Identifier: MIT
// The difference between a comparison and an earlier one, for people.
#pragma once

#include "compare/baseline.h"
#include "report/text_table.h"

#include <string>

namespace ashlar::report {

std::string baseline_text(const compare::Drifts& drifts, double allowed, const TextSettings& settings);

} // namespace ashlar::report
