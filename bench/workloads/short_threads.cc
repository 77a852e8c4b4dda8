// SPDX-License-Identifier: MIT
// short_threads: a thread for every request, which allocates a few blocks, releases them and ends. The set-up
// of a thread's state, and its return at the end, matter more than the calls. Lines of threads run side by
// side. Each line starts a thread, waits for its end, and starts the next one.
//
// A thread's operations depend on the seed, its line and its number in the line.
#include "support/block.h"
#include "support/cache_line.h"
#include "support/command_line.h"
#include "support/mapped_array.h"
#include "support/random.h"
#include "support/team.h"
#include "support/workload.h"

#include <array>

namespace {

using bench::CommandLine;
using bench::Draw;
using bench::MappedArray;
using bench::Random;
using bench::SizeRange;

constexpr const char* kUsage =
    "usage: short_threads <threads> <size> <seed> [lines] [blocks] [--verify]\n"
    "  threads   that live in all, rounded up to as many for each line\n"
    "  size      bytes of a block, or a range such as 16-1k (both ends included)\n"
    "  seed      the same seed gives the same operations under every allocator\n"
    "  lines     that run at the same time, each with one thread after the other (1)\n"
    "  blocks    that each thread allocates; the last 16 are held at a time (100)\n"
    "  --verify  fill every block and check its contents when it is released\n"
    "The last line printed is: Throughput = N operations per second, where one malloc or one free counts "
    "one\n";

constexpr std::uint32_t kDefaultBlocks = 100;
constexpr std::uint32_t kHeld = 16;
constexpr std::uint64_t kOperationsPerBlock = 2; // a malloc and a free

struct Settings {
    std::uint64_t threads;
    SizeRange sizes;
    std::uint64_t seed;
    std::uint32_t lines;
    std::uint32_t blocks;
};

struct Request {
    Settings settings;
    std::uint64_t seed;
};

template <typename Block>
void* serve(void* argument) {
    const auto& request = *static_cast<const Request*>(argument);
    Random random(request.seed);
    std::array<Block, kHeld> held{};
    for (std::uint32_t index = 0; index < request.settings.blocks; ++index) {
        Draw draw = random.draw();
        Block& block = held[index % kHeld];
        if (block.held()) {
            block.release();
        }
        block.acquire(request.settings.sizes.pick(draw), index);
    }
    for (Block& block : held) {
        if (block.held()) {
            block.release();
        }
    }
    return nullptr;
}

template <typename Block>
struct alignas(bench::kCacheLinePair) Line {
    Settings settings;
    std::uint64_t threads;
    std::uint64_t seed;

    void prepare() {}

    void work() const {
        for (std::uint64_t number = 0; number < threads; ++number) {
            Request request{.settings = settings, .seed = bench::scramble(seed) + number};
            pthread_join(bench::start_thread(serve<Block>, &request), nullptr);
        }
    }
};

Settings read_settings(const CommandLine& line) {
    line.expect_between(3, 5);
    return {
        .threads = line.integer(0, "threads", 1, std::uint64_t{1} << 40),
        .sizes = line.range(1, "size"),
        .seed = line.integer(2, "seed", 0, UINT64_MAX),
        .lines = line.integer_or(1U, 3, "lines", 1, 1024),
        .blocks = line.integer_or(kDefaultBlocks, 4, "blocks", 1, 1U << 30),
    };
}

template <typename Block>
void measure(const Settings& settings) {
    const std::uint64_t threads = bench::share_of(settings.threads, settings.lines);
    MappedArray<Line<Block>> lines(settings.lines);
    for (std::uint32_t index = 0; index < settings.lines; ++index) {
        lines[index] = {.settings = settings, .threads = threads, .seed = settings.seed + index};
    }
    const double seconds = bench::time_team(lines);
    bench::print_throughput(threads * settings.lines * settings.blocks * kOperationsPerBlock, seconds);
}

} // namespace

int main(int argc, char** argv) {
    return bench::run_workload(argc, argv, kUsage, read_settings,
                               []<typename Block>(const Settings& settings) { measure<Block>(settings); });
}
