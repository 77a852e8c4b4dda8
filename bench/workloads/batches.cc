// SPDX-License-Identifier: MIT
// batches: allocates a long batch of blocks, then releases all of them, again and again. A compiler does so
// with each function, and a server with each request. Blocks are released in the order of allocation (fifo),
// as a list is freed from its head. Or the newest are released first (lifo), as stacks unwind. Batches are
// longer than what allocators keep for each thread. So most of the work is to take memory from the shared
// heap and to return it.
#include "support/block.h"
#include "support/cache_line.h"
#include "support/command_line.h"
#include "support/mapped_array.h"
#include "support/random.h"
#include "support/team.h"
#include "support/workload.h"

#include <cstring>

namespace {

using bench::CommandLine;
using bench::Draw;
using bench::MappedArray;
using bench::Random;
using bench::SizeRange;

constexpr const char* kUsage =
    "usage: batches <operations> <size> <seed> <fifo|lifo> [blocks] [threads] [--verify]\n"
    "  operations  calls of malloc and free by all threads, each counts one; rounded up to whole batches\n"
    "  size        bytes of a block, or a range such as 16-1k (both ends included)\n"
    "  seed        the same seed gives the same operations under every allocator\n"
    "  fifo|lifo   release the oldest block first, or the newest\n"
    "  blocks      of a batch (10000)\n"
    "  threads     each with batches of its own (1)\n"
    "  --verify    fill every block and check its contents when it is released\n"
    "The last line printed is: Throughput = N operations per second\n";

constexpr std::uint32_t kDefaultBlocks = 10'000;

struct Settings {
    std::uint64_t operations;
    SizeRange sizes;
    std::uint64_t seed;
    bool newest_first;
    std::uint32_t blocks;
    std::uint32_t threads;
};

template <typename Block>
struct alignas(bench::kCacheLinePair) Worker {
    Block* blocks;
    std::uint64_t batches;
    Settings settings;
    Random random;

    void prepare() {}

    void work() const {
        Random draws = random;
        for (std::uint64_t left = batches; left != 0; --left) {
            for (std::uint32_t index = 0; index < settings.blocks; ++index) {
                Draw draw = draws.draw();
                blocks[index].acquire(settings.sizes.pick(draw), left);
            }
            if (settings.newest_first) {
                for (std::uint32_t index = settings.blocks; index != 0; --index) {
                    blocks[index - 1].release();
                }
            } else {
                for (std::uint32_t index = 0; index < settings.blocks; ++index) {
                    blocks[index].release();
                }
            }
        }
    }
};

// Returns whether the newest block is released first.
bool read_order(const CommandLine& line) {
    if (std::strcmp(line.text(3), "fifo") != 0 && std::strcmp(line.text(3), "lifo") != 0) {
        line.reject(3, "order", "fifo or lifo");
    }
    return line.text(3)[0] == 'l';
}

Settings read_settings(const CommandLine& line) {
    line.expect_between(4, 6);
    return {
        .operations = line.integer(0, "operations", 1, std::uint64_t{1} << 60),
        .sizes = line.range(1, "size"),
        .seed = line.integer(2, "seed", 0, UINT64_MAX),
        .newest_first = read_order(line),
        .blocks = line.integer_or(kDefaultBlocks, 4, "blocks", 1, 1U << 28),
        .threads = line.integer_or(1U, 5, "threads", 1, 4096),
    };
}

template <typename Block>
void measure(const Settings& settings) {
    const std::uint64_t operations_per_batch = 2 * std::uint64_t{settings.blocks};
    const std::uint64_t batches =
        bench::share_of(settings.operations, operations_per_batch * settings.threads);
    MappedArray<Block> blocks(std::size_t{settings.threads} * settings.blocks);
    MappedArray<Worker<Block>> workers(settings.threads);
    for (std::uint32_t index = 0; index < settings.threads; ++index) {
        workers[index] = {.blocks = blocks.data() + std::size_t{index} * settings.blocks,
                          .batches = batches,
                          .settings = settings,
                          .random = Random(bench::scramble(settings.seed) + index)};
    }
    const double seconds = bench::time_team(workers);
    bench::print_throughput(batches * settings.threads * operations_per_batch, seconds);
}

} // namespace

int main(int argc, char** argv) {
    return bench::run_workload(argc, argv, kUsage, read_settings,
                               []<typename Block>(const Settings& settings) { measure<Block>(settings); });
}
