// SPDX-License-Identifier: MIT
// Resizing: contents are kept, failures keep the old block, and available room is used.
#include "opaque.h"
#include "subject.h"

#include <catch2/catch.hpp>
#include <cerrno>
#include <cstdint>
#include <cstdlib>
#include <malloc.h>
#include <random>
#include <thread>
#include <vector>

using contract::opaque;

namespace {

constexpr std::size_t kMiB = std::size_t{1} << 20;

// Sizes on both sides of every border between ways to serve a block.
constexpr std::size_t kSizes[] = {1,       15,      16,        17,        64,      65,     128,
                                  1000,    1024,    1025,      4096,      8192,    8193,   16'384,
                                  32'000,  32'768,  32'769,    40'000,    65'536,  65'537, 131'072,
                                  200'000, 524'288, 1'048'576, 1'048'577, 4 * kMiB};

unsigned char expected(std::size_t index, unsigned char seed) {
    return static_cast<unsigned char>(index * 31 + seed);
}

void fill(unsigned char* block, std::size_t size, unsigned char seed) {
    for (std::size_t i = 0; i < size; ++i)
        block[i] = expected(i, seed);
}

bool holds(const unsigned char* block, std::size_t size, unsigned char seed) {
    for (std::size_t i = 0; i < size; ++i)
        if (block[i] != expected(i, seed)) return false;
    return true;
}

unsigned char* bytes(void* block) {
    return static_cast<unsigned char*>(block);
}

} // namespace

TEST_CASE("realloc of null is malloc") {
    for (const std::size_t size : kSizes) {
        auto* const block = bytes(realloc(opaque<void*>(nullptr), opaque(size)));
        REQUIRE(block != nullptr);
        fill(block, size, 1);
        CHECK(holds(block, size, 1));
        free(block);
    }
}

TEST_CASE("realloc to size zero frees, returns null and keeps errno") {
    const std::size_t before = contract::resident_bytes();
    constexpr std::size_t kSize = 4000;
    constexpr int kRounds = 100'000; // 400 MB if blocks were not reused
    for (int i = 0; i < kRounds; ++i) {
        void* const block = malloc(opaque(kSize));
        REQUIRE(block != nullptr);
        fill(bytes(block), 16, 3);
        static_cast<volatile unsigned char*>(block)[kSize - 1] = 1;
        errno = E2BIG;
        void* const result = realloc(block, opaque<std::size_t>(0));
        REQUIRE(result == nullptr);
        REQUIRE(errno == E2BIG);
    }
    for (const std::size_t size : kSizes) {
        errno = E2BIG;
        CHECK(realloc(malloc(opaque(size)), opaque<std::size_t>(0)) == nullptr);
        CHECK(errno == E2BIG);
        CHECK(reallocarray(malloc(opaque(size)), opaque<std::size_t>(0), opaque<std::size_t>(8)) == nullptr);
        CHECK(errno == E2BIG);
    }
    CHECK(contract::resident_bytes() < before + 64 * kMiB);
}

TEST_CASE("realloc takes the contents from every size to every size") {
    for (const std::size_t from : kSizes) {
        for (const std::size_t to : kSizes) {
            INFO("from " << from << " to " << to);
            auto* block = bytes(malloc(opaque(from)));
            REQUIRE(block != nullptr);
            fill(block, from, 5);
            block = bytes(realloc(block, opaque(to)));
            REQUIRE(block != nullptr);
            REQUIRE(malloc_usable_size(block) >= to);
            REQUIRE(holds(block, from < to ? from : to, 5));
            fill(block, to, 6);
            REQUIRE(holds(block, to, 6));
            free(block);
        }
    }
}

TEST_CASE("reallocarray multiplies and takes the contents along") {
    auto* block = bytes(reallocarray(nullptr, opaque<std::size_t>(10), opaque<std::size_t>(10)));
    REQUIRE(block != nullptr);
    fill(block, 100, 7);
    block = bytes(reallocarray(block, opaque<std::size_t>(1000), opaque<std::size_t>(50)));
    REQUIRE(block != nullptr);
    CHECK(malloc_usable_size(block) >= 50'000);
    CHECK(holds(block, 100, 7));
    free(block);
}

TEST_CASE("a failing realloc leaves the old block untouched") {
    for (const std::size_t size : kSizes) {
        INFO("size " << size);
        auto* const block = bytes(malloc(opaque(size)));
        REQUIRE(block != nullptr);
        fill(block, size, 8);
        for (const std::size_t absurd : {static_cast<std::size_t>(PTRDIFF_MAX) + 1, SIZE_MAX - 4096, SIZE_MAX,
                                         static_cast<std::size_t>(PTRDIFF_MAX)}) {
            errno = 0;
            REQUIRE(realloc(block, opaque(absurd)) == nullptr);
            REQUIRE(errno == ENOMEM);
        }
        errno = 0;
        REQUIRE(reallocarray(block, opaque(SIZE_MAX / 2), opaque<std::size_t>(3)) == nullptr);
        REQUIRE(errno == ENOMEM);
        REQUIRE(holds(block, size, 8));
        free(block);
    }
}

TEST_CASE("growing within malloc_usable_size never moves the block") {
    // glibc 2.36 moves mapped blocks, or grows them by a page.
    const std::size_t largest = contract::under_ashlar() ? 300'000 : 100'000;
    for (std::size_t size = 1; size < largest; size += 1 + size / 40) {
        INFO("size " << size);
        void* const block = malloc(opaque(size));
        REQUIRE(block != nullptr);
        const auto address = reinterpret_cast<std::uintptr_t>(block);
        const std::size_t usable = malloc_usable_size(block);
        void* const grown = realloc(block, opaque(usable));
        REQUIRE(reinterpret_cast<std::uintptr_t>(grown) == address);
        void* const same = realloc(grown, opaque(size + (usable - size) / 2));
        REQUIRE(reinterpret_cast<std::uintptr_t>(same) == address);
        free(same);
    }
}

TEST_CASE("a block that grows a little at a time keeps its contents") {
    constexpr std::size_t kLargest = 300'000;
    unsigned char* block = nullptr;
    std::size_t filled = 0;
    for (std::size_t size = 1; size < kLargest; size += 1 + size / 100) {
        block = bytes(realloc(block, opaque(size)));
        REQUIRE(block != nullptr);
        for (; filled < size; ++filled)
            block[filled] = expected(filled, 9);
    }
    CHECK(holds(block, filled, 9));
    while (filled > 1) {
        filled = filled * 9 / 10;
        block = bytes(realloc(block, opaque(filled)));
        REQUIRE(block != nullptr);
        REQUIRE(holds(block, filled < 64 ? filled : 64, 9));
    }
    CHECK(holds(block, filled, 9));
    free(block);
}

TEST_CASE("a block of another thread can be resized") {
    std::vector<unsigned char*> blocks;
    std::thread([&blocks] {
        for (const std::size_t size : kSizes) {
            blocks.push_back(bytes(malloc(opaque(size))));
            if (blocks.back() != nullptr) fill(blocks.back(), size, 10);
        }
    }).join();
    for (std::size_t i = 0; i < blocks.size(); ++i) {
        INFO("size " << kSizes[i]);
        REQUIRE(blocks[i] != nullptr);
        blocks[i] = bytes(realloc(blocks[i], opaque(kSizes[i] * 3)));
        REQUIRE(blocks[i] != nullptr);
        REQUIRE(holds(blocks[i], kSizes[i], 10));
        free(blocks[i]);
    }
}

TEST_CASE("a random walk of resizes keeps every block's contents") {
    const auto seed = std::random_device{}();
    INFO("seed " << seed);
    std::mt19937 random(seed);
    struct Live {
        unsigned char* block = nullptr;
        std::size_t size = 0;
        unsigned char seed = 0;
    };
    std::vector<Live> live(64);
    constexpr int kOperations = 30'000;
    for (int i = 0; i < kOperations; ++i) {
        Live& slot = live[random() % live.size()];
        const std::size_t size = 1 + random() % (std::size_t{16} << (random() % 14));
        slot.block = bytes(realloc(slot.block, opaque(size)));
        REQUIRE(slot.block != nullptr);
        REQUIRE(holds(slot.block, slot.size < size ? slot.size : size, slot.seed));
        slot.size = size;
        slot.seed = static_cast<unsigned char>(random());
        fill(slot.block, slot.size, slot.seed);
    }
    for (const Live& slot : live)
        free(slot.block);
}
