// SPDX-License-Identifier: MIT
#include "guard/poison.h"

#include <algorithm>

namespace ashlar::guard::poison {

// All is as the first vector is, if what is one further on is the same.
bool detail::intact(const void* block, std::size_t size) {
    const auto* const second = static_cast<const Vector*>(block) + 1;
    Seen seen;
    seen.add(second[-1]);
    return seen.is_pattern() && std::memcmp(second - 1, second, size - kVectorSize) == 0;
}

std::size_t first_damage(const void* block, std::size_t size, Extent extent) {
    const auto* const start = static_cast<const unsigned char*>(block);
    const auto damaged = [](unsigned char byte) { return byte != kByte; };
    const std::size_t head = size <= kShort || extent == Extent::kWhole ? size : kEnd;
    const auto* const found = std::find_if(start, start + head, damaged);
    if (found != start + head) return static_cast<std::size_t>(found - start);
    return static_cast<std::size_t>(std::find_if(start + size - kEnd, start + size, damaged) - start);
}

} // namespace ashlar::guard::poison
