// SPDX-License-Identifier: MIT
// swapped_batches: threads that release each other's batches. A thread allocates a batch of small blocks and
// swaps it for the batch in an exchange, which all threads share. Then it releases the other batch. So nearly
// every block returns to memory from which another thread allocates at the same moment. An allocator whose
// threads wait for each other's locks shows many voluntary context switches.
//
// No thread of this program waits. A thread's sizes depend on the seed only, its batches on other threads.
#include "support/block.h"
#include "support/cache_line.h"
#include "support/command_line.h"
#include "support/mapped_array.h"
#include "support/random.h"
#include "support/team.h"
#include "support/workload.h"

#include <atomic>

namespace {

using bench::CommandLine;
using bench::Draw;
using bench::MappedArray;
using bench::Random;
using bench::SizeRange;

constexpr const char* kUsage =
    "usage: swapped_batches <operations> <size> <seed> <blocks> <threads> [--verify]\n"
    "  operations  calls of malloc and free by all threads, each counts one; rounded up to whole batches\n"
    "  size        bytes of a block, or a range such as 16-256 (both ends included)\n"
    "  seed        the same seed gives the same sizes under every allocator\n"
    "  blocks      of a batch\n"
    "  threads     how many\n"
    "  --verify    fill every block and check its contents when it is released\n"
    "The last line printed is: Throughput = N operations per second\n";

struct Settings {
    std::uint64_t operations;
    SizeRange sizes;
    std::uint64_t seed;
    std::uint32_t blocks;
    std::uint32_t threads;
};

template <typename Block>
struct alignas(bench::kCacheLinePair) Worker {
    Block* batches; // batches of all threads, one after the other
    std::uint32_t* exchange;
    std::uint32_t own; // number of a batch without blocks
    std::uint64_t turns;
    Settings settings;
    Random random;

    void prepare() {}

    void work() {
        for (std::uint64_t left = turns; left != 0; --left) {
            Block* const fresh = batch(own);
            for (std::uint32_t index = 0; index < settings.blocks; ++index) {
                Draw draw = random.draw();
                fresh[index].acquire(settings.sizes.pick(draw), left);
            }
            own = std::atomic_ref(*exchange).exchange(own, std::memory_order_acq_rel);
            release(batch(own), settings.blocks);
        }
    }

    Block* batch(std::uint32_t number) const { return batches + std::size_t{number} * settings.blocks; }

    static void release(Block* blocks, std::uint32_t count) {
        for (std::uint32_t index = 0; index < count; ++index) {
            if (blocks[index].held()) {
                blocks[index].release();
            }
        }
    }
};

Settings read_settings(const CommandLine& line) {
    line.expect_between(5, 5);
    return {
        .operations = line.integer(0, "operations", 1, std::uint64_t{1} << 60),
        .sizes = line.range(1, "size"),
        .seed = line.integer(2, "seed", 0, UINT64_MAX),
        .blocks = line.integer<std::uint32_t>(3, "blocks", 1, 1U << 24),
        .threads = line.integer<std::uint32_t>(4, "threads", 1, 1024),
    };
}

template <typename Block>
void measure(const Settings& settings) {
    MappedArray<Block> blocks(std::size_t{settings.threads + 1} * settings.blocks);
    MappedArray<std::uint32_t> exchange(1);
    MappedArray<Worker<Block>> workers(settings.threads);
    exchange[0] = settings.threads;
    const std::uint64_t operations_per_turn = 2 * std::uint64_t{settings.blocks};
    const std::uint64_t turns = bench::share_of(settings.operations, operations_per_turn * settings.threads);
    for (std::uint32_t index = 0; index < settings.threads; ++index) {
        workers[index] = {.batches = blocks.data(),
                          .exchange = exchange.data(),
                          .own = index,
                          .turns = turns,
                          .settings = settings,
                          .random = Random(bench::scramble(settings.seed) + index)};
    }
    const double seconds = bench::time_team(workers);
    Worker<Block>::release(blocks.data(), static_cast<std::uint32_t>(blocks.size()));
    bench::print_throughput(turns * settings.threads * operations_per_turn, seconds);
}

} // namespace

int main(int argc, char** argv) {
    return bench::run_workload(argc, argv, kUsage, read_settings,
                               []<typename Block>(const Settings& settings) { measure<Block>(settings); });
}
