// SPDX-License-Identifier: MIT
// Colour and shape of allocators in pictures. They depend on the name, so that every report uses the same.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace ashlar::report {

// Returns a slot for each name (see chart/svg.h), 0 for System. Known allocators have fixed slots. Others
// have a slot by the hash of their name, or the next free one.
std::vector<std::size_t> slots_of(const std::vector<std::string>& names);

} // namespace ashlar::report
