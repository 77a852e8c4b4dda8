// SPDX-License-Identifier: MIT
// Finds the installed allocators.
#pragma once

#include "allocators/allocator.h"

namespace ashlar::allocators {

// The requested allocators that were found, in the order requested, and one sentence for each missing one.
struct Selection {
    std::vector<Allocator> found; // System is always the first
    std::vector<std::string> missing;
};

enum class Breadth {
    kUsual,      // those in published results
    kEverything, // all known allocators
};

// Selects the allocators that are compared by default. Those that are not installed go to `missing`.
Selection select_installed(Breadth breadth, bool with_ashlar = true);

// Selects allocators by name. Each name is known (see known_names) or "name=/path/to/library.so". Throws
// std::invalid_argument, with a sentence that says what to do, for an allocator that is not available.
Selection select(const std::vector<std::string>& names);

// The libraries of Ashlar: libashlar.so, the edition that reports misuse, and the lock profiler, which is no
// allocator. Each is found in this program's build tree or in its installation.
enum class Edition { kDefault, kHardened, kLocks };
std::optional<std::string> find_ashlar(Edition edition = Edition::kDefault);
std::string how_to_get_ashlar(Edition edition = Edition::kDefault);

// Returns "system, jemalloc, ...".
std::string known_names();

} // namespace ashlar::allocators
