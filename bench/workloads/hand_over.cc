// SPDX-License-Identifier: MIT
// hand_over: threads in pairs that give each other blocks, as the stages of a server do. In each turn a
// thread allocates a block and hands it over to its partner, takes the oldest block that the partner has
// handed over, reallocates it to another size if it is the third, and keeps it in a random slot; what lay
// there is freed. So nearly every block is freed, and every third reallocated, by a thread that did not
// allocate it.
//
// Between the two lies a ring for each direction, filled half way before the clock starts. Each turn puts one
// block into one ring and takes one out of the other, so a thread can be ahead of its partner by what lay
// there and no more, and no ring ever overflows. A semaphore counts what was handed over, in batches: whoever
// is ahead sleeps on it, and is not woken for single blocks.
//
// Which block a thread takes in which turn does not depend on who is faster. Every thread's operations depend
// on the seed and its number only.
#include "support/block.h"
#include "support/command_line.h"
#include "support/mapped_array.h"
#include "support/random.h"
#include "support/stopwatch.h"
#include "support/thread.h"

#include <semaphore.h>

namespace {

using bench::CommandLine;
using bench::Draw;
using bench::MappedArray;
using bench::Random;
using bench::SizeRange;

constexpr const char* kUsage =
    "usage: hand_over <operations> <size> <seed> [pairs] [--verify]\n"
    "  operations  calls of malloc, realloc and free by all threads, each counts one; rounded up to whole "
    "turns\n"
    "  size        bytes of a block, or a range such as 16-16k (both ends included)\n"
    "  seed        the same seed gives the same operations under every allocator\n"
    "  pairs       of threads (1)\n"
    "  --verify    fill every block and check its contents when it is reallocated and when it is released\n"
    "The last line printed is: Throughput = N operations per second\n";

constexpr std::uint32_t kDefaultPairs = 1;
constexpr std::uint32_t kSlotsPerThread = 1024;
constexpr std::uint32_t kBatch = 256;                // blocks that one count of the semaphore stands for
constexpr std::uint32_t kAhead = 4 * kBatch;         // blocks in a ring at the start
constexpr std::uint32_t kRing = 2 * kAhead + kBatch; // most that are in it, with what is yet to be counted
constexpr std::uint64_t kTurnsPerReallocation = 3;
constexpr std::uint64_t kOperationsPerThreeTurns = 7; // three mallocs and frees, and a realloc
constexpr std::size_t kCacheLinePair = 128;           // what the adjacent-line prefetcher treats as one

struct Settings {
    std::uint64_t operations;
    SizeRange sizes;
    std::uint64_t seed;
    std::uint32_t pairs;
};

// Blocks on their way from one thread to the other.
template <typename Block>
struct alignas(kCacheLinePair) Ring {
    Block blocks[kRing];
    alignas(kCacheLinePair) sem_t batches;
};

template <typename Block>
struct alignas(kCacheLinePair) Worker {
    Ring<Block>* outgoing;
    Ring<Block>* incoming;
    Block* slots;
    SizeRange sizes;
    std::uint64_t seed;
    std::uint64_t turns;
    pthread_barrier_t* all_filled;
    pthread_t thread;
};

Settings read_settings(const CommandLine& line) {
    line.expect_between(3, 4);
    std::uint32_t smallest = 0;
    std::uint32_t largest = 0;
    line.range(1, "size", smallest, largest);
    return {
        .operations = line.integer(0, "operations", 1, std::uint64_t{1} << 60),
        .sizes = SizeRange(smallest, largest),
        .seed = line.integer(2, "seed", 0, UINT64_MAX),
        .pairs =
            line.count() > 3 ? static_cast<std::uint32_t>(line.integer(3, "pairs", 1, 2048)) : kDefaultPairs,
    };
}

// Where the end of a ring is, as each of the two threads counts for itself.
class Position {
  public:
    explicit Position(std::uint32_t index) : index_(index) {}

    std::uint32_t index() const { return index_; }

    // Returns whether a batch ends here.
    bool advance() {
        ++index_;
        const bool ended = index_ % kBatch == 0;
        if (index_ == kRing) {
            index_ = 0;
        }
        return ended;
    }

  private:
    std::uint32_t index_;
};
static_assert(kRing % kBatch == 0 && kAhead % kBatch == 0);

template <typename Block>
void fill(Worker<Block>& worker, Random& random) {
    for (std::uint32_t slot = 0; slot < kSlotsPerThread; ++slot) {
        Draw draw = random.draw();
        worker.slots[slot].acquire(worker.sizes.pick(draw), slot);
    }
    for (std::uint32_t index = 0; index < kAhead; ++index) {
        Draw draw = random.draw();
        worker.outgoing->blocks[index].acquire(worker.sizes.pick(draw), index);
    }
}

template <typename Block>
[[gnu::noinline]] void exchange_blocks(const Worker<Block>& worker, Random random) {
    const SizeRange sizes = worker.sizes;
    Ring<Block>& outgoing = *worker.outgoing;
    Ring<Block>& incoming = *worker.incoming;
    Position put(kAhead);
    Position take(0);
    bool batch_taken = true;
    for (std::uint64_t turn = 1; turn <= worker.turns; ++turn) {
        Draw draw = random.draw();
        outgoing.blocks[put.index()].acquire(sizes.pick(draw), turn);
        if (put.advance()) {
            sem_post(&outgoing.batches);
        }
        while (batch_taken && sem_wait(&incoming.batches) != 0) { // again if a signal came
        }
        Block received = incoming.blocks[take.index()];
        batch_taken = take.advance();
        if (turn % kTurnsPerReallocation == 0) {
            received.resize(sizes.pick(draw));
        }
        Block& slot = worker.slots[draw.below(kSlotsPerThread)];
        slot.release();
        slot = received;
    }
}

template <typename Block>
void* thread_body(void* argument) {
    auto& worker = *static_cast<Worker<Block>*>(argument);
    Random random(worker.seed);
    fill(worker, random);
    pthread_barrier_wait(worker.all_filled);
    exchange_blocks(worker, random);
    return nullptr;
}

// As all threads make as many turns, a ring holds as many blocks in the end as at the start.
template <typename Block>
void empty(Ring<Block>& ring, std::uint64_t turns) {
    auto index = static_cast<std::uint32_t>(turns % kRing);
    for (std::uint32_t left = kAhead; left != 0; --left) {
        ring.blocks[index].release();
        index = (index + 1) % kRing;
    }
}

template <typename Block>
void measure(const Settings& settings) {
    const std::uint32_t threads = 2 * settings.pairs;
    const std::uint64_t three_turns =
        settings.operations / (kOperationsPerThreeTurns * threads) +
        (settings.operations % (kOperationsPerThreeTurns * threads) == 0 ? 0 : 1);
    const std::uint64_t turns = three_turns * kTurnsPerReallocation;

    MappedArray<Ring<Block>> rings(threads); // of each thread, for what it hands over
    MappedArray<Block> slots(std::size_t{threads} * kSlotsPerThread);
    MappedArray<Worker<Block>> workers(threads);
    pthread_barrier_t all_filled;
    pthread_barrier_init(&all_filled, nullptr, threads + 1);
    for (Ring<Block>& ring : rings) {
        sem_init(&ring.batches, 0, kAhead / kBatch);
    }
    for (std::uint32_t index = 0; index < threads; ++index) {
        const std::uint32_t partner = index ^ 1U;
        workers[index] = {.outgoing = &rings[index],
                          .incoming = &rings[partner],
                          .slots = slots.data() + std::size_t{index} * kSlotsPerThread,
                          .sizes = settings.sizes,
                          .seed = bench::scramble(settings.seed) + index,
                          .turns = turns,
                          .all_filled = &all_filled,
                          .thread = {}};
        workers[index].thread = bench::start_thread(thread_body<Block>, &workers[index]);
    }
    pthread_barrier_wait(&all_filled);
    const bench::Stopwatch stopwatch;
    for (const Worker<Block>& worker : workers) {
        pthread_join(worker.thread, nullptr);
    }
    const double seconds = stopwatch.seconds();

    for (Ring<Block>& ring : rings) {
        empty(ring, turns);
    }
    for (Block& slot : slots) {
        slot.release();
    }
    bench::print_throughput(threads * three_turns * kOperationsPerThreeTurns, seconds);
}

} // namespace

int main(int argc, char** argv) {
    const CommandLine line(argc, argv, kUsage);
    const Settings settings = read_settings(line);
    if (line.verify()) {
        measure<bench::VerifiedBlock>(settings);
    } else {
        measure<bench::TouchedBlock>(settings);
    }
    return 0;
}
