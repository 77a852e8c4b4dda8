// SPDX-License-Identifier: MIT
// glibc's extensions: mallopt, mallinfo, malloc_stats, malloc_info, malloc_trim.
#include "child.h"
#include "opaque.h"
#include "subject.h"

#include <catch2/catch.hpp>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <malloc.h>
#include <string>
#include <vector>

using contract::opaque;

namespace {

constexpr std::size_t kBlocks = 20'000;
constexpr std::size_t kSize = 1000;
constexpr std::size_t kTotal = kBlocks * kSize;

std::vector<void*> many_blocks() {
    std::vector<void*> blocks(kBlocks);
    for (void*& block : blocks) {
        block = malloc(opaque(kSize));
        REQUIRE(block != nullptr);
        std::memset(block, 1, kSize);
    }
    return blocks;
}

void free_all(const std::vector<void*>& blocks) {
    for (void* const block : blocks)
        free(block);
}

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"
struct mallinfo old_mallinfo() {
    return mallinfo();
}
#pragma GCC diagnostic pop

std::string malloc_info_text() {
    char* text = nullptr;
    std::size_t length = 0;
    FILE* const stream = open_memstream(&text, &length); // allocates during writes
    REQUIRE(stream != nullptr);
    CHECK(malloc_info(0, stream) == 0);
    REQUIRE(std::fclose(stream) == 0);
    std::string result(text, length);
    free(text);
    return result;
}

std::size_t occurrences(const std::string& text, const std::string& of) {
    std::size_t count = 0;
    for (std::size_t at = text.find(of); at != std::string::npos; at = text.find(of, at + 1))
        ++count;
    return count;
}

} // namespace

TEST_CASE("mallopt accepts every parameter it knows by name") {
    // Runs in a copy of the process, because System applies the values.
    REQUIRE_CLEAN(contract::run_here([] {
        constexpr int kSettings[][2] = {{M_MXFAST, 64},        {M_TRIM_THRESHOLD, 1 << 20},
                                        {M_TOP_PAD, 1 << 16},  {M_MMAP_THRESHOLD, 1 << 18},
                                        {M_MMAP_MAX, 1 << 16}, {M_CHECK_ACTION, 3},
                                        {M_PERTURB, 0},        {M_ARENA_TEST, 2},
                                        {M_ARENA_MAX, 2}};
        int refused = 0;
        for (const auto& [parameter, value] : kSettings) {
            if (mallopt(parameter, value) == 1) continue;
            std::fprintf(stderr, "mallopt(%d, %d) is refused\n", parameter, value);
            ++refused;
        }
        return refused;
    }));
}

TEST_CASE("mallinfo2 follows what the program holds") {
    const struct mallinfo2 before = mallinfo2();
    const std::vector<void*> blocks = many_blocks();
    const struct mallinfo2 during = mallinfo2();
    free_all(blocks);
    const struct mallinfo2 after = mallinfo2();
    CHECK(during.uordblks >= before.uordblks + kTotal);
    CHECK(during.uordblks <= before.uordblks + 2 * kTotal);
    CHECK(after.uordblks <= before.uordblks + kTotal / 4);
    CHECK(during.arena + during.hblkhd >= during.uordblks);
}

TEST_CASE("mallinfo2 counts large blocks") {
    constexpr std::size_t kLarge = std::size_t{4} << 20;
    constexpr std::size_t kCount = 8;
    const auto held = [] {
        const struct mallinfo2 info = mallinfo2();
        return info.uordblks + info.hblkhd;
    };
    const std::size_t before = held();
    std::vector<void*> blocks;
    for (std::size_t i = 0; i < kCount; ++i)
        blocks.push_back(malloc(opaque(kLarge)));
    const std::size_t during = held();
    free_all(blocks);
    const std::size_t after = held();
    CHECK(during >= before + kCount * kLarge);
    CHECK(after <= before + kLarge);
}

TEST_CASE("mallinfo tells the same in its narrower type") {
    const int before = old_mallinfo().uordblks;
    const std::vector<void*> blocks = many_blocks();
    const int during = old_mallinfo().uordblks;
    const struct mallinfo2 wide = mallinfo2();
    free_all(blocks);
    CHECK(during - before >= static_cast<int>(kTotal));
    CHECK(static_cast<std::size_t>(during) / 100 == wide.uordblks / 100);
}

TEST_CASE("malloc_stats writes to stderr alone") {
    const contract::Outcome outcome = contract::run_here([] {
        malloc_stats();
        return 0;
    });
    INFO(outcome.describe());
    CHECK(outcome.status == 0);
    CHECK(outcome.output.empty());
    CHECK(outcome.errors.size() > 20);
    CHECK(outcome.errors.back() == '\n');
}

TEST_CASE("malloc_info writes a document in XML") {
    const std::vector<void*> blocks = many_blocks();
    const std::string text = malloc_info_text();
    free_all(blocks);
    INFO(text);
    CHECK(text.rfind("<malloc version=", 0) == 0);
    REQUIRE(text.size() > 10);
    CHECK(text.substr(text.size() - 10) == "</malloc>\n");
    CHECK(occurrences(text, "<") == occurrences(text, ">"));
    CHECK(occurrences(text, "\"") % 2 == 0);
    // The numbers of opening and closing tags are equal.
    const std::size_t closing = occurrences(text, "</");
    const std::size_t empty = occurrences(text, "/>");
    CHECK(occurrences(text, "<") == 2 * closing + empty);
}

TEST_CASE("malloc_info refuses options it does not know") {
    CHECK(malloc_info(opaque(1), stderr) != 0);
}

TEST_CASE("malloc_trim tells whether it gave something back, and the heap works on") {
    for (int round = 0; round < 3; ++round) {
        free_all(many_blocks());
        const int given_back = malloc_trim(0);
        CHECK((given_back == 0 || given_back == 1));
        free_all(many_blocks());
        const int kept = malloc_trim(kTotal);
        CHECK((kept == 0 || kept == 1));
    }
    const std::size_t before = contract::resident_bytes();
    for (int round = 0; round < 10; ++round) {
        free_all(many_blocks());
        malloc_trim(0);
    }
    CHECK(contract::resident_bytes() < before + 2 * kTotal);
}
