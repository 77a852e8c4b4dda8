// SPDX-License-Identifier: MIT
// batch: a thousand blocks (fewer where they would be more than 8 MiB) are allocated and then released, in
// the order of allocation: more than a thread's cache holds, so the shared heap is part of it. An operation
// is a malloc and a free.
#include "micro/counters.h"
#include "micro/sizes.h"

#include <utility>

namespace bench::micro {

namespace {

constexpr std::size_t kMostBlocks = 1000;
constexpr std::int64_t kMostBytes = 8 * 1024 * 1024;

void batch(benchmark::State& state) {
    const auto size = static_cast<std::size_t>(state.range(0));
    std::vector<void*> blocks(blocks_in(kMostBytes, state.range(0), kMostBlocks));
    const Counters counters(state);
    for ([[maybe_unused]] auto iteration : state) {
        for (void*& block : blocks) {
            block = std::malloc(size);
            if (!touched(state, block)) {
                break;
            }
        }
        for (void*& block : blocks) {
            std::free(std::exchange(block, nullptr));
        }
    }
    counters.report(state.range(0), static_cast<double>(blocks.size()));
}
const bool kRegistered = for_every_size("batch", batch);

} // namespace

} // namespace bench::micro
