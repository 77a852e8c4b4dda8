// SPDX-License-Identifier: MIT
// hand_over: pairs of threads that give each other blocks, like the stages of a server. In each turn a thread
// allocates a block and hands it over to its partner. It takes the oldest block that the partner has handed
// over, and reallocates every third block to another size. It keeps the block in a random slot, and frees the
// block that was there. So nearly every block is freed, and every third reallocated, by a thread that did not
// allocate it.
//
// Each direction has a ring between the two threads, filled half way before the clock starts. Each turn puts
// one block into one ring and takes one out of the other. So a thread can be ahead of its partner only by the
// blocks in the ring, and no ring overflows. A semaphore counts the handed-over blocks in batches. A thread
// that is ahead sleeps on it, and is not woken for single blocks.
//
// The block that a thread takes in a turn does not depend on which thread is faster. Every thread's
// operations depend on the seed and its number only.
#include "support/block.h"
#include "support/cache_line.h"
#include "support/command_line.h"
#include "support/mapped_array.h"
#include "support/random.h"
#include "support/team.h"
#include "support/workload.h"

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
constexpr std::uint32_t kBatch = 256;                // blocks per count of the semaphore
constexpr std::uint32_t kAhead = 4 * kBatch;         // blocks in a ring at the start
constexpr std::uint32_t kRing = 2 * kAhead + kBatch; // most blocks in a ring, with those not counted yet
constexpr std::uint64_t kTurnsPerReallocation = 3;
constexpr std::uint64_t kOperationsPerThreeTurns = 7; // three mallocs and frees, and a realloc

struct Settings {
    std::uint64_t operations;
    SizeRange sizes;
    std::uint64_t seed;
    std::uint32_t pairs;
};

// Blocks on their way from one thread to the other.
template <typename Block>
struct alignas(bench::kCacheLinePair) Ring {
    Block blocks[kRing];
    alignas(bench::kCacheLinePair) sem_t batches;
};

Settings read_settings(const CommandLine& line) {
    line.expect_between(3, 4);
    return {
        .operations = line.integer(0, "operations", 1, std::uint64_t{1} << 60),
        .sizes = line.range(1, "size"),
        .seed = line.integer(2, "seed", 0, UINT64_MAX),
        .pairs = line.integer_or(kDefaultPairs, 3, "pairs", 1, 2048),
    };
}

// The end of a ring. Each of the two threads counts its own.
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
struct alignas(bench::kCacheLinePair) Worker {
    Ring<Block>* outgoing;
    Ring<Block>* incoming;
    Block* slots;
    SizeRange sizes;
    std::uint64_t turns;
    Random random;

    void prepare();
    void work() const;
};

template <typename Block>
void Worker<Block>::prepare() {
    for (std::uint32_t slot = 0; slot < kSlotsPerThread; ++slot) {
        Draw draw = random.draw();
        slots[slot].acquire(sizes.pick(draw), slot);
    }
    for (std::uint32_t index = 0; index < kAhead; ++index) {
        Draw draw = random.draw();
        outgoing->blocks[index].acquire(sizes.pick(draw), index);
    }
}

template <typename Block>
void exchange_blocks(const Worker<Block>& worker, Random random) {
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
        while (batch_taken && sem_wait(&incoming.batches) != 0) { // again after a signal
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
void Worker<Block>::work() const {
    exchange_blocks(*this, random);
}

// Releases the blocks left in a ring: as many as at the start, because all threads make as many turns.
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
        bench::share_of(settings.operations, kOperationsPerThreeTurns * threads);
    const std::uint64_t turns = three_turns * kTurnsPerReallocation;

    MappedArray<Ring<Block>> rings(threads); // each thread's ring for the blocks that it hands over
    MappedArray<Block> slots(std::size_t{threads} * kSlotsPerThread);
    MappedArray<Worker<Block>> workers(threads);
    for (Ring<Block>& ring : rings) {
        sem_init(&ring.batches, 0, kAhead / kBatch);
    }
    for (std::uint32_t index = 0; index < threads; ++index) {
        const std::uint32_t partner = index ^ 1U;
        workers[index] = {.outgoing = &rings[index],
                          .incoming = &rings[partner],
                          .slots = slots.data() + std::size_t{index} * kSlotsPerThread,
                          .sizes = settings.sizes,
                          .turns = turns,
                          .random = Random(bench::scramble(settings.seed) + index)};
    }
    const double seconds = bench::time_team(workers);

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
    return bench::run_workload(argc, argv, kUsage, read_settings,
                               []<typename Block>(const Settings& settings) { measure<Block>(settings); });
}
