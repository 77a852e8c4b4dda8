// SPDX-License-Identifier: MIT
//
// The pattern that fills freed blocks. A write after free is found when the block is handed out again.
//
// The cost of a release must not grow with the block. Blocks up to kShort are filled and checked as a whole.
// Most longer ones are filled and checked only in their first and last kEnd bytes. The program or the canary
// has touched these cache lines anyway. Some longer blocks, chosen at random, and all up to the setting
// `poison` are filled as a whole. A pointer made of these bytes is an address that no process has.
//
// A loop over the size would be mispredicted where sizes are mixed. So each block gets four vectors, which
// overlap in a short one.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <utility>

namespace ashlar::guard::poison {

inline constexpr unsigned char kByte = 0xdb;
inline constexpr std::size_t kEnd = 32; // no block is shorter
inline constexpr std::size_t kShort = 2 * kEnd;

enum class Extent : bool { kEnds, kWhole };

namespace detail {

// 16 bytes, one vector register on every 64-bit processor
typedef std::uint64_t Vector __attribute__((vector_size(16), may_alias)); // NOLINT(modernize-use-using)
inline constexpr std::size_t kVectorSize = sizeof(Vector);
inline constexpr Vector kPattern{0xdbdbdbdbdbdbdbdb, 0xdbdbdbdbdbdbdbdb};

bool intact(const void* block, std::size_t size);

// Collects the bits in which the vectors differ from the pattern.
struct Seen {
    Vector difference{};

    void add(const Vector& next) { difference |= next ^ kPattern; }
    bool is_pattern() const { return (difference[0] | difference[1]) == 0; }
};

// Calls visit() for each vector of the first and last kEnd bytes. Has no loop.
template <typename Block, typename Visit>
[[gnu::always_inline]] inline void visit_ends(Block* block, std::size_t size, Visit visit) {
    [&]<std::size_t... kNumbers>(std::index_sequence<kNumbers...>) {
        auto* const last = block + size - kEnd;
        (visit(block + kNumbers * kVectorSize), ...);
        (visit(last + kNumbers * kVectorSize), ...);
    }
    (std::make_index_sequence<kEnd / kVectorSize>{});
}

} // namespace detail

// Fills a block. Sizes are multiples of 16, and blocks are aligned to 16 bytes.
[[gnu::always_inline]] inline void fill(void* block, std::size_t size, Extent extent) {
    if (extent == Extent::kWhole) {
        std::memset(block, kByte, size);
        return;
    }
    detail::visit_ends(static_cast<char*>(block), size,
                       [](char* at) { *reinterpret_cast<detail::Vector*>(at) = detail::kPattern; });
}

[[gnu::always_inline]] inline bool intact(const void* block, std::size_t size, Extent extent) {
    if (extent == Extent::kWhole) return detail::intact(block, size);
    detail::Seen seen;
    detail::visit_ends(static_cast<const char*>(block), size,
                       [&seen](const char* at) { seen.add(*reinterpret_cast<const detail::Vector*>(at)); });
    return seen.is_pattern();
}

// Returns the offset of the first overwritten byte of a block that is not intact.
std::size_t first_damage(const void* block, std::size_t size, Extent extent);

// The sample of a large block: its first and last kSampleEnd bytes, and 16 bytes of each KiB between.
// `offset` is their place in the KiB. A write of 1 KiB in a row hits the sample.
inline constexpr std::size_t kSampleStep = 1024;
inline constexpr std::size_t kSampleEnd = 4096; // no large block is shorter than two of them
void fill_sample(void* block, std::size_t size, std::size_t offset);
bool sample_intact(const void* block, std::size_t size, std::size_t offset);
std::size_t first_damage_of_sample(const void* block, std::size_t size, std::size_t offset);

} // namespace ashlar::guard::poison
