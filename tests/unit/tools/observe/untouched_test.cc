// SPDX-License-Identifier: MIT
#include "observe/untouched.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <unistd.h>
#include <vector>

using namespace ashlar;
using namespace ashlar::observe;

namespace {

constexpr std::size_t kPage = 4096;

struct Pages {
    explicit Pages(std::size_t count) : bytes((count + 1) * kPage) {
        const auto start = reinterpret_cast<std::uintptr_t>(bytes.data());
        first = bytes.data() + (kPage - start % kPage) % kPage;
    }
    process::PageSpan span(std::size_t begin, std::size_t end) const {
        const auto start = reinterpret_cast<process::Address>(first);
        return {.begin = start + begin * kPage, .end = start + end * kPage, .is_present = true};
    }
    std::vector<char> bytes;
    char* first;
};

} // namespace

TEST_CASE("few pages are looked at one by one") {
    Pages pages(100);
    for (std::size_t page = 0; page < 100; page += 4) {
        pages.first[page * kPage + page] = 1;
    }
    const process::Memory memory(getpid());
    CHECK(untouched_bytes(memory, {pages.span(0, 40), pages.span(40, 100)}) == 75 * kPage);
    CHECK(untouched_bytes(memory, {}) == 0);
    CHECK(untouched_bytes(memory, {{.begin = 0, .end = 10 * kPage}}) == 0); // unreadable, therefore unknown
}

TEST_CASE("many pages are estimated, also where blocks lie at even distances") {
    constexpr std::size_t kCount = 16384;
    Pages pages(kCount);
    const process::Memory memory(getpid());
    for (const std::size_t distance : {512U, 32U, 2U}) {
        std::fill(pages.bytes.begin(), pages.bytes.end(), 0);
        for (std::size_t page = 0; page < kCount; page += distance) {
            pages.first[page * kPage] = 1;
        }
        const double share = static_cast<double>(untouched_bytes(memory, {pages.span(0, kCount)})) /
                             static_cast<double>(kCount * kPage);
        const double truth = 1 - 1.0 / static_cast<double>(distance);
        INFO(distance << ": " << share);
        CHECK(std::abs(share - truth) < 3 * 0.023);
    }
}
