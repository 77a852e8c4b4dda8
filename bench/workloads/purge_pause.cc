// SPDX-License-Identifier: MIT
// purge_pause: the longest single call while much free memory waits to be given back. Blocks of 1 MiB are
// allocated and written. Nearly half of them, chosen at random, are released. Then small blocks are replaced,
// in turns with short sleeps, like a server that is idle at times. An allocator that gives back memory inside
// the next call shows a pause there. Only the small calls are timed, by the CPU time of the thread. This
// includes the kernel's work for the call, but no other load of the machine.
//
// The sleeps let time pass for allocators that give back by the clock. The calls do not depend on the time.
#include "support/block.h"
#include "support/command_line.h"
#include "support/latency_histogram.h"
#include "support/mapped_array.h"
#include "support/percentiles.h"
#include "support/random.h"
#include "support/workload.h"

#include <ctime>

namespace {

using bench::CommandLine;
using bench::Draw;
using bench::LatencyHistogram;
using bench::MappedArray;
using bench::Random;
using bench::SizeRange;

constexpr const char* kUsage =
    "usage: purge_pause <MiB> <turns> <seed> [--verify]\n"
    "  MiB       allocated in blocks of 1 MiB, of which 45 % are released before the first turn\n"
    "  turns     each replaces 5 small blocks, and sleeps for 3 ms\n"
    "  seed      the same seed gives the same operations under every allocator\n"
    "  --verify  fill every block and check its contents when it is released\n"
    "Prints percentiles of all calls, in CPU time: call p99.99 = N ns\n"
    "The last line printed is: Worst call = N us of CPU time\n";

constexpr std::uint32_t kLargeBlock = 1 << 20;
constexpr std::uint32_t kReleasedOfHundred = 45;
constexpr std::uint32_t kSmallBlocks = 500;
constexpr SizeRange kSmallSizes(16, 3015);
// 900 turns make fewer than 10 000 calls, so that a single pause is p99.99, too.
constexpr std::uint32_t kReplacementsPerTurn = 5;
constexpr timespec kSleep{.tv_sec = 0, .tv_nsec = 3'000'000};

struct Settings {
    std::uint32_t large_blocks;
    std::uint64_t turns;
    std::uint64_t seed;
};

Settings read_settings(const CommandLine& line) {
    line.expect_between(3, 3);
    return {
        .large_blocks = line.integer<std::uint32_t>(0, "MiB", 1, 1 << 20),
        .turns = line.integer(1, "turns", 1, 1U << 30),
        .seed = line.integer(2, "seed", 0, UINT64_MAX),
    };
}

std::uint64_t thread_nanoseconds() {
    timespec now{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return static_cast<std::uint64_t>(now.tv_sec) * 1'000'000'000 + static_cast<std::uint64_t>(now.tv_nsec);
}

template <typename Block>
void replace_timed(Block& block, std::uint32_t size, std::uint64_t stamp, LatencyHistogram& calls) {
    if (block.held()) {
        void* const old = block.give();
        const std::uint64_t start = thread_nanoseconds();
        bench::release(old);
        calls.record(thread_nanoseconds() - start);
    }
    const std::uint64_t start = thread_nanoseconds();
    void* const fresh = bench::allocate(size);
    calls.record(thread_nanoseconds() - start);
    block.take(fresh, size, stamp);
}

template <typename Block>
void measure(const Settings& settings) {
    static LatencyHistogram of_calls; // zeroes
    MappedArray<Block> large(settings.large_blocks);
    MappedArray<Block> small(kSmallBlocks);
    Random random(settings.seed);
    std::uint64_t stamp = 0;
    for (Block& block : large) {
        block.acquire(kLargeBlock, ++stamp);
    }
    for (Block& block : large) {
        if (random.draw().below(100) < kReleasedOfHundred) {
            block.release();
        }
    }
    for (std::uint64_t left = settings.turns; left != 0; --left) {
        for (std::uint32_t index = 0; index < kReplacementsPerTurn; ++index) {
            Draw draw = random.draw();
            Block& block = small[draw.below(kSmallBlocks)];
            replace_timed(block, kSmallSizes.pick(draw), ++stamp, of_calls);
        }
        clock_nanosleep(CLOCK_MONOTONIC, 0, &kSleep, nullptr);
    }
    for (MappedArray<Block>* const blocks : {&large, &small}) {
        for (Block& block : *blocks) {
            if (block.held()) {
                block.release();
            }
        }
    }
    bench::print_percentiles("call", of_calls, 1);
    std::printf("Worst call = %.1f us of CPU time\n", static_cast<double>(of_calls.largest()) / 1e3);
}

} // namespace

int main(int argc, char** argv) {
    return bench::run_workload(argc, argv, kUsage, read_settings,
                               []<typename Block>(const Settings& settings) { measure<Block>(settings); });
}
