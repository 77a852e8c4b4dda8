// SPDX-License-Identifier: MIT
//
// A tracer that attaches raises a semaphore in the process's memory. The semaphore alone starts sampling.
#include "../support/build_kind.h"
#include "../support/child.h"
#include "../support/folder.h"
#include "heap/large.h"
#include "heap/sampling.h"
#include "layout/window.h"
#include "os/memory_probes.h"
#include "slab/supply.h"

#include <ashlar/ashlar.h>

#include <catch2/catch.hpp>
#include <cstddef>
#include <vector>

#if __has_include(<sys/sdt.h>)

namespace {

using namespace ashlar; // NOLINT(google-build-using-namespace): the layers under test

bool is_sample(const void* block) {
    if (!layout::window.contains(block)) return false;
    const auto header = layout::window.header_of(block);
    return header == slab::kSampled || (header == heap::large::kHeader && heap::large::number_of(block) != 0);
}

std::size_t samples() {
    std::size_t count = 0;
    heap::sampling::for_each([](void* context, const heap::sampling::Facts&,
                                const void*) { ++*static_cast<std::size_t*>(context); },
                             &count);
    return count;
}

std::vector<void*> allocate(std::size_t count, std::size_t size) {
    std::vector<void*> blocks;
    for (std::size_t i = 0; i < count; ++i)
        blocks.push_back(ashlar_malloc(size));
    return blocks;
}

void release(const std::vector<void*>& blocks) {
    for (void* const block : blocks)
        ashlar_free(block);
}

UNIT_TEST_CASE_IN_CHILD("memory probes: a raised semaphore starts sampling and a lowered one ends it",
                        "profile_cost:0") {
    constexpr std::size_t kBlocks = 20'000;
    constexpr std::size_t kSize = 4000; // 76 MiB in total: 152 samples at 512 KiB
    release(allocate(kBlocks, kSize));
    REQUIRE(samples() == 0);
    otel_memory_alloc_semaphore = 1;
    const std::vector<void*> blocks = allocate(kBlocks, kSize);
    std::size_t found = 0;
    for (const void* const block : blocks)
        found += is_sample(block) ? 1 : 0;
    REQUIRE(found > 90); // five standard deviations below
    REQUIRE(found < 215);
    REQUIRE(samples() == found);
    ashlar_profile_state state{};
    REQUIRE(ashlar_profile_status(&state, sizeof(state)) == 0);
    REQUIRE(state.recording == 0);
    otel_memory_free_semaphore = 1;
    release(blocks);
    REQUIRE(samples() == 0);
    otel_memory_alloc_semaphore = 0;
    release(allocate(200, kSize)); // uses up the allowance that is left
    release(allocate(kBlocks, kSize));
    const std::vector<void*> later = allocate(kBlocks, kSize);
    REQUIRE(samples() == 0);
    release(later);
}

UNIT_TEST_CASE_IN_CHILD("memory probes: beside a recording both get the samples", "profile_cost:0") {
    const unit::Folder folder;
    otel_memory_alloc_semaphore = 1;
    const std::vector<void*> before = allocate(2000, 4000);
    const std::size_t others = samples();
    REQUIRE(ashlar_profile_start(16384, folder.path().c_str()) == 0);
    const std::vector<void*> blocks = allocate(2000, 4000);
    ashlar_profile_state state{};
    REQUIRE(ashlar_profile_status(&state, sizeof(state)) == 0);
    REQUIRE(state.samples == samples() - others);
    REQUIRE(state.samples > 300);
    release(before); // blocks unknown to the file
    ashlar_profile_state again{};
    REQUIRE(ashlar_profile_status(&again, sizeof(again)) == 0);
    REQUIRE(again.live == state.live);
    REQUIRE(ashlar_profile_stop() == 0);
    release(allocate(2000, 4000));
    REQUIRE(samples() == state.samples);
    release(blocks);
    REQUIRE(samples() == 0);
}

} // namespace

#endif
