// SPDX-License-Identifier: MIT
// An allocator to compare: a name for people, and the library that is preloaded for it.
#pragma once

#include <optional>
#include <string>
#include <vector>

namespace ashlar::allocators {

struct Allocator {
    std::string name;
    std::string library; // real path; empty for System, the C library's own

    bool is_system() const { return library.empty(); }
};

inline constexpr const char* kSystem = "System";

} // namespace ashlar::allocators
