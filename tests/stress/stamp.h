// SPDX-License-Identifier: MIT
//
// Contents that tell whose they are: word i of a block stamped with a key depends on both. Two blocks that
// overlap, or a heap that writes into a block in use, show as a mismatch when the block is checked.
#pragma once

#include "report.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>

namespace stress {

inline std::uint64_t stamp_word(std::uint64_t key, std::size_t index) {
    return (key ^ 0x5bd1e995a5a5c3c3) + index * 0x9e3779b97f4a7c15;
}

inline void stamp(void* block, std::size_t size, std::uint64_t key) {
    auto* bytes = static_cast<unsigned char*>(block);
    for (std::size_t at = 0; at < size; at += 8) {
        const std::uint64_t word = stamp_word(key, at / 8);
        std::memcpy(bytes + at, &word, std::min<std::size_t>(8, size - at));
    }
}

// The offset of the first word that differs, or `size` if none does.
inline std::size_t stamp_mismatch(const void* block, std::size_t size, std::uint64_t key) {
    const auto* bytes = static_cast<const unsigned char*>(block);
    for (std::size_t at = 0; at < size; at += 8) {
        const std::uint64_t word = stamp_word(key, at / 8);
        if (std::memcmp(bytes + at, &word, std::min<std::size_t>(8, size - at)) != 0) return at;
    }
    return size;
}

inline void require_stamp(const void* block, std::size_t size, std::uint64_t key, const char* when) {
    const std::size_t at = stamp_mismatch(block, size, key);
    if (at == size) return;
    std::uint64_t found = 0;
    std::memcpy(&found, static_cast<const unsigned char*>(block) + at, std::min<std::size_t>(8, size - at));
    fail("%s: block %p of %zu bytes holds %016llx at offset %zu, not %016llx", when, block, size,
         static_cast<unsigned long long>(found), at,
         static_cast<unsigned long long>(stamp_word(key, at / 8)));
}

// The offset of the first byte that is not zero, or `size`.
inline std::size_t first_nonzero(const void* block, std::size_t size) {
    const auto* bytes = static_cast<const unsigned char*>(block);
    return static_cast<std::size_t>(
        std::find_if(bytes, bytes + size, [](unsigned char b) { return b != 0; }) - bytes);
}

} // namespace stress
