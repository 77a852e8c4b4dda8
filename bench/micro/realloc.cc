// SPDX-License-Identifier: MIT
// realloc: a block grows to the next size and shrinks back, again and again. Allocators differ in when they
// move the block, which copies it. An operation is one realloc.
#include "micro/counters.h"
#include "micro/sizes.h"

namespace bench::micro {

namespace {

void realloc_back_and_forth(benchmark::State& state) {
    const std::int64_t small = state.range(0);
    const std::int64_t large = next_size(small);
    const Counters counters(state);
    void* block = std::malloc(static_cast<std::size_t>(small));
    for ([[maybe_unused]] auto iteration : state) {
        for (const std::int64_t size : {large, small}) {
            void* const moved = std::realloc(block, static_cast<std::size_t>(size));
            if (!touched(state, moved)) {
                break;
            }
            block = moved;
        }
    }
    std::free(block);
    counters.report(small, 2);
}
const bool kRegistered = for_every_size("realloc", realloc_back_and_forth);

} // namespace

} // namespace bench::micro
