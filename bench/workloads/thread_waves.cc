// SPDX-License-Identifier: MIT
// thread_waves: threads that all end before the next ones start. The threads of a wave allocate blocks that
// they keep to the end of the wave, and smaller, passing blocks among them. After each passing block a thread
// releases a random one, with a probability of 2/3. With a probability of 1/4 it swaps a random one for a
// slot of the exchange, which all threads share. In the end a thread releases all its blocks. Threads have
// one to eight shares of blocks, in turn. After each wave half of the exchange is released, too.
//
// So the memory in use rises and falls with each wave. Blocks are released by other threads than those that
// allocated them, and some outlive these threads.
//
// Kept blocks have 8 bytes to 1 KiB, and passing blocks 8 to 128 bytes, with every doubling equally frequent.
// Two blocks in a hundred are 100 times as large, and a few of those 1000 or 10 000 times.
//
// A thread's sizes depend on the seed only. The blocks that it gets by swapping depend on the other threads.
#include "support/block.h"
#include "support/cache_line.h"
#include "support/command_line.h"
#include "support/mapped_array.h"
#include "support/random.h"
#include "support/stopwatch.h"
#include "support/thread.h"
#include "support/workload.h"

#include <atomic>

namespace {

using bench::CommandLine;
using bench::Draw;
using bench::MappedArray;
using bench::OctaveRange;
using bench::Random;

constexpr const char* kUsage =
    "usage: thread_waves <waves> <seed> <threads> [--verify]\n"
    "  waves     how often all threads start, and end\n"
    "  seed      the same seed gives the same sizes under every allocator\n"
    "  threads   of a wave\n"
    "  --verify  fill every block and check its contents when it is released\n"
    "The last line printed is: Throughput = N operations per second, where one malloc or one free counts "
    "one\n";

constexpr std::uint32_t kExchange = 1000; // blocks that any thread may take and replace
constexpr std::uint32_t kShares = 8;
constexpr std::uint32_t kBlocksPerShare = 5000; // passing blocks of a thread with one share
constexpr std::uint32_t kComingPerKept = 2;
constexpr OctaveRange kComing(3, 4);
constexpr OctaveRange kKept(3, 7);

struct Settings {
    std::uint64_t waves;
    std::uint64_t seed;
    std::uint32_t threads;
};

// Shared by all threads. Each number of a block is in one place: a thread's or the exchange's.
template <typename Block>
struct Run {
    Block* blocks;
    std::uint32_t* exchange;
};

// A thread of the present wave.
template <typename Block>
struct alignas(bench::kCacheLinePair) Member {
    Run<Block>* run;
    std::uint32_t* places; // places of passing blocks, then of kept blocks
    std::uint32_t coming;
    std::uint32_t kept;
    Random random;
    pthread_t thread;
};

Settings read_settings(const CommandLine& line) {
    line.expect_between(3, 3);
    return {
        .waves = line.integer(0, "waves", 1, std::uint64_t{1} << 30),
        .seed = line.integer(1, "seed", 0, UINT64_MAX),
        .threads = line.integer<std::uint32_t>(2, "threads", 1, 1024),
    };
}

std::uint32_t pick_size(const OctaveRange& usual, Draw& draw) {
    const std::uint32_t size = usual.pick(draw);
    const std::uint32_t chance = draw.below(10'000);
    if (chance >= 200) [[likely]] {
        return size;
    }
    return size * (chance < 3 ? 10'000 : chance < 23 ? 1'000 : 100);
}

template <typename Block>
void release_if_held(Block& block) {
    if (block.held()) {
        block.release();
    }
}

template <typename Block>
void* thread_body(void* argument) {
    auto& self = *static_cast<Member<Block>*>(argument);
    const Run<Block>& run = *self.run;
    std::uint32_t came = 0;
    for (std::uint32_t kept = 0; came + kept != self.coming + self.kept;) {
        Draw draw = self.random.draw();
        if (draw.below(self.coming + self.kept) < self.kept ? kept != self.kept : came == self.coming) {
            run.blocks[self.places[self.coming + kept]].acquire(pick_size(kKept, draw), kept);
            ++kept;
            continue;
        }
        run.blocks[self.places[came]].acquire(pick_size(kComing, draw), came);
        ++came;
        draw = self.random.draw();
        if (draw.below(3) != 0) {
            release_if_held(run.blocks[self.places[draw.below(came)]]);
        }
        draw = self.random.draw();
        if (draw.below(4) == 0) {
            std::uint32_t& number = self.places[draw.below(came)];
            std::atomic_ref slot(run.exchange[draw.below(kExchange)]);
            number = slot.exchange(number, std::memory_order_acq_rel);
        }
    }
    for (std::uint32_t place = 0; place < self.coming + self.kept; ++place) {
        release_if_held(run.blocks[self.places[place]]);
    }
    return nullptr;
}

template <typename Block>
void measure(const Settings& settings) {
    MappedArray<Member<Block>> members(settings.threads);
    std::size_t places = 0;
    for (std::uint32_t index = 0; index < settings.threads; ++index) {
        const std::uint32_t coming = (index % kShares + 1) * kBlocksPerShare;
        members[index].coming = coming;
        members[index].kept = coming / kComingPerKept;
        places += coming + members[index].kept;
    }
    MappedArray<Block> blocks(places + kExchange);
    MappedArray<std::uint32_t> numbers(blocks.size()); // the exchange's numbers are last
    for (std::uint32_t number = 0; number < numbers.size(); ++number) {
        numbers[number] = number;
    }
    Run<Block> run{.blocks = blocks.data(), .exchange = numbers.data() + places};
    std::uint32_t* next = numbers.data();
    for (std::uint32_t index = 0; index < settings.threads; ++index) {
        Member<Block>& member = members[index];
        member.run = &run;
        member.places = next;
        member.random = Random(bench::scramble(settings.seed) + index + 1);
        next += member.coming + member.kept;
    }

    Random random(settings.seed);
    const bench::Stopwatch stopwatch;
    for (std::uint64_t wave = 0; wave < settings.waves; ++wave) {
        for (Member<Block>& member : members) {
            member.thread = bench::start_thread(thread_body<Block>, &member);
        }
        for (const Member<Block>& member : members) {
            pthread_join(member.thread, nullptr);
        }
        for (std::size_t slot = 0; slot < kExchange; ++slot) {
            if (random.draw().below(2) == 0 || wave + 1 == settings.waves) {
                release_if_held(blocks[run.exchange[slot]]);
            }
        }
    }
    bench::print_throughput(2 * places * settings.waves, stopwatch.seconds());
}

} // namespace

int main(int argc, char** argv) {
    return bench::run_workload(argc, argv, kUsage, read_settings,
                               []<typename Block>(const Settings& settings) { measure<Block>(settings); });
}
