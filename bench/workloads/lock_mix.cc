// SPDX-License-Identifier: MIT
// lock_mix: ten ways in which programs combine locks of their own with malloc and free. An allocator that
// makes threads wait, or holds the caller up for long, does more harm while the program holds a lock; and one
// that hands neighbouring blocks to different threads makes them share cache lines. The scenarios:
//
//   private        no lock: every thread replaces blocks of its own, which is what the others compare with
//   mutex_around   replaces blocks of a shared table, malloc and free both under its mutex
//   mutex_between  the same table, but allocates before it takes the mutex and releases after it
//   spin_around    the same table, malloc and free under a spinlock
//   trylock        under the mutex if it is free, else a block of its own
//   rwlock         15 of 16 turns copy a block of the table under the read lock, one replaces it under the
//                  write lock
//   striped        a table with 16 mutexes, as concurrent hash maps have, malloc and free under one of them
//   condition      pairs of threads hand over one block at a time, each wakes the other
//   pool           all threads put tasks into one queue, and take and release them
//   false_sharing  tiny blocks, allocated for all threads in turn by one, written a hundred times each
//
// In all of them a turn is one malloc and one free (in `condition` of a pair), and what a thread asks for
// depends on the seed and its number only.
#include "support/block.h"
#include "support/bounded_queue.h"
#include "support/cache_line.h"
#include "support/command_line.h"
#include "support/mapped_array.h"
#include "support/random.h"
#include "support/spin_lock.h"
#include "support/team.h"
#include "support/workload.h"

#include <array>
#include <cstring>
#include <optional>

namespace {

using bench::CommandLine;
using bench::Draw;
using bench::MappedArray;
using bench::Random;
using bench::SizeRange;

constexpr const char* kUsage =
    "usage: lock_mix <scenario> <operations> <seed> [threads] [--verify]\n"
    "  scenario    private, mutex_around, mutex_between, spin_around, trylock, rwlock, striped, condition,\n"
    "              pool or false_sharing\n"
    "  operations  calls of malloc and free by all threads, each counts one; rounded up to whole turns\n"
    "  seed        the same seed gives the same operations under every allocator\n"
    "  threads     that share the locks (2)\n"
    "  --verify    fill every block and check its contents when it is released\n"
    "The last line printed is: Throughput = N operations per second\n";

constexpr std::uint32_t kDefaultThreads = 2;
constexpr std::uint32_t kMostThreads = 256;
constexpr std::uint64_t kOperationsPerTurn = 2;
constexpr SizeRange kSizes(16, 512);
constexpr std::uint32_t kOwn = 512;       // blocks of each thread
constexpr std::uint32_t kTable = 1024;    // blocks that all share
constexpr std::uint32_t kStripes = 16;    // of the table, each with its mutex
constexpr std::uint32_t kReaders = 15;    // turns that read, for each that writes
constexpr std::uint64_t kWrites = 100;    // to a tiny block
constexpr std::uint32_t kTinyBlocks = 16; // of each thread

using Scenario = std::uint32_t; // the place in AllScenarios

class MutexHeld {
  public:
    explicit MutexHeld(pthread_mutex_t& mutex) : mutex_(mutex) { pthread_mutex_lock(&mutex_); }
    ~MutexHeld() { pthread_mutex_unlock(&mutex_); }
    MutexHeld(const MutexHeld&) = delete;
    MutexHeld& operator=(const MutexHeld&) = delete;

  private:
    pthread_mutex_t& mutex_;
};

struct alignas(bench::kCacheLinePair) Stripe {
    pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
};

// What all threads share. Each scenario uses one of the locks.
template <typename Block>
struct Shared {
    alignas(bench::kCacheLinePair) pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
    alignas(bench::kCacheLinePair) pthread_rwlock_t rwlock = PTHREAD_RWLOCK_INITIALIZER;
    alignas(bench::kCacheLinePair) bench::SpinLock spin{};
    std::array<Stripe, kStripes> stripes{};
    alignas(bench::kCacheLinePair) bench::BoundedQueue<Block, kMostThreads> tasks{};
    alignas(bench::kCacheLinePair) std::array<Block, kTable> table{};
    std::array<std::uint32_t, kTable> table_sizes{};
};

// Of a pair of threads.
template <typename Block>
struct alignas(bench::kCacheLinePair) Mailbox {
    bench::BoundedQueue<Block, 1> block{};
};

template <typename Block>
struct alignas(bench::kCacheLinePair) Worker {
    Shared<Block>* shared;
    Mailbox<Block>* mailbox;
    bool puts; // into the mailbox
    bool takes;
    Scenario scenario;
    std::uint64_t turns;
    Random random;
    std::array<Block, kOwn> own;
    std::array<std::uint64_t*, kTinyBlocks> tiny; // each counts how often it was written

    void prepare() {}
    void work();
};

template <typename Block>
void replace(Block& block, Draw& draw, std::uint64_t stamp) {
    if (block.held()) {
        block.release();
    }
    block.acquire(kSizes.pick(draw), stamp);
}

struct Private {
    static constexpr const char* kName = "private";

    template <typename Block>
    static void turn(Worker<Block>& worker, Draw& draw, std::uint64_t stamp) {
        replace(worker.own[draw.below(kOwn)], draw, stamp);
    }
};

struct MutexAround {
    static constexpr const char* kName = "mutex_around";

    template <typename Block>
    static void turn(Worker<Block>& worker, Draw& draw, std::uint64_t stamp) {
        const MutexHeld held(worker.shared->mutex);
        replace(worker.shared->table[draw.below(kTable)], draw, stamp);
    }
};

struct MutexBetween {
    static constexpr const char* kName = "mutex_between";

    template <typename Block>
    static void turn(Worker<Block>& worker, Draw& draw, std::uint64_t stamp) {
        const std::uint32_t place = draw.below(kTable);
        Block block{};
        block.acquire(kSizes.pick(draw), stamp);
        {
            const MutexHeld held(worker.shared->mutex);
            std::swap(block, worker.shared->table[place]);
        }
        block.release();
    }
};

struct SpinAround {
    static constexpr const char* kName = "spin_around";

    template <typename Block>
    static void turn(Worker<Block>& worker, Draw& draw, std::uint64_t stamp) {
        worker.shared->spin.lock();
        replace(worker.shared->table[draw.below(kTable)], draw, stamp);
        worker.shared->spin.unlock();
    }
};

struct TryLock {
    static constexpr const char* kName = "trylock";

    template <typename Block>
    static void turn(Worker<Block>& worker, Draw& draw, std::uint64_t stamp) {
        const std::uint32_t place = draw.below(kTable);
        if (pthread_mutex_trylock(&worker.shared->mutex) == 0) {
            replace(worker.shared->table[place], draw, stamp);
            pthread_mutex_unlock(&worker.shared->mutex);
        } else {
            replace(worker.own[place % kOwn], draw, stamp);
        }
    }
};

// The copy is as long as the block was when the table was filled.
struct ReadWriteLock {
    static constexpr const char* kName = "rwlock";

    template <typename Block>
    static void turn(Worker<Block>& worker, Draw& draw, std::uint64_t stamp) {
        Shared<Block>& shared = *worker.shared;
        const std::uint32_t place = draw.below(kTable);
        if (draw.below(kReaders + 1) == 0) {
            pthread_rwlock_wrlock(&shared.rwlock);
            replace(shared.table[place], draw, stamp);
            pthread_rwlock_unlock(&shared.rwlock);
            return;
        }
        Block copy{};
        pthread_rwlock_rdlock(&shared.rwlock);
        copy.acquire(shared.table_sizes[place], stamp);
        pthread_rwlock_unlock(&shared.rwlock);
        Block& old = worker.own[place % kOwn];
        old.release();
        old = copy;
    }
};

struct Striped {
    static constexpr const char* kName = "striped";

    template <typename Block>
    static void turn(Worker<Block>& worker, Draw& draw, std::uint64_t stamp) {
        const std::uint32_t place = draw.below(kTable);
        const MutexHeld held(worker.shared->stripes[place % kStripes].mutex);
        replace(worker.shared->table[place], draw, stamp);
    }
};

struct Condition {
    static constexpr const char* kName = "condition";

    template <typename Block>
    static void turn(Worker<Block>& worker, Draw& draw, std::uint64_t stamp) {
        if (worker.puts) {
            Block block{};
            block.acquire(kSizes.pick(draw), stamp);
            worker.mailbox->block.push(block);
        }
        if (worker.takes) {
            Block block = *worker.mailbox->block.pop(); // never closed
            block.release();
        }
    }
};

// Every thread takes as many as it has put, so there is room for one of each.
struct Pool {
    static constexpr const char* kName = "pool";

    template <typename Block>
    static void turn(Worker<Block>& worker, Draw& draw, std::uint64_t stamp) {
        Block task{};
        task.acquire(kSizes.pick(draw), stamp);
        worker.shared->tasks.push(task);
        task = *worker.shared->tasks.pop();
        task.release();
    }
};

std::uint64_t* allocate_tiny() {
    auto* const block = static_cast<std::uint64_t*>(bench::allocate(sizeof(std::uint64_t)));
    if (block == nullptr) {
        bench::fail_out_of_memory(sizeof(std::uint64_t));
    }
    return block;
}

struct FalseSharing {
    static constexpr const char* kName = "false_sharing";

    template <typename Block>
    static void turn(Worker<Block>& worker, Draw& draw, std::uint64_t /*stamp*/) {
        std::uint64_t*& tiny = worker.tiny[draw.below(kTinyBlocks)];
        write_to(tiny);
        bench::release(tiny);
        tiny = allocate_tiny();
    }

    static void write_to(std::uint64_t* block) {
        volatile std::uint64_t& count = *block;
        count = 0;
        for (std::uint64_t left = kWrites; left != 0; --left) {
            count = count + 1;
        }
        if (count != kWrites) {
            bench::fail_contents(block, sizeof *block, 0);
        }
    }
};

template <typename... S>
struct Scenarios {
    static constexpr std::size_t kCount = sizeof...(S);

    static std::optional<Scenario> find(const char* name) {
        Scenario place = 0;
        const bool found = ((std::strcmp(S::kName, name) == 0 || (++place, false)) || ...);
        return found ? std::optional(place) : std::nullopt;
    }

    // Calls visit.operator()<S>() for the scenario in this place.
    template <typename Visit>
    static void visit(Scenario scenario, const Visit& visit) {
        Scenario place = 0;
        ((place++ == scenario ? visit.template operator()<S>() : void()), ...);
    }
};
using AllScenarios = Scenarios<Private, MutexAround, MutexBetween, SpinAround, TryLock, ReadWriteLock,
                               Striped, Condition, Pool, FalseSharing>;
static_assert(AllScenarios::kCount == 10);

template <typename Block>
void Worker<Block>::work() {
    AllScenarios::visit(scenario, [this]<typename S>() {
        Random draws = random;
        for (std::uint64_t left = turns; left != 0; --left) {
            Draw draw = draws.draw();
            S::turn(*this, draw, left);
        }
    });
}

struct Settings {
    Scenario scenario;
    std::uint64_t operations;
    std::uint64_t seed;
    std::uint32_t threads;
};

Scenario read_scenario(const CommandLine& line) {
    const std::optional<Scenario> found = AllScenarios::find(line.text(0));
    if (!found) {
        line.reject(0, "scenario", "one of the ten below");
    }
    return *found;
}

Settings read_settings(const CommandLine& line) {
    line.expect_between(3, 4);
    return {
        .scenario = read_scenario(line),
        .operations = line.integer(1, "operations", 1, std::uint64_t{1} << 60),
        .seed = line.integer(2, "seed", 0, UINT64_MAX),
        .threads = line.integer_or(kDefaultThreads, 3, "threads", 1, kMostThreads),
    };
}

// In the order in which a program would that sets its threads up: neighbouring blocks go to different ones.
template <typename Block>
void fill(Shared<Block>& shared, MappedArray<Worker<Block>>& workers, Random random) {
    for (std::uint32_t place = 0; place < kTable; ++place) {
        Draw draw = random.draw();
        shared.table_sizes[place] = kSizes.pick(draw);
        shared.table[place].acquire(shared.table_sizes[place], place);
    }
    for (std::uint32_t place = 0; place < kOwn; ++place) {
        for (Worker<Block>& worker : workers) {
            Draw draw = random.draw();
            worker.own[place].acquire(kSizes.pick(draw), place);
        }
    }
    for (std::uint32_t place = 0; place < kTinyBlocks; ++place) {
        for (Worker<Block>& worker : workers) {
            worker.tiny[place] = allocate_tiny();
        }
    }
}

template <typename Block>
void release_all(Shared<Block>& shared, MappedArray<Worker<Block>>& workers) {
    for (Block& block : shared.table) {
        block.release();
    }
    for (Worker<Block>& worker : workers) {
        for (Block& block : worker.own) {
            block.release();
        }
        for (std::uint64_t* const tiny : worker.tiny) {
            bench::release(tiny);
        }
    }
}

template <typename Block>
void measure(const Settings& settings) {
    static Shared<Block> shared;
    static std::array<Mailbox<Block>, kMostThreads> mailboxes;
    const bool in_pairs = settings.scenario == AllScenarios::find(Condition::kName);
    const std::uint32_t makers_of_turns = in_pairs ? (settings.threads + 1) / 2 : settings.threads;
    const std::uint64_t turns = bench::share_of(settings.operations, kOperationsPerTurn * makers_of_turns);
    MappedArray<Worker<Block>> workers(settings.threads);
    for (std::uint32_t index = 0; index < settings.threads; ++index) {
        const bool alone = (index ^ 1U) >= settings.threads; // it puts and takes
        Worker<Block>& worker = workers[index];
        worker.shared = &shared;
        worker.mailbox = &mailboxes[index / 2];
        worker.puts = index % 2 == 0;
        worker.takes = index % 2 == 1 || alone;
        worker.scenario = settings.scenario;
        worker.turns = turns;
        worker.random = Random(bench::scramble(settings.seed) + index);
    }
    fill(shared, workers, Random(settings.seed));
    const double seconds = bench::time_team(workers);
    release_all(shared, workers);
    bench::print_throughput(turns * makers_of_turns * kOperationsPerTurn, seconds);
}

} // namespace

int main(int argc, char** argv) {
    return bench::run_workload(argc, argv, kUsage, read_settings,
                               []<typename Block>(const Settings& settings) { measure<Block>(settings); });
}
