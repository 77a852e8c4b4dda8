// SPDX-License-Identifier: MIT
//
// What freed blocks are filled with, so that whoever writes to one is found when it is handed out again.
//
// The cost of a release must not grow with the block. Blocks up to kShort are filled and looked at as a
// whole. Of most longer ones it is the first kEnd bytes and the last, lines that the program or the canary
// has touched anyway. Of some, chosen by chance, and of all up to the setting `poison`, it is the whole
// block. A pointer made of these bytes is an address that no process has.
//
// A loop whose length depends on the size would be a mispredicted branch where sizes are mixed. So the same
// four vectors are written of each block, and of a short one some twice.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <utility>

namespace ashlar::guard::poison {

inline constexpr unsigned char kByte = 0xdb;
inline constexpr std::size_t kEnd = 32; // and no block is shorter
inline constexpr std::size_t kShort = 2 * kEnd;

enum class Extent : bool { kEnds, kWhole };

namespace detail {

// Sixteen bytes, for which every 64-bit processor has registers.
typedef std::uint64_t Vector __attribute__((vector_size(16), may_alias)); // NOLINT(modernize-use-using)
inline constexpr std::size_t kVectorSize = sizeof(Vector);
inline constexpr Vector kPattern{0xdbdbdbdbdbdbdbdb, 0xdbdbdbdbdbdbdbdb};

bool intact(const void* block, std::size_t size);

// What the vectors seen differ in from the pattern.
struct Seen {
    Vector difference{};

    void add(const Vector& next) { difference |= next ^ kPattern; }
    bool is_pattern() const { return (difference[0] | difference[1]) == 0; }
};

// Calls visit() for each vector of the first and the last bytes of a block. No loop.
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

// Sizes are multiples of 16, blocks aligned to it.
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

// The first byte that was overwritten of a block which is not intact.
std::size_t first_damage(const void* block, std::size_t size, Extent extent);

// Of a large block a sample: its first and its last page, and 16 bytes of each KiB between, so many from its
// start. Whoever writes a KiB in a row hits them.
inline constexpr std::size_t kSampleStep = 1024;
inline constexpr std::size_t kSampleEnd = 4096; // and no large block is shorter than both
void fill_sample(void* block, std::size_t size, std::size_t offset);
bool sample_intact(const void* block, std::size_t size, std::size_t offset);
std::size_t first_damage_of_sample(const void* block, std::size_t size, std::size_t offset);

} // namespace ashlar::guard::poison
