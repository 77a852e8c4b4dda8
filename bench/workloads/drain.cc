// SPDX-License-Identifier: MIT
// drain: memory that remains after a peak. Allocates some MiB in blocks of one size, releases them all in the
// order of allocation, and idles. The workload shows which allocators give memory back, and how soon.
//
// The program's own bookkeeping is mapped from the system, touched before the start and subtracted from RSS.
#include "support/block.h"
#include "support/command_line.h"
#include "support/idle.h"
#include "support/mapped_array.h"
#include "support/resident.h"
#include "support/stopwatch.h"
#include "support/workload.h"

#include <array>

namespace {

using bench::CommandLine;
using bench::MappedArray;

constexpr const char* kUsage =
    "usage: drain <MiB> <size> [--seconds S] [--verify]\n"
    "  MiB          allocated in all before everything is released\n"
    "  size         bytes of a block, such as 64 or 1k\n"
    "  --seconds S  to stay idle after that; RSS is looked at after 0.1, 1 and S (5)\n"
    "  --verify     fill every block and check its contents when it is released\n"
    "The last line printed is: RSS = N KiB after S s\n";

constexpr double kDefaultSeconds = 5;
constexpr std::uint64_t kMostMiB = 1 << 20;

struct Settings {
    std::uint64_t bytes;
    std::uint32_t size;
    double seconds;
};

template <typename Block>
void measure(const Settings& settings) {
    MappedArray<Block> blocks((settings.bytes + settings.size - 1) / settings.size);
    const auto resident_kib = [&] {
        return static_cast<unsigned long long>(bench::resident_bytes(blocks.bytes()) >> 10);
    };
    std::uint64_t stamp = 0;
    for (Block& block : blocks) {
        block.acquire(settings.size, ++stamp);
    }
    std::printf("%7s  %10s\n%7s  %10llu\n", "seconds", "RSS KiB", "held", resident_kib());
    for (Block& block : blocks) {
        block.release();
    }
    const bench::Stopwatch stopwatch;
    unsigned long long last = 0;
    bench::look_while_idle(settings.seconds, [&] {
        last = resident_kib();
        std::printf("%7.2f  %10llu\n", stopwatch.seconds(), last);
    });
    std::printf("RSS = %llu KiB after %g s\n", last, settings.seconds);
}

} // namespace

int main(int argc, char** argv) {
    bench::write_by_lines();
    std::array options{bench::Option{"--seconds"}};
    const CommandLine line(argc, argv, kUsage, options);
    line.expect_between(2, 2);
    const Settings settings{
        .bytes = line.integer(0, "MiB", 1, kMostMiB) << 20,
        .size = line.size(1, "size"),
        .seconds = line.seconds_or(kDefaultSeconds, options[0]),
    };
    bench::with_kind_of_block(line.verify(), [&]<typename Block>() { measure<Block>(settings); });
    return 0;
}
