// SPDX-License-Identifier: MIT
#include "guard/poison.h"

#include <algorithm>
#include <array>
#include <catch2/catch.hpp>
#include <cstddef>

namespace {

namespace poison = ashlar::guard::poison;

using poison::Extent;

alignas(16) std::array<unsigned char, 512> block;

bool is_looked_at(std::size_t at, std::size_t size, Extent extent) {
    return extent == Extent::kWhole || size <= poison::kShort || at < poison::kEnd ||
           at >= size - poison::kEnd;
}

TEST_CASE("poison: a block is filled and every byte that is looked at counts") {
    for (const Extent extent : {Extent::kEnds, Extent::kWhole}) {
        for (const std::size_t size : {32U, 48U, 64U, 80U, 112U, 128U, 144U, 208U, 256U, 288U, 496U}) {
            block.fill(0);
            poison::fill(block.data(), size, extent);
            REQUIRE(poison::intact(block.data(), size, extent));
            CHECK(std::all_of(block.begin() + static_cast<std::ptrdiff_t>(size), block.end(),
                              [](unsigned char byte) { return byte == 0; }));
            for (std::size_t at = 0; at < size; ++at) {
                INFO("size " << size << ", byte " << at);
                const unsigned char before = block[at];
                block[at] = static_cast<unsigned char>(before ^ 1U);
                REQUIRE(poison::intact(block.data(), size, extent) == !is_looked_at(at, size, extent));
                if (is_looked_at(at, size, extent)) {
                    REQUIRE(poison::first_damage(block.data(), size, extent) == at);
                }
                block[at] = before;
            }
        }
    }
}

} // namespace
