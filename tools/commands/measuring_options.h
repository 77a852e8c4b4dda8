// SPDX-License-Identifier: MIT
// The options that `bench languages` and `bench programs` have in common.
#pragma once

#include "commands/allocator_choice.h"

#include <optional>
#include <string>
#include <vector>

namespace CLI { // NOLINT(readability-identifier-naming): the library's
class App;
}

namespace ashlar::commands {

struct MeasuringOptions {
    AllocatorChoice allocators;
    bool quick = false;
    std::optional<int> rounds;
    std::optional<double> timeout;
    std::string json;
    std::string resume;

    int rounds_to_run() const;
    // The file that the result goes to.
    const std::string& result_file() const { return json.empty() ? resume : json; }
};

void add_measuring_options(CLI::App& command, MeasuringOptions& options);

// With --quick System and Ashlar. Those that are not installed are named on the standard error by `who`.
std::vector<allocators::Allocator> choose_allocators(const MeasuringOptions& options, const std::string& who);

} // namespace ashlar::commands
