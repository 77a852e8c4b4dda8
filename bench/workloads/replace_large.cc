// SPDX-License-Identifier: MIT
// replace_large: one thread that holds a few large blocks of different sizes, as programs do with images,
// audio or tables. Each step releases the block in a random slot, allocates one of another size in its place,
// and writes all of it. The workload shows how the allocator keeps memory for reuse. To give back all memory
// costs a fault for every page of the next block. To keep memory for one size only costs memory.
//
// All slots are filled before the clock starts.
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
    "usage: replace_large <steps> <size> <seed> [slots] [--verify]\n"
    "  steps     replacements, each a free, a malloc and a write of the whole block\n"
    "  size      bytes of a block, such as 8m, or a range such as 5m-25m (both ends included)\n"
    "  seed      the same seed gives the same operations under every allocator\n"
    "  slots     blocks held (10)\n"
    "  --verify  fill every block with a pattern and check it when it is released\n"
    "The last line printed is: Throughput = N operations per second, where one malloc or one free counts "
    "one\n";

constexpr std::uint32_t kDefaultSlots = 10;
constexpr std::uint64_t kOperationsPerStep = 2; // a free and a malloc

struct Settings {
    std::uint64_t steps;
    SizeRange sizes;
    std::uint64_t seed;
    std::uint32_t slots;
};

Settings read_settings(const CommandLine& line) {
    line.expect_between(3, 4);
    return {
        .steps = line.integer(0, "steps", 1, std::uint64_t{1} << 60),
        .sizes = line.range(1, "size"),
        .seed = line.integer(2, "seed", 0, UINT64_MAX),
        .slots = line.integer_or(kDefaultSlots, 3, "slots", 1, 1U << 20),
    };
}

template <typename Block>
void measure(const Settings& settings) {
    MappedArray<Block> blocks(settings.slots);
    Random random(settings.seed);
    std::uint64_t stamp = 0;
    for (Block& block : blocks) {
        Draw draw = random.draw();
        block.acquire(settings.sizes.pick(draw), ++stamp);
    }

    const bench::Stopwatch stopwatch;
    for (std::uint64_t left = settings.steps; left != 0; --left) {
        Draw draw = random.draw();
        Block& block = blocks[draw.below(settings.slots)];
        block.release();
        block.acquire(settings.sizes.pick(draw), ++stamp);
    }
    const double seconds = stopwatch.seconds();

    for (Block& block : blocks) {
        block.release();
    }
    bench::print_throughput(settings.steps * kOperationsPerStep, seconds);
}

} // namespace

int main(int argc, char** argv) {
    return bench::run_workload<bench::FilledBlock>(
        argc, argv, kUsage, read_settings,
        []<typename Block>(const Settings& settings) { measure<Block>(settings); });
}
