// SPDX-License-Identifier: MIT
//
// The canary behind a block. For every size in a room, its facts are readable and every changed byte is
// found.
#include "guard/canary.h"

#include <algorithm>
#include <array>
#include <catch2/catch.hpp>
#include <cstddef>

namespace {

using namespace ashlar::guard; // NOLINT(google-build-using-namespace): the layer under test

constexpr std::size_t kRoom = 160;

struct Block {
    alignas(16) std::array<char, kRoom> bytes{};

    Block() { secret.prepare(); }
    char* start() { return bytes.data(); }
};

TEST_CASE("canary: the facts of a block come back, and its bytes are left alone") {
    Block block;
    for (std::size_t size = 0; size <= kRoom - canary::kTrailer; ++size) {
        for (const Form form : {Form::kMalloc, Form::kNew, Form::kNewArray}) {
            INFO("size " << size);
            block.bytes.fill('u');
            canary::close(block.start(), kRoom, {.size = size, .alignment_shift = 12, .form = form});
            REQUIRE(std::all_of(block.start(), block.start() + size, [](char c) { return c == 'u'; }));
            canary::Facts facts;
            REQUIRE(canary::read(block.start(), kRoom, facts));
            CHECK(facts.size == size);
            CHECK(facts.alignment_shift == 12);
            CHECK(facts.form == form);
            CHECK(canary::overflow(block.start(), kRoom, facts) == 0);
            CHECK_FALSE(canary::is_usual_and_intact(block.start(), kRoom)); // because the block is aligned
            canary::close(block.start(), kRoom, {.size = size, .form = form});
            CHECK(canary::is_usual_and_intact(block.start(), kRoom) == (form == Form::kMalloc));
        }
    }
}

TEST_CASE("canary: each byte behind the block that is overwritten, with zero or anything, is found") {
    Block block;
    for (std::size_t size = 0; size <= kRoom - canary::kTrailer; ++size) {
        const std::size_t watched = std::min(kRoom - canary::kTrailer, size + canary::kWatched);
        for (std::size_t at = size; at < watched; ++at) {
            INFO("size " << size << ", byte " << at);
            canary::close(block.start(), kRoom, {.size = size});
            canary::Facts facts;
            const char before = block.bytes[at];
            block.bytes[at] = 0;
            REQUIRE(canary::read(block.start(), kRoom, facts));
            REQUIRE(canary::overflow(block.start(), kRoom, facts) == at - size + 1);
            REQUIRE_FALSE(canary::is_usual_and_intact(block.start(), kRoom));
            block.bytes[at] = static_cast<char>(before ^ 0x10);
            REQUIRE(canary::overflow(block.start(), kRoom, facts) == at - size + 1);
        }
    }
}

TEST_CASE("canary: the trailer is genuine only as it was written, and where it was written") {
    Block block;
    canary::close(block.start(), kRoom, {.size = 100});
    canary::Facts facts;
    const auto written = block.bytes;
    for (std::size_t at = kRoom - canary::kTrailer; at < kRoom; ++at) {
        INFO("byte " << at);
        block.bytes = written;
        REQUIRE(canary::is_usual_and_intact(block.start(), kRoom));
        block.bytes[at] = static_cast<char>(~block.bytes[at]);
        CHECK_FALSE(canary::is_usual_and_intact(block.start(), kRoom));
        CHECK_FALSE(canary::read(block.start(), kRoom, facts));
    }
    // A copy in another block is invalid, because each block has its own key.
    Block other;
    other.bytes = written;
    CHECK_FALSE(canary::read(other.start(), kRoom, facts));
}

TEST_CASE("canary: no byte of a key is zero or a letter, and keys differ") {
    secret.prepare();
    std::uint64_t last = 0;
    for (std::uintptr_t address = 0x10000; address < 0x20000; address += 16) {
        const std::uint64_t key = secret.key(reinterpret_cast<void*>(address));
        for (unsigned byte = 0; byte < 8; ++byte)
            REQUIRE((key >> byte * 8 & 0xff) >= 0x80);
        REQUIRE(key != last);
        last = key;
    }
}

TEST_CASE("canary: what a growing block takes of the slack says nothing of the key") {
    Block block;
    canary::close(block.start(), kRoom, {.size = 50});
    canary::forget_end(block.start(), 50, 90);
    canary::close(block.start(), kRoom, {.size = 90});
    CHECK(std::all_of(block.start() + 50, block.start() + 90, [](char c) { return c == 0; }));
}

} // namespace
