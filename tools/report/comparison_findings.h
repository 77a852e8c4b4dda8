// SPDX-License-Identifier: MIT
// What a comparison found, as a report says it.
#pragma once

#include "report/comparison_json.h"
#include "report/findings.h"

namespace ashlar::report {

// `path` is where the comparison was read from: it stands in the samples.
Findings comparison_findings(const StoredComparison& stored, const std::string& path);

} // namespace ashlar::report
