// SPDX-License-Identifier: MIT
// batch: a thousand blocks (fewer where they would be more than 8 MiB) are allocated and then released, in
// the order of allocation. That is more than a thread's cache holds, so the shared heap is part of it. An
// operation is a malloc and a free.
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
