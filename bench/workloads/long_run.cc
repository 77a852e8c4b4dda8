// SPDX-License-Identifier: MIT
// long_run: the same load for minutes or hours, in slices, to find slowdown and growth. Each thread holds a
// fixed number of slots and replaces the blocks in random ones. Most blocks have 16 bytes to 16 KiB, with
// every doubling equally frequent. In a few slots they have 64 to 256 KiB. In one of eight turns the thread
// first swaps its slot for the one in a mailbox, which all threads share. So blocks are released by threads
// that did not allocate them.
//
// The sizes that a thread requests depend on the seed only. The block that it gets from a mailbox depends on
// the other threads. Live bytes are the bytes requested in held blocks. The program's own bookkeeping is
// mapped from the system, touched before the start and subtracted from RSS.
#include "support/block.h"
#include "support/cache_line.h"
#include "support/command_line.h"
#include "support/csv_file.h"
#include "support/mapped_array.h"
#include "support/placement.h"
#include "support/random.h"
#include "support/resident.h"
#include "support/stopwatch.h"
#include "support/theil_sen.h"
#include "support/thread.h"
#include "support/workload.h"

#include <array>
#include <atomic>
#include <numeric>
#include <pthread.h>

namespace {

using bench::CommandLine;
using bench::CsvFile;
using bench::Draw;
using bench::MappedArray;
using bench::OctaveRange;
using bench::Random;
using bench::Stopwatch;

constexpr const char* kUsage =
    "usage: long_run <seconds> <threads> <seed> [--slices N] [--csv FILE] [--node N] [--pin] "
    "[--verify]\n"
    "  seconds      how long to run, such as 600\n"
    "  threads      how many run at a time\n"
    "  seed         the same seed gives the same sizes under every allocator\n"
    "  --slices N   parts of the time, each reported by itself (10)\n"
    "  --csv FILE   the slices: "
    "slice,seconds,operations_per_second,operations_per_cpu_second,live_bytes,rss_bytes\n"
    "  --node N     run on the processors of this node only\n"
    "  --pin        keep each thread on one processor\n"
    "  --verify     fill every block and check its contents when it is released\n"
    "Drift is the rise from the second slice to the last of a Theil-Sen line, in percent.\n"
    "The last line printed is: Throughput = N operations per second, where one malloc or one free counts "
    "one\n";

constexpr double kMiB = 1 << 20;
constexpr std::uint64_t kDefaultSlices = 10;
constexpr std::uint32_t kSlotsPerThread = 16384; // 38 MiB
constexpr std::uint32_t kLargePerThread = 8;     // 1 MiB
constexpr std::uint32_t kMailboxes = 1024;
constexpr std::uint32_t kTurnsPerExchange = 8;
constexpr OctaveRange kSmall(4, 10);                   // 16 B to 16 KiB
constexpr OctaveRange kLarge(16, 2);                   // 64 to 256 KiB
constexpr std::uint64_t kOperationsPerReplacement = 2; // a free and a malloc

struct Settings {
    double seconds;
    std::uint32_t threads;
    std::uint64_t seed;
    std::size_t slices;
    const char* csv;
};

template <typename Block>
struct Slot {
    Block block;
    std::uint32_t size;
};

// Numbers of slots. Each number is in one place: in a thread's hand or in a mailbox.
using Numbers = std::span<std::uint32_t>;

// Shared by all threads. While they run, only the mailboxes, the slots in hand and the end are written.
template <typename Block>
struct alignas(bench::kCacheLinePair) Run {
    Slot<Block>* slots;
    Numbers mailboxes;
    std::atomic<bool> stop{false};
    pthread_barrier_t all_filled{};
};

template <typename Block>
struct alignas(bench::kCacheLinePair) Worker {
    Run<Block>* run;
    Numbers hand;
    std::uint64_t seed;
    pthread_t thread;
    alignas(bench::kCacheLinePair) std::uint64_t replacements; // read while the thread runs, with growth
    std::int64_t growth;                                       // change of live bytes by this thread
};

Settings read_settings(const CommandLine& line, const bench::Option& slices, const bench::Option& csv) {
    line.expect_between(3, 3);
    return {
        .seconds = line.seconds(0, "seconds"),
        .threads = line.integer<std::uint32_t>(1, "threads", 1, 4096),
        .seed = line.integer(2, "seed", 0, UINT64_MAX),
        .slices = line.integer_or(kDefaultSlices, slices, 3, 1000),
        .csv = csv.value,
    };
}

// Picks by the place in the hand, not by the slot there, so that the number of large blocks does not change.
std::uint32_t pick_size(std::uint32_t place, Draw& draw) {
    return place < kLargePerThread ? kLarge.pick(draw) : kSmall.pick(draw);
}

// Fills the slots. Returns the bytes requested.
template <typename Block>
std::int64_t fill(Slot<Block>* slots, Numbers numbers, Random& random) {
    std::int64_t live_bytes = 0;
    for (std::uint32_t place = 0; place < numbers.size(); ++place) {
        Draw draw = random.draw();
        Slot<Block>& slot = slots[numbers[place]];
        slot.size = pick_size(place, draw);
        slot.block.acquire(slot.size, place);
        live_bytes += slot.size;
    }
    return live_bytes;
}

// Only the owner writes the counter, so a load and a store are enough.
template <typename Number>
void add_to(Number& counter, Number change) {
    std::atomic_ref(counter).store(counter + change, std::memory_order_relaxed);
}

template <typename Block>
[[gnu::noinline]] void replace_random_blocks(Worker<Block>& worker, Random random) {
    Run<Block>& run = *worker.run;
    for (std::uint64_t turn = 0; !run.stop.load(std::memory_order_relaxed); ++turn) {
        Draw draw = random.draw();
        const std::uint32_t place = draw.below(kSlotsPerThread);
        std::uint32_t& number = worker.hand[place];
        if (draw.below(kTurnsPerExchange) == 0) {
            std::atomic_ref mailbox(run.mailboxes[draw.below(kMailboxes)]);
            number = mailbox.exchange(number, std::memory_order_acq_rel);
        }
        Slot<Block>& slot = run.slots[number];
        const std::uint32_t size = pick_size(place, draw);
        slot.block.release();
        slot.block.acquire(size, turn);
        add_to(worker.growth, std::int64_t{size} - slot.size);
        add_to(worker.replacements, std::uint64_t{1});
        slot.size = size;
    }
}

template <typename Block>
void* thread_body(void* argument) {
    auto& worker = *static_cast<Worker<Block>*>(argument);
    Random random(worker.seed);
    add_to(worker.growth, fill(worker.run->slots, worker.hand, random));
    pthread_barrier_wait(&worker.run->all_filled);
    replace_random_blocks(worker, random);
    return nullptr;
}

// Sums over all threads so far.
struct Totals {
    std::uint64_t replacements = 0;
    std::int64_t growth = 0;
};

template <typename Block>
Totals add_up(MappedArray<Worker<Block>>& workers) {
    Totals totals;
    for (Worker<Block>& worker : workers) {
        totals.replacements += std::atomic_ref(worker.replacements).load(std::memory_order_relaxed);
        totals.growth += std::atomic_ref(worker.growth).load(std::memory_order_relaxed);
    }
    return totals;
}

// The figures of every slice, printed at its end.
class Slices {
  public:
    Slices(std::size_t count, const char* csv, std::uint64_t own_bytes)
        : throughput_(count), rss_(count), own_bytes_(own_bytes),
          file_(csv, "slice,seconds,operations_per_second,operations_per_cpu_second,live_bytes,rss_bytes"),
          cpu_seconds_(bench::cpu_seconds()) {
        std::printf("%5s  %9s  %12s  %16s  %8s  %8s\n", "slice", "seconds", "operations/s",
                    "operations/CPU s", "live MiB", "RSS MiB");
    }

    // Ends a slice. `seconds` and `operations` are those since the start.
    void end(std::size_t slice, double seconds, std::uint64_t operations, std::uint64_t live_bytes) {
        const std::uint64_t rss_bytes = bench::resident_bytes(own_bytes_);
        const double cpu_seconds = bench::cpu_seconds();
        const auto done = static_cast<double>(operations - operations_);
        throughput_[slice] = done / (seconds - seconds_);
        const double per_cpu_second = done / (cpu_seconds - cpu_seconds_);
        rss_[slice] = static_cast<double>(rss_bytes);
        std::printf("%5zu  %9.2f  %12.0f  %16.0f  %8.1f  %8.1f\n", slice + 1, seconds, throughput_[slice],
                    per_cpu_second, static_cast<double>(live_bytes) / kMiB, rss_[slice] / kMiB);
        file_.row("%zu,%.4f,%.0f,%.0f,%llu,%llu\n", slice + 1, seconds, throughput_[slice], per_cpu_second,
                  static_cast<unsigned long long>(live_bytes), static_cast<unsigned long long>(rss_bytes));
        seconds_ = seconds;
        cpu_seconds_ = cpu_seconds;
        operations_ = operations;
    }

    void print_summary() {
        std::printf("Throughput drift = %.2f %%\n",
                    bench::drift_percent({throughput_.data(), throughput_.size()}));
        std::printf("RSS drift = %.2f %%\n", bench::drift_percent({rss_.data(), rss_.size()}));
        bench::print_throughput(operations_, seconds_);
    }

  private:
    MappedArray<double> throughput_;
    MappedArray<double> rss_;
    std::uint64_t own_bytes_;
    CsvFile file_;
    double seconds_ = 0;
    double cpu_seconds_;
    std::uint64_t operations_ = 0;
};

template <typename Block>
void measure(const Settings& settings) {
    MappedArray<Slot<Block>> slots(std::size_t{settings.threads} * kSlotsPerThread + kMailboxes);
    MappedArray<std::uint32_t> numbers(slots.size());
    MappedArray<Worker<Block>> workers(settings.threads);
    Slices slices(settings.slices, settings.csv, slots.bytes() + numbers.bytes() + workers.bytes());
    std::iota(numbers.begin(), numbers.end(), 0);
    const Numbers all(numbers.data(), numbers.size());
    Run<Block> run{.slots = slots.data(), .mailboxes = all.last(kMailboxes)};
    Random random(settings.seed);
    const std::int64_t in_mailboxes = fill(run.slots, run.mailboxes, random);
    pthread_barrier_init(&run.all_filled, nullptr, settings.threads + 1);
    for (std::uint32_t index = 0; index < settings.threads; ++index) {
        Worker<Block>& worker = workers[index];
        worker.run = &run;
        worker.hand = all.subspan(std::size_t{index} * kSlotsPerThread, kSlotsPerThread);
        worker.seed = settings.seed + index + 1;
        worker.thread = bench::start_thread(thread_body<Block>, &worker);
    }
    pthread_barrier_wait(&run.all_filled);
    const Stopwatch stopwatch;
    for (std::size_t slice = 0; slice < settings.slices; ++slice) {
        stopwatch.wait_until(settings.seconds * static_cast<double>(slice + 1) /
                             static_cast<double>(settings.slices));
        const Totals totals = add_up(workers);
        slices.end(slice, stopwatch.seconds(), totals.replacements * kOperationsPerReplacement,
                   static_cast<std::uint64_t>(in_mailboxes + totals.growth));
    }
    run.stop.store(true, std::memory_order_relaxed);
    for (Worker<Block>& worker : workers) {
        pthread_join(worker.thread, nullptr);
    }
    for (Slot<Block>& slot : slots) {
        slot.block.release();
    }
    slices.print_summary();
}

} // namespace

int main(int argc, char** argv) {
    bench::write_by_lines();
    std::array options{bench::Option{"--slices"}, bench::Option{"--csv"}, bench::kNodeOption,
                       bench::kPinOption};
    const CommandLine line(argc, argv, kUsage, options);
    const Settings settings = read_settings(line, options[0], options[1]);
    bench::place(line, options[2], options[3]);
    bench::with_kind_of_block(line.verify(), [&]<typename Block>() { measure<Block>(settings); });
    return 0;
}
