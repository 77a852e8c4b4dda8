// SPDX-License-Identifier: MIT
// cross_thread: pairs of threads, of which one allocates batches of blocks and the other releases them. Empty
// batches are returned. An operation is one call, malloc or free. A single thread has nothing to measure.
#include "micro/counters.h"
#include "micro/sizes.h"
#include "support/bounded_queue.h"

#include <array>

namespace bench::micro {

namespace {

constexpr std::size_t kBlocksPerBatch = 64;
constexpr std::uint32_t kBatches = 16; // batches of a pair

using Batch = std::array<void*, kBlocksPerBatch>;

// All threads of a benchmark make equally many iterations, so all batches are back at its end. The next
// benchmark finds them in their first state.
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

// A pair continues to the end even if a block is missing, because its other half waits for every batch.
void cross_thread(benchmark::State& state) {
    static std::array<Pair, kMostThreads / 2> pairs;
    Pair& pair = pairs[static_cast<std::size_t>(state.thread_index()) / 2];
    const bool allocates = state.thread_index() % 2 == 0;
    const auto size = static_cast<std::size_t>(state.range(0));
    const Counters counters(state);
    for ([[maybe_unused]] auto iteration : state) {
        Batch* const batch = allocates ? *pair.empty.pop() : *pair.full.pop(); // neither queue is closed
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
