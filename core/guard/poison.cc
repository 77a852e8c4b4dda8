// SPDX-License-Identifier: MIT
#include "guard/poison.h"

#include <algorithm>

namespace ashlar::guard::poison {

// A buffer is uniform if it equals itself shifted by one vector. So only the first vector is compared with
// the pattern.
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

void fill_sample(void* block, std::size_t size, std::size_t offset) {
    auto* const start = static_cast<char*>(block);
    std::memset(start, kByte, kSampleEnd);
    for (char* at = start + kSampleEnd + offset; at < start + size - kSampleEnd; at += kSampleStep)
        *reinterpret_cast<detail::Vector*>(at) = detail::kPattern;
    std::memset(start + size - kSampleEnd, kByte, kSampleEnd);
}

bool sample_intact(const void* block, std::size_t size, std::size_t offset) {
    const auto* const start = static_cast<const char*>(block);
    detail::Seen seen;
    for (const char* at = start + kSampleEnd + offset; at < start + size - kSampleEnd; at += kSampleStep)
        seen.add(*reinterpret_cast<const detail::Vector*>(at));
    return seen.is_pattern() && detail::intact(start, kSampleEnd) &&
           detail::intact(start + size - kSampleEnd, kSampleEnd);
}

std::size_t first_damage_of_sample(const void* block, std::size_t size, std::size_t offset) {
    const auto* const start = static_cast<const unsigned char*>(block);
    for (std::size_t at = 0; at < size; ++at) {
        const bool of_end = at < kSampleEnd || at >= size - kSampleEnd;
        if ((of_end || (at - offset) % kSampleStep < detail::kVectorSize) && start[at] != kByte) return at;
    }
    return size;
}

} // namespace ashlar::guard::poison
