// SPDX-License-Identifier: MIT
// random_mixed: one thread with an array of slots. Each operation picks a random slot. It allocates a block
// if the slot is empty, and otherwise releases the slot's block. So half the slots are full on average, and
// blocks live for a random time. Every second slot is filled before the clock starts, and the rest is
// released after it has stopped. So the steady state is timed, and a long run can be compared with a short
// one.
#include "support/block.h"
#include "support/command_line.h"
#include "support/mapped_array.h"
#include "support/random.h"
#include "support/stopwatch.h"
#include "support/workload.h"

namespace {

using bench::CommandLine;
using bench::Draw;
using bench::MappedArray;
using bench::Random;
using bench::SizeRange;

constexpr const char* kUsage =
    "usage: random_mixed <operations> <size> <seed> [slots] [--verify]\n"
    "  operations  calls of malloc and free in the timed loop, each counts one\n"
    "  size        bytes of a block, or a range such as 16-1024 (both ends included)\n"
    "  seed        the same seed gives the same operations under every allocator\n"
    "  slots       blocks held at most; half of them on average (4096)\n"
    "  --verify    fill every block and check its contents when it is released\n"
    "The last line printed is: Throughput = N operations per second\n";

// 2048 live blocks on average: 32 KiB of 16-byte blocks, 16 MiB of 8 KiB blocks. The array of pointers fits
// the first-level cache.
constexpr std::uint32_t kDefaultSlots = 4096;

struct Settings {
    std::uint64_t operations;
    SizeRange sizes;
    std::uint64_t seed;
    std::uint32_t slots;
};

Settings read_settings(const CommandLine& line) {
    line.expect_between(3, 4);
    return {
        .operations = line.integer(0, "operations", 1, std::uint64_t{1} << 60),
        .sizes = line.range(1, "size"),
        .seed = line.integer(2, "seed", 0, UINT64_MAX),
        .slots = line.integer_or(kDefaultSlots, 3, "slots", 1, 1U << 30),
    };
}

// Not inlined into main, which the compiler takes for cold and keeps small.
template <typename Block>
[[gnu::noinline]] void toggle_random_slots(MappedArray<Block>& blocks, std::uint64_t operations,
                                           SizeRange sizes, Random random) {
    Block* const first = blocks.data();
    const auto slots = static_cast<std::uint32_t>(blocks.size());
    for (std::uint64_t left = operations; left != 0; --left) {
        Draw draw = random.draw();
        Block& block = first[draw.below(slots)];
        if (block.held()) {
            block.release();
        } else {
            block.acquire(sizes.pick(draw), left);
        }
    }
}

template <typename Block>
void run(const Settings& settings) {
    MappedArray<Block> blocks(settings.slots);
    Random random(settings.seed);
    for (std::uint32_t slot = 0; slot < settings.slots; slot += 2) {
        Draw draw = random.draw();
        blocks[slot].acquire(settings.sizes.pick(draw), ~std::uint64_t{slot});
    }

    const bench::Stopwatch stopwatch;
    toggle_random_slots(blocks, settings.operations, settings.sizes, random);
    const double seconds = stopwatch.seconds();

    for (Block& block : blocks) {
        if (block.held()) {
            block.release();
        }
    }
    bench::print_throughput(settings.operations, seconds);
}

} // namespace

int main(int argc, char** argv) {
    return bench::run_workload(argc, argv, kUsage, read_settings,
                               []<typename Block>(const Settings& settings) { run<Block>(settings); });
}
