// SPDX-License-Identifier: MIT
// calloc: calloc and free of the same block at once. An allocator need not clear memory that is known to be
// zero, but here the memory was written to. An operation is both calls.
#include "micro/counters.h"
#include "micro/sizes.h"

namespace bench::micro {

namespace {

void calloc_pair(benchmark::State& state) {
    const auto size = static_cast<std::size_t>(state.range(0));
    const Counters counters(state);
    for ([[maybe_unused]] auto iteration : state) {
        void* const block = std::calloc(1, size);
        if (!touched(state, block)) {
            break;
        }
        std::free(block);
    }
    counters.report(state.range(0), 1);
}
const bool kRegistered = for_every_size("calloc", calloc_pair);

} // namespace

} // namespace bench::micro
