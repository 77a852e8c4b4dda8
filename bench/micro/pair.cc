// SPDX-License-Identifier: MIT
// pair: malloc and free of the same block at once. This is the shortest path: the block leaves the thread
// cache and returns to it. An operation is both calls.
#include "micro/counters.h"
#include "micro/sizes.h"

namespace bench::micro {

namespace {

void pair(benchmark::State& state) {
    const auto size = static_cast<std::size_t>(state.range(0));
    const Counters counters(state);
    for ([[maybe_unused]] auto iteration : state) {
        void* const block = std::malloc(size);
        if (!touched(state, block)) {
            break;
        }
        std::free(block);
    }
    counters.report(state.range(0), 1);
}
const bool kRegistered = for_every_size("pair", pair);

} // namespace

} // namespace bench::micro
