// SPDX-License-Identifier: MIT
// larson: the server of Larson and Krishnan's "Memory Allocation for Long-Running Server Applications" (ISMM
// 1998). Every chain of threads owns an array of blocks. A thread replaces random blocks, `rounds` times as
// many as the array has. To replace a block is to release it and to allocate another of random size in its
// place. Then the thread starts its successor, which takes over the array, and ends. So blocks are released
// by threads that did not allocate them. The first blocks are from the main thread, which fills and shuffles
// all arrays before the clock starts.
//
// The run is bounded by time. A thread's stream of operations depends on the seed, the chain and the
// generation only, never on the allocator. The workload measures how many operations fit in the time.
#include "support/block.h"
#include "support/cache_line.h"
#include "support/command_line.h"
#include "support/mapped_array.h"
#include "support/placement.h"
#include "support/random.h"
#include "support/stopwatch.h"
#include "support/thread.h"

#include <array>
#include <atomic>
#include <semaphore.h>

namespace {

using bench::CommandLine;
using bench::Draw;
using bench::MappedArray;
using bench::Random;
using bench::SizeRange;

constexpr const char* kUsage =
    "usage: larson <seconds> <min> <max> <chunks per thread> <rounds> <seed> <threads> [--node N] [--pin] "
    "[--verify]\n"
    "  seconds   how long to run, such as 5 or 0.2\n"
    "  min, max  bytes of a block, both included\n"
    "  chunks    blocks that each thread holds\n"
    "  rounds    a thread ends after rounds x chunks replacements and leaves its blocks to a successor\n"
    "  seed      the same seed gives the same operations under every allocator\n"
    "  threads   how many run at a time\n"
    "  --node N  run on the processors of this node only\n"
    "  --pin     keep each chain of threads on one processor\n"
    "  --verify  fill every block and check its contents when it is released\n"
    "The last line printed is: Throughput = N operations per second, where one malloc or one free counts "
    "one\n";

constexpr std::uint64_t kOperationsPerReplacement = 2; // a free and a malloc
constexpr std::uint64_t kShufflesPerBlock = 4;         // the original's warm-up has as many

struct Settings {
    double seconds;
    SizeRange sizes;
    std::uint32_t chunks;
    std::uint64_t rounds;
    std::uint64_t seed;
    std::uint32_t threads;
};

// Shared by all threads. Only the end is written while they run.
struct alignas(bench::kCacheLinePair) Run {
    SizeRange sizes;
    std::uint32_t chunks;
    std::uint64_t replacements_per_thread;
    std::atomic<bool> stop{false};
    sem_t chains_ended{};
};

// A line of threads, one alive at a time. Each hands this object to its successor.
template <typename Block>
struct alignas(bench::kCacheLinePair) Chain {
    Run* run;
    Block* blocks;
    std::uint64_t seed;
    std::uint64_t generation;
    std::uint64_t replacements;
};

Settings read_settings(const CommandLine& line) {
    line.expect_between(7, 7);
    const auto smallest = line.integer<std::uint32_t>(1, "min", 1, CommandLine::kLargestBlock);
    const auto largest = line.integer<std::uint32_t>(2, "max", 1, CommandLine::kLargestBlock);
    if (largest < smallest) {
        line.reject(2, "max", "at least as much as min");
    }
    return {
        .seconds = line.seconds(0, "seconds"),
        .sizes = SizeRange(smallest, largest),
        .chunks = line.integer<std::uint32_t>(3, "chunks per thread", 1, 1U << 28),
        .rounds = line.integer(4, "rounds", 1, std::uint64_t{1} << 30),
        .seed = line.integer(5, "seed", 0, UINT64_MAX),
        .threads = line.integer<std::uint32_t>(6, "threads", 1, 4096),
    };
}

// Returns the number of blocks replaced before the goal was reached or the run was stopped. It is at least
// one. So a run that is over before its threads had a processor still has a throughput.
template <typename Block>
[[gnu::noinline]] std::uint64_t replace_random_blocks(const Run& run, Block* blocks, std::uint64_t goal,
                                                      Random random) {
    const SizeRange sizes = run.sizes; // a copy in registers, because the calls might change `run`
    const std::uint32_t chunks = run.chunks;
    std::uint64_t done = 0;
    do {
        Draw draw = random.draw();
        Block& victim = blocks[draw.below(chunks)];
        victim.release();
        victim.acquire(sizes.pick(draw), done);
        ++done;
    } while (done < goal && !run.stop.load(std::memory_order_relaxed));
    return done;
}

template <typename Block>
void* thread_body(void* argument) {
    auto& chain = *static_cast<Chain<Block>*>(argument);
    Run& run = *chain.run;
    const Random random(bench::scramble(chain.seed) + chain.generation);
    chain.replacements += replace_random_blocks(run, chain.blocks, run.replacements_per_thread, random);
    ++chain.generation;
    if (run.stop.load(std::memory_order_relaxed)) {
        sem_post(&run.chains_ended);
    } else {
        bench::start_detached_thread(thread_body<Block>, &chain);
    }
    return nullptr;
}

template <typename Block>
void fill_and_shuffle(const Run& run, MappedArray<Block>& blocks, std::uint64_t seed) {
    Random random(seed);
    for (Block& block : blocks) {
        Draw draw = random.draw();
        block.acquire(run.sizes.pick(draw), 0);
    }
    for (std::uint64_t turn = 0; turn < kShufflesPerBlock * blocks.size(); ++turn) {
        Draw draw = random.draw();
        Block& victim = blocks[draw.below(static_cast<std::uint32_t>(blocks.size()))];
        victim.release();
        victim.acquire(run.sizes.pick(draw), turn);
    }
}

template <typename Block>
void measure(const Settings& settings) {
    Run run{.sizes = settings.sizes,
            .chunks = settings.chunks,
            .replacements_per_thread = settings.rounds * settings.chunks};
    sem_init(&run.chains_ended, 0, 0);
    MappedArray<Block> blocks(std::size_t{settings.threads} * settings.chunks);
    MappedArray<Chain<Block>> chains(settings.threads);
    fill_and_shuffle(run, blocks, settings.seed);

    const bench::Stopwatch stopwatch;
    for (std::uint32_t index = 0; index < settings.threads; ++index) {
        chains[index] = {.run = &run,
                         .blocks = blocks.data() + std::size_t{index} * settings.chunks,
                         .seed = settings.seed + index + 1,
                         .generation = 0,
                         .replacements = 0};
        bench::start_detached_thread(thread_body<Block>, &chains[index]);
    }
    stopwatch.wait_until(settings.seconds);
    run.stop.store(true, std::memory_order_relaxed);
    const double seconds = stopwatch.seconds();

    std::uint64_t replacements = 0;
    for (std::uint32_t index = 0; index < settings.threads; ++index) {
        while (sem_wait(&run.chains_ended) != 0) {
        }
    }
    for (const Chain<Block>& chain : chains) {
        replacements += chain.replacements;
    }
    for (Block& block : blocks) {
        block.release();
    }
    bench::print_throughput(replacements * kOperationsPerReplacement, seconds);
}

} // namespace

int main(int argc, char** argv) {
    std::array options{bench::kNodeOption, bench::kPinOption};
    const CommandLine line(argc, argv, kUsage, options);
    const Settings settings = read_settings(line);
    bench::place(line, options[0], options[1]);
    bench::with_kind_of_block(line.verify(), [&]<typename Block>() { measure<Block>(settings); });
    return 0;
}
