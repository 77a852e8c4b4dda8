// SPDX-License-Identifier: MIT
//
// Stamps identify the contents of blocks: word i of a stamped block depends on i and the key. A mismatch
// shows that two blocks overlap, or that the heap wrote into a block in use.
//
// A sparse stamp is for long runs. It writes both ends of a block and a word every 64 KiB, the length of
// Ashlar's slices. Each stamp costs few cache lines and still detects overlap with every large block.
#pragma once

#include "report.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>

namespace common {

enum class Density : std::uint8_t { kWhole, kSparse };

inline constexpr std::size_t kStampedEnd = 32;                     // bytes at each end, of a sparse stamp
inline constexpr std::size_t kStampStride = std::size_t{64} << 10; // bytes between words, of a sparse stamp

// Calls visit(begin, end) with the offsets of each stamped stretch, in order. Each stretch begins at a word.
template <typename Visit>
void for_each_stretch(std::size_t size, Density density, Visit visit) {
    if (density == Density::kWhole || size <= 2 * kStampedEnd) {
        visit(std::size_t{0}, size);
        return;
    }
    const std::size_t last = (size - kStampedEnd) / 8 * 8;
    visit(std::size_t{0}, kStampedEnd);
    for (std::size_t at = kStampStride; at + 8 <= last; at += kStampStride)
        visit(at, at + 8);
    visit(last, size);
}

inline std::uint64_t stamp_word(std::uint64_t key, std::size_t index) {
    return (key ^ 0x5bd1e995a5a5c3c3) + index * 0x9e3779b97f4a7c15;
}

inline void stamp(void* block, std::size_t size, std::uint64_t key, Density density = Density::kWhole) {
    auto* bytes = static_cast<unsigned char*>(block);
    for_each_stretch(size, density, [=](std::size_t begin, std::size_t end) {
        for (std::size_t at = begin; at < end; at += 8) {
            const std::uint64_t word = stamp_word(key, at / 8);
            std::memcpy(bytes + at, &word, std::min<std::size_t>(8, end - at));
        }
    });
}

// Returns the offset of the first stamped word that differs. Only words before `end` and within the block are
// compared. Returns the smaller of `end` and `size` if none differs.
inline std::size_t stamp_mismatch(const void* block, std::size_t size, std::uint64_t key,
                                  Density density = Density::kWhole, std::size_t end = SIZE_MAX) {
    end = std::min(end, size);
    const auto* bytes = static_cast<const unsigned char*>(block);
    std::size_t wrong = end;
    for_each_stretch(size, density, [&](std::size_t first, std::size_t last) {
        last = std::min(last, end);
        for (std::size_t at = first; at < last && wrong == end; at += 8) {
            const std::uint64_t word = stamp_word(key, at / 8);
            if (std::memcmp(bytes + at, &word, std::min<std::size_t>(8, last - at)) != 0) wrong = at;
        }
    });
    return wrong;
}

// Requires the stamp in the first `end` bytes. A resized block keeps only those.
inline void require_stamp(const void* block, std::size_t size, std::uint64_t key, const char* when,
                          Density density = Density::kWhole, std::size_t end = SIZE_MAX) {
    end = std::min(end, size);
    const std::size_t at = stamp_mismatch(block, size, key, density, end);
    if (at == end) return;
    std::uint64_t found = 0;
    std::memcpy(&found, static_cast<const unsigned char*>(block) + at, std::min<std::size_t>(8, end - at));
    fail("%s: block %p of %zu bytes holds %016llx at offset %zu, not %016llx", when, block, size,
         static_cast<unsigned long long>(found), at,
         static_cast<unsigned long long>(stamp_word(key, at / 8)));
}

// Returns the offset of the first nonzero byte, or `size`.
inline std::size_t first_nonzero(const void* block, std::size_t size) {
    const auto* bytes = static_cast<const unsigned char*>(block);
    if (size == 0 || (bytes[0] == 0 && std::memcmp(bytes, bytes + 1, size - 1) == 0)) return size;
    return static_cast<std::size_t>(
        std::find_if(bytes, bytes + size, [](unsigned char b) { return b != 0; }) - bytes);
}

} // namespace common
