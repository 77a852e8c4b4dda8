// SPDX-License-Identifier: MIT
#include "guard/poison.h"

#include <algorithm>

namespace ashlar::guard::poison {

bool detail::intact(const void* block, std::size_t size) {
    constexpr std::ptrdiff_t kAtOnce = 4;
    const auto* at = static_cast<const Vector*>(block);
    const Vector* const end = at + size / sizeof(Vector);
    Vector difference{};
    for (; end - at >= kAtOnce; at += kAtOnce)
        difference |= (at[0] ^ kPattern) | (at[1] ^ kPattern) | (at[2] ^ kPattern) | (at[3] ^ kPattern);
    for (; at != end; ++at)
        difference |= *at ^ kPattern;
    return (difference[0] | difference[1]) == 0;
}

std::size_t first_damage(const void* block, std::size_t size, Extent extent) {
    const auto* const start = static_cast<const unsigned char*>(block);
    const auto damaged = [](unsigned char byte) { return byte != kByte; };
    const std::size_t head = size < kHead || extent == Extent::kWhole ? size : kHead;
    const auto* const found = std::find_if(start, start + head, damaged);
    if (found != start + head) return static_cast<std::size_t>(found - start);
    return static_cast<std::size_t>(std::find_if(start + size - kTail, start + size, damaged) - start);
}

} // namespace ashlar::guard::poison
