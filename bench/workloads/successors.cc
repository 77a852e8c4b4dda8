// SPDX-License-Identifier: MIT
// successors: threads that live for a moment and leave blocks behind. Each line of threads, with one alive at
// a time, owns an array of places. A thread puts new blocks into random places, and releases the blocks from
// there. Now and then it swaps the new block for one of the survivors, an array that all lines share. In the
// end it releases three of four blocks, starts its successor, which takes over the rest, and ends. So blocks
// outlive the threads that allocated them, and other threads release them.
//
// Sizes are 8 to 512 bytes. One block in 100 is 100 times as large, one in 1000 is 1000 times, and one in 10
// 000 is 10 000 times. Each of these has the same share of the memory.
//
// The sizes that a thread requests, and the number of blocks that it releases, depend on the seed only. The
// block that it gets from the survivors depends on the other threads.
#include "support/block.h"
#include "support/cache_line.h"
#include "support/command_line.h"
#include "support/mapped_array.h"
#include "support/random.h"
#include "support/stopwatch.h"
#include "support/thread.h"
#include "support/workload.h"

#include <atomic>
#include <semaphore.h>

namespace {

using bench::CommandLine;
using bench::Draw;
using bench::MappedArray;
using bench::Random;
using bench::SizeRange;

constexpr const char* kUsage =
    "usage: successors <rounds> <seed> <threads> [--verify]\n"
    "  rounds    threads that live one after the other in each line\n"
    "  seed      the same seed gives the same sizes under every allocator\n"
    "  threads   lines, each with one thread at a time\n"
    "  --verify  fill every block and check its contents when it is released\n"
    "The last line printed is: Throughput = N operations per second, where one malloc or one free counts "
    "one\n";

constexpr std::uint32_t kPlaces = 16384;    // places of each line
constexpr std::uint32_t kSurvivors = 16384; // blocks that all lines share
constexpr std::uint32_t kAllocationsPerLife = 2 * kPlaces;
constexpr std::uint32_t kAllocationsPerSurvivor = 8;
constexpr std::uint32_t kBlocksPerHeirloom = 4; // one of this many blocks is left to the successor
constexpr SizeRange kSizes(8, 512);

struct Settings {
    std::uint64_t rounds;
    std::uint64_t seed;
    std::uint32_t threads;
};

// Shared by all threads. Each number of a block is in one place: a line's or a survivor's.
template <typename Block>
struct alignas(bench::kCacheLinePair) Run {
    Block* blocks;
    std::uint32_t* survivors;
    std::uint64_t rounds;
    sem_t lines_ended{};
};

// A line of threads. Each hands this object to its successor.
template <typename Block>
struct alignas(bench::kCacheLinePair) Line {
    Run<Block>* run;
    std::uint32_t* places;
    std::uint64_t seed;
    std::uint64_t generation;
    std::uint64_t operations;
};

Settings read_settings(const CommandLine& line) {
    line.expect_between(3, 3);
    return {
        .rounds = line.integer(0, "rounds", 1, std::uint64_t{1} << 40),
        .seed = line.integer(1, "seed", 0, UINT64_MAX),
        .threads = line.integer<std::uint32_t>(2, "threads", 1, 4096),
    };
}

std::uint32_t pick_size(Draw& draw) {
    const std::uint32_t size = kSizes.pick(draw);
    const std::uint32_t chance = draw.below(10'000);
    if (chance >= 111) [[likely]] {
        return size;
    }
    if (chance >= 11) {
        return size * 100;
    }
    return size * (chance == 0 ? 10'000 : 1'000);
}

// Returns the number of calls of malloc and free.
template <typename Block>
[[gnu::noinline]] std::uint64_t replace_random_blocks(const Line<Block>& line, Random& random) {
    const Run<Block>& run = *line.run;
    std::uint64_t operations = 0;
    for (std::uint32_t left = kAllocationsPerLife; left != 0; --left) {
        Draw draw = random.draw();
        std::uint32_t& number = line.places[draw.below(kPlaces)];
        const std::uint32_t fate = draw.below(kAllocationsPerSurvivor * kSurvivors);
        Block& block = run.blocks[number];
        if (block.held()) {
            block.release();
            ++operations;
        }
        block.acquire(pick_size(draw), left);
        ++operations;
        if (fate < kSurvivors) {
            number = std::atomic_ref(run.survivors[fate]).exchange(number, std::memory_order_acq_rel);
        }
    }
    return operations;
}

// Releases three of four blocks. Returns the number of calls of free.
template <typename Block>
std::uint64_t release_most(const Line<Block>& line, Random& random) {
    std::uint64_t operations = 0;
    for (std::uint32_t place = 0; place < kPlaces; ++place) {
        Block& block = line.run->blocks[line.places[place]];
        if (random.draw().below(kBlocksPerHeirloom) != 0 && block.held()) {
            block.release();
            ++operations;
        }
    }
    return operations;
}

template <typename Block>
void* thread_body(void* argument) {
    auto& line = *static_cast<Line<Block>*>(argument);
    Run<Block>& run = *line.run;
    Random random(bench::scramble(line.seed) + line.generation);
    line.operations += replace_random_blocks(line, random);
    line.operations += release_most(line, random);
    if (++line.generation == run.rounds) {
        sem_post(&run.lines_ended);
    } else {
        bench::start_detached_thread(thread_body<Block>, &line);
    }
    return nullptr;
}

template <typename Block>
void measure(const Settings& settings) {
    const std::size_t places = std::size_t{settings.threads} * kPlaces;
    MappedArray<Block> blocks(places + kSurvivors);
    MappedArray<std::uint32_t> numbers(blocks.size()); // the survivors' numbers are last
    MappedArray<Line<Block>> lines(settings.threads);
    for (std::uint32_t number = 0; number < numbers.size(); ++number) {
        numbers[number] = number;
    }
    Random random(settings.seed);
    for (std::size_t survivor = places; survivor < blocks.size(); ++survivor) {
        Draw draw = random.draw();
        blocks[survivor].acquire(pick_size(draw), survivor);
    }
    Run<Block> run{.blocks = blocks.data(), .survivors = numbers.data() + places, .rounds = settings.rounds};
    sem_init(&run.lines_ended, 0, 0);

    const bench::Stopwatch stopwatch;
    for (std::uint32_t index = 0; index < settings.threads; ++index) {
        lines[index] = {.run = &run,
                        .places = numbers.data() + std::size_t{index} * kPlaces,
                        .seed = settings.seed + index + 1,
                        .generation = 0,
                        .operations = 0};
        bench::start_detached_thread(thread_body<Block>, &lines[index]);
    }
    for (std::uint32_t index = 0; index < settings.threads; ++index) {
        while (sem_wait(&run.lines_ended) != 0) { // again after a signal
        }
    }
    const double seconds = stopwatch.seconds();

    std::uint64_t operations = 0;
    for (const Line<Block>& line : lines) {
        operations += line.operations;
    }
    for (Block& block : blocks) {
        if (block.held()) {
            block.release();
        }
    }
    bench::print_throughput(operations, seconds);
}

} // namespace

int main(int argc, char** argv) {
    return bench::run_workload(argc, argv, kUsage, read_settings,
                               []<typename Block>(const Settings& settings) { measure<Block>(settings); });
}
