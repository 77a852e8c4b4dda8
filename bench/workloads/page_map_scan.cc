// SPDX-License-Identifier: MIT
// page_map_scan: the time to find room for a block of 320 KiB in a large heap. The heap is filled with blocks
// of 64 KiB. Then half of them are released, four in a row each, which leaves holes of 256 KiB everywhere. No
// hole is large enough. An allocator that looks at each hole takes longer in a larger heap.
//
// The blocks that fill the heap are not written to, because the largest heaps would not fit into memory. Only
// the calls of malloc for the blocks of 320 KiB are timed, in CPU time.
#include "support/allocator.h"
#include "support/block.h"
#include "support/command_line.h"
#include "support/mapped_array.h"
#include "support/stopwatch.h"
#include "support/workload.h"

#include <utility>

namespace {

using bench::CommandLine;
using bench::MappedArray;

constexpr const char* kUsage =
    "usage: page_map_scan <MiB> [--verify]\n"
    "  MiB       of the heap, in blocks of 64 KiB that are not written to\n"
    "  --verify  fill the blocks of 320 KiB and check their contents when they are released\n"
    "Prints by the way: malloc = N ns of CPU time\n"
    "The last line printed is: Throughput = N operations per second\n";

constexpr std::size_t kFilling = 60'000; // 64 KiB with the header and rounding of an allocator
constexpr std::uint32_t kBlocksPerMiB = 16;
constexpr std::uint32_t kHole = 4;
constexpr std::size_t kWanted = std::size_t{320} << 10;
constexpr std::size_t kTimedCalls = 500;

void* allocate_or_fail(std::size_t size) {
    void* const block = bench::allocate(size);
    if (block == nullptr) {
        bench::fail_out_of_memory(size);
    }
    return block;
}

template <typename Block>
void measure(std::size_t filling_blocks) {
    MappedArray<void*> filling(filling_blocks);
    MappedArray<Block> wanted(kTimedCalls);
    MappedArray<void*> found(kTimedCalls);
    for (void*& block : filling) {
        block = allocate_or_fail(kFilling);
    }
    for (std::size_t index = 0; index < filling.size(); ++index) {
        if (index % (2 * kHole) < kHole) {
            bench::release(std::exchange(filling[index], nullptr));
        }
    }
    const bench::Stopwatch stopwatch;
    const double cpu_before = bench::cpu_seconds();
    for (void*& block : found) {
        block = bench::allocate(kWanted);
    }
    const double cpu = bench::cpu_seconds() - cpu_before;
    const double seconds = stopwatch.seconds();
    for (std::size_t index = 0; index < kTimedCalls; ++index) {
        wanted[index].take(found[index], kWanted, index);
    }
    for (Block& block : wanted) {
        block.release();
    }
    for (void* const block : filling) {
        bench::release(block);
    }
    std::printf("malloc = %.1f ns of CPU time\n", cpu * 1e9 / kTimedCalls);
    bench::print_throughput(kTimedCalls, seconds);
}

std::size_t read_settings(const CommandLine& line) {
    line.expect_between(1, 1);
    return line.integer(0, "MiB", 1, 1 << 20) * kBlocksPerMiB;
}

} // namespace

int main(int argc, char** argv) {
    return bench::run_workload(argc, argv, kUsage, read_settings,
                               []<typename Block>(std::size_t filling) { measure<Block>(filling); });
}
