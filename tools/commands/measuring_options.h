// SPDX-License-Identifier: MIT
// The common options of `bench languages` and `bench programs`.
#pragma once

#include "commands/allocator_choice.h"
#include "commands/session.h"

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
    bool verbose = false;

    int rounds_to_run() const;
    ResultFiles output() const { return {.json = json.empty() ? resume : json, .verbose = verbose}; }
};

void add_measuring_options(CLI::App& command, MeasuringOptions& options);

// Returns the allocators to compare. Reports missing ones on the standard error, in the name of `who`.
std::vector<allocators::Allocator> choose_allocators(const MeasuringOptions& options, const std::string& who);

} // namespace ashlar::commands
