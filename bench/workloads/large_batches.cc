// SPDX-License-Identifier: MIT
// large_batches: threads that hold large blocks in batches, as servers hold buffers of requests. Each thread
// allocates a batch of blocks of 64 KiB to 4 MiB and releases them in the same order, again and again. Every
// doubling is equally frequent. The workload measures how an allocator finds large blocks while other threads
// do so, too: its locks, and the cache lines that they share.
//
// Only the first page of a block is written to. Most buffers are larger than their contents. With all pages
// written the processor would clear memory most of the time.
#include "support/allocator.h"
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
using bench::OctaveRange;
using bench::Random;

constexpr const char* kUsage =
    "usage: large_batches <operations> <seed> <blocks> <threads> [--verify]\n"
    "  operations  calls of malloc and free by all threads, each counts one; rounded up to whole batches\n"
    "  seed        the same seed gives the same operations under every allocator\n"
    "  blocks      of a batch\n"
    "  threads     each with batches of its own\n"
    "  --verify    fill every block and check its contents when it is released\n"
    "The last line printed is: Throughput = N operations per second\n";

constexpr OctaveRange kSizes(16, 6); // 64 KiB to 4 MiB

struct Settings {
    std::uint64_t operations;
    std::uint64_t seed;
    std::uint32_t blocks;
    std::uint32_t threads;
};

// Writes a few bytes at the start, for every size.
class BegunBlock {
  public:
    void acquire(std::size_t size, std::uint64_t stamp) {
        bytes_ = static_cast<unsigned char*>(bench::allocate(size));
        if (bytes_ == nullptr) [[unlikely]] {
            bench::fail_out_of_memory(size);
        }
        std::memcpy(bytes_, &stamp, sizeof stamp);
    }
    void release() { bench::release(bytes_); }

  private:
    unsigned char* bytes_;
};

template <typename Block>
struct alignas(bench::kCacheLinePair) Worker {
    Block* blocks;
    std::uint32_t count;
    std::uint64_t batches;
    Random random;

    void prepare() {}

    void work() {
        for (std::uint64_t left = batches; left != 0; --left) {
            for (std::uint32_t index = 0; index < count; ++index) {
                Draw draw = random.draw();
                blocks[index].acquire(kSizes.pick(draw), left + index);
            }
            for (std::uint32_t index = 0; index < count; ++index) {
                blocks[index].release();
            }
        }
    }
};

Settings read_settings(const CommandLine& line) {
    line.expect_between(4, 4);
    return {
        .operations = line.integer(0, "operations", 1, std::uint64_t{1} << 60),
        .seed = line.integer(1, "seed", 0, UINT64_MAX),
        .blocks = line.integer<std::uint32_t>(2, "blocks", 1, 1U << 16),
        .threads = line.integer<std::uint32_t>(3, "threads", 1, 1024),
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
                          .count = settings.blocks,
                          .batches = batches,
                          .random = Random(bench::scramble(settings.seed) + index)};
    }
    const double seconds = bench::time_team(workers);
    bench::print_throughput(batches * settings.threads * operations_per_batch, seconds);
}

} // namespace

int main(int argc, char** argv) {
    return bench::run_workload<BegunBlock>(
        argc, argv, kUsage, read_settings,
        []<typename Block>(const Settings& settings) { measure<Block>(settings); });
}
