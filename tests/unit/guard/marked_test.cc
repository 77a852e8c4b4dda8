// SPDX-License-Identifier: MIT
//
// The address sanitizer reports accesses outside blocks of Ashlar's own heap. Other builds have no marks.
#include "os/marking.h"

#if defined(ASHLAR_MARKS_FOR_ASAN)

#include "../support/child.h"

#include <ashlar/ashlar.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <cstddef>
#include <cstring>
#include <string>
#include <thread>

namespace {

using Catch::Matchers::Contains;

volatile char* allocate(std::size_t size) {
    auto* const block = static_cast<volatile char*>(ashlar_malloc(size));
    REQUIRE(ashlar_owns(const_cast<char*>(block)) == 1);
    return block;
}

void release(volatile char* block) {
    ashlar_free(const_cast<char*>(block));
}

// Sizes of small classes, of a class with slabs of several slices, and of large blocks.
const auto kSizes = {std::size_t{1},     std::size_t{16},     std::size_t{24},
                     std::size_t{64},    std::size_t{1000},   std::size_t{5000},
                     std::size_t{32768}, std::size_t{100000}, std::size_t{3} << 20};

template <typename Misdeed>
void require_reported(Misdeed misdeed) {
    for (const std::size_t size : kSizes) {
        const unit::Outcome outcome = unit::run_here([=] { misdeed(size); });
        INFO("blocks of " << size << " bytes\n" << outcome.describe());
        CHECK_FALSE(outcome.hung);
        CHECK_THAT(outcome.errors, Contains("AddressSanitizer: use-after-poison"));
    }
}

} // namespace

TEST_CASE("the address sanitizer reports reading a freed block") {
    require_reported([](std::size_t size) {
        volatile char* const block = allocate(size);
        release(block);
        static_cast<void>(block[size / 2]);
    });
}

TEST_CASE("the address sanitizer reports writing to a block that another thread freed and trimmed") {
    require_reported([](std::size_t size) {
        volatile char* const block = allocate(size);
        std::thread([&] {
            release(block);
            ashlar_malloc_trim(0);
        }).join();
        block[0] = 1;
    });
}

TEST_CASE("the address sanitizer reports the first byte behind a block") {
    require_reported([](std::size_t size) {
        volatile char* const block = allocate(size);
        volatile char* const neighbour = allocate(size);
        block[size - 1] = 1;
        neighbour[size - 1] = 1;
        block[size] = 1;
    });
}

TEST_CASE("the address sanitizer reports the byte before a block that follows another") {
    require_reported([](std::size_t size) {
        if (size > std::size_t{1} << 20)
            size = 1000; // large blocks start at a superslab, so no block precedes them
        volatile char* const one = allocate(size);
        volatile char* const other = allocate(size);
        std::max(one, other)[-1] = 1;
    });
}

TEST_CASE("the address sanitizer reports the first byte behind a block that was resized") {
    require_reported([](std::size_t size) {
        auto* const block = static_cast<volatile char*>(ashlar_realloc(ashlar_malloc(size), size + size / 2));
        block[size + size / 2 - 1] = 1;
        block[size + size / 2] = 1;
    });
}

TEST_CASE(
    "the address sanitizer reports a block that is freed twice, resized or asked about when it is free") {
    require_reported([](std::size_t size) {
        volatile char* const block = allocate(size);
        release(block);
        release(block);
    });
    require_reported([](std::size_t size) {
        volatile char* const block = allocate(size);
        release(block);
        ashlar_realloc(const_cast<char*>(block), size + 1);
    });
    require_reported([](std::size_t size) {
        volatile char* const block = allocate(size);
        release(block);
        static_cast<void>(ashlar_malloc_usable_size(const_cast<char*>(block)));
    });
}

TEST_CASE("a pointer into a block is reported when it is freed, not when the cache returns it") {
    const unit::Outcome outcome = unit::run_here([] { release(allocate(1000) + 16); });
    INFO(outcome.describe());
    CHECK(outcome.killed_by(SIGABRT));
    CHECK_THAT(outcome.errors, Contains("16 bytes into the block at"));
}

TEST_CASE("what a program may touch is not reported") {
    for (const std::size_t size : kSizes) {
        void* block = ashlar_calloc(1, size);
        CHECK(static_cast<const char*>(block)[size - 1] == 0);
        const std::size_t usable = ashlar_malloc_usable_size(block);
        REQUIRE(usable >= size);
        std::memset(block, 'a', usable);
        block = ashlar_realloc(block, 3 * size);
        CHECK(static_cast<const char*>(block)[size - 1] == 'a');
        std::memset(block, 'b', 3 * size);
        block = ashlar_realloc(block, size);
        CHECK(static_cast<const char*>(block)[size - 1] == 'b');
        ashlar_free(block);
        block = ashlar_aligned_alloc(256, size);
        std::memset(block, 'c', size);
        ashlar_free(block);
    }
    void* const nothing = ashlar_malloc(0);
    REQUIRE(nothing != nullptr);
    ashlar_free(nothing);
}

#endif
