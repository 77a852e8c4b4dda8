// SPDX-License-Identifier: MIT
//
// Producers and consumers that end while their queue is in use. Their destructors for thread-specific data
// still allocate, free and hand over after the allocator's own code for the end of a thread. C++ thread_local
// objects run first, then up to four rounds of pthread keys.
//
// usage: late_destructors [--threads N] [--seed N] [--expect-ashlar]
#include "common/arguments.h"
#include "common/build_kind.h"
#include "common/heap.h"
#include "common/random.h"
#include "common/report.h"
#include "common/resident.h"
#include "common/stamp.h"
#include "common/thread.h"

#include <array>
#include <atomic>
#include <climits>
#include <cstdint>
#include <mutex>
#include <random>
#include <vector>

namespace {

using namespace common;

struct Block {
    void* address = nullptr;
    std::size_t size = 0;
    std::uint64_t key = 0;
};

// Blocks made by producers and not yet taken by consumers. Bounded: with a full queue the producer frees the
// oldest, and with an empty queue the consumer returns. So no thread waits for another.
class Queue {
  public:
    Block exchange(const Block& block) {
        const std::lock_guard lock(mutex_);
        Block& place = blocks_[next_++ % blocks_.size()];
        const Block old = place;
        place = block;
        return old;
    }

  private:
    std::mutex mutex_;
    std::array<Block, 1000> blocks_;
    std::size_t next_ = 0;
};
Queue queue;

pthread_key_t early_key; // made before the first allocation
pthread_key_t late_key;  // made after it
std::atomic<std::uint64_t> key_destructions{0};
std::atomic<std::uint64_t> object_destructions{0};

void produce(Random& random, unsigned count) {
    for (unsigned i = 0; i < count; i++) {
        Block block;
        block.size = random.below(1500);
        block.address = heap::allocate_or_fail(block.size);
        block.key = random.next();
        stamp(block.address, block.size, block.key);
        const Block old = queue.exchange(block);
        if (old.address == nullptr) continue;
        require_stamp(old.address, old.size, old.key, "queue");
        heap::release(old.address);
    }
}

void consume(unsigned count) {
    for (unsigned i = 0; i < count; i++) {
        const Block old = queue.exchange(Block{});
        if (old.address == nullptr) continue;
        require_stamp(old.address, old.size, old.key, "queue");
        heap::release(old.address);
    }
}

// Sanitizers end a thread's own state in the last round, and cannot check later code.
constexpr unsigned kRounds = kSanitized ? PTHREAD_DESTRUCTOR_ITERATIONS - 1 : PTHREAD_DESTRUCTOR_ITERATIONS;

// The value of a key: a block of the heap, replaced in every round but the last.
struct Legacy {
    pthread_key_t key;
    unsigned round;
    std::uint64_t seed;
};

void leave(pthread_key_t key, unsigned round, std::uint64_t seed) {
    auto* legacy = static_cast<Legacy*>(heap::allocate_or_fail(sizeof(Legacy)));
    *legacy = Legacy{key, round, seed};
    pthread_setspecific(key, legacy);
}

void destroy_legacy(void* pointer) {
    const Legacy legacy = *static_cast<Legacy*>(pointer);
    heap::release(pointer);
    key_destructions.fetch_add(1, std::memory_order_relaxed);
    Random random(legacy.seed + legacy.round);
    produce(random, 30);
    consume(20);
    if (legacy.round + 1 < kRounds) leave(legacy.key, legacy.round + 1, legacy.seed);
}

struct Object {
    Random random{0};
    bool made = false;
    ~Object() {
        if (!made) return;
        object_destructions.fetch_add(1, std::memory_order_relaxed);
        produce(random, 30);
        consume(20);
    }
};
// Destroyed in the reverse order of their first use in a thread: one before and one after the allocator's.
thread_local Object object_before, object_after;

void* live(void* argument) {
    current_thread = static_cast<unsigned>(reinterpret_cast<std::uintptr_t>(argument));
    Random random(run_seed * 1000003 + current_thread);
    object_before.made = true;
    if (current_thread % 3 == 0) {
        // A destructor makes the first allocation of this thread.
        object_before.random = Random(random.next());
        return nullptr;
    }
    leave(early_key, 0, random.next());
    if (current_thread % 2 == 0)
        produce(random, 200);
    else
        consume(200);
    object_after.made = true;
    object_after.random = Random(random.next());
    leave(late_key, 0, random.next());
    return nullptr;
}

std::size_t live_caches() {
    return heap::kPlainNames ? 0 : heap::statistics().threads;
}

} // namespace

int main(int count, char** values) {
    pthread_key_create(&early_key, destroy_legacy);
    Arguments arguments(count, values);
    const std::uint64_t threads = arguments.number("--threads", scaled(4000));
    run_seed = arguments.number("--seed", std::random_device()());
    if (arguments.flag("--expect-ashlar")) heap::require_ashlar();
    arguments.refuse_others();
    heap::release(heap::allocate_or_fail(1));
    pthread_key_create(&late_key, destroy_legacy);
    std::printf("late_destructors: %llu threads, seed %llu\n", static_cast<unsigned long long>(threads),
                static_cast<unsigned long long>(run_seed));
    std::fflush(stdout);

    const std::size_t caches = live_caches();
    std::vector<pthread_t> running;
    std::size_t half = 0;
    std::uint64_t keys_expected = 0;
    for (std::uintptr_t number = 0; number < threads; number++) {
        running.push_back(start_thread(live, reinterpret_cast<void*>(number)));
        if (number % 3 != 0) keys_expected += std::uint64_t{2} * kRounds;
        if (running.size() == 6 || number + 1 == threads) {
            for (const pthread_t thread : running)
                join_thread(thread);
            running.clear();
        }
        if (number == threads / 2) half = resident_kib();
    }
    const std::size_t end = resident_kib();

    if (key_destructions != keys_expected) {
        fail("%llu key destructors ran, not %llu", static_cast<unsigned long long>(key_destructions),
             static_cast<unsigned long long>(keys_expected));
    }
    if (object_destructions < threads) fail("thread_local objects were not destroyed");
    if (live_caches() != caches) fail("%zu thread caches left, %zu before", live_caches(), caches);
    if (!kSanitized) require_flat(half, end);
    consume(1000);
}
