// SPDX-License-Identifier: MIT
// The allocators that a sub-command compares with System: --allocators and --baseline-only.
#pragma once

#include "allocators/find.h"

#include <string>
#include <vector>

namespace CLI { // NOLINT(readability-identifier-naming): the library's
class App;
}

namespace ashlar::commands {

struct AllocatorChoice {
    std::vector<std::string> named;
    bool baseline_only = false;
};

// Adds the options. `otherwise` describes in words the allocators that are compared by default.
void add_allocator_options(CLI::App& command, AllocatorChoice& choice, const std::string& otherwise);

// Returns System and the named allocators, or all installed ones of this breadth. Reports missing ones on the
// standard error, in the name of `who`. Throws std::invalid_argument for contradictory options.
std::vector<allocators::Allocator> chosen(const AllocatorChoice& choice, allocators::Breadth breadth,
                                          const std::string& who);

// Returns for --quick System and the named allocators, or System and Ashlar.
std::vector<allocators::Allocator> chosen_for_quick(const AllocatorChoice& choice);

// Prints "ashlar bench languages: goes on without: ..." for each.
void tell_missing(const std::vector<std::string>& missing, const std::string& who);

} // namespace ashlar::commands
