// SPDX-License-Identifier: MIT
#include "../support/child.h"
#include "guard/large_blocks.h"
#include "guard/live_map.h"
#include "heap/heap.h"
#include "os/config.h"

#include <ashlar/ashlar.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <utility>

namespace {

using namespace ashlar;        // NOLINT(google-build-using-namespace): the layer under test
using namespace ashlar::guard; // NOLINT(google-build-using-namespace): the layer under test

using large_blocks::Contents;
using layout::window;

constexpr std::size_t kSizes[] = {32'761, 40'000, 61'439, 61'440, 65'536, 200'000, 3'000'000};

char* make(std::size_t size, unsigned alignment_shift = 4, Contents contents = Contents::kAny) {
    secret.prepare();
    auto* const block = static_cast<char*>(
        large_blocks::allocate({.size = size, .alignment_shift = alignment_shift}, contents));
    if (block == nullptr || !window.contains(block)) FAIL("no block");
    if (!live_map.begin(window.offset_of(block))) FAIL("live already");
    return block;
}

void drop(void* block) {
    if (!live_map.end(window.offset_of(block))) FAIL("not live");
    large_blocks::release(block);
}

UNIT_TEST_CASE_IN_CHILD("large blocks: every byte asked for may be written, at any alignment",
                        unit::kDefaultHeap) {
    for (const std::size_t size : kSizes) {
        for (const unsigned shift : {4U, 12U, 13U, 16U, 17U, 21U}) {
            char* const block = make(size, shift);
            REQUIRE(reinterpret_cast<std::uintptr_t>(block) % (std::size_t{1} << shift) == 0);
            std::memset(block, 7, size);
            REQUIRE(large_blocks::facts_of(block).size == size);
            REQUIRE(large_blocks::around(block + size / 2) == block);
            drop(block);
        }
    }
    REQUIRE(large_blocks::bytes() != 0);
    REQUIRE(large_blocks::return_all());
    REQUIRE(large_blocks::bytes() == 0);
}

UNIT_TEST_CASE_IN_CHILD("large blocks: zeroed ones are, also of used memory", unit::kDefaultHeap) {
    for (int round = 0; round < 3; ++round) {
        for (const std::size_t size : kSizes) {
            char* const block = make(size, 4, Contents::kZero);
            REQUIRE(std::all_of(block, block + size, [](char byte) { return byte == 0; }));
            std::memset(block, 7, size);
            drop(block);
            large_blocks::return_all();
        }
    }
}

TEST_CASE("large blocks: a page before, a page behind, and released memory fault") {
    for (const std::size_t size : kSizes) {
        const std::pair<const char*, void (*)(volatile char*, std::size_t)> offences[] = {
            {"before", [](volatile char* block, std::size_t) { block[-1] = 0; }},
            {"behind",
             [](volatile char* block, std::size_t length) { block[length + canary::kWatched + 4096] = 0; }},
            {"released", [](volatile char* block, std::size_t length) {
                 drop(const_cast<char*>(block));
                 block[length / 2] = 0;
             }}};
        for (const auto& [name, commit] : offences) {
            INFO(name << ", size " << size);
            const unit::Outcome outcome = unit::run_here([size, offence = commit] {
                std::signal(SIGSEGV, SIG_DFL);
                offence(make(size), size);
            });
            CHECK(outcome.killed_by(SIGSEGV));
        }
    }
}

UNIT_TEST_CASE_IN_CHILD("large blocks: bytes behind the block are watched", unit::kDefaultHeap) {
    for (const std::size_t size : kSizes) {
        char* const block = make(size);
        REQUIRE(large_blocks::overflow(block) == 0);
        block[size + 2] = 0;
        REQUIRE(large_blocks::overflow(block) == 3);
        drop(block);
    }
}

UNIT_TEST_CASE_IN_CHILD("large blocks: resized where they are, they keep what they hold",
                        unit::kDefaultHeap) {
    char* const block = make(100'000);
    std::memset(block, 7, 100'000);
    std::size_t held = 100'000;
    for (const std::size_t size : {100'001U, 104'000U, 120'000U, 90'000U, 400'000U, 70'000U, 69'632U}) {
        if (!large_blocks::resize_in_place(block, size)) continue; // nobody promises room
        held = std::min(held, size);
        REQUIRE(std::all_of(block, block + held, [](char byte) { return byte == 7; }));
        std::memset(block, 7, size);
        held = size;
        REQUIRE(large_blocks::facts_of(block).size == size);
    }
    drop(block);
}

UNIT_TEST_CASE_IN_CHILD("large blocks: without guards they serve all the same", "") {
    os::settings.guard_pages = 0;
    for (const std::size_t size : kSizes) {
        char* const block = make(size);
        std::memset(block, 7, size);
        REQUIRE(large_blocks::resize_in_place(block, size - 1000));
        drop(block);
    }
    REQUIRE_FALSE(large_blocks::return_all());
}

} // namespace
