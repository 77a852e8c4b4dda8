// SPDX-License-Identifier: MIT
// Reads what Google Benchmark writes with --benchmark_out_format=json: one file an allocator. Its repetitions
// are not paired with those of another file, so ratios are those of the medians.
#pragma once

#include "report/findings.h"

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

namespace ashlar::report {

struct NamedResult {
    std::string
        name; // the allocator's; empty: as the file's context has it ("allocator"), else the file's name
    std::string path;
    const nlohmann::ordered_json* json;
};

bool is_google_benchmark(const nlohmann::ordered_json& json);

// The first one is the reference, unless one is called System. Throws std::invalid_argument with a sentence
// for what is not as the format has it.
Findings google_benchmark_findings(const std::vector<NamedResult>& results);

} // namespace ashlar::report
