// SPDX-License-Identifier: MIT
//
// The whole heap on a machine with several nodes, and bound to the only node.
#include "../support/child.h"
#include "../support/nodes.h"
#include "layout/superslab.h"

#include <ashlar/ashlar.h>

#include <atomic>
#include <catch2/catch.hpp>
#include <cstddef>
#include <cstring>
#include <thread>
#include <vector>

namespace {

using namespace ashlar; // NOLINT(google-build-using-namespace): the layer under test

constexpr std::size_t kSizes[] = {16, 1000, 8192, 32768, 100'000, 3'000'000};

unsigned node_of(const void* block) {
    return layout::superslabs.node_of(layout::window.slice_of(block));
}

UNIT_TEST_CASE_IN_CHILD("nodes: threads of one node share no superslab with those of another",
                        unit::kDefaultHeap) {
    const unit::Nodes machine(4);
    std::atomic<unsigned> faults = 0;
    std::vector<std::thread> threads;
    for (unsigned node = 0; node < 4; ++node) {
        threads.emplace_back([node, &faults] {
            unit::node_here = node;
            std::vector<void*> blocks;
            for (unsigned round = 0; round < 50; ++round) {
                for (const std::size_t size : kSizes) {
                    void* const block = ashlar_malloc(size);
                    if (block == nullptr || node_of(block) != node) ++faults;
                    std::memset(block, 1, size);
                    blocks.push_back(block);
                }
                void*& grown = blocks[round % blocks.size()];
                grown = ashlar_realloc(grown, ashlar_malloc_usable_size(grown) * 2);
                if (grown == nullptr || node_of(grown) != node) ++faults;
                if (round % 10 != 9) continue;
                for (void* block : blocks)
                    ashlar_free(block);
                blocks.clear();
            }
        });
    }
    for (std::thread& thread : threads)
        thread.join();
    REQUIRE(faults == 0);
}

UNIT_TEST_CASE_IN_CHILD("nodes: a large block that grows takes its memory along", unit::kDefaultHeap) {
    const unit::Nodes machine(2);
    void* const block = ashlar_malloc(4'000'000);
    void* const behind = ashlar_malloc(100'000);
    unit::node_here = 1;
    void* const moved = ashlar_realloc(block, 8'000'000); // moves the page tables
    REQUIRE(moved != block);
    REQUIRE(node_of(moved) == 0);
    REQUIRE(node_of(ashlar_malloc(100'000)) == 1);
    ashlar_free(behind);
    ashlar_free(moved);
}

UNIT_TEST_CASE_IN_CHILD("nodes: switched off there is one", "numa:off") {
    const unit::Nodes machine(2);
    unit::node_here = 1;
    for (const std::size_t size : kSizes)
        REQUIRE(node_of(ashlar_malloc(size)) == 0);
}

// The kernel may bind or refuse.
UNIT_TEST_CASE_IN_CHILD("nodes: a bound heap serves", "numa:bind") {
    for (unsigned round = 0; round < 20; ++round) {
        for (const std::size_t size : kSizes) {
            void* block = ashlar_malloc(size);
            std::memset(block, 1, size);
            block = ashlar_realloc(block, size * 2);
            REQUIRE(block != nullptr);
            if (round % 2 == 0) ashlar_free(block);
        }
        ashlar_malloc_trim(0);
    }
}

} // namespace
