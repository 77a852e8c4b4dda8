// SPDX-License-Identifier: MIT
// malloc_usable_size: 0 for null, at least the request, and all of it belongs to the block.
#include "entry_points.h"
#include "opaque.h"

#include <catch2/catch.hpp>
#include <cstdlib>
#include <cstring>
#include <malloc.h>
#include <vector>

TEST_CASE("malloc_usable_size of null is zero") {
    CHECK(malloc_usable_size(contract::opaque<void*>(nullptr)) == 0);
}

TEST_CASE("every usable byte may be written and belongs to one block only") {
    struct Block {
        unsigned char* start;
        std::size_t usable;
        unsigned char fill;
    };
    for (const contract::EntryPoint& entry : contract::entry_points()) {
        INFO(entry.name);
        std::vector<Block> blocks;
        unsigned char fill = 0;
        for (std::size_t size = 0; size < 200'000; size += 1 + size / 32) {
            for (int neighbour = 0; neighbour < 4; ++neighbour) {
                auto* const start = static_cast<unsigned char*>(entry.allocate(size));
                REQUIRE(start != nullptr);
                const std::size_t usable = malloc_usable_size(start);
                REQUIRE(usable >= size);
                std::memset(start, ++fill, usable);
                blocks.push_back({start, usable, fill});
            }
        }
        std::size_t damaged = 0;
        for (const Block& block : blocks) {
            REQUIRE(malloc_usable_size(block.start) == block.usable);
            for (std::size_t i = 0; i < block.usable; ++i)
                damaged += block.start[i] != block.fill;
        }
        CHECK(damaged == 0);
        for (const Block& block : blocks)
            entry.release(block.start);
    }
}
