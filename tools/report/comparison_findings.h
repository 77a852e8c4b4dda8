// SPDX-License-Identifier: MIT
// Converts a comparison to the findings of a report.
#pragma once

#include "report/comparison_json.h"
#include "report/findings.h"

namespace ashlar::report {

// `path` is the comparison's file, which the samples name.
Findings comparison_findings(const StoredComparison& stored, const std::string& path);

} // namespace ashlar::report
