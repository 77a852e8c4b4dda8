// SPDX-License-Identifier: MIT
//
// Tests what the entry points add to the heap: checks and rounding of arguments.
#include "../support/build_kind.h"

#include <ashlar/ashlar.h>

#include <catch2/catch.hpp>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <unistd.h>

namespace {

const auto kPage = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));

template <typename T>
T opaque(T value) {
    asm volatile("" : "+r"(value));
    return value;
}

bool aligned(const void* block, std::size_t alignment) {
    return reinterpret_cast<std::uintptr_t>(block) % alignment == 0;
}

TEST_CASE("family: aligned_alloc takes powers of two") {
    for (const std::size_t wrong : {0U, 3U, 24U, 4095U, 4097U}) {
        errno = 0;
        CHECK(ashlar_aligned_alloc(opaque(wrong), 100) == nullptr);
        CHECK(errno == EINVAL);
    }
    errno = 0;
    CHECK(ashlar_aligned_alloc(opaque(SIZE_MAX), 100) == nullptr);
    CHECK(errno == EINVAL);
    for (std::size_t alignment = 1; alignment <= 65536; alignment *= 2) {
        void* const block = ashlar_aligned_alloc(alignment, 100); // 100 is no multiple of most alignments
        CHECK(aligned(block, alignment));
        ashlar_free_aligned_sized(block, alignment, 100);
    }
}

TEST_CASE("family: memalign rounds the alignment up") {
    struct Rounding {
        std::size_t asked;
        std::size_t had;
    };
    for (const Rounding& r : {Rounding{0, 1},
                              {1, 1},
                              {3, 4},
                              {17, 32},
                              {33, 64},
                              {1000, 1024},
                              {4096, 4096},
                              {4097, 8192},
                              {40'000, 65'536}}) {
        CAPTURE(r.asked);
        void* const block = ashlar_memalign(r.asked, 10);
        REQUIRE(block != nullptr);
        CHECK(aligned(block, r.had));
        ashlar_free(block);
    }
    errno = 0;
    CHECK(ashlar_memalign(opaque(SIZE_MAX / 2 + 2), 1) == nullptr);
    CHECK(errno == EINVAL);
    errno = 0;
    CHECK(ashlar_memalign(opaque(SIZE_MAX), 1) == nullptr);
    CHECK(errno == EINVAL);
    errno = 0;
    CHECK(ashlar_memalign(opaque(SIZE_MAX / 2 + 1), 1) == nullptr);
    CHECK(errno == ENOMEM);
}

TEST_CASE("family: posix_memalign reports by its result") {
    void* const untouched = &errno;
    void* block = untouched;
    for (const std::size_t wrong : {0U, 1U, 2U, 4U, 12U, 24U, 4095U}) {
        CAPTURE(wrong);
        CHECK(ashlar_posix_memalign(&block, wrong, 100) == EINVAL);
        CHECK(block == untouched);
    }
    CHECK(ashlar_posix_memalign(&block, 64, opaque(SIZE_MAX - 100)) == ENOMEM);
    CHECK(block == untouched);
    CHECK(ashlar_posix_memalign(&block, SIZE_MAX / 2 + 1, 1) == ENOMEM);
    CHECK(block == untouched);
    errno = EDOM;
    for (std::size_t alignment = sizeof(void*); alignment <= 65536; alignment *= 2) {
        REQUIRE(ashlar_posix_memalign(&block, alignment, 0) == 0);
        CHECK(aligned(block, alignment));
        ashlar_free(block);
    }
    CHECK(errno == EDOM);
}

TEST_CASE("family: valloc and pvalloc give pages") {
    void* block = ashlar_valloc(100);
    CHECK(aligned(block, kPage));
    ashlar_free(block);
    for (const std::size_t size : {std::size_t{0}, std::size_t{1}, kPage, kPage + 1, 10 * kPage}) {
        block = ashlar_pvalloc(size);
        CAPTURE(size);
        REQUIRE(block != nullptr);
        CHECK(aligned(block, kPage));
        const std::size_t rounded = size == 0 ? kPage : (size + kPage - 1) / kPage * kPage;
        CHECK(ashlar_malloc_usable_size(block) >= rounded);
        std::memset(opaque(block), 1, rounded);
        ashlar_free(block);
    }
    for (const std::size_t size : {SIZE_MAX, SIZE_MAX - kPage, SIZE_MAX - kPage + 1, SIZE_MAX / 2 + 1}) {
        CAPTURE(size);
        errno = 0;
        CHECK(ashlar_pvalloc(opaque(size)) == nullptr);
        CHECK(errno == ENOMEM);
    }
}

TEST_CASE("family: products that overflow are refused and the block stays") {
    auto* const block = static_cast<char*>(ashlar_reallocarray(nullptr, 10, 10));
    REQUIRE(block != nullptr);
    std::strcpy(block, "still here");
    errno = 0;
    CHECK(ashlar_reallocarray(block, opaque(SIZE_MAX / 4), 5) == nullptr);
    CHECK(errno == ENOMEM);
    errno = 0;
    CHECK(ashlar_reallocarray(block, opaque(std::size_t{1} << 32), std::size_t{1} << 32) == nullptr);
    CHECK(errno == ENOMEM);
    CHECK(std::string(opaque(block)) == "still here");
    auto* const larger = static_cast<char*>(ashlar_reallocarray(block, 1000, 10));
    REQUIRE(larger != nullptr);
    CHECK(std::string(larger) == "still here");
    errno = 0;
    CHECK(ashlar_calloc(opaque(SIZE_MAX / 4), 5) == nullptr);
    CHECK(errno == ENOMEM);
    errno = EDOM;
    CHECK(ashlar_reallocarray(larger, 0, 10) == nullptr); // the block is freed
    CHECK(errno == EDOM);
}

TEST_CASE("family: blocks are owned by the heap that made them") {
    void* const block = ashlar_malloc(100);
    void* const large = ashlar_malloc(1'000'000);
    const int on_stack = 0;
    CHECK(ashlar_owns(block) == 1);
    CHECK(ashlar_owns(large) == 1);
    CHECK(ashlar_owns(&on_stack) == 0);
    CHECK(ashlar_owns(nullptr) == 0);
    ashlar_free_sized(block, 100);
    ashlar_free_sized(large, 1'000'000);
    ashlar_free_sized(nullptr, 0);
    ashlar_free_aligned_sized(nullptr, 16, 0);
}

TEST_CASE("family: the version has three numbers") {
    unsigned major = 0;
    unsigned minor = 0;
    unsigned patch = 0;
    char rest = 0;
    CHECK(std::sscanf(ashlar_version(), "%u.%u.%u%c", &major, &minor, &patch, &rest) == 3);
}

} // namespace
