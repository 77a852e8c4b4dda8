// SPDX-License-Identifier: MIT
// phases_of_sizes: a program whose phases use different sizes. Blocks of one size are released and allocated
// anew in bursts. A burst is a row of neighbours among the held blocks. With `after`, a phase of many other
// sizes, 4 to 32 KiB, runs first. An allocator that gives each size a budget for its cache, and does not take
// it back, is slower `after` than `fresh`. The clock runs in the last phase only.
//
// The time of a pair is CPU time.
#include "support/block.h"
#include "support/command_line.h"
#include "support/mapped_array.h"
#include "support/random.h"
#include "support/stopwatch.h"
#include "support/team.h"
#include "support/workload.h"

#include <cstring>

namespace {

using bench::CommandLine;
using bench::MappedArray;
using bench::Random;

constexpr const char* kUsage =
    "usage: phases_of_sizes <operations> <seed> <fresh|after> [--verify]\n"
    "  operations   calls of malloc and free in the last phase, each counts one; rounded up to whole bursts\n"
    "  seed         the same seed gives the same operations under every allocator\n"
    "  fresh|after  the last phase alone, or after a phase of other sizes\n"
    "  --verify     fill every block and check its contents when it is released\n"
    "Prints by the way: pair = N ns of CPU time\n"
    "The last line printed is: Throughput = N operations per second\n";

struct Phase {
    std::uint32_t size;
    std::uint32_t live;  // blocks held
    std::uint32_t burst; // blocks released and allocated anew
};

constexpr Phase kLast{.size = 512, .live = 4000, .burst = 200};
// Each of these sizes deepens its cache in turn.
constexpr std::uint32_t kSmallestOther = 4 << 10;
constexpr std::uint32_t kLargestOther = 32 << 10;
constexpr std::uint32_t kStepOfOthers = 1 << 10;
constexpr std::uint64_t kBurstsOfOthers = 400;

struct Settings {
    std::uint64_t operations;
    std::uint64_t seed;
    bool after_others;
};

bool read_order(const CommandLine& line) {
    if (std::strcmp(line.text(2), "fresh") != 0 && std::strcmp(line.text(2), "after") != 0) {
        line.reject(2, "order", "fresh or after");
    }
    return line.text(2)[0] == 'a';
}

Settings read_settings(const CommandLine& line) {
    line.expect_between(3, 3);
    return {
        .operations = line.integer(0, "operations", 1, std::uint64_t{1} << 60),
        .seed = line.integer(1, "seed", 0, UINT64_MAX),
        .after_others = read_order(line),
    };
}

// A phase. blocks[0] to blocks[phase.live - 1] are held while the object exists.
template <typename Block>
class Work {
  public:
    Work(Block* blocks, const Phase& phase, Random& random)
        : blocks_(blocks), phase_(phase), random_(random) {
        for (std::uint32_t index = 0; index < phase_.live; ++index) {
            blocks_[index].acquire(phase_.size, index);
        }
    }
    ~Work() {
        for (std::uint32_t index = 0; index < phase_.live; ++index) {
            blocks_[index].release();
        }
    }
    Work(const Work&) = delete;
    Work& operator=(const Work&) = delete;

    void bursts(std::uint64_t count) {
        for (; count != 0; --count) {
            Block* const first = blocks_ + random_.draw().below(phase_.live - phase_.burst + 1);
            for (std::uint32_t index = 0; index < phase_.burst; ++index) {
                first[index].release();
            }
            for (std::uint32_t index = 0; index < phase_.burst; ++index) {
                first[index].acquire(phase_.size, count + index);
            }
        }
    }

  private:
    Block* blocks_;
    Phase phase_;
    Random& random_;
};

template <typename Block>
void measure(const Settings& settings) {
    MappedArray<Block> blocks(kLast.live);
    Random random(settings.seed);
    if (settings.after_others) {
        for (std::uint32_t size = kSmallestOther; size <= kLargestOther; size += kStepOfOthers) {
            Work<Block>(blocks.data(), {.size = size, .live = 300, .burst = 60}, random)
                .bursts(kBurstsOfOthers);
        }
    }
    const std::uint64_t pairs_per_burst = kLast.burst;
    const std::uint64_t bursts = bench::share_of(settings.operations, 2 * pairs_per_burst);
    Work<Block> work(blocks.data(), kLast, random);
    const bench::Stopwatch stopwatch;
    const double cpu_before = bench::cpu_seconds();
    work.bursts(bursts);
    const double cpu = bench::cpu_seconds() - cpu_before;
    const double seconds = stopwatch.seconds();
    std::printf("pair = %.2f ns of CPU time\n", cpu * 1e9 / static_cast<double>(bursts * pairs_per_burst));
    bench::print_throughput(bursts * 2 * pairs_per_burst, seconds);
}

} // namespace

int main(int argc, char** argv) {
    bench::write_by_lines();
    return bench::run_workload(argc, argv, kUsage, read_settings,
                               []<typename Block>(const Settings& settings) { measure<Block>(settings); });
}
