// SPDX-License-Identifier: MIT
// production_sizes: blocks with the sizes of production programs. Each thread holds an array of slots. Each
// operation replaces the block in a random slot. Sizes are from a profile:
//
//   fleet  all programs of a data centre, after Zhou and others, "Characterizing a Memory Allocator at
//          Warehouse Scale" (ASPLOS 2024). Blocks below 1 KiB are 98 % of the blocks and 28 % of the bytes.
//          Blocks above 8 KiB have 50 % of the bytes, and blocks above 256 KiB 22 %. These four shares are
//          quoted from memory: look them up before a claim depends on them. The rest is ours.
//   cache  values of a key-value cache. Atikoglu and others, "Workload Analysis of a Large-Scale Key-Value
//          Store" (SIGMETRICS 2012): a generalized Pareto distribution with scale 214.476 and shape 0.348238.
//
// Both are tables of one entry per doubling. Within a doubling all sizes are equally frequent. Uniform sizes,
// which other workloads use, load all classes alike. Here a few small classes get most of the calls, and a
// few large ones most of the memory.
#include "support/block.h"
#include "support/cache_line.h"
#include "support/command_line.h"
#include "support/mapped_array.h"
#include "support/random.h"
#include "support/team.h"
#include "support/workload.h"

#include <array>
#include <cstring>

namespace {

using bench::CommandLine;
using bench::Draw;
using bench::MappedArray;
using bench::Random;

constexpr const char* kUsage =
    "usage: production_sizes <operations> <fleet|cache> <seed> [threads] [slots] [--verify]\n"
    "  operations   calls of malloc and free by all threads, each counts one\n"
    "  fleet|cache  the sizes of all programs of a data centre, or of the values of a key-value cache\n"
    "  seed         the same seed gives the same operations under every allocator\n"
    "  threads      each with slots of its own (1)\n"
    "  slots        blocks that a thread holds (100000)\n"
    "  --verify     fill every block and check its contents when it is released\n"
    "The last line printed is: Throughput = N operations per second\n";

constexpr std::uint32_t kDefaultSlots = 100'000;
constexpr std::uint32_t kSmallestShift = 3;
constexpr std::size_t kDoublings = 17; // 8 B to 1 MiB

// How many of 100 000 blocks have 8 to 15 bytes, 16 to 31 bytes, and so on.
class Profile {
  public:
    static constexpr std::uint32_t kAll = 100'000;

    constexpr explicit Profile(const std::array<std::uint32_t, kDoublings>& weights) : weights_(weights) {}

    std::uint32_t pick(Draw& draw) const {
        std::uint32_t rest = draw.below(kAll);
        std::size_t doubling = 0;
        while (rest >= weights_[doubling]) {
            rest -= weights_[doubling];
            ++doubling;
        }
        const std::uint32_t start = std::uint32_t{1} << (kSmallestShift + doubling);
        return start + draw.below(start);
    }

    // Return the share of blocks with at least 2^shift bytes.
    constexpr double share_of_blocks(std::uint32_t shift) const { return share(shift, false); }
    constexpr double share_of_bytes(std::uint32_t shift) const { return share(shift, true); }

  private:
    constexpr double share(std::uint32_t shift, bool bytes) const {
        double all = 0;
        double above = 0;
        for (std::uint32_t doubling = 0; doubling < kDoublings; ++doubling) {
            const double mean = bytes ? 1.5 * static_cast<double>(8U << doubling) : 1;
            const double each = weights_[doubling] * mean;
            all += each;
            above += doubling + kSmallestShift >= shift ? each : 0;
        }
        return above / all;
    }

    std::array<std::uint32_t, kDoublings> weights_;
};

constexpr Profile kFleet({11'000, 25'000, 26'779, 19'600, 9'300, 3'900, 2'200, // below 1 KiB
                          900, 550, 550,                                       // to 8 KiB
                          80, 55, 42, 26, 5,                                   // to 256 KiB
                          8, 5});                                              // to 1 MiB
constexpr Profile kCache({7'100, 6'437, 11'178, 17'140, 21'289, 19'259, 11'590, 4'516, 1'202, 242, 41, 6, 0,
                          0, 0, 0, 0});

constexpr bool near(double value, double expected) {
    return value > expected - 0.015 && value < expected + 0.015;
}

static_assert(near(1 - kFleet.share_of_blocks(10), 0.98));
static_assert(near(1 - kFleet.share_of_bytes(10), 0.28));
static_assert(near(kFleet.share_of_bytes(13), 0.50));
static_assert(near(kFleet.share_of_bytes(18), 0.22));

struct Settings {
    std::uint64_t operations;
    const Profile* profile;
    std::uint64_t seed;
    std::uint32_t threads;
    std::uint32_t slots;
};

template <typename Block>
struct alignas(bench::kCacheLinePair) Worker {
    Block* slots;
    std::uint32_t count;
    std::uint64_t replacements;
    const Profile* profile;
    Random random;

    void prepare() {
        for (std::uint32_t slot = 0; slot < count; ++slot) {
            Draw draw = random.draw();
            slots[slot].acquire(profile->pick(draw), ~std::uint64_t{slot});
        }
    }

    void work() {
        for (std::uint64_t left = replacements; left != 0; --left) {
            Draw place = random.draw();
            Block& slot = slots[place.below(count)];
            slot.release();
            Draw draw = random.draw();
            slot.acquire(profile->pick(draw), left);
        }
    }
};

const Profile* read_profile(const CommandLine& line) {
    if (std::strcmp(line.text(1), "fleet") != 0 && std::strcmp(line.text(1), "cache") != 0) {
        line.reject(1, "profile", "fleet or cache");
    }
    return line.text(1)[0] == 'f' ? &kFleet : &kCache;
}

Settings read_settings(const CommandLine& line) {
    line.expect_between(3, 5);
    return {
        .operations = line.integer(0, "operations", 1, std::uint64_t{1} << 60),
        .profile = read_profile(line),
        .seed = line.integer(2, "seed", 0, UINT64_MAX),
        .threads = line.integer_or(1U, 3, "threads", 1, 1024),
        .slots = line.integer_or(kDefaultSlots, 4, "slots", 1, 1U << 26),
    };
}

template <typename Block>
void measure(const Settings& settings) {
    MappedArray<Block> slots(std::size_t{settings.threads} * settings.slots);
    MappedArray<Worker<Block>> workers(settings.threads);
    const std::uint64_t replacements = bench::share_of(settings.operations, 2 * settings.threads);
    for (std::uint32_t index = 0; index < settings.threads; ++index) {
        workers[index] = {.slots = slots.data() + std::size_t{index} * settings.slots,
                          .count = settings.slots,
                          .replacements = replacements,
                          .profile = settings.profile,
                          .random = Random(bench::scramble(settings.seed) + index)};
    }
    const double seconds = bench::time_team(workers);
    for (Block& slot : slots) {
        slot.release();
    }
    bench::print_throughput(2 * replacements * settings.threads, seconds);
}

} // namespace

int main(int argc, char** argv) {
    return bench::run_workload(argc, argv, kUsage, read_settings,
                               []<typename Block>(const Settings& settings) { measure<Block>(settings); });
}
