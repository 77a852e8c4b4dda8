// SPDX-License-Identifier: MIT
// mixed_lifetimes: a large live set under a churn of short-lived blocks, as in a cache or a database. Each
// turn releases a random block of one of three groups, and allocates another in its place. Of 64 turns 48
// fall on the 32 youngest blocks and 14 on 8192 of middle age. 2 fall on the old blocks, which are nearly all
// of the memory. So most blocks are released soon after their allocation, and their neighbours remain.
//
// All groups are filled before the clock starts. Sizes are 16 B to 4 KiB, every doubling equally frequent.
#include "support/block.h"
#include "support/cache_line.h"
#include "support/command_line.h"
#include "support/mapped_array.h"
#include "support/random.h"
#include "support/team.h"

#include <array>

namespace {

using bench::CommandLine;
using bench::Draw;
using bench::MappedArray;
using bench::OctaveRange;
using bench::Random;

constexpr const char* kUsage =
    "usage: mixed_lifetimes <operations> <seed> [threads] [--live MIB] [--verify]\n"
    "  operations  calls of malloc and free by all threads, each counts one; rounded up to whole turns\n"
    "  seed        the same seed gives the same operations under every allocator\n"
    "  threads     each with blocks of its own (1)\n"
    "  --live MIB  bytes in old blocks of all threads, in MiB (200)\n"
    "  --verify    fill every block and check its contents when it is released\n"
    "The last line printed is: Throughput = N operations per second\n";

constexpr std::uint64_t kDefaultLive = 200;
constexpr OctaveRange kSizes(4, 8);                    // 16 B to 4 KiB
constexpr std::uint32_t kMeanSize = 765;               // mean of these sizes: 3/2 of the mean power of two
constexpr std::uint64_t kOperationsPerReplacement = 2; // a free and a malloc
constexpr std::uint32_t kYoung = 32;                   // blocks of a thread
constexpr std::uint32_t kMiddleAged = 8192;
constexpr std::uint32_t kTurns = 64; // turns that the three groups share
constexpr std::uint32_t kTurnsOfYoung = 48;
constexpr std::uint32_t kTurnsOfMiddleAged = 14;

struct Settings {
    std::uint64_t operations;
    std::uint64_t seed;
    std::uint32_t threads;
    std::uint64_t live;
};

// The blocks of a thread: the young first, then the middle-aged, then the old.
template <typename Block>
struct alignas(bench::kCacheLinePair) Worker {
    Block* blocks;
    std::uint32_t old;
    std::uint64_t turns;
    Random random;

    std::uint32_t count() const { return kYoung + kMiddleAged + old; }

    void prepare() {
        for (std::uint32_t index = 0; index < count(); ++index) {
            Draw draw = random.draw();
            blocks[index].acquire(kSizes.pick(draw), index);
        }
    }

    void work() const {
        Random draws = random;
        for (std::uint64_t left = turns; left != 0; --left) {
            Draw draw = draws.draw();
            Block& block = blocks[pick_victim(draw)];
            block.release();
            block.acquire(kSizes.pick(draw), left);
        }
    }

    std::uint32_t pick_victim(Draw& draw) const {
        const std::uint32_t turn = draw.below(kTurns);
        if (turn < kTurnsOfYoung) {
            return draw.below(kYoung);
        }
        if (turn < kTurnsOfYoung + kTurnsOfMiddleAged) {
            return kYoung + draw.below(kMiddleAged);
        }
        return kYoung + kMiddleAged + draw.below(old);
    }
};

Settings read_settings(const CommandLine& line, const bench::Option& live) {
    line.expect_between(2, 3);
    return {
        .operations = line.integer(0, "operations", 1, std::uint64_t{1} << 60),
        .seed = line.integer(1, "seed", 0, UINT64_MAX),
        .threads = line.integer_or(1U, 2, "threads", 1, 1024),
        .live = line.integer_or(kDefaultLive, live, 1, 1 << 20) << 20,
    };
}

template <typename Block>
void measure(const Settings& settings) {
    const auto old = static_cast<std::uint32_t>(
        bench::share_of(settings.live, settings.threads * std::uint64_t{kMeanSize}));
    MappedArray<Block> blocks(std::size_t{settings.threads} * (kYoung + kMiddleAged + old));
    MappedArray<Worker<Block>> workers(settings.threads);
    const std::uint64_t turns =
        bench::share_of(settings.operations, kOperationsPerReplacement * settings.threads);
    for (std::uint32_t index = 0; index < settings.threads; ++index) {
        Worker<Block>& worker = workers[index];
        worker = {.blocks = nullptr,
                  .old = old,
                  .turns = turns,
                  .random = Random(bench::scramble(settings.seed) + index)};
        worker.blocks = blocks.data() + std::size_t{index} * worker.count();
    }
    const double seconds = bench::time_team(workers);
    for (Block& block : blocks) {
        block.release();
    }
    bench::print_throughput(turns * settings.threads * kOperationsPerReplacement, seconds);
}

} // namespace

int main(int argc, char** argv) {
    std::array options{bench::Option{"--live"}};
    const CommandLine line(argc, argv, kUsage, options);
    const Settings settings = read_settings(line, options[0]);
    bench::with_kind_of_block(line.verify(), [&]<typename Block>() { measure<Block>(settings); });
    return 0;
}
