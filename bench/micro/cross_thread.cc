// SPDX-License-Identifier: MIT
// cross_thread: threads in pairs, of which one allocates batches of blocks and the other releases them; empty
// batches go back. An operation is one call, malloc or free. With one thread there is nothing to measure.
#include "micro/counters.h"
#include "micro/sizes.h"
#include "support/bounded_queue.h"

#include <array>

namespace bench::micro {

namespace {

constexpr std::size_t kBlocksPerBatch = 64;
constexpr std::uint32_t kBatches = 16; // of a pair

using Batch = std::array<void*, kBlocksPerBatch>;

// All threads of a benchmark make as many iterations, so all batches are back when it ends: the next one
// finds them as they were.
struct Pair {
    std::array<Batch, kBatches> batches{};
    BoundedQueue<Batch*, kBatches> full{};
    BoundedQueue<Batch*, kBatches> empty{};

    Pair() {
        for (Batch& batch : batches) {
            empty.push(&batch);
        }
    }
};

// A pair goes on to the end even where a block is missing: its other half waits for every batch.
void cross_thread(benchmark::State& state) {
    static std::array<Pair, kMostThreads / 2> pairs;
    Pair& pair = pairs[static_cast<std::size_t>(state.thread_index()) / 2];
    const bool allocates = state.thread_index() % 2 == 0;
    const auto size = static_cast<std::size_t>(state.range(0));
    const Counters counters(state);
    for ([[maybe_unused]] auto iteration : state) {
        Batch* const batch = allocates ? *pair.empty.pop() : *pair.full.pop(); // never closed
        for (void*& block : *batch) {
            if (allocates) {
                block = std::malloc(size);
                benchmark::DoNotOptimize(block);
            } else {
                std::free(block);
            }
        }
        (allocates ? pair.full : pair.empty).push(batch);
    }
    counters.report(state.range(0), static_cast<double>(kBlocksPerBatch));
}

const bool kRegistered = for_every_size("cross_thread", cross_thread, 2);

} // namespace

} // namespace bench::micro
