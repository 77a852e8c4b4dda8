// SPDX-License-Identifier: MIT
//
// The size classes: a constexpr table and its proofs.
//
// Steps of 16 bytes up to 128. Then eight classes per doubling up to 8 KiB, so that at most 12.5 % of a block
// is waste. Four per doubling up to 32 KiB. Buffers of 4 and 8 KiB with a few more bytes have one extra class
// each. Programs put a header before them, and the hardened library a canary behind them. Class 0 means "not
// a slab" and has no blocks. Every size is a multiple of 16. A class whose size is a multiple of 2^k gives
// blocks aligned to 2^k, because slabs start at multiples of their own length.
//
// A table of 2 KiB, one byte per 16-byte step, gives the class of a request. A program touches only the lines
// of its sizes. Computing the class from the leading zeroes takes more instructions than the rest of malloc.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>

namespace ashlar::layout {

using SizeClass = std::uint8_t;

inline constexpr std::size_t kSliceSize = 64 * 1024; // bytes; unit of slabs and runs, not the system's page
inline constexpr unsigned kSliceShift = 16;
inline constexpr std::size_t kAlignment = 16; // bytes, for every block
inline constexpr std::size_t kMaxClassSize = 32 * 1024;
inline constexpr unsigned kClasses = 67; // class 0 included
inline constexpr unsigned kMaxSlabSlices = 4;
inline constexpr unsigned kMaxSlabBlocks = kSliceSize / kAlignment;

namespace detail {

constexpr bool is_buffer(std::uint32_t size) {
    return size == 4096 || size == 8192;
}
inline constexpr std::uint32_t kLittleMore = 64; // bytes, a cache line

constexpr std::array<std::uint32_t, kClasses> make_sizes() {
    std::array<std::uint32_t, kClasses> sizes{};
    unsigned c = 1;
    for (std::uint32_t size = 0; size < kMaxClassSize;) {
        if (is_buffer(size)) sizes[c++] = size + kLittleMore;
        const std::uint32_t doubling = size < 128 ? 128 : std::bit_floor(size);
        size += doubling / (doubling < 8192 ? 8 : 4);
        sizes[c++] = size;
    }
    return sizes;
}

inline constexpr auto kSizes = make_sizes();

constexpr std::array<SizeClass, kMaxClassSize / kAlignment + 1> make_classes() {
    std::array<SizeClass, kMaxClassSize / kAlignment + 1> classes{};
    SizeClass c = 1;
    for (std::size_t step = 0; step < classes.size(); ++step) {
        while (kSizes[c] < step * kAlignment)
            ++c;
        classes[step] = c;
    }
    return classes;
}

inline constexpr auto kClassOfStep = make_classes();

// Returns the slices of a slab, which starts at a multiple of that and holds at least 8 blocks.
constexpr unsigned slices_for(std::size_t size) {
    return size <= 8192 ? 1 : size <= 16384 ? 2 : 4;
}

} // namespace detail

// The shape of one class's slabs. 16 bytes, so that four classes share a cache line.
struct ClassShape {
    std::uint32_t size;       // bytes of a block
    std::uint16_t blocks;     // blocks in a slab
    std::uint8_t slices;      // slices of a slab, a power of two
    std::uint64_t reciprocal; // ceil(2^40 / size): index of a block = offset * reciprocal >> 40
};

inline constexpr unsigned kReciprocalShift = 40;

namespace detail {

constexpr std::array<ClassShape, kClasses> make_shapes() {
    std::array<ClassShape, kClasses> shapes{};
    for (unsigned c = 1; c < kClasses; ++c) {
        const std::uint32_t size = kSizes[c];
        const unsigned slices = slices_for(size);
        shapes[c] = {size, static_cast<std::uint16_t>(slices * kSliceSize / size),
                     static_cast<std::uint8_t>(slices),
                     ((std::uint64_t{1} << kReciprocalShift) + size - 1) / size};
    }
    return shapes;
}

} // namespace detail

inline constexpr auto kShapes = detail::make_shapes();

constexpr std::size_t class_size(SizeClass c) {
    return detail::kSizes[c];
}

// Returns the class for `size` ≤ kMaxClassSize. Size 0 gets the smallest class.
constexpr SizeClass class_of(std::size_t size) {
    return detail::kClassOfStep[(size + kAlignment - 1) / kAlignment];
}

// Returns the smallest class that holds `size` bytes at `alignment` (a power of two), or 0.
constexpr SizeClass class_of_aligned(std::size_t size, std::size_t alignment) {
    if (size > kMaxClassSize || alignment > kMaxClassSize) return 0;
    // Classes below hold no large enough multiple of the alignment. The request is at least one byte.
    SizeClass c = class_of((std::max<std::size_t>(size, 1) + alignment - 1) & ~(alignment - 1));
    while (class_size(c) % alignment != 0)
        ++c; // ends at a power of two, kMaxClassSize at the latest
    return c;
}

constexpr std::uint32_t block_index(const ClassShape& shape, std::size_t offset) {
    return static_cast<std::uint32_t>(offset * shape.reciprocal >> kReciprocalShift);
}

// ---- Proofs

static_assert(sizeof(ClassShape) == 16);
static_assert(detail::kSizes[kClasses - 1] == kMaxClassSize);

consteval bool shapes_hold() {
    for (unsigned c = 1; c < kClasses; ++c) {
        const ClassShape& s = kShapes[c];
        if (s.size % kAlignment != 0 || s.size <= detail::kSizes[c - 1]) return false;
        if (s.blocks < 8 || s.blocks > kMaxSlabBlocks || s.slices > kMaxSlabSlices) return false;
        // Division by multiplication (Granlund and Montgomery 1994) is exact for all offsets of the slab
        // under one condition. The error of the reciprocal, times the largest offset, stays below 2^40.
        const std::uint64_t error = s.reciprocal * s.size - (std::uint64_t{1} << kReciprocalShift);
        if (error * s.slices * kSliceSize >= std::uint64_t{1} << kReciprocalShift) return false;
    }
    return true;
}
static_assert(shapes_hold());

} // namespace ashlar::layout
