// SPDX-License-Identifier: MIT
//
// Huge pages after most blocks of their slabs are freed.
#include "../support/build_kind.h"
#include "../support/child.h"
#include "layout/superslab.h"
#include "os/counters.h"
#include "os/huge_pages.h"

#include <ashlar/ashlar.h>

#include <catch2/catch.hpp>
#include <cstddef>
#include <vector>

namespace {

constexpr std::size_t kBlock = 1024;
constexpr std::size_t kBlocks = 320 * 1024; // 320 MiB; the last part gets huge pages

// Keeps one block in 64, in one of sixteen pages of a slab. Returns the number of broken huge pages.
std::size_t broken_up() {
    std::vector<void*> blocks(kBlocks);
    for (void*& block : blocks)
        block = ashlar_malloc(kBlock);
    REQUIRE(ashlar::layout::superslabs.is_huge(ashlar::layout::window.slice_of(blocks.back())));
    for (std::size_t i = 0; i < kBlocks; ++i) {
        if (i % 64 != 0) ashlar_free(blocks[i]);
    }
    return ashlar::os::counters.break_ups;
}

UNIT_TEST_CASE_IN_CHILD("huge pages: with huge_pages:auto unused pages break them up", "huge_pages:auto") {
    UNIT_SKIP_IF(!ashlar::os::huge_pages_allowed(), "the system gives none");
    const std::size_t broken = broken_up();
    CHECK(broken != 0);
    ashlar_statistics statistics{};
    REQUIRE(ashlar_get_statistics(&statistics, sizeof(statistics)) == 0);
    CHECK(statistics.break_ups == broken);
}

UNIT_TEST_CASE_IN_CHILD("huge pages: with huge_pages:always they outlive their blocks", "huge_pages:always") {
    UNIT_SKIP_IF(!ashlar::os::huge_pages_allowed(), "the system gives none");
    CHECK(broken_up() == 0);
}

} // namespace
