// SPDX-License-Identifier: MIT
// cross_frees: threads that release each other's blocks. All share an array of places, 1000 for each thread,
// most of which hold a block. A thread works in rounds. First it empties up to 99 random places and releases
// their blocks. Then it puts up to 100 new blocks into random places, and releases the previous ones. So each
// thread mostly releases blocks of other threads. With more threads than processors, blocks of waiting
// threads are released, too.
//
// A thread's sizes depend on the seed only. The blocks that it releases depend on the other threads.
#include "support/block.h"
#include "support/cache_line.h"
#include "support/command_line.h"
#include "support/mapped_array.h"
#include "support/random.h"
#include "support/team.h"
#include "support/workload.h"

#include <algorithm>
#include <atomic>

namespace {

using bench::CommandLine;
using bench::Draw;
using bench::MappedArray;
using bench::Random;
using bench::SizeRange;

constexpr const char* kUsage =
    "usage: cross_frees <operations> <size> <seed> <threads> [--verify]\n"
    "  operations  calls of malloc and free by all threads, each counts one\n"
    "  size        bytes of a block, or a range such as 8-16k (both ends included)\n"
    "  seed        the same seed gives the same sizes under every allocator\n"
    "  threads     how many\n"
    "  --verify    fill every block and check its contents when it is released\n"
    "The last line printed is: Throughput = N operations per second\n";

constexpr std::uint32_t kPlacesPerThread = 1000;
constexpr std::uint32_t kMostPerRound = 100;

struct Settings {
    std::uint64_t operations;
    SizeRange sizes;
    std::uint64_t seed;
    std::uint32_t threads;
};

template <typename Block>
struct alignas(bench::kCacheLinePair) Worker {
    Block* blocks;
    std::uint32_t* places; // places of all threads, with the number of a block in each
    std::uint32_t count;
    std::uint32_t spare; // number of an empty block
    std::uint64_t allocations;
    SizeRange sizes;
    Random random;

    void prepare() {}
    void work() {
        for (std::uint64_t left = allocations; left != 0;) {
            Draw round = random.draw();
            for (std::uint32_t frees = round.below(kMostPerRound); frees != 0; --frees) {
                replace();
            }
            std::uint64_t new_blocks = std::min<std::uint64_t>(round.below(kMostPerRound) + 1, left);
            for (left -= new_blocks; new_blocks != 0; --new_blocks) {
                Draw draw = random.draw();
                blocks[spare].acquire(sizes.pick(draw), left + new_blocks);
                replace();
            }
        }
    }

    // Puts the spare block into a random place. Releases the block from there, which is then the spare one.
    void replace() {
        std::atomic_ref place(places[random.draw().below(count)]);
        spare = place.exchange(spare, std::memory_order_acq_rel);
        if (blocks[spare].held()) {
            blocks[spare].release();
        }
    }
};

Settings read_settings(const CommandLine& line) {
    line.expect_between(4, 4);
    return {
        .operations = line.integer(0, "operations", 1, std::uint64_t{1} << 60),
        .sizes = line.range(1, "size"),
        .seed = line.integer(2, "seed", 0, UINT64_MAX),
        .threads = line.integer<std::uint32_t>(3, "threads", 1, 1024),
    };
}

template <typename Block>
void measure(const Settings& settings) {
    const std::uint32_t places = settings.threads * kPlacesPerThread;
    MappedArray<Block> blocks(places + settings.threads);
    MappedArray<std::uint32_t> numbers(places);
    for (std::uint32_t place = 0; place < places; ++place) {
        numbers[place] = place;
    }
    MappedArray<Worker<Block>> workers(settings.threads);
    const std::uint64_t allocations = bench::share_of(settings.operations, 2 * settings.threads);
    for (std::uint32_t index = 0; index < settings.threads; ++index) {
        workers[index] = {.blocks = blocks.data(),
                          .places = numbers.data(),
                          .count = places,
                          .spare = places + index,
                          .allocations = allocations,
                          .sizes = settings.sizes,
                          .random = Random(bench::scramble(settings.seed) + index)};
    }
    const double seconds = bench::time_team(workers);
    for (Block& block : blocks) {
        if (block.held()) {
            block.release();
        }
    }
    bench::print_throughput(2 * allocations * settings.threads, seconds);
}

} // namespace

int main(int argc, char** argv) {
    return bench::run_workload(argc, argv, kUsage, read_settings,
                               []<typename Block>(const Settings& settings) { measure<Block>(settings); });
}
