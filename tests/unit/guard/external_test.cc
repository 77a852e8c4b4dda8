// SPDX-License-Identifier: MIT
//
// Recognizes blocks of the C library's malloc. Callers reject addresses that no malloc returns. The tests of
// misuse and of the contract cover those.
#include "../support/build_kind.h"
#include "guard/external.h"

#include <catch2/catch.hpp>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <malloc.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <thread>
#include <vector>

namespace {

using ashlar::guard::external::looks_like_block;

TEST_CASE("external: every block of the C library may be one") {
    UNIT_SKIP_IF(unit::kSanitizer, "malloc is the sanitizer's");
    const auto look = [] {
        std::vector<void*> blocks;
        for (std::size_t size = 0; size < 5'000'000; size += 1 + size / 3) {
            for (const std::size_t alignment : {16U, 64U, 4096U}) {
                blocks.push_back(std::malloc(size));
                if (!looks_like_block(blocks.back())) return false;
                blocks.push_back(::memalign(alignment, size));
                if (!looks_like_block(blocks.back())) return false;
            }
        }
        for (void* const block : blocks)
            std::free(block);
        return true;
    };
    errno = E2BIG;
    CHECK(look());
    bool in_thread = false; // uses another arena
    std::thread([&] { in_thread = look(); }).join();
    CHECK(in_thread);
}

TEST_CASE("external: what is no block is none, and nothing is read that cannot be") {
    UNIT_SKIP_IF(unit::kSanitizer, "malloc is the sanitizer's");
    void* const held = std::malloc(100);
    CHECK_FALSE(looks_like_block(reinterpret_cast<void*>(std::uintptr_t{8})));
    CHECK_FALSE(looks_like_block(reinterpret_cast<void*>(std::uintptr_t{4096})));
    CHECK_FALSE(looks_like_block(reinterpret_cast<void*>(~std::uintptr_t{0})));
    CHECK_FALSE(looks_like_block(reinterpret_cast<void*>(std::uintptr_t{0xdeadbeefdeadbee0})));
    CHECK_FALSE(looks_like_block(static_cast<char*>(held) + 8));
    constexpr std::size_t kLength = 1 << 20;
    void* const mapped = ::mmap(nullptr, kLength, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    REQUIRE(mapped != MAP_FAILED);
    CHECK_FALSE(looks_like_block(static_cast<char*>(mapped) + 4096));
    REQUIRE(::mprotect(mapped, kLength, PROT_NONE) == 0);
    errno = E2BIG;
    CHECK_FALSE(looks_like_block(static_cast<char*>(mapped) + 4096));
    CHECK(errno == E2BIG);
    REQUIRE(::munmap(mapped, kLength) == 0);
    CHECK_FALSE(looks_like_block(static_cast<char*>(mapped) + 4096));
    std::free(held);
}

// A futex wait sleeps if the word equals the expected value, even with a timeout of zero.
TEST_CASE("external: looking does not sleep, whatever is there") {
    UNIT_SKIP_IF(unit::kSanitizer, "malloc is the sanitizer's");
    constexpr long kBlocks = 1000;
    std::vector<void*> blocks(kBlocks);
    for (void*& block : blocks) {
        block = std::malloc(200);
        std::memset(block, 0, ::malloc_usable_size(block));
    }
    const auto sleeps = [] {
        rusage usage{};
        ::getrusage(RUSAGE_THREAD, &usage);
        return usage.ru_nvcsw;
    };
    const long before = sleeps();
    for (void* const block : blocks)
        REQUIRE(looks_like_block(block));
    CHECK(sleeps() - before < kBlocks / 10);
    for (void* const block : blocks)
        std::free(block);
}

} // namespace
