// SPDX-License-Identifier: MIT
// latency: durations of single calls of malloc and free while threads keep the allocator busy. Each thread
// holds an array of slots. Each operation picks a random slot and releases its block, or allocates one if
// there is none. Every call is timed and counted in a histogram of the thread. The histograms are added up at
// the end. Writes into the blocks are not timed.
//
// The times contain one reading of the clock, the least that any program can measure. Its cost is measured
// before the start and printed, but not subtracted: a difference of two medians is no median. A thread that
// loses its processor during a call has that in the call's time, as a program would. With more threads than
// processors the upper percentiles are the scheduler's. There is no rate of requests to keep up with, so no
// waiting is omitted. The times are those of calls, not of responses.
#include "support/block.h"
#include "support/cache_line.h"
#include "support/command_line.h"
#include "support/latency_histogram.h"
#include "support/mapped_array.h"
#include "support/percentiles.h"
#include "support/random.h"
#include "support/team.h"
#include "support/tick_clock.h"
#include "support/workload.h"

namespace {

using bench::CommandLine;
using bench::Draw;
using bench::LatencyHistogram;
using bench::MappedArray;
using bench::Random;
using bench::SizeRange;

constexpr const char* kUsage =
    "usage: latency <operations> <size> <seed> [threads] [slots] [--verify]\n"
    "  operations  calls of malloc and free by all threads, each counts one; rounded up to as many for each\n"
    "              thread\n"
    "  size        bytes of a block, or a range such as 16-1k (both ends included)\n"
    "  seed        the same seed gives the same operations under every allocator\n"
    "  threads     each with slots of its own (1)\n"
    "  slots       blocks that a thread holds at most; half of them on average (4096)\n"
    "  --verify    fill every block and check its contents when it is released\n"
    "Prints lines such as: malloc p99 = 71 ns\n"
    "The last line printed is: Throughput = N operations per second\n";

constexpr std::uint32_t kDefaultSlots = 4096;

struct Settings {
    std::uint64_t operations;
    SizeRange sizes;
    std::uint64_t seed;
    std::uint32_t threads;
    std::uint32_t slots;
};

template <typename Block, typename Ticks>
struct alignas(bench::kCacheLinePair) Worker {
    Block* slots;
    std::uint32_t count;
    std::uint64_t operations;
    SizeRange sizes;
    Random random;
    LatencyHistogram of_malloc;
    LatencyHistogram of_free;

    // Fills all slots, and releases every second one, so that the timed calls find the heap in use.
    void prepare() {
        for (std::uint32_t slot = 0; slot < count; ++slot) {
            Draw draw = random.draw();
            slots[slot].acquire(sizes.pick(draw), ~std::uint64_t{slot});
        }
        for (std::uint32_t slot = 0; slot < count; slot += 2) {
            slots[slot].release();
        }
    }

    void work() {
        for (std::uint64_t left = operations; left != 0; --left) {
            Draw draw = random.draw();
            Block& slot = slots[draw.below(count)];
            if (slot.held()) {
                time_free(slot);
            } else {
                time_malloc(slot, sizes.pick(draw), left);
            }
        }
    }

    void time_malloc(Block& slot, std::uint32_t size, std::uint64_t stamp) {
        const std::uint64_t start = Ticks::now();
        void* const block = bench::allocate(size);
        const std::uint64_t end = Ticks::now();
        of_malloc.record(bench::ticks_between(start, end));
        slot.take(block, size, stamp);
    }

    void time_free(Block& slot) {
        void* const block = slot.give();
        const std::uint64_t start = Ticks::now();
        bench::release(block);
        const std::uint64_t end = Ticks::now();
        of_free.record(bench::ticks_between(start, end));
    }
};

Settings read_settings(const CommandLine& line) {
    line.expect_between(3, 5);
    return {
        .operations = line.integer(0, "operations", 1, std::uint64_t{1} << 60),
        .sizes = line.range(1, "size"),
        .seed = line.integer(2, "seed", 0, UINT64_MAX),
        .threads = line.integer_or(1U, 3, "threads", 1, 4096),
        .slots = line.integer_or(kDefaultSlots, 4, "slots", 1, 1U << 28),
    };
}

// Times no call at all, which measures the clock.
template <typename Ticks>
void measure_clock(LatencyHistogram& of_nothing) {
    constexpr int kReadings = 100'000;
    for (int reading = 0; reading < kReadings; ++reading) {
        const std::uint64_t start = Ticks::now();
        of_nothing.record(bench::ticks_between(start, Ticks::now()));
    }
}

template <typename Block, typename Ticks>
void measure(const Settings& settings) {
    static LatencyHistogram of_nothing; // zeroes, as in the workers
    static LatencyHistogram of_malloc;
    static LatencyHistogram of_free;
    const bench::TickRate<Ticks> rate;
    measure_clock<Ticks>(of_nothing);

    MappedArray<Block> slots(std::size_t{settings.threads} * settings.slots);
    MappedArray<Worker<Block, Ticks>> workers(settings.threads);
    const std::uint64_t share = bench::share_of(settings.operations, settings.threads);
    for (std::uint32_t index = 0; index < settings.threads; ++index) {
        auto& worker = workers[index];
        worker.slots = slots.data() + std::size_t{index} * settings.slots;
        worker.count = settings.slots;
        worker.operations = share;
        worker.sizes = settings.sizes;
        worker.random = Random(bench::scramble(settings.seed) + index);
    }
    const double seconds = bench::time_team(workers);
    const double nanoseconds_per_tick = rate.nanoseconds_per_tick();

    for (const auto& worker : workers) {
        of_malloc.add(worker.of_malloc);
        of_free.add(worker.of_free);
    }
    for (Block& slot : slots) {
        if (slot.held()) {
            slot.release();
        }
    }
    std::printf("clock = %s, %.3f ns per tick\n", Ticks::kName, nanoseconds_per_tick);
    bench::print_percentiles("clock", of_nothing, nanoseconds_per_tick);
    bench::print_percentiles("malloc", of_malloc, nanoseconds_per_tick);
    bench::print_percentiles("free", of_free, nanoseconds_per_tick);
    bench::print_throughput(share * settings.threads, seconds);
}

} // namespace

int main(int argc, char** argv) {
    bench::write_by_lines();
    const CommandLine line(argc, argv, kUsage);
    const Settings settings = read_settings(line);
    bench::with_tick_clock([&]<typename Ticks>() {
        bench::with_kind_of_block(line.verify(), [&]<typename Block>() { measure<Block, Ticks>(settings); });
    });
    return 0;
}
