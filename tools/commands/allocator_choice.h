// SPDX-License-Identifier: MIT
// Which allocators a sub-command compares with System: --allocators and --baseline-only.
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

// `otherwise`: in words, those that are compared if none is named.
void add_allocator_options(CLI::App& command, AllocatorChoice& choice, const std::string& otherwise);

// System and those that were named, or all that are installed of this breadth. Those that are not installed
// are named on the standard error by `who`. Throws std::invalid_argument for options that contradict each
// other.
std::vector<allocators::Allocator> chosen(const AllocatorChoice& choice, allocators::Breadth breadth,
                                          const std::string& who);

// For --quick: System and those that were named, or Ashlar.
std::vector<allocators::Allocator> chosen_for_quick(const AllocatorChoice& choice);

// "bench languages: goes on without: ..." for each.
void tell_missing(const std::vector<std::string>& missing, const std::string& who);

} // namespace ashlar::commands
