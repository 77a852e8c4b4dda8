// SPDX-License-Identifier: MIT
// An allocator to compare: a name to print, the library to preload, and settings.
#pragma once

#include <optional>
#include <string>
#include <vector>

namespace ashlar::allocators {

struct Allocator {
    std::string name;
    std::string library;                    // real path; empty for the C library's own
    std::vector<std::string> environment{}; // "NAME=value"
    std::string companion{};                // a second preloaded library, such as a profiler; or empty

    bool is_system() const { return library.empty() && environment.empty() && companion.empty(); }
    bool is_preloaded() const { return !library.empty(); }
};

inline constexpr const char* kSystem = "System";

} // namespace ashlar::allocators
