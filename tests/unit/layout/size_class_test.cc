// SPDX-License-Identifier: MIT
//
// Compares the whole table with the plain arithmetic that it replaces.
#include "layout/size_class.h"

#include <catch2/catch.hpp>
#include <cstddef>
#include <cstdint>

namespace {

using namespace ashlar::layout; // NOLINT(google-build-using-namespace): the layer under test

constexpr SizeClass kLast = kClasses - 1;

// Tries all classes. Returns the smallest that satisfies `condition`, or 0.
template <typename Condition>
SizeClass smallest(Condition condition) {
    for (unsigned c = 1; c < kClasses; ++c) {
        if (condition(class_size(static_cast<SizeClass>(c)))) return static_cast<SizeClass>(c);
    }
    return 0;
}

TEST_CASE("size class: every request gets the smallest class that it fits in") {
    for (std::size_t size = 0; size <= kMaxClassSize; ++size) {
        const SizeClass c = class_of(size);
        if (c == 0 || c >= kClasses) FAIL("size " << size << " has class " << unsigned{c});
        if (class_size(c) < size) FAIL("size " << size << " does not fit in " << class_size(c));
        if (c > 1 && class_size(static_cast<SizeClass>(c - 1)) >= size) {
            FAIL("size " << size << " would fit in the class below " << class_size(c));
        }
    }
    CHECK(class_of(0) == 1);
    CHECK(class_size(1) == 16);
    CHECK(class_of(kMaxClassSize) == kLast);
    CHECK(class_size(kLast) == kMaxClassSize);
    CHECK(class_size(0) == 0);
}

TEST_CASE("size class: classes follow requests in order") {
    for (std::size_t size = 1; size <= kMaxClassSize; ++size) {
        if (class_of(size) < class_of(size - 1))
            FAIL("size " << size << " has a lower class than the one before");
    }
    for (unsigned c = 1; c < kClasses; ++c) {
        CAPTURE(c);
        CHECK(class_size(static_cast<SizeClass>(c)) > class_size(static_cast<SizeClass>(c - 1)));
        CHECK(class_size(static_cast<SizeClass>(c)) % kAlignment == 0);
    }
}

TEST_CASE("size class: waste is bounded") {
    for (std::size_t size = 1; size <= kMaxClassSize; ++size) {
        const std::size_t block = class_size(class_of(size));
        const std::size_t waste = block - size;
        if (size <= 128 && waste >= kAlignment) FAIL("size " << size << " wastes a step of " << block);
        if (size >= 128 && size <= 8192 && waste * 8 > block)
            FAIL(size << " wastes " << waste << " of " << block);
        if (size > 8192 && waste * 5 > block) FAIL(size << " wastes " << waste << " of " << block);
    }
    SUCCEED();
}

TEST_CASE("size class: a buffer of 4 or 8 KiB with a header or a canary wastes at most a cache line") {
    for (const std::size_t buffer : {4096U, 8192U}) {
        CHECK(class_size(class_of(buffer)) == buffer);
        CHECK(class_size(class_of(buffer + 8)) == buffer + 64);
        CHECK(class_size(class_of(buffer + 64)) == buffer + 64);
    }
}

TEST_CASE("size class: the shape of a slab") {
    for (unsigned c = 1; c < kClasses; ++c) {
        const ClassShape& shape = kShapes[c];
        CAPTURE(c);
        CHECK(shape.size == class_size(static_cast<SizeClass>(c)));
        CHECK(std::has_single_bit(unsigned{shape.slices}));
        CHECK(shape.slices <= kMaxSlabSlices);
        CHECK(shape.blocks >= 8);
        CHECK(shape.blocks <= kMaxSlabBlocks);
        const std::size_t length = shape.slices * kSliceSize;
        CHECK(std::size_t{shape.blocks} * shape.size <= length);
        CHECK(std::size_t{shape.blocks} * shape.size + shape.size > length);
    }
}

TEST_CASE("size class: the index of a block is exact for every offset of a slab") {
    for (unsigned c = 1; c < kClasses; ++c) {
        const ClassShape& shape = kShapes[c];
        const std::size_t length = shape.slices * kSliceSize;
        std::uint32_t index = 0;
        std::size_t within = 0;
        for (std::size_t offset = 0; offset < length; ++offset) {
            if (block_index(shape, offset) != index) {
                FAIL("offset " << offset << " of class " << c << ": " << block_index(shape, offset)
                               << " is not " << index);
            }
            if (++within == shape.size) {
                within = 0;
                ++index;
            }
        }
        if (index != shape.blocks) FAIL("class " << c << " has " << index << " blocks");
    }
    SUCCEED();
}

TEST_CASE("size class: every alignment gets the smallest class that has it") {
    // All sizes of one step of kAlignment bytes have the same class. The model computes it once per step.
    for (std::size_t alignment = 1; alignment <= 4 * kMaxClassSize; alignment *= 2) {
        for (std::size_t step = 0; step <= kMaxClassSize / kAlignment; ++step) {
            const std::size_t most = step * kAlignment;
            const SizeClass expected = smallest(
                [most, alignment](std::size_t block) { return block >= most && block % alignment == 0; });
            const std::size_t least = step == 0 ? 0 : most - kAlignment + 1;
            for (std::size_t size = least; size <= most; ++size) {
                if (class_of_aligned(size, alignment) != expected) {
                    FAIL(size << " at " << alignment << ": class "
                              << unsigned{class_of_aligned(size, alignment)} << " is not "
                              << unsigned{expected});
                }
            }
        }
    }
    SUCCEED();
}

TEST_CASE("size class: alignments that come with the size alone") {
    for (std::size_t size = 0; size <= kMaxClassSize; ++size) {
        if (class_of_aligned(size, 1) != class_of(size) ||
            class_of_aligned(size, kAlignment) != class_of(size)) {
            FAIL(size << " needs another class at an alignment that every block has");
        }
    }
    CHECK(class_of_aligned(1, kMaxClassSize) == kLast);
    CHECK(class_of_aligned(kMaxClassSize + 1, 1) == 0);
    CHECK(class_of_aligned(1, kMaxClassSize * 2) == 0);
    CHECK(class_of_aligned(~std::size_t{0}, 16) == 0);
    CHECK(class_of_aligned(16, ~(~std::size_t{0} >> 1)) == 0);
}

} // namespace
