// SPDX-License-Identifier: MIT
// fragmentation: memory that an allocator keeps from the system beyond the bytes that the program holds. One
// thread runs four phases, each of which strands memory in its own way. Each phase begins with an empty heap,
// but with the memory that the allocator kept from the phase before:
//
//   grow        grows with small blocks to the full size, releases nine tenths of them at random, and grows
//               to the full size again with blocks of another size. Ends full. Can freed memory be reused?
//   sawtooth    grows to the full size and falls to a quarter, in random order, six times, each time with
//               other sizes. Ends after a fall. Is freed memory given back?
//   cache       a full cache that evicts blocks that were not used for long (the oldest of three at random).
//               The sizes of new blocks drift from 32-512 B to 2-32 KiB. Ends full.
//   long-lived  bursts of blocks, with sizes that differ from burst to burst. One block in sixteen outlives
//               its burst. Ends with half the full size in such blocks.
//
// Finally everything is released and the process idles, which shows what allocators do over time.
//
// Live bytes are the bytes requested in held blocks. The program's own bookkeeping is one array, mapped from
// the system and touched before the start. Only this array is subtracted from RSS. The operations depend on
// the seed and the scale only. RSS is read by the clock, which changes no operation.
#include "support/block.h"
#include "support/command_line.h"
#include "support/csv_file.h"
#include "support/idle.h"
#include "support/mapped_array.h"
#include "support/random.h"
#include "support/resident.h"
#include "support/stopwatch.h"
#include "support/workload.h"

#include <array>
#include <cmath>

namespace {

using bench::CommandLine;
using bench::CsvFile;
using bench::Draw;
using bench::MappedArray;
using bench::OctaveRange;
using bench::Random;
using bench::Stopwatch;

constexpr const char* kUsage =
    "usage: fragmentation <seed> [--scale MIB] [--drain S] [--csv FILE] [--wait] [--verify]\n"
    "  seed         the same seed gives the same operations under every allocator\n"
    "  --scale MIB  most bytes live at a time, in MiB (200)\n"
    "  --drain S    seconds to stay idle after everything was released; RSS is looked at after 0.1, 1 and S "
    "(5)\n"
    "  --csv FILE   RSS over time: phase,seconds,live_bytes,rss_bytes,ratio\n"
    "  --wait       at the end of each phase, read a line before anything is released\n"
    "  --verify     fill every block and check its contents when it is released\n"
    "The last line printed is: RSS / live = X (geometric mean of the phase ends)\n";

constexpr double kMiB = 1 << 20;
constexpr std::uint64_t kDefaultScale = 200;
constexpr double kDefaultDrain = 5;
constexpr std::uint64_t kFewestBytesPerBlock = 128; // least mean size in any phase
constexpr std::uint64_t kOperationsPerLook = 256;   // operations between two looks at the clock
constexpr double kSecondsPerSample = 0.01;

struct Settings {
    std::uint64_t seed;
    std::uint64_t full; // most live bytes
    double drain;
    const char* csv;
    bool waits; // waits at the end of each phase, so that the process can be examined
};

// Reads RSS and records it.
class Recorder {
  public:
    Recorder(const char* csv, std::uint64_t own_bytes)
        : file_(csv, "phase,seconds,live_bytes,rss_bytes,ratio"), own_bytes_(own_bytes) {
        std::printf("%-10s  %7s  %8s  %8s  %10s\n", "phase", "seconds", "live MiB", "RSS MiB", "RSS / live");
    }

    void begin(const char* phase) {
        phase_ = phase;
        begun_ = stopwatch_.seconds();
    }

    void count_operation(std::uint64_t live_bytes) {
        if (++operations_ % kOperationsPerLook == 0 && stopwatch_.seconds() >= next_sample_) {
            next_sample_ = sample(live_bytes).seconds + kSecondsPerSample;
        }
    }

    // Prints the phase's figures. Returns RSS / live.
    double end(std::uint64_t live_bytes) {
        const Sample now = sample(live_bytes);
        std::printf("%-10s  %7.2f  %8.1f  %8.1f", phase_, now.seconds - begun_,
                    static_cast<double>(live_bytes) / kMiB, static_cast<double>(now.rss_bytes) / kMiB);
        if (live_bytes != 0) {
            std::printf("  %10.2f", now.ratio);
        }
        std::putchar('\n');
        return now.ratio;
    }

  private:
    struct Sample {
        double seconds;
        std::uint64_t rss_bytes;
        double ratio;
    };

    Sample sample(std::uint64_t live_bytes) {
        const std::uint64_t rss_bytes = bench::resident_bytes(own_bytes_);
        const Sample now{.seconds = stopwatch_.seconds(),
                         .rss_bytes = rss_bytes,
                         .ratio = live_bytes == 0
                                      ? HUGE_VAL
                                      : static_cast<double>(rss_bytes) / static_cast<double>(live_bytes)};
        file_.row("%s,%.4f,%llu,%llu,%.4f\n", phase_, now.seconds,
                  static_cast<unsigned long long>(live_bytes), static_cast<unsigned long long>(rss_bytes),
                  now.ratio);
        return now;
    }

    CsvFile file_;
    std::uint64_t own_bytes_;
    Stopwatch stopwatch_;
    const char* phase_ = "";
    double begun_ = 0;
    double next_sample_ = 0;
    std::uint64_t operations_ = 0;
};

template <typename Block>
struct Entry {
    Block block;
    std::uint32_t size;
    std::uint32_t used; // time of the last use, in the phase's own count
};

// The held blocks, in no order.
template <typename Block>
class Heap {
  public:
    Heap(MappedArray<Entry<Block>>& entries, Recorder& recorder) : entries_(entries), recorder_(recorder) {}

    std::uint64_t live_bytes() const { return live_bytes_; }
    std::uint32_t count() const { return count_; }
    Entry<Block>& operator[](std::uint32_t index) { return entries_[index]; }

    void add(std::uint32_t size, std::uint32_t used = 0) {
        if (count_ == entries_.size()) {
            bench::fail(bench::kRunFailed, "more blocks than there is room for\n");
        }
        Entry<Block>& entry = entries_[count_++];
        entry.block.acquire(size, ++stamp_);
        entry.size = size;
        entry.used = used;
        live_bytes_ += size;
        recorder_.count_operation(live_bytes_);
    }

    void grow_to(std::uint64_t live_bytes, OctaveRange sizes, Random& random) {
        while (live_bytes_ < live_bytes) {
            Draw draw = random.draw();
            add(sizes.pick(draw));
        }
    }

    // Releases a block. The last block takes its place.
    void remove(std::uint32_t index) {
        Entry<Block>& entry = entries_[index];
        live_bytes_ -= entry.size;
        entry.block.release();
        entry = entries_[--count_];
        recorder_.count_operation(live_bytes_);
    }

    void shrink_at_random_to(std::uint64_t live_bytes, Random& random) {
        while (live_bytes_ > live_bytes) {
            remove(random.draw().below(count_));
        }
    }

    // Releases all blocks but the first `kept`, in their order.
    void remove_all_after(std::uint32_t kept) {
        for (std::uint32_t index = kept; index < count_; ++index) {
            live_bytes_ -= entries_[index].size;
            entries_[index].block.release();
            recorder_.count_operation(live_bytes_);
        }
        count_ = kept;
    }

    // Releases all blocks between phases, unseen by the recorder.
    void release_all() {
        while (count_ != 0) {
            entries_[--count_].block.release();
        }
        live_bytes_ = 0;
    }

  private:
    MappedArray<Entry<Block>>& entries_;
    Recorder& recorder_;
    std::uint32_t count_ = 0;
    std::uint64_t live_bytes_ = 0;
    std::uint64_t stamp_ = 0;
};

template <typename Block>
void run_grow(Heap<Block>& heap, std::uint64_t full, Random& random) {
    heap.grow_to(full, OctaveRange(4, 5), random); // 16 to 512 B
    heap.shrink_at_random_to(full / 10, random);
    heap.grow_to(full, OctaveRange(10, 2), random); // 1 to 4 KiB
}

template <typename Block>
void run_sawtooth(Heap<Block>& heap, std::uint64_t full, Random& random) {
    for (const std::uint32_t octave : {5U, 8U, 6U, 9U, 5U, 7U}) { // from 32-512 B to 512 B-8 KiB
        heap.grow_to(full, OctaveRange(octave, 4), random);
        heap.shrink_at_random_to(full / 4, random);
    }
}

template <typename Block>
void evict(Heap<Block>& cache, Random& random) {
    Draw draw = random.draw();
    std::uint32_t victim = draw.below(cache.count());
    for (const std::uint32_t other : {draw.below(cache.count()), random.draw().below(cache.count())}) {
        if (cache[other].used < cache[victim].used) {
            victim = other;
        }
    }
    cache.remove(victim);
}

template <typename Block>
void run_cache(Heap<Block>& cache, std::uint64_t full, Random& random) {
    constexpr std::uint32_t kFirstOctave = 5;
    constexpr std::uint32_t kDrift = 6;       // octaves
    constexpr std::uint32_t kSteps = 1 << 10; // steps of an octave; between octaves chance decides
    const std::uint64_t goal = 6 * full;
    std::uint32_t now = 0;
    for (std::uint64_t put = 0; put < goal; ++now) {
        Draw draw = random.draw();
        const auto drift = static_cast<std::uint32_t>(put * kDrift * kSteps / goal);
        const std::uint32_t size =
            OctaveRange(kFirstOctave + (drift + draw.below(kSteps)) / kSteps, 4).pick(draw);
        while (cache.live_bytes() + size > full) {
            evict(cache, random);
        }
        cache.add(size, now);
        cache[random.draw().below(cache.count())].used = now; // a block that was looked up
        put += size;
    }
}

template <typename Block>
void run_long_lived(Heap<Block>& heap, std::uint64_t full, Random& random) {
    constexpr std::uint32_t kBlocksPerLongLived = 16;
    std::uint32_t long_lived = 0; // number of long-lived blocks, which are in front
    while (heap.live_bytes() < full / 2) {
        const OctaveRange sizes(6 + random.draw().below(6), 2); // from 64-256 B to 2-8 KiB
        heap.grow_to(heap.live_bytes() + full / 4, sizes, random);
        for (std::uint32_t index = long_lived; index < heap.count(); ++index) {
            if (random.draw().below(kBlocksPerLongLived) == 0) {
                std::swap(heap[long_lived++], heap[index]);
            }
        }
        heap.remove_all_after(long_lived);
    }
}

template <typename Block>
struct Phase {
    const char* name;
    void (*run)(Heap<Block>&, std::uint64_t full, Random&);
};

// Waits for a line on the standard input.
void wait_for_line() {
    int character = std::getchar();
    while (character != '\n' && character != EOF) {
        character = std::getchar();
    }
}

void drain(Recorder& recorder, double seconds) {
    recorder.begin("drain");
    bench::look_while_idle(seconds, [&] { recorder.end(0); });
}

template <typename Block>
void measure(const Settings& settings) {
    constexpr std::array kPhases{
        Phase<Block>{.name = "grow", .run = run_grow<Block>},
        Phase<Block>{.name = "sawtooth", .run = run_sawtooth<Block>},
        Phase<Block>{.name = "cache", .run = run_cache<Block>},
        Phase<Block>{.name = "long-lived", .run = run_long_lived<Block>},
    };
    MappedArray<Entry<Block>> entries(settings.full / kFewestBytesPerBlock);
    Recorder recorder(settings.csv, entries.bytes());
    Heap<Block> heap(entries, recorder);
    Random random(settings.seed);
    double logarithms = 0;
    for (const Phase<Block>& phase : kPhases) {
        recorder.begin(phase.name);
        phase.run(heap, settings.full, random);
        logarithms += std::log(recorder.end(heap.live_bytes()));
        if (settings.waits) {
            wait_for_line();
        }
        heap.release_all();
    }
    drain(recorder, settings.drain);
    std::printf("RSS / live = %.3f (geometric mean of the phase ends)\n",
                std::exp(logarithms / static_cast<double>(kPhases.size())));
}

} // namespace

int main(int argc, char** argv) {
    bench::write_by_lines();
    std::array options{bench::Option{"--scale"}, bench::Option{"--drain"}, bench::Option{"--csv"},
                       bench::Option{.name = "--wait", .is_switch = true}};
    const CommandLine line(argc, argv, kUsage, options);
    line.expect_between(1, 1);
    const auto& [scale, drain, csv, wait] = options;
    const Settings settings{
        .seed = line.integer(0, "seed", 0, UINT64_MAX),
        .full = line.integer_or(kDefaultScale, scale, 1, 1 << 20) << 20,
        .drain = line.seconds_or(kDefaultDrain, drain),
        .csv = csv.value,
        .waits = wait.value != nullptr,
    };
    bench::with_kind_of_block(line.verify(), [&]<typename Block>() { measure<Block>(settings); });
    return 0;
}
