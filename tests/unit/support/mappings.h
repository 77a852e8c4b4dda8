// SPDX-License-Identifier: MIT
//
// Counts the mappings of this process.
#pragma once

#include <algorithm>
#include <cstddef>
#include <fstream>
#include <iterator>

namespace unit {

inline std::size_t count_mappings() {
    std::ifstream maps("/proc/self/maps");
    return static_cast<std::size_t>(std::count(std::istreambuf_iterator<char>(maps), {}, '\n'));
}

} // namespace unit
