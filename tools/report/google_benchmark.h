// SPDX-License-Identifier: MIT
// Reads Google Benchmark's output (--benchmark_out_format=json), a file per allocator. Repetitions of two
// files are not paired, so ratios are of medians.
#pragma once

#include "report/findings.h"

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

namespace ashlar::report {

struct NamedResult {
    std::string name; // the allocator's; empty: "allocator" of the file's context, else the file's name
    std::string path;
    const nlohmann::ordered_json* json;
};

bool is_google_benchmark(const nlohmann::ordered_json& json);

// The first result is the reference, unless one is called System. Throws std::invalid_argument with a
// sentence if a result has another format.
Findings google_benchmark_findings(const std::vector<NamedResult>& results);

} // namespace ashlar::report
