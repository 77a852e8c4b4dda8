// SPDX-License-Identifier: MIT
//
// Addresses outside of the window. In this program the C library's malloc is beside the heap, and has blocks
// in use at all times.
#include "../support/build_kind.h"
#include "guard/foreign.h"

#include <array>
#include <catch2/catch.hpp>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <malloc.h>
#include <sys/mman.h>
#include <thread>
#include <vector>

namespace {

using ashlar::guard::foreign::may_be_block;

alignas(16) std::array<std::uint64_t, 64> global;

TEST_CASE("foreign: every block of the C library may be one") {
    UNIT_SKIP_IF(unit::kSanitizer, "malloc is the sanitizer's");
    ashlar::guard::foreign::prepare();
    const auto look = [] {
        std::vector<void*> blocks;
        for (std::size_t size = 0; size < 5'000'000; size += 1 + size / 3) {
            for (const std::size_t alignment : {16U, 64U, 4096U}) {
                blocks.push_back(std::malloc(size));
                if (!may_be_block(blocks.back())) return false;
                blocks.push_back(::memalign(alignment, size));
                if (!may_be_block(blocks.back())) return false;
            }
        }
        for (void* const block : blocks)
            std::free(block);
        return true;
    };
    errno = E2BIG;
    CHECK(look());
    bool in_thread = false; // another arena
    std::thread([&] { in_thread = look(); }).join();
    CHECK(in_thread);
}

TEST_CASE("foreign: what is no block is none, and nothing is read that cannot be") {
    UNIT_SKIP_IF(unit::kSanitizer, "malloc is the sanitizer's");
    ashlar::guard::foreign::prepare();
    void* const held = std::malloc(100); // so that the address has to be looked at
    global.fill(0x41);                   // as blocks of 64 bytes would have it
    CHECK_FALSE(may_be_block(&global[8]));
    CHECK_FALSE(may_be_block(reinterpret_cast<void*>(std::uintptr_t{8})));
    CHECK_FALSE(may_be_block(reinterpret_cast<void*>(std::uintptr_t{4096})));
    CHECK_FALSE(may_be_block(reinterpret_cast<void*>(~std::uintptr_t{0})));
    CHECK_FALSE(may_be_block(reinterpret_cast<void*>(std::uintptr_t{0xdeadbeefdeadbee0})));
    CHECK_FALSE(may_be_block(reinterpret_cast<void*>(&may_be_block)));
    CHECK_FALSE(may_be_block(static_cast<char*>(held) + 8));
    constexpr std::size_t kLength = 1 << 20;
    void* const mapped = ::mmap(nullptr, kLength, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    REQUIRE(mapped != MAP_FAILED);
    CHECK_FALSE(may_be_block(static_cast<char*>(mapped) + 4096));
    REQUIRE(::mprotect(mapped, kLength, PROT_NONE) == 0);
    errno = E2BIG;
    CHECK_FALSE(may_be_block(static_cast<char*>(mapped) + 4096));
    CHECK(errno == E2BIG);
    REQUIRE(::munmap(mapped, kLength) == 0);
    CHECK_FALSE(may_be_block(static_cast<char*>(mapped) + 4096));
    std::free(held);
}

} // namespace
