// SPDX-License-Identifier: MIT
// batch: allocates 1000 blocks, or fewer where they would exceed 8 MiB, and releases them in the order of
// allocation. That is more than a thread cache holds, so the shared heap takes part. An operation is a malloc
// and a free.
#include "micro/block_array.h"

namespace bench::micro {

namespace {

constexpr std::int64_t kMostBlocks = 1000;
constexpr std::int64_t kMostBytes = 8 * 1024 * 1024;

void batch(benchmark::State& state) {
    BlockArray blocks(kMostBytes, state.range(0), kMostBlocks);
    const Counters counters(state);
    for ([[maybe_unused]] auto iteration : state) {
        blocks.allocate(state, [](void*, std::size_t) {});
        blocks.release();
    }
    counters.report(state.range(0), static_cast<double>(blocks.count()));
}
const bool kRegistered = for_every_size("batch", batch);

} // namespace

} // namespace bench::micro
