// SPDX-License-Identifier: MIT
//
// What is stored behind the requested bytes, up to the end of a block of a size class:
//
//   block                         + size                              + room - 8      + room
//   | the program's bytes         | 8 bytes of the key | (nothing)    | trailer        |
//                                                                      key ^ facts << 40
//   facts: | form (2 bits) | alignment (6) | slack (16) |
//
// The key is that of the block's address (secret.h). A write beyond the end hits these 8 bytes first, or as
// many as have room before the trailer. The trailer holds the facts, from which the requested size follows.
// It is genuine if its low 40 bits are the key's. So two stores write both, and two loads check both, mostly
// in one cache line.
//
// Large blocks have no trailer: their facts are in the window's tables.
#pragma once

#include "guard/form.h"
#include "guard/secret.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>

namespace ashlar::guard::canary {

inline constexpr std::size_t kTrailer = 8;
inline constexpr std::size_t kWatched = 8; // checked bytes behind the block, at most

inline constexpr unsigned kUsualAlignment = 4; // log2 of the alignment that every block has

struct Facts {
    std::size_t size = 0;
    unsigned alignment_shift = kUsualAlignment; // log2 of the requested alignment, at least kUsualAlignment
    Form form = Form::kMalloc;
};

namespace detail {

inline constexpr unsigned kFactsShift = 40;
inline constexpr unsigned kSlackBits = 16;
inline constexpr unsigned kAlignmentBits = 6;
inline constexpr unsigned kMostAlignment = 47;

inline std::uint64_t word_at(const char* where) {
    std::uint64_t word = 0;
    std::memcpy(&word, where, sizeof(word));
    return word;
}
inline void set_word(char* where, std::uint64_t word) {
    std::memcpy(where, &word, sizeof(word));
}

// Masks of the first n bytes of a word in memory, which is little-endian on all supported machines. A table,
// because a branch on n would often be mispredicted.
static_assert(std::endian::native == std::endian::little);
inline constexpr auto kFirstBytes = [] {
    std::array<std::uint64_t, kWatched + 1> masks{};
    for (std::size_t bytes = 0; bytes < kWatched; ++bytes)
        masks[bytes] = (std::uint64_t{1} << bytes * 8) - 1;
    masks[kWatched] = ~std::uint64_t{0};
    return masks;
}();

} // namespace detail

// Returns the facts, in the low bits. All higher bits are zero if the trailer is genuine.
inline std::uint64_t facts_behind(const char* block, std::size_t room, std::uint64_t key) {
    return std::rotl(detail::word_at(block + room - kTrailer) ^ key, 64 - detail::kFactsShift);
}

// Stores the key behind `size` bytes. The 8 bytes there must belong to the block.
inline void guard_end(char* block, std::size_t size, std::uint64_t key) {
    detail::set_word(block + size, key);
}

// Returns how many of the first `watched` bytes behind the block were overwritten, up to the last such byte.
inline std::size_t overflow(const char* block, std::size_t size, std::size_t watched, std::uint64_t key) {
    const std::uint64_t mask = detail::kFirstBytes[std::min(watched, kWatched)];
    const std::uint64_t difference = (detail::word_at(block + size) ^ key) & mask;
    if (difference == 0) [[likely]]
        return 0;
    return kWatched - static_cast<std::size_t>(std::countl_zero(difference)) / 8;
}

// Clears slack that a growing block gives to the program, so that the program cannot read the key.
inline void forget_end(char* block, std::size_t old_size, std::size_t size) {
    if (size > old_size) std::memset(block + old_size, 0, std::min(size - old_size, kWatched));
}

// Closes a block of `room` bytes. `facts.size` is the requested size, at most room - kTrailer.
inline void close(char* block, std::size_t room, const Facts& facts) {
    const std::uint64_t key = secret.key(block);
    const std::uint64_t word =
        (room - facts.size) | std::uint64_t{facts.alignment_shift - kUsualAlignment} << detail::kSlackBits |
        static_cast<std::uint64_t>(facts.form) << (detail::kSlackBits + detail::kAlignmentBits);
    guard_end(block, facts.size, key); // the trailer may overwrite part of it
    detail::set_word(block + room - kTrailer, key ^ word << detail::kFactsShift);
}

// Reads the facts of a closed block. Returns false if the trailer is not one that close() wrote.
inline bool read(const char* block, std::size_t room, Facts& facts) {
    const std::uint64_t word = facts_behind(block, room, secret.key(block));
    const std::size_t slack = word & ((std::uint64_t{1} << detail::kSlackBits) - 1);
    const std::uint64_t alignment = word >> detail::kSlackBits & ((1U << detail::kAlignmentBits) - 1);
    const std::uint64_t form = word >> (detail::kSlackBits + detail::kAlignmentBits);
    facts.size = room - slack;
    facts.alignment_shift = static_cast<unsigned>(alignment) + kUsualAlignment;
    facts.form = static_cast<Form>(form);
    return form <= static_cast<std::uint64_t>(Form::kNewArray) &&
           alignment <= detail::kMostAlignment - kUsualAlignment && slack - kTrailer <= room - kTrailer;
}

// Returns whether a block is closed, has no write behind it, has the usual alignment, and is not from `new`.
// free() needs no more for most blocks. One comparison checks the trailer, the alignment, the form and the
// size.
inline bool is_usual_and_intact(const char* block, std::size_t room) {
    const std::uint64_t key = secret.key(block);
    const std::size_t watched = facts_behind(block, room, key) - kTrailer;
    if (watched > room - kTrailer) [[unlikely]]
        return false;
    return overflow(block, room - kTrailer - watched, watched, key) == 0;
}

inline std::size_t overflow(const char* block, std::size_t room, const Facts& facts) {
    return overflow(block, facts.size, room - kTrailer - facts.size, secret.key(block));
}

// Returns how many bytes behind a block were overwritten if its trailer is not genuine. Returns 0 if the
// write reached the facts.
inline std::size_t overflow_into_trailer(const char* block, std::size_t room, Facts& facts) {
    read(block, room, facts);
    const std::uint64_t difference = detail::word_at(block + room - kTrailer) ^ secret.key(block);
    const std::uint64_t low = difference << (64 - detail::kFactsShift);
    if (low == 0 || facts.size > room - kTrailer) return 0;
    const std::size_t reached = detail::kFactsShift / 8 - static_cast<std::size_t>(std::countl_zero(low)) / 8;
    return room - kTrailer - facts.size + reached;
}

} // namespace ashlar::guard::canary
