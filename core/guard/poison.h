// SPDX-License-Identifier: MIT
//
// What freed blocks are filled with, so that whoever writes to one is found when it is handed out again.
//
// The cost of a release must not grow with the block: of most blocks the first kHead bytes are filled and
// looked at and the last kTail, lines that the program or the canary has touched anyway. Of some, chosen by
// chance, and of all up to the setting `poison`, it is the whole block. A pointer made of these bytes is an
// address that no process has.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

namespace ashlar::guard::poison {

inline constexpr unsigned char kByte = 0xdb;
inline constexpr std::size_t kHead = 64;
inline constexpr std::size_t kTail = 32;

enum class Extent : bool { kEnds, kWhole };

namespace detail {

// Sixteen bytes, for which every 64-bit processor has registers.
typedef std::uint64_t Vector __attribute__((vector_size(16), may_alias)); // NOLINT(modernize-use-using)
inline constexpr Vector kPattern{0xdbdbdbdbdbdbdbdb, 0xdbdbdbdbdbdbdbdb};
inline constexpr std::size_t kHeadVectors = kHead / sizeof(Vector);
inline constexpr std::size_t kTailVectors = kTail / sizeof(Vector);

bool intact(const void* block, std::size_t size);

} // namespace detail

// Sizes are multiples of 16, blocks aligned to it.
[[gnu::always_inline]] inline void fill(void* block, std::size_t size, Extent extent) {
    using namespace detail; // NOLINT(google-build-using-namespace): vectors
    if (size < kHead || extent == Extent::kWhole) {
        std::memset(block, kByte, size);
        return;
    }
    auto* const head = static_cast<Vector*>(block);
    Vector* const tail = head + size / sizeof(Vector) - kTailVectors;
    for (std::size_t i = 0; i < kHeadVectors; ++i)
        head[i] = kPattern;
    for (std::size_t i = 0; i < kTailVectors; ++i)
        tail[i] = kPattern;
}

[[gnu::always_inline]] inline bool intact(const void* block, std::size_t size, Extent extent) {
    using namespace detail; // NOLINT(google-build-using-namespace): vectors
    if (size < kHead || extent == Extent::kWhole) return detail::intact(block, size);
    const auto* const head = static_cast<const Vector*>(block);
    const Vector* const tail = head + size / sizeof(Vector) - kTailVectors;
    Vector difference = (head[0] ^ kPattern) | (tail[0] ^ kPattern);
    for (std::size_t i = 1; i < kHeadVectors; ++i)
        difference |= head[i] ^ kPattern;
    for (std::size_t i = 1; i < kTailVectors; ++i)
        difference |= tail[i] ^ kPattern;
    return (difference[0] | difference[1]) == 0;
}

// The first byte that was overwritten of a block which is not intact.
std::size_t first_damage(const void* block, std::size_t size, Extent extent);

} // namespace ashlar::guard::poison
