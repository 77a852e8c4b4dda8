// SPDX-License-Identifier: MIT
// Impossible sizes: every entry point gives null and ENOMEM, and never a smaller block.
#include "entry_points.h"
#include "opaque.h"
#include "subject.h"

#include <catch2/catch.hpp>
#include <cerrno>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <malloc.h>

using contract::opaque;

namespace {

constexpr std::size_t kTooLarge = static_cast<std::size_t>(PTRDIFF_MAX) + 1;

} // namespace

TEST_CASE("sizes above PTRDIFF_MAX give null and ENOMEM from every entry point") {
    for (const contract::EntryPoint& entry : contract::entry_points()) {
        // libstdc++ 12 rounds up to the alignment before it checks, and wraps.
        if (!contract::under_ashlar() && std::strncmp(entry.name, "new", 3) == 0 && entry.alignment == 64)
            continue;
        for (const std::size_t size :
             {kTooLarge, kTooLarge + 1, kTooLarge + 4096, SIZE_MAX / 4 * 3, SIZE_MAX - 65'536,
              SIZE_MAX - 4096, SIZE_MAX - 4095, SIZE_MAX - 4094, SIZE_MAX - 64, SIZE_MAX - 63, SIZE_MAX - 32,
              SIZE_MAX - 16, SIZE_MAX - 15, SIZE_MAX - 8, SIZE_MAX - 7, SIZE_MAX - 1, SIZE_MAX}) {
            INFO(entry.name << " size " << size);
            errno = 0;
            REQUIRE(entry.allocate(size) == nullptr);
            REQUIRE(errno == ENOMEM);
        }
    }
}

TEST_CASE("sizes just below PTRDIFF_MAX give null and ENOMEM from every entry point") {
    for (const contract::EntryPoint& entry : contract::entry_points()) {
        for (const std::size_t size : {kTooLarge - 1, kTooLarge - 16, kTooLarge - 64, kTooLarge - 4096,
                                       kTooLarge - 65'536, kTooLarge - (std::size_t{1} << 21)}) {
            INFO(entry.name << " size " << size);
            errno = 0;
            REQUIRE(entry.allocate(size) == nullptr);
            REQUIRE(errno == ENOMEM);
        }
    }
}

TEST_CASE("products that overflow give null and ENOMEM") {
    constexpr std::size_t kRoot = std::size_t{1} << 32;
    constexpr std::size_t kFactors[][2] = {
        {kRoot, kRoot},        {kRoot + 1, kRoot},   {kRoot, kRoot / 2},         {SIZE_MAX, 2},
        {2, SIZE_MAX},         {SIZE_MAX, SIZE_MAX}, {SIZE_MAX / 2 + 1, 2},      {SIZE_MAX / 16 + 2, 16},
        {SIZE_MAX / 3 + 1, 3}, {SIZE_MAX / 3, 3},    {0x5555'5555'5555'5556, 3}, // wraps to 2
        {kTooLarge, 1}};
    for (const auto& [count, size] : kFactors) {
        INFO(count << " * " << size);
        errno = 0;
        CHECK(calloc(opaque(count), opaque(size)) == nullptr);
        CHECK(errno == ENOMEM);
        errno = 0;
        CHECK(reallocarray(nullptr, opaque(count), opaque(size)) == nullptr);
        CHECK(errno == ENOMEM);
    }
}

TEST_CASE("the heap is as before after requests that cannot be") {
    for (int round = 0; round < 1000; ++round) {
        REQUIRE(malloc(opaque(SIZE_MAX)) == nullptr);
        REQUIRE(pvalloc(opaque(SIZE_MAX - 4000)) == nullptr);
        void* const block = malloc(opaque<std::size_t>(1000));
        REQUIRE(block != nullptr);
        REQUIRE(malloc_usable_size(block) >= 1000);
        free(block);
    }
}
