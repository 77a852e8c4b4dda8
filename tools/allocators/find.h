// SPDX-License-Identifier: MIT
// Which allocators are there, and where.
#pragma once

#include "allocators/allocator.h"

namespace ashlar::allocators {

// What was asked for, as far as it exists, in that order, and one sentence for each that does not.
struct Selection {
    std::vector<Allocator> found; // System is always the first
    std::vector<std::string> missing;
};

enum class Breadth {
    kUsual,      // those that published results are about
    kEverything, // all that are known
};

// The allocators that are compared unless others are named; those that are not installed are only reported.
Selection select_installed(Breadth breadth, bool with_ashlar = true);

// Each name is a known one (see known_names), or "name=/path/to/library.so". Throws std::invalid_argument,
// with a sentence that says what to do, for one that cannot be had.
Selection select(const std::vector<std::string>& names);

// libashlar.so, the edition of it that reports misuse, or the lock profiler, which is no allocator: of the
// tree that this program was built in, or installed.
enum class Edition { kDefault, kHardened, kLocks };
std::optional<std::string> find_ashlar(Edition edition = Edition::kDefault);
std::string how_to_get_ashlar(Edition edition = Edition::kDefault);

// "system, jemalloc, ..."
std::string known_names();

} // namespace ashlar::allocators
