// SPDX-License-Identifier: MIT
// Colour and shape of allocators in pictures: by their names, so that they are the same in every report.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace ashlar::report {

// A slot for each name (see chart/svg.h), 0 for System. Known allocators have one each. Others have one by
// their letters, or the next that is free.
std::vector<std::size_t> slots_of(const std::vector<std::string>& names);

} // namespace ashlar::report
