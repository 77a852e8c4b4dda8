// SPDX-License-Identifier: MIT
// producer_consumer: some threads allocate, others release. A producer fills a batch of blocks and puts it
// into a bounded queue. Any consumer takes the batch, releases the blocks and returns the empty batch. No
// thread releases a block that it allocated, and no consumer allocates: memory flows one way.
//
// A producer's requests depend on the seed and its number only. Any free consumer releases the blocks.
#include "support/block.h"
#include "support/bounded_queue.h"
#include "support/cache_line.h"
#include "support/command_line.h"
#include "support/mapped_array.h"
#include "support/random.h"
#include "support/team.h"
#include "support/workload.h"

#include <array>
#include <atomic>

namespace {

using bench::CommandLine;
using bench::Draw;
using bench::MappedArray;
using bench::Random;
using bench::SizeRange;

constexpr const char* kUsage =
    "usage: producer_consumer <operations> <size> <seed> [producers] [consumers] [--verify]\n"
    "  operations  calls of malloc and free by all threads, each counts one; rounded up to whole batches\n"
    "  size        bytes of a block, or a range such as 16-1k (both ends included)\n"
    "  seed        the same seed gives the same sizes under every allocator\n"
    "  producers   threads that allocate (1)\n"
    "  consumers   threads that release (as many)\n"
    "  --verify    fill every block and check its contents when it is released\n"
    "The last line printed is: Throughput = N operations per second\n";

constexpr std::uint32_t kMostThreads = 2048;
constexpr std::uint32_t kBlocksPerBatch = 64;
constexpr std::uint32_t kBatches = 64; // batches, full or empty
constexpr std::uint64_t kOperationsPerBatch = 2 * kBlocksPerBatch;

struct Settings {
    std::uint64_t operations;
    SizeRange sizes;
    std::uint64_t seed;
    std::uint32_t producers;
    std::uint32_t consumers;
};

template <typename Block>
using Batch = std::array<Block, kBlocksPerBatch>;

template <typename Block>
struct Run {
    using Queue = bench::BoundedQueue<Batch<Block>*, kBatches>;

    SizeRange sizes;
    std::uint64_t batches_per_producer;
    std::atomic<std::uint32_t> producing;
    alignas(bench::kCacheLinePair) Queue full{};
    alignas(bench::kCacheLinePair) Queue empty{};
};

template <typename Block>
void produce(Run<Block>& run, Random random) {
    for (std::uint64_t left = run.batches_per_producer; left != 0; --left) {
        Batch<Block>* const batch = *run.empty.pop(); // the queue is never closed
        for (Block& block : *batch) {
            Draw draw = random.draw();
            block.acquire(run.sizes.pick(draw), left);
        }
        run.full.push(batch);
    }
    if (--run.producing == 0) {
        run.full.close();
    }
}

template <typename Block>
void consume(Run<Block>& run) {
    while (const auto batch = run.full.pop()) {
        for (Block& block : **batch) {
            block.release();
        }
        run.empty.push(*batch);
    }
}

template <typename Block>
struct alignas(bench::kCacheLinePair) Worker {
    Run<Block>* run;
    bool produces;
    Random random;

    void prepare() {}
    void work() const {
        if (produces) {
            produce(*run, random);
        } else {
            consume(*run);
        }
    }
};

Settings read_settings(const CommandLine& line) {
    line.expect_between(3, 5);
    const auto producers = line.integer_or(1U, 3, "producers", 1, kMostThreads);
    return {
        .operations = line.integer(0, "operations", 1, std::uint64_t{1} << 60),
        .sizes = line.range(1, "size"),
        .seed = line.integer(2, "seed", 0, UINT64_MAX),
        .producers = producers,
        .consumers = line.integer_or(producers, 4, "consumers", 1, kMostThreads),
    };
}

template <typename Block>
void measure(const Settings& settings) {
    Run<Block> run{.sizes = settings.sizes,
                   .batches_per_producer =
                       bench::share_of(settings.operations, kOperationsPerBatch * settings.producers),
                   .producing = settings.producers};
    MappedArray<Batch<Block>> batches(kBatches);
    for (Batch<Block>& batch : batches) {
        run.empty.push(&batch);
    }
    MappedArray<Worker<Block>> workers(settings.producers + settings.consumers);
    for (std::uint32_t index = 0; index < workers.size(); ++index) {
        workers[index] = {.run = &run,
                          .produces = index < settings.producers,
                          .random = Random(bench::scramble(settings.seed) + index)};
    }
    const double seconds = bench::time_team(workers);
    bench::print_throughput(settings.producers * run.batches_per_producer * kOperationsPerBatch, seconds);
}

} // namespace

int main(int argc, char** argv) {
    return bench::run_workload(argc, argv, kUsage, read_settings,
                               []<typename Block>(const Settings& settings) { measure<Block>(settings); });
}
