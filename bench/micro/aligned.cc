// SPDX-License-Identifier: MIT
// aligned: posix_memalign and free at once, aligned to a cache line and to a page. An operation is both
// calls.
#include "micro/counters.h"
#include "micro/sizes.h"

namespace bench::micro {

namespace {

void aligned(benchmark::State& state, std::size_t alignment) {
    const auto size = static_cast<std::size_t>(state.range(0));
    const Counters counters(state);
    for ([[maybe_unused]] auto iteration : state) {
        void* block = nullptr;
        if (posix_memalign(&block, alignment, size) != 0) {
            block = nullptr;
        }
        if (!touched(state, block)) {
            break;
        }
        std::free(block);
    }
    counters.report(state.range(0), 1);
}

void aligned_to_cache_line(benchmark::State& state) {
    aligned(state, 64);
}
const bool kCacheLine = for_every_size("aligned/alignment:64", aligned_to_cache_line);

void aligned_to_page(benchmark::State& state) {
    aligned(state, 4096);
}
const bool kPage = for_every_size("aligned/alignment:4096", aligned_to_page);

} // namespace

} // namespace bench::micro
