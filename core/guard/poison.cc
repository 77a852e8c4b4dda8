// SPDX-License-Identifier: MIT
#include "guard/poison.h"

#include <algorithm>

namespace ashlar::guard::poison {

bool detail::intact(const void* block, std::size_t size) {
    constexpr std::ptrdiff_t kAtOnce = 4;
    const auto* at = static_cast<const Vector*>(block);
    const Vector* const end = at + size / sizeof(Vector);
    Seen seen;
    for (; end - at >= kAtOnce; at += kAtOnce) {
        for (std::ptrdiff_t i = 0; i < kAtOnce; ++i)
            seen.add(at[i]);
    }
    for (; at != end; ++at)
        seen.add(*at);
    return seen.is_pattern();
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
